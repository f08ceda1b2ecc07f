"""Messages: what somebody is told, in Vietnamese: figure, cause, and where to look."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hub.alerts.outlet import Message
from hub.alerts.raised import decimal, digest
from hub.clock import from_us, iso

KINDS = {
    "raised": "CẢNH BÁO",
    "escalated": "LEO THANG",
    "amended": "ĐÍNH CHÍNH",
    "cleared": "ĐÃ HẾT",
}
UNANSWERED = "CHƯA AI XÁC NHẬN"
LEVELS = {"notice": "thông tin", "warning": "cảnh báo", "critical": "nghiêm trọng"}
Told = tuple[Mapping[str, Any], Mapping[str, Any]]  # a delivery and the event that it tells of


def message_id(ids: Sequence[str]) -> str:
    """Name a message by the deliveries that it makes: of one alone it is that one's id."""
    return ids[0] if len(ids) == 1 else digest(*sorted(ids))


def compose(pairs: Sequence[Told], url: str) -> Message:
    """Write one message of deliveries; the same ones give the same message."""
    first = pairs[0][0]
    events = tuple(_public(delivery, event, url) for delivery, event in pairs)
    if len(pairs) == 1:
        (delivery, event), link = pairs[0], events[0]["link"]
        title = f"[{LEVELS[event['level']]}] {_kind(delivery, event)}: {event['subject']}"
        lines = (event["text_vi"], *_figure(event), f"Phụ trách: {event['owner']}", f"Xem: {link}")
        brief = f"{_kind(delivery, event)}: {event['text_vi']}"
    else:
        link = f"{url}/alerts"
        title = f"{len(pairs)} tin cảnh báo"
        lines = (*(_line(*each) for each in pairs), f"Xem: {link}")
        brief = f"{title}: " + "; ".join(e["text_vi"] for _, e in pairs)
    written_at = min(delivery["decided_at"] for delivery, _ in pairs)
    return Message(first["message"], written_at, title, lines, brief, link, events)


def _kind(delivery: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    return UNANSWERED if delivery["escalated_to"] else KINDS[event["kind"]]


def _figure(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Say value and threshold, and of an amended alert what it was before."""
    unit = event["measure_unit"]
    words = [
        f"{name}: {decimal(event[key], ',')} {unit}".rstrip()
        for name, key in (("Giá trị", "value"), ("ngưỡng", "threshold"))
        if event[key] is not None
    ]
    lines = ["; ".join(words)] if words else []
    if event["was"]:
        was = json.loads(event["was"])["value"]
        if was is not None and was != event["value"]:
            lines.append(f"Trước khi đính chính: {decimal(was, ',')} {unit}".rstrip())
    return tuple(lines)


def _line(delivery: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    at, level = from_us(event["at"]), LEVELS[event["level"]]
    return f"- {at:%d/%m %H:%M} [{level}] {_kind(delivery, event)}: {event['text_vi']}"


def _public(delivery: Mapping[str, Any], event: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Give an event as others read it; `id` is that of this telling of it to this one."""
    names = ("event_id", "alert", "kind", "rule", "level", "owner", "subject_kind", "subject")
    return {
        "id": delivery["id"],
        **{n: event[n] for n in (*names, "unit", "state", "text_vi", "text_en", "measure_unit")},
        **{n: iso(event[n]) for n in ("at", "raised_at", "cleared_at")},
        **{n: None if event[n] is None else decimal(event[n]) for n in ("value", "threshold")},
        "link": url + event["link"],
        "escalated_to": delivery["escalated_to"] or None,
    }
