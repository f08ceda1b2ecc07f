"""The one SQL database: tables, reading, writing, kept cuts, in SQLite and in PostgreSQL.

Promises that a transaction begins by swapping the position, so that a stale writer changes
nothing, and that a reading sees one cut.
"""
