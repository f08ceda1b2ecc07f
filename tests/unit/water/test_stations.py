"""What stations measured, of a hub's facts and lists, worked out by hand."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.clock import to_us
from hub.reference.form import Row
from hub.water.answers import branches_answer, station_answer, stations_answer
from stream_jobs.worked import salinity
from tests.conftest import Hub
from tests.parts.sea import instant, sea
from tests.unit.figures.test_flags import listed

NOW = instant("2026-03-20T06:00")
AT = to_us(NOW)


def station(code: str, km: str = "", **more: str) -> Row:
    row = {"code": code, "name_vi": f"Trạm {code}", "branch": "Tiền", "chainage_km": km}
    return {**row, "valid_from": "2021-01-01", "valid_to": "", "source": "", **more}


STATIONS = [
    station("ST01", "5", owner="H57.30", limit_orchard="1", limit_rice="4"),
    station("ST02", "20"),
    station("ST03", "9", valid_to="2026-03-20"),  # gone since that day
]


@pytest.fixture
def water(tmp_path: Path) -> Iterator[Hub]:
    opened = Hub(tmp_path)
    opened.now = NOW
    tables = {"stations": STATIONS, "thresholds": listed()}
    opened.reference = opened.reference.with_tables(tables)
    yield opened
    opened.close()


def send(hub: Hub, code: str, values: Sequence[float | None]) -> None:
    """Send hours up to `NOW`, the last value that of `NOW`; none is not sent."""
    first = NOW - timedelta(hours=len(values) - 1)
    events = [
        salinity(code, f"{first + timedelta(hours=n):%Y-%m-%dT%H:%M}", grams)
        for n, grams in enumerate(values)
        if grams is not None
    ]
    for start in range(0, len(events), 1_000):
        assert hub.post("reading", *events[start : start + 1_000]).body["rejected"] == []
    hub.runner.catch_up()


def asked(hub: Hub, answer: Any, *more: Any, at: int = AT) -> Any:
    with hub.store.reading() as reading:
        return answer(hub.book(reading), *more, at)


def test_a_station_is_told_with_its_trend_at_the_same_tide_and_its_hours(water: Hub) -> None:
    # From 4:00 of yesterday on; 5:10 of yesterday, a tidal day ago, is 10 minutes after 5:00: 2.0
    # and a sixth of the way to 2.6.
    send(water, "ST01", [1.4, 2.0, 2.6, *[2.2, 1.8] * 8, 1.2, 0.8, 0.9, 1.0, 2.4, 3.8, 4.5, 4.1])
    first, second = asked(water, stations_answer)["stations"]
    assert (first["station"], second["station"]) == ("ST01", "ST02")
    assert first["latest"] == {"at": "2026-03-20T06:00:00+07:00", "value": 4.1, "trend": 2.0}
    assert first["today"] == {
        "day": "2026-03-20",
        "max": 4.5,
        "min": 0.8,
        "hours_over": {"1": 5, "4": 2},  # from 2:00 on, and at 5:00 and 6:00
    }
    assert (second["latest"], second["today"]) == (None, None)


def test_hours_and_days_have_their_greatest_and_least(water: Hub) -> None:
    send(water, "ST01", [0.5, 1.0, 1.5, 1.2])
    water.send("reading", salinity("ST01", "2026-03-20T05:30", 1.9))
    told = asked(water, station_answer, "ST01")
    assert [(h["hour"][11:16], h["max"], h["min"]) for h in told["hourly"]] == [
        ("03:00", 0.5, 0.5),
        ("04:00", 1.0, 1.0),
        ("05:00", 1.9, 1.5),
        ("06:00", 1.2, 1.2),
    ]
    (day,) = told["daily"]
    assert (day["max"], day["min"], day["hours_over"]) == (1.9, 0.5, {"1": 3, "4": 0})
    assert told["withheld"]["reason"] == "gap"
    assert asked(water, station_answer, "ST09") is None
    assert asked(water, station_answer, "ST03") is None


def test_a_spike_and_a_flat_line_are_in_nothing_that_is_told(water: Hub) -> None:
    # A spike of 9 g/L at 0:00; from 1:00 on it stands still.
    values: list[float | None] = [round(2.0 + 0.1 * (n % 3), 1) for n in range(24)]
    values[-7] = 9.0
    values[-5:] = [2.0] * 5
    send(water, "ST01", values)
    send(water, "ST02", [round(0.1 + 0.01 * (n % 5), 2) for n in range(30)])
    (first, _) = asked(water, stations_answer)["stations"]
    # Today the spike is flagged, 1:00 by its rate, and 5:00 and 6:00: it stands still since 1:00.
    assert (first["today"]["max"], first["today"]["min"]) == (2.0, 2.0)
    assert first["latest"]["at"] == "2026-03-20T04:00:00+07:00"
    (branch,) = asked(water, branches_answer)["branches"]
    # The spike would have put the line of 4 g/L beyond km 5; without it, the station says nothing.
    assert branch["lines"] == [
        {"grams_per_litre": 1.0, "from_km": 5.0, "until_km": 20.0},
        {"grams_per_litre": 4.0, "from_km": 0.0, "until_km": 20.0},
    ]


@pytest.mark.slow
def test_windows_are_of_values_that_are_not_flagged(water: Hub) -> None:
    known = sea(instant("2025-08-10T00:00"), NOW + timedelta(hours=1), seed=7)
    values: list[float | None] = [float(grams) for grams in known.grams]
    values[-9:] = [values[-9]] * 9  # from 22:00 on it stands still
    send(water, "ST01", values)
    only_flat = [row for row in listed() if row["test"] == "flat_line"]
    water.reference = water.reference.with_tables({"thresholds": only_flat})
    before = asked(water, station_answer, "ST01", at=to_us(instant("2026-03-19T22:00")))
    assert before["withheld"] is None
    assert {w["use"] for w in before["windows"]} == {"rice"}  # the station is near the sea
    assert all(w["at_most"] < w["limit"] == 4 for w in before["windows"])
    assert before["trial"]["mean_error"] < before["trial"]["naive_mean_error"]
    # Of nine equal hours those count that stood for less than four: what is left is too old.
    told = asked(water, station_answer, "ST01")
    assert told["latest"]["at"] == "2026-03-20T01:00:00+07:00"
    assert (told["windows"], told["withheld"]["reason"]) == ([], "gap")
