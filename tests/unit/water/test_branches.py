"""Lines on a branch and what stations measured, worked out by hand."""

import numpy as np
import pytest

from hub.clock import to_us
from hub.water.branches import branches_at, line
from hub.water.stations import HOUR_US, LINES, Series, Station
from tests.parts.sea import instant, series_of

AT = to_us(instant("2026-03-20T06:00"))
FOUR = [Station(f"ST0{n}", "", "Hàm Luông", km, "", {}) for n, km in enumerate([5.0, 12, 20, 31])]


def hours(*values: float | None) -> Series:
    """Make hours up to `AT`, the last value the one of `AT`; none is missing."""
    return series_of(AT, values)


def steady(grams: float) -> Series:
    return hours(*[grams] * 30)


# By hand: peaks at km 5, 12, 20, 31; the line lies beyond the last that reached it and before the
# next that surely did not.
@pytest.mark.parametrize(
    ("peaks", "interval"),
    [
        ([(5, 9.0, True), (12, 5.0, True), (20, 2.0, True), (31, 0.2, True)], (12, 20)),
        ([(5, 9.0, True), (12, 5.0, True), (20, None, False), (31, 0.2, True)], (12, 31)),
        ([(5, 9.0, True), (12, 5.0, True), (20, 2.0, False), (31, 0.2, True)], (12, 31)),
        ([(5, 9.0, True), (12, None, False), (20, 2.0, True), (31, 0.2, True)], (5, 20)),
        ([(5, None, False), (12, 5.0, False), (20, 2.0, True), (31, 0.2, True)], (12, 20)),
        ([(5, 9.0, True), (12, 5.0, True), (20, 2.0, True), (31, 4.0, True)], (31, None)),
        ([(5, 9.0, True), (12, 5.0, True), (20, 2.0, False), (31, None, False)], (12, None)),
        ([(5, 0.1, True), (12, 0.1, True), (20, 0.1, True), (31, 0.1, True)], (0, 5)),
        ([(5, 0.1, False), (12, None, False)], (0, None)),
        (
            [(5, 3.0, True), (12, 5.0, True), (20, 2.0, True)],
            (12, 20),
        ),  # sea water past a fresh one
        ([], (0, None)),
    ],
)
def test_a_line_is_an_interval_that_a_missing_station_widens(
    peaks: list[tuple[float, float | None, bool]], interval: tuple[float, float | None]
) -> None:
    assert line(peaks, 4.0) == interval


def test_taking_any_station_away_never_narrows_a_line() -> None:
    chance = np.random.default_rng(3)
    for _ in range(300):
        count = int(chance.integers(1, 7))
        peaks: list[tuple[float, float | None, bool]] = [
            (float(km), float(chance.choice([0.5, 2.0, 6.0])), True) for km in range(1, count + 1)
        ]
        low, high = line(peaks, 4.0)
        for gone in range(count):
            fewer = [(km, None, False) if i == gone else (km, p, c)
                     for i, (km, p, c) in enumerate(peaks)]  # fmt: skip
            low_then, high_then = line(fewer, 4.0)
            assert low_then <= low
            assert high_then is None or (high is not None and high_then >= high) or low_then < low


def test_a_gap_of_a_tidal_day_makes_a_station_say_nothing_of_freshness() -> None:
    whole = {"ST00": steady(9), "ST01": steady(5), "ST02": steady(2), "ST03": steady(0.2)}
    (branch,) = branches_at(FOUR, whole, AT)
    assert [(one["from_km"], one["until_km"]) for one in branch["lines"]] == [(20, 31), (12, 20)]
    # One hour missing is two hours between neighbours; with two missing a peak may have passed.
    one_gone = hours(*[2.0] * 20, None, *[2.0] * 9)
    two_gone = hours(*[2.0] * 20, None, None, *[2.0] * 8)
    stopped = hours(*[2.0] * 27, None, None, None)
    for series, until in ((one_gone, 20), (two_gone, 31), (stopped, 31)):
        (branch,) = branches_at(FOUR, {**whole, "ST02": series}, AT)
        assert branch["lines"][LINES.index(4.0)]["until_km"] == until
    # What was over the line counts, whatever else is missing.
    (branch,) = branches_at(FOUR, {**whole, "ST02": hours(4.5, *[None] * 20)}, AT)
    assert branch["lines"][LINES.index(4.0)]["from_km"] == 20


def test_values_older_than_a_tidal_day_do_not_count() -> None:
    older = series_of(AT - 25 * HOUR_US, [9.0] * 30)  # its last is 25 h ago; a tidal day is 24:50
    (branch,) = branches_at(FOUR[:1], {"ST00": older}, AT)
    assert branch["stations"][0]["peak"] is None


def test_stations_without_branch_or_distance_are_on_no_line() -> None:
    strays = [Station("A", "", "", 5.0, "", {}), Station("B", "", "Tiền", None, "", {})]
    assert branches_at(strays, {"A": steady(9), "B": steady(9)}, AT) == []
