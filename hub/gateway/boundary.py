"""Boundaries: items for whom or where a sender may not send, each with its verdict.

A field that names the thing itself (a reporter, a station) is judged by what the item says. One
that a thing has by its events (the units of a dossier) is judged by what is known of it, too: an
event speaks for the first unit that it names, and where its dossier has another one in that place,
for that; in a dossier of others it may not name itself. One that names none speaks for the units of
its dossier. Of a thing that was not seen yet nothing is known, and nothing rejected.

Columns are judged, and only for senders that are limited: one of whole scope costs nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_

import polars as pl

from hub.access.scope import Codes, Scope
from hub.definitions.admission import Admitted, Verdict, show_value
from hub.definitions.contract import Contract, Doc, LimitKind
from hub.store.store import Store

CODES_SHOWN_MAX = 8
_WHO: dict[LimitKind, Doc] = {
    "units": Doc("đơn vị", "unit"),
    "reporters": Doc("bên báo cáo", "reporter"),
    "areas": Doc("địa bàn", "area"),
    "stations": Doc("trạm", "station"),
}
RULES: dict[LimitKind, str] = {kind: f"{kind.removesuffix('s')}_not_allowed" for kind in _WHO}


def outside(
    store: Store, contract: Contract, parts: Sequence[tuple[Scope, Admitted]]
) -> list[list[Verdict]]:
    """Find items of bodies that are outside of their senders' scopes, body by body."""
    verdicts: list[list[Verdict]] = [[] for _ in parts]
    alike: dict[Scope, list[int]] = {}
    for number, (scope, admitted) in enumerate(parts):
        if admitted.kept and any(scope.limits(contract)):
            alike.setdefault(scope, []).append(number)
    for scope, numbers in alike.items():
        bodies = [parts[n][1] for n in numbers]
        if len(bodies) == 1:
            events = bodies[0].events
        else:
            events = contract.columns([e for b in bodies for e in b.kept])
        places = [(n, index) for n, b in zip(numbers, bodies, strict=True) for index in b.indexes]
        gone: set[int] = set()
        for kind, fields, codes in scope.limits(contract):
            for row, field, value, is_own in _wrong(store, contract, events, fields, codes):
                if row not in gone:
                    gone.add(row)
                    number, index = places[row]
                    verdicts[number].append(
                        _verdict(index, kind, field, value, codes, is_own=is_own)
                    )
    return verdicts


def outside_all(
    store: Store, contract: Contract, scopes: Iterable[Scope], admitted: Admitted
) -> list[Verdict]:
    """Find items that are outside of each of several scopes: those of one sender's keys."""
    by_scope = [outside(store, contract, [(scope, admitted)])[0] for scope in scopes]
    common = set.intersection(*({v.index for v in those} for those in by_scope))
    return [v for v in by_scope[0] if v.index in common]


def _wrong(
    store: Store,
    contract: Contract,
    events: pl.DataFrame,
    fields: tuple[str, ...],
    codes: Codes,
) -> Iterator[tuple[int, str, str, bool]]:
    """Give rows that are outside: number, field, its value, and whether it is the item's own."""
    allowed = sorted(codes)
    if set(fields) <= set(contract.spec.entity):
        frame, cases = events, _named_outside(fields, allowed)
    else:
        frame = _with_known(store, contract, events, fields)
        cases = _by_what_is_known(fields, allowed)
    wrong = frame.with_row_index("~row").select(
        "~row",
        pl.coalesce(pl.when(c).then(pl.lit(name)) for c, name, _, _ in cases).alias("field"),
        pl.coalesce(pl.when(c).then(value) for c, _, value, _ in cases).alias("value"),
        pl.coalesce(pl.when(c).then(pl.lit(own)) for c, _, _, own in cases).alias("is_own"),
    )
    yield from wrong.filter(pl.col("field").is_not_null()).rows()


# When something is wrong, in which field, with which value, and whether the item itself says it.
_Case = tuple[pl.Expr, str, pl.Expr, bool]


def _is_outside(value: pl.Expr, allowed: list[str]) -> pl.Expr:
    return value.is_not_null() & ~value.is_in(allowed)


def _named_outside(fields: tuple[str, ...], allowed: list[str]) -> list[_Case]:
    """Say where a field names what is not allowed."""
    return [(_is_outside(pl.col(n), allowed), n, pl.col(n), True) for n in fields]


def _by_what_is_known(fields: tuple[str, ...], allowed: list[str]) -> list[_Case]:
    """Say where an event may not speak for the first place that it names, or for its thing."""
    known = {name: pl.col(f"~{name}") for name in fields}
    has_standing = reduce(or_, (k.is_in(allowed).fill_null(value=False) for k in known.values()))
    cases: list[_Case] = []
    is_first = pl.lit(value=True)  # no field before this one names anything
    for place, name in enumerate(fields):
        own = pl.col(name)
        is_said = is_first & own.is_not_null()
        cases.append((is_said & _is_outside(own, allowed), name, own, True))
        cases.append((is_said & _is_outside(known[name], allowed), name, known[name], False))
        cases += [
            (is_said & known[n].is_not_null() & ~has_standing, n, known[n], False)
            for n in fields[:place]
        ]
        is_first = is_first & own.is_null()
    cases += [(is_first & k.is_not_null() & ~has_standing, n, k, False) for n, k in known.items()]
    return cases


def _with_known(
    store: Store, contract: Contract, events: pl.DataFrame, fields: tuple[str, ...]
) -> pl.DataFrame:
    """Add what is known of the things that events are about, in columns named with a `~`."""
    frame = events.select(contract.entity.alias("~entity"), *fields)
    entities = frame["~entity"].unique().to_list()
    with store.reading() as reading:
        rows = reading.fact_values(store.facts[contract.name], fields, entities)
    names = ["~entity", *(f"~{n}" for n in fields)]
    known = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return frame.join(known, on="~entity", how="left", maintain_order="left")


def _verdict(
    index: int, kind: LimitKind, field: str, value: str, codes: Codes, *, is_own: bool
) -> Verdict:
    """Say what an item may not say, or what it is about, and for whom the sender may send."""
    listed = sorted(codes)
    shown = ", ".join(listed[:CODES_SHOWN_MAX])
    more = len(listed) - CODES_SHOWN_MAX
    vi_more, en_more = (f" và {more} mã nữa", f" and {more} more") if more > 0 else ("", "")
    who, shown_value = _WHO[kind], show_value(value)
    if is_own:
        vi, en = f"không được gửi cho {who.vi}", f"may not send for {who.en}"
    else:
        vi = f"không được gửi việc của {who.vi} đã ghi nhận ở đây là"
        en = f"may not send what is known to be of {who.en}"
    return Verdict(
        index,
        RULES[kind],
        field,
        shown_value,
        f"{field}: khóa này {vi} {shown_value}, chỉ được gửi cho {shown}{vi_more}",
        f"{field}: this key {en} {shown_value}, only for {shown}{en_more}",
    )
