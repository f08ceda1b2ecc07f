"""Branches: how far from the mouth the lines of 1 and 4 g/L stand, as intervals.

A line is as far as the salt came within the last tidal day (24 h 50 min). It lies beyond the
farthest station that measured as much, and before the next one upstream that surely did not. A
station that may have missed a peak says nothing of freshness, so the interval goes on to the next
one that does, or has no end; a value over the line counts whatever else is missing. Nothing is
interpolated between stations: the salt's form along a branch is not known.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.clock import iso
from hub.water.stations import LINES, LUNAR_DAY_US, NOTHING, Series, Station


def branches_at(
    stations: Iterable[Station], series: Mapping[str, Series], at: int
) -> list[dict[str, Any]]:
    """Give each branch with its stations, seaward first, and the interval of each line: JSON, km.

    `until_km` is null where no station upstream is surely below the line: it may stand anywhere
    from `from_km` on.
    """
    by_branch: dict[str, list[Station]] = {}
    for station in stations:
        if station.branch and station.km is not None:
            by_branch.setdefault(station.branch, []).append(station)
    return [
        _branch(name, sorted(those, key=lambda s: s.km or 0.0), series, at)
        for name, those in sorted(by_branch.items())
    ]


def _branch(
    name: str, stations: Sequence[Station], series: Mapping[str, Series], at: int
) -> dict[str, Any]:
    since = at - LUNAR_DAY_US
    peaks: list[tuple[float, float | None, bool]] = []
    for station in stations:
        known = series.get(station.code, NOTHING).within(since + 1, at + 1)
        peak = float(known.grams.max()) if len(known.grams) else None
        peaks.append((station.km or 0.0, peak, not known.has_gap(since, at)))
    lines = []
    for limit in LINES:
        nearest, farthest = line(peaks, limit)
        lines.append({"grams_per_litre": limit, "from_km": nearest, "until_km": farthest})
    return {
        "branch": name,
        "at": iso(at),
        "lines": lines,
        "stations": [
            {"station": s.code, "chainage_km": km, "peak": peak, "is_complete": is_complete}
            for s, (km, peak, is_complete) in zip(stations, peaks, strict=True)
        ],
    }


def line(
    peaks: Sequence[tuple[float, float | None, bool]], limit: float
) -> tuple[float, float | None]:
    """Give the interval of a line in km from the mouth, of (km, peak, whether it is complete)."""
    nearest = max((km for km, peak, _ in peaks if peak is not None and peak >= limit), default=0.0)
    fresh = (
        km
        for km, peak, is_complete in peaks
        if km > nearest and is_complete and peak is not None and peak < limit
    )
    return nearest, min(fresh, default=None)
