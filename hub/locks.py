"""Locks: one process at a time, by a file that the operating system lets go with the process."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.troubles import TroubleError


class AlreadyRunningError(TroubleError):
    """Another process is at it already."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file's lock; raise `AlreadyRunningError` where another process does."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(f"{path} is held by another process") from None
        yield
