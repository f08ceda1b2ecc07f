"""What an event, a fact and a source are, and how they are written.

A contract judges one event; a fact says how the events of one entity fold; a source says who
owes what. Their Avro form is rendered from them, and published revisions are never edited.
"""
