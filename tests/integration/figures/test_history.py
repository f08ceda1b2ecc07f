"""What time does to a log: gaps, topics made anew, events that come again years later."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it names them, without types
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from deploy.local.services.kafka import Kafka
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.access.keys import Sender
from hub.apply.runner import Runner
from hub.apply.watch import Watch
from hub.clock import system_clock
from hub.definitions import avro, revisions
from hub.definitions.own.rejection import REJECTION
from hub.kafka.log import KafkaLog
from hub.log.log import TopicsError
from hub.opening import OpenHub, open_hub
from hub.proof.verify import verify
from hub.settings import Settings
from hub.store.reading import Row
from hub.store.store import Store
from hub.worker.publisher import Publisher
from stream_jobs.worked import dossier, received
from tests.integration.conftest import delete_topics, make_topics, new_schema
from tests.parts import lists
from tests.parts.foreign import Foreign, everything, record, wire_values
from tests.parts.same import digests
from tests.parts.small import NOW, Json, in_this_process
from tests.parts.waiting import until

DOSSIER = registry.contracts()["dossier"]
TOPIC = DOSSIER.topic


@pytest.fixture
def log(kafka: Kafka, store: Store, new_topics: Callable[[int], None]) -> Iterator[KafkaLog]:
    new_topics(1)
    opened = KafkaLog(kafka.address, store)
    yield opened
    opened.close()


def alter(admin: AdminClient, kind: Any, name: str, **values: str) -> None:
    entries = [
        ConfigEntry(key.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET)
        for key, value in values.items()
    ]
    resource = ConfigResource(kind, name, incremental_configs=entries)
    admin.incremental_alter_configs([resource])[resource].result(30)


def send(foreign: Foreign, code: str, event_id: str) -> None:
    values = wire_values("dossier", dossier(code, "processing", "2023-05-01"))
    foreign.send(TOPIC, record("dossier", values | {"event_id": event_id}), code)


def ask(store: Store, sql: str) -> list[Row]:
    with store.reading() as reading:
        return reading.rows(sql)


def differences(log: Any, store: Store) -> list[str]:
    with in_this_process():
        return verify(log, store, lists.installed()).differences


def compact(kafka: Kafka, log: KafkaLog, foreign: Foreign) -> int:
    """Let the broker take away all but the last of each key; give how many are left.

    When no key stands there twice, nothing more can be taken away, whatever the broker still does.
    """
    admin = AdminClient({"bootstrap.servers": kafka.address})
    alter(admin, ResourceType.BROKER, "1", log_cleaner_backoff_ms="100")
    alter(
        admin,
        ResourceType.TOPIC,
        TOPIC,
        cleanup_policy="compact",
        segment_ms="100",
        min_cleanable_dirty_ratio="0.001",
    )
    numbers = count()

    def is_compacted() -> bool:
        code = f"LAST{next(numbers)}"
        send(foreign, code, code)  # the segment before is closed only by the next
        keys = [m.key() for m in everything(kafka.address, TOPIC)]
        return len(keys) == len(set(keys))

    until(is_compacted, "the topic is compacted")
    # What is sent from now on is not compacted.
    alter(admin, ResourceType.TOPIC, TOPIC, cleanup_policy="delete")
    return len(everything(kafka.address, TOPIC))


def test_gaps_of_compaction_and_of_transactions_hold_nothing_up(
    kafka: Kafka, store: Store, log: KafkaLog
) -> None:
    foreign, transactions = Foreign(kafka.address), Foreign(kafka.address, "history")
    for i in range(60):
        send(foreign, f"D{i % 3}", str(i))
    left = compact(kafka, log, foreign)
    end = log.ends(TOPIC)[0]
    assert left < end
    assert everything(kafka.address, TOPIC)[0].offset() != 0, "the position stands in a gap"
    transactions.producer.begin_transaction()
    send(transactions, "D0", "aborted")
    transactions.producer.abort_transaction(30)
    until(lambda: log.ends(TOPIC)[0] == end + 2, "the transaction's marker is there")
    watch = Watch(log, store)
    assert watch.lag()[TOPIC] == end + 2
    assert Runner(log, store, None, lambda: NOW).catch_up() == left
    assert watch.lag()[TOPIC] == 0
    assert differences(log, store) == []
    send(foreign, "AFTER", "1")
    assert watch.lag()[TOPIC] == 1
    assert Runner(log, store, None, lambda: NOW).catch_up() == 1
    assert watch.lag()[TOPIC] == 0
    assert ask(store, "SELECT events FROM fact_dossier WHERE entity = 'AFTER'") == [(1,)]
    assert differences(log, store) == []


def test_a_watch_never_takes_a_topic_made_anew_for_the_one_that_was(
    kafka: Kafka, store: Store, log: KafkaLog
) -> None:
    send(Foreign(kafka.address), "A", "1")
    Runner(log, store, None, lambda: NOW).catch_up()
    watch = Watch(log, store)
    assert watch.lag()[TOPIC] == 0
    delete_topics(kafka)
    make_topics(kafka, 1)
    send(Foreign(kafka.address), "B", "1")
    with pytest.raises(TopicsError, match="deleted and made again"):
        watch.lag()
    again = KafkaLog(kafka.address, store)
    assert Watch(again, store).lag()[TOPIC] == 1
    Runner(again, store, None, lambda: NOW).catch_up()
    assert Watch(again, store).lag()[TOPIC] == 0
    again.close()


@pytest.fixture(params=["embedded", "production"])
def hub_settings(
    request: pytest.FixtureRequest, kafka: Kafka, postgres: Postgres, tmp_path: Path
) -> Settings:
    if request.param == "embedded":
        return Settings(data_dir=tmp_path / "hub")
    delete_topics(kafka)
    make_topics(kafka, 3)
    return Settings(kafka_bootstrap=kafka.address, database_url=new_schema(postgres))


SENDERS = [Sender("one_stop"), Sender("portal")]


def post(hub: OpenHub, sender: Sender, events: list[Json]) -> dict[str, Any]:
    """Send through a gateway that has just started, and apply."""
    gateway = hub.gateway()
    answer = gateway.accept(DOSSIER, sender, json.dumps(events).encode())
    gateway.close()
    hub.runner.catch_up()
    return answer.body


def counted(hub: OpenHub) -> dict[tuple[str, str], int]:
    sql = "SELECT sender, class, SUM(count) FROM ledger GROUP BY 1, 2"
    return {(s, c): int(n) for s, c, n in ask(hub.store, sql)}


def two_years_old() -> list[Json]:
    codes = [f"OLD-{i}" for i in range(40)]
    first = [received(c, "2024-01-09", due="2024-01-20") for c in codes]
    return first + [dossier(c, "resolved", "2024-01-15") for c in codes]


def test_what_is_two_years_old_and_comes_again_is_a_duplicate_and_changes_nothing(
    hub_settings: Settings,
) -> None:
    old = two_years_old()
    now = [received(f"NEW-{i}", "2026-01-10") for i in range(5)]
    with open_hub(hub_settings) as hub:
        for sender in SENDERS:
            assert post(hub, sender, [*old, *now])["accepted"] == len(old) + len(now)
        before = digests(hub.store)
    for turn in range(1, 4):
        # Each sender tries again, in another order, each time with a hub that has just started.
        with open_hub(hub_settings) as hub:
            for sender in SENDERS:
                again = post(hub, sender, old[::-1] if turn % 2 else old)
                assert (again["accepted"], again["duplicates"]) == (0, len(old))
            assert digests(hub.store) == before
            for sender in SENDERS:
                assert counted(hub)[sender.name, "applied"] == len(old) + len(now)
                assert counted(hub)[sender.name, "duplicate"] == turn * len(old)
            assert differences(hub.log, hub.store) == []


def test_the_same_id_with_another_content_is_seen_wherever_one_looks(
    hub_settings: Settings,
) -> None:
    old = two_years_old()
    other = old[0] | {"channel": "online"}
    with open_hub(hub_settings) as hub:
        post(hub, SENDERS[0], old)
    with open_hub(hub_settings) as hub:
        assert post(hub, SENDERS[0], [other])["accepted"] == 1
        assert post(hub, SENDERS[0], [other])["duplicates"] == 1
        code = old[0]["dossier_code"]
        disputed = "SELECT entity FROM fact_dossier WHERE is_disputed = 1"
        assert ask(hub.store, disputed) == [(code,)]
        marked = (
            "SELECT SUM(disputed), SUM(count) FROM cell"
            " WHERE cell_set = 'dossier.received/received_by' AND period = '2024-01-09'"
        )
        assert [tuple(map(int, r)) for r in ask(hub.store, marked)] == [(1, 40)]
        assert counted(hub) == {
            ("one_stop", "applied"): len(old),
            ("one_stop", "conflict"): 1,
            ("one_stop", "duplicate"): 1,
        }
        assert differences(hub.log, hub.store) == []
        if isinstance(hub.log, KafkaLog):
            (notice,) = told(hub.log, hub.store, hub_settings.kafka_bootstrap)
            assert (notice["rule"], notice["value"]) == ("conflict", other["event_id"])


def told(log: KafkaLog, store: Store, bootstrap: str) -> list[dict[str, Any]]:
    """Publish, and read what others are told of what was set aside."""
    publisher = Publisher(store, log, lists.installed(), system_clock)
    with publisher.leading() as c:
        assert c is not None
        publisher.round(c)
    schema = revisions.latest(REJECTION.name).plain
    found = everything(bootstrap, REJECTION.topic)
    return [avro.read_one(schema, (m.value() or b"")[5:]) for m in found]
