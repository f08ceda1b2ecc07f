"""Listening: a broker of MQTT with one who listens to a topic, and misses nothing of it.

It refuses by taking away the right to publish there, hangs by standing still, and goes away by an
orderly stop, after which it still has what its listener has not heard.
"""

import signal
import threading
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from deploy.local.services.mosquitto import Mosquitto
from deploy.local.services.ports import HOST
from tests.parts.receivers import Receiver
from tests.parts.waiting import until

SESSION_SECONDS = 86_400
MARK = b"heard"


class _Ruled(Mosquitto):
    """A broker that lets clients do what a file says."""

    @property
    def rights(self) -> Path:
        """The file."""
        return self.folder / "rights"

    def _lines(self) -> dict[str, object]:
        return super()._lines() | {"acl_file": self.rights}


class Listening(Receiver):
    """`taken` are the payloads that came on the topic, each as often as it did."""

    def __init__(self, folder: Path, topic: str) -> None:
        super().__init__()
        self._topic, self._mark = topic, f"{topic}/mark"
        self._broker = _Ruled(folder, self.port)
        self._broker.folder.mkdir(parents=True)
        self._marks = 0
        self._subscribed = threading.Event()
        self.start()
        self._client = Client(CallbackAPIVersion.VERSION2, "siren", protocol=MQTTv5)
        self._client.reconnect_delay_set(1, 2)
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._heard
        kept = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        kept.SessionExpiryInterval = SESSION_SECONDS
        self._client.connect(HOST, self.port, clean_start=False, properties=kept)
        self._client.loop_start()
        until(self._subscribed.is_set, "it listens")

    @property
    def url(self) -> str:
        """Where it is published."""
        return self._broker.address

    def _connected(self, *_: Any) -> None:
        self._client.subscribe(f"{self._topic}/#", 1)

    def _heard(self, _: Any, __: Any, message: MQTTMessage) -> None:
        if message.topic == self._mark:
            self._marks += 1
            return
        self.seen.append(message.payload)
        self.taken.append(message.payload)

    def be(self, manner: str) -> None:
        """See `Receiver.be`."""
        super().be(manner)
        process = self._broker.process
        if process is None:
            return
        process.send(signal.SIGCONT)
        self._rule(may_publish=manner != "refuse")
        process.send(signal.SIGHUP)  # it reads them again
        if manner == "hang":
            process.send(signal.SIGSTOP)

    def _rule(self, *, may_publish: bool) -> None:
        way = "readwrite" if may_publish else "read"
        text = f"topic {way} {self._topic}\ntopic readwrite {self._mark}\n"
        self._broker.rights.write_text(text)

    def start(self) -> None:
        """Be there."""
        self._rule(may_publish=True)
        self._broker.start()

    def stop(self) -> None:
        """Be away."""
        if (process := self._broker.process) is not None:
            process.send(signal.SIGCONT)
        self._broker.stop()

    def hear_out(self) -> None:
        """Wait until all is heard that the broker has taken: marks come in their turn."""
        before = self._marks

        def is_heard() -> bool:
            self._client.publish(self._mark, MARK, 1)
            return self._marks > before

        until(is_heard, "the listener has heard all")

    def close(self) -> None:
        """Listen no more."""
        self._client.disconnect()
        self._client.loop_stop()
        super().close()
