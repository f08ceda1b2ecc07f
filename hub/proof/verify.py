"""Verify: recompute everything from the log by another path, and name what differs.

The path shares only definitions with apply: datums are decoded one by one with fastavro, each
entity is folded in plain Python (`Fact.recount`), and the measures are evaluated by SQLite over
the recomputed facts. Entities are dealt into buckets by their key's bytes, so that memory stays
bounded and all cores help.
"""

import base64
import gc
import hashlib
import multiprocessing
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from hub.apply.closings import flaw
from hub.apply.fold import content_digest
from hub.apply.lateness import bucket
from hub.apply.set_aside import EVENTS_PER_ENTITY_MAX, TOO_LARGE
from hub.clock import DAY_US, day_of, day_start, iso_day
from hub.definitions import avro, revisions
from hub.definitions.admission import verdict_on
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact, Measure, day_sql
from hub.definitions.installed import Definitions
from hub.definitions.own.control import CONTROL
from hub.definitions.own.rejection import REJECTION
from hub.figures.closing import closings
from hub.figures.installed import Installed
from hub.figures.official import recheck
from hub.log.log import Log
from hub.log.slices import Origin, Slice
from hub.proof.sample import Sample
from hub.store.reading import Reading, Row, dims_text
from hub.store.store import Store
from hub.store.tables import LANES

BUCKETS = 16
CHUNK = 50_000
LANE_MODULUS = 2**32
# The checkpoints that hold when verify last ran, wholly or on a sample, and what it found.
STATEMENT, SAMPLE_STATEMENT = "verify", "verify:sample"
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


def verify(
    log: Log,
    store: Store,
    installed: Installed,
    progress: _Progress = lambda *_: None,
    sample: Sample | None = None,
) -> Findings:
    """Compare facts, cells, ledger and quarantine with what the log says, up to the position.

    Of a sample: the facts of the entities in it with the log, the cells of the periods in it with
    the stored facts, and what was received with what was acknowledged.
    """
    findings = Findings()
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="hub-verify-") as folder,
        store.reading() as reading,
        ProcessPoolExecutor(min(os.cpu_count() or 1, 8), mp_context=context) as pool,
    ):
        said = _Said(log)
        for name, fact in store.facts.items():
            contract = store.definitions.contracts[name]
            path = Path(folder) / name
            path.mkdir()
            findings.events += _deal(reading, contract, said, path, progress, sample)
            database = _recount_all(store.definitions, fact, path, pool, said, progress)
            _compare_facts(reading, fact, database, findings, sample)
            if sample is None:
                _compare_cells(reading, fact, database, findings, progress)
            else:
                _compare_some_cells(reading, fact, findings, sample)
            database.close()
        before = said.records
        _recount_rejections(reading, said)
        _recount_closings(reading, said, findings, installed if sample is None else None)
        findings.events += said.records - before
        if sample is None:
            _compare_rows(reading, said.quarantine, findings)
            _compare_sums(reading, "ledger", said.ledger, findings)
            _compare_sums(reading, "arrival", said.arrivals, findings)
            _compare_sums(reading, "lateness", said.lateness, findings)
        _compare_received(reading, said, findings)
    return findings


@dataclass
class _Said:
    """What the log says, as it is read again."""

    log: Log
    ledger: dict[Row, int] = field(default_factory=dict)
    arrivals: dict[Row, int] = field(default_factory=dict)
    lateness: dict[Row, int] = field(default_factory=dict)
    # name -> (sender, contract, acceptance time, original bytes) of what must be in quarantine.
    quarantine: dict[str, Row] = field(default_factory=dict)
    # Records in the log: all, by (sender, day), and by receipt.
    records: int = 0
    received: dict[Row, int] = field(default_factory=dict)
    receipts: dict[str, int] = field(default_factory=dict)
    is_all_applied: bool = True

    def slices(self, reading: Reading, topic: str) -> Iterator[Slice]:
        """Read a topic again up to the store's positions, counting what was received."""
        positions = reading.positions(self.log.identity(topic), topic)
        for partition, end in self.log.ends(topic).items():
            at, until = 0, positions.get(partition, 0)
            self.is_all_applied &= until == end
            while at < until:
                found = self.log.read(topic, at, partition=partition, until=until)
                for one in found:
                    self._count(one)
                    yield one
                at = found[-1].following if found else until

    def _count(self, one: Slice) -> None:
        counts = np.bincount(one.origin, minlength=len(one.origins)).tolist()
        every = list(zip(one.origins, counts, strict=True))
        every += [(r.origin, 1) for r in one.refused]
        for origin, n in every:
            self.records += n
            key = (origin.sender, day_of(origin.accepted_at))
            self.received[key] = self.received.get(key, 0) + n
            self.receipts[origin.receipt] = self.receipts.get(origin.receipt, 0) + n

    def set_aside(self, name: str, contract: Contract, origin: Origin, value: bytes) -> None:
        """Note a record that must be in quarantine."""
        original = base64.b64encode(value).decode()
        self.quarantine[name] = (origin.sender, contract.name, origin.accepted_at, original)
        key = (contract.name, origin.sender, day_of(origin.accepted_at), "quarantined")
        self.ledger[key] = self.ledger.get(key, 0) + 1


def _deal(
    reading: Reading,
    contract: Contract,
    said: _Said,
    folder: Path,
    progress: _Progress,
    sample: Sample | None,
) -> int:
    """Deal a topic's records into bucket files by the first field of the key; count those dealt.

    A record in a bucket file: its length, then sender, acceptance time, place in the log, schema
    id, and its datum.
    """
    files = [(folder / f"{i}.bucket").open("wb") for i in range(BUCKETS)]
    total = sum(reading.positions(said.log.identity(contract.topic), contract.topic).values())
    done = dealt = 0
    for one in said.slices(reading, contract.topic):
        heads = [avro.string_bytes(o.sender) + avro.long_bytes(o.accepted_at) for o in one.origins]
        place = avro.long_bytes(one.partition)
        parts: list[list[bytes]] = [[] for _ in range(BUCKETS)]
        columns = (one.origin.tolist(), one.offsets.tolist(), one.schema_ids.tolist())
        for origin, offset, schema_id, datum in zip(*columns, one.datums(), strict=True):
            key = _first_text(datum)
            if sample is not None and not sample.has(key):
                continue
            dealt += 1
            record = heads[origin] + place + avro.long_bytes(offset)
            record += avro.long_bytes(schema_id) + datum
            size = len(record).to_bytes(4, "little")
            parts[sum(key) % BUCKETS] += (size, record)
        for file, part in zip(files, parts, strict=True):
            file.write(b"".join(part))
        for r in one.refused:
            name = f"{one.topic}/{one.partition}/{r.offset}"
            said.set_aside(name, contract, r.origin, r.value)
        dealt += len(one.refused)
        done += one.count
        progress(contract.name, done, 2 * total)
    for file in files:
        file.close()
    return dealt


def _recount_all(
    definitions: Definitions,
    fact: Fact,
    folder: Path,
    pool: ProcessPoolExecutor,
    said: _Said,
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
    is_open = said.log.is_open
    schemas = {r.schema_id: r.plain for r in revisions.revisions()[fact.contract]}
    filled = [p for p in paths if p.stat().st_size]
    jobs = [pool.submit(_recount, definitions, fact.contract, p, schemas, is_open) for p in filled]
    for i, job in enumerate(jobs, 1):
        rows, counted, arrived, late, set_aside = job.result()
        said.quarantine |= set_aside
        database.execute("BEGIN")
        database.executemany(f"INSERT INTO {fact.table} VALUES ({marks})", rows)
        database.execute("COMMIT")
        for key, n in counted.items():
            said.ledger[key] = said.ledger.get(key, 0) + n
        for key, n in arrived.items():
            said.arrivals[key] = said.arrivals.get(key, 0) + n
        for key, n in late.items():
            said.lateness[key] = said.lateness.get(key, 0) + n
        progress(fact.contract, len(jobs) + i, 2 * len(jobs))
    return database


_Recounted = tuple[list[Row], dict[Row, int], dict[Row, int], dict[Row, int], dict[str, Row]]


def _recount(
    definitions: Definitions,
    name: str,
    path: Path,
    schemas: dict[int, avro.Schema],
    is_open: bool,
) -> _Recounted:
    """Fold one bucket: fact rows, ledger, arrivals and what must be in quarantine."""
    gc.disable()  # everything read here lives until it is returned
    fact, contract = definitions.facts[name], definitions.contracts[name]
    entities: dict[str, Entity] = {}
    lateness: dict[Row, int] = {}
    set_aside = _Said(None)  # type: ignore[arg-type]  # it only gathers here
    read = _readable(contract, path, schemas, set_aside, is_open=is_open)
    for origin, schema_id, datum, wire in _valid(contract, read, set_aside) if is_open else read:
        entity = contract.entity_of(wire)
        said = entities.setdefault(entity, Entity())
        day = day_of(origin.accepted_at)
        if said.add(origin.sender, day, schemas[schema_id], datum, wire):
            late = bucket(origin.accepted_at - contract.occurred_of(wire))
            came = (name, origin.sender, day, late)
            lateness[came] = lateness.get(came, 0) + 1
    rows: list[Row] = []
    ledger = set_aside.ledger
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
    return rows, ledger, arrivals, lateness, set_aside.quarantine


_Read = tuple[Origin, int, bytes, dict[str, Any]]


def _readable(
    contract: Contract,
    path: Path,
    schemas: dict[int, avro.Schema],
    said: _Said,
    *,
    is_open: bool,
) -> Iterator[_Read]:
    """Read a bucket's records that decode; set the others aside."""
    for origin, name, schema_id, datum in _records(contract, path):
        try:
            wire = avro.read_one(schemas[schema_id], datum)
            if is_open and avro.write_one(schemas[schema_id], wire) != datum:
                avro.check_strict(schemas[schema_id], datum)
        except avro.UNDECODABLE_ONE:
            said.set_aside(name, contract, origin, avro.wire(schema_id, datum))
            continue
        if len(wire) < len(contract.fields):
            wire = {f.name: wire.get(f.name) for f in contract.fields}
        wire["~name"] = name
        yield origin, schema_id, datum, wire


def _valid(contract: Contract, read: Iterator[_Read], said: _Said) -> Iterator[_Read]:
    """Pass what keeps its contract; set the rest aside."""
    while chunk := list(islice(read, CHUNK)):
        schema = {f.name: f.dtype for f in contract.fields}
        frame = pl.DataFrame([wire for *_, wire in chunk], schema=schema)
        valid = frame.select(contract.is_valid).to_series().to_list()
        for one, is_valid in zip(chunk, valid, strict=True):
            origin, schema_id, datum, wire = one
            if is_valid or verdict_on(contract, wire) is None:
                yield one
            else:
                said.set_aside(wire["~name"], contract, origin, avro.wire(schema_id, datum))


def _records(contract: Contract, path: Path) -> Iterator[tuple[Origin, str, int, bytes]]:
    raw = path.read_bytes()
    at = 0
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 4], "little")
        record = raw[at + 4 : at + 4 + size]
        at += 4 + size
        length, start = avro.read_long(record, 0)
        sender = record[start : start + length].decode()
        accepted_at, start = avro.read_long(record, start + length)
        partition, start = avro.read_long(record, start)
        offset, start = avro.read_long(record, start)
        schema_id, start = avro.read_long(record, start)
        name = f"{contract.topic}/{partition}/{offset}"
        yield Origin(sender, accepted_at, ""), name, schema_id, record[start:]


def _first_text(datum: bytes) -> bytes:
    """Give the first field of a datum, a text; however long the form its length is written in."""
    if datum and datum[0] < 0x80:
        return datum[1 : 1 + (datum[0] >> 1)]
    try:
        length, start = avro.read_long(datum, 0)
    except IndexError:
        return b""
    return datum[start : start + max(length, 0)]


def fact_digest(contract: str, entity: str, columns: list[Any], is_disputed: bool) -> list[int]:
    """Digest a fact as `hub.apply.fold.digest_facts` says, one fact at a time."""
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

    def add(
        self, sender: str, day: int, schema: avro.Schema, datum: bytes, wire: dict[str, Any]
    ) -> bool:
        """Add one record; tell whether it is new, and taken."""
        contents = self._events.get((sender, wire["event_id"]), {})
        if contents:
            # By content, not by bytes: a foreign producer may write a number in a longer form.
            digest = content_digest(avro.write_one(schema, wire))
            again = {
                content_digest(avro.write_one(schema, w)): (d, w) for d, w in contents.values()
            }
            contents.clear()
            contents.update(again)
        else:
            digest = content_digest(datum)
        if digest in contents:
            self._others.append((sender, day, "duplicate"))
            return False
        if self._count == EVENTS_PER_ENTITY_MAX:
            self._others.append((sender, day, "quarantined"))
            return False
        self._events.setdefault((sender, wire["event_id"]), contents)[digest] = (day, wire)
        self._count += 1
        return True

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
    reading: Reading,
    fact: Fact,
    database: sqlite3.Connection,
    findings: Findings,
    sample: Sample | None,
) -> None:
    names = ",".join(["entity", "is_disputed", *LANES, *fact.types])
    query = f"SELECT {names} FROM {fact.table} ORDER BY entity"
    mine = iter(database.execute(query))
    theirs = reading.stream(query)
    if sample is not None:
        theirs = (r for r in theirs if sample.has(r[0].partition("|")[0].encode()))
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
    rows: Callable[[str], Iterable[Row]],
    fact: Fact,
    measure: Measure,
    dims: tuple[str, ...],
    condition: str = "",
) -> dict[Row, Row]:
    """Compute one measure's cells over facts in SQL: (period, dims) -> (count, value, …)."""
    value = measure.value if measure.is_recomputed else f"SUM({measure.value})"
    group = ",".join(["1", *dims])
    lanes = ",".join(f"SUM({lane}) % {LANE_MODULUS}" for lane in LANES)
    day = day_sql(measure.when)
    found = rows(
        f"SELECT {','.join([day, *dims])}, COUNT(*), {value}, SUM(is_disputed), {lanes}"
        f" FROM {fact.table} WHERE ({measure.where}){condition} GROUP BY {group}"
    )
    out = {}
    k = 1 + len(dims)
    for row in found:
        key = (iso_day(row[0]), dims_text(dict(zip(dims, row[1:k], strict=True))))
        out[key] = tuple(int(n) for n in row[k:])
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
            ours = cell_rows(database.execute, fact, measure, dims)
            _differ_cells(cell_set, reading.cells(cell_set), ours, findings)
            done += 1
            progress(f"{fact.contract} cells", done, total)
    for cell_set in reading.cell_sets(f"{fact.contract}."):
        if cell_set not in known:
            findings.differ(f"cells {cell_set}", "cells", "no such measure")


def _differ_cells(
    cell_set: str, stored: dict[Row, Row], ours: dict[Row, Row], findings: Findings
) -> None:
    findings.cells += len(ours.keys() | stored.keys())
    for key in sorted(ours.keys() | stored.keys()):
        if ours.get(key) != stored.get(key):
            name = f"cell {cell_set}/{key[0]}/{key[1]}"
            findings.differ(name, stored.get(key, "nothing"), ours.get(key, "nothing"))


def _compare_some_cells(reading: Reading, fact: Fact, findings: Findings, sample: Sample) -> None:
    """Compare the cells of the sample's periods with the stored facts."""
    for measure in (m for m in fact.measures if m.sets):
        periods = _periods(reading, fact, measure)
        for dims in measure.sets:
            cell_set = measure.cell_set(dims)
            known = periods | {p for (p,) in reading.rows(_PERIODS_OF, s=cell_set)}
            for period in sorted(p for p in known if sample.has(f"{cell_set}/{p}".encode())):
                condition = f" AND {measure.when} >= :a AND {measure.when} < :b"
                start = day_start(date.fromisoformat(period))
                rows = partial(reading.rows, a=start, b=start + DAY_US)
                ours = cell_rows(rows, fact, measure, dims, condition)
                _differ_cells(cell_set, reading.cells(cell_set, period), ours, findings)


_PERIODS_OF = "SELECT DISTINCT period FROM cell WHERE cell_set = :s"


def _periods(reading: Reading, fact: Fact, measure: Measure) -> set[str]:
    """List the periods in which facts count."""
    day = day_sql(measure.when)
    rows = reading.rows(f"SELECT DISTINCT {day} FROM {fact.table} WHERE {measure.where}")
    return {iso_day(d) for (d,) in rows}


def _own_records(
    reading: Reading, said: _Said, contract: Contract
) -> Iterator[tuple[Origin, int, dict[str, Any]]]:
    """Read a topic of the hub's own again: origin, offset and values of what keeps its contract."""
    for one in said.slices(reading, contract.topic):
        columns = (one.origin.tolist(), one.offsets.tolist(), one.schema_ids.tolist())
        for at, offset, schema_id, datum in zip(*columns, one.datums(), strict=True):
            origin = one.origins[at]
            name = f"{one.topic}/{one.partition}/{offset}"
            try:
                schema = revisions.by_id(schema_id).plain
                wire = avro.read_one(schema, datum)
                if said.log.is_open:
                    avro.check_strict(schema, datum)
            except avro.UNDECODABLE_ONE:
                said.set_aside(name, contract, origin, avro.wire(schema_id, datum))
                continue
            is_flawed = contract is CONTROL and flaw(wire) is not None
            if is_flawed or verdict_on(contract, wire) is not None:
                said.set_aside(name, contract, origin, avro.wire(schema_id, datum))
                continue
            yield origin, offset, wire
        for r in one.refused:
            said.set_aside(f"{one.topic}/{one.partition}/{r.offset}", contract, r.origin, r.value)


def _recount_rejections(reading: Reading, said: _Said) -> None:
    """Read the quarantine topic again."""
    for origin, _, wire in _own_records(reading, said, REJECTION):
        is_known = wire["event_id"] in said.quarantine
        kind = "duplicate" if is_known else "quarantined"
        key = (wire["contract"], origin.sender, day_of(origin.accepted_at), kind)
        said.ledger[key] = said.ledger.get(key, 0) + 1
        if not is_known:
            named = (origin.sender, wire["contract"], wire["rejected_at"], wire["original"])
            said.quarantine[wire["event_id"]] = named


def _recount_closings(
    reading: Reading, said: _Said, findings: Findings, installed: Installed | None
) -> None:
    """Read the control topic again, and compute closed figures at their cuts where asked."""
    ours: dict[str, Row] = {}
    for origin, _, wire in _own_records(reading, said, CONTROL):
        kind = "duplicate" if wire["event_id"] in ours else "applied"
        key = (CONTROL.name, origin.sender, day_of(origin.accepted_at), kind)
        said.ledger[key] = said.ledger.get(key, 0) + 1
        names = ("period", "closed_at", "closed_by", "cut", "figures", "silent", "digest")
        ours.setdefault(wire["event_id"], tuple(wire[n] for n in names))
    stored = {r[0]: r[1:] for r in reading.closings()}
    for name in sorted(ours.keys() | stored.keys()):
        if ours.get(name) != stored.get(name):
            findings.differ(f"closing {name}", stored.get(name), ours.get(name))
    if installed is not None:
        book = installed.book(reading)
        for closing in closings(reading):
            for what, kept, found in recheck(closing, book, installed.kpis.values()):
                findings.differ(f"closing {closing.event_id} {what}", kept, found)


def _compare_rows(reading: Reading, ours: dict[str, Row], findings: Findings) -> None:
    # What apply set aside as too large is compared by the ledger's counts.
    stored = {
        r[0]: (r[1], r[2], r[3], r[-1]) for r in reading.table("quarantine") if TOO_LARGE not in r
    }
    for key in sorted(ours.keys() | stored.keys()):
        if ours.get(key) != stored.get(key):
            name = f"quarantine {key}"
            findings.differ(name, stored.get(key, "nothing"), ours.get(key, "nothing"))


def _compare_sums(reading: Reading, table: str, ours: dict[Row, int], findings: Findings) -> None:
    stored: dict[Row, int] = {}
    for row in reading.table(table):
        stored[row[:-2]] = stored.get(row[:-2], 0) + int(row[-1])
    for key in sorted(ours.keys() | stored.keys()):
        if ours.get(key, 0) != stored.get(key, 0):
            name = f"{table} {'/'.join(str(k) for k in key)}"
            findings.differ(name, stored.get(key, 0), ours.get(key, 0))


def _compare_received(reading: Reading, said: _Said, findings: Findings) -> None:
    """Hold the ledger against the log's own count, and the log against what was acknowledged."""
    classed: dict[Row, int] = {}
    for _, sender, day, _, _, count in reading.table("ledger"):
        classed[(sender, day)] = classed.get((sender, day), 0) + int(count)
    _compare_counts("received", classed, said.received, findings)
    if said.is_all_applied:
        # A record without a receipt was never acknowledged: its sender sends it again.
        for r in said.log.receipts():
            found = said.receipts.get(r.id, 0)
            if found != r.accepted + r.rejected:
                name = f"receipt {r.id} of {r.sender}/{iso_day(r.day)}"
                findings.differ(name, r.accepted + r.rejected, found)


def _compare_counts(
    name: str, stored: dict[Row, int], counted: dict[Row, int], findings: Findings
) -> None:
    for sender, day in sorted(stored.keys() | counted.keys()):
        a, b = stored.get((sender, day), 0), counted.get((sender, day), 0)
        if a != b:
            findings.differ(f"{name} {sender}/{iso_day(day)}", a, b)
