"""Reference data: the lists that figures are read against, most of them effective-dated.

What was published about past years is not here: figures must not know what they should be.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from hub import places
from hub.reference.form import Form, FormError, Row
from hub.reference.periods import Period


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
    """The lists in force, as rows of text by the list's name, and the form of each."""

    tables: Mapping[str, list[Row]]
    forms: Mapping[str, Form]

    def with_tables(self, tables: Mapping[str, list[Row]]) -> "Reference":
        """Put some lists in the place of theirs."""
        return replace(self, tables={**self.tables, **tables})

    @cached_property
    def _in_every_digest(self) -> list[str]:
        placed = [(f.digest_place, n) for n, f in self.forms.items() if f.digest_place is not None]
        return [name for _, name in sorted(placed)]

    @cached_property
    def _digests(self) -> dict[tuple[str, ...], str]:
        return {}

    def digest(self, read: Iterable[str] = ()) -> str:
        """Digest the lists that a figure names: those of every figure, then what else it `read`."""
        shared = self._in_every_digest
        names = (*shared, *sorted(set(read) - set(shared)))
        if names not in self._digests:
            text = repr([(n, self.tables.get(n, [])) for n in names])
            self._digests[names] = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        return self._digests[names]

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

    def below(self, table: str, code: str, period: Period) -> list[list[str]]:
        """List the codes directly below a code, by level, in force at the end of a period.

        Each level covers what is above by itself: districts do, and communes do.
        """
        levels: dict[str, list[str]] = {}
        for r in self.valid(table, period):
            if r["parent"] == code:
                levels.setdefault(r["level"], []).append(r["code"])
        return list(levels.values())

    def above(self, table: str, code: str) -> str | None:
        """Name the code above a code, if the list knows it."""
        return next((r["parent"] or None for r in self.tables[table] if r["code"] == code), None)


def read_table(name: str) -> list[Row]:
    """Read an installed file of reference data, whatever its form."""
    text = places.reference_file(name).read_text("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def load(forms: Mapping[str, Form]) -> Reference:
    """Read the installed lists; raise `FormError` for a file that is not of its form."""
    tables = {}
    for name, form in forms.items():
        try:
            tables[name] = form.read(places.reference_file(name).read_text("utf-8"))
        except FormError as error:
            raise FormError(f"{name}.csv: {error}") from None
    return Reference(tables, forms)
