"""What tests of station loggers share: what the log and the hub hold of what was published."""

import json
import threading

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from connectors.salinity.connector import StationFeed
from connectors.salinity.simulator import Message, Script
from deploy.local.services.mosquitto import Mosquitto
from hub import registry
from hub.clock import system_clock
from hub.connecting.connection import Connection
from hub.connecting.feeds import Delivery
from hub.opening import OpenHub
from hub.proof.verify import verify
from tests.parts import lists
from tests.parts.waiting import until

SOURCE = registry.sources()["salinity"]
CONTRACT = registry.contracts()["reading"]


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


def connection(hub: OpenHub, feed: StationFeed) -> Connection:
    return Connection(SOURCE, CONTRACT, feed, hub.log, system_clock, hub.settings, hub.seals().seal)


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
    assert verify(hub.log, hub.store, lists.installed()).differences == []


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
