"""One rule per file: what of dossiers does not look true, with an example that shows it."""
