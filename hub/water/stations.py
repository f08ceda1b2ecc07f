"""Stations: those that the province's list has on a day, and what they measured.

Salinities are in g/L, instants in microseconds. Values are those that count in figures, without
what quality control flags (`hub.figures.flags`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hub.clock import day_of, iso_day
from hub.figures.book import Book

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MEASURE = "reading.salinity"
LISTED = "stations"
USES = ("drinking", "orchard", "rice")
HOUR_US = 3_600_000_000
LUNAR_DAY_US = (24 * 60 + 50) * 60_000_000  # after which the tide is at the same phase
# Further apart than that, two values say nothing of a peak between them: an hour off its peak a
# half-day tide has lost an eighth of its height, and an hour is at most as far as one can be.
GAP_US = 2 * HOUR_US
LINES = (1.0, 4.0)  # g/L: from where on orchards and intakes suffer, and rice does


@dataclass(frozen=True)
class Station:
    """A station on a day. `km` is from the mouth of its branch; `limits` are g/L by use."""

    code: str
    name: str
    branch: str
    km: float | None
    owner: str
    limits: Mapping[str, float]

    @property
    def thresholds(self) -> list[float]:
        """The salinities whose hours are counted: both lines, and the limits of its uses."""
        return sorted({*LINES, *self.limits.values()})


@dataclass(frozen=True)
class Series:
    """Values of one station in the order of their instants."""

    at: Ints
    grams: Floats

    def around(self, wanted: Ints) -> Floats:
        """Give values at instants, between neighbours at most `GAP_US` apart; else NaN."""
        if len(self.at) == 0:
            return np.full(len(wanted), np.nan)
        after = np.searchsorted(self.at, wanted).clip(0, len(self.at) - 1)
        before = (np.searchsorted(self.at, wanted, side="right") - 1).clip(0)
        is_near = (self.at[before] <= wanted) & (wanted <= self.at[after])
        is_near &= self.at[after] - self.at[before] <= GAP_US
        between = np.interp(wanted, self.at, self.grams)
        return np.where(is_near, between, np.nan)

    def within(self, start: int, until: int) -> "Series":
        """Give the part in [start, until)."""
        a, b = np.searchsorted(self.at, [start, until])
        return Series(self.at[a:b], self.grams[a:b])

    def has_gap(self, start: int, until: int) -> bool:
        """Tell whether a peak in a span may have gone unseen: a gap, also at either end."""
        inside = self.at[(self.at > start) & (self.at <= until)]
        return bool((np.diff([start, *inside, until]) > GAP_US).any())


NOTHING = Series(np.empty(0, np.int64), np.empty(0))


def stations_at(book: Book, at: int) -> list[Station]:
    """List the stations in force on the day of an instant, by code."""
    day = iso_day(day_of(at))
    rows = [
        row
        for row in book.reference.tables.get(LISTED, ())
        if row["valid_from"] <= day and (not row["valid_to"] or day < row["valid_to"])
    ]
    return sorted((_station(row) for row in rows), key=lambda s: s.code)


def _station(row: Mapping[str, str]) -> Station:
    limits = {use: row.get(f"limit_{use}") for use in USES}
    return Station(
        row["code"],
        row.get("name_vi") or "",
        row.get("branch") or "",
        float(km) if (km := row.get("chainage_km")) else None,
        row.get("owner") or "",
        {use: float(limit) for use, limit in limits.items() if limit},
    )


def read_series(book: Book, start: int, until: int, code: str | None = None) -> dict[str, Series]:
    """Read what counts and is not flagged in [start, until), by station; of one, or of all."""
    fact, measure = book.measure(MEASURE)
    checked = fact.checked
    assert checked is not None
    where = {} if code is None else {checked.place: code}
    columns = ["entity", checked.place, measure.when, checked.value]
    schema = pl.Schema(
        {"entity": pl.String(), "station": pl.String(), "at": pl.Int64(), "milli": pl.Int64()}
    )
    listed = book.reading.list_facts(fact, measure, columns, where, (start, until))
    values = listed.rename(dict(zip(columns, schema, strict=True))).cast(schema)
    if thresholds := book.thresholds_of(fact):
        flagged = [f.entity for f in book.flags.listed(fact, thresholds, start, until)]
        values = values.filter(~pl.col("entity").is_in(flagged))
    parts = values.sort("at").partition_by("station", as_dict=True)
    return {
        str(station): Series(part["at"].to_numpy(), part["milli"].to_numpy() / 1000)
        for (station,), part in parts.items()
    }


def is_checked(book: Book) -> bool:
    """Tell whether lists say what is to be flagged; where none does, nothing is."""
    return bool(book.thresholds_of(book.measure(MEASURE)[0]))
