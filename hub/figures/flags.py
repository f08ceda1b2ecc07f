"""Flags: which values of a snapshot quality control flags, by the lists that are in force in it.

Nothing of it is stored: a flag is made anew of facts and lists wherever a figure is, so it follows
a late reading, a correction and a list at once, and what was known at a past cut is flagged as it
would have been then. What was worked out of a month is kept as long as its facts and the lists are
the same, which the sums of their digests tell.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl

from hub.clock import DAY_US, day_of, day_start, iso_day
from hub.definitions.fact import Fact, Measure
from hub.definitions.thresholds import LISTS, SERIES, Threshold, flags, reach_us
from hub.reference.lists import Reference
from hub.store.reading import Reading

KEPT = "flags"  # among what readers keep for one another
MONTHS_KEPT_MAX = 240


@dataclass(frozen=True)
class Flag:
    """A value that is flagged: its entity, when it was measured, and by which tests."""

    entity: str
    at: int
    tests: tuple[str, ...]


@dataclass
class Flags:
    """The flags of one snapshot, a month at a time."""

    reading: Reading
    _months: dict[tuple[str, str], list[Flag]] = field(default_factory=dict)

    def listed(
        self, fact: Fact, thresholds: Sequence[Threshold], start: int, until: int
    ) -> list[Flag]:
        """List the flags of values measured in [start, until), in the order of their instants."""
        first, last = day_of(start), day_of(until - 1)
        months = sorted({iso_day(d)[:7] for d in range(first, last + 1)})
        found: list[Flag] = []
        for month in months:
            of_month = self._month(fact, thresholds, month)
            a = bisect_left(of_month, start, key=lambda f: f.at)
            b = bisect_right(of_month, until - 1, key=lambda f: f.at)
            found += of_month[a:b]
        return found

    def by_day(
        self, fact: Fact, thresholds: Sequence[Threshold], start: int | None, until: int
    ) -> dict[str, list[str]]:
        """Give entities that are flagged by their day, of whole days that touch [start, until)."""
        if start is None:
            start = self._earliest(fact)
        if start is None or until <= start:
            return {}
        begin = day_start(date.fromisoformat(iso_day(day_of(start))))
        end = (day_of(until - 1) + 1) * DAY_US - (day_of(begin) * DAY_US - begin)
        days: dict[str, list[str]] = {}
        for flag in self.listed(fact, thresholds, begin, end):
            days.setdefault(iso_day(day_of(flag.at)), []).append(flag.entity)
        return days

    def _earliest(self, fact: Fact) -> int | None:
        assert fact.checked is not None
        measure = fact.measure(fact.checked.measure)
        ((at,),) = self.reading.rows(f"SELECT MIN({measure.when}) FROM {fact.table}")
        return None if at is None else int(at)

    def _month(self, fact: Fact, thresholds: Sequence[Threshold], month: str) -> list[Flag]:
        key = (fact.contract, month)
        if key not in self._months:
            self._months[key] = self._kept(fact, thresholds, month)
        return self._months[key]

    def _kept(self, fact: Fact, thresholds: Sequence[Threshold], month: str) -> list[Flag]:
        """Take a month's flags from what others worked out of the same facts and thresholds."""
        start, until = _span(month)
        reach = reach_us(thresholds)
        signature = self._signature(fact, start - reach, until + reach)
        if signature is None:
            return self._find(fact, thresholds, start, until)
        kept: dict[Any, tuple[Any, list[Flag]]] = self.reading.kept.setdefault(KEPT, {})
        key, state = (fact.contract, month), (signature, tuple(thresholds))
        known = kept.get(key)
        if known is None or known[0] != state:
            known = (state, self._find(fact, thresholds, start, until))
            while len(kept) >= MONTHS_KEPT_MAX:
                kept.pop(next(iter(kept)), None)
            kept[key] = known
        return known[1]

    def _signature(self, fact: Fact, start: int, until: int) -> Any:
        """Tell facts apart by the sums of their digests; None of what is not read from cells."""
        if type(self.reading) is not Reading:
            return None
        assert fact.checked is not None
        measure = fact.measure(fact.checked.measure)
        return tuple(
            self.reading.rows(
                "SELECT SUM(count), SUM(d0), SUM(d1), SUM(d2), SUM(d3) FROM cell"
                " WHERE cell_set = :s AND period >= :a AND period <= :b",
                s=measure.cell_set(measure.sets[0]),
                a=iso_day(day_of(start)),
                b=iso_day(day_of(until)),
            )
        )

    def _find(
        self, fact: Fact, thresholds: Sequence[Threshold], start: int, until: int
    ) -> list[Flag]:
        reach = reach_us(thresholds)
        series = series_of(self.reading, fact, thresholds, (start - reach, until + reach))
        flagged = flags(series, thresholds).filter(pl.col("at").is_between(start, until - 1))
        grouped = flagged.group_by("entity", "at", maintain_order=True).agg("test")
        return [Flag(entity, at, tuple(tests)) for entity, at, tests in grouped.rows()]


def series_of(
    reading: Reading, fact: Fact, thresholds: Iterable[Threshold], span: tuple[int, int]
) -> pl.DataFrame:
    """Read the values in a span, of quantities that have thresholds."""
    checked = fact.checked
    assert checked is not None
    measure = fact.measure(checked.measure)
    by = ["entity", checked.place, checked.quantity, str(measure.at), checked.value]
    rows: list[Any] = []
    for quantity in sorted({c.quantity for c in thresholds}):
        rows += reading.sum_facts(fact, measure, by, {checked.quantity: quantity}, span)
    return pl.DataFrame([r[: len(by)] for r in rows], schema=SERIES, orient="row")


def without(measure: Measure, entities: Sequence[str]) -> Measure:
    """Narrow a measure to facts that are not these."""
    if not entities:
        return measure
    names = ",".join("'{}'".format(e.replace("'", "''")) for e in entities)
    return replace(measure, where=f"({measure.where}) AND entity NOT IN ({names})")


def lists_of_thresholds(fact: Fact | None, reference: Reference) -> frozenset[str]:
    """Name the lists that say what is flagged of a fact, as far as they were loaded."""
    if fact is None or fact.checked is None:
        return frozenset()
    return frozenset(LISTS) - frozenset(reference.missing(LISTS))


def _span(month: str) -> tuple[int, int]:
    first = date.fromisoformat(f"{month}-01")
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return day_start(first), day_start(following)
