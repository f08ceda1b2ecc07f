"""The archive as it is read: files that the manifest names, and a log that goes on where they end.

A file's digest is compared each time it is read.
"""

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

from hub.archive import files
from hub.archive.manifest import MANIFEST, REMEDY, ArchiveError, Entry, digest, entries, lines
from hub.definitions import avro
from hub.log.log import Kept, Log, NotInLogError, Receipt, Submission
from hub.log.slices import Slice

FILES_KEPT_MAX = 16  # decoded files; a partition each, as they are read in turn


class Archive:
    """The archive in a folder, which another process may add to meanwhile. Safe in threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._size = 0
        self._entries: dict[tuple[str, str, int], list[Entry]] = {}
        self._decoded: OrderedDict[str, Slice] = OrderedDict()

    def _refresh(self) -> None:
        try:
            size = (self.folder / MANIFEST).stat().st_size
        except FileNotFoundError:
            size = 0
        if size != self._size:
            by_place: dict[tuple[str, str, int], list[Entry]] = {}
            for entry in entries(self.folder, lines(self.folder)[0]):
                by_place.setdefault(entry.place, []).append(entry)
            self._entries = by_place
            self._size = size

    def end(self, place: tuple[str, str, int]) -> int:
        """Give the offset up to which a partition (of log, topic, number) is archived."""
        with self._lock:
            self._refresh()
            found = self._entries.get(place)
            return found[-1].following if found else 0

    def find(self, place: tuple[str, str, int], offset: int) -> Entry | None:
        """Find the file that holds an offset of a partition."""
        with self._lock:
            self._refresh()
            found = self._entries.get(place, [])
            at = bisect_right(found, offset, key=lambda e: e.first) - 1
            return found[at] if at >= 0 and offset < found[at].following else None

    def read(self, entry: Entry) -> Slice:
        """Read a file; raise `ArchiveError` where it is missing or not as it was written."""
        with self._lock:
            known = self._decoded.get(entry.file)
            if known is None:
                known = self._decoded[entry.file] = read(self.folder, entry)
                if len(self._decoded) > FILES_KEPT_MAX:
                    self._decoded.popitem(last=False)
            return known


def read(folder: Path, entry: Entry) -> Slice:
    """Read a file of the archive; raise `ArchiveError` where it is not as it was written."""
    path = folder / entry.file
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ArchiveError(f"{path} is missing; {REMEDY}") from None
    if digest(raw) != entry.sha256:
        raise ArchiveError(f"{path} is damaged: not the bytes that were written; {REMEDY}")
    try:
        frame = files.decode(raw, entry.records)
    except (*avro.UNDECODABLE, ValueError) as error:
        raise ArchiveError(f"{path} cannot be read: {error}; {REMEDY}") from error
    span = (entry.first, entry.following)
    offsets = frame["offset"].to_numpy()
    if len(offsets) and not (span[0] <= offsets[0] and offsets[-1] < span[1]):
        raise ArchiveError(f"{path} holds offsets {offsets[0]} to {offsets[-1]}; {REMEDY}")
    return files.slice_of(frame, entry.topic, entry.partition, span, is_admitted=entry.is_admitted)


class ArchivedLog:
    """A log whose older records are read from an archive, and its newer ones from itself."""

    def __init__(self, live: Log, archive: Archive) -> None:
        self.live = live
        self.archive = archive
        self.is_open = live.is_open

    def identity(self, topic: str) -> str:
        """See `Log.identity`."""
        return self.live.identity(topic)

    def append(self, submissions: Sequence[Submission]) -> None:
        """See `Log.append`."""
        self.live.append(submissions)

    def begins(self, topic: str) -> dict[int, int]:
        """See `Log.begins`; the archive begins at 0."""
        log = self.identity(topic)
        begins = self.live.begins(topic)
        return {p: 0 if self.archive.end((log, topic, p)) >= at else at for p, at in begins.items()}

    def ends(self, topic: str) -> dict[int, int]:
        """See `Log.ends`."""
        return self.live.ends(topic)

    def read(
        self,
        topic: str,
        offset: int,
        *,
        partition: int = 0,
        until: int | None = None,
        events_max: int = 100_000,
    ) -> list[Slice]:
        """See `Log.read`. What is archived comes a slice a file, and ends where the archive does.

        Raises `ArchiveError` where a file is missing or damaged.
        """
        place = (self.identity(topic), topic, partition)
        until = 1 << 62 if until is None else until
        slices: list[Slice] = []
        total = 0
        at = offset
        while at < until and total < events_max:
            entry = self.archive.find(place, at)
            if entry is None:
                break
            archived = self.archive.read(entry).between(at, min(until, entry.following))
            left = events_max - total
            if not archived.is_admitted and len(archived.offsets) > left:
                # The embedded log is read by whole batches; elsewhere any record is a place to
                # stop.
                archived = archived.between(at, int(archived.offsets[left - 1]) + 1)
            slices.append(archived)
            total += archived.count
            at = archived.following
        return slices or self._read_live(place, offset, until, events_max)

    def archived(self, topics: Sequence[str]) -> dict[str, int]:
        """Tell up to where topics are archived, in offsets summed over partitions."""
        return {
            t: sum(self.archive.end((self.identity(t), t, p)) for p in self.ends(t)) for t in topics
        }

    def _read_live(
        self, place: tuple[str, str, int], offset: int, until: int, events_max: int
    ) -> list[Slice]:
        _, topic, partition = place
        try:
            return self.live.read(
                topic, offset, partition=partition, until=until, events_max=events_max
            )
        except NotInLogError as error:
            if self.archive.end(place) > offset:  # archived since it was looked for
                return self.read(
                    topic, offset, partition=partition, until=until, events_max=events_max
                )
            more = f"the archive in {self.archive.folder} ends at {self.archive.end(place)}"
            raise NotInLogError(error.place, offset, error.span, more) from error

    def checkpoint(self, name: str) -> str | None:
        """See `Log.checkpoint`."""
        return self.live.checkpoint(name)

    def checkpoints(self, names: Sequence[str]) -> dict[str, str]:
        """See `Log.checkpoints`."""
        return self.live.checkpoints(names)

    def set_checkpoints(self, values: Mapping[str, str]) -> None:
        """See `Log.set_checkpoints`."""
        self.live.set_checkpoints(values)

    @property
    def is_empty(self) -> bool:
        """See `Log.is_empty`."""
        return self.live.is_empty

    def receipt(self, name: str) -> Kept | None:
        """See `Log.receipt`."""
        return self.live.receipt(name)

    def receipts(self) -> list[Receipt]:
        """See `Log.receipts`."""
        return self.live.receipts()

    def acknowledged(self) -> int:
        """See `Log.acknowledged`."""
        return self.live.acknowledged()

    def close(self) -> None:
        """See `Log.close`."""
        self.live.close()
