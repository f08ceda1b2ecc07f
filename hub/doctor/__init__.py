"""Doctor: what is to be seen to before it becomes a fault, with what to do about it.

It looks, and changes nothing. Each module looks at one side: the machine that a hub runs on, the
records that it keeps, the parties that it hears from. A connector brings what it knows of its own
upstream, in a module `doctor` beside its source.
"""
