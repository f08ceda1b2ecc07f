"""What anybody else produces: good records count, bad ones are set aside with their bytes."""

from datetime import UTC, datetime

import pytest
from kafka.partitioner.default import murmur2

from deploy.local.services.kafka import Kafka
from hub import registry
from hub.clock import day_of, to_us
from hub.definitions import revisions
from hub.definitions.contract import INSTANT_MAX
from hub.definitions.originals import in_log
from hub.kafka.log import KafkaLog
from hub.log.slices import Origin
from hub.store.store import Store
from stream_jobs.worked import dossier, paid, received
from tests.parts.by_hand import varint
from tests.parts.foreign import Foreign, record, wire_values
from tests.parts.on_kafka import (
    PARTITIONS,
    STAMP,
    TOPIC,
    ask,
    catch_up,
    classes,
    differences,
    dossiers,
    event,
    facts,
    quarantined,
)
from tests.parts.varied import varied
from tests.unit.log.test_sqlite import submission


def test_a_foreign_record_without_headers_counts_under_its_timestamp(
    wide: KafkaLog, store: Store, foreign: Foreign
) -> None:
    values = event("A", "1")
    partition, offset = foreign.send(TOPIC, record("dossier", values), "A", timestamp=STAMP)
    assert partition == (murmur2(b"A") & 0x7FFFFFFF) % PARTITIONS
    (one,) = wide.read(TOPIC, offset, partition=partition)
    assert one.origins == [Origin("unnamed", STAMP * 1000, "")]
    assert catch_up(wide, store) == 1
    assert facts(store) == {"A": 1}
    day = day_of(STAMP * 1000)
    assert ask(store, "SELECT contract, sender, day, class, count FROM ledger") == [
        ("dossier", "unnamed", day, "applied", 1)
    ]
    assert differences(wide, store) == []


def test_foreign_headers_are_read_as_far_as_they_can_be(
    log: KafkaLog, store: Store, foreign: Foreign
) -> None:
    said: list[tuple[list[tuple[str, bytes | None]], Origin]] = [
        ([("ce_source", b"urn:other:system")], Origin("urn:other:system", STAMP * 1000, "")),
        ([("ce_source", "/senders/một cửa".encode())], Origin("một cửa", STAMP * 1000, "")),
        ([("ce_source", b"/hub")], Origin("/hub", STAMP * 1000, "")),
        ([("ce_source", None), ("ce_receipt", None)], Origin("unnamed", STAMP * 1000, "")),
        ([("ce_source", b"")], Origin("unnamed", STAMP * 1000, "")),
        ([("ce_source", b"\x00\n\t")], Origin("unnamed", STAMP * 1000, "")),
        ([("ce_source", b"\xff\xfe")], Origin("\ufffd\ufffd", STAMP * 1000, "")),
        ([("ce_source", b"y" * 500)], Origin("y" * 128, STAMP * 1000, "")),
        ([("ce_id", b"1"), ("ce_receipt", b"abc")], Origin("unnamed", STAMP * 1000, "abc")),
        ([("ce_source", b"a"), ("ce_source", b"b")], Origin("b", STAMP * 1000, "")),
        ([("x", b"1")] * 50, Origin("unnamed", STAMP * 1000, "")),
    ]
    for i, (headers, _) in enumerate(said):
        foreign.send(TOPIC, record("dossier", event("A", str(i))), "A", headers, timestamp=STAMP)
    (one,) = log.read(TOPIC, 0)
    assert [one.origins[i] for i in one.origin.tolist()] == [o for _, o in said]
    assert catch_up(log, store) == len(said)
    assert sum(classes(store).values()) == len(said)
    assert facts(store) == {"A": len(said)}
    assert differences(log, store) == []


def test_a_header_whose_name_is_no_text_stops_nothing(
    log: KafkaLog, store: Store, kafka: Kafka
) -> None:
    """Java writes only UTF-8, other clients any bytes."""
    raw_header(kafka.address, TOPIC, record("dossier", event("A", "1")))
    log.append([submission("r", dossiers(dossier("B", "processing", "2023-05-01")))])
    assert catch_up(log, store) == 2
    assert sum(classes(store).values()) == 2
    assert differences(log, store) == []


def raw_header(bootstrap: str, topic: str, value: bytes) -> None:
    from kafka import KafkaProducer  # noqa: PLC0415

    class Bytes(str):
        def encode(self, *_: object) -> bytes:
            return b"\xff\xfe"

    producer = KafkaProducer(bootstrap_servers=bootstrap)
    producer.send(topic, value, headers=[(Bytes("x"), b"1")]).get(30)
    producer.close()


A_RECORD = record("dossier", event("X", "x"))
NUMBER = revisions.latest("dossier").schema_id.to_bytes(4, "big")
OTHER = revisions.latest("payment").schema_id.to_bytes(4, "big")
BAD_TEXT = record("dossier", event("X", "x") | {"kind": b"processin\xff"})
INSTANTS = record("dossier", event("X", "x", occurred_at=INSTANT_MAX + 1))
AHEAD = event("X", "x", occurred_at=to_us(datetime(2099, 1, 1, tzinfo=UTC)))
# What is set aside, and why: (value, rule, field).
BAD: dict[str, tuple[bytes | None, str, str]] = {
    "another magic byte": (b"\x01" + A_RECORD[1:], "not_wire_format", ""),
    "JSON": (b'{"event_id": "x"}', "not_wire_format", ""),
    "one byte": (b"\x00", "not_wire_format", ""),
    "a head alone": (A_RECORD[:5], "undecodable", ""),
    "an empty value": (b"", "not_wire_format", ""),
    "no value": (None, "no_value", ""),
    "an unknown schema": (b"\x00\x7f\xff\xff\xff" + A_RECORD[5:], "unknown_schema", ""),
    "the largest schema id": (b"\x00\xff\xff\xff\xff" + A_RECORD[5:], "unknown_schema", ""),
    "another contract's schema": (b"\x00" + OTHER + A_RECORD[5:], "unknown_schema", ""),
    "a datum that is cut": (A_RECORD[:-1], "undecodable", ""),
    "a datum of one byte": (b"\x00" + NUMBER + b"\x02", "undecodable", ""),
    "a byte left over": (A_RECORD + b"\x00", "undecodable", ""),
    "two datums in one": (A_RECORD + A_RECORD[5:], "undecodable", ""),
    "text that is no UTF-8": (BAD_TEXT, "undecodable", ""),
    "a text of negative length": (b"\x00" + NUMBER + varint(-3) + b"abc", "undecodable", ""),
    "a text of 2^62 bytes": (b"\x00" + NUMBER + varint(1 << 62) + b"abc", "undecodable", ""),
    "a number that never ends": (b"\x00" + NUMBER + b"\xff" * 30, "undecodable", ""),
    "an index that no union has": (
        A_RECORD[:5] + varint(1) + b"X" + varint(1) + b"x" + varint(2) + A_RECORD[10:],
        "undecodable",
        "",
    ),
    "another contract's datum": (
        b"\x00"
        + NUMBER
        + record("payment", wire_values("payment", paid("cash", "2023", customers=1, amount=1)))[
            5:
        ],
        "undecodable",
        "",
    ),
    "random bytes": (b"\x00" + NUMBER + bytes(range(7, 250, 3)), "undecodable", ""),
    "zeros": (b"\x00" + NUMBER + bytes(40), "undecodable", ""),
    "an instant that is yet to come": (record("dossier", AHEAD), "in_the_future", "occurred_at"),
    "900 kB of nothing": (b"\x00" + NUMBER + bytes(900_000), "undecodable", ""),
    "900 kB of text": (
        record("dossier", event("X", "x", retracts="ẻ" * 300_000)),
        "malformed",
        "retracts",
    ),
    "an unknown kind": (record("dossier", event("X", "x", kind="eaten")), "unknown_value", "kind"),
    "a malformed unit": (
        record("dossier", event("X", "x", received_by="h57..1")),
        "malformed",
        "received_by",
    ),
    "an instant after 9999": (INSTANTS, "too_large", "occurred_at"),
    "an instant before 1900": (
        record("dossier", event("X", "x", occurred_at=-(2**63))),
        "too_small",
        "occurred_at",
    ),
    "what its kind needs is missing": (
        record("dossier", event("X", "x", kind="rated")),
        "required",
        "satisfied",
    ),
    "an empty event id": (record("dossier", event("X", "")), "malformed", "event_id"),
    "a zero in an event id": (record("dossier", event("X", "a\x00b")), "malformed", "event_id"),
    "an empty key": (
        record("dossier", event("X", "x", dossier_code="")),
        "malformed",
        "dossier_code",
    ),
}


def test_bad_records_are_set_aside_with_their_bytes_and_good_ones_count(
    wide: KafkaLog, store: Store, foreign: Foreign
) -> None:
    stands: dict[str, str] = {}
    headers = [("ce_source", b"/senders/s")]
    for i, (name, (value, _, _)) in enumerate(BAD.items()):
        good = record("dossier", event(f"G{i}", "1"))
        partition = i % PARTITIONS
        foreign.send(TOPIC, good, f"G{i}", headers, partition=partition, timestamp=STAMP)
        at = foreign.send(TOPIC, value, "X", headers, partition=partition, timestamp=STAMP)
        stands[name] = f"{TOPIC}/{at[0]}/{at[1]}"
    assert catch_up(wide, store) == 2 * len(BAD)
    assert facts(store) == {f"G{i}": 1 for i in range(len(BAD))}
    found = quarantined(store)
    assert found.keys() == set(stands.values())
    for name, (value, rule, field) in BAD.items():
        row = found[stands[name]]
        assert (row["rule"], row["field"]) == (rule, field), name
        assert row["original"] == in_log(value or b""), name
        assert (row["sender"], row["contract"]) == ("s", "dossier")
        assert row["rejected_at"] == STAMP * 1000
        assert row["message_vi"] != row["message_en"] != "", name
        assert row["message_vi"], name
    assert classes(store) == {("s", "applied"): len(BAD), ("s", "quarantined"): len(BAD)}
    assert differences(wide, store) == []
    # Once: what is applied again, from nothing, is set aside under the same names.
    store.clear_derived()
    store.check_definitions()
    catch_up(wide, store)
    assert quarantined(store) == found
    assert differences(wide, store) == []


@pytest.mark.parametrize("name", sorted(registry.contracts()))
def test_a_good_record_is_taken_among_bad_ones_of_any_contract(
    log: KafkaLog, store: Store, foreign: Foreign, name: str
) -> None:
    topic = registry.contracts()[name].topic
    good = record(name, wire_values(name, varied(name).first()))
    for value in (good[:-1], good, good + b"\x00", good[:5] + bytes(len(good)), b"", None):
        foreign.send(topic, value, "k")
    assert catch_up(log, store) == 6
    assert ask(store, f"SELECT events FROM fact_{name}") == [(1,)]
    assert classes(store) == {("unnamed", "applied"): 1, ("unnamed", "quarantined"): 5}
    assert differences(log, store) == []


def test_where_all_that_is_good_was_there_before_nothing_is_new(
    log: KafkaLog, store: Store, foreign: Foreign
) -> None:
    good = record("dossier", event("A", "1"))
    foreign.send(TOPIC, good, "A")
    catch_up(log, store)
    # One batch: a repeat, and a record for which all of it is read one by one.
    foreign.send(TOPIC, good, "A")
    foreign.send(TOPIC, good[:-1], "A")
    assert catch_up(log, store) == 2
    counted = {("unnamed", n): 1 for n in ("applied", "duplicate", "quarantined")}
    assert classes(store) == counted
    assert differences(log, store) == []


LONGER = ["dossier_code", "event_id", "occurred_at", "~retracts", "~due_at", "kind"]


@pytest.mark.parametrize("by", [1, 2])
@pytest.mark.parametrize("name", LONGER)
def test_a_number_in_a_longer_form_is_the_same_content(
    log: KafkaLog, store: Store, foreign: Foreign, name: str, by: int
) -> None:
    """Avro asks no writer for the shortest form; content is what the numbers say."""
    values = [event(code, "1") for code in ("A", "B", "C" * 20)]
    for one in values:
        short, long = record("dossier", one), record("dossier", one, longer=[name], by=by)
        assert len(long) == len(short) + by
        # Either first, then the other, and both again.
        for value in (short, long, short) if one["dossier_code"] == "A" else (long, short, long):
            foreign.send(TOPIC, value, one["dossier_code"])
    catch_up(log, store)
    assert facts(store) == {one["dossier_code"]: 1 for one in values}
    assert classes(store) == {("unnamed", "applied"): 3, ("unnamed", "duplicate"): 6}
    assert differences(log, store) == []


def test_another_content_in_a_longer_form_is_a_conflict_still(
    log: KafkaLog, store: Store, foreign: Foreign
) -> None:
    one = event("A", "1")
    other = one | {"occurred_at": one["occurred_at"] + 1}
    foreign.send(TOPIC, record("dossier", one), "A")
    foreign.send(TOPIC, record("dossier", other, longer=["occurred_at"]), "A")
    foreign.send(TOPIC, record("dossier", one, longer=["occurred_at"]), "A")
    catch_up(log, store)
    counted = {("unnamed", "applied"): 1, ("unnamed", "conflict"): 1, ("unnamed", "duplicate"): 1}
    assert classes(store) == counted
    assert differences(log, store) == []


@pytest.mark.parametrize("byte", [2, 128, 255])
def test_a_boolean_that_is_neither_is_read_alike_by_both_paths(
    log: KafkaLog, store: Store, foreign: Foreign, byte: int
) -> None:
    """Avro knows 0 and 1; whatever a reader makes of another byte, apply and verify agree."""
    good = event("A", "1", kind="rated", satisfied=True)
    datum = record("dossier", good)
    assert datum.endswith(b"\x02\x01\x00\x00\x00")
    foreign.send(TOPIC, datum[:-4] + bytes([byte, 0, 0, 0]), "A")
    foreign.send(TOPIC, record("dossier", good | {"event_id": "2"}), "A")
    assert catch_up(log, store) == 2
    assert differences(log, store) == []


def test_an_entity_in_two_partitions_is_one_entity(
    wide: KafkaLog, store: Store, foreign: Foreign
) -> None:
    """Producers are asked to partition by key; that one did not changes no figure."""
    items = [
        received("A", "2023-05-01"),
        dossier("A", "resolved", "2023-05-03"),
        dossier("A", "synced", "2023-05-02"),
        received("A", "2023-05-04", channel="online"),
    ]
    for partition, item in enumerate(items):
        value = record("dossier", wire_values("dossier", item))
        foreign.send(TOPIC, value, "A", partition=partition)
        if partition % 2:
            catch_up(wide, store)
    assert facts(store) == {"A": 4}
    assert differences(wide, store) == []


@pytest.mark.parametrize("partitions", [(0, 1), (1, 0), (0, 2), (2, 0)])
@pytest.mark.parametrize("is_at_once", [False, True])
def test_a_repeat_in_another_partition_is_no_difference(
    wide: KafkaLog,
    store: Store,
    foreign: Foreign,
    partitions: tuple[int, int],
    *,
    is_at_once: bool,
) -> None:
    """More partitions move a key: which of two copies was taken first, no place in the log says."""
    value = record("dossier", event("A", "1"))
    for day, partition in enumerate(partitions):
        stamp = STAMP + day * 86_400_000
        foreign.send(TOPIC, value, "A", partition=partition, timestamp=stamp)
        if not is_at_once:
            catch_up(wide, store)
    catch_up(wide, store)
    assert sorted(c for _, c in classes(store)) == ["applied", "duplicate"]
    assert differences(wide, store) == []
