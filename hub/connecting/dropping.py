"""Dropping: what a simulated upstream lays into a drop folder, as people's files, one by one."""

import csv
import io
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import openpyxl


class File(Protocol):
    """What is dropped: its name in the folder, and its bytes."""

    @property
    def name(self) -> str:
        """Its name in the folder."""

    @property
    def content(self) -> bytes:
        """What is in it."""


Dropped = TypeVar("Dropped", bound=File)


def as_csv(
    lines: Iterable[Sequence[Any]], delimiter: str = ";", encoding: str = "utf-8-sig"
) -> bytes:
    """Write lines as Vietnamese Excel saves CSV: a mark, then UTF-8; or in another encoding."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(lines)
    return out.getvalue().encode(encoding)


def as_xlsx(sheet: str, lines: Iterable[Sequence[Any]]) -> bytes:
    """Write lines as the one sheet of a workbook."""
    book = openpyxl.Workbook(write_only=True)
    rows = book.create_sheet(sheet)
    for line in lines:
        rows.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def drop(folder: Path, file: File) -> None:
    """Put a file into a folder: whole, under its name, at once."""
    unfinished = (folder / file.name).with_suffix(".part")
    unfinished.write_bytes(file.content)
    unfinished.rename(folder / file.name)


@contextmanager
def dropped(
    folder: Path,
    files: Iterable[Dropped],
    seconds: float,
    put: Callable[[Path, Dropped], object] = drop,
) -> Iterator[None]:
    """Put a file into a folder now, and another one each so many seconds, while this is open."""
    folder.mkdir(parents=True, exist_ok=True)
    stopping = threading.Event()

    def live() -> None:
        for file in files:
            put(folder, file)
            if stopping.wait(seconds):
                return

    thread = threading.Thread(target=live, name=f"{folder.name} simulator", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
