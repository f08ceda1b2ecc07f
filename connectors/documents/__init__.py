"""Papers in systems of documents: their source and connector."""
