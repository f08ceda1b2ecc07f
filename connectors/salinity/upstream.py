"""The upstream over MQTT 5: a session of the broker, and what it sent that is not acknowledged."""

import socket
import time
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, error_string
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from connectors.salinity.broker import KEEPALIVE_SECONDS, BrokerSettings
from hub.connecting.feeds import UpstreamError
from hub.definitions.admission import Verdict

# What is gone without a word (a machine, a line, a router's memory) answers no probe of TCP either:
# it is noticed within one keep-alive, where pings alone take two.
PROBES = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
# A broker that ten thousand stations come back to answers late; to hang up makes it later still.
ANSWER_SECONDS = 15.0
LINGER_SECONDS = 0.1  # what comes together is one append
SESSION_SECONDS = 7 * 86_400


def probe(connection: Any) -> None:
    """Have the system probe a connection while nothing comes, by the options that it knows."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # What was sent and is not acknowledged is waited for no longer than probes are.
    unacknowledged_ms = (KEEPALIVE_SECONDS - 10) * 1_000
    for name, value in {**PROBES, "TCP_USER_TIMEOUT": unacknowledged_ms}.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Upstream:
    """One connection to the broker, and what it brought that is not acknowledged.

    When it is lost, both go: packet numbers are the connection's own, and the broker sends what was
    not acknowledged again on the next. Everything happens in the thread that calls.
    """

    def __init__(
        self, broker: BrokerSettings, client_id: str, topic: str, inflight_max: int
    ) -> None:
        self._inflight_max = inflight_max
        self._topic = topic
        self._is_subscribed = False
        self._count = 0
        self.has_session = False  # the broker kept one, with what came since it was last here
        self.lost = ""
        self.held: dict[int, MQTTMessage] = {}
        self._client = self._new_client(broker, client_id)
        asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        asked.SessionExpiryInterval = SESSION_SECONDS
        asked.ReceiveMaximum = inflight_max
        broker.connect(self._client, clean_start=False, properties=asked)
        probe(self._client.socket())
        deadline = time.monotonic() + ANSWER_SECONDS
        while not self._is_subscribed and not self.lost:
            self._turn(deadline - time.monotonic())
            if time.monotonic() >= deadline:
                self.lost = self.lost or f"no answer within {ANSWER_SECONDS:.0f} s"
        if self.lost:
            self.close()
            raise UpstreamError(f"{broker.place}: {self.lost}")

    def _new_client(self, broker: BrokerSettings, client_id: str) -> Client:
        client = broker.client(client_id)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _on_connect(
        self, client: Client, _: Any, flags: ConnectFlags, reason: Any, __: Any
    ) -> None:
        if reason.is_failure:
            self.lost = f"máy chủ từ chối, xem người dùng và mật khẩu | refused: {reason}"
            return
        # Then the subscription is there: its answer comes behind hundreds of messages that waited.
        self.has_session = self._is_subscribed = flags.session_present
        # A retained message comes once, not at each connection anew.
        once = SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
        client.subscribe(self._topic, options=SubscribeOptions(qos=1, retainHandling=once))

    def _on_subscribe(self, _: Any, __: Any, ___: Any, reasons: list[Any], ____: Any) -> None:
        # Granted with QoS 0 nothing would come again.
        if any(r.is_failure or r.value < 1 for r in reasons):
            self.lost = f"no subscription to {self._topic}: {reasons[0]}"
        self._is_subscribed = True

    def _on_message(self, _: Any, __: Any, message: MQTTMessage) -> None:
        # What came with QoS 0 was sent without a promise, and is not bounded by the broker.
        if message.qos or len(self.held) < self._inflight_max:
            self.held[self._count] = message
            self._count += 1

    def _on_disconnect(self, _: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        self.lost = self.lost or f"connection lost: {reason}"

    def _turn(self, seconds: float) -> None:
        """Send and receive, waiting at most so long for something to come."""
        code = self._client.loop(max(0.0, seconds))
        if code:
            self.lost = self.lost or f"connection lost: {error_string(code)}"

    def gather(self, seconds: float, enough: int) -> None:
        """Wait for a message, and a moment for others, up to `enough`."""
        deadline = time.monotonic() + seconds
        lingering_until = None
        self._turn(0)
        while not self.lost and len(self.held) < min(enough, self._inflight_max):
            now = time.monotonic()
            if self.held and lingering_until is None:
                lingering_until = min(deadline, now + LINGER_SECONDS)
            until = deadline if lingering_until is None else lingering_until
            if now >= until:
                return
            self._turn(until - now)

    def acknowledge(self, keys: list[int], _: list[Verdict]) -> None:
        """Tell the broker that messages are durable; on a lost connection it is not told."""
        for key in keys:
            message = self.held.pop(key, None)
            if message is not None and not self.lost:
                self._client.ack(message.mid, message.qos)

    def close(self) -> None:
        """Disconnect; the broker keeps the session."""
        self.held.clear()
        self.lost = self.lost or "closed"
        self._client.disconnect()
