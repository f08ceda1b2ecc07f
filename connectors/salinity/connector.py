"""Station loggers over MQTT 5: each reading is acknowledged to the broker once it is durable.

A logger publishes to `lgsp/tram/<station>/<quantity>`, QoS 1, JSON: `tg` when it was measured
(`yyyyMMddHHmmss` in Asia/Ho_Chi_Minh, or ISO 8601 with offset), `gt` the value (a number, or text
with a decimal comma), `dv` its unit, and optionally `cl` the QARTOD flag and `sua` when the value
was revised. One that was offline sends an array of such objects. What else an object holds, such
as the battery's voltage, is not read.
"""

import hashlib
import json
import math
import re
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import SplitResult, unquote, urlsplit

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, error_string
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.clock import VIETNAM, to_us
from hub.connecting.feeds import Connector, Context, Delivery, JsonObject, Record, UpstreamError
from hub.definitions.admission import Verdict, split, unreadable

QUANTITIES = {
    "man": "salinity",
    "muc_nuoc": "water_level",
    "nhiet_do": "temperature",
    "ph": "ph",
    "do_dan": "conductivity",
    "oxy": "dissolved_oxygen",
}
UNITS = {
    **dict.fromkeys(("g/L", "g/l", "‰", "ppt"), "g/L"),
    **dict.fromkeys(("degC", "°C"), "degC"),
    **dict.fromkeys(("pH", "ph"), "pH"),
    **dict.fromkeys(("mg/L", "mg/l"), "mg/L"),
    "m": "m",
    "mS/cm": "mS/cm",
}
QUALITIES = (1, 2, 3, 4, 9)
ENTRIES_MAX = 500  # of one message: three weeks of hours

CONNECT_SECONDS = 3.0
# While the log is away nothing is read for up to a minute: no ping is due by then, and at half as
# much again the broker closes.
KEEPALIVE_SECONDS = 120
LINGER_SECONDS = 0.1  # what comes together is one append
SESSION_SECONDS = 7 * 86_400
PORTS = {"mqtt": 1883, "mqtts": 8883}

_LOCAL = re.compile(r"[0-9]{14}")
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(,[0-9]{1,30})?")


class SalinitySettings(BaseSettings):
    """How to reach the broker.

    `url`: `mqtt://` or `mqtts://` (TLS), with `user:password@` where the broker asks for them.
    `client_id`: names the session in which the broker keeps what was not acknowledged, so one per
    hub. `batch_max`: readings of one append, but for a message that alone has more.
    `inflight_max`: messages that the broker sends ahead of their acknowledgement.
    """

    model_config = SettingsConfigDict(extra="ignore")

    url: str
    client_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_.\-]{1,64}$")] = "lgsp-hub-salinity"
    topic: Annotated[str, Field(min_length=1, max_length=200)] = "lgsp/tram/+/+"
    batch_max: Annotated[int, Field(ge=1, le=20_000)] = 500
    inflight_max: Annotated[int, Field(ge=1, le=10_000)] = 500

    @field_validator("url")
    @classmethod
    def _is_mqtt(cls, value: str) -> str:
        split_url = urlsplit(value)
        _ = split_url.port  # raises where it is no port
        if split_url.scheme not in PORTS or not split_url.hostname:
            raise ValueError("expected mqtt://host:port or mqtts://user:password@host:port")
        return value

    @field_validator("topic")
    @classmethod
    def _is_filter(cls, value: str) -> str:
        levels = value.split("/")
        if any(len(v) > 1 and set(v) & set("+#") for v in levels) or "#" in levels[:-1]:
            raise ValueError("expected a topic filter such as lgsp/tram/+/+")
        return value


class _WrongError(Exception):
    """What was sent cannot be read: the rule, the field, its value, both languages."""

    def __init__(self, rule: str, field: str, value: Any, vi: str, en: str) -> None:
        super().__init__(en)
        self.verdict = unreadable(rule, field, _shown(value), vi, en)


def read(name: str, payload: bytes) -> list[Record]:
    """Read one message, a record per entry; `name` is its topic, or `input.ST01.man.json`.

    A record's original is the topic, a line end and the entry's bytes: without its topic nobody
    could tell of which station a reading is.
    """
    station, quantity = _source(name)
    try:
        said = json.loads(payload.decode("utf-8-sig"))
        is_list = isinstance(said, list)
        originals = split(payload) if is_list else [payload]
        entries = said if is_list else [said]
        if not 1 <= len(entries) <= ENTRIES_MAX:
            raise _WrongError(
                "wrong_item_count",
                "",
                len(entries),
                f"một bản tin phải có từ 1 đến {ENTRIES_MAX} số đo",
                f"a message must hold 1 to {ENTRIES_MAX} readings",
            )
    except _WrongError as wrong:
        return [Record(_original(name, payload), verdict=wrong.verdict)]
    except (ValueError, RecursionError):
        shown = _shown(payload[:200].decode(errors="replace"))
        verdict = unreadable("not_json", "", shown, "không phải JSON", "not JSON")
        return [Record(_original(name, payload), verdict=verdict)]
    found = []
    for place, (entry, original) in enumerate(zip(entries, originals, strict=True)):
        try:
            events = (_event(station, quantity, entry),)
            found.append(Record(_original(name, original), events, place=place))
        except _WrongError as wrong:
            verdict = replace(wrong.verdict, index=place)
            found.append(Record(_original(name, original), verdict=verdict, place=place))
    return found


def _source(name: str) -> tuple[str, str]:
    """Take station and quantity from a topic's last two levels, or from the name of a file."""
    if "/" in name:
        station, quantity = name.split("/")[-2:]
    else:
        station, _, quantity = name.removeprefix("input.").removesuffix(".json").rpartition(".")
    return station, quantity


def _original(name: str, data: bytes) -> bytes:
    return name.encode() + b"\n" + data


def _shown(value: Any) -> str:
    """Show a value without what a terminal, a database or UTF-8 chokes on."""
    text = value if isinstance(value, str) else "…"
    with suppress(RecursionError):  # nested just as deeply as could be read
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:300])


def _event(station: str, quantity: str, entry: Any) -> JsonObject:
    if not isinstance(entry, dict):
        raise _WrongError(
            "not_an_object", "", entry, "phải là một đối tượng JSON", "not a JSON object"
        )
    known = _mapped("topic", quantity, QUANTITIES)
    measured_at = _instant("tg", _required("tg", entry))
    revised_at = None if entry.get("sua") is None else _instant("sua", entry["sua"])
    event = {
        "event_id": _event_id(station, known, measured_at, revised_at),
        "station_code": station,
        "measured_at": measured_at.isoformat(),
        "quantity": known,
        "value": _number("gt", _required("gt", entry)),
        "unit": _mapped("dv", _required("dv", entry), UNITS),
    }
    if entry.get("cl") is not None:
        event["quality"] = _quality(entry["cl"])
    if revised_at is not None:
        event["revised_at"] = revised_at.isoformat()
    return event


def _event_id(
    station: str, quantity: str, measured_at: datetime, revised_at: datetime | None
) -> str:
    """Name a reading without its value: two values for one instant are a conflict, not two."""
    revised = "" if revised_at is None else str(to_us(revised_at))
    text = f"{station}|{quantity}|{to_us(measured_at)}|{revised}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _required(name: str, entry: Mapping[str, Any]) -> Any:
    if entry.get(name) is None:
        vi, en = "thiếu trường bắt buộc", "a required field is missing"
        raise _WrongError("required", name, "", vi, en)
    return entry[name]


def _mapped(name: str, code: Any, known: Mapping[str, str]) -> str:
    if not isinstance(code, str) or code not in known:
        raise _unmapped(name, code, known)
    return known[code]


def _unmapped(name: str, code: Any, known: Any) -> _WrongError:
    listed = ", ".join(str(k) for k in known)
    return _WrongError(
        "unmapped_code",
        name,
        code,
        f"mã chưa có trong bảng chuyển đổi ({listed})",
        f"no such code in the mapping ({listed})",
    )


def _quality(flag: Any) -> int:
    # `True == 1`, and a flag written 1.0 is of another logger.
    if type(flag) is not int or flag not in QUALITIES:
        raise _unmapped("cl", flag, QUALITIES)
    return flag


def _instant(name: str, text: Any) -> datetime:
    with suppress(ValueError, OverflowError):  # such as 30 February, or before the year 1
        if isinstance(text, str) and _LOCAL.fullmatch(text):
            return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
        if isinstance(text, str) and _ISO.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(VIETNAM)
    raise _WrongError(
        "malformed_time",
        name,
        text,
        "không phải thời điểm dạng 20260301080000 hoặc 2026-03-01T08:00:00+07:00",
        "not a time such as 20260301080000 or 2026-03-01T08:00:00+07:00",
    )


def _number(name: str, value: Any) -> float:
    # A text's point is not read: in Vietnam it parts thousands, in a logger it may be either.
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value.replace(",", "."))
    if type(value) in (int, float) and (isinstance(value, int) or math.isfinite(value)):
        found: float = value
        return found
    vi = "không phải một số; chữ số viết trong chuỗi dùng dấu phẩy thập phân, ví dụ 1,25"
    en = "not a number; one in a text has a decimal comma, such as 1,25"
    raise _WrongError("not_a_number", name, value, vi, en)


class _Connection:
    """One connection to the broker, and what it brought that is not acknowledged.

    When it is lost, both go: packet numbers are the connection's own, and the broker sends what was
    not acknowledged again on the next. Everything happens in the thread that calls.
    """

    def __init__(self, settings: SalinitySettings) -> None:
        self._inflight_max = settings.inflight_max
        self._topic = settings.topic
        self._is_subscribed = False
        self._count = 0
        self.lost = ""
        self.held: dict[int, MQTTMessage] = {}
        self._client = self._new_client(settings, url := urlsplit(settings.url))
        asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        asked.SessionExpiryInterval = SESSION_SECONDS
        asked.ReceiveMaximum = settings.inflight_max
        host, port = url.hostname or "", url.port or PORTS[url.scheme]
        try:
            self._client.connect(host, port, KEEPALIVE_SECONDS, clean_start=False, properties=asked)
        except OSError as error:
            raise UpstreamError(f"{host}:{port}: {error}") from None
        deadline = time.monotonic() + CONNECT_SECONDS
        while not self._is_subscribed and not self.lost:
            self._turn(deadline - time.monotonic())
            if time.monotonic() >= deadline:
                self.lost = self.lost or f"no answer within {CONNECT_SECONDS:.0f} s"
        if self.lost:
            self.close()
            raise UpstreamError(f"{host}:{port}: {self.lost}")

    def _new_client(self, settings: SalinitySettings, url: SplitResult) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, settings.client_id, protocol=MQTTv5, manual_ack=True
        )
        client.connect_timeout = CONNECT_SECONDS
        if url.username is not None:
            client.username_pw_set(unquote(url.username), unquote(url.password or ""))
        if url.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context())
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _on_connect(self, client: Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self.lost = f"refused: {reason}"
            return
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


class StationFeed:
    """The broker as a feed; a lost connection is made anew by the next `fetch`."""

    def __init__(self, settings: SalinitySettings, _: Context) -> None:
        self._settings = settings
        self._connection: _Connection | None = None

    def fetch(self, seconds: float) -> Delivery | None:
        """Give what came, of whole messages; raises `UpstreamError` where the broker is away."""
        if self._connection is None:
            self._connection = _Connection(self._settings)
        connection = self._connection
        connection.gather(seconds, self._settings.batch_max)
        if connection.lost:
            self.close()
            raise UpstreamError(connection.lost)
        records: list[Record] = []
        keys: list[int] = []
        for key, message in connection.held.items():
            found = read(message.topic, bytes(message.payload))
            if records and len(records) + len(found) > self._settings.batch_max:
                break
            records += [_placed(r, len(records) + i) for i, r in enumerate(found)]
            keys.append(key)
        return (
            Delivery(records, acknowledge=partial(connection.acknowledge, keys)) if keys else None
        )

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _placed(record: Record, place: int) -> Record:
    """Place a record in its delivery: within its message alone the place is not unique."""
    verdict = record.verdict and replace(record.verdict, index=place)
    return replace(record, verdict=verdict, place=place)


CONNECTOR = Connector(settings=SalinitySettings, read=read, open=StationFeed)
