"""Station loggers that publish to a broker, for demonstrations and tests; all values are invented.

    python -m connectors.salinity.simulator --url mqtt://127.0.0.1:11883 --stations 12 --seed 1

Hourly tidal readings with what real loggers do: offline for a day and then all hours at once, some
as arrays; corrections; repeats; now and then what nobody can read. The same seed gives the same
messages, and with them what must come of them.
"""

import argparse
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from connectors.salinity.synthetic import FROM_SEA_KM, salinity_milligrams_per_litre
from hub.clock import VIETNAM, to_us
from hub.connecting.feeds import UpstreamError
from hub.connecting.struck import Truth, Upstream, integers

HOST = "127.0.0.1"
FIRST_ON = date(2026, 3, 1)
OFFLINE_HOURS = 24
ARRAY_MAX = 10
UNCONFIRMED_MAX = 1_000
INFLIGHT_MAX = 200
RECONNECT_SECONDS = (1, 5)
CONFIRM_SECONDS_MAX = 120.0
# One of so many readings is …
CORRECTED, REPEATED, BROKEN, UNFIT = 40, 30, 200, 50
NO_MATCHING_SUBSCRIBERS = 0x10

Entry = dict[str, Any]
# A reading by station and instant, in microseconds.
Key = tuple[str, int]


@dataclass(frozen=True)
class Message:
    """What one logger publishes, in which hour of the script."""

    hour: int
    topic: str
    payload: bytes


@dataclass
class Script:
    """Messages in the order of sending, and the truth.

    `truth`: thousandths of g/L and quality of each reading, as last corrected. `distinct` and
    `repeats` count readings and corrections, `broken` entries that nobody can read.
    """

    messages: list[Message] = field(default_factory=list)
    truth: dict[Key, tuple[int, int | None]] = field(default_factory=dict)
    distinct: int = 0
    repeats: int = 0
    broken: int = 0


def station_code(number: int) -> str:
    """Name a station, counted from 0."""
    return f"ST{number + 1:02}"


def topic_of(number: int) -> str:
    """Name the topic of a station's salinity."""
    return f"lgsp/tram/{station_code(number)}/man"


def script(
    seed: int, stations: int, hours: int, first: date = FIRST_ON, *, has_faults: bool = True
) -> Script:
    """Write what stations publish from midnight of `first` on, for so many hours."""
    made = Script()
    chance = random.Random(seed)
    begin = datetime(first.year, first.month, first.day, tzinfo=VIETNAM)
    instants = [begin + timedelta(hours=h) for h in range(hours)]
    seconds = np.array([to_us(at) // 1_000_000 for at in instants])
    for number in range(stations):
        place = np.full(hours, number % len(FROM_SEA_KM))
        salt = salinity_milligrams_per_litre(place, seconds).tolist()
        _Logger(made, chance, number, has_faults=has_faults).write(instants, salt)
    made.messages.sort(key=lambda m: m.hour)
    return made


class _Logger:
    """One station's logger as it writes its part of a script."""

    def __init__(
        self, made: Script, chance: random.Random, number: int, *, has_faults: bool
    ) -> None:
        self._made = made
        self._chance = chance
        self._number = number
        self._code = station_code(number)
        self._has_faults = has_faults

    def write(self, instants: list[datetime], salt: list[int]) -> None:
        """Write the hours; of every four stations one is offline for a day."""
        is_ever_offline = self._has_faults and self._number % 4 == 1
        off = self._chance.randrange(max(1, len(instants) // 2)) if is_ever_offline else None
        stored: list[Entry] = []
        for hour, (at, milli) in enumerate(zip(instants, salt, strict=True)):
            entry = self._reading(hour, at, milli)
            if off is not None and off <= hour < off + OFFLINE_HOURS:
                stored.append(entry)
            else:
                self._send_stored(hour, stored)
                self._send(hour, entry)
            if self._has_faults:
                self._faults(hour, at, milli, entry)
        self._send_stored(len(instants), stored)

    def _is_one_of(self, many: int) -> bool:
        return self._has_faults and self._chance.randrange(many) == 0

    def _reading(self, hour: int, at: datetime, milli: int) -> Entry:
        quality = 4 if self._is_one_of(UNFIT) else (1, None)[hour % 2]
        self._made.truth[self._code, to_us(at)] = (milli, quality)
        self._made.distinct += 1
        return self._entry(at, milli, quality)

    def _entry(self, at: datetime, milli: int, quality: int | None) -> Entry:
        """Write one reading as this make of logger does."""
        style = self._number % 3
        entry: Entry = {"tg": self._time(at)}
        entry["gt"] = f"{milli / 1000:.3f}".replace(".", ",") if style == 1 else milli / 1000
        entry["dv"] = ("g/L", "ppt", "‰")[style]
        return entry if quality is None else entry | {"cl": quality}

    def _time(self, at: datetime) -> str:
        return at.isoformat() if self._number % 3 == 2 else f"{at:%Y%m%d%H%M%S}"

    def _faults(self, hour: int, at: datetime, milli: int, entry: Entry) -> None:
        later = hour + self._chance.randrange(1, 6)
        if self._is_one_of(CORRECTED):
            better, quality = milli + self._chance.randrange(1, 900), 1
            self._made.truth[self._code, to_us(at)] = (better, quality)
            self._made.distinct += 1
            revised = self._time(at + timedelta(days=2))
            self._send(later, self._entry(at, better, quality) | {"sua": revised})
        if self._is_one_of(REPEATED):
            self._made.repeats += 1
            self._send(later, entry)
        if self._is_one_of(BROKEN):
            # Each is broken in its own way, so that none passes for a repeat of another.
            self._made.broken += 1
            number = self._made.broken
            text = f"{self._time(at)}#{number}"
            wrong = ({"gt": f"--- {text}"}, {"tg": text}, {"dv": f"ppm {text}"})[number % 3]
            self._send(later, entry | wrong, cut=3 if number % 4 == 0 else 0)

    def _send(self, hour: int, said: Entry | list[Entry], cut: int = 0) -> None:
        text = json.dumps(said, ensure_ascii=False)
        payload = text[: len(text) - cut].encode()
        self._made.messages.append(Message(hour, topic_of(self._number), payload))

    def _send_stored(self, hour: int, stored: list[Entry]) -> None:
        """Send what was stored while offline: half of it as arrays, half one by one."""
        half = len(stored) // 2
        for start in range(0, half, ARRAY_MAX):
            self._send(hour, stored[start : min(start + ARRAY_MAX, half)])
        for entry in stored[half:]:
            self._send(hour, entry)
        stored.clear()


class Loggers:
    """A connection by which loggers publish, QoS 1; what is not confirmed is sent again."""

    def __init__(self, url: str, client_id: str = "lgsp-tram-mo-phong") -> None:
        self._confirmed = 0
        self._sent = 0
        # Confirmed, though nobody was subscribed, so that the broker kept nothing.
        self.unheard = 0
        self.refused = ""
        self._changed = threading.Condition()
        parts = urlsplit(url)
        client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5)
        if parts.username is not None:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set()
        client.max_inflight_messages_set(INFLIGHT_MAX)
        client.reconnect_delay_set(*RECONNECT_SECONDS)
        client.on_publish = self._on_publish
        client.connect(parts.hostname or "", parts.port or 1883)
        client.loop_start()
        self._client = client

    def _on_publish(self, _: Any, __: Any, ___: int, reason: Any, ____: Any) -> None:
        with self._changed:
            self._confirmed += 1
            self.unheard += reason.value == NO_MATCHING_SUBSCRIBERS
            if reason.is_failure:
                self.refused = str(reason)
            self._changed.notify_all()

    def publish(self, message: Message) -> None:
        """Publish; waits while too many are not confirmed."""
        self._client.publish(message.topic, message.payload, 1)
        self._sent += 1
        self.confirm(UNCONFIRMED_MAX)

    def confirm(self, unconfirmed_max: int = 0) -> None:
        """Wait until all but so many are confirmed; raises `RuntimeError` if they are not."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._sent - self._confirmed <= unconfirmed_max, CONFIRM_SECONDS_MAX
            ):
                raise RuntimeError("the broker does not confirm what is published")
        if self.refused:
            raise RuntimeError(f"the broker refused a message: {self.refused}")

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()


def play(
    loggers: Loggers,
    messages: Iterable[Message],
    hours_per_second: float = 0,
    is_stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Publish messages in order; at 0 hours a second as fast as the broker confirms them."""
    begun = time.monotonic()
    for message in messages:
        if hours_per_second:
            time.sleep(max(0.0, begun + message.hour / hours_per_second - time.monotonic()))
        if is_stopped():
            break
        loggers.publish(message)
    loggers.confirm()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


def _broker(folder: Path, port: int, *more: str) -> subprocess.Popen[bytes]:
    """Start a broker; raises `UpstreamError` where there is none."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise UpstreamError("Mosquitto is needed: apt-get install mosquitto")
    user = pwd.getpwuid(os.geteuid()).pw_name  # else root's broker could not read its own file
    own = (f"listener {port} {HOST}", "allow_anonymous true", "log_dest none", f"user {user}")
    lines = (*own, "max_queued_messages 100000", *more)
    (folder / "mosquitto.conf").write_text("".join(f"{line}\n" for line in lines))
    return subprocess.Popen([found, "-c", str(folder / "mosquitto.conf")])


DEMO_STATIONS = 12
DEMO_DAYS = 60
DEMO_PAUSE_SECONDS = 0.003


@contextmanager
def demonstrated(folder: Path, seed: int, start: int) -> Iterator[dict[str, str]]:
    """Run a broker and loggers with two months of hours, then each hour as it comes.

    `start` counts the starts of one demonstration: later ones send the last day again, as loggers
    do that were cut off. Raises `UpstreamError` where there is no broker to run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    broker = _broker(folder, port)
    stopping = threading.Event()
    url = f"mqtt://{HOST}:{port}"
    thread = threading.Thread(
        target=_live, args=(url, seed, start, stopping), name="salinity simulator", daemon=True
    )
    thread.start()
    try:
        yield {"HUB_SALINITY_URL": url}
    finally:
        stopping.set()
        thread.join()
        broker.terminate()
        broker.wait()


def _live(url: str, seed: int, start: int, stopping: threading.Event) -> None:
    today = datetime.now(VIETNAM).date()
    first = today - timedelta(days=1 if start else DEMO_DAYS)
    begin = datetime(first.year, first.month, first.day, tzinfo=VIETNAM)
    messages = script(seed, DEMO_STATIONS, (DEMO_DAYS + 30) * 24, first).messages
    loggers = None
    while loggers is None:
        if stopping.wait(0.2):
            return
        with suppress(OSError):  # the broker is only starting
            loggers = Loggers(url)
    while True:  # a broker keeps nothing for those who never subscribed
        loggers.unheard = 0
        loggers.publish(messages[0])
        loggers.confirm()
        if not loggers.unheard:
            break
        if stopping.wait(0.2):
            return
    for message in messages[1:]:
        due = begin + timedelta(hours=message.hour)
        wait = max(DEMO_PAUSE_SECONDS, (due - datetime.now(VIETNAM)).total_seconds())
        if stopping.wait(wait):
            break
        loggers.publish(message)
    loggers.close()


STRUCK_STATIONS, STRUCK_HOURS = 2, 24
STRUCK_ON = date(2023, 3, 1)  # long before all others measure


class _Stations(Upstream):
    """Loggers and their broker, which is away, stands still, or gets everything twice."""

    away = (OSError, RuntimeError)

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._seed, self._port = folder, seed, _free_port()
        self._url = f"mqtt://{HOST}:{self._port}"
        self._loggers: Loggers | None = None
        self._broker = self._started()
        super().__init__({"HUB_SALINITY_URL": self._url})

    def _started(self) -> subprocess.Popen[bytes]:
        # What waits for the hub stays through its restarts.
        kept = ("persistence true", f"persistence_location {self._folder}/")
        return _broker(self._folder, self._port, *kept)

    def be(self, manner: str) -> None:
        """Behave so from now on."""
        self._broker.send_signal(signal.SIGCONT)
        if manner == "refuse":
            self._broker.terminate()
            self._broker.wait()
        elif self._broker.poll() is not None:
            self._broker = self._started()
        if manner == "hang":
            self._broker.send_signal(signal.SIGSTOP)
        super().be(manner)

    def step(self, number: int) -> Truth:
        """Publish a day of some stations; again where nobody was subscribed yet."""
        first = STRUCK_ON + timedelta(days=number)
        made = script(self._seed + number, STRUCK_STATIONS, STRUCK_HOURS, first)
        if self._loggers is None:
            self._loggers = Loggers(self._url)
        self._loggers.unheard = 0
        for _ in range(2 if self.manner == "twice" else 1):
            play(self._loggers, made.messages, is_stopped=self.closing.is_set)
        if self._loggers.unheard:
            raise ConnectionError("nobody is subscribed")
        milli = sum(value for value, _ in made.truth.values())
        return Truth(len(made.truth), made.broken, integers(milli=milli))

    def close(self) -> None:
        """Let nothing more happen, and end the broker."""
        self.be("take")
        super().close()
        if self._loggers is not None:
            self._loggers.close()
        self._broker.terminate()
        self._broker.wait()


def struck(folder: Path, seed: int, _: Mapping[str, str]) -> Upstream:
    """Run a broker and loggers that publish a day at each step, where faults strike."""
    return _Stations(folder, seed)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", required=True, help="mqtt://host:port of the broker")
    parser.add_argument("--stations", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hours", type=int, default=24, help="hours to publish")
    parser.add_argument("--first", type=date.fromisoformat, default=FIRST_ON, help="first day")
    parser.add_argument("--speed", type=float, default=0, help="hours a second; 0: all at once")
    given = parser.parse_args()
    made = script(given.seed, given.stations, given.hours, given.first)
    try:
        loggers = Loggers(given.url)
        play(loggers, made.messages, given.speed)
        loggers.close()
    except (OSError, RuntimeError) as error:
        print(f"{given.url}: {error}", file=sys.stderr)
        return 1
    print(
        f"{len(made.messages)} messages: {made.distinct} readings and corrections,"
        f" {made.repeats} repeats, {made.broken} broken"
    )
    if loggers.unheard:
        print(f"{loggers.unheard} reached nobody: no connector has subscribed", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
