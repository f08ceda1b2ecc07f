"""The log in Kafka: the laws of any log, and what only an open log meets."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME
from confluent_kafka.admin import AdminClient
from kafka.partitioner.default import murmur2

from deploy.local.services.kafka import Kafka
from hub import registry
from hub.apply.runner import Runner
from hub.clock import DAY_US, iso, system_clock
from hub.definitions import avro, revisions
from hub.definitions.own.rejection import REJECTION
from hub.kafka import wire
from hub.kafka.log import KafkaLog
from hub.kafka.topics import Step, wanted
from hub.log.log import Batch, LogUnavailableError, TopicsError
from hub.log.slices import Origin
from hub.log.spool import Spool
from hub.log.submitting import accepted_at, encode
from hub.store.store import Store
from stream_jobs.worked import dossier, paid
from tests.integration.conftest import delete_topics, make_topics
from tests.parts.foreign import everything, record
from tests.parts.on_kafka import (
    PARTITIONS,
    TOPIC,
    ask,
    catch_up,
    classes,
    differences,
    dossiers,
    facts,
    offsets,
)
from tests.parts.small import NOW, admitted_frame
from tests.parts.waiting import until
from tests.unit.log import test_sqlite
from tests.unit.log.test_sqlite import AT, batch, submission

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


def ahead_of_now(days: int) -> int:
    """An instant so many days ahead of this machine's clock, which the broker's is too."""
    return accepted_at(system_clock) + days * DAY_US


def test_what_a_clock_that_is_ahead_accepted_is_kept_with_that_instant(
    log: KafkaLog, store: Store
) -> None:
    at = ahead_of_now(days=400)
    stamped = replace(batch(count=2, receipt="a"), accepted_at=at)
    log.append([submission("a", stamped, accepted_at=at), submission("b", batch(receipt="b"))])
    (one,) = log.read(TOPIC, 0)
    assert one.origins == [Origin("s", at, "a"), Origin("s", AT, "b")]
    catch_up(log, store)
    assert differences(log, store) == []


def test_where_topics_refuse_an_instant_ahead_it_is_said_and_the_spool_goes_on_when_they_do_not(
    log: KafkaLog, kafka: Kafka, tmp_path: Path
) -> None:
    hour = {"message.timestamp.after.max.ms": "3600000"}  # the broker's own limit
    topics = wanted(registry.contracts().values(), 1)
    strict = [Step(t, "alter", "", hour) for t in topics if t.name == TOPIC]
    log.topics.apply(strict, 1)
    at = ahead_of_now(days=1)
    stamped = submission("a", replace(batch(receipt="a"), accepted_at=at), accepted_at=at)

    def words() -> str:
        with pytest.raises(LogUnavailableError) as refused:
            log.append([replace(stamped)])
        return str(refused.value)

    until(lambda: f"up to {iso(at)}" in words(), "the limit holds")
    assert "hub topics apply" in words()
    log_with_spool = Spool(log, tmp_path / "spool.sqlite3")
    log_with_spool.append([stamped])
    log_with_spool.append([submission("b", batch(receipt="b"))])
    assert log_with_spool.waiting == 2
    steps = log.topics.plan(topics)
    assert [(s.topic.name, list(s.config)) for s in steps] == [(TOPIC, list(hour))]
    log.topics.apply(steps, 1)
    until(lambda: log_with_spool.waiting == 0, "the spool is empty")
    log_with_spool.close()
    assert [o.receipt for s in log.read(TOPIC, 0) for o in s.origins] == ["a", "b"]


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
