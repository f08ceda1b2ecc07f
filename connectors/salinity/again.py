"""Again: a reading that could not be read, corrected field by field by a person.

It is shown as its logger wrote it, with the topic that it came on as one field more.
"""

import json
from contextlib import suppress
from typing import Any

from connectors.salinity.fields import QUANTITIES, UnreadableError, instant
from connectors.salinity.reading import read, source_of
from hub.definitions.admission import Verdict, unreadable
from hub.definitions.again import Again, JsonObject

TOPIC = "topic"


def _shown(original: bytes) -> bytes:
    topic, _, entry = original.partition(b"\n")
    fields = _fields(entry)
    return json.dumps(
        {TOPIC: topic.decode(errors="replace"), **fields}, ensure_ascii=False
    ).encode()


def _read(content: bytes, _: bytes) -> list[JsonObject] | Verdict:
    fields = _fields(content)
    topic = str(fields.pop(TOPIC, ""))
    records = read(topic, json.dumps(fields).encode())
    if not records:
        vi, en = "không phải một số đo", "no reading"
        return unreadable("not_a_reading", TOPIC, topic, vi, en)
    return records[0].verdict or list(records[0].events)


def _about(original: bytes) -> JsonObject:
    fields = _fields(_shown(original))
    station, quantity = source_of(str(fields[TOPIC]))
    known: dict[str, Any] = {"station_code": station}
    if quantity in QUANTITIES:
        known["quantity"] = QUANTITIES[quantity]
    for name, field in (("tg", "measured_at"), ("sua", "revised_at")):
        with suppress(UnreadableError):
            if fields.get(name) is not None:
                known[field] = instant(name, fields[name]).isoformat()
    return known


def _fields(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


AGAIN = Again(_read, _about, _shown)
