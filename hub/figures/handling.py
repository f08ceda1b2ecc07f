"""Handling: how long things took, in working minutes, and the terms over it: sum, number, rank.

Nothing of it is stored: it is made of facts and lists where a figure is, so it follows a late
event, a correction and a list at once, and what was known at a past cut is measured as it would
have been then. All values are kept, none is estimated: a median is that of all of them, whatever
order they came in. What was measured of a month is kept as long as its facts and the lists are the
same, which the sums of their digests tell.
"""

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import accumulate, groupby
from typing import Any, Literal, NamedTuple

import polars as pl

from hub.clock import day_of, day_start, iso_day
from hub.columns.asking import Row
from hub.columns.sums import Kept
from hub.definitions.fact import Clocked, Fact, Measure
from hub.figures.aliases import Aliased
from hub.figures.book import Ask, Book, Key
from hub.figures.dues import find_waits
from hub.figures.terms import Part, Sums, Term
from hub.reference.periods import Period
from hub.reference.spent import LISTS, minutes_spent

KEPT, SUMS = "handling", "handled"  # among what readers keep for one another
KEPT_MAX = 60  # months
MINUTES = "minutes"
ENTITY = "entity"
# A column that a list says of another one: the list, its column.
BY_LIST = "procedures.field_vi"
Percent = Literal[50, 90]


def measured(clocked: Clocked, fact: Fact) -> Measure:
    """Give the measure that counts what was done, each thing once."""
    counted = [fact.measure(name) for name in clocked.resolved]
    where = " OR ".join(f"({m.where})" for m in counted)
    return Measure(f"{clocked.contract}.handled", where, (), at=counted[0].at)


def read_handled(
    clocked: Clocked, book: Book, start: int, until: int, where: dict[str, str] | None = None
) -> pl.DataFrame:
    """Read what ended in [start, until), one row a thing: its columns and its working `minutes`.

    `where`: those alone whose columns have these values. Minutes are null where hours or calendar
    say nothing.
    """
    fact = book.facts[clocked.contract]
    measure = measured(clocked, fact)
    texts = [name for name, kind in fact.types.items() if kind == "text"]
    instants = [clocked.begun, clocked.ended]
    named = {n: pl.String() for n in (ENTITY, *texts)}
    schema = pl.Schema({**named, **dict.fromkeys(instants, pl.Int64())})
    listed = book.reading.list_facts(fact, measure, list(schema), where or {}, (start, until))
    facts = listed.cast(schema)
    return facts.with_columns(minutes_of(clocked, book, facts))


def minutes_of(clocked: Clocked, book: Book, facts: pl.DataFrame) -> pl.Series:
    """Measure things by the lists of a book, given the columns that time goes by."""
    things = facts.select(
        ENTITY,
        pl.sql_expr(clocked.unit).alias("unit"),
        pl.col(clocked.procedure).alias("procedure"),
        pl.col(clocked.begun).alias("received_at"),
        pl.col(clocked.ended).alias("ended_at"),
    )
    return minutes_spent(book.reference.tables, things, find_waits(clocked, facts))


@dataclass(frozen=True)
class Handled:
    """What ended in a span, of what could be measured; `signature` tells it apart from others.

    Without a signature it is not known whether it is the same as another time.
    """

    facts: pl.DataFrame
    signature: tuple[object, ...] | None = None


def _handled(clocked: Clocked, book: Book, ask: Ask) -> Handled | None:
    """Give what ended in the period asked for, of what could be measured."""
    asked = ("handled", clocked.contract, ask.period.start, ask.until, ENTITY in ask.by)
    if asked not in book.told:
        book.told[asked] = _found(clocked, book, ask)
    handled: Handled | None = book.told[asked]
    return handled


def _found(clocked: Clocked, book: Book, ask: Ask) -> Handled | None:
    start, until = ask.period.start, ask.until
    if book.reference.missing(LISTS) or until <= start:
        return None
    if ENTITY in ask.by or not isinstance(book.reading, Aliased):
        return Handled(read_handled(clocked, book, start, until).drop_nulls(MINUTES))
    months = _months(clocked, book, start, until)
    facts = pl.concat([month.facts for month in months])
    at = pl.col(clocked.ended)
    # Up to an instant after all of them is the same as up to the last of them.
    end = min(until, (facts.select(at.max()).item() or start) + 1)
    signature = (start, end, *(month.signature for month in months))
    return Handled(facts.filter((at >= start) & (at < end)).drop_nulls(MINUTES), signature)


def _months(clocked: Clocked, book: Book, start: int, until: int) -> list[Handled]:
    """Give what ended in each month that the span touches, measured anew where it changed."""
    names = _months_of(start, until)
    signed, lists = _signatures(clocked, book, names), book.reference.digest(LISTS)
    kept: dict[str, Handled] = book.reading.kept.setdefault(KEPT, {})
    months = {name: kept.get(name) for name in names}
    changed = [n for n, m in months.items() if not m or m.signature != (n, lists, signed.get(n))]
    for name in changed:
        facts = read_handled(clocked, book, *_span(name)).drop(ENTITY, clocked.waits)
        # Kept as categories, a quarter of what texts take.
        kept_so = facts.cast({pl.String: pl.Categorical}).rechunk()
        months[name] = Handled(kept_so, (name, lists, signed.get(name)))
    for name, month in months.items():
        assert month is not None
        while len(kept) >= KEPT_MAX:
            kept.pop(next(iter(kept)), None)
        kept[name] = month
    return [month for month in months.values() if month]


def _months_of(start: int, until: int) -> list[str]:
    days = range(day_of(start), day_of(until - 1) + 1)
    return [month for month, _ in groupby(days, key=lambda day: iso_day(day)[:7])]


def _signatures(clocked: Clocked, book: Book, months: list[str]) -> dict[str, Any]:
    """Tell apart the facts of months, by the sums of their digests in cells."""
    fact = book.facts[clocked.contract]
    merged = book.reading.signature(fact) if isinstance(book.reading, Aliased) else ""
    signed: dict[str, Any] = dict.fromkeys(months, (merged,))
    for name in clocked.resolved:
        measure = fact.measure(name)
        rows = book.reading.rows(
            "SELECT SUBSTR(period, 1, 7), SUM(count), SUM(d0), SUM(d1), SUM(d2), SUM(d3) FROM cell"
            " WHERE cell_set = :s AND period >= :a AND period <= :b GROUP BY 1",
            s=measure.cell_set(measure.sets[0]),
            a=f"{months[0]}-01",
            b=f"{months[-1]}-31",
        )
        for month, *sums in rows:
            signed[month] = (*signed[month], name, *sums)
    return signed


def _span(month: str) -> tuple[int, int]:
    first = date.fromisoformat(f"{month}-01")
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return day_start(first), day_start(following)


@dataclass(frozen=True)
class Spent(Term):
    """The working minutes of what was done in the period (`value`), or how many things (`count`).

    Each thing has its own part, but what that is follows from lists, and not from its fact alone.
    """

    clocked: Clocked = field(hash=False)
    part: Part

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Sum over [start of the period, its end or the instant asked)."""
        return {tuple(key): int(n) for *key, n in self._rows(book, ask)}

    def _rows(self, book: Book, ask: Ask) -> list[Row]:
        """Give rows (by…, what is summed), or what is known of the same facts and lists."""
        handled = _handled(self.clocked, book, ask)
        if handled is None or handled.facts.is_empty():
            return []
        if handled.signature is None:
            return self._of(book, ask, handled.facts)
        known: Kept = book.reading.kept.setdefault(SUMS, Kept())
        listed = book.reference.digest({BY_LIST.partition(".")[0]})
        day, where = day_of(ask.until - 1), tuple(sorted(ask.where.items()))
        asked = (self, ask.by, where, day, listed, handled.signature)
        return known.get(asked, lambda: self._of(book, ask, handled.facts))

    def _of(self, book: Book, ask: Ask, facts: pl.DataFrame) -> list[Row]:
        return self._sum(book, ask, facts)

    def _sum(self, book: Book, ask: Ask, facts: pl.DataFrame) -> list[Row]:
        """Sum over facts: rows (by…, minutes or how many); of nothing, none."""
        facts = _with_listed(self.clocked, book, ask, facts)
        for column, value in ask.where.items():
            facts = facts.filter(pl.col(column) == value)
        by = [pl.sql_expr(c) if c not in facts.columns else pl.col(c) for c in ask.by]
        named = [e.alias(f"~{i}") for i, e in enumerate(by)]
        names = [f"~{i}" for i in range(len(by))]
        summed = pl.len() if self.part == "count" else pl.col(MINUTES).sum()
        chosen = facts.select(*named, MINUTES)
        if names:  # as they are kept: there are fewer groups than facts to be written as texts
            grouped = chosen.group_by(names).agg(summed.alias("~n"))
            return grouped.with_columns(pl.col(names).cast(pl.String)).rows()
        return chosen.select(summed.alias("~n")).rows() if len(chosen) else []

    @property
    def is_count(self) -> bool:
        """Nothing that was measured is not zero minutes."""
        return False

    @property
    def is_over_facts(self) -> bool:
        """Each thing has its own."""
        return True

    @property
    def is_by_unit(self) -> bool:
        """They add up over units."""
        return True

    def state(self, book: Book, period: Period) -> object:
        """Tell facts apart by their digests: what was waited for is in no sum of a cell."""
        return _signatures(self.clocked, book, _months_of(period.start, period.end))

    @property
    def lists(self) -> frozenset[str]:
        """Those that say when offices work, and what waits do."""
        return frozenset(LISTS)


@dataclass(frozen=True)
class Ranked(Spent):
    """Twice the working minutes of the thing in the middle, or of the one that 90 % do not exceed.

    The median of an even number is half-way between the two in the middle, so that twice as much is
    a whole number. Of n things the one at 90 % is the ⌈0.9 n⌉-th (nearest rank).
    """

    part: Part = "count"
    percent: Percent = 50

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Rank over [start of the period, its end or the instant asked)."""
        return super().sums(book, ask)

    def _of(self, book: Book, ask: Ask, facts: pl.DataFrame) -> list[Row]:
        # Several ranks are asked of the same things.
        where = tuple(sorted(ask.where.items()))
        asked = (MINUTES, self.clocked.contract, ask.period.start, ask.until, ask.by, where)
        if asked not in book.told:
            counted = self._sum(book, replace(ask, by=(*ask.by, MINUTES)), facts)
            book.told[asked] = _in_order({tuple(key): int(n) for *key, n in counted})
        return [(*key, self._twice(of_key)) for key, of_key in book.told[asked].items()]

    @property
    def each(self) -> Spent:
        """Give how many things there are, to be taken by their minutes."""
        return Spent(self.clocked, "count")

    def ranked(self, counted: Sums) -> Sums:
        """Find the middle of each key, given how often each number of minutes is there.

        Keys of what is given end with those minutes.
        """
        return {key: self._twice(of_key) for key, of_key in _in_order(counted).items()}

    def _twice(self, ordered: "_Ordered") -> int:
        total = ordered.places[-1]
        if self.percent == 50:
            return ordered.at((total + 1) // 2) + ordered.at(total // 2 + 1)
        return 2 * ordered.at(-(-total * self.percent // 100))


class _Ordered(NamedTuple):
    """Values in order, and up to which place each of them stands; the first place is 1."""

    values: list[int]
    places: list[int]

    def at(self, place: int) -> int:
        return self.values[bisect_left(self.places, place)]


def _in_order(counted: Sums) -> dict[Key, _Ordered]:
    """Put values in order by key, given how often each is there: keys end with them."""
    of_key: dict[Key, list[tuple[int, int]]] = {}
    for (*key, value), n in counted.items():
        of_key.setdefault(tuple(key), []).append((int(str(value)), n))
    ordered = {}
    for asked, pairs in of_key.items():
        values, counts = zip(*sorted(pairs), strict=True)
        ordered[asked] = _Ordered(list(values), [*accumulate(counts)])
    return ordered


def said_by_list(book: Book, ask: Ask) -> dict[str, str | None]:
    """Give by procedure what the list says of it, as it was last."""
    table, _, column = BY_LIST.partition(".")
    day = iso_day(day_of(ask.until - 1))
    rows = [r for r in book.reference.tables.get(table, ()) if r["valid_from"] <= day]
    return {r["code"]: r.get(column) or None for r in sorted(rows, key=lambda r: r["valid_from"])}


def _with_listed(clocked: Clocked, book: Book, ask: Ask, facts: pl.DataFrame) -> pl.DataFrame:
    """Add what a list says of each thing's procedure, where it is asked for: as it was last."""
    if BY_LIST not in ask.by and BY_LIST not in ask.where:
        return facts
    named = said_by_list(book, ask)
    listed = {clocked.procedure: list(named), BY_LIST: list(named.values())}
    fields = pl.DataFrame(
        listed, {clocked.procedure: facts.schema[clocked.procedure], BY_LIST: pl.String}
    )
    return facts.join(fields, on=clocked.procedure, how="left", maintain_order="left")
