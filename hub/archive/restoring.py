"""Restoring: a lost log is made again from an archive, in an empty log with an identity of its own.

Every file is looked at before anything is written. The new log says from which it was restored, so
that places in the old one keep their meaning (`hub.log.succession`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hub.archive.beside import covered, kept_of, read_checkpoints
from hub.archive.log import read, read_frame, read_whole
from hub.archive.manifest import (
    CHECKPOINTS,
    MANIFEST,
    RECEIPTS,
    REMEDY,
    ArchiveError,
    Entry,
    Manifest,
    read_manifest,
    unnamed_files,
)
from hub.log.refill import Refill
from hub.log.succession import CHECKPOINT, Restored, Succession
from hub.troubles import TroubleError

NAMED_MAX = 20
_REMEDY_VI = "lấy lại từ bản sao của kho lưu trữ"
_Progress = Callable[[int, int], None]


class UnknownTopicError(TroubleError):
    """The archive holds a topic of which no contract is installed."""


@dataclass(frozen=True)
class Outcome:
    """What was restored: records, receipts, the latest acceptance, and where the log is from."""

    records: int
    receipts: int
    latest_at: int
    succession: Succession


@dataclass(frozen=True)
class Plan:
    """What is to be restored: the log that was archived last, by topic, and its files."""

    folder: Path
    manifest: Manifest
    logs: Mapping[str, str]
    files: tuple[Entry, ...]

    @cached_property
    def followings(self) -> dict[str, dict[int, int]]:
        """The offset after the last one, by topic and partition."""
        ends: dict[str, dict[int, int]] = {}
        for entry in self.files:
            ends.setdefault(entry.topic, {})[entry.partition] = entry.following
        return ends

    @property
    def records(self) -> tuple[Entry, ...]:
        """The files of records."""
        return tuple(e for e in self.files if e.topic not in (RECEIPTS, CHECKPOINTS))

    def beside(self, topic: str) -> tuple[Entry, ...]:
        """Give the files of receipts, or of checkpoints."""
        return tuple(e for e in self.files if e.topic == topic)

    @cached_property
    def _hubs(self) -> set[str]:
        logs = {e.log for e in self.manifest.entries}
        logs |= {log for r in self.manifest.restored for log in (r.log, r.predecessor)}
        return {_hub_of(log) for log in logs}

    def is_known(self, log: str, topic: str) -> bool:
        """Tell whether a log may be one of the hub's, though maybe nothing of it is archived."""
        return _hub_of(log) in self._hubs


def _hub_of(log: str) -> str:
    """Give what the logs of one hub have in common: in Kafka, the id of the cluster."""
    return log.partition("/")[0]


def plan(folder: Path, topics: Sequence[str]) -> Plan:
    """Find what an archive holds. Raises `ArchiveError`, `UnknownTopicError`."""
    try:
        manifest = read_manifest(folder)
    except ArchiveError as error:
        raise ArchiveError(f"{folder / MANIFEST} hỏng: {_REMEDY_VI} | {error}") from error
    if not manifest.entries:
        raise ArchiveError(
            f"{folder / MANIFEST} không có hoặc trống: {_REMEDY_VI} |"
            f" {folder / MANIFEST} is missing or empty: there is nothing to restore; {REMEDY}"
        )
    unnamed = unnamed_files(folder, manifest)
    if unnamed:
        raise ArchiveError(
            f"{unnamed[0]} không có trong {MANIFEST}: hãy lấy lại {MANIFEST} đầy đủ, hoặc chuyển"
            f" tệp ấy đi | {unnamed[0]} is not in {MANIFEST}: restore the whole {MANIFEST}, or"
            " take the file away"
        )
    all_topics = (*topics, RECEIPTS, CHECKPOINTS)
    unknown = sorted({e.topic for e in manifest.entries} - {*all_topics})
    if unknown:
        raise UnknownTopicError(
            f"{folder} có chủ đề {unknown[0]} mà bản cài này không có hợp đồng |"
            f" {folder} holds the topic {unknown[0]}, of which no contract is installed here"
        )
    hub = _hub_of(manifest.latest)
    logs = {}
    for topic in all_topics:
        mine = [log for log in manifest.logs(topic) if _hub_of(log) == hub]
        if mine or manifest.latest == hub:
            logs[topic] = mine[-1] if mine else hub
    chosen = set()
    for topic, log in logs.items():
        for partition in {e.partition for e in manifest.entries if e.topic == topic}:
            chosen |= {e.file for e in manifest.files((log, topic, partition))}
    files = tuple(e for e in manifest.entries if e.file in chosen)
    return Plan(folder, manifest, logs, files)


def check_files(planned: Plan, progress: _Progress = lambda *_: None) -> None:
    """Raise `ArchiveError`, with names, where any file is missing or not as it was written."""
    flaws = []
    for done, entry in enumerate(planned.files, 1):
        try:
            read_whole(planned.folder, entry)
        except ArchiveError as error:
            path = planned.folder / entry.file
            flaw = "hỏng" if path.exists() else "bị thiếu"
            flaws.append(f"{path} {flaw}: {_REMEDY_VI} | {error}")
        progress(done, len(planned.files))
    if flaws:
        vi = f"{len(flaws)} tệp thiếu hoặc hỏng, chưa khôi phục gì"
        en = f"{len(flaws)} files are missing or damaged, nothing was restored"
        more = [f"… +{len(flaws) - NAMED_MAX}"] if len(flaws) > NAMED_MAX else []
        raise ArchiveError("\n".join([*flaws[:NAMED_MAX], *more, f"{vi} | {en}"]))


def restore(
    planned: Plan,
    into: Refill,
    identity: Callable[[str], str],
    home: str,
    now: int,
    progress: _Progress = lambda *_: None,
) -> Outcome:
    """Put everything into an empty log, its succession among its checkpoints.

    `identity` names the new log of a topic, `home` is the topic that names the log of receipts.
    """
    total = sum(e.records for e in planned.files)
    done = latest_at = 0
    for entry in planned.records:
        one = read(planned.folder, entry)
        into.put(one)
        latest_at = max([latest_at, *(o.accepted_at for o in one.origins)])
        done += entry.records
        progress(done, total)
    for entry in planned.beside(RECEIPTS):
        into.acknowledge(kept_of(read_frame(planned.folder, entry)))
        done += entry.records
        progress(done, total)
    steps = list(planned.manifest.restored)
    for topic, log in planned.logs.items():
        own = identity(home if topic in (RECEIPTS, CHECKPOINTS) else topic)
        ends = planned.followings.get(topic, {})
        steps.append(Restored(own, topic, log, ends, planned.manifest.previous, now))
    succession = Succession(steps)
    entries = covered(planned.beside(CHECKPOINTS), planned.followings)
    checkpoints = read_checkpoints(planned.folder, entries)
    into.set_checkpoints({**checkpoints, CHECKPOINT: succession.written()})
    progress(total, total)
    records = sum(e.records for e in planned.records)
    return Outcome(records, sum(e.records for e in planned.beside(RECEIPTS)), latest_at, succession)
