"""Reading: what a published message says, item by item: a message to send, and dossier events.

An item that breaks its form is rejected whole, with every fault. A message tells no more of a
dossier than its sender asserts: `received` only where it names level and receiving unit, which the
published form has not.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from connectors.national.codes import NATIONAL, Codes
from connectors.national.fields import (
    FORMS,
    day_of_item,
    faults_of,
    text_of,
    time_of,
    translated,
)
from connectors.national.published import DOSSIERS, Published, PublishedError, read, write
from hub.connecting.exchanging import Outgoing
from hub.connecting.feeds import JsonObject, Record
from hub.definitions.admission import unreadable, verdict_of
from schemas.contracts.dossier import national

MESSAGE_BYTES_MAX = 1 << 20
LEVELS = {"toanTrinh": "full", "motPhan": "partial", "conLai": "information"}
# What a message states of a dossier by a date of its own.
DATED = (
    ("registered", "NgayNopHoSo"),
    ("refused", "NgayTuChoi"),
    ("resolved", "NgayKetThucXuLy"),
    ("returned", "NgayTra"),
)


@dataclass(frozen=True)
class Read:
    """What a file says: a record an item, and of those that can be sent the messages, by place."""

    records: list[Record]
    messages: Mapping[int, Outgoing]


def read_messages(content: bytes, codes: Codes, sender: str) -> Read:
    """Read a file of one message; `sender` is whose it is where it does not say so."""
    try:
        published = read(content)
    except PublishedError as error:
        verdict = unreadable(error.rule, error.field, error.value, error.vi, error.en)
        return Read([Record(content, (), verdict)], {})
    records, messages = [], {}
    for place, item in enumerate(published.items):
        record, message = _read_item(published, item, codes, sender, place)
        records.append(record)
        if message is not None:
            messages[place] = message
    return Read(records, messages)


def _read_item(
    published: Published, item: Any, codes: Codes, sender: str, place: int
) -> tuple[Record, Outgoing | None]:
    original = write(item)
    if not isinstance(item, dict):
        kind, vi, en = type(item).__name__, "phải là một đối tượng JSON", "must be a JSON object"
        verdict = unreadable("not_an_object", f"data[{place}]", kind, vi, en, place)
        return Record(original, (), verdict, place), None
    if len(original) > MESSAGE_BYTES_MAX:
        vi, en = f"dài quá {MESSAGE_BYTES_MAX} byte", f"longer than {MESSAGE_BYTES_MAX} bytes"
        verdict = unreadable("too_long", f"data[{place}]", str(len(original)), vi, en, place)
        return Record(original, (), verdict, place), None
    faults = faults_of(published.service, item, codes)
    on = day_of_item(published.service, item)
    sent = dict(item)
    if not faults and codes.source != NATIONAL:
        assert on is not None, "a date is required"
        sent, faults = translated(published.service, item, codes, on)
    if faults:
        return Record(original, (), replace(verdict_of(place, faults), index=place), place), None
    assert on is not None, "a date is required"
    body = write(published.alone(sent)).decode("utf-8", "surrogatepass")
    whose = published.sender or sender
    message = Outgoing(
        published.service, text_of(item, "MaHoSo"), whose, body, is_repeatable=not published.creates
    )
    events = tuple(_events(published.service, item, codes, on))
    return Record(original, events, None, place), message


def _events(service: str, item: Mapping[str, Any], codes: Codes, on: date) -> Iterator[JsonObject]:
    """Give what an item says happened to its dossier, under ids made of what it says."""
    for kind, at, more in _happened(service, item, codes, on):
        code = text_of(item, "MaHoSo")
        event = {"dossier_code": code, "kind": kind, "occurred_at": at, **more}
        parts = "\n".join(f"{n}={v}" for n, v in sorted(event.items()))
        event_id = hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()
        yield {"event_id": event_id, **event}


def _happened(
    service: str, item: Mapping[str, Any], codes: Codes, on: date
) -> Iterator[tuple[str, str, JsonObject]]:
    if service != DOSSIERS:
        yield from _progress(item, codes, on)
        return
    level, unit = LEVELS.get(text_of(item, "MucDo")), text_of(item, "DonViTiepNhan")
    channel = codes.meaning("KenhThucHien", text_of(item, "KenhThucHien"), on)
    received, due = time_of(item, "NgayTiepNhan"), time_of(item, "NgayHenTra")
    if level and unit and channel and received:
        procedure = national(text_of(item, "MaTTHC"))
        own = {"received_by": unit, "procedure_code": procedure}
        own |= {"service_level": level, "channel": channel}
        own |= {"due_at": due.isoformat()} if due else {}
        yield "received", received.isoformat(), own
    for kind, name in DATED:
        if (at := time_of(item, name)) is not None:
            yield kind, at.isoformat(), {}
    supplements = item.get("DanhSachHoSoBoSung")
    for entry in supplements if isinstance(supplements, list) else ():
        asked, came = time_of(entry, "NgayBoSung"), time_of(entry, "NgayTiepNhanBoSung")
        new = time_of(entry, "NgayHenTraMoi")
        if asked is not None:
            yield "supplement_requested", asked.isoformat(), {}
        if came is not None:
            yield "supplemented", came.isoformat(), {}
        if new is not None and (came or asked) is not None:
            yield "due_changed", (came or asked).isoformat(), {"due_at": new.isoformat()}  # type: ignore[union-attr]


def _progress(
    item: Mapping[str, Any], codes: Codes, on: date
) -> Iterator[tuple[str, str, JsonObject]]:
    """Give the state that a message of progress tells, but for `received`: it says too little."""
    form = FORMS["CapNhatTienDoHoSoMC"]["TrangThai"]
    kind = codes.meaning(form.codes, text_of(item, "TrangThai"), on)
    at = time_of(item, "ThoiDiemXuLy")
    if kind is not None and kind != "received" and at is not None:
        yield kind, at.isoformat(), {}
