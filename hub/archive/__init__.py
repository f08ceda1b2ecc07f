"""Files of what the log may forget, named in a manifest that is a chain of digests.

Promises that a file is checked as it is read, and that archive and log are read as one log.
"""
