"""A connector's process may end between any two of its steps: nothing is lost, nothing doubled.

The calls are those by which a connector touches log, upstream and files.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from paho.mqtt.client import Client

from connectors.one_stop.simulator import Simulator
from connectors.one_stop.upstream import Upstream
from connectors.payments.simulator import Drop, plan
from connectors.salinity.connector import SalinitySettings, StationFeed
from connectors.salinity.simulator import Loggers, script
from deploy.local.services.mosquitto import Mosquitto
from hub.clock import system_clock
from hub.connecting import folder
from hub.connecting.feeds import Context
from hub.log.sqlite import SqliteLog
from hub.opening import OpenHub
from hub.proof.verify import verify
from tests.integration.connectors import stations as salinity
from tests.integration.connectors import test_one_stop as one_stop
from tests.integration.connectors import test_payments as payments
from tests.parts import lists
from tests.parts.crash_points import Points, Touched, carried, every_point
from tests.parts.small import in_this_process
from tests.parts.waiting import until

Patch = pytest.MonkeyPatch
# Who is called, and how: what of a connector outlives its process.
TOUCHED: dict[str, Touched] = {
    "payments": [
        (SqliteLog, "append"),
        (SqliteLog, "set_checkpoints"),
        (folder, "_write"),
        (folder.Folder, "_move"),
    ],
    "one_stop": [
        (SqliteLog, "append"),
        (SqliteLog, "set_checkpoints"),
        (Upstream, "page"),
    ],
    "salinity": [
        (SqliteLog, "append"),
        (SqliteLog, "set_checkpoints"),
        (Client, "ack"),
    ],
}


def test_payments(tmp_path: Path, monkeypatch: Patch) -> None:
    drops = plan(11, 2, rows=8)
    bad = "\n".join([payments.HEADER, payments.GOOD, payments.BAD])
    points = Points(monkeypatch, TOUCHED["payments"])

    def run(name: str) -> None:
        place, home = tmp_path / name / "drop", tmp_path / name
        place.mkdir(parents=True)
        for one in drops:
            (place / one.name).write_bytes(one.content)
        (place / "sai.csv").write_text(bad, "utf-8")

        def carry() -> None:
            with one_stop.hub_in(home / "hub") as hub:
                payments.carry(payments.connection(hub, place, settle=0), place)

        carried(points, carry)
        with one_stop.hub_in(home / "hub") as hub:
            check_payments(hub, place, drops)

    every_point(points, run, {"append": 3, "set_checkpoints": 4, "_write": 1, "_move": 3})


def check_payments(hub: OpenHub, place: Path, drops: list[Drop]) -> None:
    good = sum(len(d.good) for d in drops) + 1
    counted = payments.ledger(hub)
    assert counted == {"applied": good, "quarantined": 1}
    # Beside a file of which something was passed over lies a note that says so.
    files = [n for n in payments.names(place, "done") if not n.endswith(".ghi-chu.txt")]
    assert files == sorted(d.name for d in drops)
    assert payments.names(place, "failed") == ["sai.csv", "sai.csv.loi.csv"]
    # Its head, and a line for each of the two cells that are wrong.
    assert len(payments.errors(place, "sai.csv.loi.csv")) == 3
    with in_this_process():
        assert verify(hub.log, hub.store, lists.installed()).differences == []


def test_one_stop(tmp_path: Path, monkeypatch: Patch) -> None:
    simulator = Simulator(5, datetime.now(UTC) - timedelta(days=20))
    simulator.advance(40)
    simulator.settle()
    wanted = one_stop.expected(simulator)
    points = Points(monkeypatch, TOUCHED["one_stop"])
    with one_stop.served(simulator) as url:

        def run(name: str) -> None:
            def carry() -> None:
                with one_stop.hub_in(tmp_path / name) as hub:
                    feed = one_stop.feed_of(hub, url, overlap_hours=24 * 30, sweep_seconds=3_600)
                    running = one_stop.connection(hub, feed)

                    def is_done() -> bool:
                        return not running.step(0) and one_stop.stored(hub) == wanted

                    try:
                        until(is_done, "everything is there")
                    finally:
                        feed.close()

            carried(points, carry)
            with one_stop.hub_in(tmp_path / name) as hub:
                assert one_stop.stored(hub) == wanted
                with in_this_process():
                    assert verify(hub.log, hub.store, lists.installed()).differences == []

        every_point(points, run, {"append": 2, "set_checkpoints": 3, "page": 2})


def test_salinity(tmp_path: Path, monkeypatch: Patch, mosquitto: Mosquitto) -> None:
    made = script(seed=3, stations=2, hours=4)
    points = Points(monkeypatch, TOUCHED["salinity"])
    loggers = Loggers(mosquitto.address, "loggers-crash-points")

    def run(name: str) -> None:
        settings = {"url": mosquitto.address, "client_id": f"hub-{name}", "batch_max": 4}
        own = SalinitySettings.model_validate(settings)

        @contextmanager
        def opened() -> Iterator[tuple[OpenHub, StationFeed]]:
            with one_stop.hub_in(tmp_path / name) as hub:
                feed = StationFeed(own, Context(hub.log, system_clock))
                try:
                    yield hub, feed
                finally:
                    feed.close()  # the broker keeps the session, and what was not acknowledged

        def subscribe() -> None:
            with opened() as (_, first):
                first.fetch(0)

        carried(points, subscribe)
        for message in made.messages:
            loggers.publish(message)
        loggers.confirm()

        def carry() -> None:
            with opened() as (hub, feed):
                running = salinity.connection(hub, feed)

                def is_done() -> bool:
                    running.step(0.05)
                    return salinity.has_all(hub, made)

                until(is_done, "everything is there")

        carried(points, carry)
        with opened() as (hub, _), in_this_process():
            salinity.check(hub, made, least_repeats=0)
        salinity.forget(mosquitto, own.client_id)

    try:
        every_point(points, run, {"append": 2, "set_checkpoints": 2, "ack": 6})
    finally:
        loggers.close()
