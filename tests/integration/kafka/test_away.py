"""Kafka or the database goes away: nothing acknowledged is lost, and the log says so in time."""

import threading
import time
from collections.abc import Callable

import pytest

from deploy.local.services.kafka import Kafka
from deploy.local.services.postgres import Postgres
from hub.kafka import log as kafka_log
from hub.kafka.log import KafkaLog
from hub.log.log import LogUnavailableError
from hub.store.store import Store
from stream_jobs.worked import dossier
from tests.parts.on_kafka import TOPIC, catch_up, differences, dossiers, offsets
from tests.parts.waiting import SECONDS_MAX, until
from tests.unit.log.test_sqlite import batch, submission

# A few seconds where the machine is quiet; a client left to itself would ask on without end.
ASKED_SECONDS_MAX = 120


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
    thread.join(SECONDS_MAX)
    assert not thread.is_alive()
    assert [type(e) for e in failures] == [LogUnavailableError]
    with pytest.raises(LogUnavailableError):
        log.append([submission("while away", batch(receipt="while away"))])
    kafka.start()

    def is_appended() -> bool:
        try:
            log.append([submission("after", batch(receipt="after"))])
        except LogUnavailableError:
            return False  # within two seconds a busy broker has not answered
        return True

    until(is_appended, "it is appended again")
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
    new_topics(1)
    log = KafkaLog(kafka.address, store)
    log.append([submission("a", batch())])
    assert offsets(log.read(TOPIC, 0)) == [0, 1, 2]
    kafka.kill()
    took = []
    try:
        with monkeypatch.context() as patched:
            patched.setattr(kafka_log, "READ_SECONDS_MAX", 2)
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
        thread.join(SECONDS_MAX)
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
