"""Windows: when a sluice may take in water of at most a limit, by what is foretold of the tide."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hub.clock import iso
from hub.water.stations import LINES, USES, Series, Station
from hub.water.tide import REASONS, Forecast, UntoldError, foretell

USES_NAMED: Mapping[str, tuple[str, str]] = {
    "drinking": ("nước sinh hoạt", "drinking water"),
    "orchard": ("cây ăn trái", "orchards"),
    "rice": ("lúa", "rice"),
}


def windows_of(station: Station, series: Series, at: int) -> dict[str, Any]:
    """Give a station's windows below each of its thresholds, or why there are none: JSON, g/L.

    A threshold that no use has is a line (1 or 4 g/L), with none as its `use`. `forecast` has the
    hours that windows are told of. `trial` has the errors on held-back weeks, of the forecast and
    of "as 24 h 50 min ago".
    """
    try:
        forecast = foretell(series, at)
    except UntoldError as e:
        vi, en = REASONS[e.reason]
        untold = {"reason": e.reason, "message_vi": vi, "message_en": en}
        return {"windows": [], "withheld": untold, "forecast": [], "trial": None}
    errors = forecast.errors
    return {
        "windows": [
            {"use": use, "limit": limit, **window}
            for use, limit in _limits(station)
            for window in below(forecast, limit)
        ],
        "withheld": None,
        "forecast": _hours(forecast),
        "trial": {
            "hours": errors.hours,
            "mean_error": round(errors.mean, 3),
            "naive_mean_error": round(errors.naive, 3),
        },
    }


def _limits(station: Station) -> list[tuple[str | None, float]]:
    """List the limits of uses, and the lines that are no use's limit."""
    limits: list[tuple[str | None, float]] = [
        (use, station.limits[use]) for use in USES if use in station.limits
    ]
    return limits + [(None, line) for line in LINES if line not in station.limits.values()]


def _hours(forecast: Forecast) -> list[dict[str, Any]]:
    """Give the hours that are foretold, each with its interval."""
    spans = zip(
        forecast.at.tolist(), forecast.expected.tolist(), forecast.high.tolist(), strict=True
    )
    return [
        {
            "at": iso(at),
            "expected": round(expected, 3),
            "low": round(max(0.0, 2 * expected - high), 3),
            "high": round(high, 3),
        }
        for at, expected, high in spans
    ]


def below(forecast: Forecast, limit: float) -> list[dict[str, Any]]:
    """List the spans whose whole hours, from first to last, stay below a limit, two at least.

    They stay below by the upper end of the interval; `expected` and `at_most` are the greatest
    salinity foretold within one, and the greatest upper end.
    """
    is_below = np.concatenate([[False], forecast.high < limit, [False]])
    turns = np.flatnonzero(is_below[1:] != is_below[:-1])
    return [
        {
            "from": iso(int(forecast.at[first])),
            "until": iso(int(forecast.at[end - 1])),
            "expected": round(float(forecast.expected[first:end].max()), 3),
            "at_most": round(float(forecast.high[first:end].max()), 3),
        }
        for first, end in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True)
        if end - first >= 2
    ]
