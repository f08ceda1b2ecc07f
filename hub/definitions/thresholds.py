"""Thresholds: which values of a series quality control flags, by the province's lists.

The tests are those of QARTOD (US IOOS, Manual for Real-Time Quality Control of In-situ Temperature
and Salinity Data, version 2.1, 2020), each only where a list has a threshold for the quantity and
the station on that day:

- gross range: outside of the list `ranges`;
- spike: a peak or a dip of more than the threshold from both of its neighbours;
- rate: changed by more than the threshold an hour since the value before;
- flat line: not two values further apart than the threshold, from the one that stood `hours` before
  up to it, of three at least.

`hours` is how far a neighbour may be; beyond it a test says nothing, so missing hours flag nobody.
Each test is of the values as they came, whatever another test says of them. What a value is flagged
by depends on the values within twice `hours` before it and `hours` after it, and on nothing else:
neither on the order in which they came nor on how many are looked at.

All is computed in whole thousandths and microseconds, so that it is exact.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from hub.clock import OFFSET_US

HOUR_US = 3_600_000_000
EVER = "9999-12-31"
GROSS_RANGE, SPIKE, RATE, FLAT_LINE = "gross_range", "spike", "rate", "flat_line"
FLAT_VALUES_MIN = 3
LISTS = ("thresholds", "ranges")
# The columns of a series: the value's name, its place and quantity, when, thousandths.
SERIES = {
    "entity": pl.String,
    "place": pl.String,
    "quantity": pl.String,
    "at": pl.Int64,
    "value": pl.Int64,
}
FLAGS = {"entity": pl.String, "at": pl.Int64, "test": pl.String}


@dataclass(frozen=True)
class Threshold:
    """A threshold: of a test, for a quantity at a station (or all), from a day until before one.

    `low` is the threshold, in thousandths; a gross range has `low` and `high`.
    """

    test: str
    quantity: str
    station: str | None
    valid_from: str
    valid_to: str
    low: int
    high: int = 0
    hours: int = 0

    @property
    def window(self) -> int:
        """How far a neighbour may be, in microseconds."""
        return self.hours * HOUR_US


Rows = Iterable[Mapping[str, str]]


def thresholds_of(tables: Mapping[str, Rows]) -> list[Threshold]:
    """Read the thresholds that lists say, by the lists' names."""
    listed = [
        Threshold(
            row["test"],
            row["quantity"],
            row["station"] or None,
            row["valid_from"],
            row["valid_to"] or EVER,
            _milli(row["threshold"]),
            hours=int(row["hours"]),
        )
        for row in tables.get("thresholds", ())
    ]
    listed += [
        Threshold(
            GROSS_RANGE,
            row["quantity"],
            row["station"] or None,
            row["valid_from"],
            row["valid_to"] or EVER,
            _milli(row["low"]),
            _milli(row["high"]),
        )
        for row in tables.get("ranges", ())
    ]
    return listed


def _milli(text: str) -> int:
    return int(Decimal(text) * 1000)


def reach_us(thresholds: Sequence[Threshold]) -> int:
    """How far before a value, at most, another may be that its flags depend on."""
    return max((2 * c.window for c in thresholds), default=0)


def flags(series: pl.DataFrame, thresholds: Sequence[Threshold]) -> pl.DataFrame:
    """Give what is flagged of values (`SERIES`), and by which test (`FLAGS`), sorted."""
    parts = []
    for threshold in thresholds:
        near = series.filter(pl.col("quantity") == threshold.quantity)
        if threshold.station is not None:
            near = near.filter(pl.col("place") == threshold.station)
        if near.is_empty():
            continue
        flagged = _TESTS[threshold.test](near.sort("place", "at", "entity"), threshold)
        flagged = flagged.filter(_in_force(threshold))
        if threshold.station is None:
            own = [c for c in thresholds if _is_own(c, threshold)]
            if own:
                flagged = flagged.filter(~pl.any_horizontal(_of_station(c) for c in own))
        parts.append(flagged.select("entity", "at", pl.lit(threshold.test).alias("test")))
    if not parts:
        return pl.DataFrame(schema=FLAGS)
    return pl.concat(parts).unique().sort("at", "entity", "test")


def _is_own(threshold: Threshold, of_all: Threshold) -> bool:
    """Tell whether a station's own threshold stands in the place of the one for all."""
    same = (of_all.test, of_all.quantity)
    return threshold.station is not None and (threshold.test, threshold.quantity) == same


def _in_force(threshold: Threshold) -> pl.Expr:
    day = pl.from_epoch(pl.col("at") + OFFSET_US, time_unit="us").dt.to_string("%Y-%m-%d")
    return (day >= threshold.valid_from) & (day < threshold.valid_to)


def _of_station(threshold: Threshold) -> pl.Expr:
    return (pl.col("place") == threshold.station) & _in_force(threshold)


def _gross_range(series: pl.DataFrame, threshold: Threshold) -> pl.DataFrame:
    return series.filter(~pl.col("value").is_between(threshold.low, threshold.high))


def _before(name: str, steps: int = 1) -> pl.Expr:
    return pl.col(name).shift(steps).over("place")


def _spike(series: pl.DataFrame, threshold: Threshold) -> pl.DataFrame:
    # By the lesser of both steps: the deviation from the middle would flag the neighbours, too.
    value, at = pl.col("value"), pl.col("at")
    up, down = value - _before("value"), value - _before("value", -1)
    is_near = (at - _before("at") <= threshold.window) & (
        _before("at", -1) - at <= threshold.window
    )
    is_turn = ((up > 0) & (down > 0)) | ((up < 0) & (down < 0))
    return series.filter(
        is_near & is_turn & (pl.min_horizontal(up.abs(), down.abs()) > threshold.low)
    )


def _rate(series: pl.DataFrame, threshold: Threshold) -> pl.DataFrame:
    step = pl.col("at") - _before("at")
    change = (pl.col("value") - _before("value")).abs()
    return series.filter((step <= threshold.window) & (change * HOUR_US > threshold.low * step))


def _flat_line(series: pl.DataFrame, threshold: Threshold) -> pl.DataFrame:
    window = threshold.window
    begins = series.select("place", pl.col("at").alias("begun"), pl.col("value").alias("first"))
    rolled = series.rolling("at", period=f"{window}i", closed="both", group_by="place").agg(
        pl.col("value").min().alias("least"),
        pl.col("value").max().alias("greatest"),
        pl.len().alias("values"),
    )
    rolled = pl.concat([series.select("entity", "value"), rolled], how="horizontal")
    stood = rolled.with_columns((pl.col("at") - window).alias("since")).join_asof(
        begins.sort("begun"),
        left_on="since",
        right_on="begun",
        by="place",
        strategy="backward",
        tolerance=window,
        check_sortedness=False,
    )
    least = pl.min_horizontal("least", "first")
    greatest = pl.max_horizontal("greatest", "first")
    is_within = pl.col("begun") == pl.col("since")  # counted among the window's values already
    values = pl.col("values") + pl.when(is_within).then(0).otherwise(1)
    return stood.filter(
        pl.col("first").is_not_null()
        & (values >= FLAT_VALUES_MIN)
        & (greatest - least <= threshold.low)
    )


_TESTS: Mapping[str, Callable[[pl.DataFrame, Threshold], pl.DataFrame]] = {
    GROSS_RANGE: _gross_range,
    SPIKE: _spike,
    RATE: _rate,
    FLAT_LINE: _flat_line,
}
