"""A crowd of stations, each with a connection of its own: MQTT 3.1.1, QoS 1, as most loggers have.

What a station measured it keeps until the broker has confirmed it, and sends it again over the next
connection (MQTT 3.1.1, 4.4). Written over the wire itself: ten thousand clients of a library would
be as many threads.
"""

import asyncio
import json
import random
import struct
from collections.abc import Callable
from datetime import datetime, timedelta

from hub.clock import VIETNAM, to_us

BEGIN = datetime(2026, 3, 1, tzinfo=VIETNAM)
KEEPALIVE_SECONDS = 300  # no silence of a run is longer, so that nobody has to ping
RECONNECT_SECONDS = (0.5, 3.0)
CONNECT, CONNACK, PUBLISH, PUBACK = 0x10, 0x20, 0x32, 0x40
AGAIN = 0x08
AT_ONCE = 200  # connections that are opened at the same time
Key = tuple[str, int]


def code(number: int) -> str:
    """Name a station, counted from 0."""
    return f"ST{number + 1:05}"


def reading(number: int, minute: int) -> tuple[datetime, int]:
    """Say what a station measures in a minute: when, and thousandths of g/L."""
    at = BEGIN + timedelta(minutes=minute, seconds=number % 60)
    return at, (number * 7_919 + minute * 104_729) % 30_000


def truth(stations: int, minutes: int) -> dict[Key, int]:
    """Give all that is measured: thousandths of g/L by station and instant in microseconds."""
    found = {}
    for number in range(stations):
        for minute in range(minutes):
            at, milli = reading(number, minute)
            found[code(number), to_us(at)] = milli
    return found


class Station(asyncio.Protocol):
    """One logger: `waiting` holds what the broker has not confirmed, by packet number."""

    def __init__(self, number: int, on_lost: Callable[["Station"], None]) -> None:
        self.waiting: dict[int, bytes] = {}
        self.is_taken = False  # the broker took the connection
        self._number = number
        self._packets = 0
        self._on_lost = on_lost
        self._came = b""
        self._transport: asyncio.Transport | None = None

    def measure(self, minute: int) -> None:
        """Measure, and send it where there is a connection."""
        at, milli = reading(self._number, minute)
        entry = {"tg": f"{at:%Y%m%d%H%M%S}", "gt": milli / 1000, "dv": "g/L", "cl": 1}
        topic = _text(f"lgsp/tram/{code(self._number)}/man")
        self._packets += 1
        body = topic + struct.pack("!H", self._packets) + json.dumps(entry).encode()
        self.waiting[self._packets] = body
        if self.is_taken:
            self._send(PUBLISH, body)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a session that ends with the connection: a logger only publishes."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._came = transport, b""
        asked = _text("MQTT") + struct.pack("!BBH", 4, 2, KEEPALIVE_SECONDS)
        self._send(CONNECT, asked + _text(f"tram-{self._number}"))

    def data_received(self, data: bytes) -> None:
        """Take what the broker says; it says nothing that is longer than four bytes."""
        self._came += data
        while len(self._came) >= 4:
            packet, self._came = self._came[:4], self._came[4:]
            kind, length, first, second = packet
            assert length == 2, packet
            if kind == CONNACK:
                assert second == 0, f"refused: {second}"
                self.is_taken = True
                for body in self.waiting.values():
                    self._send(PUBLISH | AGAIN, body)
            elif kind == PUBACK:
                self.waiting.pop(first << 8 | second, None)

    def connection_lost(self, _: Exception | None) -> None:
        """Connect again, a little later than others do."""
        self.is_taken, self._transport = False, None
        self._on_lost(self)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _send(self, kind: int, body: bytes) -> None:
        assert self._transport is not None
        length = bytes(
            [len(body)] if len(body) < 128 else [len(body) % 128 | 128, len(body) // 128]
        )
        self._transport.write(bytes([kind]) + length + body)


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()


class Crowd:
    """All stations of a run, in one thread; `unconfirmed` counts what the broker has not taken."""

    def __init__(self, host: str, port: int, stations: int) -> None:
        self._place = host, port
        self._chance = random.Random(stations)
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._is_closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost = 0  # connections
        self.stations = [Station(n, self._again) for n in range(stations)]

    @property
    def unconfirmed(self) -> int:
        """Count what is measured and not confirmed."""
        return sum(len(s.waiting) for s in self.stations)

    @property
    def connected(self) -> int:
        """Count the stations that the broker has let in."""
        return sum(s.is_taken for s in self.stations)

    async def connect(self, seconds: float) -> None:
        """Connect all of them; raises `TimeoutError`."""
        for station in self.stations:
            self._spawn(station, 0)
        async with asyncio.timeout(seconds):
            while self.connected < len(self.stations):
                await asyncio.sleep(0.1)

    async def measure(self, minute: int, seconds: float) -> None:
        """Let all measure in a minute that takes so long, one after another."""
        loop = asyncio.get_running_loop()
        begun, many = loop.time(), len(self.stations)
        for number, station in enumerate(self.stations):
            wait = begun + number / many * seconds - loop.time()
            if wait > 0.005:
                await asyncio.sleep(wait)
            station.measure(minute)
        await asyncio.sleep(max(0.0, begun + seconds - loop.time()))

    async def confirm(self, seconds: float) -> None:
        """Wait until all is confirmed; raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while self.unconfirmed:
                await asyncio.sleep(0.1)

    def close(self) -> None:
        """Let all hang up."""
        self._is_closing = True
        for task in self._tasks:
            task.cancel()
        for station in self.stations:
            station.close()

    def _again(self, station: Station) -> None:
        self.lost += 1
        if not self._is_closing:
            self._spawn(station, self._chance.uniform(*RECONNECT_SECONDS))

    def _spawn(self, station: Station, wait: float) -> None:
        task = asyncio.get_running_loop().create_task(self._open(station, wait))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, station: Station, wait: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(wait)
            try:
                async with self._gate:
                    await loop.create_connection(lambda: station, *self._place)
                return
            except OSError:
                wait = self._chance.uniform(*RECONNECT_SECONDS)
