"""The contracts of what the hub itself writes to topics: rejected items, figures, control.

They are contracts like any other, so the log, the wire and the archive need no special case.
"""
