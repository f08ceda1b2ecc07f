"""A change feed of a real Debezium over a real PostgreSQL and Kafka, into facts to the đồng."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from connectors.tax_fees.connector import CONNECTOR, TABLE
from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import free_port
from hub import registry
from hub.clock import system_clock
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context, UpstreamError
from hub.kafka.following import ChangesFeed, ChangesSettings
from hub.log.log import LogUnavailableError
from hub.opening import OpenHub, open_hub
from hub.proof.verify import verify
from hub.settings import Settings
from tests.integration.connectors.followed import (
    INSERT,
    TOPIC,
    TaxDatabase,
    debezium,
    records,
    running,
)
from tests.parts import lists
from tests.parts.small import in_this_process
from tests.parts.starting import start_hub
from tests.parts.waiting import until

_numbers = count()
KILLS = int(os.environ.get("HUB_TEST_KILLS", "4"))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OpenHub]:
    with open_hub(Settings(data_dir=tmp_path / "hub", breaker_seconds=0)) as found:
        yield found


def connection(hub: OpenHub, kafka: Kafka, topic: str, **more: Any) -> Connection:
    settings = ChangesSettings(bootstrap=kafka.address, topic=topic, **more)
    feed = CONNECTOR.open(settings, Context(hub.log, system_clock, ranges=hub.store.ranges))
    source, contract = registry.sources()["tax_fees"], registry.contracts()["fee"]
    seal = hub.seals().seal
    made = Connection(source, contract, feed, hub.log, system_clock, hub.settings, seal)
    made.stopping.set()  # so that it does not wait after an error
    return made


def facts(hub: OpenHub) -> dict[str, tuple[Any, ...]]:
    """Give what is owed and paid by dossier and fee, where anything is."""
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT entity, assessed_vnd, paid_vnd FROM fact_fee ORDER BY 1")
    return {str(e): (owed, paid) for e, owed, paid in rows if owed or paid}


def ledger(hub: OpenHub) -> dict[str, int]:
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT class, SUM(count) FROM ledger GROUP BY 1")
    return {str(c): int(n) for c, n in rows}


def fee(number: int) -> str:
    return f"H57.132-250517-{number:04}|LP01"


@pytest.mark.parametrize("wrapped", [True, False])
def test_what_debezium_tells_is_what_the_hub_holds(
    hub: OpenHub, kafka: Kafka, tmp_path: Path, wrapped: bool
) -> None:
    """Snapshot, changes, deletion, a column more, Debezium killed and another snapshot."""
    tax = TaxDatabase(tmp_path / "source", free_port())
    own = {} if wrapped else {"decimal.handling.mode": "string"}
    prefix = f"thue{next(_numbers)}"
    topic = TOPIC.replace("thue", prefix, 1)
    with running(tax):
        tax.make()
        tax.assess(1)
        tax.assess(2)
        worker = debezium(
            tmp_path / "worker", kafka, tax, wrapped=wrapped, **{"topic.prefix": prefix}, **own
        )
        with running(worker):
            reading = connection(hub, kafka, topic, times="" if wrapped else "micros")

            def holds(expected: dict[str, tuple[Any, ...]]) -> None:
                def there() -> bool:
                    reading.step(1)
                    return facts(hub) == expected

                until(there, f"the facts are {expected}", 60)

            holds({fee(1): (150_000, 0), fee(2): (150_000, 0)})
            with tax.connect() as owner:
                owner.execute("UPDATE khoan_thu SET so_tien = 160000 WHERE id = 1")
                at = "2025-05-18 09:00"
                # Without its schema a day is a number that nothing tells from others.
                day = "2025-05-18" if wrapped else None
                paid = ("H57.132-250517-0001", "NOP", at, 160_000, "GD1", None, "NH", day)
                owner.execute(INSERT, paid)
                owner.execute("UPDATE khoan_thu SET nguoi_nop = 'Người khác' WHERE id = 1")
            holds({fee(1): (160_000, 160_000), fee(2): (150_000, 0)})
            with tax.connect() as owner:
                owner.execute("DELETE FROM khoan_thu WHERE id = 2")
                owner.execute("ALTER TABLE khoan_thu ADD COLUMN ghi_chu text")
                owner.execute("UPDATE khoan_thu SET so_tien = 170000, ghi_chu = 'a' WHERE id = 1")
            holds({fee(1): (170_000, 160_000)})
            before = ledger(hub)
            # Its offsets are not flushed: killed, it tells the same again.
            worker.kill()
            worker.start()
            tax.assess(3, 5_000)
            settled = {fee(1): (170_000, 160_000), fee(3): (5_000, 0)}
            holds(settled)
            again = ledger(hub)
            assert again["applied"] + again.get("retracted", 0) == (
                before["applied"] + before.get("retracted", 0) + 1
            ), "of what came again nothing was told"
            assert "quarantined" not in again
            reading._feed.close()
    said = [json.loads(value) for _, value in records(kafka, topic) if value]
    assert all(("schema" in v) is wrapped for v in said)
    ops = {(v["payload"] if wrapped else v)["op"] for v in said}
    assert ops == {"r", "c", "u", "d"}
    assert any(value is None for _, value in records(kafka, topic)), "a tombstone"
    with in_this_process():
        assert verify(hub.log, hub.store, lists.installed(), lambda *_: None).differences == []


class Topic:
    """A topic with records in Debezium's envelope, as documented."""

    def __init__(self, kafka: Kafka, partitions: int = 1) -> None:
        self.kafka, self.name = kafka, f"made{next(_numbers)}.public.khoan_thu"
        self.make(partitions)
        self._lsn = 100

    def make(self, partitions: int = 1) -> None:
        admin = AdminClient({"bootstrap.servers": self.kafka.address})
        admin.create_topics([NewTopic(self.name, partitions, 1)])[self.name].result(30)

    def delete(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.kafka.address})
        admin.delete_topics([self.name])[self.name].result(30)
        until(lambda: self.name not in admin.list_topics(timeout=10).topics, "it is deleted")

    def send(self, *messages: tuple[bytes | None, bytes | None], partition: int = 0) -> None:
        producer = Producer({"bootstrap.servers": self.kafka.address})
        for key, value in messages:
            producer.produce(self.name, value, key, partition=partition)
        assert producer.flush(30) == 0

    def change(self, op: str, row: int, lsn: int = 0, **columns: Any) -> tuple[bytes, bytes]:
        """Make a change of a row; each has the next place in the source's log."""
        self._lsn += 1
        after = {
            "id": row,
            "ma_ho_so": f"H57.132-250517-{row:04}",
            "ma_khoan": "LP01",
            "don_vi": "H57.132",
            "nghiep_vu": "PT",
            "luc": 1_747_468_800_123_456,
            "so_tien": 150_000,
            **columns,
        }
        value = {
            "before": None,
            "after": None if op == "d" else after,
            "source": {"ts_ms": 1_747_468_800_000, "lsn": lsn or self._lsn, "txId": 7},
            "op": op,
        }
        return json.dumps({"id": row}).encode(), json.dumps(value).encode()


@pytest.fixture
def topic(kafka: Kafka) -> Topic:
    return Topic(kafka)


@pytest.fixture
def follow(hub: OpenHub, topic: Topic) -> Iterator[Callable[..., Connection]]:
    made = []

    def make(**more: Any) -> Connection:
        made.append(connection(hub, topic.kafka, topic.name, times="micros", **more))
        return made[-1]

    yield make
    for one in made:
        one._feed.close()


def carry(reading: Connection, hub: OpenHub, topic: Topic) -> None:
    """Carry until the log's positions are the topic's ends."""

    def is_read() -> bool:
        reading.step(0.2)
        return _positions(hub) == sum(1 for _ in records(topic.kafka, topic.name))

    until(is_read, "the topic is read")


def _positions(hub: OpenHub) -> int:
    points = hub.log.all_checkpoints()
    return sum(int(v) for n, v in points.items() if n.startswith("tax_fees:at:"))


def test_what_comes_again_after_newer_changes_tells_nothing(
    hub: OpenHub, topic: Topic, follow: Callable[..., Connection]
) -> None:
    first, second = topic.change("c", 1), topic.change("u", 1, so_tien=160_000)
    topic.send(first, second, first, second, topic.change("r", 1, so_tien=160_000))
    carry(follow(), hub, topic)
    assert facts(hub) == {fee(1): (160_000, 0)}
    assert ledger(hub) == {"applied": 2, "retracted": 1}


def test_a_row_that_was_deleted_may_come_back(
    hub: OpenHub, topic: Topic, follow: Callable[..., Connection]
) -> None:
    created = topic.change("c", 1)
    topic.send(created, topic.change("d", 1), (created[0], None), topic.change("c", 1))
    carry(follow(), hub, topic)
    assert facts(hub) == {fee(1): (150_000, 0)}
    topic.send(topic.change("d", 1), topic.change("d", 2))
    carry(follow(), hub, topic)
    assert facts(hub) == {}


def test_a_row_that_cannot_be_read_stands_as_before_until_it_can(
    hub: OpenHub, topic: Topic, follow: Callable[..., Connection]
) -> None:
    topic.send(topic.change("c", 1), topic.change("u", 1, nghiep_vu="KHAC"))
    reading = follow()
    carry(reading, hub, topic)
    assert facts(hub) == {fee(1): (150_000, 0)}
    assert ledger(hub) == {"applied": 1, "quarantined": 1}
    topic.send(topic.change("u", 1, so_tien=170_000))
    carry(reading, hub, topic)
    assert facts(hub) == {fee(1): (170_000, 0)}
    mended = [n for n in hub.log.all_checkpoints() if n.startswith("mended:tax_fees:")]
    assert len(mended) == 1


def test_what_was_read_and_not_made_durable_is_read_again(
    hub: OpenHub, topic: Topic, follow: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    topic.send(topic.change("c", 1))
    reading = follow()
    with monkeypatch.context() as patched:

        def away(_: object) -> None:
            raise LogUnavailableError("away")

        patched.setattr(hub.log, "append", away)
        until(lambda: reading.step(0.2) == 0 and _handed(reading), "it was handed over")
    carry(reading, hub, topic)
    assert facts(hub) == {fee(1): (150_000, 0)}


def test_what_was_read_as_the_log_went_away_is_read_again(
    hub: OpenHub, topic: Topic, follow: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a read and what comes of it, the log is asked how its rows stand."""
    topic.send(topic.change("c", 1))
    reading = follow()
    carry(reading, hub, topic)
    topic.send(topic.change("c", 3))
    asked, failed = hub.log.checkpoints, []

    def away(names: list[str]) -> dict[str, str]:
        if any(":row:" in name for name in names):
            failed.append(names)
            raise LogUnavailableError("away")
        return asked(names)

    with monkeypatch.context() as patched:
        patched.setattr(hub.log, "checkpoints", away)
        until(lambda: reading.step(0.2) == 0 and failed, "it was read, and the log was away")
    topic.send(topic.change("c", 5))
    carry(reading, hub, topic)
    assert facts(hub) == {fee(n): (150_000, 0) for n in (1, 3, 5)}


def _handed(reading: Connection) -> bool:
    feed = reading._feed
    assert isinstance(feed, ChangesFeed)
    return feed._is_handed


def test_a_topic_made_anew_is_read_from_its_beginning(
    hub: OpenHub, topic: Topic, follow: Callable[..., Connection]
) -> None:
    topic.send(topic.change("c", 1), topic.change("c", 2))
    carry(follow(), hub, topic)
    topic.delete()
    topic.make()
    topic.send(topic.change("r", 1), topic.change("r", 2), topic.change("r", 3))
    reading = follow()

    def holds() -> bool:
        reading.step(0.2)
        return len(facts(hub)) == 3

    until(holds, "the third is there")
    assert ledger(hub) == {"applied": 3}


def test_records_deleted_before_they_were_read_stop_the_feed_by_name(
    hub: OpenHub, topic: Topic, follow: Callable[..., Connection]
) -> None:
    topic.send(topic.change("c", 1))
    carry(follow(), hub, topic)
    topic.send(topic.change("c", 2), topic.change("c", 3))
    _delete_before(topic, 3)
    feed = follow()._feed
    with pytest.raises(UpstreamError, match="deleted before"):
        feed.fetch(1)
    assert len(facts(hub)) == 1


def _delete_before(topic: Topic, offset: int) -> None:
    admin = AdminClient({"bootstrap.servers": topic.kafka.address})
    where = TopicPartition(topic.name, 0, offset)
    for done in admin.delete_records([where]).values():
        done.result(30)


def test_a_broker_that_is_away_is_an_upstream_that_is_away(hub: OpenHub) -> None:
    settings = ChangesSettings(bootstrap=f"127.0.0.1:{free_port()}", topic="x")
    feed = ChangesFeed(TABLE, settings, Context(hub.log, system_clock))
    with pytest.raises(UpstreamError):
        feed.fetch(0)


def test_the_simulator_says_what_must_come_of_its_records(hub: OpenHub, kafka: Kafka) -> None:
    command = [sys.executable, "-m", "connectors.tax_fees.simulator", "--topic", "thue.mau"]
    command += ["--bootstrap", kafka.address, "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    reading = connection(hub, kafka, "thue.mau", times="micros")
    total = len(records(kafka, "thue.mau"))

    def is_read() -> bool:
        reading.step(0.2)
        return _positions(hub) == total

    until(is_read, "the topic is read")
    reading._feed.close()
    found = list(facts(hub).values())
    assert len(found) == said["fees"]
    assert sum(assessed for assessed, _ in found) == said["assessed_vnd"]
    assert sum(paid or 0 for _, paid in found) == said["paid_vnd"]
    assert ledger(hub)["quarantined"] == said["rejected"]


def test_killed_many_times_while_rows_change(hub: OpenHub, kafka: Kafka, tmp_path: Path) -> None:
    """`hub connect tax_fees` in a process of its own; the same figures as of one that lived."""
    topic = Topic(kafka, partitions=2)
    environment = {
        **os.environ,
        "HUB_DATA_DIR": str(tmp_path / "hub"),
        "HUB_TAX_FEES_BOOTSTRAP": kafka.address,
        "HUB_TAX_FEES_TOPIC": topic.name,
        "HUB_TAX_FEES_TIMES": "micros",
        "HUB_TAX_FEES_BATCH_RECORDS": "7",
    }
    process = start_hub("connect", "tax_fees", env=environment)
    total = 0
    try:
        for number in range(KILLS):
            before = _positions(hub)
            for row in range(30):
                changes = [topic.change("u", row, so_tien=1000 * number + row)]
                changes += [topic.change("d", row)] if row % 10 == number % 10 else []
                topic.send(*changes, partition=row % 2)
                total += len(changes)
            until(lambda before=before: _positions(hub) > before, "something is read")  # type: ignore[misc]
            process.kill()
            process.wait()
            process = start_hub("connect", "tax_fees", env=environment)
        until(lambda: _positions(hub) == total, "all is read")
    finally:
        process.terminate()
        process.wait(30)
    last = KILLS - 1
    gone = {row for row in range(30) if row % 10 == last % 10}
    expected = {fee(r): (1000 * last + r, 0) for r in range(30) if r not in gone}
    assert facts(hub) == expected
    with in_this_process():
        assert verify(hub.log, hub.store, lists.installed(), lambda *_: None).differences == []
