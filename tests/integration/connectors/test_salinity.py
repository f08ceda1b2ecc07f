"""Station loggers over a real MQTT broker: nothing is lost, nothing counts twice.

`HUB_TEST_KILLS` sets how often the connector's process is killed.
"""

import base64
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from connectors.salinity.connector import SalinitySettings, StationFeed
from connectors.salinity.simulator import Loggers, Message, Script, play, script
from deploy.local.services.mosquitto import Mosquitto
from deploy.local.services.ports import free_port
from hub import registry
from hub.clock import system_clock, to_us
from hub.connecting.connection import Connection, heartbeat_name
from hub.connecting.feeds import Context, Delivery, UpstreamError
from hub.figures.compute import read_question
from hub.figures.official import answer
from hub.log.log import LogUnavailableError
from hub.opening import OpenHub, open_hub
from hub.proof.verify import verify
from hub.settings import Settings, SettingsError, read_own
from tests.parts.waiting import until

SOURCE = registry.sources()["salinity"]
CONTRACT = registry.contracts()["reading"]
KILLS = int(os.environ.get("HUB_TEST_KILLS", "8"))
# The connector as it is, but killed when what it read is durable and not yet acknowledged.
DIES_BEFORE_ACKNOWLEDGING = """
import os, signal, sys
from connectors.salinity.upstream import Upstream
Upstream.acknowledge = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from hub.cli import main
sys.argv = ["hub", "connect", "salinity"]
main()
"""
_numbers = count()


def forget(broker: Mosquitto, client_id: str) -> None:
    """End the session that the broker keeps for a client."""
    client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5)
    seen = threading.Event()
    client.on_connect = lambda *_: seen.set()
    client.connect("127.0.0.1", broker.port, clean_start=True)
    client.loop_start()
    assert seen.wait(30)
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def own(mosquitto: Mosquitto) -> Iterator[SalinitySettings]:
    """Settings with a session of the test's own."""
    settings = SalinitySettings(url=mosquitto.address, client_id=f"hub-{next(_numbers)}")
    yield settings
    forget(mosquitto, settings.client_id)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OpenHub]:
    with open_hub(Settings(data_dir=tmp_path)) as found:
        yield found


@pytest.fixture
def loggers(mosquitto: Mosquitto) -> Iterator[Loggers]:
    found = Loggers(mosquitto.address, f"loggers-{next(_numbers)}")
    yield found
    found.close()
    assert found.unheard == 0  # the session was there before anything was published


@pytest.fixture
def open_feed(own: SalinitySettings, hub: OpenHub) -> Iterator[Callable[..., StationFeed]]:
    """Open feeds of one session, connected; all are closed in the end."""
    opened = []

    def make(**changed: Any) -> StationFeed:
        feed = StationFeed(own.model_copy(update=changed), Context(hub.log, system_clock))
        opened.append(feed)
        feed.fetch(0)
        return feed

    yield make
    for feed in opened:
        feed.close()


def connection(hub: OpenHub, feed: StationFeed) -> Connection:
    return Connection(SOURCE, CONTRACT, feed, hub.log, system_clock, hub.settings)


def in_log(hub: OpenHub) -> int:
    return sum(hub.log.ends(CONTRACT.topic).values())


def await_in_log(hub: OpenHub, wanted: int) -> None:
    until(lambda: in_log(hub) >= wanted, f"{wanted} are in the log")


def facts(hub: OpenHub) -> dict[tuple[str, int], tuple[int, int | None]]:
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT station_code, measured_at, milli, quality FROM fact_reading")
    return {(s, at): (milli, quality) for s, at, milli, quality in rows}


def ledger(hub: OpenHub) -> dict[str, int]:
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT class, SUM(count) FROM ledger GROUP BY 1")
    return {str(c): int(n) for c, n in rows}


def has_all(hub: OpenHub, made: Script) -> bool:
    found = ledger(hub)
    applied, broken = found.get("applied", 0), found.get("quarantined", 0)
    return applied >= made.distinct and broken >= made.broken


def check(hub: OpenHub, made: Script, least_repeats: int | None = None) -> None:
    """Hold what is stored against the truth, and against the log."""
    assert facts(hub) == made.truth
    found = ledger(hub)
    repeats = found.pop("duplicate", 0)
    wanted = {"applied": made.distinct, "quarantined": made.broken}
    assert found == {k: n for k, n in wanted.items() if n}
    if least_repeats is None:
        assert repeats == made.repeats
    else:
        assert repeats >= made.repeats + least_repeats
    assert verify(hub.log, hub.store, registry.installed()).differences == []


def messages(*texts: str, topic: str = "lgsp/tram/ST01/man") -> list[Message]:
    return [Message(0, topic, text.encode()) for text in texts]


def hour(number: int, grams: float = 1.5) -> str:
    return json.dumps({"tg": f"20260301{number:02}0000", "gt": grams, "dv": "g/L"})


def take(feed: StationFeed, records: int) -> list[Delivery]:
    """Fetch until one delivery has so many records; none is acknowledged."""
    found: list[Delivery] = []

    def is_all() -> bool:
        delivery = feed.fetch(0.2)
        if delivery is not None:
            found.append(delivery)
        return bool(found) and len(found[-1].records) >= records

    until(is_all, f"{records} records are delivered")
    return found


# --- in this process ----------------------------------------------------------------------------


def test_a_day_of_twelve_stations_with_faults_is_stored_as_it_truly_was(
    hub: OpenHub, open_feed: Callable[..., StationFeed], loggers: Loggers
) -> None:
    made = script(seed=7, stations=12, hours=48)
    assert min(made.repeats, made.broken, made.distinct - len(made.truth)) > 0
    assert any(m.payload.startswith(b"[") for m in made.messages)
    running = connection(hub, open_feed())
    play(loggers, made.messages)
    carried = 0
    while carried < made.distinct + made.repeats + made.broken:
        carried += running.step(1)
    check(hub, made)


def test_two_values_for_one_instant_are_a_conflict_and_not_two_readings(
    hub: OpenHub, open_feed: Callable[..., StationFeed], loggers: Loggers
) -> None:
    running = connection(hub, open_feed())
    play(loggers, messages(hour(1, 1.5), hour(1, 1.7)))
    until(lambda: running.step(0.2) and in_log(hub) == 2, "both are in the log")
    assert len(facts(hub)) == 1
    assert ledger(hub) == {"applied": 1, "conflict": 1}


def test_hours_that_come_a_day_later_restate_the_day(
    hub: OpenHub, open_feed: Callable[..., StationFeed], loggers: Loggers
) -> None:
    running = connection(hub, open_feed())

    def highest() -> str:
        hub.runner.catch_up()
        kpi, now = registry.kpis()["salinity_max"], to_us(system_clock())
        asked = read_question(kpi, {"period": "2026-03-01", "station": "ST01"}, now)
        with hub.store.reading() as reading:
            (figure,) = answer(kpi, asked, registry.installed().book(reading))["figures"]
        return str(figure["value"])

    play(loggers, messages(*(hour(h) for h in range(6))))
    until(lambda: running.step(0.2) and in_log(hub) >= 6, "the first hours are in the log")
    assert highest() == "1.500000"
    stored = ",".join(hour(h, 2 + h / 10) for h in range(6, 24))
    play(loggers, messages(f"[{stored}]"))
    until(lambda: running.step(0.2) and in_log(hub) >= 24, "the stored hours are in the log")
    assert highest() == "4.300000"
    assert verify(hub.log, hub.store, registry.installed()).differences == []


def test_each_bad_record_of_a_delivery_keeps_its_own_bytes_and_its_topic(
    hub: OpenHub, open_feed: Callable[..., StationFeed], loggers: Loggers
) -> None:
    running = connection(hub, open_feed())
    play(loggers, [*messages("x", hour(1), "y"), *messages("x", topic="lgsp/tram/ST02/man")])
    until(lambda: running.step(0.2) and in_log(hub) == 1, "the good one is in the log")
    until(lambda: running.step(0.2) == 0, "nothing is left")
    assert ledger(hub) == {"applied": 1, "quarantined": 3}
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT original FROM quarantine")
    assert {base64.b64decode(r[0]) for r in rows} == {
        b"lgsp/tram/ST01/man\nx",
        b"lgsp/tram/ST01/man\ny",
        b"lgsp/tram/ST02/man\nx",
    }


def test_what_is_published_while_no_connector_runs_comes_when_it_returns(
    hub: OpenHub, open_feed: Callable[..., StationFeed], loggers: Loggers
) -> None:
    open_feed().close()
    made = script(seed=3, stations=4, hours=24, has_faults=False)
    play(loggers, made.messages)
    running = connection(hub, open_feed())
    until(lambda: running.step(0.2) and has_all(hub, made), "all are in the log")
    check(hub, made)


def test_nothing_is_acknowledged_while_the_log_is_away(
    hub: OpenHub,
    open_feed: Callable[..., StationFeed],
    loggers: Loggers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feed = open_feed()
    running = connection(hub, feed)
    running.stopping.set()  # so that it does not wait
    play(loggers, messages(*(hour(h) for h in range(10))))
    tried: list[int] = []

    def away(submissions: list[Any]) -> None:
        tried.append(sum(s.accepted for s in submissions))
        raise LogUnavailableError("away")

    with monkeypatch.context() as m:
        m.setattr(hub.log, "append", away)
        until(lambda: running.step(0.2) == 0 and 10 in tried, "all ten are tried at once")
        running.step(0.2)
    assert tried[-2:] == [10, 10]  # the same again, from this process
    feed.close()
    again = open_feed()  # and from the broker
    assert len(take(again, 10)[-1].records) == 10
    until(lambda: connection(hub, again).step(0.2) and in_log(hub) == 10, "all are in the log")
    assert ledger(hub) == {"applied": 10}


def test_what_was_acknowledged_does_not_come_again(
    open_feed: Callable[..., StationFeed], loggers: Loggers
) -> None:
    feed = open_feed()
    play(loggers, messages(hour(1), "no JSON", hour(2)))
    delivery = take(feed, 3)[-1]
    delivery.acknowledge([])
    assert feed.fetch(0.2) is None
    feed.close()
    play(loggers, messages(hour(3)))
    after = take(open_feed(), 1)[-1]
    assert [dict(e)["measured_at"] for r in after.records for e in r.events] == [
        "2026-03-01T03:00:00+07:00"
    ]


def test_an_acknowledgement_of_a_lost_connection_is_not_sent_on_the_next(
    open_feed: Callable[..., StationFeed], loggers: Loggers
) -> None:
    feed = open_feed()
    play(loggers, messages(*(hour(h) for h in range(5))))
    old = take(feed, 5)[-1]
    open_feed().close()  # takes the session over, so that the broker closes the first connection

    def is_lost() -> bool:
        try:
            feed.fetch(0.2)
        except UpstreamError:
            return True
        return False

    until(is_lost, "the loss is noticed")
    new = take(feed, 5)[-1]
    assert new.records == old.records  # once, not beside what was held
    old.acknowledge([])
    assert feed.fetch(0) is not None
    feed.close()
    assert len(take(open_feed(), 5)[-1].records) == 5


def test_a_batch_has_whole_messages_and_no_more_readings_than_set(
    open_feed: Callable[..., StationFeed], loggers: Loggers
) -> None:
    feed = open_feed(batch_max=10, inflight_max=4)
    array = "[" + ",".join(hour(h) for h in range(6)) + "]"
    play(loggers, messages(array, array, hour(1), hour(2), *(hour(h) for h in range(3, 20))))
    sizes: list[int] = []
    while sum(sizes) < 31:
        delivery = feed.fetch(1)
        assert delivery is not None
        assert [r.place for r in delivery.records] == list(range(len(delivery.records)))
        sizes.append(len(delivery.records))
        delivery.acknowledge([])
    assert max(sizes) <= 10
    assert sizes[0] == 6


def test_no_more_is_sent_ahead_than_set(
    open_feed: Callable[..., StationFeed], loggers: Loggers
) -> None:
    feed = open_feed(inflight_max=4)
    play(loggers, messages(*(hour(h) for h in range(20))))
    take(feed, 4)
    for _ in range(5):
        delivery = feed.fetch(0.1)
        assert delivery is not None
        assert len(delivery.records) == 4


def test_a_broker_that_is_away_is_said_so(own: SalinitySettings, hub: OpenHub) -> None:
    context = Context(hub.log, system_clock)
    away = StationFeed(own.model_copy(update={"url": f"mqtt://127.0.0.1:{free_port()}"}), context)
    for _ in range(2):
        with pytest.raises(UpstreamError, match=r"127\.0\.0\.1:\d+: .*refused"):
            away.fetch(0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL", "http://broker"),
        ("URL", "mqtt://:1883"),
        ("CLIENT_ID", ""),
        ("INFLIGHT_MAX", "0"),
        ("TOPIC", "a/#/b"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SALINITY_URL", "mqtts://hub:secret@broker:8883")
    assert read_own("salinity", SalinitySettings).inflight_max == 500
    monkeypatch.setenv(f"HUB_SALINITY_{name}", value)
    with pytest.raises(SettingsError, match=f"^HUB_SALINITY_{name}="):
        read_own("salinity", SalinitySettings)


# --- the broker restarts, also one with TLS and passwords ---------------------------------------


def test_a_restart_of_the_broker_loses_nothing(
    hub: OpenHub,
    open_feed: Callable[..., StationFeed],
    loggers: Loggers,
    mosquitto: Mosquitto,
) -> None:
    made = script(seed=11, stations=12, hours=24)
    feed = open_feed(batch_max=20)
    running = connection(hub, feed)
    half = len(made.messages) // 2
    play(loggers, made.messages[:half])
    until(lambda: running.step(0.2) and in_log(hub) >= 40, "some are in the log")
    # Some wait in the broker, some are here and not acknowledged.
    assert feed.fetch(0.2) is not None
    mosquitto.stop()

    def is_away() -> bool:
        running.step(0.2)
        said = json.loads(hub.log.checkpoint(heartbeat_name("salinity")) or "")
        return bool(said["state"] == "upstream_away")

    # First what had come already is taken, whose acknowledgement the broker does not hear.
    until(is_away, "the loss is noticed")
    mosquitto.start()
    rest = threading.Thread(target=play, args=(loggers, made.messages[half:]))
    rest.start()
    until(lambda: running.step(0.2) >= 0 and has_all(hub, made), "all are in the log")
    rest.join(60)
    until(lambda: running.step(0.2) == 0, "nothing is left")
    check(hub, made, least_repeats=0)


def test_tls_with_user_and_password(
    hub: OpenHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, key, certificate = free_port(), tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made.split(), *names, *files], check=True, capture_output=True)
    passwords = tmp_path / "passwords"
    command = ["mosquitto_passwd", "-c", "-b", str(passwords), "hub", "p@ss/word"]
    subprocess.run(command, check=True)

    class Secured(Mosquitto):
        def _prepare(self) -> None:
            super()._prepare()
            text = self._configuration.read_text().replace("allow_anonymous true", "")
            text += f"certfile {certificate}\nkeyfile {key}\npassword_file {passwords}\n"
            self._configuration.write_text(text)

        def _answers(self) -> bool:
            return True

    broker = Secured(tmp_path, port)
    context = Context(hub.log, system_clock)
    url = f"mqtts://hub:p%40ss%2Fword@localhost:{port}"
    feed = StationFeed(SalinitySettings(url=url), context)
    broker.start()
    try:
        with pytest.raises(UpstreamError):  # nobody vouches for it; or it does not answer yet
            feed.fetch(0)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

        def is_connected() -> bool:
            try:
                return feed.fetch(0) is None
            except UpstreamError:
                return False

        until(is_connected, "connected with TLS")
        wrong = SalinitySettings(url=url.replace("word", "mot"), client_id="other")
        with pytest.raises(UpstreamError, match="refused: Not authorized"):
            StationFeed(wrong, context).fetch(0)
    finally:
        feed.close()
        broker.wipe()


# --- the connector as a process -----------------------------------------------------------------


class Connected:
    """`hub connect salinity` as a process, over the folder of a hub."""

    def __init__(self, hub: OpenHub, own: SalinitySettings, **more: str) -> None:
        self._hub = hub
        self._env = {
            **os.environ,
            "HUB_DATA_DIR": str(hub.settings.data_dir),
            "HUB_SALINITY_URL": own.url,
            "HUB_SALINITY_CLIENT_ID": own.client_id,
            **more,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        command = [sys.executable, *(arguments or ("-m", "hub.cli", "connect", "salinity"))]
        self.process = subprocess.Popen(command, env=self._env)

    def await_running(self) -> None:
        def is_running() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, "it ended"
            told = self._hub.log.checkpoint(heartbeat_name("salinity"))
            return told is not None and json.loads(told)["state"] == "running"

        until(is_running, "the connector runs")

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)
            self.process = None

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(30) == 0
        self.process = None

    def memory_max_kib(self) -> int:
        assert self.process is not None
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.partition("VmHWM:")[2].split()[0])


@pytest.fixture
def connected(hub: OpenHub, own: SalinitySettings) -> Iterator[Callable[..., Connected]]:
    started = []

    def make(**more: str) -> Connected:
        found = Connected(hub, own, **more)
        started.append(found)
        return found

    yield make
    for one in started:
        one.kill()


def test_a_connector_that_is_killed_again_and_again_loses_and_doubles_nothing(
    hub: OpenHub, connected: Callable[..., Connected], loggers: Loggers
) -> None:
    chance = random.Random(20260301)
    made = script(seed=5, stations=12, hours=max(24, 6 * KILLS))
    running = connected(HUB_SALINITY_BATCH_MAX="7")
    running.start()
    running.await_running()
    allowed = threading.Semaphore(0)
    share = len(made.messages) // (KILLS + 1)

    def publish() -> None:
        for message in made.messages:
            allowed.acquire()
            loggers.publish(message)
        loggers.confirm()

    publishing = threading.Thread(target=publish, daemon=True)
    publishing.start()
    for _ in range(KILLS):
        wanted = in_log(hub) + chance.randrange(1, share // 2)
        allowed.release(share)
        await_in_log(hub, wanted)
        running.kill()
        running.start()
    # And killed for certain between the log and the acknowledgement.
    running.kill()
    before = in_log(hub)
    allowed.release(len(made.messages))
    running.start("-c", DIES_BEFORE_ACKNOWLEDGING)
    assert running.process is not None
    assert running.process.wait(60) == -signal.SIGKILL
    assert in_log(hub) > before
    running.start()
    until(lambda: has_all(hub, made), "all are in the log")
    publishing.join(60)
    assert not publishing.is_alive()
    running.stop()
    check(hub, made, least_repeats=1)


def test_the_hour_of_five_thousand_stations_is_counted_in_bounded_memory(
    hub: OpenHub, connected: Callable[..., Connected], loggers: Loggers
) -> None:
    running = connected()
    running.start()
    running.await_running()
    before = running.memory_max_kib()
    made = script(seed=1, stations=5_000, hours=1, has_faults=False)
    play(loggers, made.messages)
    await_in_log(hub, 5_000)
    after = running.memory_max_kib()
    running.stop()
    check(hub, made)
    assert after - before < 64 * 1024, f"{before} KiB, then {after} KiB"


def test_the_simulator_tells_what_it_published(
    hub: OpenHub, open_feed: Callable[..., StationFeed], own: SalinitySettings
) -> None:
    running = connection(hub, open_feed())
    command = ["-m", "connectors.salinity.simulator", "--url", own.url, "--seed", "2"]
    run = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    made = script(seed=2, stations=12, hours=24)
    assert run.stderr == ""
    assert run.stdout.startswith(f"{len(made.messages)} messages: {made.distinct} readings")
    until(lambda: running.step(0.2) >= 0 and has_all(hub, made), "all are in the log")
    until(lambda: running.step(0.2) == 0, "nothing is left")
    check(hub, made)
