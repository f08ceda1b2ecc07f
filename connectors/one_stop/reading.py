"""Reading: what a dossier's record at the national interface says, as events of the contract.

The field names are those of the messages DongBoHoSoMC and CapNhatTienDoHoSoMC. A record is a
snapshot: each event is one fact that it states, named by a hash of the fact, so that the same fact
read again has the same name. What is not read is left out of what is kept of a record, names of
people above all.

Statuses 4, 5 and 6 (processing, supplement or payment requested) give no event of their own: no
field says when they began, and `NgayCapNhat` moves with every other change. No figure reads them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from connectors.one_stop.fields import ENTRIES_MAX, Fields, UnreadableError
from hub.connecting.connection import judge
from hub.connecting.feeds import JsonObject, Record
from hub.definitions.admission import VALUE_LENGTH_MAX, Verdict, unreadable
from hub.definitions.contract import ITEMS_MAX, Contract
from schemas.contracts.dossier import Dossier

CONTRACT = Contract(Dossier)
NATIONAL = "national"
CURSOR_LENGTH_MAX = 1000

FIELDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            *("MaHoSo", "MaTTHC", "KenhThucHien", "MucDo", "TrangThaiHoSo"),
            *("DonViTiepNhan", "DonViXuLy", "DonViCongDan"),
            *("NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayTra", "NgayKetThucXuLy"),
            *("NgayDongBo", "DongBoThanhCong", "NgayCapNhat"),
        ),
        (),
    ),
    "DanhSachHoSoBoSung": ("NgayBoSung", "NgayHenTraTruoc", "NgayHenTraMoi"),
    "DanhGia": ("HaiLong", "NgayDanhGia"),
}
# What the contract calls a field that it finds wrong is shown by its name at the upstream.
_NAMES = {
    "dossier_code": "MaHoSo",
    "procedure_code": "MaTTHC",
    "channel": "KenhThucHien",
    "service_level": "MucDo",
    "received_by": "DonViTiepNhan",
    "resolved_by": "DonViXuLy",
    "citizen_unit": "DonViCongDan",
    "due_at": "NgayHenTra",
}
_RECEIVED = ("received", "processing", "supplement_requested", "payment_requested")
_DONE = ("resolved", "returned")
_ENDED = ("refused", "withdrawn", "stopped", "resolved")


class PageError(ValueError):
    """The bytes are no page of the upstream."""


@dataclass(frozen=True)
class Page:
    """A page: its items as they are, the cursor behind it, and whether more is there already."""

    items: list[Any]
    cursor: str
    has_more: bool


def parse(raw: bytes) -> Page:
    """Parse a page; raises `PageError`."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise PageError(f"not JSON: {error}") from None
    if not isinstance(said, dict) or not isinstance(said.get("duLieu"), list):
        raise PageError("no page: it has no list duLieu")
    cursor, has_more = said.get("conTroTiep"), said.get("conNua")
    if not isinstance(cursor, str) or len(cursor) > CURSOR_LENGTH_MAX:
        raise PageError("no page: conTroTiep is no text, or a long one")
    if not isinstance(has_more, bool):
        raise PageError("no page: conNua is neither true nor false")
    if len(said["duLieu"]) > ITEMS_MAX:
        raise PageError(f"a page of more than {ITEMS_MAX} records")
    return Page(said["duLieu"], cursor, has_more)


def read(_: str, raw: bytes) -> list[Record]:
    """Read a page by the national code lists; bytes that are no page are one unreadable record."""
    try:
        page = parse(raw)
    except PageError as error:
        vi, en = "không phải một trang dữ liệu", str(error)
        return [Record(b"", verdict=unreadable("not_a_page", "", "", vi, en))]
    return read_items(page.items, NATIONAL)


def read_items(items: Iterable[Any], source: str) -> list[Record]:
    """Read the records of a page by a source's code lists; what breaks the contract is refused."""
    records = [_read_one(item, source, place) for place, item in enumerate(items)]
    judged = judge(CONTRACT, records)
    return [
        replace(r, events=(), verdict=_in_their_words(j)) if isinstance(j, Verdict) else r
        for r, j in zip(records, judged, strict=True)
    ]


def _in_their_words(verdict: Verdict) -> Verdict:
    ours, theirs = f"{verdict.field}: ", _NAMES.get(verdict.field)
    if theirs is None:
        return verdict
    return replace(
        verdict,
        field=theirs,
        message_vi=f"{theirs}: {verdict.message_vi.removeprefix(ours)}",
        message_en=f"{theirs}: {verdict.message_en.removeprefix(ours)}",
    )


def _read_one(item: Any, source: str, place: int) -> Record:
    original = json.dumps(_kept(item), ensure_ascii=False).encode(errors="replace")
    try:
        return Record(original, tuple(_events(Fields(item), source)), place=place)
    except UnreadableError as error:
        return Record(original, verdict=replace(error.verdict, index=place), place=place)


def _kept(item: Any) -> dict[str, Any]:
    """Keep of a record what is read of it, and of that no long texts and lists."""
    if not isinstance(item, dict):
        return {}
    kept: dict[str, Any] = {}
    for name, inner in FIELDS.items():
        value = item.get(name)
        if isinstance(value, list) and inner:
            entries = [e for e in value[: ENTRIES_MAX + 1] if isinstance(e, dict)]
            kept[name] = [{n: _short(e[n]) for n in inner if n in e} for e in entries]
        elif isinstance(value, dict) and inner:
            kept[name] = {n: _short(value[n]) for n in inner if n in value}
        elif name in item:
            kept[name] = _short(value)
    return kept


def _short(value: Any) -> Any:
    """Keep a plain value; of a nested one, which no field has, only that it was one."""
    if isinstance(value, str):
        return value[:VALUE_LENGTH_MAX]
    return type(value).__name__ if isinstance(value, dict | list) else value


def _events(fields: Fields, source: str) -> Iterator[JsonObject]:
    """Give the facts that one record states."""
    code = fields.require("MaHoSo", fields.text("MaHoSo"))
    updated_at = fields.require("NgayCapNhat", fields.time("NgayCapNhat"))
    on = datetime.fromisoformat(updated_at).date()
    status = fields.require("TrangThaiHoSo", fields.code("TrangThaiHoSo", source, on))
    facts = [
        *_beginning(fields, source, on, status),
        *_ending(fields, status),
        *_afterwards(fields),
    ]
    for kind, at, said in facts:
        told = {n: v for n, v in said.items() if v is not None}
        yield {
            "event_id": _hash(code, kind, at, told),
            "recorded_at": updated_at,
            "dossier_code": code,
            "kind": kind,
            "occurred_at": at,
            **told,
        }


def _hash(*parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


_Fact = tuple[str, str, dict[str, Any]]


def _beginning(fields: Fields, source: str, on: date, status: str) -> Iterator[_Fact]:
    """Say registration, reception, and how the due date moved with each supplement."""
    registered_at = fields.time("NgayNopHoSo")
    if status == "registered":
        fields.require("NgayNopHoSo", registered_at)
    if registered_at is not None:
        yield "registered", registered_at, {}
    due_at = fields.time("NgayHenTra")
    before, moves = _supplements(fields, due_at)
    received_at = fields.time("NgayTiepNhan")
    if status in (*_RECEIVED, *_DONE):
        fields.require("NgayTiepNhan", received_at)
    if received_at is not None:
        yield (
            "received",
            received_at,
            {
                "received_by": fields.text("DonViTiepNhan"),
                "citizen_unit": fields.text("DonViCongDan"),
                "procedure_code": fields.text("MaTTHC"),
                "service_level": fields.code("MucDo", source, on),
                "channel": fields.code("KenhThucHien", source, on),
                "due_at": before or due_at,
            },
        )
    for at, due in moves.items():
        yield "supplemented", at, {}
        if due is not None:
            yield "due_changed", at, {"due_at": due}


def _supplements(fields: Fields, due_at: str | None) -> tuple[str | None, dict[str, str | None]]:
    """Give the due date before the first supplement, and the one that each of them set.

    `NgayHenTra` is the date now. Where the list does not end with it, it was moved without a word,
    and the last supplement is given that date; unless it is one that the list says was left.
    """
    listed = []
    for entry in fields.entries("DanhSachHoSoBoSung"):
        at = entry.require("NgayBoSung", entry.time("NgayBoSung"))
        listed.append((at, entry.time("NgayHenTraTruoc"), entry.time("NgayHenTraMoi")))
    listed.sort(key=lambda one: one[0])
    left = [before for _, before, _ in listed if before is not None]
    moves = {at: due for at, _, due in listed}
    if listed and due_at is not None and due_at not in left:
        moves[listed[-1][0]] = due_at
    return (left[0] if left else None), moves


def _ending(fields: Fields, status: str) -> Iterator[_Fact]:
    """Say how a dossier ended, if its status says that it did."""
    ended_at, returned_at = fields.time("NgayKetThucXuLy"), fields.time("NgayTra")
    by = {"resolved_by": fields.text("DonViXuLy")}
    if status in _ENDED:
        yield status, fields.require("NgayKetThucXuLy", ended_at), by
    if status == "returned":
        if ended_at is not None:
            yield "resolved", ended_at, by
        yield "returned", fields.require("NgayTra", returned_at), by


def _afterwards(fields: Fields) -> Iterator[_Fact]:
    """Say the latest synchronisation with the national portal, and the applicant's answer."""
    synced_at = fields.time("NgayDongBo")
    if synced_at is not None:
        yield "synced" if fields.boolean("DongBoThanhCong") else "sync_failed", synced_at, {}
    rating = fields.inner("DanhGia")
    if rating is not None:
        rated_at = rating.require("NgayDanhGia", rating.time("NgayDanhGia"))
        yield "rated", rated_at, {"satisfied": rating.boolean("HaiLong")}
