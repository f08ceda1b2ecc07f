"""Figures: rounding, targets, cuts in time, parts that add up, zero and no data."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hub import registry
from hub.clock import VIETNAM, to_us
from hub.figures.book import Ask, parted
from hub.figures.compute import read_question
from hub.figures.made_of import Wanted, facts
from hub.reference.periods import parse_period
from stream_jobs.worked import dossier, received, salinity
from tests.conftest import Hub
from tests.parts.asked import Json, keyed, ratios, whole
from tests.parts.depth import rounds

KPIS = registry.kpis()


# --- what has not begun ------------------------------------------------------------------------


def test_a_period_that_has_not_begun_has_no_figures(hub: Hub) -> None:
    """What is in progress now is not what will be in progress in 2030."""
    hub.send("dossier", received("A", "2023-05-01"))
    hub.send("reading", salinity("ST01", "2023-05-01T05:00", 1))
    for name in KPIS:
        assert hub.kpi(name, period="2030") == []
        assert hub.kpi(name, period="2023-06", at="2023-06-01T00:00:00+07:00") == []
    assert whole(hub.kpi("dossier_in_progress", period="2026")) == 1
    begun = {"period": "2023-06", "at": "2023-06-01T00:00:01+07:00"}
    assert whole(hub.kpi("dossier_in_progress", **begun)) == 1
    now = to_us(hub.now)
    question = read_question(KPIS["dossier_in_progress"], {"period": "2030"}, now)
    with hub.store.reading() as reading:
        made = facts(KPIS["dossier_in_progress"], question, hub.book(reading), Wanted())
    assert made["facts"] == []


@pytest.mark.parametrize(
    ("there", "offered", "apart"),
    [
        ({}, [], []),
        ({"1926": 1}, ["1926"], []),
        ({"2023": 900, "1926": 1}, ["2023"], ["1926"]),
        ({"2029": 1, "2026": 10, "2023": 900}, ["2026", "2023"], ["2029"]),
        ({"2023": 900, "2018": 2, "2013": 1, "2007": 1}, ["2023", "2018", "2013"], ["2007"]),
    ],
)
def test_a_wrong_year_is_not_offered_to_everybody(
    there: dict[str, int], offered: list[str], apart: list[str]
) -> None:
    assert parted(sorted(there.items(), reverse=True), "2026") == (offered, apart)


# --- dimensions --------------------------------------------------------------------------------


def test_roles_choose_whose_unit_is_meant(hub: Hub) -> None:
    hub.send(
        "dossier",
        received("A", "2023-05-01") | {"citizen_unit": "H57.9"},
        dossier("A", "resolved", "2023-05-02"),
        received("B", "2023-05-01") | {"received_by": "H57.3"},
    )
    ask = {"period": "2023", "by": "unit"}
    assert keyed(hub.kpi("dossier_received_new", **ask)) == {("H57.1",): 1, ("H57.3",): 1}
    assert keyed(hub.kpi("dossier_received_new", role="resolved_by", **ask)) == {("H57.2",): 2}
    citizens = keyed(hub.kpi("dossier_received_new", role="citizen", **ask))
    assert citizens == {("H57.9",): 1, (None,): 1}
    assert keyed(hub.kpi("dossier_resolved", **ask)) == {("H57.2",): 1}
    assert keyed(hub.kpi("dossier_resolved", role="received_by", **ask)) == {("H57.1",): 1}
    filtered = {"period": "2023", "unit": "H57.3"}
    assert whole(hub.kpi("dossier_received_new", **filtered)) == 1
    assert whole(hub.kpi("dossier_received_new", role="resolved_by", **filtered)) == 0


def test_cells_and_facts_answer_alike(hub: Hub) -> None:
    """Procedures have no cells of their own: those answers come from the facts."""
    codes = ["1.000001", "1.000002"]
    for i in range(6):
        day = f"2023-05-{i + 1:02}"
        channel = "online" if i % 3 == 0 else "post"
        first = received(f"D{i}", day, channel=channel) | {"procedure_code": codes[i % 2]}
        hub.send("dossier", first, *([dossier(f"D{i}", "resolved", day)] if i % 2 else []))
    for name in ("dossier_received_new", "dossier_in_progress", "dossier_received"):
        for at in ("2023-05-03T12:00:00+07:00", None):
            total = whole(hub.kpi(name, at, period="2023-05"))
            by_procedure = hub.kpi(name, at, period="2023-05", by="procedure")
            by_channel = hub.kpi(name, at, period="2023-05", by="channel")
            both = hub.kpi(name, at, period="2023-05", by="procedure,channel")
            for parts in (by_procedure, by_channel, both):
                assert sum(f["numerator"] for f in parts) == total


def test_parts_of_a_flow_add_up(hub: Hub) -> None:
    days = ["2023-01-01T00:00", "2023-01-31T23:59", "2023-02-01T00:00", "2023-12-31T23:59"]
    for i, day in enumerate([*days, "2022-12-31T23:59", "2024-01-01T00:00"]):
        hub.send("dossier", received(f"D{i}", day))
    name = "dossier_received_new"
    months = hub.kpi(name, period="2023", by="month")
    counted = [f["dims"]["month"] for f in months if f["numerator"]]
    assert counted == ["2023-01", "2023-02", "2023-12"]
    assert sum(f["numerator"] for f in months) == 4 == whole(hub.kpi(name, period="2023"))
    found = keyed(hub.kpi(name, period="2023-01", by="day"))
    assert {k: n for k, n in found.items() if n} == {("2023-01-01",): 1, ("2023-01-31",): 1}
    both = hub.kpi(name, period="2023-Q1", by="unit,month")
    assert {tuple(f["dims"].items()) for f in both if f["numerator"]} == {
        (("unit", "H57.1"), ("month", "2023-01")),
        (("unit", "H57.1"), ("month", "2023-02")),
    }


# --- time --------------------------------------------------------------------------------------


def test_flows_and_stocks_are_cut_at_the_instant_asked(hub: Hub) -> None:
    hub.send(
        "dossier",
        received("A", "2023-05-10T09:00"),
        received("B", "2023-05-10T11:00"),
        dossier("A", "resolved", "2023-05-10T10:30"),
    )
    expected = {
        "2023-05-10T09:00:00+07:00": (0, 0, 0),
        "2023-05-10T09:00:00.000001+07:00": (1, 1, 0),
        "2023-05-10T10:30:00+07:00": (1, 1, 0),
        "2023-05-10T10:30:00.000001+07:00": (1, 0, 1),
        "2023-05-10T11:00:00+07:00": (1, 0, 1),
        "2023-05-10T04:00:00.000001+00:00": (2, 1, 1),
        "2023-05-11T00:00:00+07:00": (2, 1, 1),
    }
    names = ("dossier_received_new", "dossier_in_progress", "dossier_resolved")
    for at, counts in expected.items():
        assert tuple(whole(hub.kpi(n, at, period="2023")) for n in names) == counts, at


def test_dossiers_become_overdue_with_the_clock_alone(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-06-01", due="2023-06-09"))
    ask = {"period": "2023"}
    name = "dossier_overdue"
    assert whole(hub.kpi(name, "2023-06-09T23:59:59.999999+07:00", **ask)) == 0
    assert whole(hub.kpi(name, "2023-06-10T00:00:00+07:00", **ask)) == 1
    assert whole(hub.kpi(name, "2029-06-10T00:00:00+07:00", **ask)) == 1
    hub.send("dossier", dossier("A", "resolved", "2023-06-10T08:00"))
    assert whole(hub.kpi(name, "2023-06-10T08:00:00+07:00", **ask)) == 1
    assert whole(hub.kpi(name, "2023-06-10T08:00:00.000001+07:00", **ask)) == 0


def test_events_of_the_future_wait(hub: Hub) -> None:
    """Of any age, and of no age yet: what is dated after the question is not in the answer."""
    hub.send("dossier", received("A", "2023-05-01"), received("LATER", "2025-01-01"))
    name = "dossier_received_new"
    assert whole(hub.kpi(name, "2023-05-02T00:00:00+07:00", period="2023")) == 1
    assert hub.kpi(name, "2023-05-02T00:00:00+07:00", period="2023", by="unit") != []
    assert whole(hub.kpi("dossier_in_progress", "2024-01-01T00:00:00+07:00", period="2023")) == 1
    assert hub.kpi(name, "2024-12-31T00:00:00+07:00", period="2025") == []
    assert whole(hub.kpi(name, "2026-01-01T00:00:00+07:00", period="2025")) == 1


def test_the_past_keeps_its_year_whatever_the_month_today(hub: Hub) -> None:
    """A past year is not cut at today's month."""
    hub.send("dossier", received("A", "2023-11-01"), dossier("A", "resolved", "2023-12-01"))
    hub.now = datetime(2026, 1, 15, tzinfo=VIETNAM)
    assert whole(hub.kpi("dossier_resolved", period="2023")) == 1
    assert whole(hub.kpi("dossier_received_new", period="2023-Q4")) == 1


ENDS = ["resolved", "returned", "refused", "withdrawn", "stopped", "processing"]


@st.composite
def histories(draw: st.DrawFn) -> list[Json]:
    """Dossiers received and ended (or not) in a few days around the turn of a month."""
    start = datetime(2023, 4, 29, tzinfo=VIETNAM)
    hours = st.integers(0, 24 * 4).map(lambda h: (start + timedelta(hours=h)).isoformat()[:16])
    events = []
    for i in range(draw(st.integers(1, 10))):
        due = draw(hours)
        events.append(
            received(f"D{i}", draw(hours), draw(st.sampled_from(["online", "post"])), due)
        )
        for _ in range(draw(st.integers(0, 2))):
            events.append(dossier(f"D{i}", draw(st.sampled_from(ENDS)), draw(hours)))
    return events


@settings(
    derandomize=True,
    max_examples=rounds(12, quick=4),
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(histories(), st.integers(0, 24 * 4))
def test_stocks_and_flows_balance(
    tmp_path_factory: pytest.TempPathFactory, events: list[Json], hours: int
) -> None:
    """06a: received = left + in progress; carried over = in progress a period before."""
    hub = Hub(tmp_path_factory.mktemp("hub"))
    hub.send("dossier", *events)
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT received_at, left_at, due_at FROM fact_dossier")
    at = datetime(2023, 4, 29, tzinfo=VIETNAM) + timedelta(hours=hours)
    for period, start, end in (
        ("2023-04", "2023-04-01", "2023-05-01"),
        ("2023-05", "2023-05-01", "2023-06-01"),
        ("2023-W18", "2023-05-01", "2023-05-08"),
        ("2023-04-30", "2023-04-30", "2023-05-01"),
    ):
        a, b = (_us(datetime.fromisoformat(d).replace(tzinfo=VIETNAM)) for d in (start, end))
        b = min(b, _us(at))
        if a > b:
            continue

        def ask(name: str, asked: str = period) -> int:
            return sum(f["numerator"] for f in hub.kpi(name, at.isoformat(), period=asked))

        left = sum(1 for r in rows if r[1] is not None and a <= r[1] < b)
        waiting = sum(1 for r in rows if r[0] < b and (r[1] is None or r[1] >= b))
        carried = sum(1 for r in rows if r[0] < a and (r[1] is None or r[1] >= a))
        new = sum(1 for r in rows if a <= r[0] < b)
        assert ask("dossier_received_new") == new
        assert ask("dossier_carried_over") == carried
        assert ask("dossier_received") == new + carried == left + waiting
        assert ask("dossier_in_progress") == waiting
        day = (b + 7 * 3_600_000_000) // 86_400_000_000
        overdue = sum(
            1
            for r in rows
            if r[0] < b
            and (r[1] is None or r[1] >= b)
            and day > (r[2] + 7 * 3_600_000_000) // 86_400_000_000
        )
        assert ask("dossier_overdue") == overdue
    if hours >= 48:
        before = hub.kpi("dossier_in_progress", at.isoformat(), period="2023-04")
        carried_over = hub.kpi("dossier_carried_over", at.isoformat(), period="2023-05")
        assert ratios(before) == ratios(carried_over)
    hub.close()


def _us(instant: datetime) -> int:
    return round(instant.timestamp()) * 1_000_000


# --- zero, nothing, completeness ---------------------------------------------------------------


def test_nothing_is_not_zero(hub: Hub) -> None:
    for name, kpi in KPIS.items():
        # No station reporting is 0 of those listed; without a clock policy nothing is said.
        if kpi.contract and not kpi.lists:
            assert hub.kpi(name, period="2023") == [], name
    hub.send("dossier", received("A", "2023-05-01"))
    assert whole(hub.kpi("dossier_resolved", period="2023-05")) == 0
    assert whole(hub.kpi("dossier_overdue", period="2023-05")) == 0
    assert hub.kpi("dossier_on_time_share", period="2023-05") == []
    assert hub.kpi("dossier_satisfaction_share", period="2023-05") == []
    assert hub.kpi("dossier_resolved", period="2022") == []
    assert hub.kpi("salinity_max", period="2023") == []
    hub.send("dossier", dossier("A", "rated", "2023-05-02", satisfied=False))
    (figure,) = hub.kpi("dossier_satisfaction_share", period="2023-05")
    assert (figure["value"], figure["numerator"], figure["denominator"]) == ("0.000000", 0, 1)


def test_a_share_is_not_available_over_nothing(hub: Hub) -> None:
    hub.send("reading", salinity("ST01", "2023-03-01", 1.5, quality=4))
    assert hub.kpi("salinity_mean", period="2023") == []
    assert hub.kpi("salinity_max", period="2023") == []
    assert whole(hub.kpi("salinity_hours_over_1", period="2023")) == 0


def test_a_period_that_has_not_begun_counts_nothing(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-06-10T08:00"), received("B", "2023-06-10T12:00"))
    assert hub.kpi("dossier_received_new", "2023-06-10T10:00:00+07:00", period="2024") == []


def test_clock_hours_are_distinct_over_stations_asked_together(hub: Hub) -> None:
    """K5: 05 and 06 of 1 March, 05 of 2 March; by hand, in the middle of a day too."""
    hub.send(
        "reading",
        salinity("ST01", "2023-03-01T05:00", 2),
        salinity("ST02", "2023-03-01T05:20", 2),
        salinity("ST03", "2023-03-01T05:40", 2),
        salinity("ST03", "2023-03-01T06:00", 2),
        salinity("ST02", "2023-03-01T15:00", 2),
        salinity("ST01", "2023-03-02T05:00", 2),
    )
    name = "salinity_hours_over_1"

    def hours(at: str | None = None, **asked: str) -> list[int]:
        return [f["numerator"] for f in hub.kpi(name, at, period="2023-03", **asked)]

    assert hours("2023-03-01T10:00:00+07:00") == [2]
    assert hours("2023-03-01T10:00:00+07:00", by="station") == [1, 1, 2]
    assert hours("2023-03-02T04:00:00+07:00") == [3]
    assert hours() == [4]
    assert hours(by="station") == [2, 2, 2]
    assert hours(station="ST03") == [2]
    assert hours(by="day")[:3] == [3, 1, 0]
    hub.send("reading", salinity("ST03", "2023-03-01T05:30", 2))
    hub.send(
        "reading", salinity("ST03", "2023-05-01T05:30", 2), salinity("ST1", "2023-03-01T09:00", 2)
    )
    assert hours() == [5]
    assert hours(by="station") == [2, 2, 2, 1]


def test_cells_of_stations_are_not_added_where_hours_are_asked_of_all(hub: Hub) -> None:
    """Where no cells of all together were kept, the facts are asked."""
    hub.send("reading", salinity("ST01", "2023-03-01T05:00", 2))
    hub.send("reading", salinity("ST02", "2023-03-01T05:20", 2))
    ask = Ask(parse_period("2023-03"), to_us(hub.now))
    with hub.store.reading() as reading:
        book = hub.book(reading)
        fact, measure = book.measure("reading.hours_over_1")
        book._owners[measure.name] = (fact, replace(measure, sets=(("station_code",),)))
        sums = book.sums(measure.name, ask, ask.period.start, ask.until)
    assert sums == {(): [(2, 1)]}
