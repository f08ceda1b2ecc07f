"""The archive as it is read: files that the manifest names, and a log that goes on where they end.

A file's digest is compared each time it is read.
"""

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from hub.archive import files
from hub.archive.manifest import (
    CHECKPOINTS,
    MANIFEST,
    RECEIPTS,
    REMEDY,
    ArchiveError,
    Entry,
    Manifest,
    Place,
    digest,
    read_manifest,
)
from hub.definitions import avro
from hub.log.log import Acknowledgement, Kept, Log, NotInLogError, Receipt, Submission
from hub.log.slices import Slice
from hub.log.succession import Succession, succession_of

FILES_KEPT_MAX = 16  # decoded files; a partition each, as they are read in turn


class Archive:
    """The archive in a folder, which another process may add to meanwhile. Safe in threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._size = 0
        self._manifest = Manifest()
        self._files: dict[Place, list[Entry]] = {}
        self._decoded: OrderedDict[str, Slice] = OrderedDict()

    def _refresh(self) -> None:
        try:
            size = (self.folder / MANIFEST).stat().st_size
        except FileNotFoundError:
            size = 0
        if size != self._size:
            self._manifest = read_manifest(self.folder)
            self._files = {}
            self._size = size

    def _of(self, place: Place) -> list[Entry]:
        self._refresh()
        if place not in self._files:
            self._files[place] = self._manifest.files(place)
        return self._files[place]

    def end(self, place: Place) -> int:
        """Give the offset up to which a partition (of log, topic, number) is archived."""
        with self._lock:
            files = self._of(place)
            return files[-1].following if files else 0

    def find(self, place: Place, offset: int) -> Entry | None:
        """Find the file that holds an offset of a partition."""
        with self._lock:
            files = self._of(place)
            at = bisect_right(files, offset, key=lambda e: e.first) - 1
            return files[at] if at >= 0 and offset < files[at].following else None

    def check_belongs(self, log: Log, topics: Sequence[str]) -> None:
        """Raise `ArchiveError` where what is archived of a topic is of another log than this."""
        with self._lock:
            self._refresh()
            check_belongs(self.folder, self._manifest, log, topics)

    def read(self, entry: Entry) -> Slice:
        """Read a file; raise `ArchiveError` where it is missing or not as it was written."""
        with self._lock:
            known = self._decoded.get(entry.file)
            if known is None:
                known = self._decoded[entry.file] = read(self.folder, entry)
                if len(self._decoded) > FILES_KEPT_MAX:
                    self._decoded.popitem(last=False)
            return known


def check_belongs(folder: Path, manifest: Manifest, log: Log, topics: Sequence[str]) -> None:
    """Raise `ArchiveError` where what is archived of a topic is of another log than this."""
    archived = {t: logs for t in topics if (logs := manifest.logs(t))}
    succession = succession_of(log) if archived else Succession()
    for topic, logs in archived.items():
        mine = log.identity(topic)
        if not {mine, *(r.predecessor for r in succession.ancestors(mine, topic))} & {*logs}:
            raise ArchiveError(
                f"{folder} là kho lưu trữ của nhật ký {logs[-1]} ({topic}), không phải của nhật ký"
                f" ở đây ({mine}); nếu nhật ký cũ đã mất: `hub restore {folder}` vào nơi trống; nếu"
                " không, đặt HUB_ARCHIVE_DIR là thư mục khác |"
                f" {folder} is the archive of the log {logs[-1]} ({topic}), not of the log here"
                f" ({mine}); where the old log is lost: `hub restore {folder}` into an empty place;"
                " else set HUB_ARCHIVE_DIR to another folder"
            )


def read_frame(folder: Path, entry: Entry) -> pl.DataFrame:
    """Read the rows of a file; raise `ArchiveError` where it is not as it was written."""
    path = folder / entry.file
    raw = read_whole(folder, entry)
    form = {RECEIPTS: files.RECEIPT, CHECKPOINTS: files.CHECKPOINT}.get(entry.topic, files.RECORD)
    try:
        return files.decode(raw, entry.records, form)
    except (*avro.UNDECODABLE, ValueError) as error:
        raise ArchiveError(f"{path} cannot be read: {error}; {REMEDY}") from error


def read_whole(folder: Path, entry: Entry) -> bytes:
    """Read the bytes of a file; raise `ArchiveError` where they are not those that were written."""
    path = folder / entry.file
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ArchiveError(f"{path} is missing; {REMEDY}") from None
    if digest(raw) != entry.sha256:
        raise ArchiveError(f"{path} is damaged: not the bytes that were written; {REMEDY}")
    return raw


def read(folder: Path, entry: Entry) -> Slice:
    """Read a file of records; raise `ArchiveError` where it is not as it was written."""
    frame = read_frame(folder, entry)
    span = (entry.first, entry.following)
    offsets = frame["offset"].to_numpy()
    if len(offsets) and not (span[0] <= offsets[0] and offsets[-1] < span[1]):
        raise ArchiveError(
            f"{folder / entry.file} holds offsets {offsets[0]} to {offsets[-1]}; {REMEDY}"
        )
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

    def seen(self) -> int | None:
        """See `Log.seen`."""
        return self.live.seen()

    def begins(self, topic: str) -> dict[int, int]:
        """See `Log.begins`; the archive begins at 0."""
        log = self.identity(topic)
        begins = self.live.begins(topic)
        return {p: 0 if self.archive.end((log, topic, p)) >= at else at for p, at in begins.items()}

    def ends(self, topic: str) -> dict[int, int]:
        """See `Log.ends`."""
        return self.live.ends(topic)

    def ends_of(self, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        """See `Log.ends_of`."""
        return self.live.ends_of(topics)

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

    def check_belongs(self, topics: Sequence[str]) -> None:
        """Raise `ArchiveError` where what is archived of a topic is of another log than this."""
        self.archive.check_belongs(self.live, topics)

    def archived(self, topics: Sequence[str]) -> dict[str, int]:
        """Tell up to where topics are archived, in offsets summed over partitions."""
        ends = self.ends_of(topics)
        return {t: sum(self.archive.end((self.identity(t), t, p)) for p in ends[t]) for t in topics}

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

    def acknowledged(self) -> dict[str, int]:
        """See `Log.acknowledged`."""
        return self.live.acknowledged()

    def acknowledgements(self, names: Sequence[str]) -> list[Acknowledgement]:
        """See `Log.acknowledgements`."""
        return self.live.acknowledgements(names)

    def all_checkpoints(self) -> dict[str, str]:
        """See `Log.all_checkpoints`."""
        return self.live.all_checkpoints()

    def close(self) -> None:
        """See `Log.close`."""
        self.live.close()
