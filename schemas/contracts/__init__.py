"""One contract per file; the registry finds them."""
