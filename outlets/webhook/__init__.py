"""A webhook: JSON over HTTP, signed."""
