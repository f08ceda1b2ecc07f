"""Recount: what the log comes to, by another path than apply's.

The path shares only definitions with apply: datums are decoded one by one with fastavro, and each
entity is folded in plain Python (`Fact.recount`). Entities are dealt into buckets by their key's
bytes, so that memory stays bounded and all cores help.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from hub.apply.acts import CLOSED, DECLARED, flaw
from hub.apply.fold import HELD
from hub.apply.lateness import bucket
from hub.clock import day_of
from hub.definitions import avro, revisions
from hub.definitions.admission import verdict_on
from hub.definitions.ahead import US_MAX
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact
from hub.definitions.installed import Definitions
from hub.definitions.originals import in_log
from hub.definitions.own.alert import ALERT
from hub.definitions.own.control import CONTROL
from hub.definitions.own.rejection import REJECTION
from hub.log.log import Log
from hub.log.slices import Origin, Slice
from hub.proof.entity import Entity
from hub.proof.sample import Sample
from hub.store.reading import Reading, Row
from hub.store.states import decode_states
from hub.store.tables import LANES

BUCKETS = 16
CHUNK = 50_000
BYTES_WORTH_PROCESSES = 4 << 20  # some 30,000 events of a contract
Progress = Callable[[str, int, int], None]


@dataclass
class Recount:
    """What the log says, as it is read again, and what it must come to."""

    log: Log
    ledger: dict[Row, int] = field(default_factory=dict)
    arrivals: dict[Row, int] = field(default_factory=dict)
    lateness: dict[Row, int] = field(default_factory=dict)
    # name -> (sender, contract, acceptance time, original) of what must be in quarantine.
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
                slices = self.log.read(topic, at, partition=partition, until=until)
                for log_slice in slices:
                    self._count(log_slice)
                    yield log_slice
                at = slices[-1].following if slices else until

    def _count(self, log_slice: Slice) -> None:
        counts = np.bincount(log_slice.origin, minlength=len(log_slice.origins)).tolist()
        by_origin = list(zip(log_slice.origins, counts, strict=True))
        by_origin += [(r.origin, 1) for r in log_slice.refused]
        for origin, n in by_origin:
            self.records += n
            key = (origin.sender, day_of(origin.accepted_at))
            self.received[key] = self.received.get(key, 0) + n
            self.receipts[origin.receipt] = self.receipts.get(origin.receipt, 0) + n

    def set_aside(self, name: str, contract: Contract, origin: Origin, value: bytes) -> None:
        """Note a record that must be in quarantine."""
        self.quarantine[name] = (origin.sender, contract.name, origin.accepted_at, in_log(value))
        key = (contract.name, origin.sender, day_of(origin.accepted_at), "quarantined")
        self.ledger[key] = self.ledger.get(key, 0) + 1


def deal(
    reading: Reading,
    contract: Contract,
    recount: Recount,
    folder: Path,
    progress: Progress,
    sample: Sample | None,
) -> int:
    """Deal a topic's records into bucket files by the first field of the key; count those dealt.

    A record in a bucket file: its length, then sender, acceptance time, place in the log, schema
    id, and its datum.
    """
    files = [(folder / f"{i}.bucket").open("wb") for i in range(BUCKETS)]
    total = sum(reading.positions(recount.log.identity(contract.topic), contract.topic).values())
    done = dealt = 0
    for log_slice in recount.slices(reading, contract.topic):
        heads = [
            avro.string_bytes(o.sender) + avro.long_bytes(o.accepted_at) for o in log_slice.origins
        ]
        place = avro.long_bytes(log_slice.partition)
        parts: list[list[bytes]] = [[] for _ in range(BUCKETS)]
        columns = (
            log_slice.origin.tolist(),
            log_slice.offsets.tolist(),
            log_slice.schema_ids.tolist(),
        )
        for origin, offset, schema_id, datum in zip(*columns, log_slice.datums(), strict=True):
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
        for r in log_slice.refused:
            name = f"{log_slice.topic}/{log_slice.partition}/{r.offset}"
            recount.set_aside(name, contract, r.origin, r.value)
        dealt += len(log_slice.refused)
        done += log_slice.count
        progress(contract.name, done, 2 * total)
    for file in files:
        file.close()
    return dealt


def _each(log_slice: Slice) -> Iterator[tuple[int, int, int, bytes]]:
    """Give of each record the number of its origin, its offset, its schema id and its datum."""
    columns = (log_slice.origin, log_slice.offsets, log_slice.schema_ids)
    return zip(*(c.tolist() for c in columns), log_slice.datums(), strict=True)


def recount_facts(
    definitions: Definitions,
    fact: Fact,
    reading: Reading,
    folder: Path,
    pool: ProcessPoolExecutor,
    recount: Recount,
    progress: Progress,
) -> sqlite3.Connection:
    """Fold every bucket in plain Python into one table of recomputed facts.

    On all cores, where there is enough to fold: a process takes a second or two to start. What no
    order of partitions tells, which of two copies was taken first, is asked of the store.
    """
    database = sqlite3.connect(folder / "facts.sqlite3", isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA journal_mode = OFF")
    names = ["entity", "is_disputed", "held", *LANES, *fact.types]
    database.execute(f"CREATE TABLE {fact.table} ({','.join(names)})")
    marks = ",".join("?" * len(names))
    paths = [folder / f"{i}.bucket" for i in range(BUCKETS)]
    is_open = recount.log.is_open
    schemas = {r.schema_id: r.plain for r in revisions.revisions()[fact.contract]}
    filled = [p for p in paths if p.stat().st_size]
    fold = partial(_recount_bucket, definitions, fact.contract, schemas=schemas, is_open=is_open)
    is_much = sum(p.stat().st_size for p in filled) > BYTES_WORTH_PROCESSES
    folded = pool.map(fold, filled) if is_much else map(fold, filled)
    for i, (settled, set_aside, scattered) in enumerate(folded, 1):
        recount.quarantine |= set_aside
        for part in (settled, _settle_scattered(definitions, fact, reading, scattered)):
            database.execute("BEGIN")
            database.executemany(f"INSERT INTO {fact.table} VALUES ({marks})", part.rows)
            database.execute("COMMIT")
            _add(recount.ledger, part.ledger)
            _add(recount.arrivals, part.arrivals)
            _add(recount.lateness, part.lateness)
        progress(fact.contract, len(filled) + i, 2 * len(filled))
    return database


def _add(counts: dict[Row, int], more: dict[Row, int]) -> None:
    for key, n in more.items():
        counts[key] = counts.get(key, 0) + n


@dataclass
class _Settled:
    """What entities come to: rows of facts, and counts by the keys of their tables."""

    rows: list[Row] = field(default_factory=list)
    ledger: dict[Row, int] = field(default_factory=dict)
    arrivals: dict[Row, int] = field(default_factory=dict)
    lateness: dict[Row, int] = field(default_factory=dict)


class Came(NamedTuple):
    """A record's sender, when it was accepted, and its wire values."""

    sender: str
    accepted_at: int
    wire: dict[str, Any]


# The same, and whether it was taken.
_Came = tuple[str, int, dict[str, Any], bool]


class _Gathered:
    """An entity's records as they come: its events, and of each record whether it was taken."""

    def __init__(self, contract: Contract) -> None:
        self.entity = Entity(contract)
        self.came: list[_Came] = []

    def add(self, sender: str, accepted_at: int, wire: dict[str, Any]) -> None:
        """Add one record."""
        is_taken = self.entity.add(sender, day_of(accepted_at), wire)
        self.came.append((sender, accepted_at, wire, is_taken))

    @property
    def is_scattered(self) -> bool:
        """Whether one was not taken, and another partition has some: which came first is open."""
        if all(is_taken for *_, is_taken in self.came):
            return False
        return len({_place(wire)[0] for _, _, wire, _ in self.came}) > 1


def _place(wire: dict[str, Any]) -> tuple[int, int]:
    """Give partition and offset of a record."""
    _, partition, offset = wire["~name"].rsplit("/", 2)
    return int(partition), int(offset)


def read_again(
    contract: Contract, folder: Path, names: set[str], *, is_open: bool
) -> Iterator[Came]:
    """Read the dealt records of some entities again, as far as they keep their contract."""
    keys = {name.encode() for name in names}
    schemas = {r.schema_id: r.plain for r in revisions.revisions()[contract.name]}
    elsewhere = Recount(None)  # type: ignore[arg-type]  # what is set aside is counted already
    for number in sorted({sum(key) % BUCKETS for key in keys}):
        path = folder / f"{number}.bucket"
        read = _readable(contract, path, schemas, elsewhere, is_open=is_open, keys=keys)
        for origin, _, _, wire in _valid(contract, read, elsewhere) if is_open else read:
            yield Came(origin.sender, origin.accepted_at, wire)


_OfBucket = tuple[_Settled, dict[str, Row], dict[str, list[_Came]]]


def _recount_bucket(
    definitions: Definitions,
    name: str,
    path: Path,
    *,
    schemas: dict[int, avro.Schema],
    is_open: bool,
) -> _OfBucket:
    """Fold one bucket; beside it what must be in quarantine, and what only the store can order."""
    contract = definitions.contracts[name]
    entities: dict[str, _Gathered] = {}
    set_aside = Recount(None)  # type: ignore[arg-type]  # it only gathers here
    read = _readable(contract, path, schemas, set_aside, is_open=is_open)
    for origin, _, _, wire in _valid(contract, read, set_aside) if is_open else read:
        entity = contract.entity_of(wire)
        gathered = entities.setdefault(entity, _Gathered(contract))
        gathered.add(origin.sender, origin.accepted_at, wire)
    scattered = {e: g.came for e, g in entities.items() if g.is_scattered}
    for entity in scattered:
        del entities[entity]
    settled = _settle(definitions, name, entities)
    _add(settled.ledger, set_aside.ledger)
    return settled, set_aside.quarantine, scattered


def _settle_scattered(
    definitions: Definitions, fact: Fact, reading: Reading, scattered: dict[str, list[_Came]]
) -> _Settled:
    """Settle entities in the order in which the store has their events; the others come behind.

    Where a key moves to another partition, as where partitions are added, two copies of an event
    stand in two of them. The one that was read first was taken, and the log does not say which.
    """
    if not scattered:
        return _Settled()
    contract = definitions.contracts[fact.contract]
    stored = reading.states(fact, list(scattered))
    places = iter(decode_states(contract, stored).select("partition", "offset").iter_rows())
    orders = {e: {p: i for i, p in enumerate(islice(places, n))} for e, _, n, _ in stored}
    again = {entity: _Gathered(contract) for entity in scattered}
    for entity, came in scattered.items():
        order = orders.get(entity, {})
        for sender, at, wire, _ in sorted(came, key=lambda r: order.get(_place(r[2]), len(order))):
            again[entity].add(sender, at, wire)
    return _settle(definitions, fact.contract, again)


def _settle(definitions: Definitions, name: str, entities: dict[str, _Gathered]) -> _Settled:
    fact, contract = definitions.facts[name], definitions.contracts[name]
    settled = _Settled()
    rows, ledger = settled.rows, settled.ledger
    arrivals, lateness = settled.arrivals, settled.lateness
    for entity, gathered in entities.items():
        for sender, at, wire, is_taken in gathered.came:
            if is_taken:
                late = (name, sender, day_of(at), bucket(at - contract.occurred_of(wire)))
                lateness[late] = lateness.get(late, 0) + 1
        live, is_disputed, classes = gathered.entity.settle()
        values = fact.recount(list(live))
        columns = [values[n] for n in fact.types]
        lanes = fact_digest(name, entity, columns, is_disputed)
        held = sum(kind == HELD for _, _, kind in classes)
        rows.append((entity, int(is_disputed), held, *lanes, *columns))
        for sender, day, kind in classes:
            key = (name, sender, day, kind)
            ledger[key] = ledger.get(key, 0) + 1
        for sender, party, wire in gathered.entity.arrived():
            day = day_of(contract.occurred_of(wire))
            happened = (name, sender, party, contract.span_of(wire), day)
            arrivals[happened] = arrivals.get(happened, 0) + 1
    return settled


_Read = tuple[Origin, int, bytes, dict[str, Any]]


def _readable(
    contract: Contract,
    path: Path,
    schemas: dict[int, avro.Schema],
    recount: Recount,
    *,
    is_open: bool,
    keys: set[bytes] | None = None,
) -> Iterator[_Read]:
    """Read a bucket's records that decode, of some first texts or all; set the others aside."""
    for origin, name, schema_id, datum in _records(contract, path):
        if keys is not None and _first_text(datum) not in keys:
            continue
        try:
            wire = avro.read_one(schemas[schema_id], datum)
            if is_open and avro.write_one(schemas[schema_id], wire) != datum:
                avro.check_strict(schemas[schema_id], datum)
        except avro.UNDECODABLE_ONE:
            recount.set_aside(name, contract, origin, avro.wire(schema_id, datum))
            continue
        if len(wire) < len(contract.fields):
            wire = {f.name: wire.get(f.name) for f in contract.fields}
        wire["~name"] = name
        yield origin, schema_id, datum, wire


def _valid(contract: Contract, read: Iterator[_Read], recount: Recount) -> Iterator[_Read]:
    """Pass what keeps its contract; set the rest aside."""
    while chunk := list(islice(read, CHUNK)):
        schema = {f.name: f.dtype for f in contract.fields}
        frame = pl.DataFrame([wire for *_, wire in chunk], schema=schema)
        valid = frame.select(contract.is_valid).to_series().to_list()
        for record, is_valid in zip(chunk, valid, strict=True):
            origin, schema_id, datum, wire = record
            is_kept = is_valid or verdict_on(contract, wire) is None
            if is_kept and not _is_ahead(contract, wire, origin.accepted_at):
                yield record
            else:
                recount.set_aside(wire["~name"], contract, origin, avro.wire(schema_id, datum))


def _is_ahead(contract: Contract, wire: dict[str, Any], accepted_at: int) -> bool:
    """Tell whether an event speaks of what was yet to come when it was accepted."""
    limit = accepted_at + US_MAX
    instants = [wire[n] for n in contract.past if isinstance(wire[n], int)]
    return any(n > limit for n in (contract.occurred_of(wire), *instants))


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
    values = ["" if c is None else str(c) for c in columns]
    text = "\x1f".join([contract, entity, *values, str(int(is_disputed))])
    raw = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return [int.from_bytes(raw[i : i + 4], "little") for i in range(0, 16, 4)]


def _own_records(
    reading: Reading, recount: Recount, contract: Contract
) -> Iterator[tuple[Origin, int, dict[str, Any]]]:
    """Read a topic of the hub's own again: origin, offset and values of what keeps its contract."""
    for log_slice in recount.slices(reading, contract.topic):
        columns = (
            log_slice.origin.tolist(),
            log_slice.offsets.tolist(),
            log_slice.schema_ids.tolist(),
        )
        for at, offset, schema_id, datum in zip(*columns, log_slice.datums(), strict=True):
            origin = log_slice.origins[at]
            name = f"{log_slice.topic}/{log_slice.partition}/{offset}"
            try:
                schema = revisions.by_id(schema_id).plain
                wire = avro.read_one(schema, datum)
                if recount.log.is_open:
                    avro.check_strict(schema, datum)
            except avro.UNDECODABLE_ONE:
                recount.set_aside(name, contract, origin, avro.wire(schema_id, datum))
                continue
            is_flawed = contract is CONTROL and flaw(wire) is not None
            is_flawed = is_flawed or verdict_on(contract, wire) is not None
            if is_flawed or _is_ahead(contract, wire, origin.accepted_at):
                recount.set_aside(name, contract, origin, avro.wire(schema_id, datum))
                continue
            yield origin, offset, wire
        for r in log_slice.refused:
            recount.set_aside(
                f"{log_slice.topic}/{log_slice.partition}/{r.offset}", contract, r.origin, r.value
            )


def recount_rejections(reading: Reading, recount: Recount) -> None:
    """Read the quarantine topic again."""
    for origin, _, wire in _own_records(reading, recount, REJECTION):
        is_known = wire["event_id"] in recount.quarantine
        kind = "duplicate" if is_known else "quarantined"
        key = (wire["contract"], origin.sender, day_of(origin.accepted_at), kind)
        recount.ledger[key] = recount.ledger.get(key, 0) + 1
        if not is_known:
            named = (origin.sender, wire["contract"], wire["rejected_at"], wire["original"])
            recount.quarantine[wire["event_id"]] = named


def recount_acts(reading: Reading, recount: Recount) -> tuple[dict[str, Row], ...]:
    """Read the control topic again: what was closed, loaded and declared, each by event id."""
    closed: dict[str, Row] = {}
    loaded: dict[str, Row] = {}
    declared: dict[str, Row] = {}
    for origin, _, wire in _own_records(reading, recount, CONTROL):
        is_known = any(wire["event_id"] in acts for acts in (closed, loaded, declared))
        kind = "duplicate" if is_known else "applied"
        key = (CONTROL.name, origin.sender, day_of(origin.accepted_at), kind)
        recount.ledger[key] = recount.ledger.get(key, 0) + 1
        if is_known:
            continue
        if wire["kind"] == CLOSED:
            names = ("period", "closed_at", "closed_by", "cut", "figures", "silent", "digest")
            closed[wire["event_id"]] = tuple(wire[n] for n in names)
        elif wire["kind"] == DECLARED:
            said = (wire["period"], wire["closed_at"], wire["rows"])
            declared[wire["event_id"]] = (origin.sender, *said)
        else:
            loaded[wire["event_id"]] = (wire["period"], wire["digest"], wire["rows"])
    return closed, loaded, declared


def recount_alerts(reading: Reading, recount: Recount) -> dict[str, Row]:
    """Read the alert topic again: what became of alerts, by event id."""
    events: dict[str, Row] = {}
    for origin, _, wire in _own_records(reading, recount, ALERT):
        is_known = wire["event_id"] in events
        kind = "duplicate" if is_known else "applied"
        key = (ALERT.name, origin.sender, day_of(origin.accepted_at), kind)
        recount.ledger[key] = recount.ledger.get(key, 0) + 1
        if not is_known:
            events[wire["event_id"]] = tuple(
                wire[f.name] for f in ALERT.fields if f.name != "recorded_at"
            )
    return events
