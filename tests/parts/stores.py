"""Where the hubs of tests keep their store: tests against another database replace `store_url`."""

from pathlib import Path


def store_url(folder: Path) -> str:
    """Give the URL of the store of a hub in this folder."""
    return f"sqlite:///{folder / 'store.sqlite3'}"
