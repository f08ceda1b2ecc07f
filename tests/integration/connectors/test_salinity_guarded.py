"""The stations' broker as `deploy/mosquitto` sets it up: who is let in, and who may do what.

What Mosquitto 2.0 answers was asked of it: MQTT 3.1.1 has no way to refuse a message, so that it is
confirmed and dropped; of MQTT 5 a logger hears it by the reason of PUBACK.
"""

import logging
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from connectors.salinity import doctor
from connectors.salinity.connector import SalinitySettings, StationFeed
from deploy.local.services.mosquitto import Mosquitto
from deploy.local.services.ports import HOST, free_port
from hub.alerts.outlet import NotToldError
from hub.clock import system_clock
from hub.connecting.feeds import Context, UpstreamError
from hub.opening import OpenHub
from hub.settings import SettingsError, read_own
from outlets.mqtt import outlet
from tests.integration.connectors.stations import connection, hour, in_log
from tests.integration.outlets.test_receivers import MESSAGE
from tests.parts.authority import Authority
from tests.parts.guarded import Guarded
from tests.parts.waiting import until

_numbers = count()
USERS = {"hub": "p@ss/word", "ST01": "mot", "ST02": "hai", "hub-canh-bao": "ba"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, _ends_in_order: None) -> Iterator[Guarded]:
    opened = Guarded(tmp_path_factory.mktemp("guarded"), USERS)
    opened.start()
    yield opened
    opened.kill()
    opened.wipe()


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(f"{USERS['hub']}\n")
    return file


@pytest.fixture
def own(broker: Guarded, password: Path) -> SalinitySettings:
    return SalinitySettings(
        url=broker.address,
        ca=broker.authority.file,
        user="hub",
        password_file=password,
        client_id=f"hub-{next(_numbers)}",
    )


@pytest.fixture
def feed(hub: OpenHub) -> Iterator[Callable[..., StationFeed]]:
    opened = []

    def make(own: SalinitySettings, **changed: Any) -> StationFeed:
        opened.append(StationFeed(own.model_copy(update=changed), Context(hub.log, system_clock)))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


class Station:
    """A logger's connection: what it was answered, by message."""

    def __init__(
        self, broker: Guarded, user: str, version: MQTTProtocolVersion, password: str | None = None
    ) -> None:
        self.answers: list[str] = []
        self.entered: list[str] = []
        self._client = Client(CallbackAPIVersion.VERSION2, f"tram-{user}", protocol=version)
        self._client.tls_set(str(broker.authority.file))
        self._client.username_pw_set(user, USERS.get(user) if password is None else password)
        self._client.on_connect = lambda *said: self.entered.append(str(said[3]))
        self._client.on_publish = lambda *said: self.answers.append(str(said[3]))
        self._client.connect(HOST, broker.port)
        self._client.loop_start()
        until(lambda: self.entered, "the broker answers")

    def send(self, topic: str, text: str) -> str:
        """Publish with QoS 1; give what the broker answered."""
        before = len(self.answers)
        self._client.publish(topic, text, 1)
        until(lambda: len(self.answers) > before, "the broker answers")
        return self.answers[-1]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.mark.parametrize(("version", "answer"), [(MQTTv311, "Success"), (MQTTv5, "Not authorized")])
def test_a_station_writes_to_its_own_topics_alone(
    hub: OpenHub,
    broker: Guarded,
    own: SalinitySettings,
    feed: Callable[..., StationFeed],
    version: MQTTProtocolVersion,
    answer: str,
) -> None:
    opened = feed(own, client_id=f"hub-{version}")
    assert opened.fetch(0) is None
    running, station = connection(hub, opened), Station(broker, "ST01", version)
    assert station.send("lgsp/tram/ST02/man", hour(1, 9.9)) == answer
    assert station.send("canh-bao/st01", "báo động giả") == answer
    assert station.send("lgsp/tram/ST01/man", hour(2)) == "Success"
    station.close()
    until(lambda: running.step(0.2) and in_log(hub) == 1, "its own is in the log")
    assert running.step(0.5) == 0
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        assert reading.rows("SELECT station_code FROM fact_reading") == [("ST01",)]
    # Of `notice` its log does not name it either: that is `log_type debug`.
    assert "Denied PUBLISH" not in broker.said()


def test_nobody_comes_in_with_a_wrong_password_or_without_a_name(broker: Guarded) -> None:
    for user, password in (("ST01", "hai"), ("ST99", "mot"), ("", "")):
        station = Station(broker, user, MQTTv5, password)
        assert station.entered[0] == "Not authorized"
        station.close()


def test_the_hub_says_what_is_wrong_with_what_it_shows(
    own: SalinitySettings, feed: Callable[..., StationFeed], password: Path, tmp_path: Path
) -> None:
    with pytest.raises(UpstreamError, match=r"certificate is not trusted, see HUB_SALINITY_CA"):
        feed(own, ca=None).fetch(0)
    other = Authority(tmp_path, "somebody").file
    with pytest.raises(UpstreamError, match=r"không tin chứng thư.*HUB_SALINITY_CA"):
        feed(own, ca=other).fetch(0)
    for name, file in (("ca", password), ("ca", tmp_path / "none")):
        with pytest.raises(UpstreamError, match=r"HUB_SALINITY_CA=.*cannot be read"):
            feed(own, **{name: file}).fetch(0)
    opened = feed(own)
    password.write_text("wrong")
    with pytest.raises(UpstreamError, match=r"từ chối.* refused: Not authorized"):
        opened.fetch(0)
    password.unlink()
    with pytest.raises(UpstreamError, match=r"HUB_SALINITY_PASSWORD_FILE=.*cannot be read"):
        opened.fetch(0)
    # What is mended in the file is used by the next connection: nothing is started anew.
    password.write_text(USERS["hub"])
    assert opened.fetch(0) is None


def test_a_certificate_is_a_name_and_one_of_another_authority_is_none(
    hub: OpenHub,
    broker: Guarded,
    own: SalinitySettings,
    feed: Callable[..., StationFeed],
    tmp_path: Path,
) -> None:
    certificate, key = broker.stations.issue("hub")
    shown = {"url": broker.machines, "user": "", "password_file": None}
    machine = feed(own, **shown, certificate=certificate, key=key)
    assert machine.fetch(0) is None
    loggers = Station(broker, "ST01", MQTTv5)
    loggers.send("lgsp/tram/ST01/man", hour(1))
    loggers.close()
    running = connection(hub, machine)
    until(lambda: running.step(0.2) and in_log(hub) == 1, "it is in the log")
    forged, forged_key = Authority(tmp_path, "forged").issue("hub")
    for wrong in ({}, {"certificate": forged, "key": forged_key}):
        with pytest.raises(UpstreamError, match=r"HUB_SALINITY_CERTIFICATE|connection lost"):
            feed(own, **shown, **wrong, client_id="other").fetch(0)


def test_the_broker_tells_the_hub_what_it_dropped(
    own: SalinitySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("url", "ca", "user", "password_file"):
        monkeypatch.setenv(f"HUB_SALINITY_{name.upper()}", str(getattr(own, name)))
    (found,) = doctor.findings()
    assert found.level == "ok"


def test_alerts_are_told_by_tls_to_where_their_user_may_write(
    broker: Guarded, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(USERS["hub-canh-bao"])
    settings = outlet.MqttSettings(
        url=broker.address, user="hub-canh-bao", password_file=secret, ca=broker.authority.file
    )
    outlet.send(outlet.write(MESSAGE, "canh-bao/st01"), settings)
    with pytest.raises(NotToldError, match="Not authorized"):
        outlet.send(outlet.write(MESSAGE, "lgsp/tram/ST01/man"), settings)
    blind = settings.model_copy(update={"ca": None})
    with pytest.raises(NotToldError, match="SSLCertVerificationError"):
        outlet.send(outlet.write(MESSAGE, "canh-bao/st01"), blind)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({"USER": "hub"}, "HUB_SALINITY_USER and HUB_SALINITY_PASSWORD_FILE"),
        ({"KEY": "k.pem"}, "HUB_SALINITY_CERTIFICATE and HUB_SALINITY_KEY"),
        ({"CA": "ca.pem", "URL": "mqtt://broker"}, "need HUB_SALINITY_URL=mqtts"),
        ({"USER": "a", "PASSWORD_FILE": "f", "URL": "mqtts://b:c@broker"}, "one of them"),
    ],
)
def test_half_of_what_is_shown_is_refused(
    shown: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ({"URL": "mqtts://broker"} | shown).items():
        monkeypatch.setenv(f"HUB_SALINITY_{name}", value)
    with pytest.raises(SettingsError, match=said):
        read_own("salinity", SalinitySettings)


class Forgetful(Mosquitto):
    """One that keeps nothing on its disk, as Mosquitto does by default."""

    def _lines(self) -> dict[str, object]:
        return super()._lines() | {"persistence": "false"}


def test_a_broker_that_forgot_what_waited_is_noticed(
    tmp_path: Path,
    feed: Callable[..., StationFeed],
    caplog: pytest.LogCaptureFixture,
) -> None:
    broker = Forgetful(tmp_path, free_port())
    broker.start()
    try:
        own = SalinitySettings(url=broker.address)
        feed(own).fetch(0)
        feed(own).fetch(0)  # the session is there: nothing is said, and the other is taken over
        assert caplog.records == []
        broker.stop()
        broker.start()
        with caplog.at_level(logging.WARNING):
            feed(own).fetch(0)
        assert "has forgotten the hub's session" in caplog.text
    finally:
        broker.wipe()
