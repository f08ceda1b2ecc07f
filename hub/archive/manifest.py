"""The manifest of the archive: what files there are, each line following from the one before.

It has one JSON line a file. Each line holds the digest of the line before, so that none can be
changed, taken out or put in without the next one telling.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hub.troubles import TroubleError

MANIFEST = "manifest.jsonl"
REMEDY = "restore it from a copy of the archive"


class ArchiveError(TroubleError):
    """The archive is not as it was written; the message names file or line, and what to do."""


@dataclass(frozen=True)
class Entry:
    """A file of the archive, as its line of the manifest says; `previous`: the line before."""

    file: str
    topic: str
    log: str
    partition: int
    first: int
    following: int
    records: int
    size: int
    sha256: str
    is_admitted: bool
    previous: str

    @property
    def place(self) -> tuple[str, str, int]:
        """Which partition of which log it is of."""
        return (self.log, self.topic, self.partition)

    def line(self) -> bytes:
        """Write its line of the manifest."""
        return json.dumps(asdict(self)).encode() + b"\n"


def digest(raw: bytes) -> str:
    """Digest a file, or a line of the manifest."""
    return hashlib.sha256(raw).hexdigest()


def lines(folder: Path) -> tuple[list[bytes], int]:
    """Read the whole lines of the manifest, and how many bytes they are.

    What stands behind the last of them is what a crash left, and counts for nothing.
    """
    path = folder / MANIFEST
    raw = path.read_bytes() if path.exists() else b""
    size = raw.rfind(b"\n") + 1
    return raw[:size].splitlines(keepends=True), size


def entries(folder: Path, manifest: Sequence[bytes]) -> Iterator[Entry]:
    """Read lines of the manifest; raise `ArchiveError` where one does not follow from the others.

    A line must name the digest of the one before, and begin where its partition ended.
    """
    previous = ""
    ends: dict[tuple[str, str, int], int] = {}
    for number, line in enumerate(manifest, 1):
        where = f"{folder / MANIFEST}, line {number}"
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError):
            raise ArchiveError(f"{where} is no line of a manifest; {REMEDY}") from None
        if entry.previous != previous:
            raise ArchiveError(f"{where} does not follow from the line before; {REMEDY}")
        end = ends.get(entry.place, 0)
        if entry.first != end or entry.following <= end:
            raise ArchiveError(f"{where} does not begin at {end}, where its partition ended")
        ends[entry.place] = entry.following
        previous = digest(line)
        yield entry
