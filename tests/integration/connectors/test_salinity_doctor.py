"""The doctor asks a real broker what it dropped: Mosquitto says it nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from connectors.salinity import doctor
from deploy.local.services.mosquitto import Mosquitto
from deploy.local.services.ports import HOST, free_port
from tests.parts.waiting import until

QUEUED_MAX = 1000  # Mosquitto 2.0's own default


class Default(Mosquitto):
    """A broker as a province has it: the queue of an absent session is the default's."""

    def _lines(self) -> dict[str, object]:
        kept = {k: v for k, v in super()._lines().items() if not k.startswith("max_queued")}
        return kept | {"sys_interval": 1}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Default]:
    opened = Default(tmp_path, free_port())
    opened.start()
    yield opened
    opened.kill()
    opened.wipe()


def client(broker: Mosquitto, name: str, *, is_kept: bool) -> Client:
    opened = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTv5)
    asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    asked.SessionExpiryInterval = 3600 if is_kept else 0
    opened.connect(HOST, broker.port, clean_start=not is_kept, properties=asked)
    opened.loop_start()
    return opened


def publish(broker: Mosquitto, messages: int) -> None:
    station = client(broker, "station", is_kept=False)
    for number in range(messages):
        station.publish("lgsp/tram/ST01/salinity", str(number), qos=1)
    station.publish("lgsp/end", "", qos=1).wait_for_publish(60)
    station.disconnect()
    station.loop_stop()


def leave_a_session(broker: Mosquitto) -> None:
    """Subscribe as the hub does, and go away."""
    hub = client(broker, "hub", is_kept=True)
    subscribed: list[int] = []
    hub.on_subscribe = lambda *_: subscribed.append(1)
    hub.subscribe("lgsp/tram/#", qos=1)
    while not subscribed:
        pass
    hub.disconnect()
    hub.loop_stop()


def test_what_a_broker_drops_for_an_absent_hub_is_told(
    broker: Default, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(doctor.findings()) == []
    monkeypatch.setenv("HUB_SALINITY_URL", broker.address)
    leave_a_session(broker)
    publish(broker, QUEUED_MAX)
    (found,) = doctor.findings()
    assert found.level == "ok"
    publish(broker, 50)
    # It tells of itself each second.
    until(lambda: [f.level for f in doctor.findings()] == ["fault"], "it tells what it dropped")
    (found,) = doctor.findings()
    assert (found.level, "đã bỏ" in found.vi) == ("fault", True)
    assert "max_queued_messages" in found.todo_en
    broker.kill()
    (found,) = doctor.findings()
    assert (found.level, "reached" in found.en) == ("fault", True)
