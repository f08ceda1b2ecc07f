"""Three guarded brokers: one may go, two may not; what was acknowledged is on two, and stays.

`make brokers` does more of it, with a gateway, a worker and traffic.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import Message

from hub.kafka import log as kafka_log
from hub.kafka.log import KafkaLog, Record
from hub.log.log import LogUnavailableError
from hub.store.store import Store
from stream_jobs.worked import dossier
from tests.parts.cluster import Cluster
from tests.parts.on_kafka import TOPIC, dossiers
from tests.parts.waiting import until
from tests.unit.log.test_sqlite import AT, submission

PARTITIONS = 3
EVENTS = 20  # of a submission


@pytest.fixture
def cluster(tmp_path: Path, _ends_in_order: None) -> Iterator[Cluster]:
    opened = Cluster(tmp_path)
    try:
        opened.start()
        opened.make_topics(PARTITIONS)
        opened.allow("gateway", "serve")
        yield opened
    finally:
        opened.close()


def test_one_of_three_brokers_may_go_and_of_two_nothing_is_acknowledged_by_one(
    cluster: Cluster, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_log, "DELIVERY_SECONDS_MAX", 4)
    log = KafkaLog(cluster.bootstrap, store, credentials=cluster.credentials("gateway"))
    acknowledged: list[str] = []

    def is_appended(name: str) -> bool:
        items = [dossier(f"H57.{j}", "processing", "2023-05-01") for j in range(EVENTS)]
        try:
            log.append([submission(name, dossiers(*items, receipt=name))])
        except LogUnavailableError:
            return False
        acknowledged.append(name)
        return True

    try:
        until(lambda: is_appended("all three"), "the rights are known to each broker")
        number = cluster.controller()
        first = next(b for b in cluster.brokers if b.number == number)
        second, last = (b for b in cluster.brokers if b is not first)
        first.kill()  # who decides for all who leads
        until(lambda: is_appended("two are left"), "the two that are left take over")
        led = cluster.led_by(last, TOPIC)
        key = next(k for k, partition in places(log).items() if partition in led)
        second.kill()
        # Who is left leads its partition and takes it down, and may not say that it stands.
        with pytest.raises(LogUnavailableError):
            log.produce([record(key)])
        assert not is_appended("one is left")
        cluster.start(first, second)
        until(lambda: is_appended("all three again"), "it is acknowledged again")
        until(cluster.is_in_sync, "every partition is on three brokers")
        assert {r.id for r in log.receipts()} == set(acknowledged)
        found: Counter[str] = Counter()
        for partition in log.ends(TOPIC):
            for one in log.read(TOPIC, 0, partition=partition):
                found.update(one.origins[i].receipt for i in one.origin.tolist())
        assert {r: found[r] >= EVENTS for r in acknowledged} == dict.fromkeys(acknowledged, True)
    finally:
        log.close()


def record(key: str) -> Record:
    return TOPIC, AT, key.encode(), b"any", []


def places(log: KafkaLog) -> dict[str, int]:
    """Give to which partition some keys go."""
    keys = [f"H57.{n}" for n in range(EVENTS)]
    found: dict[str, int] = {}

    def note(key: str, message: Message) -> None:
        found[key] = int(message.partition() or 0)

    log.produce([record(k) for k in keys], [partial(note, k) for k in keys])
    return found
