"""This week beside the last, and what counts nowhere, worked out by hand."""

from datetime import timedelta

from hub.clock import to_us
from hub.water.answers import stations_answer, weeks_answer
from hub.water.flagged import Flagged
from hub.water.stations import HOUR_US, Station
from hub.water.weeks import weeks_of
from stream_jobs.worked import salinity
from tests.conftest import Hub
from tests.parts.sea import instant, series_of
from tests.unit.water.test_stations import AT, NOW, asked, send, water

__all__ = ["water"]  # a fixture

PLACE = Station("ST01", "", "", 5.0, "", {"drinking": 0.5, "orchard": 1.0})
# 20/3 6:20 is in the hour from 6:00, the last of 168: the first is 13/3 7:00.
ASKED = to_us(instant("2026-03-20T06:20"))
WEEK = 168


def test_by_the_clock_an_hour_stands_on_that_of_seven_days_before() -> None:
    # Hours up to 20/3 6:00. This week: 0.6, but 1.2 in eight hours; the week before: 0.4, but
    # 1.5 in four hours, from 6/3 7:00 on; and 9.0 in the hour before that, which is of neither.
    values = [9.0, *[1.5] * 4, *[0.4] * (WEEK - 4), *[0.6] * (WEEK - 8), *[1.2] * 8]
    weeks = weeks_of(PLACE, series_of(AT, values), (), ASKED, "clock")
    assert (weeks["from"][:16], weeks["until"][:16]) == ("2026-03-13T07:00", "2026-03-20T07:00")
    assert weeks["shift_seconds"] == 7 * 86_400
    over = {"0.5": WEEK, "1": 8, "4": 0}
    assert weeks["this"] == {"max": 1.2, "min": 0.6, "hours": WEEK, "hours_over": over}
    over = {"0.5": 4, "1": 4, "4": 0}
    assert weeks["before"] == {"max": 1.5, "min": 0.4, "hours": WEEK, "hours_over": over}
    first, last = weeks["hours"][0], weeks["hours"][-1]
    assert first["hour"] == "2026-03-13T07:00:00+07:00"
    assert (first["max"], first["before_max"]) == (0.6, 1.5)
    assert (last["max"], last["before_max"]) == (1.2, 0.4)


def test_by_the_tide_an_hour_stands_on_that_of_seven_tidal_days_before() -> None:
    # Seven times 24 h 50 min are 7 days 5 h 50 min: 20/3 5:00 was 12/3 23:10 then, so that what was
    # measured on 12/3 at 23:00 stands at 4:50, in the hour from 4:00, and 12/3 0:00 at 19/3 5:50.
    series = series_of(to_us(instant("2026-03-12T23:00")), [2.5, *[0.1] * 22, 3.5])
    weeks = weeks_of(PLACE, series, (), ASKED, "tide")
    before = {h["hour"][5:13]: h["before_max"] for h in weeks["hours"] if h["before_max"]}
    assert weeks["shift_seconds"] == (7 * 24 + 5) * 3_600 + 50 * 60
    assert (before["03-20T04"], before["03-19T05"], before["03-19T06"]) == (3.5, 2.5, 0.1)
    assert (len(before), weeks["before"]["hours"], weeks["this"]["hours"]) == (24, 24, 0)
    assert weeks["this"]["max"] is None


def test_an_hour_without_a_value_is_there_and_empty() -> None:
    weeks = weeks_of(PLACE, series_of(AT, [1.0, None, 2.0]), (), ASKED, "clock")
    assert len(weeks["hours"]) == WEEK
    assert [h["max"] for h in weeks["hours"][-4:]] == [None, 1.0, None, 2.0]
    assert weeks["this"]["hours"] == 2


def test_what_comes_after_the_instant_is_not_told() -> None:
    at = AT - 2 * HOUR_US
    late = Flagged(AT, 9.0, ("spike",))
    weeks = weeks_of(PLACE, series_of(AT, [1.0, 5.0, 6.0, 7.0]), [late], at, "clock")
    assert (weeks["this"]["max"], weeks["flagged"]) == (5.0, [])


def test_what_is_flagged_is_listed_with_why_and_is_in_no_number(water: Hub) -> None:
    # Hours up to 6:00; at 1:00 a spike of 9 g/L. 5:00 failed by its source, and at 6:00 it says
    # that the value is missing.
    values: list[float | None] = [round(2.0 + 0.1 * (n % 3), 1) for n in range(30)]
    values[-6] = 9.0
    values[-2:] = [None, None]
    send(water, "ST01", values)
    water.send("reading", salinity("ST01", "2026-03-20T05:00", 8.0, quality=4))
    missing = {**salinity("ST01", "2026-03-20T06:00", 0.0, quality=9), "value": None}
    water.send("reading", missing)
    weeks = asked(water, lambda b, c, at: weeks_answer(b, c, at, "tide"), "ST01")
    assert weeks is not None
    by_at = {f["at"][11:16]: (f["value"], f["tests"]) for f in weeks["flagged"]}
    assert by_at["05:00"] == (8.0, ["fail"])
    assert by_at["06:00"] == (None, ["missing"])
    assert by_at["01:00"][0] == 9.0
    assert "spike" in by_at["01:00"][1]
    assert weeks["this"]["max"] == 2.2
    (first, second) = asked(water, stations_answer)["stations"]
    # The newest value does not count: it stands beside the last that does.
    assert first["latest"]["at"] == f"{NOW - timedelta(hours=2):%Y-%m-%dT%H:%M:%S}+07:00"
    assert first["flagged"] == {
        "at": "2026-03-20T06:00:00+07:00",
        "value": None,
        "tests": ["missing"],
    }
    assert second["flagged"] is None


def test_a_flagged_value_before_the_last_that_counts_is_not_the_newest(water: Hub) -> None:
    send(water, "ST01", [1.0, 1.1, 1.2])
    water.send("reading", salinity("ST01", "2026-03-20T05:30", 8.0, quality=3))
    (first, _) = asked(water, stations_answer)["stations"]
    assert (first["latest"]["value"], first["flagged"]) == (1.2, None)
