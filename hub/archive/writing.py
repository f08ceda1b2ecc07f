"""The archive as it is written: what is applied goes from the log into files, and is checked.

A file is written under a temporary name, made durable, read again, renamed, and then named in the
manifest: only that makes it part of the archive. After a crash in between, the same file is written
anew. So each partition is in the archive once, without gap, from its first offset on.
"""

import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from hub.archive import files
from hub.archive.log import Archive, read
from hub.archive.manifest import MANIFEST, ArchiveError, Entry, digest, entries, lines
from hub.locks import held
from hub.log.log import Log
from hub.log.slices import Slice
from hub.store.store import Store

LOCK = "archive.lock"
FILE_RECORDS = 50_000
FILE_BYTES = 64 << 20
_Progress = Callable[[int, int], None]


def archive(
    log: Log, store: Store, folder: Path, progress: _Progress = lambda *_: None
) -> dict[str, int]:
    """Copy what is applied and not yet archived into files; count the records by topic.

    Raises `AlreadyRunningError` where another process is at it, `ArchiveError` where what is there
    is damaged, `NotInLogError` where the log has forgotten what was not archived yet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / LOCK):
        writer = _Writer(folder)
        topics = [c.topic for c in store.definitions.applied.values()]
        with store.reading() as reading:
            ends = {
                (log.identity(topic), topic, partition): following
                for topic in topics
                for partition, following in reading.positions(log.identity(topic), topic).items()
            }
        total = sum(max(end - writer.end(place), 0) for place, end in ends.items())
        done = 0
        counts = dict.fromkeys(topics, 0)
        for place, end in ends.items():
            while (first := writer.end(place)) < end:
                unnamed = writer.unnamed(place)
                slices = _gathered(log, place, first, unnamed or end, is_bounded=unnamed is None)
                counts[place[1]] += writer.add(place, slices)
                done += slices[-1].following - first
                progress(done, total)
    return counts


def _gathered(
    log: Log, place: tuple[str, str, int], first: int, until: int, *, is_bounded: bool
) -> list[Slice]:
    """Read what goes into one file: whole slices, cut only where records stand by themselves."""
    _, topic, partition = place
    taken: list[Slice] = []
    records = size = 0
    at = first
    while at < until:
        found = log.read(
            topic, at, partition=partition, until=until, events_max=max(FILE_RECORDS - records, 1)
        )
        if not found:
            raise ArchiveError(f"{topic}/{partition}: nothing came from offset {at} on")
        for whole in found:
            for one in [whole] if whole.is_admitted else files.parts(whole, FILE_BYTES):
                if is_bounded and _is_full(records, size):
                    return taken
                taken.append(one)
                records += one.count
                size += len(one.payload)
                at = one.following
        if is_bounded and _is_full(records, size):
            break
    return taken


def _is_full(records: int, size: int) -> bool:
    return records >= FILE_RECORDS or size >= FILE_BYTES


class _Writer:
    """Adds files to an archive, one process at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found, size = lines(folder)
        self._ends: dict[tuple[str, str, int], int] = {}
        for entry in entries(folder, found):
            self._ends[entry.place] = entry.following
        self._previous = digest(found[-1]) if found else ""
        path = folder / MANIFEST
        if path.exists():
            os.truncate(path, size)  # what a crash left of a line

    def end(self, place: tuple[str, str, int]) -> int:
        """Give the offset up to which a partition is archived."""
        return self._ends.get(place, 0)

    def unnamed(self, place: tuple[str, str, int]) -> int | None:
        """Tell where a file ends that was written next and, by a crash, never named."""
        found = sorted((self._folder / _home(place)).glob(f"{self.end(place):020}-*.avro"))
        return int(found[0].stem.partition("-")[2]) if found else None

    def add(self, place: tuple[str, str, int], slices: list[Slice]) -> int:
        """Add a file of slices that follow on each other; count its records."""
        log, topic, partition = place
        first, following = slices[0].first, slices[-1].following
        frame = files.frame_of(slices)
        said = {
            "topic": topic,
            "log": log,
            "partition": str(partition),
            "first": str(first),
            "following": str(following),
        }
        raw = files.encode(frame, said)
        name = f"{_home(place)}/{first:020}-{following:020}.avro"
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        _write(temporary, raw)
        again = temporary.read_bytes()
        if again != raw or not files.decode(again, len(frame)).equals(frame):
            raise ArchiveError(f"{temporary} is not read as it was written; look at the disk")
        _rename(temporary, path)
        _keep_names(path.parent, self._folder)
        entry = Entry(
            name,
            topic,
            log,
            partition,
            first,
            following,
            len(frame),
            len(raw),
            digest(raw),
            all(s.is_admitted for s in slices),
            self._previous,
        )
        line = entry.line()
        _append(self._folder / MANIFEST, line)
        _keep_names(self._folder, self._folder)
        self._previous = digest(line)
        self._ends[place] = following
        return len(frame)


def _home(place: tuple[str, str, int]) -> str:
    log, topic, partition = place
    return f"{topic}/{blake2b(log.encode(), digest_size=8).hexdigest()}/{partition}"


def _write(path: Path, raw: bytes) -> None:
    with path.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def _rename(path: Path, to: Path) -> None:
    path.replace(to)


def _append(path: Path, line: bytes) -> None:
    with path.open("ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _keep_names(folder: Path, root: Path) -> None:
    """Make the names in a folder durable, and those of the folders that it is in up to the root."""
    one = folder
    while True:
        number = os.open(one, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
        if one == root:
            return
        one = one.parent


def check(log: Log, store: Store, folder: Path, progress: _Progress = lambda *_: None) -> list[str]:
    """Name what is wrong with an archive: its chain, its files, its continuity with the log."""
    try:
        named = list(entries(folder, lines(folder)[0]))
    except ArchiveError as error:
        return [str(error)]
    differences = []
    for done, entry in enumerate(named, 1):
        try:
            read(folder, entry)
        except ArchiveError as error:
            differences.append(str(error))
        progress(done, len(named))
    known = {folder / e.file for e in named}
    differences += [
        f"{path} is in the folder and not in the manifest; the next `hub archive` takes it in, or"
        " restore the manifest"
        for path in sorted(folder.rglob("*.avro"))
        if path not in known
    ]
    return differences + _borders(log, store, Archive(folder))


def _borders(log: Log, store: Store, archived: Archive) -> list[str]:
    """Name partitions where archive and log do not meet."""
    differences = []
    for topic in (c.topic for c in store.definitions.applied.values()):
        identity, ends = log.identity(topic), log.ends(topic)
        for partition, begin in log.begins(topic).items():
            end = archived.end((identity, topic, partition))
            where = f"{topic}/{partition}: the archive ends at {end}"
            if end < begin:
                differences.append(
                    f"{where} and the log begins at {begin}: what is between is in neither"
                )
            if end > ends[partition]:
                differences.append(f"{where} and the log at {ends[partition]}")
    return differences
