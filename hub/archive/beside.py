"""Receipts and checkpoints in the archive, beside the records that they speak of.

A receipt is archived once all its records are, so that none stands for more than can be restored.
Of checkpoints, what changed since the last run is; they count again only where everything that was
in the log with them is in the archive too.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from hub.archive import files
from hub.archive.log import read_frame
from hub.archive.manifest import CHECKPOINTS, RECEIPTS, Entry, Manifest
from hub.log.log import Acknowledgement, Log
from hub.log.succession import CHECKPOINT

AT_ONCE = 10_000
WAITING_MAX = 10_000
Ends = Mapping[str, Mapping[int, int]]  # by topic and partition


def kept_frame(kept: Sequence[Acknowledgement]) -> pl.DataFrame:
    """Put receipts into one frame, a row each."""
    rows = [
        (k.id, k.sender, k.contract, k.accepted_at, k.accepted, k.rejected, k.idempotency_key,
         k.body_digest, k.answer, json.dumps(k.places))
        for k in kept
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=files.RECEIPT.columns, orient="row")


def kept_of(frame: pl.DataFrame) -> list[Acknowledgement]:
    """Make receipts of a frame, as `kept_frame` put them."""
    return [
        Acknowledgement(
            {t: [(p, a, b) for p, a, b in spans] for t, spans in json.loads(places).items()},
            *row,
        )
        for *row, places in frame.iter_rows()
    ]


class Awaited:
    """Which receipts are to be archived: those named by records that were, and not there yet."""

    def __init__(self, folder: Path, manifest: Manifest, log: str) -> None:
        entries = manifest.files((log, RECEIPTS, 0))
        last = next((e for e in reversed(entries) if e.waiting is not None), None)
        self.is_new = last is None  # a first time: all that the log has
        self.names = set(last.waiting or ()) if last is not None else set()
        self._done: set[str] = set()
        since = manifest.entries.index(last) + 1 if last is not None else len(manifest.entries)
        for entry in entries:
            if last is None or entry.first >= last.following:
                self._done |= set(read_frame(folder, entry)["id"].to_list())
        for entry in manifest.entries[since:]:
            if entry.topic not in (RECEIPTS, CHECKPOINTS):
                self.see(read_frame(folder, entry))

    def see(self, records: pl.DataFrame) -> None:
        """Take in the receipts that archived records name."""
        self.names |= set(records["receipt"].unique().to_list()) - {""}

    def whole(self, log: Log, ends: Ends) -> Iterator[tuple[list[Acknowledgement], bool]]:
        """Read those whose records are all archived, many at a time; tell which are the last.

        What is not there is left in `names`.
        """
        names = sorted({r.id for r in log.receipts()} if self.is_new else self.names)
        names = [n for n in names if n not in self._done]
        self.names = set(names)
        for at in range(0, len(names), AT_ONCE):
            kept = log.acknowledgements(names[at : at + AT_ONCE])
            # One of which some is not archived yet is named again by the records that will be.
            self.names -= {k.id for k in kept}
            yield [k for k in kept if _is_within(k, ends)], at + AT_ONCE >= len(names)

    @property
    def waiting(self) -> list[str]:
        """The names of those that are not there: by a producer's whim there may be no end of them.

        Names of receipts sort by time, so the latest are kept.
        """
        return sorted(self.names)[-WAITING_MAX:]


def _is_within(kept: Acknowledgement, ends: Ends) -> bool:
    return all(
        end <= ends.get(topic, {}).get(partition, 0)
        for topic, spans in kept.places.items()
        for partition, _, end in spans
    )


def changed_checkpoints(
    folder: Path, entries: Sequence[Entry], now: Mapping[str, str]
) -> pl.DataFrame:
    """Give those checkpoints that are not archived as they are now."""
    known = read_checkpoints(folder, entries)
    rows = [(n, v) for n, v in sorted(now.items()) if n != CHECKPOINT and known.get(n) != v]
    return pl.DataFrame(rows, schema=files.CHECKPOINT.columns, orient="row")


def read_checkpoints(folder: Path, entries: Sequence[Entry]) -> dict[str, str]:
    """Read the checkpoints of files, the latest of each name."""
    known: dict[str, str] = {}
    for entry in entries:
        known.update(read_frame(folder, entry).iter_rows())
    return known


def covered(entries: Sequence[Entry], ends: Ends) -> list[Entry]:
    """List the files of checkpoints, from the first on, of which all they speak of is archived."""
    listed: list[Entry] = []
    for entry in entries:
        for topic, by_partition in (entry.covers or {}).items():
            for partition, end in by_partition.items():
                if ends.get(topic, {}).get(int(partition), 0) < end:
                    return listed
        listed.append(entry)
    return listed
