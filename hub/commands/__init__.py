"""Commands of `hub` by group, and what they share; `hub.cli` puts them together."""
