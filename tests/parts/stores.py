"""Where the hubs of tests keep their store: tests against another database replace `store_url`."""

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hub import registry
from hub.access.seals import open_file
from hub.store.database import Database
from hub.store.store import Store

NAME = "store.sqlite3"


def store_url(folder: Path) -> str:
    """Give the URL of the store of a hub in this folder; a new one is empty, and up to date."""
    path = folder / NAME
    if not path.exists():
        shutil.copyfile(Path(_empty().name, NAME), path)
    return f"sqlite:///{path}"


IN_FILES = store_url


def keys_of(folder: Path, store: Store) -> Database:
    """Open where a hub in this folder keeps the keys of originals: as the store is kept."""
    return open_file(folder / "seals.sqlite3") if store_url is IN_FILES else store.database


@cache
def _empty() -> "TemporaryDirectory[str]":
    """Make an empty store once: to bring its tables up to date takes longer than most tests do."""
    folder = TemporaryDirectory(prefix="lgsp-empty-")
    store = Store(f"sqlite:///{Path(folder.name, NAME)}", registry.definitions())
    store.check_definitions()
    store.close()
    return folder
