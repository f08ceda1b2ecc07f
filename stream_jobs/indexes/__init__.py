"""Sets of indices that an authority scores units by: one a file, `index_` and its number."""
