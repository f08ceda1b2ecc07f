"""Units by day: which are in force, what is below them, and what became of those that ended.

A code is used again: 31507 was one ward until 1/7/2025 and is another since. What a unit is known
by is its code with the day from which it is in force, never the code alone.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hub.reference.form import Row

EVER = "9999-12-31"
WHOLE = ("rename", "merge")


@dataclass(frozen=True)
class Unit:
    """A unit as long as it is in force, in [valid_from, valid_to)."""

    code: str
    valid_from: str
    valid_to: str = field(compare=False)
    parent: str = field(compare=False)
    level: str = field(compare=False)
    name: str = field(compare=False)


@dataclass(frozen=True)
class Part:
    """What became of a unit, or of a part of it; of a part whose `weight` is None it is unknown."""

    unit: Unit
    kind: str
    weight: Decimal | None
    source: str = ""


class Units:
    """The list of units with their lineage, by code and day."""

    def __init__(self, units: Iterable[Row], lineage: Iterable[Row] = ()) -> None:
        # One object serves many questions at once: what it keeps is only ever added to.
        self._by_code: dict[str, list[Unit]] = {}
        for row in units:
            until = row["valid_to"] or EVER
            names = (row["parent"], row["level"], row.get("name_vi", ""))
            unit = Unit(row["code"], row["valid_from"], until, *names)
            self._by_code.setdefault(unit.code, []).append(unit)
        for listed in self._by_code.values():
            listed.sort(key=lambda u: u.valid_from)
        self._after: dict[tuple[str, str], list[Row]] = {}
        self._below: dict[str, dict[str, list[str]]] = {}
        for row in lineage:
            self._after.setdefault((row["from_code"], row["date"]), []).append(row)

    def at(self, code: str, day: str) -> Unit | None:
        """Find the unit that a code names on a day."""
        listed = self._by_code.get(code, [])
        place = bisect_right(listed, day, key=lambda u: u.valid_from) - 1
        return listed[place] if place >= 0 and day < listed[place].valid_to else None

    def named(self, label: str, day: str) -> Unit | None:
        """Find the unit that a code names on a day, or that began on the day behind the code."""
        code, _, since = label.partition("@")
        return self.at(code, since or day)

    def all(self) -> Iterator[Unit]:
        """Give every unit that is listed."""
        for listed in self._by_code.values():
            yield from listed

    def change_days(self) -> list[str]:
        """List the days on which some unit began or ended, but for those that never did."""
        days = {d for u in self.all() for d in (u.valid_from, u.valid_to)}
        return sorted(days - {EVER})

    def below(self, code: str, day: str) -> frozenset[str]:
        """Give the codes of a unit and of all that is below it on a day; none where it is not."""
        if self.at(code, day) is None:
            return frozenset()
        parts = self._parts_on(day)
        seen: set[str] = set()
        waiting = [code]
        while waiting:
            if (name := waiting.pop()) not in seen:
                seen.add(name)
                waiting.extend(parts.get(name, ()))
        return frozenset(seen)

    def _parts_on(self, day: str) -> dict[str, list[str]]:
        """Give what each unit is made of on a day: codes by the parent's."""
        if day not in self._below:
            parts: dict[str, list[str]] = {}
            for unit in self.all():
                if unit.valid_from <= day < unit.valid_to:
                    parts.setdefault(unit.parent, []).append(unit.code)
            self._below[day] = parts
        return self._below[day]

    def next_of(self, unit: Unit) -> list[Part]:
        """Say what a unit became on the day on which it ended; nothing where that is not listed."""
        parts = []
        for row in self._after.get((unit.code, unit.valid_to), []):
            successor = self.at(row["to_code"], unit.valid_to)
            if successor is not None:
                weight = Decimal(row["weight"]) if row["weight"] else None
                parts.append(Part(successor, row["kind"], weight, row.get("source", "")))
        return parts

    def now(self, unit: Unit, day: str) -> list[tuple[Unit, Decimal]] | None:
        """Say what a unit is on a later day, in shares that add up to 1; None where unknown.

        It is unknown where it was split and the weights are not listed, or where it ended.
        """
        if day < unit.valid_to:
            return [(unit, Decimal(1))]
        shares: dict[Unit, Decimal] = {}
        parts = self.next_of(unit)
        if not parts:
            return None
        for part in parts:
            weight = Decimal(1) if part.kind in WHOLE else part.weight
            later = self.now(part.unit, day)
            if weight is None or later is None:
                return None
            for known, share in later:
                shares[known] = shares.get(known, Decimal(0)) + weight * share
        return sorted(shares.items(), key=lambda pair: (pair[0].code, pair[0].valid_from))


def units_of(tables: Mapping[str, Sequence[Row]]) -> Units | None:
    """Give the units that lists hold; None where the list of units was not loaded."""
    units = tables.get("units")
    return None if units is None else Units(units, tables.get("lineage", ()))
