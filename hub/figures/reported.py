"""Reported: a term over statistics that came already summed, each for a period of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from hub.figures.book import Ask, Book, Key
from hub.figures.terms import Sums, Term
from hub.reference.periods import Period

LEVELS_MAX = 8  # of places that are part of one another
ByPeriod = dict[str, int]


@dataclass(frozen=True)
class Reported(Term):
    """Statistics as reported, taken for exactly the period, or finer ones in its stead.

    For each thing that statistics are about (the entity without its period): the statistic of the
    period itself; else finer ones, if they cover it without a gap; else it is not available. The
    same for places, where the fact has a column whose values are part of one another: a place that
    is asked for is its own statistic, else the sum of those directly below it, if all of them are
    there. Where none is asked for, a place counts unless one above it counts already.
    """

    measure: str

    @property
    def only(self) -> Mapping[str, tuple[str, ...]]:
        """The values that count, by column; of any other column all count."""
        return {}

    @property
    def is_count(self) -> bool:
        """A statistic that was not reported is not zero."""
        return False

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Sum the statistics that stand for the period."""
        fact, measure = book.measure(self.measure)
        entity = book.definitions.contracts[fact.contract].spec.entity
        placed = next((c for c in entity if c in fact.parents), "")
        about = [c for c in entity if c not in (measure.period, placed)]
        places = _Places(book, ask, placed, fact.parents.get(placed, ""))
        out: Sums = {}
        for thing, by_place in self._reported(book, ask, about, placed).items():
            totals = ((p, _of_period(v, ask.period)) for p, v in by_place.items())
            known = {place: total for place, total in totals if total is not None}
            for place, value in places.chosen(known):
                names = {**dict(zip(about, thing, strict=True)), placed: place}
                key = tuple(names[d] for d in ask.by)
                out[key] = out.get(key, 0) + value
        return out

    def _reported(
        self, book: Book, ask: Ask, about: list[str], placed: str
    ) -> dict[Key, dict[str, ByPeriod]]:
        """Read the statistics that a period may need: by thing, place and their own period."""
        fact, measure = book.measure(self.measure)
        columns = [*about, placed] if placed else about
        where = {c: v for c, v in ask.where.items() if c != placed}
        span = f"{ask.period.start_on.year:04}", f"{ask.period.end_on.year + 1:04}"
        reported: dict[Key, dict[str, ByPeriod]] = {}
        for *values, period, _, value in book.reading.sum_facts(
            fact, measure, (*columns, measure.when), where, span
        ):
            if all(values[columns.index(c)] in counted for c, counted in self.only.items()):
                place = values[-1] if placed else ""
                by_place = reported.setdefault(tuple(values[: len(about)]), {})
                by_place.setdefault(place, {})[period] = int(value)
        return reported


@dataclass(frozen=True)
class _Places:
    """Chooses places to sum, so that none is counted together with a part of it.

    Places stand in the fact's column `placed`, and `table` says which is part of which.
    """

    book: Book
    ask: Ask
    placed: str
    table: str

    def chosen(self, known: dict[str, int]) -> Iterator[tuple[str, int]]:
        """Give the places that count, of those whose value is known, each with its value."""
        asked = self.ask.where.get(self.placed)
        if asked is not None:
            value = self._of_place(known, asked, LEVELS_MAX)
            if value is not None:
                yield asked, value
            return
        is_split = not self.placed or self.placed in self.ask.by
        for place, value in known.items():
            if is_split or not self._has_above(known, place):
                yield place, value

    def _of_place(self, known: dict[str, int], place: str, levels: int) -> int | None:
        if place in known or levels == 0:
            return known.get(place)
        for below in self.book.reference.below(self.table, place, self.ask.period):
            values = [self._of_place(known, part, levels - 1) for part in below]
            there = [v for v in values if v is not None]
            if len(there) == len(values):
                return sum(there)
        return None

    def _has_above(self, known: dict[str, int], place: str) -> bool:
        period = self.ask.period
        above = self.book.reference.above(self.table, place, period)
        for _ in range(LEVELS_MAX):
            if above is None:
                return False
            if above in known:
                return True
            above = self.book.reference.above(self.table, above, period)
        return False


def _of_period(by_period: ByPeriod, period: Period) -> int | None:
    exact = by_period.get(period.text)
    if exact is not None:
        return exact
    parts = _parts(period)
    total = 0
    for part in parts:
        value = _of_period(by_period, part)
        if value is None:
            return None  # a gap: what comes after it need not be looked at
        total += value
    return total if parts else None


@lru_cache(maxsize=10_000)
def _parts(period: Period) -> list[Period]:
    """Split a period once for all of a thousand statistics."""
    return period.parts()
