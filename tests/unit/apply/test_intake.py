"""Intake: whatever stands in an open log, each record is judged as if it stood alone."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub import registry
from hub.apply import intake
from hub.apply.applier import Applier
from hub.apply.intake import Taken
from hub.definitions import avro, datums, revisions
from hub.definitions.admission import verdict_on
from hub.definitions.ahead import US_MAX
from hub.definitions.contract import Contract
from hub.definitions.originals import in_log
from hub.definitions.own.rejection import REJECTION
from hub.kafka import wire
from hub.log.slices import Origin, Slice, join
from hub.store.store import Store
from stream_jobs.worked import dossier, paid, received, salinity
from tests.parts import by_hand, stores
from tests.parts.by_hand import datum, varint
from tests.parts.depth import rounds
from tests.parts.small import NOW, Json
from tests.parts.varied import varied
from tests.unit.log.test_sqlite import AT

CONTRACTS = {**registry.contracts(), REJECTION.name: REJECTION}
ROUNDS = rounds(60, quick=30)
Values = dict[str, Any]
Mutation = Callable[[random.Random, Contract, Values, bytes], bytes | None]


def wire_values(contract: Contract, item: Json) -> Values:
    return contract.wire(contract.item.validate_json(json.dumps(item)))


def make(r: random.Random, contract: Contract, number: int) -> Values:
    """Make an event that keeps its contract, of varying size, as wire values."""
    code = "H57." + "7" * r.choice([1, 1, 5, 59])
    name = r.choice(["", "sự kiện ", "\U0001f30a"]) + str(number)
    day = f"2023-0{r.randint(1, 9)}-1{r.randint(0, 9)}"
    if contract.name == "dossier":
        item = r.choice(
            [
                received(code, day, channel=r.choice(["online", "post"])),
                dossier(code, "rated", day, satisfied=r.random() < 0.5),
                dossier(code, "retracted", day, retracts="x" * r.choice([1, 64])),
                dossier(code, "processing", day, recorded_at="1950-01-01T00:00:00Z"),
            ]
        )
    elif contract.name == "payment":
        amount = r.choice([0, 1, 63, 64, 10**11])
        item = paid("cash", day[: r.choice([4, 7, 10])], customers=amount, amount=amount)
    elif contract.name == "reading":
        item = salinity("ST01", f"{day}T0{r.randint(0, 9)}:00", r.choice([0, 0.001, 41.999, 42]))
    elif contract.name in registry.contracts():
        instants = [f"{day}T08:00:00+07:00"]
        item = varied(contract.name).odd(r, 1, instants)[0]
        name = f"e{number}"
    else:
        return {
            "event_id": name,
            "recorded_at": None,
            "contract": "dossier",
            "rejected_at": AT + number,
            "index": r.choice([0, 63, 64, 2**31]),
            **{n: r.choice(["", "x", "ẻ" * 100, "\n"]) for n in ("rule", "field", "value")},
            "message_vi": "sai",
            "message_en": "wrong",
            "original": "eA==" * r.choice([0, 1, 1_000]),
        }
    return wire_values(contract, item | {"event_id": name})


def other_bytes(r: random.Random, _: Contract, __: Values, value: bytes) -> bytes:
    out = bytearray(value)
    for _n in range(r.randint(1, 4)):
        out[r.randrange(5, len(out))] = r.randrange(256)
    return bytes(out)


def one_bit(r: random.Random, _: Contract, __: Values, value: bytes) -> bytes:
    at = r.randrange(5, len(value))
    return value[:at] + bytes([value[at] ^ (1 << r.randrange(8))]) + value[at + 1 :]


def cut(r: random.Random, _: Contract, __: Values, value: bytes) -> bytes:
    return value[: r.randrange(len(value))]


def left_out(r: random.Random, _: Contract, __: Values, value: bytes) -> bytes:
    at = r.randrange(5, len(value))
    return value[:at] + value[at + r.randint(1, 4) :]


def put_in(r: random.Random, _: Contract, __: Values, value: bytes) -> bytes:
    at = r.randrange(5, len(value) + 1)
    return value[:at] + r.randbytes(r.randint(1, 4)) + value[at:]


def noise(r: random.Random, _: Contract, __: Values, value: bytes) -> bytes:
    return value[:5] + r.randbytes(r.randrange(60))


def twice(r: random.Random, _: Contract, __: Values, value: bytes) -> bytes:
    return value + value[5:] * r.randint(1, 2)


def nothing(r: random.Random, _: Contract, __: Values, ___: bytes) -> bytes | None:
    return r.choice([None, b"", b"\x00", b"\x00\x00\x00\x00\x01"])


def another_head(r: random.Random, _: Contract, __: Values, value: bytes) -> bytes:
    listed = [r.schema_id for rs in revisions.revisions().values() for r in rs]
    return avro.wire(r.choice([*listed, 0, 2**32 - 1]), value[5:])


def another_magic(r: random.Random, _: Contract, __: Values, value: bytes) -> bytes:
    return bytes([r.randint(1, 255)]) + value[1:]


def lying_length(r: random.Random, _: Contract, __: Values, value: bytes) -> bytes:
    lie = varint(r.choice([-1, -(2**62), 2**62, 2**31, 2**40, 1_000]))
    return value[:5] + lie + value[r.randrange(6, len(value)) :]


def endless_number(r: random.Random, _: Contract, __: Values, value: bytes) -> bytes:
    at = r.randrange(5, len(value))
    return value[:at] + bytes([0x80 | r.randrange(128)] * r.randint(9, 12)) + value[at:]


def longer_form(r: random.Random, contract: Contract, values: Values, value: bytes) -> bytes:
    names = [f.name for f in contract.fields if values.get(f.name) is not None]
    unions = [f"~{f.name}" for f in contract.fields if f.optional]
    longer = r.sample(names + unions, r.randint(1, 3))
    return value[:5] + datum(contract, values, longer=longer, by=r.randint(1, 3))


def broken_contract(r: random.Random, contract: Contract, values: Values, value: bytes) -> bytes:
    f = r.choice(contract.fields)
    worse: dict[str, list[Any]] = {
        "text": ["", "\x00", "x" * 3_000, "\n", "ẻ", " "],
        "instant": [-(2**63), 2**63 - 1, 253_402_214_400_000_001],
        "integer": [-1, 2**63 - 1, -(2**63)],
        "thousandths": [10**12 + 1, -(2**63), 2**63 - 1],
        "boolean": [True],
    }
    return value[:5] + datum(contract, values | {f.name: r.choice(worse[f.kind])})


MUTATIONS: list[Mutation] = [
    other_bytes,
    one_bit,
    cut,
    left_out,
    put_in,
    noise,
    twice,
    nothing,
    another_head,
    another_magic,
    lying_length,
    endless_number,
    longer_form,
    broken_contract,
]


def headers(r: random.Random) -> list[tuple[str, bytes | None]]:
    said: list[tuple[str, bytes | None]] = []
    for name in ("ce_source", "ce_receipt", "ce_id", "x"):
        if r.random() < 0.3:
            good = b"/senders/s" if name == "ce_source" else b"1"
            said.append((name, r.choice([None, b"", r.randbytes(5), good])))
    return said


def taken(contract: Contract, values: list[bytes | None], slices: int = 1) -> Taken:
    """Take records as they would be fetched, in so many slices of as many partitions."""
    parts = []
    for p in range(slices):
        own = values[p::slices]
        every = [()] * len(own)
        span = (0, len(own))
        records = wire.one_by_one(range(len(own)), [AT // 1000] * len(own), own, every)
        parts.append(wire.slice_of(contract, p, span, records))
    return intake.take(contract, join(parts))


def judged(contract: Contract, value: bytes | None) -> Values | None:
    """Say what a record holds, by itself, decoded by hand; None where it is to be set aside."""
    if value is None or len(value) < 6 or value[0] != 0:
        return None
    number = int.from_bytes(value[1:5], "big")
    fields = {r.schema_id: len(r.plain["fields"]) for r in revisions.revisions()[contract.name]}
    if number not in fields:
        return None
    found = by_hand.read(contract, value[5:], fields[number])
    if not found or verdict_on(contract, found) is not None:
        return None
    instants = [found[n] for n in contract.past if isinstance(found[n], int)]
    is_ahead = any(n > AT + US_MAX for n in (contract.occurred_of(found), *instants))
    return None if is_ahead else found


@pytest.mark.parametrize("name", CONTRACTS)
def test_each_record_is_judged_as_if_it_stood_alone(name: str) -> None:
    contract = CONTRACTS[name]
    r = random.Random(f"intake {name}")
    schema_id = revisions.latest(name).schema_id
    fates = {"whole": 0, "taken": 0, "set aside": 0}
    for _ in range(ROUNDS):
        count = r.choice([1, 2, 33, 150])
        events = [make(r, contract, i) for i in range(count)]
        share = r.choice([0.02, 0.1, 0.5, 1])
        values: list[bytes | None] = []
        whole: dict[int, Values] = {}
        for i, event in enumerate(events):
            good = avro.wire(schema_id, datum(contract, event))
            if r.random() < share:
                values.append(r.choice(MUTATIONS)(r, contract, event, good))
            else:
                values.append(good)
                whole[i] = event
        slices = r.randint(1, 3)
        found = taken(contract, values, slices)

        assert len(found.frame) + len(found.rejected) == count
        names = [f.name for f in contract.fields]
        kept: dict[int, Values] = {}
        for row in found.frame.iter_rows(named=True):
            at = row["row"]
            partition = int(found.records.partition[at])
            place = int(found.records.offsets[at]) * slices + partition
            assert place not in kept
            kept[place] = {n: row[n] for n in names}
        refused = {one.offset * slices + one.partition: one for one in found.rejected}
        assert len(refused) == len(found.rejected)
        assert kept.keys() | refused.keys() == set(range(count))
        for place, event in whole.items():
            assert kept[place] == event
        for place, value in enumerate(values):
            assert kept.get(place) == judged(contract, value), (place, value)
        for place, one in refused.items():
            assert one.original == in_log(values[place] or b"")
            assert one.rule
            assert one.message_vi
            assert one.message_en
        fates["whole"] += len(whole)
        fates["taken"] += len(kept) - len(whole)
        fates["set aside"] += len(refused)
    # The law would say little of mutations that all do the same.
    assert min(fates.values()) > rounds(50, quick=5), fates


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.__name__)
def test_one_bad_record_among_many_costs_no_other(mutation: Mutation) -> None:
    contract = CONTRACTS["dossier"]
    r = random.Random(mutation.__name__)
    schema_id = revisions.latest("dossier").schema_id
    events = [make(r, contract, i) for i in range(1_000)]
    good = [avro.wire(schema_id, datum(contract, e)) for e in events]
    for _ in range(rounds(5, quick=2)):
        at = r.randrange(1_000)
        values: list[bytes | None] = [*good]
        values[at] = mutation(r, contract, events[at], good[at])
        found = taken(contract, values)
        assert len(found.frame) + len(found.rejected) == 1_000
        others = [e["event_id"] for i, e in enumerate(events) if i != at]
        offsets = found.records.offsets[found.frame["row"].to_numpy()]
        rows = found.frame.filter(offsets != at)
        assert rows.sort("row")["event_id"].to_list() == others
        assert {one.offset for one in found.rejected} <= {at}


def test_any_headers_and_timestamps_give_an_origin() -> None:
    contract = CONTRACTS["dossier"]
    r = random.Random("headers")
    schema_id = revisions.latest("dossier").schema_id
    for _ in range(rounds(200, quick=40)):
        count = r.randint(1, 30)
        events = [make(r, contract, i) for i in range(count)]
        values = [avro.wire(schema_id, datum(contract, e)) for e in events]
        stamps = [r.choice([-1, 0, 1_790_000_000_000]) for _ in values]
        every = [headers(r) for _ in values]
        one = wire.slice_of(
            contract, 0, (0, count), wire.one_by_one(range(count), stamps, values, every)
        )
        assert (one.count, len(one.origin)) == (count, count)
        for i, o in enumerate(one.origin.tolist()):
            origin = one.origins[o]
            said = dict(every[i])
            assert origin.sender
            assert origin.sender.isprintable()
            assert origin.accepted_at == max(stamps[i], 0) * 1000
            assert origin.receipt == ("1" if said.get("ce_receipt") == b"1" else origin.receipt)
            if said.get("ce_source") == b"/senders/s":
                assert origin.sender == "s"
            elif not said.get("ce_source"):
                assert origin.sender == "unnamed"
        # What was accepted before it happened is set aside.
        kept = intake.take(contract, join([one])).frame
        assert len(kept) == sum(n > 0 for n in stamps)


@pytest.mark.parametrize("stamp", [2**63 - 1, 2**62, 253_402_300_800_000])
def test_a_timestamp_outside_the_calendar_stops_nothing(tmp_path: Path, stamp: int) -> None:
    """A broker that does not bound timestamps hands over any 64 bits."""
    contract = CONTRACTS["dossier"]
    store = Store(stores.store_url(tmp_path), registry.definitions())
    store.check_definitions()
    event = make(random.Random(1), contract, 1)
    value = avro.wire(revisions.latest("dossier").schema_id, datum(contract, event))
    records = wire.one_by_one([0, 1], [stamp] * 2, [value, b"bad"], [(), ()])
    one = wire.slice_of(contract, 0, (0, 2), records)
    Applier(store, lambda _: "log", lambda: NOW, has_listeners=True).apply(contract, [one])
    with store.reading() as reading:
        assert sum(r[-1] for r in reading.table("ledger")) == 2
    store.close()


def test_nothing_read_is_nothing_taken() -> None:
    """A stretch of markers and aborted records moves the position and holds no record."""
    for contract in CONTRACTS.values():
        one = wire.slice_of(contract, 3, (5, 9), wire.join([]))
        assert (one.first, one.following, one.count) == (5, 9, 0)
        found = intake.take(contract, join([one, one]))
        assert (len(found.frame), found.rejected) == (0, [])


def test_slices_of_two_senders_join_with_their_origins() -> None:
    contract = CONTRACTS["dossier"]
    r = random.Random(2)
    schema_id = revisions.latest("dossier").schema_id
    parts: list[Slice] = []
    for sender in ("a", "b"):
        said = [("ce_source", f"/senders/{sender}".encode())]
        events = [make(r, contract, i) for i in range(3)]
        values = [avro.wire(schema_id, datum(contract, e)) for e in events]
        records = wire.one_by_one(range(3), [AT // 1000] * 3, values, [said] * 3)
        parts.append(wire.slice_of(contract, 0, (0, 3), records))
    joined = join(parts)
    assert joined.origins == [Origin("a", AT, ""), Origin("b", AT, "")]
    assert intake.take(contract, joined).frame["sender"].to_list() == ["a"] * 3 + ["b"] * 3


@pytest.mark.parametrize("byte", [0x01, 0x03, 0x04, 0x05, 0x7E, 0x7F])
def test_an_index_that_no_union_has_is_no_datum(byte: int) -> None:
    """Of the union of null and a text there are the indexes 0 and 1, written 00 and 02."""
    contract = CONTRACTS["dossier"]
    event = wire_values(contract, dossier("A", "retracted", "2023-05-01", retracts="x"))
    event |= {"same_as": "X"}  # the last field
    good = avro.wire(revisions.latest("dossier").schema_id, datum(contract, event))
    assert good.endswith(b"\x02\x02X")
    values: list[bytes | None] = [good, good[:-3] + bytes([byte]) + b"\x02X", good]
    found = taken(contract, values)
    assert [(r.offset, r.rule) for r in found.rejected] == [(1, "undecodable")]
    assert len(found.frame) == 2


GOOD = b"\x02x\x04\x02\x06\x02\x01"
NO_UNION = b"\x02x\x04"


@pytest.mark.parametrize(
    ("good", "other"),
    [
        pytest.param(GOOD, b"\x82\x00x\x04\x02\x06\x02\x01", id="a text with a long length"),
        pytest.param(GOOD, b"\x02x\x84\x00\x02\x06\x02\x01", id="a long number"),
        pytest.param(GOOD, b"\x02x\x04\x02\x86\x00\x02\x01", id="a long number in a union"),
        pytest.param(GOOD, b"\x02x\x04\x04\x06\x02\x01", id="a branch that is none"),
        pytest.param(GOOD, b"\x02x\x04\x02\x06\x02\x02", id="a boolean that is neither"),
        pytest.param(NO_UNION, b"\x02x\x84\x00", id="a long number, no union"),
        pytest.param(NO_UNION, b"\x82\x00x\x04", id="a long length, no union"),
    ],
)
def test_only_the_shortest_form_to_the_end_of_each_record_is_it(good: bytes, other: bytes) -> None:
    kinds = {"a": "string", "b": "long", "c": ["null", "long"], "d": ["null", "boolean"]}
    fields = [{"name": n, "type": t} for n, t in kinds.items()]
    fields = fields[: 2 if good is NO_UNION else 4]
    schema = avro.parsed({"type": "record", "name": "r", "fields": fields})

    def whole(written: list[bytes], moved: int = 0) -> list[bool]:
        ends = np.cumsum([len(d) for d in written])
        ends[len(ends) // 2] += moved
        return list(datums.find_whole(schema, b"".join(written), ends))

    assert whole([good] * 100) == [True] * 100
    assert whole([good] * 100, moved=1) == [True] * 50 + [False] * 2 + [True] * 48
    assert whole([good] * 50 + [other] + [good] * 50) == [True] * 50 + [False] + [True] * 50


def no_text(_: random.Random, contract: Contract, values: Values, value: bytes) -> bytes:
    """Write bytes that are no UTF-8 where a text stands, in as many."""
    return value[:5] + datum(contract, values | {"event_id": b"\xff\xfe"})


@pytest.mark.parametrize("mutation", [cut, no_text, another_head], ids=lambda m: m.__name__)
def test_bad_records_are_looked_at_alone_and_no_others(
    mutation: Mutation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What decoding costs grows with what is wrong, not with what stands around it."""
    contract = CONTRACTS["dossier"]
    r = random.Random(f"alone {mutation.__name__}")
    schema_id = revisions.latest("dossier").schema_id
    values: list[bytes | None] = []
    for i in range(1_000):
        event = make(r, contract, i)
        good = avro.wire(schema_id, datum(contract, event))
        values.append(mutation(r, contract, event, good) if i % 20 == 7 else good)
    asked: dict[str, int] = {}

    def count(name: str) -> None:
        work = getattr(avro, name)

        def counted(*told: Any) -> Any:
            asked[name] = asked.get(name, 0) + 1
            return work(*told)

        monkeypatch.setattr(avro, name, counted)

    for name in ("read_one", "check_strict", "decode_columns"):
        count(name)
    found = taken(contract, values)
    assert len(found.frame) >= 950
    assert max(asked.get("read_one", 0), asked.get("check_strict", 0)) <= 50
    # Once for all, and twice more where a text is none; once for each schema that a head names.
    assert asked["decode_columns"] <= 3


def test_revisions_in_turn_are_decoded_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A producer that was not brought up to date writes an older schema beside others."""
    contract = CONTRACTS["dossier"]
    r = random.Random("in turn")
    every = revisions.revisions()["dossier"]
    assert len(every) > 1
    events = [make(r, contract, i) for i in range(300)]
    values: list[bytes | None] = []
    for i, event in enumerate(events):
        plain = every[i % 2 - 1]
        names = [f["name"] for f in plain.plain["fields"]]
        raw = avro.write_one(plain.plain, {n: event[n] for n in names})
        values.append(avro.wire(plain.schema_id, raw))
    decoded = []
    decode = avro.decode_columns

    def counted(*told: Any) -> Any:
        decoded.append(told)
        return decode(*told)

    monkeypatch.setattr(avro, "decode_columns", counted)
    found = taken(contract, values)
    assert found.frame["row"].to_list() == list(range(300))
    assert found.frame["event_id"].to_list() == [e["event_id"] for e in events]
    assert len(decoded) == 2
