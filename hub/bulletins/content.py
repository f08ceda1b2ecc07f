"""Content: what a bulletin says of an alert, by its wording. Pure."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from hub.alerts.outlet import Bulletin, Message
from hub.alerts.raised import decimal
from hub.bulletins.wording import Wording
from hub.clock import from_us
from hub.reference.units import Units


def values_of(event: Mapping[str, Any], station: str, area: str) -> dict[str, str]:
    """Give what may stand in a wording's places, of an event of an alert; empty where it has none.

    Numbers have a decimal comma, instants are local: 05:00 01/03/2023.
    """
    numbers = {n: event[n] for n in ("value", "threshold")}
    instants = {"since": event["raised_at"], "ended": event["cleared_at"]}
    return {
        "station": station or event["subject"],
        "area": area,
        "unit": event["measure_unit"],
        **{n: "" if v is None else decimal(v, ",") for n, v in numbers.items()},
        **{n: "" if at is None else f"{from_us(at):%H:%M %d/%m/%Y}" for n, at in instants.items()},
    }


def compose(
    wording: Wording,
    event: Mapping[str, Any],
    area: str,
    station: str,
    units: Units | None,
    day: str,
) -> Bulletin:
    """Write what people of an area are told of an event. Raises `WordingError`."""
    unit = None if units is None else units.at(area, day)
    named = area if unit is None or not unit.name else unit.name
    text, parameters = wording.fill(values_of(event, station, named))
    own = (wording.name, wording.template, wording.title, text, parameters)
    return Bulletin(*own, area, event["level"])


def write_content(bulletin: Bulletin) -> str:
    """Write a bulletin as JSON, always the same way."""
    parts = {**vars(bulletin), "parameters": dict(bulletin.parameters)}
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def read_content(text: str) -> Bulletin:
    """Read what `write_content` wrote."""
    return Bulletin(**json.loads(text))


def digest_of(content: str, wording_digest: str) -> str:
    """Digest what was said and by which words: BLAKE2b (RFC 7693), 16 bytes."""
    text = f"{wording_digest}\x1f{content}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def message_of(delivery: str, bulletin: Bulletin, begun_at: int) -> Message:
    """Make the message of a delivery: the same one gives the same, under its own id.

    `begun_at` is when it was first tried, in microseconds.
    """
    own = (bulletin.title, (bulletin.text,), bulletin.text, "", ())
    return Message(delivery, begun_at, *own, bulletin=bulletin)
