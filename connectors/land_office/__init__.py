"""The land office's dossiers, from an outbox in its own database."""
