"""A small hub for laws: deliveries in any order, in any batches, applied as told, and its tables.

Nothing here goes through the gateway, so that a law decides itself what is one batch and what one
transaction.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self
from unittest import mock

import polars as pl

from hub import registry
from hub.apply.applier import Applier
from hub.clock import DAY_US, OFFSET_US
from hub.definitions.admission import admit
from hub.definitions.contract import Contract
from hub.log.log import Log, Submission
from hub.log.sqlite import SqliteLog
from hub.log.submitting import encode
from hub.proof.finding import Findings
from hub.proof.verify import verify
from hub.store.reading import Row
from hub.store.store import Store
from hub.store.tables import DERIVED, HISTORY, LANES, definition
from tests.parts import lists, stores

NOW = datetime(2026, 1, 15, 3, tzinfo=UTC)
Json = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """One delivery: an event, who delivered it and on which day (from 1970-01-01) it came.

    `sent_for` is what a gateway writes into it: which units its sender may speak for, if limited.
    """

    sender: str
    day: int
    event: Json
    sent_for: str | None = None


def admitted_frame(contract: Contract, items: Sequence[Json]) -> pl.DataFrame:
    """Admit items that keep their contract."""
    admitted = admit(contract, json.dumps(items).encode())
    assert admitted.rejected == []
    return admitted.events


class Small:
    """A log and a store in a folder; `log` may be one that is there already.

    With a `copied` one, which is closed, it goes on from where that ended.
    """

    def __init__(
        self, folder: Path, log: Log | None = None, *, copied: "Small | None" = None
    ) -> None:
        if copied is None:
            folder.mkdir(parents=True)
        else:
            shutil.copytree(copied._folder, folder)
        self.log: Log = log or SqliteLog(folder / "log.sqlite3")
        self._owns_log = log is None
        self._folder: Path = folder
        self.store = Store(stores.store_url(folder), registry.definitions())
        self.store.check_definitions()
        self._receipts: int = 0 if copied is None else copied._receipts
        self.now: datetime = NOW if copied is None else copied.now

    def applier(self) -> Applier:
        """Apply as where notices are published, so that they are written too."""
        return Applier(self.store, self.log.identity, lambda: self.now, has_listeners=True)

    def append(self, contract: Contract, sent: Sequence[Sent]) -> None:
        """Append deliveries: a run of one sender and day is one batch with one receipt."""
        events = admitted_frame(contract, [s.event for s in sent])
        if stamp := contract.spec.stamp:
            events = events.with_columns(pl.Series(stamp, [s.sent_for for s in sent], pl.String))
        at = 0
        submissions = []
        for (sender, day), run in groupby(sent, key=lambda s: (s.sender, s.day)):
            size = len(list(run))
            accepted_at = day * DAY_US - OFFSET_US + 1
            receipt = f"r{self._receipts}"
            self._receipts += 1
            frame = events[at : at + size]
            batch = encode(contract, sender, frame, receipt, accepted_at)
            submissions.append(
                Submission(receipt, sender, contract.name, accepted_at, size, 0, [batch])
            )
            at += size
        self.log.append(submissions)

    def apply(self, contract: Contract, at_once: int) -> None:
        """Apply what is not applied yet, so many batches a transaction; of much, a part."""
        batches = self.log.read(contract.topic, self._position(contract))
        applier = self.applier()
        for i in range(0, len(batches), at_once):
            applier.apply(contract, batches[i : i + at_once])

    def lag(self, contract: Contract) -> int:
        """Count the events that are not applied yet."""
        return self.log.ends(contract.topic)[0] - self._position(contract)

    def _position(self, contract: Contract) -> int:
        with self.store.reading() as reading:
            identity = self.log.identity(contract.topic)
            return reading.positions(identity, contract.topic).get(0, 0)

    def raw(self) -> dict[str, list[Row]]:
        """Read every table that apply writes, to the last column."""
        with self.store.reading() as reading:
            return {
                t: sorted(reading.rows(f"SELECT * FROM {t}"), key=repr) for t in self.raw_tables()
            }

    def raw_tables(self) -> list[str]:
        tables = [f.table for f in self.store.facts.values()]
        return [*tables, *(t.name for t in (*DERIVED, *HISTORY) if t is not definition)]

    def said(self, *, by_day: bool) -> dict[str, dict[Any, Any]]:
        """Give what the tables say: facts, cells over shards, ledger, arrivals, heard.

        The ledger is summed over acceptance days unless asked for `by_day`.
        """
        out: dict[str, dict[Any, Any]] = {"cells": {}}
        with self.store.reading() as reading:
            for fact in self.store.facts.values():
                names = ["entity", "events", "is_disputed", "held", *LANES, *fact.types]
                rows = reading.rows(f"SELECT {','.join(names)} FROM {fact.table}")
                out[fact.table] = {r[0]: dict(zip(names, r, strict=True)) for r in rows}
                for cell_set in reading.cell_sets(f"{fact.contract}."):
                    for key, value in reading.cells(cell_set).items():
                        out["cells"][cell_set, *key] = value
            out["ledger"] = _sums(
                ((c, s, day if by_day else "any day", kind), n)
                for c, s, day, kind, _, n in reading.table("ledger")
            )
            out["arrivals"] = _sums(
                (tuple(arrived), n) for *arrived, _, n in reading.table("arrival")
            )
            out["heard"] = {r[:3]: r[3:] for r in reading.table("heard")}
        return out

    def negative_cells(self) -> list[Row]:
        """Cells that took back what was never in them, or keep something though nothing is in."""
        kept = " OR ".join(f"SUM({n}) <> 0" for n in ("value", "disputed", *LANES))
        with self.store.reading() as reading:
            return reading.rows(
                "SELECT cell_set, period, dims, SUM(count) FROM cell GROUP BY 1, 2, 3"
                f" HAVING SUM(count) < 0 OR (SUM(count) = 0 AND ({kept}))"
            )

    def ledger_by_day(self) -> dict[Row, int]:
        with self.store.reading() as reading:
            return _sums(((c, s, d), n) for c, s, d, _, _, n in reading.table("ledger"))

    def received_by_day(self) -> dict[Row, int]:
        return received(self.log)

    def verify(self) -> Findings:
        with in_this_process():
            return verify(self.log, self.store, lists.installed())

    def clear(self) -> None:
        """Forget everything: cheaper than new files."""
        self.now = NOW
        self.store.kept.clear()
        for name, columns in self.store.columns.items():
            self.store.columns[name] = columns.anew()
        with self.store.administering() as store:
            for table in self.raw_tables():
                store.exec_driver_sql(f"DELETE FROM {table}")
        if self._owns_log:
            connection = sqlite3.connect(self._folder / "log.sqlite3")
            with connection:
                connection.execute("DELETE FROM batch")
                connection.execute("DELETE FROM receipt")
            connection.close()

    def close(self) -> None:
        self.store.close()
        if self._owns_log:
            self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Prepared:
    """What several tests begin with, made once and copied for each; `after` another, if given.

    A store that is in no file is not copied: there the steps are done again each time.
    """

    def __init__(self, step: Callable[[Small], None], after: "Prepared | None" = None) -> None:
        self._step = step
        self._after = after
        self._folder: TemporaryDirectory[str] | None = None
        self._made: Small | None = None

    def open(self, folder: Path) -> Small:
        """Open a hub of which all steps are done, in a new folder."""
        if stores.store_url is not stores.IN_FILES:
            return self._begin(folder)
        if self._made is None:
            self._folder = TemporaryDirectory(prefix="lgsp-prepared-")
            self._made = self._begin(Path(self._folder.name, "hub"))
            self._made.close()
        return Small(folder, copied=self._made)

    def _begin(self, folder: Path) -> Small:
        small = Small(folder) if self._after is None else self._after.open(folder)
        self._step(small)
        return small


def received(log: Log) -> dict[Row, int]:
    """Count what was acknowledged by contract, sender and day."""
    return _sums(((r.contract, r.sender, r.day), r.accepted + r.rejected) for r in log.receipts())


def _sums(rows: Iterator[tuple[Row, int]]) -> dict[Row, int]:
    out: dict[Row, int] = {}
    for key, n in rows:
        out[key] = out.get(key, 0) + int(n)
    return {k: n for k, n in out.items() if n}


class _SameProcess:
    """Stands for a pool of processes: starting one costs more than all that a law compares."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    map = staticmethod(map)


@contextmanager
def in_this_process() -> Iterator[None]:
    """Let verify do its work without processes of its own."""
    with mock.patch("hub.proof.verify.ProcessPoolExecutor", _SameProcess):
        yield
