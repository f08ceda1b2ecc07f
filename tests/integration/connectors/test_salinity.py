"""Station loggers over a real MQTT broker: nothing is lost, nothing counts twice.

`HUB_TEST_KILLS` sets how often the connector's process is killed.
"""

import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.salinity.connector import SalinitySettings, StationFeed
from connectors.salinity.simulator import Loggers, play, script
from deploy.local.services.mosquitto import Mosquitto
from deploy.local.services.ports import free_port
from hub import registry
from hub.clock import system_clock, to_us
from hub.connecting.connection import heartbeat_name
from hub.connecting.feeds import Context, UpstreamError
from hub.figures.compute import read_question
from hub.figures.official import answer
from hub.log.log import LogUnavailableError
from hub.opening import OpenHub
from hub.proof.verify import verify
from hub.settings import SettingsError, read_own
from tests.integration.connectors.stations import (
    check,
    connection,
    facts,
    has_all,
    hour,
    in_log,
    ledger,
    messages,
    take,
)
from tests.parts import lists
from tests.parts.waiting import until

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
            (figure,) = answer(kpi, asked, lists.installed().book(reading))["figures"]
        return str(figure["value"])

    play(loggers, messages(*(hour(h) for h in range(6))))
    until(lambda: running.step(0.2) and in_log(hub) >= 6, "the first hours are in the log")
    assert highest() == "1.500000"
    stored = ",".join(hour(h, 2 + h / 10) for h in range(6, 24))
    play(loggers, messages(f"[{stored}]"))
    until(lambda: running.step(0.2) and in_log(hub) >= 24, "the stored hours are in the log")
    assert highest() == "4.300000"
    assert verify(hub.log, hub.store, lists.installed()).differences == []


def test_each_bad_record_of_a_delivery_keeps_its_own_bytes_and_its_topic(
    hub: OpenHub, open_feed: Callable[..., StationFeed], loggers: Loggers
) -> None:
    running = connection(hub, open_feed())
    play(loggers, [*messages("x", hour(1), "y"), *messages("x", topic="lgsp/tram/ST02/man")])
    until(lambda: running.step(0.2) and in_log(hub) == 1, "the good one is in the log")
    until(lambda: running.step(0.2) == 0, "nothing is left")
    assert ledger(hub) == {"applied": 1, "quarantined": 3}
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT event_id, original FROM quarantine")
    opens = hub.seals().opener()
    assert {opens("salinity", *row).raw for row in rows} == {
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
