"""The manifest of the archive: what files there are, each line following from the one before.

It has one JSON line a file. Each line holds the digest of the line before, so that none can be
changed, taken out or put in without the next one telling. A line that names a predecessor is of no
file: it says that a log was restored from another one, whose files are then its own.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hub.log.succession import Restored, Succession, read_restored
from hub.troubles import TroubleError

MANIFEST = "manifest.jsonl"
REMEDY = "restore it from a copy of the archive"
# What is archived beside the records of topics, under names that no topic has.
RECEIPTS, CHECKPOINTS = "receipts", "checkpoints"
Place = tuple[str, str, int]  # log, topic, partition


class ArchiveError(TroubleError):
    """The archive is not as it was written; the message names file or line, and what to do."""


@dataclass(frozen=True)
class Entry:
    """A file of the archive, as its line of the manifest says; `previous`: the line before.

    `covers` are, with a file of checkpoints, the ends of the partitions that they speak of;
    `waiting`, with the last file of receipts of a run, those of which records are archived and
    which were not there yet.
    """

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
    covers: Mapping[str, Mapping[str, int]] | None = None
    waiting: Sequence[str] | None = None

    @property
    def place(self) -> Place:
        """Which partition of which log it is of."""
        return (self.log, self.topic, self.partition)

    def line(self) -> bytes:
        """Write its line of the manifest."""
        return _line({n: v for n, v in asdict(self).items() if v is not None})


def restored_line(restored: Restored, previous: str) -> bytes:
    """Write the line that says from which log one was restored."""
    return _line({**asdict(restored), "previous": previous})


def _line(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said).encode() + b"\n"


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


@dataclass
class Manifest:
    """What the lines of a manifest say.

    `previous` is the digest of the last of them, `latest` the log that it names.
    """

    entries: list[Entry] = field(default_factory=list)
    restored: list[Restored] = field(default_factory=list)
    previous: str = ""
    latest: str = ""
    _own: dict[Place, list[Entry]] = field(default_factory=dict)

    def add(self, line: bytes) -> None:
        """Take in the next line; raise `ArchiveError` where it does not follow from the others.

        It must name the digest of the one before, and begin where its partition ended.
        """
        try:
            statement = json.loads(line)
            previous = statement["previous"]
            if "predecessor" in statement:
                step = read_restored({n: v for n, v in statement.items() if n != "previous"})
            else:
                entry = Entry(**statement)
        except (ValueError, TypeError, KeyError):
            raise ArchiveError(f"is no line of a manifest; {REMEDY}") from None
        if previous != self.previous:
            raise ArchiveError(f"does not follow from the line before; {REMEDY}")
        if "predecessor" in statement:
            self.restored.append(step)
        else:
            end = self.end(entry.place)
            if entry.first != end or entry.following <= end:
                raise ArchiveError(f"does not begin at {end}, where its partition ended")
            self.entries.append(entry)
            self._own.setdefault(entry.place, []).append(entry)
        self.latest = statement["log"]
        self.previous = digest(line)

    def end(self, place: Place) -> int:
        """Give the offset up to which a partition is archived."""
        own = self._own.get(place)
        if own:
            return own[-1].following
        inherited = self._inherited(place)
        return inherited[-1].following if inherited else 0

    def files(self, place: Place) -> list[Entry]:
        """List the files of a partition from offset 0 on, those of its predecessors included."""
        own = self._own.get(place, [])
        return own if own and not own[0].first else [*self._inherited(place), *own]

    def _inherited(self, place: Place) -> list[Entry]:
        """List what a restored log has of its predecessor, where all of it is in this archive."""
        log, topic, partition = place
        for step in self.restored:
            if (step.log, step.topic) == (log, topic) and step.predecessor != log:
                end = step.followings.get(partition, 0)
                older = [
                    e
                    for e in self.files((step.predecessor, topic, partition))
                    if e.following <= end
                ]
                return older if older and older[-1].following == end else []
        return []

    def logs(self, topic: str) -> list[str]:
        """Name the logs of a topic, in the order of the lines, the latest last."""
        named = [e.log for e in self.entries if e.topic == topic]
        named += [r.log for r in self.restored if r.topic == topic]
        return list(dict.fromkeys(named))

    @property
    def succession(self) -> Succession:
        """What it says of older logs."""
        return Succession(self.restored)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an archive; raise `ArchiveError`, which names the line."""
    manifest = Manifest()
    for number, line in enumerate(lines(folder)[0], 1):
        try:
            manifest.add(line)
        except ArchiveError as error:
            raise ArchiveError(f"{folder / MANIFEST}, line {number} {error}") from None
    return manifest


def unnamed_files(folder: Path, manifest: Manifest) -> list[Path]:
    """List files that lie in the folder and that the manifest does not name."""
    known = {folder / e.file for e in manifest.entries}
    return [path for path in sorted(folder.rglob("*.avro")) if path not in known]
