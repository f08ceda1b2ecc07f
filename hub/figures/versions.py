"""Versions: by which definition of a KPI a figure is counted, and the digest that names it.

A KPI's file holds all its versions. Which one is in force from which day on, the list `definitions`
says: it is loaded by an act of the log, so that what was known earlier, closed periods, verify and
rebuild go by the versions of then. A period goes by the version that is in force on its first day,
as a whole: two definitions are never mixed in one number. Where another one comes into force before
its end, the figure says from which day on.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from hub.figures.book import Book
from hub.figures.dues import lists_of_clocks
from hub.figures.figure import Figure, Lack
from hub.figures.flags import lists_of_thresholds
from hub.figures.kpi import FIRST, Kpi
from hub.reference.form import Row
from hub.reference.lists import Reference
from hub.reference.periods import Period
from hub.store.store import definition_digest

DEFINITIONS = "definitions"  # the list, by its form's name


class InForce(NamedTuple):
    """The version of a KPI that a period goes by, and when another one begins within it."""

    kpi: Kpi
    until: date | None

    def told(self, figure: Figure) -> Figure:
        """Say by which version a figure is counted, where its KPI has several."""
        if not self.kpi.versions:
            return figure
        until = None if self.until is None else self.until.isoformat()
        return replace(figure, version=self.kpi.version, version_until=until)


class VersionMissingError(Exception):
    """A version is in force that no installed file defines; `lack` says so."""

    def __init__(self, kpi: Kpi, name: str) -> None:
        super().__init__(name)
        vi = f"phiên bản {name} của {kpi.id} có hiệu lực nhưng chưa được cài đặt"
        en = f"version {name} of {kpi.id} is in force and is not installed"
        self.lack = Lack(DEFINITIONS, vi, en)


def version_on(kpi: Kpi, day: date, reference: Reference) -> str:
    """Name the version that is in force on a day; the first one where the list says nothing."""
    said = day.isoformat()
    for row in reference.tables.get(DEFINITIONS, ()):
        has_begun = row["kpi"] == kpi.id and row["valid_from"] <= said
        if has_begun and (not row["valid_to"] or said < row["valid_to"]):
            return row["version"]
    return FIRST


def in_force(kpi: Kpi, period: Period, book: Book, asked: str | None = None) -> InForce:
    """Give the version that a period goes by, or the one that was `asked` for.

    Raises `VersionMissingError` where it is not installed.
    """
    reference = book.reference
    name = asked or version_on(kpi, period.start_on, reference)
    if name not in kpi.version_names:
        raise VersionMissingError(kpi, name)
    days = {
        date.fromisoformat(day)
        for row in reference.tables.get(DEFINITIONS, ())
        if row["kpi"] == kpi.id
        for day in (row["valid_from"], row["valid_to"])
        if day
    }
    others = (
        day
        for day in sorted(days)
        if period.start_on < day < period.end_on and version_on(kpi, day, reference) != name
    )
    return InForce(kpi.of_version(name), None if asked else next(others, None))


def spans(name: str, rows: Sequence[Row]) -> list[dict[str, str | None]]:
    """Give from when until when a version is in force, by the rows of its KPI.

    The first version is in force wherever no row says another; without a day there is no bound.
    """
    listed, at = [], ""
    for row in sorted(rows, key=lambda row: row["valid_from"]):
        if row["valid_from"] > at:
            listed.append((FIRST, at, row["valid_from"]))
        listed.append((row["version"], row["valid_from"], row["valid_to"]))
        at = row["valid_to"]
        if not at:
            break
    else:
        listed.append((FIRST, at, ""))
    return [{"from": a or None, "to": b or None} for version, a, b in listed if version == name]


def with_version(rows: Sequence[Row], kpi: str, version: str, since: date, by: str) -> list[Row]:
    """Give the list with a version in force from a day on; what was in force ends on that day.

    Raises `ValueError` with the day of a row that says something of later days.
    """
    day = since.isoformat()
    for row in rows:
        if row["kpi"] == kpi and max(row["valid_from"], row["valid_to"]) >= day:
            raise ValueError(max(row["valid_from"], row["valid_to"]))
    ended = [
        {**row, "valid_to": row["valid_to"] or day} if row["kpi"] == kpi else dict(row)
        for row in rows
    ]
    new = {"kpi": kpi, "version": version, "valid_from": day, "valid_to": "", "source": by}
    return [*ended, new]


def counted_by(kpi: Kpi, period: Period, book: Book, asked: str | None = None) -> Kpi:
    """Give a KPI by the version that a period goes by, else as its file begins."""
    try:
        return in_force(kpi, period, book, asked).kpi
    except VersionMissingError:
        return kpi


def kpi_parents(kpi: Kpi, book: Book) -> set[str]:
    """Name the lists that say what the places of a KPI's fact are part of."""
    fact = book.facts.get(kpi.contract or "")
    return set(fact.parents.values()) if fact else set()


def is_clocked(kpi: Kpi, book: Book) -> bool:
    """Tell whether a KPI's figures follow from due dates."""
    fact = book.facts.get(kpi.contract or "")
    if fact is None or fact.clocked is None:
        return False
    names = kpi.numerator.measures | (kpi.denominator.measures if kpi.denominator else set())
    return any(fact.clocked.is_asked_by(m) for m in fact.measures if m.name in names)


def definition_version(kpi: Kpi, book: Book, more_lists: Collection[str] = ()) -> str:
    """Digest the KPI's terms, its fact's definitions and the reference data in force.

    `more_lists` names lists that a question goes by besides those of the KPI, as one by units does.
    """
    asked = (kpi.id, kpi.version, *sorted(more_lists))
    if asked not in book.versions:
        book.versions[asked] = _version(kpi, book, more_lists)
    return book.versions[asked]


def _version(kpi: Kpi, book: Book, more_lists: Collection[str]) -> str:
    fact = book.facts.get(kpi.contract or "")
    said = repr((kpi.id, kpi.numerator, kpi.denominator, kpi.scale))
    of_fact = definition_digest(fact, book.definitions.contracts[fact.contract]) if fact else ""
    lists = kpi.lists | kpi_parents(kpi, book) | set(more_lists)
    lists |= lists_of_thresholds(fact, book.reference)
    if is_clocked(kpi, book):
        lists |= lists_of_clocks(book.reference)
    parts = (said, of_fact, book.reference.digest(lists))
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()
