"""Flagged: values of a station that count nowhere, and why, to be shown beside those that do."""

from dataclasses import dataclass, replace
from typing import Any

from hub.clock import iso
from hub.figures.book import Book
from hub.water.stations import MEASURE

SALINITY = "quantity = 'salinity'"
# What a source itself says of a value (QARTOD), by its number.
BY_SOURCE = {3: "suspect", 4: "fail", 9: "missing"}
OUT_OF_RANGE = "impossible"  # beyond what the contract lets a salinity be


@dataclass(frozen=True)
class Flagged:
    """A value that does not count: `grams` is none where the source says that it is missing.

    `tests` are those of the lists (`hub.definitions.thresholds`), or what the source said of it.
    """

    at: int
    grams: float | None
    tests: tuple[str, ...]

    def public(self) -> dict[str, Any]:
        """Give it as JSON, g/L."""
        return {"at": iso(self.at), "value": self.grams, "tests": list(self.tests)}


def read_flagged(
    book: Book, start: int, until: int, code: str | None = None
) -> dict[str, list[Flagged]]:
    """Read what does not count in [start, until), by station, in order; of one, or of all."""
    fact, measure = book.measure(MEASURE)
    checked = fact.checked
    assert checked is not None
    by_lists = {
        f.entity: f.tests for f in book.flags.listed(fact, book.thresholds_of(fact), start, until)
    }
    counts = f"CASE WHEN {measure.where} THEN 1 ELSE 0 END"
    columns = ["entity", checked.place, measure.when, checked.value, "quality", counts]
    where = {} if code is None else {checked.place: code}
    every = replace(measure, where=SALINITY)
    flagged: dict[str, list[Flagged]] = {}
    for entity, place, at, milli, quality, is_counted in book.reading.list_facts(
        fact, every, columns, where, (start, until)
    ).iter_rows():
        tests = by_lists.get(entity, ())
        if not is_counted:
            tests = (BY_SOURCE.get(quality, OUT_OF_RANGE), *tests)
        if tests:
            grams = None if milli is None else milli / 1000
            flagged.setdefault(place, []).append(Flagged(at, grams, tests))
    for those in flagged.values():
        those.sort(key=lambda f: f.at)
    return flagged
