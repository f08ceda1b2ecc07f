"""Answers about water, as the API, the command and the page give them: JSON of one book."""

from typing import Any

from hub.clock import DAY_US
from hub.figures.book import Book
from hub.water.branches import branches_at
from hub.water.flagged import read_flagged
from hub.water.measured import STATE_US, history, state_of
from hub.water.stations import (
    LUNAR_DAY_US,
    NOTHING,
    Station,
    is_checked,
    read_series,
    stations_at,
)
from hub.water.tide import LEARNT_DAYS
from hub.water.weeks import SHIFTS, By, week_start, weeks_of
from hub.water.windows import windows_of


def stations_answer(book: Book, at: int) -> dict[str, Any]:
    """List the stations in force at an instant, and how each stands.

    `flagged` is the last value that counts nowhere, where it is later than the last that counts.
    """
    span = at - STATE_US, at + 1
    series, flagged = read_series(book, *span), read_flagged(book, *span)
    stations = []
    for station in stations_at(book, at):
        known = series.get(station.code, NOTHING)
        last = int(known.at[-1]) if len(known.at) else 0
        later = [f.public() for f in flagged.get(station.code, ()) if f.at > last]
        stations.append({**state_of(station, known, at), "flagged": later[-1] if later else None})
    return {"is_checked": is_checked(book), "stations": stations}


def station_answer(book: Book, code: str, at: int) -> dict[str, Any] | None:
    """Give one station with its hours, days and windows; None where the list has it not."""
    station = _station(book, code, at)
    if station is None:
        return None
    known = read_series(book, at - LEARNT_DAYS * DAY_US, at + 1, code).get(code, NOTHING)
    return {
        "is_checked": is_checked(book),
        **state_of(station, known, at),
        **history(station, known, at),
        **windows_of(station, known, at),
    }


def weeks_answer(book: Book, code: str, at: int, by: By) -> dict[str, Any] | None:
    """Give a station's last seven days beside the week before; None where the list has it not."""
    station = _station(book, code, at)
    if station is None:
        return None
    start = week_start(at)
    known = read_series(book, start - SHIFTS[by], at + 1, code).get(code, NOTHING)
    flagged = read_flagged(book, start, at + 1, code).get(code, ())
    return {
        "is_checked": is_checked(book),
        "station": code,
        "thresholds": station.thresholds,
        **weeks_of(station, known, flagged, at, by),
    }


def _station(book: Book, code: str, at: int) -> Station | None:
    return next((s for s in stations_at(book, at) if s.code == code), None)


def branches_answer(book: Book, at: int) -> dict[str, Any]:
    """List the branches with their lines at an instant."""
    series = read_series(book, at - LUNAR_DAY_US, at + 1)
    branches = branches_at(stations_at(book, at), series, at)
    return {"is_checked": is_checked(book), "branches": branches}
