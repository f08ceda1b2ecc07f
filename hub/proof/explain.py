"""Explain: what is in a cell, where an entity is counted, and why it is not somewhere else."""

from dataclasses import asdict
from datetime import date
from typing import Any

import polars as pl

from hub.apply.stored import settle_stored
from hub.clock import DAY_US, day_of, day_start, iso, iso_day
from hub.definitions.contract import INSTANT_MAX, INSTANT_MIN, Contract
from hub.definitions.fact import Fact, Measure
from hub.figures.aliases import Aliased, Claim, Merger
from hub.figures.book import Book
from hub.figures.dues import find_waits
from hub.figures.handling import MINUTES, read_handled
from hub.figures.past import Past
from hub.reference.spent import LISTS
from hub.store import exchanges
from hub.store.reading import Reading, dims_text, parse_dims

FACTS_SHOWN_MAX = 1_000
EVER = (INSTANT_MIN, INSTANT_MAX)


class UnknownNameError(LookupError):
    """Neither an entity nor a cell has this name."""


def explain(book: Book, name: str, offset: int = 0) -> dict[str, Any]:
    """Explain an entity (its key) or a cell (`set/period/dims`, as `hub verify` names it).

    Of a cell's facts a page is listed, from an offset on. What quality control flags is named: a
    cell holds it, and no figure does; so are codes that are part of a thing of several, which
    figures count once. Raises `UnknownNameError`.
    """
    reading = book.reading
    name = name.removeprefix("cell ").removeprefix("fact ")
    cell = _find_cell(reading, name)
    if cell is not None:
        said = explain_cell(reading, *cell, offset)
        listed = [f["entity"] for f in said["facts"]]
        parts = {e: named for e in listed if (named := _goes_by(reading, cell[0], e)) is not None}
        return {**said, "flagged": _flagged_on(book, cell), "part_of": parts}
    for contract in reading.definitions.contracts.values():
        plain = name.removeprefix(f"{contract.name}/")
        fact = reading.definitions.facts[contract.name]
        merger = reading.merger(fact) if isinstance(reading, Aliased | Past) else None
        if merger is not None:
            plain = merger.names.get(plain, plain)
        rows = reading.states(fact, [plain])
        if rows:
            return {
                **explain_entity(reading, fact, contract, rows),
                **_named(book, contract, fact, merger, plain),
                "flagged_by": _flagged_by(book, fact, plain),
                **_handling(book, fact, plain),
                **_exchanged(reading, merger, plain),
            }
    raise UnknownNameError(name)


def _goes_by(reading: Reading, fact: Fact, code: str) -> str | None:
    """Give the code that a thing of several codes goes by, where a code is one of them."""
    merger = reading.merger(fact) if isinstance(reading, Aliased | Past) else None
    if merger is None or len(merger.codes(code)) == 1:
        return None
    return merger.names[code]


def _named(
    book: Book, contract: Contract, fact: Fact, merger: Merger | None, name: str
) -> dict[str, Any]:
    """Say how a thing is named, and why several codes are one, where they are."""
    names = contract.spec.names
    if names is None:
        return {}
    codes = [name] if merger is None else merger.codes(name)
    read = [asdict(names.read(code)) for code in codes]
    named: dict[str, Any] = {
        "codes": [{n: str(v) for n, v in code.items() if v is not None} for code in read]
    }
    claims = [] if merger is None else [c for c in merger.claims if {c.code, c.other} & {*codes}]
    if claims:
        named["claims"] = [asdict(claim) for claim in claims]
    if len(codes) > 1:
        named |= _why_one(name, codes, claims) | {"restated": _restated(book, fact, codes)}
    return named


def _why_one(name: str, codes: list[str], claims: list[Claim]) -> dict[str, str]:
    others = ", ".join(code for code in codes if code != name)
    by = ", ".join(f"{c.event_id} ({c.sender}, {c.code} = {c.other})" for c in claims if c.counts)
    return {
        "message_vi": f"các mã là một hồ sơ, được tính một lần dưới mã {name}: {others}"
        f" không tính riêng nữa, theo sự kiện {by}",
        "message_en": f"the codes are one thing, counted once as {name}: {others} no longer"
        f" count(s) by itself, by event {by}",
    }


def _restated(book: Book, fact: Fact, codes: list[str]) -> list[dict[str, Any]]:
    """List the closings of which figures counted codes apart that are one since."""
    listed = []
    for closing in book.closings:
        past = Past(book.reading, closing.cut)
        merger, known = past.merger(fact), past.known(fact, codes, closing.period.end)
        then = {c if merger is None else merger.names.get(c, c) for c in known}
        if len(then) > 1:
            listed.append(
                {
                    "period": closing.period.text,
                    "closed_at": iso(closing.closed_at),
                    "counted_as": sorted(then),
                }
            )
    return listed


def _flagged_by(book: Book, fact: Fact, entity: str) -> list[str]:
    """Name the tests of quality control by which an entity's value is flagged."""
    thresholds = book.thresholds_of(fact)
    if not thresholds or fact.checked is None:
        return []
    when = fact.measure(fact.checked.measure).when
    ((_, at),) = book.reading.fact_values(fact, [when], [entity])
    if at is None:
        return []
    flags = book.flags.listed(fact, thresholds, at, at + 1)
    return [test for flag in flags if flag.entity == entity for test in flag.tests]


def _exchanged(reading: Reading, merger: Merger | None, name: str) -> dict[str, Any]:
    """List the messages about a thing to other services, by any of its codes, and how they stand.

    Nothing where there are none. They are told of as they stand now, whenever is asked about.
    """
    codes = [name] if merger is None else merger.codes(name)
    rows = exchanges.of(reading.connection, codes)
    acts = exchanges.acts_of(reading.connection, [r["id"] for r in rows])
    return {"exchanges": [exchanges.public(r, acts[r["id"]]) for r in rows]} if rows else {}


def _handling(book: Book, fact: Fact, entity: str) -> dict[str, Any]:
    """Say how long an entity took that was resolved, and what it waited for, in working time."""
    clocked = fact.clocked
    if clocked is None:
        return {}
    named = f"entity = '{entity.replace(chr(39), 2 * chr(39))}'"
    columns = ["entity", clocked.ended, clocked.waits]
    waits = find_waits(clocked, book.reading.facts(fact, columns, named))
    handled = read_handled(clocked, book, *EVER, {"entity": entity})
    return {
        "handling": {
            "working_minutes": None if handled.is_empty() else handled[MINUTES][0],
            "lists_missing": book.reference.missing(LISTS),
            "waits": [
                {"kind": w["kind"], "begun_at": iso(w["begun_at"]), "ended_at": iso(w["ended_at"])}
                for w in waits.rows(named=True)
            ],
        }
    }


def _flagged_on(
    book: Book, cell: tuple[Fact, Measure, tuple[str, ...], str, str]
) -> dict[str, list[str]]:
    """Give what is flagged on a cell's day, each with its tests."""
    fact, period = cell[0], cell[3]
    thresholds = book.thresholds_of(fact)
    if not thresholds:
        return {}
    start = day_start(date.fromisoformat(period))
    flags = book.flags.listed(fact, thresholds, start, start + DAY_US)
    return {flag.entity: list(flag.tests) for flag in flags}


def _find_cell(
    reading: Reading, name: str
) -> tuple[Fact, Measure, tuple[str, ...], str, str] | None:
    parts = name.split("/", 3)
    if len(parts) != 4:
        return None
    for fact in reading.definitions.facts.values():
        for measure in fact.measures:
            for dims in measure.sets:
                if measure.cell_set(dims) == f"{parts[0]}/{parts[1]}":
                    return fact, measure, dims, parts[2], parts[3]
    return None


def explain_cell(
    reading: Reading,
    fact: Fact,
    measure: Measure,
    dims: tuple[str, ...],
    period: str,
    text: str,
    offset: int,
) -> dict[str, Any]:
    """List the facts of a cell beside what the cell says."""
    stored = reading.cells(measure.cell_set(dims), period).get((period, text))
    where = [f"({measure.where})"]
    values: dict[str, Any] = {"n": FACTS_SHOWN_MAX, "o": offset}
    from_us = day_start(date.fromisoformat(period))
    where.append(f"{measure.when} >= :a AND {measure.when} < :b")
    values |= {"a": from_us, "b": from_us + DAY_US}
    for i, (name, value) in enumerate(parse_dims(text).items()):
        where.append(f"{name} IS NULL" if value is None else f"{name} = :v{i}")
        values |= {} if value is None else {f"v{i}": value}
    counted = "0" if measure.is_recomputed else measure.value
    condition = " AND ".join(where)
    rows = reading.rows(
        f"SELECT entity, {counted}, is_disputed FROM {fact.table} WHERE {condition}"
        " ORDER BY entity LIMIT :n OFFSET :o",
        **values,
    )
    ((total,),) = reading.rows(f"SELECT COUNT(*) FROM {fact.table} WHERE {condition}", **values)
    following = offset + len(rows)
    return {
        "cell": f"{measure.cell_set(dims)}/{period}/{text}",
        "rule": measure.where,
        "count": stored[0] if stored else 0,
        "value": stored[1] if stored else 0,
        "facts_total": total,
        "next_offset": following if following < total else None,
        "facts": [{"entity": e, "value": v, "is_disputed": bool(d)} for e, v, d in rows],
    }


def explain_entity(
    reading: Reading, fact: Fact, contract: Contract, rows: list[Any]
) -> dict[str, Any]:
    """List an entity's events, its fact, the cells that count it and the rules that do not."""
    names = ["accepted_on", "sender", "partition", "offset", *(f.name for f in contract.fields)]
    events = settle_stored(contract, rows)
    if contract.spec.names is not None:
        events = events.with_columns(pl.col("sent_under").alias(contract.spec.names.field))
    events = events.select(*names, "class")
    instants = [f.name for f in contract.fields if f.kind == "instant"]
    listed = []
    for event in events.iter_rows(named=True):
        shown = {k: iso(v) if k in instants else v for k, v in event.items() if v is not None}
        listed.append(shown | {"accepted_on": iso_day(event["accepted_on"])})
    entity = rows[0][0]
    values = reading.fact_values(fact, [*fact.types, "is_disputed", "held"], [entity])[0][1:]
    known = dict(zip([*fact.types, "is_disputed", "held"], values, strict=True))
    counted, excluded = [], []
    schema = {n: pl.String() if t == "text" else pl.Int64() for n, t in fact.types.items()}
    frame = pl.DataFrame([{n: known[n] for n in fact.types}], schema=schema)
    for measure in fact.measures:
        if frame.filter(pl.sql_expr(measure.where)).is_empty():
            excluded.append({"measure": measure.name, "rule": measure.where})
            continue
        at = known[measure.when] if measure.period else iso_day(day_of(known[measure.when]))
        for dims in measure.sets:
            text = dims_text({d: known[d] for d in dims})
            counted.append(f"{measure.cell_set(dims)}/{at}/{text}")
        if not measure.sets:
            counted.append(f"{measure.name}/{at}")
    shown_fact = {n: iso(v) if n.endswith("_at") and v is not None else v for n, v in known.items()}
    return {
        "entity": f"{contract.name}/{entity}",
        "events": listed,
        "fact": shown_fact,
        "counted_in": counted,
        "not_counted": excluded,
    }
