"""Measured: what a station measured last, by hour and by day, and how that goes with the tide."""

from math import isnan
from typing import Any

import polars as pl

from hub.clock import DAY_US, OFFSET_US, iso, iso_day
from hub.water.stations import HOUR_US, LUNAR_DAY_US, Series, Station

STATE_US = 3 * DAY_US  # what `state_of` needs before its instant
HOURS_SHOWN, DAYS_SHOWN = 48, 30


def state_of(station: Station, series: Series, at: int) -> dict[str, Any]:
    """Say how a station stands at an instant, by values up to it: JSON, g/L.

    `trend` is the change since the same phase of the tide, 24 h 50 min before the last value: two
    values of the same hour of yesterday would compare different phases.
    """
    known = series.within(at - STATE_US, at + 1)
    today = extremes(station, known.within(_day_start(at), at + 1), DAY_US)
    latest: dict[str, Any] | None = None
    if len(known.at):
        last, grams = int(known.at[-1]), float(known.grams[-1])
        then = float(known.around(known.at[-1:] - LUNAR_DAY_US)[0])
        trend = None if isnan(then) else round(grams - then, 3)
        latest = {"at": iso(last), "value": grams, "trend": trend}
    return {
        "station": station.code,
        "name_vi": station.name,
        "branch": station.branch or None,
        "chainage_km": station.km,
        "owner": station.owner or None,
        "limits": dict(station.limits),
        "latest": latest,
        "today": today[0] if today else None,
    }


def extremes(station: Station, series: Series, step: int) -> list[dict[str, Any]]:
    """Give the greatest and least of each local hour or day, and clock hours over thresholds."""
    over = pl.col("grams")
    hour = (pl.col("at") + OFFSET_US) // HOUR_US
    parts = (
        pl.DataFrame({"at": series.at, "grams": series.grams})
        .group_by(step=(pl.col("at") + OFFSET_US) // step)
        .agg(
            over.max().alias("max"),
            over.min().alias("min"),
            *(
                hour.filter(over >= limit).n_unique().alias(f"{limit:g}")
                for limit in station.thresholds
            ),
        )
        .sort("step")
    )
    names = [f"{limit:g}" for limit in station.thresholds]
    return [
        {
            **_named(row["step"], step),
            "max": row["max"],
            "min": row["min"],
            "hours_over": {name: row[name] for name in names},
        }
        for row in parts.rows(named=True)
    ]


def history(station: Station, series: Series, at: int) -> dict[str, Any]:
    """Give the last hours and days up to an instant, each with its greatest and least."""
    until = at + 1
    hours = series.within(at - at % HOUR_US - (HOURS_SHOWN - 1) * HOUR_US, until)
    days = series.within(_day_start(at) - (DAYS_SHOWN - 1) * DAY_US, until)
    return {
        "hourly": extremes(station, hours, HOUR_US),
        "daily": extremes(station, days, DAY_US),
    }


def _named(number: int, step: int) -> dict[str, Any]:
    if step == DAY_US:
        return {"day": iso_day(number)}
    return {"hour": iso(number * HOUR_US - OFFSET_US)}


def _day_start(at: int) -> int:
    return (at + OFFSET_US) // DAY_US * DAY_US - OFFSET_US
