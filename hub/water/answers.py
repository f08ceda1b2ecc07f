"""Answers about water, as the API, the command and the page give them: JSON of one book."""

from typing import Any

from hub.clock import DAY_US
from hub.figures.book import Book
from hub.water.branches import branches_at
from hub.water.measured import STATE_US, history, state_of
from hub.water.stations import LUNAR_DAY_US, NOTHING, is_checked, read_series, stations_at
from hub.water.tide import LEARNT_DAYS
from hub.water.windows import windows_of


def stations_answer(book: Book, at: int) -> dict[str, Any]:
    """List the stations in force at an instant, and how each stands."""
    series = read_series(book, at - STATE_US, at + 1)
    stations = [state_of(s, series.get(s.code, NOTHING), at) for s in stations_at(book, at)]
    return {"is_checked": is_checked(book), "stations": stations}


def station_answer(book: Book, code: str, at: int) -> dict[str, Any] | None:
    """Give one station with its hours, days and windows; None where the list has it not."""
    for station in stations_at(book, at):
        if station.code == code:
            known = read_series(book, at - LEARNT_DAYS * DAY_US, at + 1, code).get(code, NOTHING)
            return {
                "is_checked": is_checked(book),
                **state_of(station, known, at),
                **history(station, known, at),
                **windows_of(station, known, at),
            }
    return None


def branches_answer(book: Book, at: int) -> dict[str, Any]:
    """List the branches with their lines at an instant."""
    series = read_series(book, at - LUNAR_DAY_US, at + 1)
    branches = branches_at(stations_at(book, at), series, at)
    return {"is_checked": is_checked(book), "branches": branches}
