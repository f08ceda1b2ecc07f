"""The tax office's fees of dossiers, from a change feed of its database."""
