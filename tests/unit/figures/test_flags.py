"""Figures without what is flagged, against values counted one by one, however a question is put."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.clock import VIETNAM, to_us
from hub.definitions.thresholds import thresholds_of
from hub.proof.flagging import recount_flags
from hub.reference.form import Row
from hub.reference.periods import parse_period
from stream_jobs.worked import salinity
from tests.conftest import Hub

FIRST = datetime(2023, 4, 29, tzinfo=VIETNAM)
HOURS = 24 * 6  # of two months
STATIONS = ("ST01", "ST02", "ST03")
Values = dict[tuple[str, int], int]  # thousandths, by station and hour


def listed(**more: str) -> list[Row]:
    common = {"quantity": "salinity", "station": "", "valid_from": "2021-01-01", "valid_to": ""}
    tests = (("spike", "1", "2"), ("rate", "1.5", "3"), ("flat_line", "0", "4"))
    return [
        {**common, "test": t, "threshold": n, "hours": h, "source": "", **more} for t, n, h in tests
    ]


def series(seed: int) -> Values:
    chance = random.Random(seed)
    values: Values = {}
    for station in STATIONS:
        value = 2000
        for hour in range(HOURS):
            value = max(100, value + chance.choice([0, 0, 0, 0, 10, -10, 1200, -1200]))
            if chance.random() < 0.9:
                values[station, hour] = value
    return values


def send(hub: Hub, values: Values) -> None:
    for (station, hour), milli in values.items():
        at = f"{FIRST + timedelta(hours=hour):%Y-%m-%dT%H:%M}"
        hub.post("reading", salinity(station, at, milli / 1000), sender="loggers")
    hub.runner.catch_up()


def counted(values: Values, rows: list[Row]) -> Values:
    """Give the values that are not flagged."""
    instants = {key: to_us(FIRST + timedelta(hours=key[1])) for key in values}
    of = {f"{s}{h}": (s, h) for s, h in values}
    plain = [(f"{s}{h}", s, "salinity", instants[s, h], v) for (s, h), v in values.items()]
    flagged = {of[name] for name, _ in recount_flags(plain, thresholds_of({"thresholds": rows}))}
    assert len(flagged) > 20
    return {key: v for key, v in values.items() if key not in flagged}


def by_hand(values: Values, period: str, station: str = "", until: datetime | None = None) -> Any:
    """Count the values of a period: the greatest, the mean's parts, hours of 1 g/L and over."""
    asked = parse_period(period)
    end = asked.end if until is None else min(asked.end, to_us(until))
    of = {
        (s, h): v
        for (s, h), v in values.items()
        if station in ("", s) and asked.start <= to_us(FIRST + timedelta(hours=h)) < end
    }
    hours = len({h for (_, h), v in of.items() if v >= 1000})
    return (max(of.values()), (sum(of.values()), len(of)), hours) if of else None


def asked(hub: Hub, period: str, station: str = "", at: str | None = None) -> Any:
    more = {"station": station} if station else {}
    greatest, mean, hours = (
        hub.kpi(f"salinity_{name}", at, period=period, **more)
        for name in ("max", "mean", "hours_over_1")
    )
    if not greatest:
        return None
    parts = mean[0]["numerator"], mean[0]["denominator"]
    return greatest[0]["numerator"], parts, hours[0]["numerator"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_flagged_is_in_no_figure(hub: Hub, seed: int) -> None:
    values = series(seed)
    send(hub, values)
    periods = ("2023", "2023-04", "2023-05", "2023-04-30", "2023-05-02")
    for period in periods:
        assert asked(hub, period) == by_hand(values, period)
    hub.reference = hub.reference.with_tables({"thresholds": listed()})
    left = counted(values, listed())
    for period in periods:
        for station in ("", *STATIONS):
            assert asked(hub, period, station) == by_hand(left, period, station), (period, station)
    # In the midst of a day, whose cells cannot be taken.
    until = datetime(2023, 5, 2, 13, 30, tzinfo=VIETNAM)
    for period in ("2023", "2023-05-02"):
        said = asked(hub, period, at=until.isoformat())
        assert said == by_hand(left, period, until=until)


def test_a_day_without_any_value_left_has_no_figure(hub: Hub) -> None:
    values = {("ST01", hour): 2000 for hour in range(48)}
    send(hub, values)
    hub.reference = hub.reference.with_tables({"thresholds": listed()})
    # Flat from hour 4 on: the second day has nothing that counts.
    assert asked(hub, "2023-04-29") == (2000, (8000, 4), 4)
    assert asked(hub, "2023-04-30") is None
    reporting = hub.kpi("stations_reporting_share", period="2023-04-30")
    assert reporting[0]["numerator"] == 0


def test_another_list_makes_other_flags_and_another_version(hub: Hub) -> None:
    values = series(4)
    send(hub, values)
    versions = []
    for rows in (listed(), listed(station="ST02"), listed(valid_from="2023-05-01"), listed()):
        hub.reference = hub.reference.with_tables({"thresholds": rows})
        versions.append(hub.kpi("salinity_max", period="2023")[0]["definition_version"])
        assert asked(hub, "2023") == by_hand(counted(values, rows), "2023")
    assert len(set(versions)) == 3
    assert versions[0] == versions[-1]
