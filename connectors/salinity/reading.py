"""Reading: a message of a logger becomes records, one an entry.

A logger publishes to `lgsp/tram/<station>/<quantity>`, QoS 1, JSON: `tg` when it was measured
(`yyyyMMddHHmmss` in Asia/Ho_Chi_Minh, or ISO 8601 with offset), `gt` the value (a number, or text
with a decimal comma), `dv` its unit, and optionally `cl` the QARTOD flag and `sua` when the value
was revised. With the flag 9, missing, whatever stands in `gt` is no value. A unit such as µS/cm or
PSU is converted, and what was written is kept. Salinity may come as conductivity with `nd`, the
water's temperature in °C. `Manner` says what a source's settings have otherwise. One that was
offline sends an array of such objects. What else an object holds, such as the battery's voltage, is
not read.

Not every message is of readings: an empty one clears what the broker retained (MQTT 5, 3.3.1.3),
and loggers tell that they come and go, by themselves or by their will. Those are passed over.
"""

import hashlib
import json
import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.salinity.fields import (
    MISSING,
    QUANTITIES,
    Manner,
    UnreadableError,
    instant,
    mapped,
    no_unit,
    number,
    quality_of,
    required,
)
from hub.clock import to_us
from hub.connecting.feeds import JsonObject, Record
from hub.definitions.admission import split, unreadable
from hub.definitions.masking import hidden
from schemas.conversions import (
    PSS78,
    UNITS,
    ConversionError,
    Unit,
    convert,
    salinity_of,
    unit_of,
)

STATUS_BYTES_MAX = 1_000  # what tells of a logger is short
ENTRIES_MAX = 500  # of one message: three weeks of hours


# The last level of topics on which loggers and brokers tell of themselves, and what they say.
_STATUS_TOPICS = re.compile(
    "status|state|trang_?thai|will|lwt|online|availability|connection|connected|ket_?noi|birth"
    "|death|heartbeat|ping"
)
_STATUS_WORDS = re.compile(
    "online|offline|connected|disconnected|alive|dead|lost|up|down|ping|pong|birth|death"
    "|(mat_)?ket_noi"
)
_STATUS_FIELDS = frozenset(["status", "state", "trang_thai", "online", "connected"])


AS_AGREED = Manner()


def is_reading(name: str, payload: bytes) -> bool:
    """Tell whether a message is of readings, rather than of the logger, or nothing."""
    if not payload.strip() or _STATUS_TOPICS.fullmatch(_source(name)[1].lower()):
        return False
    if len(payload) > STATUS_BYTES_MAX:
        return True
    said = payload.decode("utf-8", "replace").strip()
    try:
        message = json.loads(said)
    except (ValueError, RecursionError):
        message = said
    if isinstance(message, dict):
        return not _STATUS_FIELDS & message.keys() or bool({"tg", "gt"} & message.keys())
    return not isinstance(message, str) or not _STATUS_WORDS.fullmatch(message.lower())


def read(name: str, payload: bytes, manner: Manner = AS_AGREED) -> list[Record]:
    """Read one message, a record per entry; `name` is its topic, or `input.ST01.man.json`.

    A message that is not of readings has none.

    A record's original is the topic, a line end and the entry's bytes: without its topic nobody
    could tell of which station a reading is.
    """
    if not is_reading(name, payload):
        return []
    station, quantity = _source(name)
    try:
        message = json.loads(payload.decode("utf-8-sig"))
        is_list = isinstance(message, list)
        originals = split(payload) if is_list else [payload]
        entries = message if is_list else [message]
        if not 1 <= len(entries) <= ENTRIES_MAX:
            raise UnreadableError(
                "wrong_item_count",
                "",
                len(entries),
                f"một bản tin phải có từ 1 đến {ENTRIES_MAX} số đo",
                f"a message must hold 1 to {ENTRIES_MAX} readings",
            )
    except UnreadableError as wrong:
        return [Record(_original(name, payload), verdict=wrong.verdict)]
    except (ValueError, RecursionError):
        verdict = unreadable("not_json", "", hidden(payload), "không phải JSON", "not JSON")
        return [Record(_original(name, payload), verdict=verdict)]
    records = []
    for place, (entry, original) in enumerate(zip(entries, originals, strict=True)):
        try:
            events = (_event(station, quantity, entry, manner),)
            records.append(Record(_original(name, original), events, place=place))
        except UnreadableError as wrong:
            verdict = replace(wrong.verdict, index=place)
            records.append(Record(_original(name, original), verdict=verdict, place=place))
    return records


def _source(name: str) -> tuple[str, str]:
    """Take station and quantity from a topic's last two levels, or from the name of a file."""
    if "/" in name:
        station, quantity = name.split("/")[-2:]
    else:
        station, _, quantity = name.removeprefix("input.").removesuffix(".json").rpartition(".")
    return station, quantity


def _original(name: str, data: bytes) -> bytes:
    return name.encode() + b"\n" + data


def _event(station: str, quantity: str, entry: Any, manner: Manner) -> JsonObject:
    if not isinstance(entry, dict):
        raise UnreadableError(
            "not_an_object", "", hidden(entry), "phải là một đối tượng JSON", "not a JSON object"
        )
    quantity = mapped("topic", quantity, QUANTITIES)
    measured_at = instant("tg", required("tg", entry), manner.zone)
    revised_at = None if entry.get("sua") is None else instant("sua", entry["sua"], manner.zone)
    event: dict[str, Any] = {
        "event_id": _event_id(station, quantity, measured_at, revised_at),
        "station_code": station,
        "measured_at": measured_at.isoformat(),
        "quantity": quantity,
    }
    if entry.get("cl") is not None:
        event["quality"] = quality_of(entry["cl"])
    event |= _value(quantity, entry, manner, event.get("quality") == MISSING)
    if revised_at is not None:
        event["revised_at"] = revised_at.isoformat()
    return event


def _value(quantity: str, entry: Any, manner: Manner, is_missing: bool) -> dict[str, Any]:
    """Read an entry's value in the contract's unit; what was converted stands beside it."""
    written = required("dv", entry)
    unit = _unit(quantity, written)
    of_conductivity = unit_of("conductivity", written) if quantity == "salinity" else None
    if is_missing:
        return {"unit": "g/L" if of_conductivity else unit.unit}
    value = number("gt", required("gt", entry), manner.mark)
    if of_conductivity is not None:
        return _salinity(value, of_conductivity, written, entry, manner)
    if unit.factor == 1:
        return {"unit": unit.unit, "value": value}
    converted = {"unit": unit.unit, "value": float(convert(Decimal(repr(value)), unit))}
    if unit.formula is not None:
        converted["formula"] = unit.formula
    return converted | {"raw_value": repr(value), "raw_unit": written}


def _salinity(value: float, unit: Unit, written: str, entry: Any, manner: Manner) -> dict[str, Any]:
    """Compute salinity of conductivity and temperature."""
    celsius = number("nd", required("nd", entry), manner.mark)
    try:
        salinity = salinity_of(Decimal(repr(value)) * unit.factor, Decimal(repr(celsius)))
    except ConversionError as error:
        raise UnreadableError(error.rule, "gt", value, error.vi, error.en, "number") from None
    raw = {"raw_value": repr(value), "raw_unit": written, "raw_temperature": celsius}
    return {"unit": "g/L", "value": float(salinity), "formula": PSS78, **raw}


def _unit(quantity: str, written: Any) -> Unit:
    """Find what a unit is; one of another quantity is the contract's to refuse."""
    if isinstance(written, str) and written:
        for name in (quantity, *UNITS):
            unit = unit_of(name, written)
            if unit is not None:
                return unit
    raise no_unit(written, [u for u in UNITS[quantity] if u])


def _event_id(
    station: str, quantity: str, measured_at: datetime, revised_at: datetime | None
) -> str:
    """Name a reading without its value: two values for one instant are a conflict, not two."""
    revised = "" if revised_at is None else str(to_us(revised_at))
    text = f"{station}|{quantity}|{to_us(measured_at)}|{revised}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
