"""Reference data: effective-dated lists of units, procedures, stations, holidays and targets.

What was published about past years is not here: figures must not know what they should be.
"""

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property

from hub import places
from hub.reference.periods import Period

Row = dict[str, str]
TABLES = ("units", "procedures", "stations", "calendar", "targets")


@dataclass(frozen=True)
class Target:
    """A year's target: `op` is `>=` or `>` (strict), `value` a decimal."""

    op: str
    value: Decimal

    @classmethod
    def read(cls, said: Mapping[str, str]) -> "Target":
        """Read what `public` gave."""
        return cls(said["op"], Decimal(said["value"]))

    def public(self) -> dict[str, str]:
        """Give it as JSON."""
        return {"op": self.op, "value": str(self.value)}

    def is_met(self, numerator: int, denominator: int) -> bool:
        """Compare a figure with the target exactly."""
        share = Decimal(numerator) - self.value * denominator
        return share > 0 if self.op == ">" else share >= 0


@dataclass(frozen=True)
class Reference:
    """The lists in force, as rows of text by table."""

    tables: dict[str, list[Row]]

    @cached_property
    def digest(self) -> str:
        """Digest everything, so that a figure can name the lists that it used."""
        text = repr([(n, self.tables.get(n, [])) for n in TABLES])
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def valid(self, table: str, period: Period) -> list[Row]:
        """Give the rows in force at the last day of a period."""
        day = (period.end_on - timedelta(1)).isoformat()
        return [
            r
            for r in self.tables.get(table, [])
            if r["valid_from"] <= day and (not r["valid_to"] or day < r["valid_to"])
        ]

    def target(self, kpi: str, period: Period) -> Target | None:
        """Find the province's target for a KPI in the year that holds the period."""
        for r in self.tables.get("targets", []):
            if r["kpi"] != kpi or r["level"] != "province":
                continue
            begins = r["valid_from"] <= period.start_on.isoformat()
            if begins and (not r["valid_to"] or period.end_on.isoformat() <= r["valid_to"]):
                return Target(r["op"], Decimal(r["value"]))
        return None

    @cached_property
    def _special_days(self) -> dict[str, str]:
        return {r["date"]: r["kind"] for r in self.tables.get("calendar", [])}

    def is_working_day(self, day: date) -> bool:
        """Tell whether offices work on a day: weekends and holidays off, swapped days on."""
        kind = self._special_days.get(day.isoformat())
        return kind == "working" or (kind is None and day.weekday() < 5)

    def children(self, area: str, period: Period) -> list[list[str]]:
        """List the units directly below a unit, by level, in force at the end of a period.

        Each level covers the unit by itself: districts do, and communes do.
        """
        levels: dict[str, list[str]] = {}
        for r in self.valid("units", period):
            if r["parent"] == area:
                levels.setdefault(r["level"], []).append(r["code"])
        return list(levels.values())

    def parent(self, area: str) -> str | None:
        """Name the unit above a unit, if the lists know it."""
        return next((r["parent"] or None for r in self.tables["units"] if r["code"] == area), None)


def read_table(name: str) -> list[Row]:
    """Read one table of reference data."""
    text = places.reference_file(name).read_text("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@cache
def load() -> Reference:
    """Read the installed lists."""
    tables = {}
    for name in TABLES:
        tables[name] = read_table(name)
    return Reference(tables)
