"""The archive as it is written: what is applied goes from the log into files, and is checked.

A file is written under a temporary name, made durable, read again, renamed, and then named in the
manifest: only that makes it part of the archive. After a crash in between, the same file is written
anew. So each partition is in the archive once, without gap, from its first offset on.
"""

import os
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl

from hub.archive import files
from hub.archive.beside import Awaited, Ends, changed_checkpoints, kept_frame
from hub.archive.log import Archive, check_belongs, read, read_frame
from hub.archive.manifest import (
    CHECKPOINTS,
    MANIFEST,
    RECEIPTS,
    ArchiveError,
    Entry,
    Place,
    digest,
    lines,
    read_manifest,
    restored_line,
    unnamed_files,
)
from hub.definitions.own.control import CONTROL
from hub.locks import held
from hub.log.log import Log
from hub.log.slices import Slice
from hub.log.succession import Succession, succession_of
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
        topics = [c.topic for c in store.definitions.applied.values()]
        writer = _Writer(folder)
        check_belongs(folder, writer.manifest, log, topics)
        home = log.identity(CONTROL.topic)
        writer.name_restored(succession_of(log), {t: log.identity(t) for t in topics}, home)
        # Read before the positions: with luck, all that was in the log then is applied by now.
        checkpoints = log.all_checkpoints()
        covers = log.ends_of(topics)
        with store.reading() as reading:
            ends = {
                (log.identity(topic), topic, partition): following
                for topic in topics
                for partition, following in reading.positions(log.identity(topic), topic).items()
            }
        total = sum(max(end - writer.end(place), 0) for place, end in ends.items())
        done = 0
        counts = dict.fromkeys(topics, 0)
        awaited = Awaited(folder, writer.manifest, home)
        for place, end in ends.items():
            while (first := writer.end(place)) < end:
                unnamed = writer.unnamed(place)
                slices = _gathered(log, place, first, unnamed or end, is_bounded=unnamed is None)
                frame = files.frame_of(slices)
                counts[place[1]] += writer.add(place, slices, frame)
                awaited.see(frame)
                done += slices[-1].following - first
                progress(done, total)
        archived: dict[str, dict[int, int]] = {}
        for _, topic, partition in ends:
            end = writer.end((log.identity(topic), topic, partition))
            archived.setdefault(topic, {})[partition] = end
        counts[RECEIPTS] = writer.add_receipts(log, home, awaited, archived)
        counts[CHECKPOINTS] = writer.add_checkpoints(home, checkpoints, covers)
    return counts


def _gathered(log: Log, place: Place, first: int, until: int, *, is_bounded: bool) -> list[Slice]:
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
        _, size = lines(folder)
        self.manifest = read_manifest(folder)
        path = folder / MANIFEST
        if path.exists():
            os.truncate(path, size)  # what a crash left of a line

    def end(self, place: Place) -> int:
        """Give the offset up to which a partition is archived."""
        return self.manifest.end(place)

    def unnamed(self, place: Place) -> int | None:
        """Tell where a file ends that was written next and, by a crash, never named."""
        found = sorted((self._folder / _home(place)).glob(f"{self.end(place):020}-*.avro"))
        return int(found[0].stem.partition("-")[2]) if found else None

    def name_restored(
        self, succession: Succession, identities: Mapping[str, str], home: str
    ) -> None:
        """Say of a log that was restored from which one, so that it need not be archived anew."""
        mine = {**identities, RECEIPTS: home, CHECKPOINTS: home}
        for topic, log in mine.items():
            for step in reversed(succession.ancestors(log, topic)):
                if step not in self.manifest.restored:
                    self._name(restored_line(step, self.manifest.previous))

    def add(self, place: Place, slices: list[Slice], frame: pl.DataFrame) -> int:
        """Add a file of slices that follow on each other, as one frame; count its records."""
        span = (slices[0].first, slices[-1].following)
        return self._add(place, span, frame, is_admitted=all(s.is_admitted for s in slices))

    def add_receipts(self, log: Log, home: str, awaited: Awaited, ends: Ends) -> int:
        """Add files of the receipts whose records are all archived; count them."""
        place = (home, RECEIPTS, 0)
        self._forget_unnamed(place)
        count = 0
        for kept, is_last in awaited.whole(log, ends):
            if kept:
                waiting = awaited.waiting if is_last else None
                frame = kept_frame(kept)
                first = self.end(place)
                span = (first, first + len(frame))
                count += self._add(place, span, frame, form=files.RECEIPT, waiting=waiting)
        return count

    def add_checkpoints(self, home: str, now: Mapping[str, str], covers: Ends) -> int:
        """Add a file of the checkpoints that changed, with what was in the log then; count them."""
        place = (home, CHECKPOINTS, 0)
        self._forget_unnamed(place)
        changed = changed_checkpoints(self._folder, self.manifest.files(place), now)
        if not len(changed):
            return 0
        first = self.end(place)
        said = {t: {str(p): n for p, n in ends.items()} for t, ends in covers.items()}
        span = (first, first + len(changed))
        return self._add(place, span, changed, form=files.CHECKPOINT, covers=said)

    def _forget_unnamed(self, place: Place) -> None:
        """Delete what a crash left unnamed; it is made again, maybe of more."""
        named = {self._folder / e.file for e in self.manifest.entries}
        for path in (self._folder / _home(place)).glob("*.avro"):
            if path not in named:
                path.unlink()

    def _add(
        self,
        place: Place,
        span: tuple[int, int],
        frame: pl.DataFrame,
        *,
        form: files.Form = files.RECORD,
        is_admitted: bool = True,
        **more: Any,
    ) -> int:
        log, topic, partition = place
        first, following = span
        said = {
            "topic": topic,
            "log": log,
            "partition": str(partition),
            "first": str(first),
            "following": str(following),
        }
        raw = files.encode(frame, said, form)
        name = f"{_home(place)}/{first:020}-{following:020}.avro"
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        _write(temporary, raw)
        again = temporary.read_bytes()
        if again != raw or not files.decode(again, len(frame), form).equals(frame):
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
            is_admitted,
            self.manifest.previous,
            **more,
        )
        self._name(entry.line())
        return len(frame)

    def _name(self, line: bytes) -> None:
        _append(self._folder / MANIFEST, line)
        _keep_names(self._folder, self._folder)
        self.manifest.add(line)


def _home(place: Place) -> str:
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
        manifest = read_manifest(folder)
    except ArchiveError as error:
        return [str(error)]
    differences = []
    for done, entry in enumerate(manifest.entries, 1):
        try:
            if entry.topic in (RECEIPTS, CHECKPOINTS):
                read_frame(folder, entry)
            else:
                read(folder, entry)
        except ArchiveError as error:
            differences.append(str(error))
        progress(done, len(manifest.entries))
    differences += [
        f"{path} is in the folder and not in the manifest; the next `hub archive` takes it in, or"
        " restore the manifest"
        for path in unnamed_files(folder, manifest)
    ]
    try:
        check_belongs(folder, manifest, log, [c.topic for c in store.definitions.applied.values()])
    except ArchiveError as error:
        return [*differences, str(error)]
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
