"""Reported: a term over statistics that came already summed, each for a period of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nsmallest

from hub.clock import DAY_US
from hub.figures.book import Ask, Book, Key
from hub.figures.figure import Missing
from hub.figures.terms import Sums, Term
from hub.reference.periods import Period, parse_period

LEVELS_MAX = 8  # of places that are part of one another
NAMED_MAX = 50
YEAR_US = 366 * DAY_US  # how long a statistic that once came is waited for
ByPeriod = dict[str, int]


@dataclass
class Told:
    """What statistics tell of a question: sums by key, how many they are of, and what is missing.

    Of a key in `unknown` no sum can be said: a statistic is there that may not be added up to it.
    """

    sums: Sums = field(default_factory=dict)
    counted: dict[Key, int] = field(default_factory=dict)
    missing: dict[Key, list[Missing]] = field(default_factory=dict)
    unknown: set[Key] = field(default_factory=set)


@dataclass(frozen=True)
class Reported(Term):
    """Statistics as reported, taken for exactly the period, or finer ones in its stead.

    For each thing that statistics are about (the entity without its period): the statistic of the
    period itself; else finer ones, if they cover it without a gap and the measure may be added over
    time; else it is not available. The same for places, where the fact has a column whose values
    are part of one another: a place that is asked for is its own statistic, else the sum of those
    directly below it, if all of them are there. Where none is asked for, a place counts unless one
    above it counts already.

    A thing of which a statistic came within the year before, or for a part of the period, and none
    for the period, is missing: it is named, and what is summed without it is not complete.
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
        told = self.told(book, ask)
        return {key: n for key, n in told.sums.items() if key not in told.unknown}

    def without(self, _: "Reported") -> "Reported | None":
        """Give the statistics that are not of another term, None where all are."""
        return None

    def told(self, book: Book, ask: Ask) -> Told:
        """Sum the statistics that stand for the period, and say what is missing."""
        where = tuple(sorted(ask.where.items()))
        name = (repr(self), ask.period.text, ask.by, where)
        told = book.told_of(book.measure(self.measure)[0])
        found: Told | None = told.get(name)
        if found is None:
            found = told[name] = self._told(book, ask)
        return found

    def _told(self, book: Book, ask: Ask) -> Told:
        fact, measure = book.measure(self.measure)
        entity = book.definitions.contracts[fact.contract].spec.entity
        placed = next((c for c in entity if c in fact.parents), "")
        about = [c for c in entity if c not in (measure.period, placed)]
        places = _Places(book, ask, placed, fact.parents.get(placed, ""))
        outcome = Told()
        is_added = "time" in measure.adds_over
        for thing, by_place in self._reported(book, ask, about, placed).items():
            totals = (
                (p, _of_period(v, ask.period, is_added=is_added)) for p, v in by_place.items()
            )
            known = {place: total for place, total in totals if total is not None}
            named = dict(zip(about, thing, strict=True))
            for place, value in places.chosen(known):
                names = {**named, placed: place}
                key = tuple(names[d] for d in ask.by)
                outcome.sums[key] = outcome.sums.get(key, 0) + value
                outcome.counted[key] = outcome.counted.get(key, 0) + 1
            for place in places.missing(known, by_place):
                names = {**named, placed: place}
                key = tuple(names[d] for d in ask.by)
                of_parts = _within(by_place[place], ask.period)
                if of_parts and not is_added:
                    outcome.unknown.add(key)
                said = {n: v or "" for n, v in names.items() if n}
                outcome.missing.setdefault(key, []).append(_missing(said, ask.period, of_parts))
        return outcome

    def _reported(
        self, book: Book, ask: Ask, about: list[str], placed: str
    ) -> dict[Key, dict[str, ByPeriod]]:
        """Read the statistics that a period may need: by thing, place and their own period."""
        fact, measure = book.measure(self.measure)
        columns = [*about, placed] if placed else about
        where = {c: v for c, v in ask.where.items() if c != placed}
        span = f"{ask.period.start_on.year - 1:04}", f"{ask.period.end_on.year + 1:04}"
        reported: dict[Key, dict[str, ByPeriod]] = {}
        # Terms that count other values of one measure, as shares do, read the same.
        name = (measure.name, *columns, *sorted(where.items()), *span)
        if name not in book.told:
            by = (*columns, measure.when)
            book.told[name] = book.reading.sum_facts(fact, measure, by, where, span)
        for *values, period, _, value in book.told[name]:
            if not _is_near(period, ask.period):
                continue
            if all(values[columns.index(c)] in counted for c, counted in self.only.items()):
                place = values[-1] if placed else ""
                by_place = reported.setdefault(tuple(values[: len(about)]), {})
                by_place.setdefault(place, {})[period] = int(value)
        return reported


def _is_near(text: str, asked: Period) -> bool:
    """Tell whether a statistic's period is within one that is asked for, or the year before."""
    one = _period(text)
    return one.end > asked.start - YEAR_US and one.start < asked.end


def _within(by_period: ByPeriod, asked: Period) -> list[str]:
    """List the periods of statistics that are parts of one that is asked for."""
    return sorted(
        text
        for text in by_period
        if asked.start <= _period(text).start and _period(text).end <= asked.end
    )


def _missing(said: dict[str, str], period: Period, of_parts: list[str]) -> Missing:
    """Say which statistic is missing, and what there is in its place."""
    vi, en = f"chưa có thống kê của kỳ {period.text}", f"no statistic of {period.text}"
    if of_parts:
        vi += f"; chỉ có của {len(of_parts)} kỳ con, từ {of_parts[0]} đến {of_parts[-1]}"
        en += f"; there are only those of {len(of_parts)} parts of it, {of_parts[0]} to"
        en += f" {of_parts[-1]}"
    return Missing(said, vi, en)


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

    def missing(self, known: dict[str, int], by_place: Mapping[str, ByPeriod]) -> list[str]:
        """List the places that statistics came from, and that nothing known stands for."""
        asked = self.ask.where.get(self.placed)
        gone = [place for place in by_place if place not in known]
        if asked is not None:
            is_told = self._of_place(known, asked, LEVELS_MAX) is not None
            return [] if is_told else [place for place in gone if place == asked]
        if not self.placed or self.placed in self.ask.by:
            return gone
        above = {up for place in known for up in self._all_above(place)}
        return [p for p in gone if p not in above and not self._has_above(known, p)]

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
        return any(above in known for above in self._all_above(place))

    def _all_above(self, place: str) -> Iterator[str]:
        above = self.book.reference.above(self.table, place, self.ask.period)
        for _ in range(LEVELS_MAX):
            if above is None:
                return
            yield above
            above = self.book.reference.above(self.table, above, self.ask.period)


def _of_period(by_period: ByPeriod, period: Period, *, is_added: bool) -> int | None:
    exact = by_period.get(period.text)
    if exact is not None:
        return exact
    parts = _parts(period) if is_added else []
    total = 0
    for part in parts:
        value = _of_period(by_period, part, is_added=True)
        if value is None:
            return None  # a gap: what comes after it need not be looked at
        total += value
    return total if parts else None


@lru_cache(maxsize=10_000)
def _parts(period: Period) -> list[Period]:
    """Split a period once for all of a thousand statistics."""
    return period.parts()


@lru_cache(maxsize=10_000)
def _period(text: str) -> Period:
    return parse_period(text)


@dataclass(frozen=True)
class Unsaid:
    """What was not reported of the parts of a figure, by its key.

    Of `unknown` keys no value can be said; of the others it stands for what was reported.
    """

    counted: Mapping[Key, int] = field(default_factory=dict)
    missing: Mapping[Key, list[Missing]] = field(default_factory=dict)
    unknown: frozenset[Key] = frozenset()

    def share(self, key: Key) -> float:
        """Give the share of a figure's parts that were reported."""
        missing, counted = len(self.missing.get(key, ())), self.counted.get(key, 0)
        return counted / (counted + missing) if missing else 1.0

    def named(self, key: Key) -> tuple[Missing, ...] | None:
        """Name the first of what is missing, None where nothing is.

        They are in an order of their own: a closed figure is to be computed again as it was, and
        SQL gives rows as it likes.
        """
        return tuple(nsmallest(NAMED_MAX, self.missing.get(key, ()), key=_in_order)) or None


def _in_order(missing: Missing) -> tuple[list[tuple[str, str]], str]:
    return sorted(missing.dims.items()), missing.message_en


def parts_missing(above: Term, below: Term | None, book: Book, ask: Ask) -> Unsaid:
    """Find which parts of a figure were not reported.

    Of a share those are also the whole of its numerator, or the whole of what is not: a share of
    all or of nothing that comes of one side's silence says nothing.
    """
    whole = below if isinstance(below, Reported) else above
    if not isinstance(whole, Reported):
        return Unsaid()
    of_whole = whole.told(book, ask)
    missing = {key: list(parts) for key, parts in of_whole.missing.items()}
    unknown = set(of_whole.unknown)
    if below is not None and isinstance(above, Reported):
        unknown |= above.told(book, ask).unknown
        rest = whole.without(above)
        for part in (above, rest) if rest is not None else ():
            columns = [c for c in part.only if c not in ask.by and c not in ask.where]
            there = part.told(book, ask)
            for key in of_whole.sums if columns else ():
                if key not in there.sums and key not in there.missing:
                    said = {c: ",".join(part.only[c]) for c in columns}
                    missing.setdefault(key, []).append(_missing(said, ask.period, []))
    return Unsaid(of_whole.counted, missing, frozenset(unknown))
