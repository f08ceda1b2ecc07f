"""The one-stop connector against an upstream that misbehaves, over HTTP: the facts are the truth.

`python -m tests.integration.connectors.test_one_stop 50` kills the connector so many times.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.one_stop.connector import CONNECTOR, OUTBOX, OneStopFeed, OneStopSettings
from connectors.one_stop.lanes import stamp
from connectors.one_stop.reading import read
from connectors.one_stop.simulator import Faults, Simulator
from deploy.local.services.ports import free_port
from hub import registry
from hub.clock import Clock, system_clock, to_us
from hub.connecting import connection as connect
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context, Delivery, UpstreamError
from hub.log.log import Log
from hub.log.sqlite import SqliteLog
from hub.opening import OpenHub, open_hub
from hub.proof.verify import verify
from hub.settings import Settings
from hub.store.reading import Reading
from tests.integration.connectors.test_payments import GOOD, carry, put
from tests.integration.connectors.test_payments import connection as payments
from tests.parts import lists
from tests.parts.starting import start_hub
from tests.parts.waiting import SECONDS_MAX, until

SOURCE = registry.sources()["one_stop"]
CONTRACT = registry.contracts()["dossier"]
FACT = registry.facts()["dossier"]
KILLS = int(os.environ.get("HUB_KILLS", "8"))
INSTANTS = [f.name for f in CONTRACT.fields if f.kind == "instant"]
Rows = dict[str, tuple[Any, ...]]


@contextmanager
def served(simulator: Simulator) -> Iterator[str]:
    url = simulator.start(free_port())
    try:
        yield url
    finally:
        simulator.stop()


@contextmanager
def hub_in(folder: Path, clock: Clock = system_clock) -> Iterator[OpenHub]:
    """Open a hub whose breaker allows what the simulator gets wrong on purpose."""
    with open_hub(Settings(data_dir=folder, breaker_share_max=0.5), clock) as hub:
        yield hub


def feed_of(hub: OpenHub, url: str, since: date | None = None, **settings: Any) -> OneStopFeed:
    quick = {"poll_seconds": 0.05, "sweep_seconds": 1, "timeout_seconds": 1, "page_size": 20}
    own = OneStopSettings(url=url, **(quick | settings))
    feed = CONNECTOR.open(own, Context(hub.log, hub.clock, since))
    assert isinstance(feed, OneStopFeed)
    return feed


def connection(hub: OpenHub, feed: OneStopFeed) -> Connection:
    return Connection(SOURCE, CONTRACT, feed, hub.log, hub.clock, hub.settings, hub.seals().seal)


@contextmanager
def carrying(hub: OpenHub, feed: OneStopFeed) -> Iterator[None]:
    """Run a connection in a thread."""
    running = connection(hub, feed)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            running.run()
        except BaseException as error:
            failures.append(error)
        finally:
            feed.close()
            hub.log.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        running.stopping.set()
        thread.join()
    assert failures == []


def is_swept_since(log: Log, at: str) -> bool:
    """Tell whether a sweep that began after an instant is over, and all of it delivered."""
    found = log.checkpoints(["one_stop:sweep", OUTBOX])
    done = json.loads(found.get("one_stop:sweep") or '{"done": ""}')["done"]
    return bool(done > at) and not found.get(OUTBOX)


def expected(simulator: Simulator) -> Rows:
    """Fold, in plain Python, what the upstream's records say in the end, read for the first time.

    As nothing was told before, each fact stands in its first generation.
    """
    page = {"duLieu": simulator.truth(), "conTroTiep": "", "conNua": False}
    kinds = CONTRACT.kinds
    rows = {}
    for record in read("truth.json", json.dumps(page).encode()):
        assert record.verdict is None, record.verdict
        events: list[Mapping[str, Any]] = []
        for said in record.events:
            event: dict[str, Any] = {f.name: said.get(f.name) for f in CONTRACT.fields}
            for name in INSTANTS:
                if event[name] is not None:
                    event[name] = to_us(datetime.fromisoformat(event[name]))
            events.append(event)
        events.sort(key=lambda e: (e["occurred_at"], kinds.index(e["kind"])))
        values = FACT.recount(events)
        rows[record.events[0]["dossier_code"]] = tuple(values[n] for n in FACT.types)
    return rows


def stored(hub: OpenHub) -> Rows:
    """Give the facts of the store, none of which may be disputed."""
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        names = ", ".join(FACT.types)
        rows = reading.rows(f"SELECT entity, is_disputed, {names} FROM fact_dossier")
    assert not any(r[1] for r in rows)
    return {r[0]: r[2:] for r in rows}


def counted(reading: Reading, query: str) -> dict[str, int]:
    return {str(name): int(n) for name, n in reading.rows(query)}


def check_against_truth(hub: OpenHub, simulator: Simulator) -> None:
    """Hold facts, cells, ledger and receipts against the truth; no name may be anywhere."""
    wanted, found = expected(simulator), stored(hub)
    assert found.keys() == wanted.keys()
    assert {c: r for c, r in found.items() if r != wanted[c]} == {
        c: r for c, r in wanted.items() if r != found[c]
    }
    assert verify(hub.log, hub.store, lists.installed()).differences == []
    with hub.store.reading() as reading:
        classes = counted(reading, "SELECT class, SUM(count) FROM ledger GROUP BY 1")
        received = sum(r.accepted + r.rejected for r in hub.log.receipts())
    assert sum(classes.values()) == received
    assert not classes.keys() & {"conflict", "discarded"}, classes
    assert classes["retracted"] > 0
    kept = b"".join(p.read_bytes() for p in hub.settings.data_dir.glob("*.sqlite3*"))
    assert "MẪU".encode() not in kept
    assert b"SoDinhDanh" not in kept


def test_with_every_fault_at_once_the_facts_are_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A page in five fails: with the waits of real life, how long a sweep takes is luck.
    monkeypatch.setattr(connect, "RETRY_SECONDS", (0.02, 0.5))
    start = datetime.now(UTC) - timedelta(days=20)
    simulator = Simulator(7, start, Faults.all_at(0.04, hang_seconds=1.5))
    with served(simulator) as url, hub_in(tmp_path) as hub:
        feed = feed_of(hub, url, overlap_hours=24 * 30)
        with carrying(hub, feed):
            for _ in range(60):
                simulator.advance(12)
                seen = simulator.requests
                until(lambda seen=seen: simulator.requests > seen, "it is asked again")  # type: ignore[misc]
            simulator.settle()
            stopped = stamp(hub.clock())
            until(lambda: is_swept_since(hub.log, stopped), "a sweep of what is settled")
        check_against_truth(hub, simulator)
        with hub.store.reading() as reading:
            rules = counted(reading, "SELECT rule, COUNT(*) FROM quarantine GROUP BY 1")
        assert rules.keys() == {"unmapped_code"}


def kill_and_check(folder: Path, kills: int, seed: int) -> None:
    """Kill the connector so often while the upstream changes and misbehaves; then hold the facts.

    The moments are some requests after its first, and a while that ends anywhere in a step.
    """
    chance = random.Random(seed)
    start = datetime.now(UTC) - timedelta(days=20)
    simulator = Simulator(seed, start, Faults.all_at(0.03, hang_seconds=1.5))
    simulator.advance(300, timedelta(minutes=5))
    stopping = threading.Event()

    def change() -> None:
        while not stopping.wait(0.1):
            simulator.advance(1, timedelta(minutes=1))

    changing = threading.Thread(target=change)
    with served(simulator) as url:
        env = {
            **os.environ,
            "HUB_DATA_DIR": str(folder),
            "HUB_BREAKER_SHARE_MAX": "0.5",
            "HUB_ONE_STOP_URL": url,
            "HUB_ONE_STOP_POLL_SECONDS": "0.05",
            "HUB_ONE_STOP_SWEEP_SECONDS": "1",
            "HUB_ONE_STOP_TIMEOUT_SECONDS": "1",
            "HUB_ONE_STOP_PAGE_SIZE": "20",
            "HUB_ONE_STOP_OVERLAP_HOURS": str(24 * 30),
        }
        command = ("connect", "one_stop")
        processes: list[subprocess.Popen[bytes]] = []
        changing.start()
        try:
            for _ in range(kills):
                wanted = simulator.requests + chance.randint(1, 25)
                process = start_hub(*command, env=env)
                processes.append(process)
                until(lambda wanted=wanted: simulator.requests >= wanted, "it asks")  # type: ignore[misc]
                time.sleep(chance.random() * 0.05)
                os.kill(process.pid, signal.SIGKILL)
                assert process.wait() == -signal.SIGKILL
            stopping.set()
            changing.join()
            simulator.settle()
            stopped = stamp(system_clock())
            process = start_hub(*command, env=env)
            processes.append(process)
            log = SqliteLog(folder / "log.sqlite3")
            until(lambda: is_swept_since(log, stopped), "a sweep of what is settled")
            log.close()
            process.terminate()
            assert process.wait(SECONDS_MAX) == 0
        finally:
            stopping.set()
            changing.join()
            for process in processes:
                with suppress(ProcessLookupError):
                    process.kill()
                process.wait()
    with hub_in(folder) as hub:
        check_against_truth(hub, simulator)


def test_killed_at_any_moment_the_facts_are_the_truth(tmp_path: Path) -> None:
    kill_and_check(tmp_path, KILLS, 20260301)


def others_of(hub: OpenHub, tmp_path: Path) -> Callable[[int], int]:
    """Connect a drop folder to the same log; what it gives drops a file and counts the events."""
    folder = tmp_path / "drop"
    folder.mkdir()
    running = payments(hub, folder, settle=0.01)

    def carry_one(number: int) -> int:
        put(folder, f"{number}.csv", GOOD.replace("NGANHANG.1", f"NGANHANG.{number}"))
        carry(running, folder)
        return sum(hub.log.ends("lgsp.payment.v1").values())

    return carry_one


def test_after_days_away_it_catches_up_by_itself(tmp_path: Path) -> None:
    simulator = Simulator(3, datetime(2026, 3, 2, 1, tzinfo=UTC), Faults(lose=0.1, late=0.1))
    simulator.advance(100)

    def clock() -> datetime:
        return simulator.dossiers.now + timedelta(seconds=1)

    with served(simulator) as url, hub_in(tmp_path, clock) as hub:
        feed = feed_of(hub, url, sweep_seconds=3600)
        port = int(url.rpartition(":")[2])
        with carrying(hub, feed):
            until(lambda: len(simulator.asked) > 8, "it has read what there is")
            simulator.stop()
            name = "heartbeat:one_stop"

            def state() -> str:
                return str(json.loads(hub.log.checkpoint(name) or '{"state": ""}')["state"])

            until(lambda: state() == "upstream_away", "it says that the upstream is away")
            begun = clock()
            simulator.advance(216, timedelta(minutes=20))  # 72 hours
            assert clock() - begun == timedelta(hours=72)
            # Others of the same log are not delayed, neither while it is away nor while it catches
            # up: one step each takes their file and makes it durable.
            others = others_of(hub, tmp_path)
            assert others(1) == 1
            assert state() == "upstream_away"
            simulator.settle()
            simulator.start(port)
            settled = stamp(clock())
            assert others(2) == 2
            simulator.advance(1, timedelta(seconds=3700))  # a sweep is due once more
            until(lambda: is_swept_since(hub.log, settled), "a sweep of what is settled")
            until(lambda: state() == "running", "it says that it runs")
        check_against_truth(hub, simulator)


def test_history_is_loaded_while_live_events_come_first(tmp_path: Path) -> None:
    simulator = Simulator(5, datetime(2025, 9, 1, tzinfo=UTC))
    simulator.advance(400, timedelta(hours=9))  # five months
    simulator.settle()
    # Beyond the overlap: only history can tell of what was before.
    now = simulator.dossiers.now + timedelta(hours=60)

    def clock() -> datetime:
        return max(now, simulator.dossiers.now) + timedelta(seconds=1)

    with served(simulator) as url, hub_in(tmp_path, clock) as hub:
        simulator.dossiers.now = now
        simulator.advance(1)
        feed = feed_of(
            hub, url, date(2025, 9, 1), poll_seconds=0.01, sweep_seconds=600_000, page_size=4
        )
        running = connection(hub, feed)
        for number in range(200):
            time.sleep(0.011)  # so that live may be asked again
            if number % 3 == 0:
                (code,) = simulator.advance(1, timedelta(minutes=1))
                running.step(0)
                if simulator.dossiers.records[code]["NgayCapNhat"] == stamp(simulator.dossiers.now):
                    asked = simulator.asked[-1]
                    assert "den_ngay" not in asked.parameters
                    assert asked.records > 0
            else:
                running.step(0.02)
        simulator.settle()

        def is_loaded() -> bool:
            # A slow answer is nothing within 0.1 s too.
            kept = json.loads(hub.log.checkpoint("one_stop:history") or '{"start": "", "end": "?"}')
            is_all = running.step(0.1) == 0 and kept["start"] == kept["end"]
            return is_all and stored(hub).keys() == expected(simulator).keys()

        until(is_loaded, "history is loaded")
        feed.close()
        assert sum("den_ngay" in a.parameters for a in simulator.asked) > 15
        kept = json.loads(hub.log.checkpoint("one_stop:history") or "")
        assert kept["start"] == kept["end"]
        found, wanted = stored(hub), expected(simulator)
        assert found.keys() == wanted.keys()
        assert verify(hub.log, hub.store, lists.installed()).differences == []
        # It is remembered that history was loaded.
        asked_before = len(simulator.asked)
        again = feed_of(hub, url, date(2025, 10, 1), sweep_seconds=600_000)
        assert again.fetch(0.2) is None
        again.close()
        assert not any("den_ngay" in a.parameters for a in simulator.asked[asked_before:])


def next_of(feed: OneStopFeed) -> Delivery:
    found: list[Delivery] = []

    def comes() -> bool:
        found.extend(filter(None, [feed.fetch(0.05)]))
        return bool(found)

    until(comes, "a delivery")
    return found[0]


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[tuple[Simulator, str, OpenHub]]:
    """An upstream without faults, with some dossiers, and an empty hub."""
    simulator = Simulator(11, datetime.now(UTC) - timedelta(days=1))
    simulator.advance(30, timedelta(minutes=1))
    with served(simulator) as url, hub_in(tmp_path) as hub:
        yield simulator, url, hub


def test_what_was_settled_and_not_delivered_is_delivered_again(
    quiet: tuple[Simulator, str, OpenHub],
) -> None:
    simulator, url, hub = quiet
    first = feed_of(hub, url)
    before = next_of(first)
    first.close()
    asked = simulator.requests
    simulator.advance(30, timedelta(minutes=1))
    second = feed_of(hub, url)
    after = next_of(second)
    assert simulator.requests == asked
    assert after.records == before.records
    assert after.checkpoints == {OUTBOX: ""}
    connection(hub, second).step(0)
    assert hub.log.checkpoint(OUTBOX) == ""
    assert next_of(second).records != before.records
    second.close()


def test_what_was_refused_is_read_again_as_if_never_read(
    quiet: tuple[Simulator, str, OpenHub],
) -> None:
    simulator, url, hub = quiet
    feed = feed_of(hub, url)
    before = next_of(feed)
    asked = simulator.requests
    before.refuse([])
    after = next_of(feed)
    assert simulator.requests > asked
    assert after.records == before.records
    assert hub.log.checkpoint(OUTBOX) != ""
    feed.close()


def test_a_fact_is_told_once_and_so_is_what_is_wrong(
    quiet: tuple[Simulator, str, OpenHub],
) -> None:
    simulator, url, hub = quiet
    records = simulator.dossiers.records.values()
    next(r for r in records if r["NgayTiepNhan"])["KenhThucHien"] = "99"
    feed = feed_of(hub, url, overlap_hours=72, sweep_seconds=0.1)
    with carrying(hub, feed):
        for number in range(4):
            if number == 3:
                simulator.settle()
            seen = stamp(hub.clock())
            until(lambda seen=seen: is_swept_since(hub.log, seen), "a sweep")  # type: ignore[misc]
    assert stored(hub) == expected(simulator)
    with hub.store.reading() as reading:
        classes = counted(reading, "SELECT class, SUM(count) FROM ledger GROUP BY 1")
    assert classes["quarantined"] == 1
    assert "duplicate" not in classes


@pytest.mark.parametrize(
    ("faults", "wait", "says"),
    [
        (Faults(busy=1), 0.0, "HTTP 429"),
        (Faults(broken=1), None, "HTTP 500"),
        (Faults(cut=1), None, "peer closed connection"),
        (Faults(garbled=1), None, "not JSON"),
        (Faults(hang=1, hang_seconds=SECONDS_MAX), None, "timed out"),
    ],
)
def test_what_goes_wrong_with_a_page_is_said(
    quiet: tuple[Simulator, str, OpenHub], faults: Faults, wait: float | None, says: str
) -> None:
    simulator, url, hub = quiet
    simulator.faults = faults
    feed = feed_of(hub, url, timeout_seconds=0.5)
    with pytest.raises(UpstreamError, match=says) as found:
        feed.fetch(1)
    assert found.value.retry_seconds == wait
    assert hub.log.checkpoint(OUTBOX) is None
    feed.close()


def main() -> None:
    """Kill as often as told."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory(prefix="hub-one-stop-") as folder:
        kill_and_check(Path(folder), kills, seed)
    print(f"{kills} kills, seed {seed}: the facts are the truth")


if __name__ == "__main__":
    main()
