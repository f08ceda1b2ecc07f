"""Weeks: what a station measured in the last seven days, hour by hour, beside the week before.

The week before is laid upon this one by the tide (seven tidal days earlier, 7 days 5 h 50 min, so
that high water stands upon high water) or by the clock (seven days earlier). Either way spring and
neap tides change places, as they are 7.4 days apart: by how much a week differs is told, not why.
"""

from collections.abc import Sequence
from typing import Any, Literal

from hub.clock import DAY_US, iso
from hub.water.flagged import Flagged
from hub.water.measured import extremes
from hub.water.stations import HOUR_US, LUNAR_DAY_US, Series, Station

By = Literal["tide", "clock"]
SHIFTS: dict[By, int] = {"tide": 7 * LUNAR_DAY_US, "clock": 7 * DAY_US}
WEEK_HOURS = 7 * 24
VALUES = ("max", "min", "before_max", "before_min")


def week_start(at: int) -> int:
    """Give the beginning of the 168 clock hours that end with the hour of an instant."""
    return at // HOUR_US * HOUR_US - (WEEK_HOURS - 1) * HOUR_US


def weeks_of(
    station: Station, series: Series, flagged: Sequence[Flagged], at: int, by: By
) -> dict[str, Any]:
    """Lay the week before upon the last seven days: JSON, g/L.

    `hours` has every clock hour, with none where nothing that counts was measured; what the week
    before had in it stands beside it, and is summed up in the same hours. `flagged` are values of
    this week that count nowhere.
    """
    start, shift = week_start(at), SHIFTS[by]
    until = start + WEEK_HOURS * HOUR_US
    now = series.within(start, min(until, at + 1))
    then = series.within(start - shift, min(until, at + 1) - shift)
    moved = Series(then.at + shift, then.grams)
    rows: dict[str, dict[str, Any]] = {
        str(iso(begin)): {"hour": iso(begin), **dict.fromkeys(VALUES)}
        for begin in range(start, until, HOUR_US)
    }
    for prefix, those in (("", now), ("before_", moved)):
        for hour in extremes(station, those, HOUR_US):
            row = rows[hour["hour"]]
            row[f"{prefix}max"], row[f"{prefix}min"] = hour["max"], hour["min"]
    return {
        "by": by,
        "shift_seconds": shift // 1_000_000,
        "from": iso(start),
        "until": iso(until),
        "this": _summed(station, now),
        "before": _summed(station, moved),
        "hours": list(rows.values()),
        "flagged": [f.public() for f in flagged if start <= f.at <= at],
    }


def _summed(station: Station, series: Series) -> dict[str, Any]:
    """Sum up a week: greatest and least, clock hours with a value, and over each threshold."""
    hours = extremes(station, series, HOUR_US)
    return {
        "max": max((h["max"] for h in hours), default=None),
        "min": min((h["min"] for h in hours), default=None),
        "hours": len(hours),
        "hours_over": {
            f"{limit:g}": sum(h["hours_over"][f"{limit:g}"] for h in hours)
            for limit in station.thresholds
        },
    }
