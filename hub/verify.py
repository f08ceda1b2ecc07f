"""Verify: recompute everything from the log by another path, and name what differs.

The path shares only definitions with apply: datums are decoded one by one with fastavro, each
entity is folded in plain Python (`Fact.recount`), and the measures are evaluated by SQLite over
the recomputed facts. Entities are dealt into buckets by their key's bytes, so that memory stays
bounded and all cores help.
"""

import gc
import hashlib
import multiprocessing
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub import avro, published, registry
from hub.apply import EVENTS_PER_ENTITY_MAX, TOO_LARGE
from hub.clock import day_of, iso_day
from hub.contracts import Contract
from hub.facts import Fact, Measure, day_sql
from hub.fold import content_digest
from hub.log import SqliteLog
from hub.rejection import REJECTION
from hub.store import Reading, Row, Store, dims_text
from hub.tables import LANES

BUCKETS = 16
LANE_MODULUS = 2**32
DIFFERENCES_SHOWN_MAX = 100
_Progress = Callable[[str, int, int], None]


@dataclass
class Findings:
    """What verify found: differences by name, and how much was compared."""

    differences: list[str] = field(default_factory=list)
    events: int = 0
    facts: int = 0
    cells: int = 0

    def differ(self, name: str, stored: object, recomputed: object) -> None:
        """Note a difference."""
        self.differences.append(f"{name}: stored {stored}, recomputed {recomputed}")


def verify(log: SqliteLog, store: Store, progress: _Progress = lambda *_: None) -> Findings:
    """Compare facts, cells, ledger and quarantine with what the log says, up to the position."""
    findings = Findings()
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="hub-verify-") as folder,
        store.reading() as reading,
        ProcessPoolExecutor(min(os.cpu_count() or 1, 8), mp_context=context) as pool,
    ):
        positions = reading.positions(log.identity)
        ledger: dict[Row, int] = {}
        arrivals: dict[Row, int] = {}
        for name, fact in store.facts.items():
            contract = registry.contracts()[name]
            until = positions.get(contract.topic, 0)
            findings.events += until
            path = Path(folder) / name
            path.mkdir()
            _deal(log, contract, until, path, progress)
            database = _recount_all(fact, path, pool, ledger, arrivals, progress)
            _compare_facts(reading, fact, database, findings)
            _compare_cells(reading, fact, database, findings, progress)
            database.close()
        rejected = _recount_rejections(log, positions.get(REJECTION.topic, 0), ledger)
        findings.events += len(rejected)
        _compare_rows(reading, "quarantine", rejected, findings)
        _compare_sums(reading, "ledger", ledger, findings)
        _compare_sums(reading, "arrival", arrivals, findings)
        _compare_received(log, positions, reading, findings)
    return findings


def _deal(
    log: SqliteLog, contract: Contract, until: int, folder: Path, progress: _Progress
) -> None:
    """Deal a topic's records into bucket files by the first field of the key."""
    files = [(folder / f"{i}.bucket").open("wb") for i in range(BUCKETS)]
    at = 0
    while at < until:
        for batch in log.read(contract.topic, at, until=until):
            head = avro.string_bytes(batch.sender) + avro.long_bytes(day_of(batch.accepted_at))
            head += avro.long_bytes(batch.schema_id)
            parts: list[list[bytes]] = [[] for _ in range(BUCKETS)]
            for datum in batch.datums():
                key = datum[1 : 1 + (datum[0] >> 1)]
                record = head + datum
                size = len(record).to_bytes(4, "little")
                parts[sum(key) % BUCKETS] += (size, record)
            for file, part in zip(files, parts, strict=True):
                file.write(b"".join(part))
            at = batch.next_offset
        progress(contract.name, at, 2 * until)
    for file in files:
        file.close()


def _recount_all(
    fact: Fact,
    folder: Path,
    pool: ProcessPoolExecutor,
    ledger: dict[Row, int],
    arrivals: dict[Row, int],
    progress: _Progress,
) -> sqlite3.Connection:
    """Fold every bucket in plain Python, on all cores, into one table of recomputed facts."""
    database = sqlite3.connect(folder / "facts.sqlite3", isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA journal_mode = OFF")
    names = ["entity", "is_disputed", *LANES, *fact.types]
    database.execute(f"CREATE TABLE {fact.table} ({','.join(names)})")
    marks = ",".join("?" * len(names))
    paths = [folder / f"{i}.bucket" for i in range(BUCKETS)]
    jobs = [pool.submit(_recount, fact.contract, p) for p in paths if p.stat().st_size]
    for i, job in enumerate(jobs, 1):
        rows, counted, arrived = job.result()
        database.execute("BEGIN")
        database.executemany(f"INSERT INTO {fact.table} VALUES ({marks})", rows)
        database.execute("COMMIT")
        for key, n in counted.items():
            ledger[key] = ledger.get(key, 0) + n
        for key, n in arrived.items():
            arrivals[key] = arrivals.get(key, 0) + n
        progress(fact.contract, len(jobs) + i, 2 * len(jobs))
    return database


def _recount(name: str, path: Path) -> tuple[list[Row], dict[Row, int], dict[Row, int]]:
    """Fold one bucket: fact rows, ledger and arrivals."""
    gc.disable()  # everything read here lives until it is returned
    fact = registry.facts()[name]
    contract = registry.contracts()[name]
    entities: dict[str, Entity] = {}
    for sender, day, schema_id, datum in _records(path):
        wire = avro.read_one(published.by_id(schema_id).plain, datum)
        if len(wire) < len(contract.fields):
            wire = {f.name: wire.get(f.name) for f in contract.fields}
        entity = contract.entity_of(wire)
        entities.setdefault(entity, Entity()).add(sender, day, datum, wire)
    rows: list[Row] = []
    ledger: dict[Row, int] = {}
    arrivals: dict[Row, int] = {}
    for entity, held in entities.items():
        live, is_disputed, classes = held.judge(contract)
        values = fact.recount(list(live))
        columns = [values[n] for n in fact.types]
        lanes = fact_digest(name, entity, columns, is_disputed)
        rows.append((entity, int(is_disputed), *lanes, *columns))
        for sender, day, kind in classes:
            key = (name, sender, day, kind)
            ledger[key] = ledger.get(key, 0) + 1
        for sender, wire in held.arrived():
            happened = (name, sender, day_of(contract.occurred_of(wire)))
            arrivals[happened] = arrivals.get(happened, 0) + 1
    return rows, ledger, arrivals


def _records(path: Path) -> Iterator[tuple[str, int, int, bytes]]:
    raw = path.read_bytes()
    at = 0
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 4], "little")
        record = raw[at + 4 : at + 4 + size]
        at += 4 + size
        length, start = _read_long(record, 0)
        sender = record[start : start + length].decode()
        day, start = _read_long(record, start + length)
        schema_id, start = _read_long(record, start)
        yield sender, day, schema_id, record[start:]


def _read_long(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7


def fact_digest(contract: str, entity: str, columns: list[Any], is_disputed: bool) -> list[int]:
    """Digest a fact as `hub.fold.digest_facts` says, one fact at a time."""
    said = ["" if c is None else str(c) for c in columns]
    text = "\x1f".join([contract, entity, *said, str(int(is_disputed))])
    raw = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return [int.from_bytes(raw[i : i + 4], "little") for i in range(0, 16, 4)]


class Entity:
    """One entity's events, gathered as they stand in the log."""

    def __init__(self) -> None:
        # identity -> content digest -> (acceptance day, wire values)
        self._events: dict[tuple[str, str], dict[bytes, tuple[int, dict[str, Any]]]] = {}
        self._others: list[tuple[str, int, str]] = []
        self._count = 0

    def add(self, sender: str, day: int, datum: bytes, wire: dict[str, Any]) -> None:
        """Add one record."""
        contents = self._events.get((sender, wire["event_id"]), {})
        digest = content_digest(datum)
        if digest in contents:
            self._others.append((sender, day, "duplicate"))
        elif self._count == EVENTS_PER_ENTITY_MAX:
            self._others.append((sender, day, "quarantined"))
        else:
            self._events.setdefault((sender, wire["event_id"]), contents)[digest] = (day, wire)
            self._count += 1

    def arrived(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give sender and winning content of each identity, withdrawn ones too."""
        for (sender, _), contents in self._events.items():
            yield sender, contents[min(contents)][1]

    def judge(
        self, contract: Contract
    ) -> tuple[list[dict[str, Any]], bool, list[tuple[str, int, str]]]:
        """Give the live events, least first; whether any is disputed; each record's class."""
        retracting = contract.spec.retracting_kind
        withdrawn = {
            (sender, winner["retracts"])
            for (sender, _), contents in self._events.items()
            if (winner := contents[min(contents)][1]).get("kind") == retracting and retracting
        }
        live: list[tuple[Any, dict[str, Any]]] = []
        classes = list(self._others)
        is_disputed = False
        for (sender, event_id), contents in self._events.items():
            for digest, (day, wire) in contents.items():
                is_retraction = retracting is not None and wire.get("kind") == retracting
                if (sender, event_id) in withdrawn and not is_retraction:
                    classes.append((sender, day, "retracted"))
                elif digest != min(contents):
                    classes.append((sender, day, "conflict"))
                    is_disputed = True
                else:
                    classes.append((sender, day, "applied"))
                    if not is_retraction:
                        live.append((_order(contract, sender, digest, wire), wire))
        live.sort(key=lambda e: e[0])
        return [wire for _, wire in live], is_disputed, classes


def _order(contract: Contract, sender: str, digest: bytes, wire: dict[str, Any]) -> tuple[Any, ...]:
    occurred = contract.occurred_of(wire)
    first = tuple(
        (wire[n] is not None, wire[n] if wire[n] is not None else 0)
        for n in contract.spec.order_first
    )
    recorded = wire["recorded_at"] if wire["recorded_at"] is not None else occurred
    rank = contract.kinds.index(wire["kind"]) if contract.kinds else 0
    return (first, recorded, occurred, rank, sender, wire["event_id"], digest)


def _compare_facts(
    reading: Reading, fact: Fact, database: sqlite3.Connection, findings: Findings
) -> None:
    names = ",".join(["entity", "is_disputed", *LANES, *fact.types])
    query = f"SELECT {names} FROM {fact.table} ORDER BY entity"
    mine = iter(database.execute(query))
    theirs = reading.stream(query)
    ours, stored = next(mine, None), next(theirs, None)
    while ours is not None or stored is not None:
        findings.facts += 1
        if stored is None or (ours is not None and ours[0] < stored[0]):
            findings.differ(f"fact {fact.contract}/{ours[0]}", "nothing", ours[1:])  # type: ignore[index]
            ours = next(mine, None)
        elif ours is None or stored[0] < ours[0]:
            findings.differ(f"fact {fact.contract}/{stored[0]}", stored[1:], "nothing")
            stored = next(theirs, None)
        else:
            if ours != stored:
                findings.differ(f"fact {fact.contract}/{ours[0]}", stored[1:], ours[1:])
            ours, stored = next(mine, None), next(theirs, None)


def cell_rows(
    database: sqlite3.Connection, fact: Fact, measure: Measure, dims: tuple[str, ...]
) -> dict[Row, Row]:
    """Compute one measure's cells over facts in SQL: (period, dims) -> (count, value, …)."""
    period = measure.period or day_sql(str(measure.at))
    value = measure.value if measure.is_recomputed else f"SUM({measure.value})"
    group = ",".join(["1", *dims])
    lanes = ",".join(f"SUM({lane}) % {LANE_MODULUS}" for lane in LANES)
    found = database.execute(
        f"SELECT {','.join([period, *dims])}, COUNT(*), {value}, SUM(is_disputed), {lanes}"
        f" FROM {fact.table} WHERE {measure.where} GROUP BY {group}"
    )
    out = {}
    k = 1 + len(dims)
    for row in found:
        text = row[0] if measure.period else iso_day(row[0])
        out[(text, dims_text(dict(zip(dims, row[1:k], strict=True))))] = tuple(row[k:])
    return out


def _compare_cells(
    reading: Reading,
    fact: Fact,
    database: sqlite3.Connection,
    findings: Findings,
    progress: _Progress,
) -> None:
    total = sum(len(m.sets) for m in fact.measures)
    done = 0
    known = set()
    for measure in fact.measures:
        for dims in measure.sets:
            cell_set = measure.cell_set(dims)
            known.add(cell_set)
            ours = cell_rows(database, fact, measure, dims)
            stored = reading.cells(cell_set)
            findings.cells += len(ours.keys() | stored.keys())
            for key in sorted(ours.keys() | stored.keys()):
                if ours.get(key) != stored.get(key):
                    name = f"cell {cell_set}/{key[0]}/{key[1]}"
                    findings.differ(name, stored.get(key, "nothing"), ours.get(key, "nothing"))
            done += 1
            progress(f"{fact.contract} cells", done, total)
    for cell_set in reading.cell_sets(f"{fact.contract}."):
        if cell_set not in known:
            findings.differ(f"cells {cell_set}", "cells", "no such measure")


def _recount_rejections(log: SqliteLog, until: int, ledger: dict[Row, int]) -> list[Row]:
    rows: list[Row] = []
    at = 0
    while at < until:
        for batch in log.read(REJECTION.topic, at, until=until):
            for datum in batch.datums():
                wire = avro.read_one(published.by_id(batch.schema_id).plain, datum)
                names = ("contract", "rejected_at", "index", "rule", "field", "value")
                names += ("message_vi", "message_en", "original")  # type: ignore[assignment]
                rows.append((wire["event_id"], batch.sender, *(wire[n] for n in names)))
                day = day_of(wire["rejected_at"])
                key = (wire["contract"], batch.sender, day, "quarantined")
                ledger[key] = ledger.get(key, 0) + 1
            at = batch.next_offset
    return rows


def _compare_rows(reading: Reading, table: str, ours: list[Row], findings: Findings) -> None:
    mine = {r[0]: r for r in ours}
    # What apply itself set aside is compared by the ledger's counts.
    stored = {r[0]: r for r in reading.table(table) if TOO_LARGE not in r}
    for key in sorted(mine.keys() | stored.keys()):
        if mine.get(key) != stored.get(key):
            findings.differ(f"{table} {key}", stored.get(key, "nothing"), mine.get(key, "nothing"))


def _compare_sums(reading: Reading, table: str, ours: dict[Row, int], findings: Findings) -> None:
    stored: dict[Row, int] = {}
    for row in reading.table(table):
        stored[row[:-2]] = stored.get(row[:-2], 0) + int(row[-1])
    for key in sorted(ours.keys() | stored.keys()):
        if ours.get(key, 0) != stored.get(key, 0):
            name = f"{table} {'/'.join(str(k) for k in key)}"
            findings.differ(name, stored.get(key, 0), ours.get(key, 0))


def _compare_received(
    log: SqliteLog, positions: dict[str, int], reading: Reading, findings: Findings
) -> None:
    """Hold the ledger against the log's own count and, where all is applied, the receipts'."""
    classed: dict[Row, int] = {}
    for _, sender, day, _, _, count in reading.table("ledger"):
        classed[(sender, day)] = classed.get((sender, day), 0) + int(count)
    logged: dict[Row, int] = {}
    for topic, until in positions.items():
        for sender, day, count in log.counted(topic, until):
            logged[(sender, day)] = logged.get((sender, day), 0) + count
    _compare_counts("received", classed, logged, findings)
    topics = [c.topic for c in (*registry.contracts().values(), REJECTION)]
    if all(log.end(topic) == positions.get(topic, 0) for topic in topics):
        acknowledged: dict[Row, int] = {}
        for sender, _, day, accepted, rejected in log.received():
            key = (sender, day)
            acknowledged[key] = acknowledged.get(key, 0) + accepted + rejected
        _compare_counts("receipts", classed, acknowledged, findings)


def _compare_counts(
    name: str, stored: dict[Row, int], counted: dict[Row, int], findings: Findings
) -> None:
    for sender, day in sorted(stored.keys() | counted.keys()):
        a, b = stored.get((sender, day), 0), counted.get((sender, day), 0)
        if a != b:
            findings.differ(f"{name} {sender}/{iso_day(day)}", a, b)
