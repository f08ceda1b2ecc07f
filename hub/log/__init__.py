"""The append-only log as everybody sees it, and the one in SQLite.

Promises that what was appended is durable, whole and read back in order, by position. Kafka and
the archive keep the same promises behind the same protocol.
"""
