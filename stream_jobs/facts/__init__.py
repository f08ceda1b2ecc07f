"""One fact per contract: how its events fold and what it measures."""
