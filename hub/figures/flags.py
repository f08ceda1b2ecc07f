"""Flags: which values of a snapshot quality control flags, by the lists that are in force in it.

Nothing of it is stored: a flag is made anew of facts and lists wherever a figure is, so it follows
a late reading, a correction and a list at once, and what was known at a past cut is flagged as it
would have been then. What was worked out of a month is kept as long as its facts and the lists are
the same, which the sums of their digests tell.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any, TypeVar

import polars as pl

from hub.clock import DAY_US, EPOCH_DATE, OFFSET_US, day_of, day_start, iso_day
from hub.definitions.fact import Fact, Measure
from hub.definitions.thresholds import LISTS, SERIES, Threshold, flags, reach_us
from hub.figures.aliases import Aliased
from hub.reference.lists import Reference
from hub.store.reading import Reading, Row

T = TypeVar("T")

KEPT = "flags"  # among what readers keep for one another
KEPT_MAX = 4_000  # months of flags, and sums of months
ENTITIES_AT_ONCE = 5_000  # named in one statement


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
    _states: dict[tuple[str, str], Any] = field(default_factory=dict)

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
        find = partial(self._find, fact, thresholds, *_span(month))
        return self._known((fact.contract, month), self._state(fact, thresholds, month), find)

    def kept_sums(
        self,
        fact: Fact,
        thresholds: Sequence[Threshold],
        days: Mapping[str, Sequence[str]],
        span: tuple[int | None, int],
        question: Any,
        summed: Callable[[], list[Row]],
    ) -> list[Row]:
        """Sum over days of one month, or take what was summed of the same; see `_kept`."""
        month = next(iter(days))[:7]
        start, until = _span(month)
        if (span[0] is not None and span[0] > start) or span[1] < until:
            return summed()
        key = (fact.contract, month, next(iter(days)), question)
        return self._known(key, self._state(fact, thresholds, month), summed)

    def _known(self, key: Any, state: Any, find: Callable[[], list[T]]) -> list[T]:
        if state is None:
            return find()
        kept: dict[Any, tuple[Any, list[T]]] = self.reading.kept.setdefault(KEPT, {})
        known = kept.get(key)
        if known is None or known[0] != state:
            known = (state, find())
            while len(kept) >= KEPT_MAX:
                kept.pop(next(iter(kept)), None)
            kept[key] = known
        return known[1]

    def _state(self, fact: Fact, thresholds: Sequence[Threshold], month: str) -> Any:
        """Tell apart what flags of a month depend on; None of what is not read from cells."""
        key = (fact.contract, month)
        if isinstance(self.reading, Aliased) and key not in self._states:
            (start, until), reach = _span(month), reach_us(thresholds)
            signature = self._signature(fact, start - reach, until + reach)
            self._states[key] = (signature, tuple(thresholds))
        return self._states.get(key)

    def _signature(self, fact: Fact, start: int, until: int) -> Any:
        """Tell facts apart by the sums of their digests."""
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


def portions(flagged: Mapping[str, list[str]]) -> Iterator[dict[str, list[str]]]:
    """Part flagged entities by months, and by days so that each part fits into one statement."""
    portion: dict[str, list[str]] = {}
    for day, entities in flagged.items():
        is_full = sum(map(len, portion.values())) + len(entities) > ENTITIES_AT_ONCE
        if portion and (is_full or next(iter(portion))[:7] != day[:7]):
            yield portion
            portion = {}
        portion[day] = entities
    if portion:
        yield portion


def only(measure: Measure, days: Mapping[str, Sequence[str]]) -> Measure:
    """Narrow a measure to what is flagged."""
    return replace(measure, where=f"({measure.where}) AND entity IN ({_names(days)})")


def without(measure: Measure, days: Mapping[str, Sequence[str]]) -> Measure:
    """Narrow a measure to what is not flagged of days on which something is."""
    where = f"({measure.where}) AND ({_on_days(measure, days)})"
    return replace(measure, where=f"{where} AND entity NOT IN ({_names(days)})")


def elsewhere(measure: Measure, days: Mapping[str, Sequence[str]]) -> Measure:
    """Narrow a measure to days on which nothing is flagged."""
    if not days:
        return measure
    return replace(measure, where=f"({measure.where}) AND NOT ({_on_days(measure, days)})")


def _on_days(measure: Measure, days: Iterable[str]) -> str:
    """Write the condition that a fact is of some days, a comparison a run of them."""
    numbers = sorted((date.fromisoformat(d) - EPOCH_DATE).days for d in days)
    begins = [n for i, n in enumerate(numbers) if i == 0 or n > numbers[i - 1] + 1]
    ends = [*(numbers[numbers.index(n) - 1] for n in begins[1:]), numbers[-1]]
    spans = (
        (first * DAY_US - OFFSET_US, (last + 1) * DAY_US - OFFSET_US)
        for first, last in zip(begins, ends, strict=True)
    )
    at = measure.when
    return " OR ".join(f"({at} >= {start} AND {at} < {until})" for start, until in spans)


def _names(days: Mapping[str, Sequence[str]]) -> str:
    return ",".join(
        "'" + e.replace("'", "''") + "'" for entities in days.values() for e in entities
    )


def lists_of_thresholds(fact: Fact | None, reference: Reference) -> frozenset[str]:
    """Name the lists that say what is flagged of a fact, as far as they were loaded."""
    if fact is None or fact.checked is None:
        return frozenset()
    return frozenset(LISTS) - frozenset(reference.missing(LISTS))


def _span(month: str) -> tuple[int, int]:
    first = date.fromisoformat(f"{month}-01")
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return day_start(first), day_start(following)
