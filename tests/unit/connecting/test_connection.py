"""Connecting: nothing is acknowledged to an upstream before it is durable, nothing counts twice."""

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.clock import system_clock
from hub.connecting import connection as connect
from hub.connecting.breaker import Breaker
from hub.connecting.connection import Connection, heartbeat_name
from hub.connecting.feeds import Delivery, Record, UpstreamError
from hub.definitions.admission import unreadable
from hub.log.log import LogUnavailableError
from hub.opening import OpenHub, open_hub
from hub.settings import Settings

SOURCE = registry.sources()["salinity"]
CONTRACT = registry.contracts()["reading"]


def record(number: int, **other: Any) -> Record:
    event = {
        "event_id": str(number),
        "station_code": "ST01",
        "measured_at": f"2026-03-01T{number % 24:02}:00:00+07:00",
        "quantity": "salinity",
        "value": 1.5,
        "unit": "g/L",
    }
    return Record(json.dumps(number).encode(), (event | other,), place=number)


class ListFeed:
    """Delivers lists of records; what was not acknowledged comes again."""

    def __init__(self, *deliveries: list[Record]) -> None:
        self.waiting = list(deliveries)
        self.error: UpstreamError | None = None
        self.told: list[list[Any]] = []
        self.refused: list[list[Any]] = []
        self.checkpoints: dict[str, str] = {}

    def fetch(self, seconds: float) -> Delivery | None:
        if self.error:
            raise self.error
        if not self.waiting:
            return None

        def acknowledge(verdicts: list[Any]) -> None:
            self.waiting.pop(0)
            self.told.append(verdicts)

        return Delivery(self.waiting[0], self.checkpoints, acknowledge, self.refused.append)

    def close(self) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OpenHub]:
    with open_hub(Settings(data_dir=tmp_path, breaker_seconds=0)) as found:
        yield found


def connection(hub: OpenHub, feed: ListFeed) -> Connection:
    return Connection(SOURCE, CONTRACT, feed, hub.log, system_clock, hub.settings, hub.seals().seal)


def ledger(hub: OpenHub) -> dict[str, int]:
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT class, SUM(count) FROM ledger GROUP BY 1")
    return {str(c): int(n) for c, n in rows}


def test_what_is_delivered_is_in_the_log_with_its_checkpoints(hub: OpenHub) -> None:
    feed = ListFeed([record(1), record(2)], [record(3)])
    feed.checkpoints = {"page": "7"}
    running = connection(hub, feed)
    assert [running.step(0), running.step(0), running.step(0)] == [2, 1, 0]
    assert ledger(hub) == {"applied": 3}
    assert hub.log.checkpoint("page") == "7"
    assert feed.told == [[], []]


def test_what_is_delivered_again_counts_once(hub: OpenHub) -> None:
    feed = ListFeed([record(1), record(2)], [record(2), record(1)])
    running = connection(hub, feed)
    running.step(0)
    running.step(0)
    assert ledger(hub) == {"applied": 2, "duplicate": 2}


def test_a_bad_record_is_set_aside_with_its_bytes_under_one_name(hub: OpenHub) -> None:
    wrong = unreadable("no_such_unit", "dv", "x", "không có đơn vị này", "no such unit", 5)
    bad = Record(b"upstream bytes", verdict=wrong, place=5)
    feed = ListFeed([record(1), bad, record(2, unit="mm")], [bad])
    running = connection(hub, feed)
    running.step(0)
    running.step(0)
    assert ledger(hub) == {"applied": 1, "quarantined": 2, "duplicate": 1}
    assert [(v.index, v.rule) for v in feed.told[0]] == [(5, "no_such_unit"), (2, "unknown_value")]
    with hub.store.reading() as reading:
        rows = reading.rows('SELECT sender, rule, field, value, "index" FROM quarantine ORDER BY 2')
    assert rows == [
        ("salinity", "no_such_unit", "dv", "x", 5),
        ("salinity", "unknown_value", "unit", "mm", 2),
    ]


def test_nothing_is_acknowledged_while_the_log_is_away(
    hub: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = ListFeed([record(1)])
    running = connection(hub, feed)
    running.stopping.set()  # so that it does not wait

    def away(*_: object) -> None:
        raise LogUnavailableError("away")

    with monkeypatch.context() as m:
        m.setattr(hub.log, "append", away)
        assert running.step(0) == 0
    assert feed.told == []
    assert running.step(0) == 1
    assert feed.told == [[]]
    assert ledger(hub) == {"applied": 1}


def test_an_upstream_that_is_away_is_told_by_the_heartbeat_and_tried_again(hub: OpenHub) -> None:
    feed = ListFeed([record(1)])
    feed.error = UpstreamError("no route")
    running = connection(hub, feed)
    running.stopping.set()
    running.step(0)
    said = json.loads(hub.log.checkpoint(heartbeat_name("salinity")) or "")
    assert (said["state"], said["error"]) == ("upstream_away", "no route")
    feed.error = None
    running.step(0)
    said = json.loads(hub.log.checkpoint(heartbeat_name("salinity")) or "")
    assert (said["state"], said["error"]) == ("running", "")


def test_the_wait_grows_with_each_failure_and_follows_what_the_upstream_asks(hub: OpenHub) -> None:
    feed = ListFeed()
    running = connection(hub, feed)
    waits: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            self.set()
            return True

    for asked in (None, None, None, None, 7.0):
        running.stopping = Stop()
        feed.error = UpstreamError("away", asked)
        running.step(0)
    assert 0.25 <= waits[0] <= 0.5
    assert 2 <= waits[3] <= 4
    assert 6.9 < waits[4] <= 7


def test_a_source_that_is_mostly_wrong_is_stopped_and_nothing_of_it_is_taken(hub: OpenHub) -> None:
    good = [record(i) for i in range(24)]
    bad = [record(i, unit="mm") for i in range(1000)]
    feed = ListFeed(good, bad)
    running = connection(hub, feed)
    running.step(0)
    running.step(0)
    said = json.loads(hub.log.checkpoint(heartbeat_name("salinity")) or "")
    assert said["state"] == "stopped_by_breaker"
    assert len(feed.refused[0]) == 1000
    assert ledger(hub) == {"applied": 24}
    running.step(0)  # tried again: still wrong
    assert len(feed.refused) == 2
    feed.waiting = [good]  # mended
    running.step(0)
    said = json.loads(hub.log.checkpoint(heartbeat_name("salinity")) or "")
    assert said["state"] == "running"
    assert ledger(hub) == {"applied": 24, "duplicate": 24}


def test_why_a_source_is_stopped_is_told_for_as_long_as_it_is(
    hub: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = connection(hub, ListFeed([record(i, unit="mm") for i in range(1000)]))
    running.step(0)
    first = json.loads(hub.log.checkpoint(heartbeat_name("salinity")) or "")
    assert first["error"]

    def wait_seconds(_: float) -> float:
        running.stopping.set()
        return 60

    monkeypatch.setattr(connect, "HEARTBEAT_SECONDS", 0)
    monkeypatch.setattr(running._breaker, "wait_seconds", wait_seconds)
    hub.log.set_checkpoints({heartbeat_name("salinity"): "{}"})
    running.run()
    later = json.loads(hub.log.checkpoint(heartbeat_name("salinity")) or "")
    assert (later["state"], later["error"]) == ("stopped_by_breaker", first["error"])


def by_definition(history: list[bool], share_max: float, in_a_row_max: int) -> bool:
    """Say from all the records whether the source is to be stopped."""
    seen = history[-10_000:]
    text = "".join("x" if bad else "." for bad in history)
    is_over = len(seen) >= 1000 and sum(seen) > share_max * len(seen)
    return is_over or "x" * in_a_row_max in text


@pytest.mark.parametrize("share", [0.0, 0.005, 0.012, 0.5, 1.0])
def test_the_breaker_opens_by_its_definition(share: float) -> None:
    r = random.Random(share)
    for _ in range(30):
        breaker = Breaker(0.01, 50, 60)
        history: list[bool] = []
        while len(history) < 15_000:
            part = [r.random() < share for _ in range(r.choice([1, 10, 400, 3000]))]
            history += part
            wanted = by_definition(history, 0.01, 50)
            assert breaker.allows(part, 5.0) is not wanted
            assert breaker.is_open is wanted
            assert breaker.wait_seconds(25.0) == (40.0 if wanted else 0.0)
            if wanted:
                break


def test_what_is_passed_over_is_acknowledged_and_leaves_the_breaker_alone(hub: OpenHub) -> None:
    """K10: so many status messages that as many wrong records would have opened it."""
    feed = ListFeed([record(1)], *([[]] * 3), [record(2)])
    running = connection(hub, feed)
    for _ in range(5):
        running.step(0)
    assert feed.told == [[]] * 5
    assert ledger(hub) == {"applied": 2}
    assert feed.refused == []
