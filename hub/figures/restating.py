"""Restating: why a closed period's figure would be another one now, by the events that came since.

The parts that causes have in a difference add up to it exactly. Where each fact adds its own part,
a cause is an entity with its events; where not (a maximum, a statistic that stands for others), it
is a stretch of the log, halved until an event stands alone or nothing changes in it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from hub.apply import fold
from hub.clock import iso, iso_day
from hub.definitions.fact import Fact
from hub.figures.altered import changed_sums
from hub.figures.book import Ask, Book, Key
from hub.figures.closing import Closing
from hub.figures.compute import Question, compute
from hub.figures.dues import LISTS
from hub.figures.figure import Figure
from hub.figures.handling import Ranked, Spent, measured, minutes_of
from hub.figures.kpi import Kpi
from hub.figures.past import Past
from hub.figures.versions import counted_by, is_clocked
from hub.log.cut import Cut
from hub.store.reading import Row

CAUSES_SHOWN_MAX = 1_000
HALVINGS_MAX = 200
Part = tuple[int, int]  # what something adds to numerator and denominator


@dataclass(frozen=True)
class Cause:
    """Events and what they add to a figure; no events: what is not of any event's making.

    `lists`: the lists loaded since that may have changed the due date of an `entity`.
    """

    part: Part
    events: pl.DataFrame | None
    entity: str | None = None
    lists: tuple[Row, ...] = ()


# Which of some things of a contract whoever asks sees.
Sees = Callable[[str, list[str]], set[str]]


def restatements(
    book: Book, closing: Closing, kpis: list[Kpi], now: int, sees: Sees | None = None
) -> list[dict[str, Any]]:
    """List the whole figures of a closed period that would be others now, with causes.

    Causes that whoever asks does not see are in the sum of the other causes.
    """
    listed = []
    past = Past(book.reading, closing.cut)
    for kpi in (k for k in kpis if k.numerator.is_of_period):
        old = closing.figures.get(kpi.id, [])
        new = compute(kpi, Question(closing.period, now), book)
        before, after = part_of(kpi, old), part_of(kpi, new)
        if before == after:
            continue
        found = list(causes(book, past, kpi, Question(closing.period, now), (before, after)))
        shown, others = divided(found, kpi, sees)
        listed.append(
            {
                "kpi": kpi.id,
                "period": closing.period.text,
                "closed_at": iso(closing.closed_at),
                "closed_by": closing.closed_by,
                "official": _said(old),
                "restated": _said(new),
                "difference": _named(less(after, before)),
                "causes": [show(c) for c in shown],
                "other_causes": summed(others),
            }
        )
    return listed


def part_of(kpi: Kpi, found: list[Figure]) -> Part:
    """Give numerator and denominator: nothing where there is no figure, 0 where none divides."""
    if not found:
        return 0, 0
    return found[0].numerator, found[0].denominator if kpi.denominator else 0


def less(a: Part, b: Part) -> Part:
    """Take one pair from another."""
    return a[0] - b[0], a[1] - b[1]


def _named(part: Part) -> dict[str, int]:
    return {"numerator": part[0], "denominator": part[1]}


def _said(found: list[Figure]) -> dict[str, Any] | None:
    return found[0].public(("value", "numerator", "denominator", "cut")) if found else None


def divided(causes: list[Cause], kpi: Kpi, sees: Sees | None) -> tuple[list[Cause], list[Cause]]:
    """Divide causes into those that are shown, and all others.

    Shown are those whose things are all seen, and those that are of no event's making.
    """
    first, others = causes[:CAUSES_SHOWN_MAX], causes[CAUSES_SHOWN_MAX:]
    if sees is None or kpi.contract is None:
        return first, others
    about = [_things(cause) for cause in first]
    within = sees(kpi.contract, sorted(set().union(*about)))
    shown: list[Cause] = []
    for cause, things in zip(first, about, strict=True):
        (shown if things <= within else others).append(cause)
    return shown, others


def _things(cause: Cause) -> set[str]:
    named = {cause.entity} if cause.entity else set()
    return named if cause.events is None else {*named, *cause.events["entity"].to_list()}


def show(cause: Cause) -> dict[str, Any]:
    """Give a cause as JSON: its part, the thing, the events."""
    shown: dict[str, Any] = _named(cause.part)
    if cause.events is None:
        return {**shown, "entity": None, "events": []}
    rows = cause.events.rows(named=True)
    entities = list(dict.fromkeys(r["entity"] for r in rows))
    shown["entity"] = cause.entity or (entities[0] if len(entities) == 1 else None)
    if cause.lists:
        shown["lists"] = lists_shown(cause.lists)
    shown["events"] = [
        {
            "entity": r["entity"],
            "sender": r["sender"],
            "event_id": r["event_id"],
            "accepted_on": iso_day(r["accepted_on"]),
            "place": f"{r['partition']}/{r['offset']}",
        }
        for r in rows[:CAUSES_SHOWN_MAX]
    ]
    return shown


def lists_shown(lists: Iterable[Row]) -> list[dict[str, Any]]:
    """Say of lists what they are, and when and by whom they were loaded."""
    return [{"list": n, "loaded_at": iso(at), "loaded_by": by} for n, at, by, _ in lists]


def clock_lists_since(book: Book, past: Past) -> tuple[Row, ...]:
    """Give the lists that due dates are computed by, as far as they were loaded since a cut."""
    rows = book.reading.list_acts()
    return tuple(row for row in rows[len(past.lists()) :] if row[0] in LISTS)


def summed(causes: list[Cause]) -> dict[str, int]:
    """Add up what is not listed one by one."""
    total = (sum(c.part[0] for c in causes), sum(c.part[1] for c in causes))
    return {"count": len(causes), **_named(total)}


def causes(
    book: Book, past: Past, kpi: Kpi, question: Question, ends: tuple[Part, Part]
) -> Iterator[Cause]:
    """Give what made a figure another one since a cut: parts that add up to the difference."""
    kpi = counted_by(kpi, question.period, book, question.version)
    before, after = ends
    known_causes: list[Cause] = []
    if kpi.contract is not None:
        fact = book.facts[kpi.contract]
        if isinstance(kpi.numerator, Spent):
            yield from _by_minutes(book, past, kpi, question, less(after, before))
            return
        is_additive = kpi.numerator.is_additive and (
            kpi.denominator is None or kpi.denominator.is_additive
        )
        # One value may change what its neighbours are flagged by.
        is_additive = is_additive and not book.thresholds_of(fact)
        if is_additive:
            known_causes = _by_entity(book, past, fact, kpi, question)
        else:
            known_causes = _by_stretch(book, past, fact, kpi, question)
    yield from known_causes
    known = (sum(c.part[0] for c in known_causes), sum(c.part[1] for c in known_causes))
    left = less(less(after, before), known)
    if left != (0, 0):
        # Reference data, the ledger, or a figure that there was or is none of.
        yield Cause(left, None)


@dataclass
class _ByEntity(Book):
    """A book of what changed since a cut: in the place of sums by key, changes by entity."""

    now: Book
    then: Book
    past: Past

    def sums(
        self, name: str, ask: Ask, start: int | None, until: int
    ) -> dict[Key, list[tuple[int, int]]]:
        """Give (count, value) pairs per entity that changed."""
        fact, measure = self.measure(name)
        parts = [(1, self.past.facts_since(fact))]
        if fact.clocked is not None and fact.clocked.is_asked_by(measure):
            is_computed = self.is_computed
            parts += [
                (sign, book.dues.changes(fact, is_computed=is_computed))
                for sign, book in ((1, self.now), (-1, self.then))
            ]
        sums: dict[Key, tuple[int, int]] = {}
        for sign, facts in parts:
            rows = changed_sums(facts, measure, ("entity",), ask.where, (start, until))
            for entity, n, v in rows:
                count, value = sums.get((entity,), (0, 0))
                sums[(entity,)] = (count + sign * n, value + sign * int(v or 0))
        return {key: [pair] for key, pair in sums.items() if pair != (0, 0)}


def _by_entity(book: Book, past: Past, fact: Fact, kpi: Kpi, question: Question) -> list[Cause]:
    then = book.on(past)
    changes = _ByEntity(book.reading, book.definitions, book.lists, book, then, past)
    ask = Ask(question.period, question.at)
    above = kpi.numerator.sums(changes, ask)
    below = kpi.denominator.sums(changes, ask) if kpi.denominator else {}
    parts = {
        str(key[0]): part
        for key in sorted(above.keys() | below.keys())
        if (part := (above.get(key, 0), below.get(key, 0))) != (0, 0)
    }
    events = past.events_since(fact, list(parts)[:CAUSES_SHOWN_MAX])
    by_entity = {str(name): group for (name,), group in events.group_by("entity")}
    lists = clock_lists_since(book, past) if is_clocked(kpi, book) else ()
    return [
        Cause(part, by_entity.get(name, events.clear()), name, lists)
        for name, part in parts.items()
    ]


def _by_minutes(
    book: Book, past: Past, kpi: Kpi, question: Question, difference: Part
) -> Iterator[Cause]:
    """Give the things of which the minutes are others; of a rank, all of them as one cause.

    What none of them did is of lists that changed.
    """
    assert isinstance(kpi.numerator, Spent)
    clocked, ask = kpi.numerator.clocked, Ask(question.period, question.at)
    fact = book.facts[clocked.contract]
    measure = measured(clocked, fact)
    at = pl.col(measure.when)
    counted = pl.sql_expr(measure.where) & (at >= ask.period.start) & (at < ask.until)
    facts = past.facts_since(fact).filter(counted)
    parts: dict[str, Part] = {}
    for folding, sign, known in ((fold.WAS, -1, book.on(past)), (fold.IS, 1, book)):
        chosen = facts.filter(pl.col("as_of") == folding)
        timed = chosen.select("entity", minutes_of(clocked, known, chosen)).drop_nulls()
        for entity, minutes in timed.rows():
            n, d = parts.get(entity, (0, 0))
            parts[entity] = n + sign * minutes, d + sign
    parts = {entity: part for entity, part in sorted(parts.items()) if part != (0, 0)}
    events = past.events_since(fact, list(parts)[:CAUSES_SHOWN_MAX])
    if isinstance(kpi.numerator, Ranked):
        yield Cause(difference, events if parts else None)
        return
    by_entity = {str(name): group for (name,), group in events.group_by("entity")}
    for entity, part in parts.items():
        yield Cause(part, by_entity.get(entity, events.clear()))
    left = less(difference, (sum(p[0] for p in parts.values()), sum(p[1] for p in parts.values())))
    if left != (0, 0):
        yield Cause(left, None)


def _by_stretch(book: Book, past: Past, fact: Fact, kpi: Kpi, question: Question) -> list[Cause]:
    events = past.events_since(fact)
    topic = book.definitions.contracts[fact.contract].topic
    ((log,),) = book.reading.rows("SELECT DISTINCT log FROM position WHERE topic = :t", t=topic)
    known: dict[int, Part] = {}
    halvings = iter(range(HALVINGS_MAX))

    def part_at(count: int) -> Part:
        """Give the figure with the first so many of the events."""
        if count not in known:
            then = Past(book.reading, _with_events(past.known_at, events[:count], log, topic))
            known[count] = part_of(kpi, compute(kpi, question, book.on(then)))
        return known[count]

    def halve(first: int, end: int) -> Iterator[Cause]:
        difference = less(part_at(end), part_at(first))
        if difference == (0, 0):
            return
        if end - first == 1 or next(halvings, None) is None:
            yield Cause(difference, events[first:end])
            return
        middle = (first + end) // 2
        yield from halve(first, middle)
        yield from halve(middle, end)

    return list(halve(0, len(events))) if len(events) else []


def _with_events(cut: Cut, events: pl.DataFrame, log: str, topic: str) -> Cut:
    """Move a cut forward over events, which are in the order of partitions and offsets."""
    ends = events.group_by("partition").agg(pl.col("offset").max() + 1).rows()
    positions = dict(cut.positions)
    for partition, end in ends:
        place = (log, topic, int(partition))
        positions[place] = max(positions.get(place, 0), int(end))
    return Cut(cut.at, positions)
