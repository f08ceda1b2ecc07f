"""The shared warehouse."""
