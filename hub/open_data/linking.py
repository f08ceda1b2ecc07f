"""Linking: of what parts the numbers of all open tables of a year are made, and which are withheld.

Parts are summed by all dimensions that open tables tell apart, so that a month and its quarter, a
unit and the province, a share and what it is of are held together as one publication. A number
that is not the sum of its parts is an error, never a row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from hub.clock import day_of, iso_day
from hub.figures.book import Ask, Book
from hub.figures.compute import Question, units_asked
from hub.figures.kpi import Kpi
from hub.figures.terms import Addend, Flow, Sums
from hub.figures.terms import Part as Which
from hub.open_data.disclosure import Publication, withhold
from hub.open_data.opened import (
    ABOVE,
    BELOW,
    UNLISTED,
    WHOLE,
    Dims,
    Name,
    OpenDataError,
    Row,
    check_opened,
    marked,
    periods_of,
    terms_of,
)
from hub.reference.periods import Period, bucket_of, parse_period, split

Part = tuple[str, str, str, Dims, int]  # measure, role, month, dimensions, whether of the value
Parts = tuple[Part, ...]


@dataclass
class Known:
    """What the release before stated of each number: its value, or that it is withheld."""

    out: dict[Name, int] = field(default_factory=dict)
    back: set[Name] = field(default_factory=set)


def protect(
    rows: Iterable[Row],
    kpis: Mapping[str, Kpi],
    year: Period,
    book: Book,
    now: int,
    least: int,
    known: Known,
) -> list[Row]:
    """Withhold of a year's rows what may not be told, by all that is open of people's affairs.

    Raises `OpenDataError` where a number is not the sum of its parts.
    """
    listed = list(rows)
    asked = {n: k for n, k in kpis.items() if k.opened is not None and k.opened.is_of_people}
    linked = _Linked(list(asked.values()), year, book, now)
    gathered = Gathered(linked.counts)
    for row in listed:
        if row.dataset in asked:
            gathered.add(row, linked.numbers(asked[row.dataset], row), least, known)
    withheld = gathered.withheld(least)
    return [_masked(row, withheld, least) if row.dataset in asked else row for row in listed]


def _masked(row: Row, withheld: set[Name], least: int) -> Row:
    """Blank what is withheld of a row, and what was small when its period was closed."""
    is_out = {side: (*row.key, side) not in withheld for side in row.sides()}
    now = is_out[ABOVE], is_out[BELOW]
    then = [is_out[side] and not _is_small(own, least) for side, (own, _) in row.sides().items()]
    if row.denominator is not None and row.numerator is not None:
        then[0] &= not _is_small(row.denominator - row.numerator, least)
    masked = replace(
        row,
        numerator=row.numerator if then[0] else None,
        denominator=row.denominator if then[1] else None,
        value=row.value if all(then) else None,
        restated_numerator=row.restated_numerator if now[0] else None,
        restated_denominator=row.restated_denominator if now[1] else None,
        restated_value=row.restated_value if all(now) else None,
    )
    return replace(masked, is_withheld=masked.says != row.says)


def _is_small(n: int | None, least: int) -> bool:
    return n is not None and 0 < n < least


class Gathered:
    """The numbers of rows as one publication: the same parts are the same number."""

    def __init__(self, counts: Mapping[Part, int]) -> None:
        self._counts = counts
        self._names: dict[Name, Parts] = {}
        self._printed: set[Parts] = set()
        self._small: set[Parts] = set()
        self._out: set[Parts] = set()
        self._back: set[Parts] = set()
        self._numbers: dict[Parts, None] = {}

    def add(self, row: Row, numbers: Mapping[str, Parts], least: int, known: Known) -> None:
        """Add a row's numbers, and what its denominator leaves beside its numerator."""
        for side, parts in numbers.items():
            if parts:
                name = (*row.key, side)
                self._names[name] = parts
                self._numbers[parts] = None
                self._printed.add(parts)
                # Only what has not changed since is known already.
                is_out = known.out.get(name) == row.now(side)
                self._out |= {parts} if is_out else set()
                self._back |= {parts} if name in known.back else set()
                if _is_small(row.sides()[side][0], least):
                    self._small.add(parts)
        if BELOW in numbers:
            above, below = set(numbers[ABOVE]), set(numbers[BELOW])
            if not above <= below:
                raise OpenDataError(f"{row.dataset}: the numerator is no part of the denominator")
            rest = tuple(sorted(below - above))
            if rest:
                self._numbers[rest] = None
                official = (row.denominator or 0) - (row.numerator or 0)
                self._small |= {rest} if _is_small(official, least) else set()

    def withheld(self, least: int) -> set[Name]:
        """Name the numbers that are withheld."""
        numbers = list(self._numbers)
        if not numbers:
            return set()
        within: dict[Part, list[int]] = {}
        for number, parts in enumerate(numbers):
            for part in parts:
                within.setdefault(part, []).append(number)
        # Parts that are in the same numbers are one to whoever reads these.
        merged: dict[tuple[int, ...], int] = {}
        counts: list[int] = []
        blocks: list[int] = []
        sums: list[list[int]] = [[] for _ in numbers]
        for part in sorted(within):
            place = merged.setdefault(tuple(within[part]), len(counts))
            if place == len(counts):
                counts.append(0)
                first = parse_period(part[2]).start_on
                blocks.append(first.year * 4 + int(bucket_of("quarter", first)[-1]))
                for number in within[part]:
                    sums[number].append(place)
            counts[place] += self._counts[part]
        publication = Publication(
            counts,
            blocks,
            sums,
            is_printed=[n in self._printed for n in numbers],
            is_small=[n in self._small for n in numbers],
            is_out=[n in self._out for n in numbers],
            is_back=[n in self._back for n in numbers],
        )
        found = withhold(publication, least)
        back = {n for n, is_back in zip(numbers, found.is_withheld, strict=True) if is_back}
        back |= {numbers[n] for n in found.lost}
        return {name for name, parts in self._names.items() if parts in back}


class _Linked:
    """The parts of all open tables of a year, shared by those that count the same."""

    def __init__(self, kpis: list[Kpi], year: Period, book: Book, now: int) -> None:
        self._book, self._now = book, now
        self._dims: dict[tuple[str, str], set[str]] = {}
        self._valued: set[tuple[str, str]] = set()
        self._asker: dict[tuple[str, str], Kpi] = {}
        self._units: dict[tuple[str, str], str] = {}
        self._index: dict[tuple[str, str, str], list[Part]] = {}
        self.counts: dict[Part, int] = {}
        for kpi in kpis:
            check_opened(kpi)
            for term in terms_of(kpi).values():
                for addend in term.addends(Ask(year, now)):
                    self._want(kpi, addend)
        for month in (p for _, p in periods_of(year, ("month",), now)):
            for of in self._dims:
                self._count(of, month)

    def _want(self, kpi: Kpi, addend: Addend) -> None:
        of = addend.measure, kpi.role or ""
        names = {column: name for name, column in kpi.columns(None).items()}
        dims = self._dims.setdefault(of, set())
        dims |= {name for table in marked(kpi).tables for name in table}
        dims |= {names[column] for column in addend.only}
        self._asker.setdefault(of, kpi)
        if addend.part == "value":
            self._valued.add(of)

    def _count(self, of: tuple[str, str], month: Period) -> None:
        """Count a measure's parts of a month; those of its value, and the others."""
        kpi, by = self._asker[of], tuple(sorted(self._dims[of]))
        columns = kpi.columns(None)
        ask = Ask(month, self._now, tuple(columns[name] for name in by))
        by_unit = units_asked(kpi, Question(month, self._now, by=by), ask, self._book)

        def summed(part: Which) -> Sums:
            term = Flow(of[0], part)
            return term.sums(self._book, ask) if by_unit is None else by_unit.sums(term, self._book)

        valued = summed("value") if of in self._valued else {}
        for key, n in summed("count").items():
            dims = self._dims_of(month, dict(zip(by, key, strict=True)))
            above = valued.get(key, 0)
            if not 0 <= above <= n:
                raise OpenDataError(f"{of[0]}: {above} of {n} is no share of things")
            for is_value, count in ((1, above), (0, n - above)):
                if count:
                    part = (*of, month.text, dims, is_value)
                    # Two units of a month may be one by name: what is in no list has none.
                    if part not in self.counts:
                        self._index.setdefault((*of, month.text), []).append(part)
                    self.counts[part] = self.counts.get(part, 0) + count

    def _dims_of(self, period: Period, stated: Mapping[str, str | None]) -> Dims:
        """Name dimensions as parts do: a unit by its code and first day, in whatever period."""
        named = {n: UNLISTED if v is None else v for n, v in stated.items()}
        if named.get("unit", WHOLE) not in (WHOLE, UNLISTED):
            named["unit"] = self._unit(named["unit"], iso_day(day_of(period.end - 1)))
        return tuple(sorted(named.items()))

    def _unit(self, label: str, day: str) -> str:
        if (label, day) not in self._units:
            units = self._book.reference.units
            unit = None if units is None else units.named(label, day)
            self._units[label, day] = label if unit is None else f"{unit.code}@{unit.valid_from}"
        return self._units[label, day]

    def numbers(self, kpi: Kpi, row: Row) -> dict[str, Parts]:
        """Give the parts of a row's numbers; raise `OpenDataError` where they are not the sum."""
        period = parse_period(row.period)
        months = {p.text for p in split(period, "month")}
        wanted = dict(self._dims_of(period, {n: v for n, v in row.dims if v != WHOLE}))
        columns = kpi.columns(None)
        numbers: dict[str, Parts] = {}
        for side, term in terms_of(kpi).items():
            parts: list[Part] = []
            for addend in term.addends(Ask(period, self._now)):
                only = {n: addend.only[c] for n, c in columns.items() if c in addend.only}
                parts += self._parts(addend, kpi, months, wanted, only)
            own, summed = row.now(side) or 0, sum(self.counts[p] for p in parts)
            if summed != own:
                raise OpenDataError(
                    f"{row.dataset} {row.period} {dict(row.dims)}: {side} {own} không bằng tổng các"
                    f" phần | is not the sum of its parts, {summed}"
                )
            numbers[side] = tuple(sorted(parts))
        return numbers

    def _parts(
        self,
        addend: Addend,
        kpi: Kpi,
        months: set[str],
        wanted: Mapping[str, str],
        only: Mapping[str, str],
    ) -> list[Part]:
        of = (addend.measure, kpi.role or "")
        return [
            part
            for month in months
            for part in self._index.get((*of, month), ())
            if (addend.part == "count" or part[4])
            and {*wanted.items(), *only.items()} <= set(part[3])
        ]
