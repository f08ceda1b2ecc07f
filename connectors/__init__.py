"""One folder per source: its schedule and how it is read."""
