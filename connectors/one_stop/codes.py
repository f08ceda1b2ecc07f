"""Codes: what a source's codes and its names of agencies mean, by source and day.

Code lists are rows of `codes.csv`: what a source's code means from `valid_from` to before
`valid_until`. The national lists of channels and statuses are those of the national portal; the
levels 1 to 4 ended with Decree 42/2022/NĐ-CP, on 2022-08-15. A source's own lists are added there.

Agencies are rows of `agencies.csv`, and of a province's own file with the same columns: which unit
an agency is that a source writes by its name, or by a code of its own. One name may be an agency of
many units: then `under` is the unit that received the dossier. A row with `under` goes before one
without, and the province's own file before ours.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Self

from hub.definitions.contract import Contract
from hub.sheets.vietnamese import plain
from schemas.contracts.dossier import Dossier

CONTRACT = Contract(Dossier)
NATIONAL = "national"
_AGENCY_COLUMNS = ("source", "name", "under", "unit", "valid_from", "valid_until")
# What is valid of something: what it means, from a day, to before another.
_Spans = list[tuple[str, date, date]]


@dataclass(frozen=True)
class Lists:
    """The lists that a source writes its records by."""

    source: str = NATIONAL
    # The province's own agencies: (name, the unit it is under, or empty) -> units by day.
    agencies: Mapping[tuple[str, str], _Spans] = field(default_factory=dict)

    @classmethod
    def of(cls, source: str, path: Path | None) -> Self:
        """Give a source's lists, with a file of agencies; raises `ValueError` for a wrong file."""
        if path is None:
            return cls(source)
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: {error}") from None
        own = read_agencies(text.splitlines(), str(path))
        return cls(source, {k[1:]: v for k, v in own.items() if k[0] == source})

    def meaning(self, name: str, code: str, on: date) -> str | None:
        """Give what a code means in the list of that name on that day; `09` is 9."""
        lists = _codes()
        spans = lists.get((self.source, name, code))
        if spans is None and code.isascii() and code.isdigit():
            spans = lists.get((self.source, name, code.lstrip("0") or "0"))
        return _at(spans or (), on)

    def unit(self, name: str, under: str, on: date) -> str | None:
        """Give the code of the unit that is so named on that day, where there is just one."""
        folded, ours = _folded(name), _agencies()
        for place in dict.fromkeys((under, "")):
            found = _at(self.agencies.get((folded, place), ()), on)
            if found is not None:
                return found
        for place in dict.fromkeys((under, "")):
            found = _at(ours.get((self.source, folded, place), ()), on)
            if found is not None:
                return found
        return name if has_form("received_by", name) else None


def has_form(field_name: str, value: str) -> bool:
    """Tell whether a value has the form that the contract gives a field."""
    limits = next(f.limits for f in CONTRACT.fields if f.name == field_name)
    is_short = len(value) <= limits.get("maxLength", len(value))
    return is_short and re.fullmatch(limits["pattern"], value) is not None


def read_agencies(lines: list[str], path: str) -> dict[tuple[str, str, str], _Spans]:
    """Read a file of agencies: (source, name, under) -> units by day; raises `ValueError`."""
    mark = ";" if lines and ";" in lines[0] else ","
    rows = csv.DictReader(lines, delimiter=mark)
    if missing := [c for c in _AGENCY_COLUMNS if c not in (rows.fieldnames or ())]:
        raise ValueError(f"{path}: no column {', '.join(missing)}")
    agencies: dict[tuple[str, str, str], _Spans] = {}
    for row in rows:
        cells = {c: plain(row[c] or "") for c in _AGENCY_COLUMNS}
        place = f"{path}, line {rows.line_num}"
        if not cells["name"] or not has_form("received_by", cells["unit"]):
            raise ValueError(f"{place}: expected a name and a unit such as H57.3, not {cells}")
        if cells["under"] and not has_form("received_by", cells["under"]):
            raise ValueError(f"{place}: {cells['under']!r} is no unit such as H57.3")
        try:
            span = _span(cells)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        spans = agencies.setdefault(
            (cells["source"] or NATIONAL, _folded(cells["name"]), cells["under"]), []
        )
        if any(span[1] < after and first < span[2] for _, first, after in spans):
            raise ValueError(f"{place}: {cells['name']!r} is there for some of these days already")
        spans.append((cells["unit"], *span[1:]))
    return agencies


def code_sources() -> list[str]:
    """Name the sources that there are code lists of."""
    return sorted({source for source, _, _ in _codes()})


def _folded(name: str) -> str:
    """Give a name without case and odd spaces; its marks stay, as they tell places apart."""
    return plain(name).casefold()


def _at(spans: Iterable[tuple[str, date, date]], on: date) -> str | None:
    return next((value for value, first, after in spans if first <= on < after), None)


def _span(row: Mapping[str, str]) -> tuple[str, date, date]:
    first = date.fromisoformat(row["valid_from"] or "0001-01-01")
    after = date.fromisoformat(row["valid_until"] or "9999-12-31")
    return row.get("value", ""), first, after


def _own_lines(name: str) -> list[str]:
    return (resources.files(__package__) / name).read_text("utf-8").splitlines()


@cache
def _codes() -> dict[tuple[str, str, str], _Spans]:
    """Read the code lists: (source, list, code) -> what it means by day."""
    lists: dict[tuple[str, str, str], _Spans] = {}
    for row in csv.DictReader(_own_lines("codes.csv")):
        lists.setdefault((row["source"], row["list"], row["code"]), []).append(_span(row))
    return lists


@cache
def _agencies() -> dict[tuple[str, str, str], _Spans]:
    return read_agencies(_own_lines("agencies.csv"), "agencies.csv")
