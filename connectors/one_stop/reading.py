"""Reading: what a dossier's record at the national interface says, as events of the contract.

The field names are those of the messages DongBoHoSoMC and CapNhatTienDoHoSoMC. A record is a
snapshot: each event is one fact that it states, named by a hash of the fact, so that the same fact
read again has the same name. What is not read is left out of what is kept of a record, names of
people above all.

Each fact that can be read is read. A field that cannot is a finding by its name at the upstream,
beside the facts of the same record; a fact that cannot do without it is not told, and what was told
of its kind before stands (`Snapshot.unread`).

A code is read by the list of the day that it was written for: what is written at reception by the
day of reception, who resolved it by the day of that, a status by the day of the latest change.

Statuses 4, 5 and 6 (processing, supplement or payment requested) give no event of their own: no
field says when they began, and `NgayCapNhat` moves with every other change. No figure reads them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from connectors.one_stop.codes import CONTRACT, Lists
from connectors.one_stop.fields import ENTRIES_MAX, Fields, Finding, Said
from connectors.one_stop.pages import PageError, parse
from hub.connecting.connection import judge
from hub.connecting.feeds import JsonObject, Record
from hub.definitions.admission import Verdict, unreadable
from hub.definitions.faults import VALUE_LENGTH_MAX
from hub.definitions.masking import mask_text

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
_RECEIVED = ("received", "processing", "supplement_requested", "payment_requested")
_DONE = ("resolved", "returned")
_ENDED = ("refused", "withdrawn", "stopped", "resolved")
# The list in force last goes where no day can be read at all.
_LAST_DAY = date(9999, 12, 30)


@dataclass(frozen=True)
class Snapshot:
    """One record of a page: what it says of its dossier, and what of it cannot be read.

    `original` is what is kept of it, `at` its `NgayCapNhat`, empty where that cannot be read.
    `unread` are the kinds of which something could not be read. `findings` are records of their
    own, each known by its field and the dossier's code: so that one is known again when the rest of
    the record changes.
    """

    original: bytes
    code: str = ""
    at: str = ""
    events: tuple[JsonObject, ...] = ()
    unread: frozenset[str] = frozenset()
    findings: tuple[Record, ...] = ()
    place: int = 0

    @property
    def records(self) -> list[Record]:
        """What it says, where it can be read at all, and its findings."""
        own = [Record(self.original, self.events, place=self.place)]
        return [*(own if self.code else ()), *self.findings]


def read(_: str, raw: bytes) -> list[Record]:
    """Read a page by the national lists; bytes that are no page are one unreadable record."""
    try:
        page = parse(raw)
    except PageError as error:
        vi, en = "không phải một trang dữ liệu", str(error)
        return [Record(b"", verdict=unreadable("not_a_page", "", "", vi, en))]
    return [r for s in read_items(page.items, Lists()) for r in s.records]


def read_items(items: Iterable[Any], lists: Lists) -> list[Snapshot]:
    """Read the records of a page by a source's lists; no two have a record of the same place."""
    snapshots = [replace(_read_one(item, lists), place=i) for i, item in enumerate(items)]
    judged = judge(CONTRACT, [Record(b"", s.events) for s in snapshots])
    kept = [
        _without_what_breaks(s) if isinstance(j, Verdict) else s
        for s, j in zip(snapshots, judged, strict=True)
    ]
    return _placed(kept)


def _placed(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Give each finding a place: its record's where that says nothing else, or one behind all."""
    placed, after = [], len(snapshots)
    for snapshot in snapshots:
        findings = []
        for number, record in enumerate(snapshot.findings):
            place = snapshot.place if number == 0 and not snapshot.code else after
            after += place == after
            verdict = record.verdict and replace(record.verdict, index=place)
            findings.append(replace(record, verdict=verdict, place=place))
        placed.append(replace(snapshot, findings=tuple(findings)))
    return placed


def _without_what_breaks(snapshot: Snapshot) -> Snapshot:
    """Part the events that break the contract after all from those that keep it."""
    events, findings, unread = [], list(snapshot.findings), set(snapshot.unread)
    for event in snapshot.events:
        (verdict,) = judge(CONTRACT, [Record(b"", (event,))])
        if isinstance(verdict, Verdict):
            finding = Finding(verdict, verdict.value)
            path = f"{event['kind']}.{verdict.field}"
            findings.append(_as_record(snapshot.original, snapshot.code, path, finding))
            unread.add(event["kind"])
        else:
            events.append(event)
    return replace(
        snapshot, events=tuple(events), findings=tuple(findings), unread=frozenset(unread)
    )


def _read_one(item: Any, lists: Lists) -> Snapshot:
    original = json.dumps(_kept(item), ensure_ascii=False).encode(errors="replace")
    findings: dict[str, Finding] = {}
    if not isinstance(item, dict):
        vi, en = "phải là một đối tượng JSON", "not a JSON object"
        verdict = unreadable("not_an_object", "", type(item).__name__, vi, en)
        return Snapshot(original, findings=(Record(original, verdict=verdict),))
    fields = Fields(item, findings)
    code = fields.require(fields.dossier_code("MaHoSo")).value
    if code is None:
        # Nothing can be said of a dossier without its code, nor can it be known again by it.
        (finding,) = findings.values()
        return Snapshot(original, findings=(Record(original, verdict=finding.verdict),))
    facts = _Facts(fields, lists)
    facts.tell_all()
    return Snapshot(
        original,
        code,
        facts.stamp,
        tuple(_event(code, facts.updated_at.value, fact) for fact in facts.told),
        frozenset(facts.unread),
        tuple(_as_record(original, code, path, finding) for path, finding in findings.items()),
    )


def _as_record(original: bytes, code: str, path: str, finding: Finding) -> Record:
    said = {"MaHoSo": code, path: finding.value}
    known_by = json.dumps(said, ensure_ascii=False).encode(errors="replace")
    return Record(original, verdict=finding.verdict, known_by=known_by)


def _kept(item: Any) -> dict[str, Any]:
    """Keep of a record what is read of it, masked, and of that no long texts and lists."""
    if not isinstance(item, dict):
        return {}
    kept: dict[str, Any] = {}
    for name, inner in FIELDS.items():
        value = item.get(name)
        if isinstance(value, list) and inner:
            entries = [e for e in value[: ENTRIES_MAX + 1] if isinstance(e, dict)]
            kept[name] = [{n: _short(n, e[n]) for n in inner if n in e} for e in entries]
        elif isinstance(value, dict) and inner:
            kept[name] = {n: _short(n, value[n]) for n in inner if n in value}
        elif name in item:
            kept[name] = _short(name, value)
    return kept


def _short(name: str, value: Any) -> Any:
    """Keep a plain value; of a nested one, which no field has, only that it was one."""
    if isinstance(value, str):
        return mask_text(value, "instant" if name.startswith("Ngay") else "text")[:VALUE_LENGTH_MAX]
    return type(value).__name__ if isinstance(value, dict | list) else value


@dataclass(frozen=True)
class _Fact:
    kind: str
    at: str
    values: Mapping[str, Any]


def _event(code: str, updated_at: str | None, fact: _Fact) -> JsonObject:
    recorded = {} if updated_at is None else {"recorded_at": updated_at}
    return {
        "event_id": _hash(code, fact.kind, fact.at, fact.values),
        **recorded,
        "dossier_code": code,
        "kind": fact.kind,
        "occurred_at": fact.at,
        **fact.values,
    }


def _hash(*parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class _Facts:
    """The facts that a record states: those told, and the kinds that could not all be read."""

    def __init__(self, fields: Fields, lists: Lists) -> None:
        self._fields, self._lists = fields, lists
        self.told: list[_Fact] = []
        self.unread: set[str] = set()
        self.updated_at = fields.require(fields.time("NgayCapNhat"))
        self.stamp = "" if self.updated_at.value is None else fields.text("NgayCapNhat").value
        self._registered_at = fields.time("NgayNopHoSo")
        self._received_at = fields.time("NgayTiepNhan")
        self._received_on = _day(self._received_at, self._registered_at, self.updated_at)
        changed_on = _day(self.updated_at, self._received_at, self._registered_at)
        # Where it cannot be read, the dossier may have ended or not.
        self._status = fields.require(fields.code("TrangThaiHoSo", lists, changed_on))

    def tell_all(self) -> None:
        """Tell all that the record states."""
        self._tell_beginning()
        self._tell_ending()
        self._tell_synchronisation()
        self._tell_rating()

    def _tell(
        self,
        kind: str,
        at: Said,
        needed: Mapping[str, Said] | None = None,
        others: Mapping[str, Said] | None = None,
    ) -> None:
        """Tell a fact, if all that it cannot do without can be read."""
        needed, others = needed or {}, others or {}
        required = [self._fields.require(s) for s in (at, *needed.values())]
        if any(s.is_unread for s in (*required, *others.values())):
            self.unread.add(kind)
        if all(s.value is not None for s in required):
            said = {**needed, **others}
            values = {n: s.value for n, s in said.items() if s.value is not None}
            self.told.append(_Fact(kind, at.value, values))

    def _is_stated(self, at: Said, *statuses: str) -> bool:
        """Tell whether something happened: it has a time, or the status says that it did."""
        return at.value is not None or at.is_unread or self._status.value in statuses

    def _tell_beginning(self) -> None:
        """Tell registration, reception, and how the due date moved with each supplement."""
        fields, lists, on = self._fields, self._lists, self._received_on
        if self._is_stated(self._registered_at, "registered"):
            self._tell("registered", self._registered_at)
        due_at = fields.due("NgayHenTra", self._received_at.value)
        before, moves = self._supplements(due_at)
        if self._is_stated(self._received_at, *_RECEIVED, *_DONE):
            needed = {
                "received_by": fields.unit("DonViTiepNhan", lists, on),
                "procedure_code": fields.procedure("MaTTHC"),
                "service_level": fields.code("MucDo", lists, on),
                "channel": fields.code("KenhThucHien", lists, on),
            }
            others = {
                "citizen_unit": fields.unit("DonViCongDan", lists, on),
                "due_at": due_at if before.value is None else before,
            }
            self._tell("received", self._received_at, needed, others)
        for at, due in moves.items():
            moved_at = Said("", at)
            self._tell("supplemented", moved_at)
            if due is not None:
                self._tell("due_changed", moved_at, {"due_at": Said("", due)})

    def _supplements(self, due_at: Said) -> tuple[Said, dict[str, str | None]]:
        """Give the due date before the first supplement, and the one that each of them set.

        `NgayHenTra` is the date now. Where the list does not end with it, it was moved without a
        word, and the last supplement is given that date; unless it is one that the list says was
        left.
        """
        entries, is_whole = self._fields.entries("DanhSachHoSoBoSung")
        listed = []
        for entry in entries:
            at = entry.require(entry.time("NgayBoSung"))
            before, due = entry.due("NgayHenTraTruoc"), entry.due("NgayHenTraMoi")
            is_whole &= not (at.is_unread or before.is_unread or due.is_unread)
            if at.value is not None:
                listed.append((at.value, before, due.value))
        if not is_whole or (due_at.is_unread and listed):
            self.unread |= {"supplemented", "due_changed"}
        listed.sort(key=lambda entry: entry[0])
        left = [before for _, before, _ in listed if before.value is not None]
        moves = {at: due for at, _, due in listed}
        if listed and due_at.value not in (None, *(before.value for before in left)):
            moves[listed[-1][0]] = due_at.value
        return (left[0] if left else Said("")), moves

    def _tell_ending(self) -> None:
        """Tell how a dossier ended, if its status says that it did."""
        status = self._status.value
        if self._status.is_unread:
            self.unread |= {*_ENDED, *_DONE}
        if status not in (*_ENDED, *_DONE):
            return
        ended_at, returned_at = self._fields.time("NgayKetThucXuLy"), Said("")
        if status == "returned":
            returned_at = self._fields.time("NgayTra")
        on = _day(ended_at, returned_at, self.updated_at, self._received_at)
        by = {"resolved_by": self._unit_that_resolved(on)}
        if status in _ENDED:
            self._tell(status, ended_at, None, by)
            return
        if ended_at.value is not None or ended_at.is_unread:
            self._tell("resolved", ended_at, None, by)
        self._tell("returned", returned_at, None, by)

    def _unit_that_resolved(self, on: date) -> Said:
        """Read who resolved it; a name may be that of an agency of the unit that received it."""
        received_by = self._fields.peek_unit("DonViTiepNhan", self._lists, self._received_on)
        return self._fields.unit("DonViXuLy", self._lists, on, received_by)

    def _tell_synchronisation(self) -> None:
        """Tell the latest synchronisation with the national portal."""
        synced_at = self._fields.time("NgayDongBo")
        if synced_at.value is None and not synced_at.is_unread:
            return
        is_done = self._fields.require(self._fields.boolean("DongBoThanhCong"))
        if synced_at.is_unread or is_done.is_unread:
            self.unread |= {"synced", "sync_failed"}
        else:
            self._tell("synced" if is_done.value else "sync_failed", synced_at)

    def _tell_rating(self) -> None:
        """Tell the applicant's answer."""
        rating, is_read = self._fields.inner("DanhGia")
        if not is_read:
            self.unread.add("rated")
        if rating is None:
            return
        rated_at, satisfied = rating.time("NgayDanhGia"), rating.boolean("HaiLong")
        has_no_date = not rated_at.is_unread and rated_at.value is None
        if has_no_date and not satisfied.is_unread:
            # An empty answer, which some systems write as false at no date.
            is_no_date_written = rating.text("NgayDanhGia").value is not None
            if satisfied.value is None or (is_no_date_written and not satisfied.value):
                return
        self._tell("rated", rated_at, {"satisfied": satisfied})


def _day(*instants: Said) -> date:
    """Give the day of the first instant that can be read."""
    return next(
        (datetime.fromisoformat(s.value).date() for s in instants if s.value is not None),
        _LAST_DAY,
    )
