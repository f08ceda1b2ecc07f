"""Commands of `hub`: a file a command, or a group of them, found by `hub.cli`.

Each says in its `app` what is typed and printed. What it does is a function of another room.
"""
