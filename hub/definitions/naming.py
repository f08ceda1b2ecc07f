"""Naming: how things are named by generations of codes, and that one thing may have several names.

A code of no generation is a name that a source has within its own system: it is taken as it stands.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

INTERNAL = "internal"


@dataclass(frozen=True)
class Name:
    """A code as it is read; what is not of a generation has neither unit, day nor number."""

    code: str
    generation: str
    unit: str | None = None
    day: date | None = None
    number: str | None = None


@dataclass(frozen=True)
class Names:
    """How the things of a contract are named.

    `field` holds the code, `also` another code of the same thing, which an event may tell.
    `numbered` is a pattern of codes that are numbered by unit and day, with groups `unit`, `date`
    (YYMMDD) and `number`. `generations` are patterns of units as a generation writes them, by its
    name, the preferred one first: a code of one is unit, day and number, joined by `-`.
    """

    field: str
    also: str
    numbered: str
    generations: Mapping[str, str]

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        tail = r"-(?P<date>[0-9]{6})-(?P<number>[0-9]+)"
        return {n: re.compile(f"(?P<unit>{u}){tail}") for n, u in self.generations.items()}

    def read(self, code: str) -> Name:
        """Read a code by its generation; a date that is not on the calendar gives no day."""
        for generation, pattern in self._patterns.items():
            found = pattern.fullmatch(code)
            if found is not None:
                unit, text, number = found.group("unit", "date", "number")
                return Name(code, generation, unit, _day(text), number)
        return Name(code, INTERNAL)

    def is_whole(self, code: str) -> bool:
        """Tell whether a code that a generation would have given says a day of the calendar."""
        name = self.read(code)
        return name.generation == INTERNAL or name.day is not None

    def are_whole(self, column: str) -> pl.Expr:
        """Say the same of a column; null where there is no code."""
        units = "|".join(f"(?:{unit})" for unit in self.generations.values())
        said = pl.col(column).str.extract(f"^(?:{units})-([0-9]{{6}})-[0-9]+$", 1)
        return said.is_null() | said.str.to_date("%y%m%d", strict=False).is_not_null()

    def rank(self, code: str) -> tuple[int, str]:
        """Rank the names of one thing: the least is the one that it goes by."""
        order = [*self.generations, INTERNAL]
        return order.index(self.read(code).generation), code


def _day(text: str) -> date | None:
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None
