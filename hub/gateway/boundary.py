"""Boundaries: items for whom or where a sender may not send, each with its verdict.

Judged is what an item says. Fields of one kind are looked at in their order, and the first that an
item names must be within the scope: it is for whom the item speaks. Where units share a thing by
its events, as they do a dossier, an item that names none of them, or speaks of what others have,
is taken with its sender's units written into it, and counts once its sender stands in that thing
(`hub.apply.standing`).

Each combination of what items say is judged once, however many have it, and only for senders that
are limited: one of whole scope costs nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.access.scope import Codes, Scope
from hub.definitions.admission import Admitted, Verdict
from hub.definitions.contract import Contract, Doc, LimitKind
from hub.definitions.faults import said, show_value
from hub.definitions.near import offered

CODES_SHOWN_MAX = 8
_WHO: dict[LimitKind, Doc] = {
    "units": Doc("đơn vị", "unit"),
    "reporters": Doc("bên báo cáo", "reporter"),
    "areas": Doc("địa bàn", "area"),
    "stations": Doc("trạm", "station"),
}
RULES: dict[LimitKind, str] = {kind: f"{kind.removesuffix('s')}_not_allowed" for kind in _WHO}


@dataclass(frozen=True)
class Wrong:
    """What is outside: the field and its value, which the item says."""

    field: str
    value: str


def stamp(contract: Contract, scope: Scope) -> str | None:
    """Give what the hub writes into events of a sender of this scope: its units, or nothing."""
    if contract.spec.stamp is None:
        return None
    units = next((codes for kind, _, codes in scope.limits(contract) if kind == "units"), ())
    return ",".join(sorted(units)) or None


def outside(contract: Contract, scope: Scope, admitted: Admitted) -> list[Verdict]:
    """Find items of a body that are outside of its sender's scope, in each way that they are."""
    verdicts: dict[int, Verdict] = {}
    for kind, fields, codes in scope.limits(contract):
        for row, wrong in _wrong(fields, codes, admitted):
            index = admitted.indexes[row]
            verdict = _verdict(contract, index, kind, wrong, codes)
            before = verdicts.get(index)
            verdicts[index] = verdict if before is None else before.joined(verdict)
    return list(verdicts.values())


def outside_all(contract: Contract, scopes: Iterable[Scope], admitted: Admitted) -> list[Verdict]:
    """Find items that are outside of each of several scopes: those of one sender's keys."""
    by_scope = [outside(contract, scope, admitted) for scope in scopes]
    common = set.intersection(*({v.index for v in those} for those in by_scope))
    return [v for v in by_scope[0] if v.index in common]


def _wrong(
    fields: tuple[str, ...], codes: Codes, admitted: Admitted
) -> Iterator[tuple[int, Wrong]]:
    """Give the numbers of a body's events that are outside of one limit, each with what is."""
    compared: dict[tuple[str | None, ...], Wrong | None] = {}
    for row, event in enumerate(admitted.kept):
        values = tuple(event.__dict__[n] for n in fields)
        if values not in compared:
            named = [(n, v) for n, v in zip(fields, values, strict=True) if v is not None][:1]
            compared[values] = next((Wrong(n, v) for n, v in named if v not in codes), None)
        wrong = compared[values]
        if wrong is not None:
            yield row, wrong


def _verdict(
    contract: Contract, index: int, kind: LimitKind, wrong: Wrong, codes: Codes
) -> Verdict:
    """Say what an item may not say, and for whom the sender may send."""
    listed = sorted(codes)
    shown = ", ".join(listed[:CODES_SHOWN_MAX])
    more = len(listed) - CODES_SHOWN_MAX
    vi_more, en_more = (f" và {more} mã nữa", f" and {more} more") if more > 0 else ("", "")
    who, value = _WHO[kind], show_value(wrong.value)
    near_vi, near_en = offered(wrong.value, dict.fromkeys(listed, ""))
    such = listed[0] if listed else "–"
    vi = f"ngoài phạm vi: khóa này không được gửi cho {who.vi} {value}, chỉ được gửi cho"
    vi += f" {shown}{vi_more}{near_vi}, ví dụ {such}"
    en = f"is outside of its scope: this key may not send for {who.en} {value}, only for"
    en += f" {shown}{en_more}{near_en}, such as {such}"
    words = said(contract, wrong.field, value, vi, en)
    return Verdict(index, RULES[kind], wrong.field, value, *words)
