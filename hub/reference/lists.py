"""Reference data: the lists that figures are read against, most of them effective-dated.

Installed are only the lists that are true for every province. Its own are loaded, as events of the
log; until then they are not there, which is something else than being empty.

What was published about past years is not here: figures must not know what they should be.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from importlib.resources.abc import Traversable
from typing import NamedTuple

from hub.reference.form import Form, FormError, Row
from hub.reference.periods import Period
from hub.reference.units import Units, units_of

# Lists so named are mappings of files (`hub.sheets.mapping`): no figure is read against them.
MAPPING = "mapping:"
# Lists so named say that somebody approved a wording (`hub.bulletins.approval`).
APPROVAL = "approval:"
KEPT_MAX = 8  # sets of lists: those in force, and those of closed periods and questions of the past
DAYS_MAX = 2_000  # of lists that were looked up are kept


COMPARED: Mapping[str, Callable[[Decimal], bool]] = {
    ">=": lambda beyond: beyond >= 0,
    ">": lambda beyond: beyond > 0,
    "<=": lambda beyond: beyond <= 0,
    "<": lambda beyond: beyond < 0,
}


@dataclass(frozen=True)
class Target:
    """A year's target: `op` is `>=`, `>` (strict), `<=` or `<` (strict), `value` a decimal."""

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
        beyond = Decimal(numerator) - self.value * denominator
        return COMPARED[self.op](beyond)

    @property
    def is_ceiling(self) -> bool:
        """Whether it is not to be exceeded; else it is to be reached."""
        return self.op in ("<=", "<")


class Aim(NamedTuple):
    """A target, and for a volume by what a year's plan is dealt out over its days."""

    target: Target
    pace: str


@dataclass(frozen=True)
class Reference:
    """The lists in force, as rows of text by the list's name, and the form of each.

    A list that was not loaded has a form and no rows.
    """

    tables: Mapping[str, list[Row]]
    forms: Mapping[str, Form]

    def with_tables(self, tables: Mapping[str, list[Row]]) -> "Reference":
        """Put some lists in the place of theirs."""
        return replace(self, tables={**self.tables, **tables})

    def missing(self, names: Iterable[str]) -> list[str]:
        """Name those of some lists that were not loaded."""
        return sorted(name for name in names if name not in self.tables)

    @cached_property
    def _in_every_digest(self) -> list[str]:
        placed = [(f.digest_place, n) for n, f in self.forms.items() if f.digest_place is not None]
        return [name for _, name in sorted(placed)]

    @cached_property
    def _days(self) -> dict[tuple[str, str], tuple[list[Row], dict[str, str]]]:
        return {}

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
        return self._on(table, (period.end_on - timedelta(1)).isoformat())[0]

    def _on(self, table: str, day: str) -> tuple[list[Row], dict[str, str]]:
        """Give the rows in force on a day, and the code above each code, where there are any."""
        known = self._days.get((table, day))
        if known is None:
            rows = [
                r
                for r in self.tables.get(table, [])
                if r["valid_from"] <= day and (not r["valid_to"] or day < r["valid_to"])
            ]
            above: dict[str, str] = {}
            for r in rows:
                if "parent" in r:
                    above.setdefault(r["code"], r["parent"])
            if len(self._days) >= DAYS_MAX:
                self._days.clear()
            self._days[table, day] = known = (rows, above)
        return known

    def names(self, day: str) -> dict[str, dict[str, str]]:
        """Give what lists call their codes on a day, by list: empty where one has no names."""
        return {
            name: {
                r["code"]: r.get("name_vi", "")
                for r in rows
                if r["valid_from"] <= day and (not r["valid_to"] or day < r["valid_to"])
            }
            for name, rows in self.tables.items()
            if rows and {"code", "valid_from", "valid_to"} <= rows[0].keys()
        }

    def aim(self, kpi: str, period: Period, level: str, unit: str = "") -> Aim | None:
        """Find the target of a unit, else that of all units of its level, for a KPI.

        It is the one of the year that holds the period. A row that names a unit is of it alone.
        """
        aims: dict[str, Aim] = {}
        for r in self.tables.get("targets", []):
            own = r.get("unit") or ""
            if r["kpi"] != kpi or (own != unit if own else r["level"] != level):
                continue
            begins = r["valid_from"] <= period.start_on.isoformat()
            if begins and (not r["valid_to"] or period.end_on.isoformat() <= r["valid_to"]):
                aims.setdefault(own, Aim(Target(r["op"], Decimal(r["value"])), r.get("pace") or ""))
        return aims.get(unit) or aims.get("")

    @cached_property
    def _special_days(self) -> dict[str, str]:
        return {r["date"]: r["kind"] for r in self.tables.get("calendar", [])}

    def is_working_day(self, day: date) -> bool:
        """Tell whether offices work on a day: weekends and holidays off, swapped days on."""
        kind = self._special_days.get(day.isoformat())
        return kind == "working" or (kind is None and day.weekday() < 5)

    def working_days(self, first: int, end: int) -> int:
        """Count the working days in [first, end), day numbers from 1970-01-01."""
        days = (date(1970, 1, 1) + timedelta(day) for day in range(first, end))
        return sum(map(self.is_working_day, days))

    @cached_property
    def units(self) -> Units | None:
        """The units with their lineage; None where the list was not loaded."""
        return units_of(self.tables)

    def below(self, table: str, code: str, period: Period) -> list[list[str]]:
        """List the codes directly below a code, by level, in force at the end of a period.

        Each level covers what is above by itself: districts do, and communes do.
        """
        levels: dict[str, list[str]] = {}
        for r in self.valid(table, period):
            if r["parent"] == code:
                levels.setdefault(r["level"], []).append(r["code"])
        return list(levels.values())

    def above(self, table: str, code: str, period: Period) -> str | None:
        """Name the code above a code at the end of a period, if the list knows it then."""
        last = (period.end_on - timedelta(1)).isoformat()
        return self._on(table, last)[1].get(code) or None


class Loaded(NamedTuple):
    """A list that was loaded: the event that says so, its name, its rows' digest."""

    event_id: str
    name: str
    digest: str


class Lists:
    """The installed lists, and over them those that were loaded, as they are in the store.

    `over`: what stands in the place of both, to try it.
    """

    def __init__(self, installed: Reference, over: Mapping[str, list[Row]] | None = None) -> None:
        self.installed = installed
        self._over = over or {}
        self._kept: dict[tuple[str, ...], Reference] = {}

    def with_tables(self, tables: Mapping[str, list[Row]]) -> "Lists":
        """Put some lists in the place of theirs."""
        return Lists(self.installed, {**self._over, **tables})

    def in_force(self, loaded: Iterable[Loaded], rows_of: Callable[[str], str]) -> Reference:
        """Give the lists that are in force where some were loaded, the last of a name counting.

        `rows_of` reads the rows of one, as JSON, by its event; those of the last few are kept.
        """
        last = {e.name: e for e in loaded if not e.name.startswith((MAPPING, APPROVAL))}
        key = tuple(entry.event_id for entry in last.values())
        reference = self._kept.get(key)
        if reference is None:
            tables = {n: json.loads(rows_of(e.event_id)) for n, e in last.items()}
            reference = self.installed.with_tables({**tables, **self._over})
            while len(self._kept) >= KEPT_MAX:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[key] = reference
        return reference


def digest_of(rows: Sequence[Row]) -> str:
    """Digest a list's rows: BLAKE2b (RFC 7693), 16 bytes, of their JSON text."""
    return hashlib.blake2b(write_rows(rows).encode(), digest_size=16).hexdigest()


def write_rows(rows: Sequence[Row]) -> str:
    """Write a list's rows as JSON."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def is_rows(text: str | None, digest: str) -> bool:
    """Tell whether a text is the rows of a list that has this digest."""
    try:
        rows = json.loads(text or "")
    except ValueError:
        return False
    if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
        return False
    return digest_of(rows) == digest


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and all(isinstance(value, str) for value in row.values())


def read_folder(forms: Mapping[str, Form], folder: Traversable) -> dict[str, list[Row]]:
    """Read the lists of a folder, as far as they are there; raise `FormError`."""
    tables = {}
    for name, form in forms.items():
        file = folder / f"{name}.csv"
        if file.is_file():
            try:
                tables[name] = form.read(file.read_text("utf-8"))
            except FormError as error:
                raise FormError(f"{name}.csv: {error}") from None
    return tables
