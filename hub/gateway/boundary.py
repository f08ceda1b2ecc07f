"""Boundaries: items for whom or where a sender may not send, each with its verdict.

A field that names the thing itself (a reporter, a station) is judged by what the item says. One
that a thing has by its events (the units of a dossier) is judged by what is known of it, too: an
event speaks for the first unit that it names, and where its dossier has another one in that place,
for that; in a dossier of others it may not name itself. One that names none speaks for the units of
its dossier. Of a thing that was not seen yet nothing is known, and nothing rejected.

Each combination of what items say and what is known is judged once, however many have it, and only
for senders that are limited: one of whole scope costs nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from hub.access.scope import Codes, Scope
from hub.definitions.admission import Admitted, Verdict, show_value
from hub.definitions.contract import Contract, Doc, LimitKind
from hub.store.reading import Row
from hub.store.store import Store

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
    """What is outside: the field and its value, which the item says or which is known."""

    field: str
    value: str
    is_said: bool


def outside(
    store: Store, contract: Contract, parts: Sequence[tuple[Scope, Admitted]]
) -> list[list[Verdict]]:
    """Find items of bodies that are outside of their senders' scopes, body by body."""
    verdicts: list[list[Verdict]] = [[] for _ in parts]
    limited = [
        (mine, scope, admitted)
        for mine, (scope, admitted) in zip(verdicts, parts, strict=True)
        if admitted.kept and any(scope.limits(contract))
    ]
    if not limited:
        return verdicts
    known = _known(store, contract, [admitted for *_, admitted in limited])
    for (mine, scope, admitted), of_body in zip(limited, known, strict=True):
        gone: set[int] = set()
        for kind, fields, codes in scope.limits(contract):
            for row, wrong in _wrong(contract, fields, codes, admitted, of_body):
                if row not in gone:
                    gone.add(row)
                    mine.append(_verdict(admitted.indexes[row], kind, wrong, codes))
    return verdicts


def outside_all(
    store: Store, contract: Contract, scopes: Iterable[Scope], admitted: Admitted
) -> list[Verdict]:
    """Find items that are outside of each of several scopes: those of one sender's keys."""
    by_scope = [outside(store, contract, [(scope, admitted)])[0] for scope in scopes]
    common = set.intersection(*({v.index for v in those} for those in by_scope))
    return [v for v in by_scope[0] if v.index in common]


def _learned(contract: Contract) -> list[str]:
    """Name the limited fields that a thing has by its events: those that do not name it."""
    fields = (name for names in contract.spec.limited.values() for name in names)
    return [name for name in fields if name not in contract.spec.entity]


def _known(
    store: Store, contract: Contract, bodies: list[Admitted]
) -> list[list[dict[str, Any] | None]]:
    """Give what is known of the things of bodies' events, event by event: learned fields."""
    learned = _learned(contract)
    if not learned:
        return [[None] * len(b.kept) for b in bodies]
    kinds = {f.kind for f in contract.fields if f.name in contract.spec.entity}
    if kinds == {"text"}:  # they stand in the events; columns cost too much for a few
        named = [[contract.entity_of(e.__dict__) for e in b.kept] for b in bodies]
    else:
        column = contract.entity.alias("entity")
        named = [b.events.select(column)["entity"].to_list() for b in bodies]
    entities = sorted({entity for names in named for entity in names})
    with store.reading() as reading:
        rows = reading.fact_values(store.facts[contract.name], learned, entities)
    known = {entity: dict(zip(learned, values, strict=True)) for entity, *values in rows}
    return [[known.get(entity) for entity in names] for names in named]


def _wrong(
    contract: Contract,
    fields: tuple[str, ...],
    codes: Codes,
    admitted: Admitted,
    known: list[dict[str, Any] | None],
) -> Iterator[tuple[int, Wrong]]:
    """Give the numbers of a body's events that are outside of one limit, each with what is."""
    said = zip(*([e.__dict__[n] for e in admitted.kept] for n in fields), strict=True)
    of_things: Iterable[Row] = repeat((None,) * len(fields))
    if not set(fields) <= set(contract.spec.entity):
        nothing = dict.fromkeys(fields)
        of_things = [tuple((k or nothing)[n] for n in fields) for k in known]
    compared: dict[tuple[Row, Row], Wrong | None] = {}
    for row, pair in enumerate(zip(said, of_things, strict=False)):
        if pair not in compared:
            compared[pair] = _compare(fields, codes, *pair)
        wrong = compared[pair]
        if wrong is not None:
            yield row, wrong


def _compare(fields: tuple[str, ...], codes: Codes, said: Row, known: Row) -> Wrong | None:
    """Hold what an event says in some fields, and what its thing is known to have, to the codes."""
    place = next((i for i, value in enumerate(said) if value is not None), len(fields))
    if place < len(fields):
        if said[place] not in codes:
            return Wrong(fields[place], said[place], is_said=True)
        if known[place] is not None and known[place] not in codes:
            return Wrong(fields[place], known[place], is_said=False)
    has_standing = any(value in codes for value in known)
    owners = [(n, v) for n, v in zip(fields[:place], known, strict=False) if v is not None]
    if owners and not has_standing:
        return Wrong(*owners[0], is_said=False)
    return None


def _verdict(index: int, kind: LimitKind, wrong: Wrong, codes: Codes) -> Verdict:
    """Say what an item may not say, or what it is about, and for whom the sender may send."""
    listed = sorted(codes)
    shown = ", ".join(listed[:CODES_SHOWN_MAX])
    more = len(listed) - CODES_SHOWN_MAX
    vi_more, en_more = (f" và {more} mã nữa", f" and {more} more") if more > 0 else ("", "")
    who, field, value = _WHO[kind], wrong.field, show_value(wrong.value)
    if wrong.is_said:
        vi, en = f"không được gửi cho {who.vi}", f"may not send for {who.en}"
    else:
        vi = f"không được gửi việc của {who.vi} đã ghi nhận ở đây là"
        en = f"may not send what is known to be of {who.en}"
    return Verdict(
        index,
        RULES[kind],
        field,
        value,
        f"{field}: khóa này {vi} {value}, chỉ được gửi cho {shown}{vi_more}",
        f"{field}: this key {en} {value}, only for {shown}{en_more}",
    )
