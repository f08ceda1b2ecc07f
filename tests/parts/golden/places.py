"""Reads what units became: which one a code named on a day, and where its things are counted.

By decision 0022: a unit is its code with the day from which it is in force; a fact speaks of the
unit that its code named at the fact's own instant.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache

from tests.parts.golden.plain import number_of

Row = Mapping[str, str]
FOREVER = 10**9


def _day(text: str) -> int:
    return number_of(date.fromisoformat(text)) if text else FOREVER


class Places:
    """Units with their lineage, as the lists say them."""

    def __init__(self, units: list[dict[str, str]], lineage: list[dict[str, str]]) -> None:
        self._units = units
        self._lineage = lineage
        self._began = min(_day(u["valid_from"]) for u in units)
        self.on = cache(self._on)
        self.label = cache(self._label)

    def _on(self, code: str, day: int) -> Row | None:
        """Give the unit that a code named; what is older than the list is of its first day."""
        day = max(day, self._began)
        named = [u for u in self._units if u["code"] == code]
        return next((u for u in named if _day(u["valid_from"]) <= day < _day(u["valid_to"])), None)

    def _label(self, code: str | None, then: int, shown: int) -> str | None:
        """Say under which name a code of a day is counted, as it was, seen from a later day."""
        unit = None if code is None else self.on(code, then)
        return code if unit is None else self._named(unit, shown)

    def _named(self, unit: Row, shown: int) -> str:
        is_past = shown >= _day(unit["valid_to"])
        return f"{unit['code']}@{unit['valid_from']}" if is_past else unit["code"]

    def is_below(self, code: str | None, then: int, above: str) -> bool:
        """Tell whether a code of a day is a unit, or below it, on that day."""
        if code is None:
            return False
        unit = self.on(code, then)
        if unit is None:
            return code == above
        while unit is not None:
            if unit["code"] == above:
                return True
            unit = self.on(unit["parent"], then) if unit["parent"] else None
        return False

    def shares(
        self, code: str | None, then: int, shown: int, *, deals: bool
    ) -> list[tuple[str | None, Decimal]]:
        """Say where a code of a day is counted today, in shares; by itself where nobody knows.

        `deals` out what was split by its weights; else only what went whole into another is moved.
        """
        unit = None if code is None else self.on(code, then)
        if unit is None:
            return [(code, Decimal(1))]
        ends = list(self._ends(unit, shown))
        if any(label is None for label, _ in ends) or (not deals and len(ends) > 1):
            return [(self._named(unit, shown), Decimal(1))]
        together: dict[str | None, Decimal] = {}
        for label, share in ends:
            together[label] = together.get(label, Decimal(0)) + share
        return sorted(together.items(), key=lambda pair: str(pair[0]))

    def _ends(self, unit: Row, shown: int) -> Iterator[tuple[str | None, Decimal]]:
        """Follow a unit to those in force, each with its share; None where nobody knows."""
        if shown < _day(unit["valid_to"]):
            yield unit["code"], Decimal(1)
            return
        parts = [
            r
            for r in self._lineage
            if (r["from_code"], r["date"]) == (unit["code"], unit["valid_to"]) and r["to_code"]
        ]
        if not parts:
            yield None, Decimal(1)
        for part in parts:
            later = self.on(part["to_code"], _day(unit["valid_to"]))
            is_whole = part["kind"] in ("merge", "rename")
            if later is None or not (is_whole or part["weight"]):
                yield None, Decimal(1)
                continue
            share = Decimal(1) if is_whole else Decimal(part["weight"])
            for label, of_it in self._ends(later, shown):
                yield label, share * of_it
