"""The log in Kafka: the laws of any log, and what only an open log meets."""

import base64
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME
from confluent_kafka.admin import AdminClient
from kafka.partitioner.default import murmur2

from deploy.local.services.kafka import Kafka
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.apply import runner
from hub.apply.runner import Runner
from hub.clock import day_of
from hub.definitions import avro, revisions
from hub.definitions.contract import INSTANT_MAX
from hub.definitions.own.rejection import REJECTION
from hub.kafka import log as kafka_log
from hub.kafka import wire
from hub.kafka.log import KafkaLog
from hub.log.log import Batch, LogUnavailableError, TopicsError
from hub.log.slices import Origin, Slice
from hub.log.submitting import encode
from hub.proof.verify import verify
from hub.store.reading import Row
from hub.store.store import Store
from stream_jobs.worked import dossier, paid, received, salinity
from tests.integration.conftest import delete_topics, make_topics
from tests.parts.by_hand import varint
from tests.parts.foreign import Foreign, everything, record, wire_values
from tests.parts.small import NOW, Json, admitted_frame, in_this_process
from tests.parts.waiting import until
from tests.unit.log import test_sqlite
from tests.unit.log.test_sqlite import AT, DAY_US, batch, submission

DOSSIER = registry.contracts()["dossier"]
TOPIC = DOSSIER.topic
PARTITIONS = 5
ASKED_SECONDS_MAX = 20
# A day on which nothing else happens, as producers tell timestamps: in milliseconds.
STAMP = 1_690_000_000_000

# The laws that hold for the embedded log too, over a topic that like it has one partition.
test_offsets_are_consecutive = test_sqlite.test_offsets_are_consecutive_within_a_topic
test_a_batch_comes_back_as_it_went_in = test_sqlite.test_a_batch_comes_back_as_it_went_in
test_an_idempotency_key_is_kept = test_sqlite.test_an_idempotency_key_is_kept_with_its_answer
test_a_known_key_comes_several_times = (
    test_sqlite.test_a_known_key_that_comes_several_times_at_once_gets_the_first_answer
)
test_received_is_counted = test_sqlite.test_received_is_counted_from_receipts_by_local_day
test_a_checkpoint_is_set = test_sqlite.test_a_checkpoint_is_set_with_a_submission_or_by_itself
test_a_key_is_forgotten = test_sqlite.test_an_idempotency_key_is_forgotten_after_seven_days


@pytest.fixture
def log(kafka: Kafka, store: Store, new_topics: Callable[[int], None]) -> Iterator[KafkaLog]:
    """An empty log of one partition."""
    new_topics(1)
    opened = KafkaLog(kafka.address, store)
    yield opened
    opened.close()


@pytest.fixture
def wide(kafka: Kafka, store: Store, new_topics: Callable[[int], None]) -> Iterator[KafkaLog]:
    """An empty log of several partitions."""
    new_topics(PARTITIONS)
    opened = KafkaLog(kafka.address, store)
    yield opened
    opened.close()


@pytest.fixture
def foreign(kafka: Kafka) -> Foreign:
    return Foreign(kafka.address)


def catch_up(log: KafkaLog, store: Store) -> int:
    return Runner(log, store, None, lambda: NOW).catch_up()


def differences(log: KafkaLog, store: Store) -> list[str]:
    with in_this_process():
        return verify(log, store, registry.installed()).differences


def ask(store: Store, sql: str) -> list[Row]:
    with store.reading() as reading:
        return reading.rows(sql)


def facts(store: Store) -> dict[str, int]:
    """How many events each dossier has."""
    return dict(ask(store, "SELECT entity, events FROM fact_dossier"))


def classes(store: Store) -> dict[tuple[str, str], int]:
    """The ledger over all days: (sender, class) -> count."""
    sql = "SELECT sender, class, SUM(count) FROM ledger GROUP BY 1, 2"
    return {(s, c): int(n) for s, c, n in ask(store, sql)}


def quarantined(store: Store) -> dict[str, dict[str, Any]]:
    names = ["event_id", "sender", "contract", "rejected_at", "rule", "field", "value"]
    names += ["message_vi", "message_en", "original"]
    rows = ask(store, f"SELECT {','.join(names)} FROM quarantine")
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def offsets(slices: list[Slice]) -> list[int]:
    return [o for s in slices for o in s.offsets.tolist()]


def event(code: str, event_id: str, **more: Any) -> dict[str, Any]:
    """Wire values of something that happened to a dossier."""
    return wire_values("dossier", dossier(code, "processing", "2023-05-01")) | {
        "event_id": event_id,
        **more,
    }


def dossiers(*items: Json, sender: str = "s", receipt: str = "r") -> Batch:
    return encode(DOSSIER, sender, admitted_frame(DOSSIER, items), receipt, AT)


# What is appended


def test_what_is_appended_is_read_back_partition_by_partition(wide: KafkaLog) -> None:
    batches = [
        dossiers(
            *[dossier(f"H57.{i % 40}", "processing", "2023-05-01") for i in range(100)],
            sender=sender,
            receipt=f"r-{sender}",
        )
        for sender in ("một cửa", "portal")
    ]
    wide.append([submission(f"r-{b.sender}", b, sender=b.sender) for b in batches])
    found = []
    for partition, end in wide.ends(TOPIC).items():
        (one,) = wide.read(TOPIC, 0, partition=partition)
        assert (one.topic, one.partition, one.first, one.following) == (TOPIC, partition, 0, end)
        assert one.offsets.tolist() == list(range(end))
        assert set(one.schema_ids.tolist()) == {batches[0].schema_id}
        assert (one.refused, one.is_admitted) == ((), False)
        assert len(one.origins) <= 2
        found += [
            (one.origins[i].sender, one.origins[i], datum)
            for i, datum in zip(one.origin.tolist(), one.datums(), strict=True)
        ]
    sent = [
        (b.sender, Origin(b.sender, AT, b.receipt), b.payload[i:j])
        for b in batches
        for i, j in zip([0, *b.ends.tolist()], b.ends.tolist(), strict=False)
    ]
    assert sorted(found, key=repr) == sorted(sent, key=repr)
    assert wide.read(TOPIC, wide.ends(TOPIC)[0], partition=0) == []


@pytest.mark.parametrize("sender", ["s" * 128, "ủy ban nhân dân tỉnh", "/senders/s", "/hub", "a/b"])
def test_a_sender_keeps_its_name(log: KafkaLog, store: Store, sender: str) -> None:
    """Two senders must not become one, nor a rejection be taken for the hub's own notice."""
    values = {
        "event_id": "r:0",
        "contract": "dossier",
        "rejected_at": AT,
        "index": 0,
        **dict.fromkeys(("rule", "field", "value", "message_vi", "message_en"), "x"),
        "original": "",
    }
    payload = record("quarantine", values)[5:]
    schema_id = revisions.latest("quarantine").schema_id
    ends = batch(count=1).ends * 0 + len(payload)
    rejected = Batch(REJECTION.topic, sender, AT, schema_id, "r", payload, ends)
    log.append([submission("r", batch(count=1, sender=sender), rejected, sender=sender)])
    (events,) = log.read(TOPIC, 0)
    (rejections,) = log.read(REJECTION.topic, 0)
    assert events.origins == rejections.origins == [Origin(sender, AT, "r")]
    assert (events.count, rejections.count) == (1, 1)
    catch_up(log, store)
    assert classes(store) == {(sender, "applied"): 1, (sender, "quarantined"): 1}


# Java's own: org.apache.kafka.common.utils.UtilsTest.testMurmur2
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


def test_records_are_what_any_consumer_expects(wide: KafkaLog, kafka: Kafka) -> None:
    assert {k: murmur2(k) - (murmur2(k) >> 31 << 32) for k in JAVA} == JAVA
    codes = [f"H57.{i}-{'x' * (i % 7)}".upper() for i in range(60)]
    items = [dossier(c, "processing", "2023-05-01") for c in codes]
    payments = [
        paid("cash", f"2023-{m:02}", customers=1, amount=1) | {"area": f"H57.{m}"}
        for m in range(1, 13)
    ]
    contract = registry.contracts()["payment"]
    other = encode(contract, "ngân hàng", admitted_frame(contract, payments), "r", AT)
    wide.append([submission("r", dossiers(*items, sender="một cửa"), other)])
    expected = {
        TOPIC: {c.encode(): i["event_id"] for c, i in zip(codes, items, strict=True)},
        contract.topic: {
            f"DIENLUC|electricity|cash|{p['area']}|{p['period']}".encode(): p["event_id"]
            for p in payments
        },
    }
    for topic, ids in expected.items():
        name = topic.split(".")[1]
        found = everything(kafka.address, topic)
        assert {m.key() for m in found} == ids.keys()
        for m in found:
            key, value, headers = m.key(), m.value(), m.headers()
            assert key is not None
            assert value is not None
            assert headers is not None
            assert m.partition() == (murmur2(key) & 0x7FFFFFFF) % PARTITIONS
            assert value[:5] == b"\0" + revisions.latest(name).schema_id.to_bytes(4, "big")
            schema = revisions.latest(name).plain
            assert avro.read_one(schema, value[5:])["event_id"] == ids[key]
            source = "một cửa" if topic == TOPIC else "ngân hàng"
            assert m.timestamp() == (TIMESTAMP_CREATE_TIME, AT // 1000)
            assert headers == [
                ("ce_specversion", b"1.0"),
                ("ce_type", topic.encode()),
                ("ce_source", f"/senders/{source}".encode()),
                ("ce_receipt", b"r"),
                ("ce_id", ids[key].encode()),
            ]


def test_reading_goes_from_any_offset_to_any_other(log: KafkaLog) -> None:
    log.append([submission(str(i), batch(count=1, receipt=str(i))) for i in range(7)])
    for a in range(8):
        for b in range(a, 9):
            found = log.read(TOPIC, a, until=b)
            assert offsets(found) == list(range(a, min(b, 7)))
            assert [(s.first, s.following) for s in found] == [(a, min(b, 7))] * (min(b, 7) > a)
    at, steps = 0, []
    while found := log.read(TOPIC, at, events_max=3):
        steps.append((found[0].first, found[-1].following, found[0].count))
        at = found[-1].following
    assert steps == [(0, 3, 3), (3, 6, 3), (6, 7, 1)]
    assert [o.receipt for o in log.read(TOPIC, 2)[0].origins] == ["2", "3", "4", "5", "6"]


def test_a_log_that_was_closed_reads_on_from_where_it_stood(log: KafkaLog) -> None:
    """A gateway that ends closes it, while others go on with it."""
    log.append([submission("a", batch(receipt="a"))])
    assert offsets(log.read(TOPIC, 0)) == [0, 1, 2]
    log.close()
    log.append([submission("b", batch(receipt="b"))])
    assert offsets(log.read(TOPIC, 3)) == [3, 4, 5]


def test_two_logs_append_side_by_side(log: KafkaLog, store: Store, kafka: Kafka) -> None:
    other = KafkaLog(kafka.address, store)
    rounds = 20

    def append(own: KafkaLog, name: str) -> None:
        for i in range(rounds):
            own.append([submission(f"{name}{i}", batch(count=2, receipt=f"{name}{i}"))])

    thread = threading.Thread(target=append, args=(other, "b"))
    thread.start()
    append(log, "a")
    thread.join()
    other.close()
    found = log.read(TOPIC, 0)
    assert offsets(found) == list(range(4 * rounds))
    assert {o.receipt for s in found for o in s.origins} == {
        f"{name}{i}" for name in "ab" for i in range(rounds)
    }
    catch_up(log, store)
    assert differences(log, store) == []


def test_a_failed_append_keeps_no_receipt_and_sets_no_checkpoint(
    log: KafkaLog, store: Store
) -> None:
    log.append([submission("a", batch(receipt="a"), checkpoints={"page": "1"})])
    with pytest.raises(LogUnavailableError):
        log.append(
            [
                submission("b", batch(), checkpoints={"page": "2"}, idempotency_key="k"),
                submission("a", batch(), checkpoints={"page": "3"}),  # a receipt that exists
            ]
        )
    assert log.checkpoint("page") == "1"
    assert [r.id for r in log.receipts()] == ["a"]
    again = submission("c", batch(receipt="c"), checkpoints={"page": "4"}, idempotency_key="k")
    log.append([again])
    assert again.repeats is None
    assert log.checkpoint("page") == "4"
    catch_up(log, store)
    assert differences(log, store) == []


def test_one_idempotency_key_in_two_gateways_at_once_is_appended_once(
    log: KafkaLog, store: Store, kafka: Kafka
) -> None:
    others = [KafkaLog(kafka.address, store) for _ in range(4)]
    made = [submission(f"r{i}", batch(), idempotency_key="k") for i in range(len(others))]
    threads = [
        threading.Thread(target=one.append, args=([s],))
        for one, s in zip(others, made, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (first,) = [s for s in made if s.repeats is None]
    assert [s.repeats for s in made if s is not first] == [first.answer] * 3
    assert log.ends(TOPIC) == {0: 3}
    assert [r.id for r in log.receipts()] == [first.receipt]
    for one in others:
        one.close()


# Which log it is


def test_the_identity_is_the_clusters_and_the_topics(log: KafkaLog, kafka: Kafka) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.address})
    cluster = admin.describe_cluster().result(30).cluster_id
    identities = {log.identity(c.topic) for c in registry.contracts().values()}
    assert len(identities) == len(registry.contracts())
    for identity in identities:
        mine, _, topic = identity.partition("/")
        assert mine == cluster
        assert len(topic) == 32
        assert int(topic, 16)
        assert len(identity) <= 64  # as the column that holds it


def test_a_topic_made_again_is_another_log_and_is_read_from_its_start(
    log: KafkaLog, store: Store, kafka: Kafka
) -> None:
    log.append([submission("a", batch())])
    assert catch_up(log, store) == 3
    before = log.identity(TOPIC)
    delete_topics(kafka)
    make_topics(kafka, 1)
    again = KafkaLog(kafka.address, store)
    assert again.identity(TOPIC) != before
    assert again.ends(TOPIC) == {0: 0}
    more = dossiers(*[dossier("NEW", "processing", "2023-05-01") for _ in range(5)])
    again.append([submission("b", more)])
    assert catch_up(again, store) == 5
    assert facts(store)["NEW"] == 5
    positions = "SELECT log, next_offset FROM position WHERE topic = 'lgsp.dossier.v1'"
    assert dict(ask(store, positions)) == {before: 3, again.identity(TOPIC): 5}
    again.close()


def test_a_topic_made_again_under_a_running_hub_is_never_skipped_silently(
    log: KafkaLog, store: Store, kafka: Kafka
) -> None:
    """Either the first records are applied too, or it stops with an error."""
    before = KafkaLog(kafka.address, store)
    before.append([submission("a", batch())])
    assert catch_up(before, store) == 3
    before.close()
    applying = Runner(log, store, None, lambda: NOW)
    assert applying.catch_up() == 0  # it knows where it stands, and waits there
    delete_topics(kafka)
    make_topics(kafka, 1)
    more = dossiers(*[dossier("NEW", "processing", "2023-05-01") for _ in range(5)])
    fresh = KafkaLog(kafka.address, store)
    fresh.append([submission("b", more)])
    fresh.close()
    failure = None
    try:
        applying.catch_up()
    except Exception as error:
        failure = error
    assert failure is not None or facts(store).get("NEW") == 5


# Offsets with gaps


@pytest.fixture
def transactions(kafka: Kafka) -> Foreign:
    return Foreign(kafka.address, "foreign")


def _in_transaction(
    log: KafkaLog, transactions: Foreign, ids: list[str], *, is_kept: bool
) -> list[int]:
    transactions.producer.begin_transaction()
    at = [transactions.send(TOPIC, record("dossier", event("A", i)), "A")[1] for i in ids]
    if is_kept:
        transactions.producer.commit_transaction(30)
    else:
        transactions.producer.abort_transaction(30)
    # The broker writes the marker a little later.
    until(lambda: log.ends(TOPIC) == {0: at[-1] + 2}, "the transaction's marker is there")
    return at


def test_gaps_are_passed_and_aborted_records_never_count(
    log: KafkaLog, store: Store, transactions: Foreign
) -> None:
    kept = _in_transaction(log, transactions, ["1", "2", "3"], is_kept=True)
    _in_transaction(log, transactions, ["4", "5"], is_kept=False)
    kept += _in_transaction(log, transactions, ["6"], is_kept=True)
    _in_transaction(log, transactions, ["7"], is_kept=False)
    (end,) = log.ends(TOPIC).values()
    assert kept == [0, 1, 2, 7]
    assert end == 11  # each transaction ends in a marker, the last offset is one
    (one,) = log.read(TOPIC, 0)
    assert (one.offsets.tolist(), one.first, one.following) == (kept, 0, end)
    for a in range(end):
        for b in range(a + 1, end + 1):
            found = log.read(TOPIC, a, until=b)
            assert offsets(found) == [o for o in kept if a <= o < b]
            assert (found[0].first, found[-1].following) == (a, b)
    at, spans = 0, []
    while found := log.read(TOPIC, at, events_max=1):
        spans.append((found[0].first, found[-1].following, found[0].count))
        at = found[-1].following
    assert at == end
    assert [a for a, _, _ in spans] == [0, *(b for _, b, _ in spans[:-1])]
    assert sum(n for _, _, n in spans) == len(kept)

    catch_up(log, store)
    assert Runner(log, store, None, lambda: NOW).lag()[TOPIC] == 0
    assert facts(store) == {"A": 4}
    assert differences(log, store) == []
    # What comes after trailing markers is found from where the position stands.
    log.append([submission("r", dossiers(dossier("B", "processing", "2023-05-01")))])
    catch_up(log, store)
    assert facts(store) == {"A": 4, "B": 1}
    _in_transaction(log, transactions, ["8"], is_kept=False)
    catch_up(log, store)
    assert facts(store) == {"A": 4, "B": 1}
    assert Runner(log, store, None, lambda: NOW).lag()[TOPIC] == 0
    assert differences(log, store) == []


def test_one_log_reads_on_over_gaps_that_come_while_it_reads(
    log: KafkaLog, transactions: Foreign
) -> None:
    at, found = 0, []
    for i in range(6):
        _in_transaction(log, transactions, [str(i)], is_kept=i % 2 == 0)
        (end,) = log.ends(TOPIC).values()
        while at < end:
            for one in log.read(TOPIC, at):
                found += one.offsets.tolist()
                at = one.following
    assert found == [0, 4, 8]
    assert at == 12


def test_an_open_transaction_holds_up_what_is_behind_it_and_nothing_else(
    log: KafkaLog, store: Store, transactions: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_log, "READ_SECONDS_MAX", 3)
    log.append([submission("a", dossiers(dossier("A", "processing", "2023-05-01"), receipt="a"))])
    transactions.producer.begin_transaction()
    transactions.send(TOPIC, record("dossier", event("B", "open")), "B")
    log.append([submission("c", dossiers(dossier("C", "processing", "2023-05-01"), receipt="c"))])
    assert catch_up(log, store) == 1
    assert facts(store) == {"A": 1}
    transactions.producer.commit_transaction(30)
    until(lambda: log.ends(TOPIC) == {0: 4}, "the transaction's marker is there")
    catch_up(log, store)
    assert facts(store) == {"A": 1, "B": 1, "C": 1}
    assert differences(log, store) == []


# Foreign records


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
        assert row["original"] == base64.b64encode(value or b"").decode(), name
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
    items = {
        "dossier": received("A", "2023-05-01"),
        "payment": paid("cash", "2023-05", customers=3, amount=10**16),
        "reading": salinity("ST01", "2023-05-01T05:00", -1.5, 4),
    }
    topic = registry.contracts()[name].topic
    good = record(name, wire_values(name, items[name]))
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
    assert datum.endswith(b"\x02\x01\x00")
    foreign.send(TOPIC, datum[:-2] + bytes([byte, 0]), "A")
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


def test_what_the_hub_publishes_itself_is_passed_over_on_the_quarantine_topic_alone(
    log: KafkaLog, store: Store, foreign: Foreign
) -> None:
    own = [("ce_source", b"/hub")]
    values = rejection("lgsp.dossier.v1/0/7")
    foreign.send(REJECTION.topic, record("quarantine", values), "k", own, timestamp=STAMP)
    foreign.send(REJECTION.topic, b"not even a datum", "k", own, timestamp=STAMP)
    foreign.send(TOPIC, record("dossier", event("A", "1")), "A", own, timestamp=STAMP)
    catch_up(log, store)
    assert quarantined(store) == {}
    assert classes(store) == {("/hub", "applied"): 1}
    assert Runner(log, store, None, lambda: NOW).lag() == dict.fromkeys(
        [c.topic for c in registry.definitions().applied.values()], 0
    )
    assert differences(log, store) == []


def rejection(event_id: str, **more: Any) -> dict[str, Any]:
    """Wire values of a rejected item, as a gateway writes them."""
    return {
        "event_id": event_id,
        "contract": "dossier",
        "rejected_at": STAMP * 1000,
        "index": 3,
        "rule": "malformed",
        "field": "kind",
        "value": "v",
        "message_vi": "sai",
        "message_en": "wrong",
        "original": base64.b64encode(b"{}").decode(),
        **more,
    }


def test_the_hubs_own_notices_do_not_hide_what_stands_behind_them(
    log: KafkaLog, store: Store, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch with nothing but notices counts no event; there may be more after it."""
    monkeypatch.setattr(runner, "EVENTS_PER_BATCH_MAX", 2)
    notice = record("quarantine", rejection("n"))
    for _ in range(5):
        foreign.send(REJECTION.topic, notice, "n", [("ce_source", b"/hub")], timestamp=STAMP)
    foreign.send(REJECTION.topic, record("quarantine", rejection("r:3")), "r", timestamp=STAMP)
    catch_up(log, store)
    assert quarantined(store).keys() == {"r:3"}
    assert differences(log, store) == []


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"contract": "x" * 256},
        {"contract": "quarantine"},
        {"contract": "không có"},
        {"contract": ""},
        {"rejected_at": STAMP * 1000 - 3 * DAY_US},
        {"message_en": 'a\rb\r\nc"d,e\\f\\.\n\\N\n'},
        {"value": "", "field": "", "rule": "\\N", "original": ""},
        {"index": 2**31},
        {"value": "\U0001f30a" * 2000, "message_vi": "ẻ" * 2000},
    ],
    ids=lambda more: ",".join(f"{k}={str(v)[:8]!r}" for k, v in more.items()) or "plain",
)
@pytest.mark.parametrize("count", [1, 90])
def test_a_rejection_of_another_gateway_is_kept_word_for_word(
    log: KafkaLog, store: Store, foreign: Foreign, more: dict[str, Any], count: int
) -> None:
    """Whatever the quarantine's contract allows must fit into the database, few or many."""
    sent = {f"r:{i}": rejection(f"r:{i}", **more) for i in range(count)}
    headers: list[tuple[str, str | bytes | None]] = [("ce_source", b"/senders/g")]
    for event_id, values in sent.items():
        value = record("quarantine", values)
        foreign.producer.produce(REJECTION.topic, value, event_id, headers=headers, timestamp=STAMP)
    assert foreign.producer.flush(30) == 0
    assert catch_up(log, store) == count
    names = ["event_id", "contract", "rejected_at", "index", "rule", "field", "value"]
    names += ["message_vi", "message_en", "original"]
    columns = ",".join(f'"{n}"' for n in names)
    kept = {
        r[0]: dict(zip(names, r, strict=True))
        for r in ask(store, f"SELECT {columns} FROM quarantine")
    }
    assert kept == sent
    assert classes(store) == {("g", "quarantined"): count}
    assert differences(log, store) == []


def test_bad_records_on_the_quarantine_topic_are_set_aside_too(
    log: KafkaLog, store: Store, foreign: Foreign
) -> None:
    good = record("quarantine", rejection("r:1"))
    bad = [None, b"", good[:-1], good + b"\x00", record("quarantine", rejection("r", index=-1))]
    bad.append(record("quarantine", rejection("r", value="a\x00b")))
    for value in (*bad, good, good):
        foreign.send(REJECTION.topic, value, "r", timestamp=STAMP)
    assert catch_up(log, store) == len(bad) + 2
    assert len(quarantined(store)) == len(bad) + 1
    assert classes(store) == {
        ("unnamed", "quarantined"): len(bad) + 1,
        ("unnamed", "duplicate"): 1,
    }
    assert differences(log, store) == []


# When Kafka or the database goes away


def test_a_broker_that_dies_loses_nothing_that_was_acknowledged(
    kafka: Kafka, store: Store, new_topics: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_log, "DELIVERY_SECONDS_MAX", 2)
    new_topics(3)
    log = KafkaLog(kafka.address, store)
    acknowledged: list[str] = []
    failures: list[Exception] = []

    def append() -> None:
        for i in range(100_000):
            items = [dossier(f"H57.{j}", "processing", "2023-05-01") for j in range(50)]
            try:
                log.append([submission(f"r{i}", dossiers(*items, receipt=f"r{i}"))])
            except Exception as error:
                failures.append(error)
                return
            acknowledged.append(f"r{i}")

    thread = threading.Thread(target=append)
    thread.start()
    until(lambda: len(acknowledged) > 5 or failures, "some appends are acknowledged")
    kafka.kill()
    thread.join(60)
    assert not thread.is_alive()
    assert [type(e) for e in failures] == [LogUnavailableError]
    with pytest.raises(LogUnavailableError):
        log.append([submission("while away", batch(receipt="while away"))])
    kafka.start()
    log.append([submission("after", batch(receipt="after"))])
    assert {r.id for r in log.receipts()} == {*acknowledged, "after"}
    found: dict[str, int] = {}
    for partition in log.ends(TOPIC):
        for one in log.read(TOPIC, 0, partition=partition):
            for i in one.origin.tolist():
                found[one.origins[i].receipt] = found.get(one.origins[i].receipt, 0) + 1
    assert {r: n for r, n in found.items() if r in acknowledged} == dict.fromkeys(acknowledged, 50)
    catch_up(log, store)
    assert differences(log, store) == []
    log.close()


def test_a_log_asked_while_the_broker_is_away_says_so_in_time_and_goes_on_after(
    kafka: Kafka, store: Store, new_topics: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Probes ask it too: a hub must not be taken for dead because Kafka is away."""
    monkeypatch.setattr(kafka_log, "READ_SECONDS_MAX", 2)
    new_topics(1)
    log = KafkaLog(kafka.address, store)
    log.append([submission("a", batch())])
    assert offsets(log.read(TOPIC, 0)) == [0, 1, 2]
    kafka.kill()
    took = []
    try:
        for ask_for in (log.ends, lambda t: log.read(t, 0)):
            begun = time.monotonic()
            with pytest.raises(LogUnavailableError):
                ask_for(TOPIC)
            took.append(time.monotonic() - begun)
    finally:
        kafka.start()
    assert offsets(log.read(TOPIC, 0)) == [0, 1, 2]
    log.append([submission("b", batch(receipt="b"))])
    assert offsets(log.read(TOPIC, 3)) == [3, 4, 5]
    log.close()
    assert max(took) < ASKED_SECONDS_MAX


def test_a_database_that_dies_loses_nothing_that_was_acknowledged(
    log: KafkaLog, store: Store, postgres: Postgres
) -> None:
    acknowledged: list[str] = []
    failures: list[Exception] = []

    def append() -> None:
        for i in range(100_000):
            try:
                log.append([submission(f"r{i}", batch(receipt=f"r{i}"), idempotency_key=f"{i}")])
            except Exception as error:
                failures.append(error)
                return
            acknowledged.append(f"r{i}")

    thread = threading.Thread(target=append)
    thread.start()
    until(lambda: len(acknowledged) > 5 or failures, "some appends are acknowledged")
    postgres.kill()
    try:
        thread.join(60)
        assert not thread.is_alive()
        with pytest.raises(LogUnavailableError):
            log.append([submission("while away", batch(receipt="while away"))])
    finally:
        postgres.start()
    assert [type(e) for e in failures] == [LogUnavailableError]
    log.append([submission("after", batch(receipt="after"))])
    kept = {r.id for r in log.receipts()}
    assert {*acknowledged, "after"} <= kept
    # The last one may have been kept just before the answer was lost.
    assert kept <= {*acknowledged, "after", f"r{len(acknowledged)}"}
    catch_up(log, store)
    assert differences(log, store) == []


def test_a_missing_topic_is_named_with_what_to_do(kafka: Kafka, store: Store) -> None:
    delete_topics(kafka)
    log = KafkaLog(kafka.address, store)
    for ask_for in (log.identity, log.ends, lambda t: log.read(t, 0)):
        with pytest.raises(
            TopicsError, match=r"no topic lgsp\.dossier\.v1; run `hub topics apply`"
        ):
            ask_for(TOPIC)
    log.close()


def test_the_hubs_own_headers_are_the_wires(log: KafkaLog) -> None:
    """What this file takes for granted of the hub's own records."""
    assert (wire.SENDERS, wire.OWN_SOURCE, wire.UNNAMED) == ("/senders/", "/hub", "unnamed")
