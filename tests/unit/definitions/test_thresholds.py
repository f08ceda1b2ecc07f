"""Quality control: by hand, by another path, and as `ioos_qc` has it where that is of use."""

import random
from typing import Any

import numpy as np
import polars as pl
import pytest
from ioos_qc import qartod

from hub.definitions.thresholds import HOUR_US, SERIES, flags, thresholds_of
from hub.proof.flagging import recount_flags

FIRST = 1_772_298_000_000_000  # 2026-03-01T00:00:00+07:00
Rows = list[tuple[Any, ...]]


def series(*values: int | None, place: str = "A", quantity: str = "salinity") -> Rows:
    """Write hourly values; None is an hour that is not there."""
    return [
        (f"{place}{i}", place, quantity, FIRST + i * HOUR_US, v)
        for i, v in enumerate(values)
        if v is not None
    ]


def threshold(
    test: str, threshold: str, hours: int, station: str = "", **more: str
) -> dict[str, str]:
    row = {"quantity": "salinity", "station": station, "test": test, "threshold": threshold}
    return {**row, "hours": str(hours), "valid_from": "2021-01-01", "valid_to": "", **more}


def flagged(rows: Rows, *listed: dict[str, str], **more: Any) -> set[tuple[str, str]]:
    """Flag by columns, and make sure that plain Python says the same."""
    thresholds = thresholds_of({"thresholds": listed, **more})
    frame = flags(pl.DataFrame(rows, schema=SERIES, orient="row"), thresholds)
    by_columns = set(frame.select("entity", "test").rows())
    assert by_columns == recount_flags(rows, thresholds)
    return by_columns


def test_a_spike_is_flagged_and_its_neighbours_are_not() -> None:
    rows = series(5000, 5010, 9000, 5030, 5040, 1000, 5050)
    assert flagged(rows, threshold("spike", "1", 2)) == {("A2", "spike"), ("A5", "spike")}


def test_a_step_is_no_spike() -> None:
    assert flagged(series(5000, 5000, 9000, 9000), threshold("spike", "1", 2)) == set()


def test_at_the_threshold_nothing_is_flagged_beyond_it_is() -> None:
    rows = series(5000, 6000, 5000)
    assert flagged(rows, threshold("spike", "1", 2)) == set()
    assert flagged(rows, threshold("spike", "0.999", 2)) == {("A1", "spike")}
    assert flagged(rows, threshold("rate", "1", 2)) == set()
    assert flagged(rows, threshold("rate", "0.999", 2)) == {("A1", "rate"), ("A2", "rate")}


def test_a_rate_is_by_the_time_that_passed() -> None:
    # 3 g/L in three hours is 1 an hour; in one hour it is 3.
    rows = series(5000, None, None, 8000, 5000)
    assert flagged(rows, threshold("rate", "1.5", 3)) == {("A4", "rate")}


def test_beyond_a_gap_no_neighbour_is_asked() -> None:
    rows = series(5000, None, None, 9000, None, None, 5000)
    assert flagged(rows, threshold("spike", "1", 2), threshold("rate", "0.1", 2)) == set()
    assert flagged(rows, threshold("spike", "1", 3)) == {("A3", "spike")}


def test_a_flat_line_is_flagged_from_when_it_stood_so_long() -> None:
    rows = series(5000, 5050, 5050, 5050, 5050, 5050, 5060, 5060)
    # At hour 5 the value has stood since hour 1: four hours.
    assert flagged(rows, threshold("flat_line", "0", 4)) == {("A5", "flat_line")}
    assert flagged(rows, threshold("flat_line", "0.01", 4)) == {
        ("A5", "flat_line"),
        ("A6", "flat_line"),
        ("A7", "flat_line"),
    }


def test_a_flat_line_goes_over_a_gap_of_no_more_than_its_hours() -> None:
    # Hours 1, 2, 6: at 6 the value of hour 2 stood four hours before; from 1 on there are three.
    assert flagged(series(9, 7, 7, None, None, None, 7), threshold("flat_line", "0", 4)) == set()
    rows = series(9, 7, None, 7, None, 7)
    assert flagged(rows, threshold("flat_line", "0", 4)) == {("A5", "flat_line")}
    far = series(7, 7, *[None] * 8, 7, 7)
    assert flagged(far, threshold("flat_line", "0", 4)) == set()


def test_gross_range_is_by_the_list_of_ranges() -> None:
    row = {"quantity": "salinity", "station": "", "low": "0.1", "high": "8"}
    ranges = [{**row, "valid_from": "2021-01-01", "valid_to": ""}]
    assert flagged(series(99, 100, 8000, 8001), ranges=ranges) == {
        ("A0", "gross_range"),
        ("A3", "gross_range"),
    }


def test_a_stations_own_threshold_stands_in_the_place_of_the_one_for_all() -> None:
    rows = series(5000, 9000, 5000) + series(5000, 9000, 5000, place="B")
    own = threshold("spike", "10", 2, station="B")
    assert flagged(rows, threshold("spike", "1", 2), own) == {("A1", "spike")}
    over = {**own, "valid_to": "2026-01-01"}
    both = {("A1", "spike"), ("B1", "spike")}
    assert flagged(rows, threshold("spike", "1", 2), over) == both


def test_a_threshold_counts_from_its_day_on() -> None:
    rows = series(*[5000, 9000] * 20)
    later = threshold("spike", "1", 2, valid_from="2026-03-02")
    of_second_day = {(f"A{i}", "spike") for i in range(24, 39)}
    assert flagged(rows, later) == of_second_day


def test_without_a_threshold_nothing_is_flagged() -> None:
    rows = series(5000, 9000, 5000, quantity="temperature")
    assert flagged(rows, threshold("spike", "1", 2)) == set()


@pytest.mark.parametrize("seed", range(40))
def test_columns_and_plain_python_agree_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    rows: Rows = []
    for place in "ABC":
        at, value = FIRST, 5000
        for i in range(200):
            at += chance.choice([HOUR_US, HOUR_US, 1_800_000_000, 3 * HOUR_US, 9 * HOUR_US])
            value += chance.choice([0, 0, 0, 1, -1, 900, -900])
            rows.append((f"{place}{i}", place, "salinity", at, value))
    listed = [
        threshold("spike", "0.5", 3),
        threshold("rate", "0.4", 3),
        threshold("flat_line", "0.001", 4),
        threshold("flat_line", "0", 2, station="B", valid_to="2026-03-10"),
    ]
    there = flagged(rows, *listed)
    assert {test for _, test in there} == {"spike", "rate", "flat_line"}
    chance.shuffle(rows)
    assert flagged(rows, *listed) == there


@pytest.mark.parametrize("seed", range(10))
def test_on_hours_without_gaps_it_is_what_ioos_qc_says(seed: int) -> None:
    chance = np.random.default_rng(seed)
    values = 5000 + np.cumsum(chance.choice([0, 0, 0, 0, 1, -1, 700, -700], 300))
    rows = series(*(int(v) for v in values))
    at = np.array([r[3] for r in rows], "datetime64[us]")
    # Its thresholds are passed or not reached likewise; a flat line's range must be less.
    said = {
        "spike": qartod.spike_test(values, 500, method="differential"),
        "rate": qartod.rate_of_change_test(values, at, 500 / 3600),
        "flat_line": qartod.flat_line_test(values, at, 4 * 3600, 999 * 3600, tolerance=2),
    }
    listed = [
        threshold("spike", "0.5", 1),
        threshold("rate", "0.5", 1),
        threshold("flat_line", "0.001", 4),
    ]
    theirs = {
        (f"A{i}", test) for test, flag in said.items() for i in np.flatnonzero(flag == 3).tolist()
    }
    assert flagged(rows, *listed) == theirs
