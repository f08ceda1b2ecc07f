"""Who may what, and who did: keys of senders and officers, the chained audit log.

Promises that a key is kept as a digest only, and that an entry of the audit log that was changed
or taken out is found.
"""
