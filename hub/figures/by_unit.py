"""By unit: a KPI summed over units as they were, as they are, or re-based on those of today.

Units begin, end and take over codes of others. A fact speaks of the unit that its code named at the
fact's own instant (a dossier's reception, for the unit that received it), whatever is counted when.

- `as_was`: by the units of then. A unit takes in what was below it on the day.
- `as_is`: by the units in force at the instant asked; one that was renamed or merged whole is
  counted in what it became. What was split stands by itself.
- `rebased`: likewise, and what was split is dealt out by the weights that its lineage lists. Parts
  are whole numbers that add up to the whole (largest remainders). Without weights it is not
  separable, and stands by itself.

So all three add up to the same total. A unit that is not in force then (as it was: at the end of
the period) is named with the day from which it was: `31507@2021-01-01`.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from difflib import get_close_matches

from hub.clock import day_of, day_start, iso_day
from hub.figures import by_list
from hub.figures.book import Ask, Book, Key
from hub.figures.figure import Became, UnitShown
from hub.figures.handling import MINUTES, Ranked
from hub.figures.terms import Sums, Term
from hub.reference.units import EVER, Unit, Units

VIEWS = ("as_was", "as_is", "rebased")
NEAR_MAX = 3


class UnknownUnitError(Exception):
    """Neither lists nor data know the unit that a question names; its arguments are near codes."""


@dataclass(frozen=True)
class UnitAsk:
    """How a question goes by units: the fact's column, its own instant, the view, a unit asked for.

    `wanted` is a code, or a code and a day (`31507@2021-01-01`), or None. With `level`, units of
    that level alone are asked for; with `is_by_level`, they are named by their levels.
    """

    column: str
    since: str
    view: str
    wanted: str | None
    level: str | None = None
    is_by_level: bool = False


@dataclass(frozen=True)
class Counted:
    """Under which name a share of a code's facts is counted, and whether it is asked for."""

    label: str | None
    share: Decimal
    is_asked: bool


class ByUnit:
    """Sums terms by unit, over the units that a book's lists have."""

    def __init__(self, units: Units, asked: UnitAsk, ask: Ask) -> None:
        self._units = units
        self._asked = asked
        self.wanted = asked.wanted
        self._ask = ask
        self._met: set[str | None] = set()
        self._known: dict[tuple[str | None, int | None], list[Counted]] = {}
        self._code, _, self._from = (asked.wanted or "").partition("@")
        last = iso_day(day_of(ask.until - 1))
        self._day = last if asked.view == "as_was" else iso_day(day_of(ask.at))
        first, *others = units.change_days() or [last]
        # What was before the list begins is of its first day: nothing else is known of it.
        self._eras = [first, *(day for day in others if day <= last)]
        # Facts are told apart by the eras of all parts of a question: they are read once.
        until = last if ask.spread is None else iso_day(day_of(ask.spread.until - 1))
        self._told = [first, *(day for day in others if day <= until)]

    @property
    def lists(self) -> tuple[str, ...]:
        """Name the lists that the answer follows: what units became is none of as they were."""
        return ("units",) if self._asked.view == "as_was" else ("units", "lineage")

    def sums(self, term: Term, book: Book) -> Sums:
        """Sum a term by the dimensions asked for, of which the unit may be one."""
        if isinstance(term, Ranked):
            each = copy(self)
            each._ask = replace(self._ask, by=(*self._ask.by, MINUTES))
            return term.ranked(each.sums(term.each, book))
        column, ask = self._asked.column, self._ask
        others = tuple(d for d in ask.by if d != column)
        era = self.era_sql
        by, where = (*others, column, *([era] if era else [])), self.where
        # A unit is dealt out as a whole, however many eras of other units it lived through.
        wholes: dict[tuple[Key, str | None, tuple[Counted, ...]], int] = {}
        for key, n in by_list.sums(term, book, replace(ask, by=by, where=where)).items():
            code = key[len(others)]
            counted = tuple(self._of_code(code, int(key[-1] or 0) if era else None))
            whole = (key[: len(others)], code, counted)
            wholes[whole] = wholes.get(whole, 0) + n
        summed: Sums = {}
        for (key, _, counted), n in wholes.items():
            for part, own in zip(counted, _dealt(n, counted), strict=True):
                if part.is_asked and (own or len(counted) == 1):
                    named = {**dict(zip(others, key, strict=True)), column: part.label}
                    name = tuple(named[d] for d in ask.by)
                    summed[name] = summed.get(name, 0) + own
        return summed

    def part(self, code: str | None, era: int | None, n: int) -> int:
        """Give the part of a number of one code that is asked for; its era as `era_sql` says it."""
        counted = self._of_code(code, era)
        return sum(p for c, p in zip(counted, _dealt(n, counted), strict=True) if c.is_asked)

    def asks(self, code: str | None, era: int | None) -> bool:
        """Tell whether anything of a code is asked for; its era as `era_sql` says it."""
        return any(counted.is_asked for counted in self._of_code(code, era))

    @property
    def column(self) -> str:
        """The column of the unit's code."""
        return self._asked.column

    @property
    def where(self) -> dict[str, str]:
        """The values of other columns that are asked for."""
        return {name: value for name, value in self._ask.where.items() if name != self.column}

    def _of_code(self, code: str | None, era: int | None) -> list[Counted]:
        if (code, era) not in self._known:
            self._met.add(code)
            number = len(self._eras) - 1 if era is None else min(era, len(self._eras) - 1)
            self._known[code, era] = self._counted(code, self._eras[number])
        return self._known[code, era]

    def shown(self, label: str | None) -> UnitShown | None:
        """Say what a unit is that a figure is named by, and what became of it."""
        unit = None if label is None else self._units.named(label, self._day)
        if unit is None:
            return None
        became = tuple(
            Became(
                part.unit.code,
                part.unit.name,
                part.kind,
                None if part.weight is None else str(part.weight),
                part.source,
            )
            for part in self._units.next_of(unit)
        )
        until = None if unit.valid_to == EVER else unit.valid_to
        return UnitShown(unit.name, unit.level, unit.valid_from, until, became)

    def check(self) -> None:
        """Raise `UnknownUnitError` where neither the list nor what was summed knows the unit."""
        listed = sorted({unit.code for unit in self._units.all()})
        if self._code and self._code not in listed and self._code not in self._met:
            raise UnknownUnitError(*near(self._code, listed))

    @property
    def era_sql(self) -> str:
        """Write which era a fact's own instant is in; nothing where there is but one."""
        if len(self._told) == 1:
            return ""
        cases = [
            f"WHEN {self._asked.since} < {day_start(date.fromisoformat(day))} THEN {i}"
            for i, day in enumerate(self._told[1:])
        ]
        return f"CASE {' '.join(cases)} ELSE {len(self._told) - 1} END"

    def _counted(self, code: str | None, day: str) -> list[Counted]:
        """Say under which names a code of a day is counted, in shares that add up to 1."""
        whole = Decimal(1)
        unit = None if code is None else self._units.at(code, day)
        if unit is None:
            # No list knows it: it is below no unit, and is found by its own code alone.
            is_asked = self._code in ("", code) and self._asked.level is None
            return [Counted(None if self._asked.is_by_level else code, whole, is_asked)]
        if self._asked.view == "as_was":
            return [self._of_unit(unit, whole, self._is_below(unit, day))]
        later = self._units.now(unit, self._day)
        if later is None or (self._asked.view == "as_is" and len(later) > 1):
            return [self._of_unit(unit, whole, self._stands_below(unit))]
        return [self._of_unit(u, n, self._is_below(u, self._day)) for u, n in later]

    def _of_unit(self, unit: Unit, share: Decimal, is_below: bool) -> Counted:
        label = unit.level if self._asked.is_by_level else self._label(unit)
        return Counted(label, share, is_below and self._asked.level in (None, unit.level))

    def _is_below(self, unit: Unit, day: str) -> bool:
        """Tell whether a unit is the one asked for, or below it on a day."""
        if not self._code:
            return True
        above = self._units.at(self._code, day)
        if above is None or (self._from and above.valid_from != self._from):
            return False
        return unit.code in self._units.below(self._code, day)

    def _stands_below(self, unit: Unit) -> bool:
        """Tell whether what is not separable is below the unit asked for, whatever became of it.

        It is where all is that it may be; where nothing took its place, where its parent is.
        """
        if self._day < unit.valid_to:
            return self._is_below(unit, self._day)
        if not self._code or (self._code, self._from) == (unit.code, unit.valid_from):
            return True
        parts = self._units.next_of(unit)
        if parts:
            return all(self._stands_below(part.unit) for part in parts)
        parent = self._units.at(unit.parent, before(unit.valid_to))
        return parent is not None and self._stands_below(parent)

    def _label(self, unit: Unit) -> str:
        return unit.code if self._day < unit.valid_to else f"{unit.code}@{unit.valid_from}"


def _dealt(n: int, counted: Sequence[Counted]) -> list[int]:
    """Deal out a number of a code; nearly always it is counted under one name."""
    return [n] if len(counted) == 1 else dealt(n, [c.share for c in counted])


def dealt(n: int, shares: Sequence[Decimal]) -> list[int]:
    """Deal out a number by shares that add up to 1, in whole numbers that add up to it.

    The largest remainders go up (Hare and Niemeyer); of equal ones the first.
    """
    exact = [n * share for share in shares]
    floors = [int(part.to_integral_value(ROUND_FLOOR)) for part in exact]
    order = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
    up = set(order[: n - sum(floors)])
    return [floor + (i in up) for i, floor in enumerate(floors)]


def near(code: str, listed: Sequence[str]) -> list[str]:
    """Give the codes that are most like one: of the like ones those that begin alike."""
    alike = get_close_matches(code, listed, 10 * NEAR_MAX, 0.6)
    return sorted(alike, key=lambda other: -_shared(code, other))[:NEAR_MAX]


def _shared(code: str, other: str) -> int:
    """Count the letters with which both begin."""
    pairs = enumerate(zip(code, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(code), len(other)))


def before(day: str) -> str:
    """Give the day before an ISO date."""
    return (date.fromisoformat(day) - timedelta(1)).isoformat()
