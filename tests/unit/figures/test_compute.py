"""Figures: rounding, targets, cuts in time, parts that add up, zero and no data."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hub import registry
from hub.clock import VIETNAM
from hub.figures.compute import QuestionError, read_question, write_value
from hub.reference.lists import Target
from stream_jobs.worked import dossier, paid, received, salinity
from tests.conftest import Hub

KPIS = registry.kpis()
SHARE = KPIS["dossier_online_share"]
MEAN = KPIS["salinity_mean"]
Json = dict[str, Any]


def ratios(figures: list[Json]) -> list[tuple[int, int]]:
    return [(f["numerator"], f["denominator"]) for f in figures]


def whole(figures: list[Json]) -> int:
    (figure,) = figures
    assert figure["value"] == str(figure["numerator"])
    return int(figure["numerator"])


def keyed(figures: list[Json]) -> dict[tuple[Any, ...], int]:
    return {tuple(f["dims"].values()): f["numerator"] for f in figures}


# --- values and targets ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numerator", "denominator", "value"),
    [
        (213_995, 605_859, "0.353209"),
        (453_908, 867_427, "0.523281"),
        (1, 3, "0.333333"),
        (2, 3, "0.666667"),
        (1, 2_000_000, "0.000001"),  # exactly half of the last place: up
        (3, 2_000_000, "0.000002"),
        (5, 2_000_000, "0.000003"),
        (1, 2_000_001, "0.000000"),
        (999_999_5, 10_000_000, "1.000000"),
        (999_999_4, 10_000_000, "0.999999"),
        (0, 7, "0.000000"),
        (7, 7, "1.000000"),
    ],
)
def test_shares_are_rounded_half_up_to_six_places(
    numerator: int, denominator: int, value: str
) -> None:
    assert write_value(SHARE, numerator, denominator) == value


def test_scaled_values_are_divided_exactly() -> None:
    assert write_value(MEAN, 4_123, 1) == "4.123000"
    assert write_value(MEAN, 10, 3) == "0.003333"
    assert write_value(KPIS["dossier_received"], 605_859, 1) == "605859"
    assert write_value(KPIS["payment_amount"], 10**22, 1) == "1" + "0" * 22


@pytest.mark.parametrize(
    ("op", "value", "numerator", "denominator", "is_met"),
    [
        (">=", "0.5", 1, 2, True),
        (">", "0.5", 1, 2, False),
        (">", "0.5", 500_000_001, 1_000_000_000, True),
        (">=", "0.5", 499_999_999, 1_000_000_000, False),
        (">=", "0.7", 7, 10, True),  # a float would say 0.7 * 10 > 7
        (">=", "0.1", 3, 30, True),
        (">", "0.9", 2_250, 3_718, False),
        (">=", "1", 1, 1, True),
        (">", "1", 1, 1, False),
    ],
)
def test_targets_are_compared_exactly(
    op: str, value: str, numerator: int, denominator: int, is_met: bool
) -> None:
    assert Target(op, Decimal(value)).is_met(numerator, denominator) is is_met


def _with_target(hub: Hub, op: str, first: str = "2023-01-01", last: str = "2024-01-01") -> None:
    row = {
        "kpi": "dossier_online_share_new",
        "level": "province",
        "valid_from": first,
        "valid_to": last,
        "op": op,
        "value": "0.5",
        "source": "test",
    }
    hub.reference = hub.reference.with_tables({"targets": [row]})


@pytest.mark.parametrize(("op", "is_met"), [(">", False), (">=", True)])
def test_a_figure_says_whether_its_target_is_met(hub: Hub, op: str, is_met: bool) -> None:
    _with_target(hub, op)
    hub.send("dossier", received("A", "2023-05-01", channel="online"), received("B", "2023-05-02"))
    name = "dossier_online_share_new"
    (figure,) = hub.kpi(name, period="2023")
    assert (figure["target"], figure["met"]) == ({"op": op, "value": "0.5"}, is_met)
    assert figure["value"] == "0.500000"
    (may,) = hub.kpi(name, period="2023-05")
    assert (may["target"]["op"], may["met"]) == (op, is_met)


def test_no_target_no_verdict(hub: Hub) -> None:
    _with_target(hub, ">=")
    name = "dossier_online_share_new"
    hub.send("dossier", received("A", "2023-12-31"), received("B", "2024-01-01"))
    for asked in (
        {"period": "2024"},
        {"period": "2024-W01"},
        {"period": "2023", "by": "unit"},
        {"period": "2023", "channel": "counter"},
    ):
        for figure in hub.kpi(name, **asked):
            assert (figure["target"], figure["met"]) == (None, None), asked
    # A week that is not all of it in the target's year has no target.
    hub.send("dossier", received("C", "2022-12-31"))
    (figure,) = hub.kpi(name, period="2022-W52")
    assert figure["target"] is None


# --- questions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kpi", "asked", "parameter"),
    [
        ("dossier_received", {"by": "colour"}, "by"),
        ("dossier_received", {"by": "unit,station"}, "by"),
        ("dossier_received", {"station": "ST01"}, "station"),
        ("dossier_received", {"perid": "2023"}, "perid"),
        ("dossier_received", {"period": "2023-13"}, "period"),
        ("dossier_received", {"period": "bao giờ"}, "period"),
        ("dossier_received", {"role": "mayor"}, "role"),
        ("salinity_max", {"role": "received_by"}, "role"),
        ("dossier_received", {"at": "2023-05-01T00:00:00"}, "at"),
        ("dossier_received", {"at": "yesterday"}, "at"),
        ("dossier_received", {"at": "2023-05-01"}, "at"),
        ("dossier_received", {"at": ""}, "at"),
    ],
)
def test_a_question_that_cannot_be_answered_names_what_is_wrong(
    kpi: str, asked: dict[str, str], parameter: str
) -> None:
    with pytest.raises(QuestionError) as caught:
        read_question(KPIS[kpi], asked, 0)
    assert caught.value.field == parameter
    assert caught.value.vi != caught.value.en


def test_the_default_is_the_current_year_in_vietnam(hub: Hub) -> None:
    kpi = KPIS["dossier_received"]
    hub.now = datetime(2025, 12, 31, 23, 59, tzinfo=VIETNAM)
    before = int(hub.now.timestamp()) * 1_000_000
    assert read_question(kpi, {}, before).period.text == "2025"
    assert read_question(kpi, {}, before + 60_000_000).period.text == "2026"
    asked = read_question(kpi, {"at": "2024-12-31T17:00:00Z"}, before)
    assert asked.period.text == "2025"
    # A plus sign that came through a query as a blank is the same instant.
    texts = ("2024-05-01T00:00:00+07:00", "2024-05-01T00:00:00 07:00")
    assert len({read_question(kpi, {"at": t}, before).at for t in texts}) == 1


def test_months_of_a_week_cannot_be_asked_for(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-02-13"))
    with pytest.raises(QuestionError) as caught:
        hub.kpi("dossier_received", period="2023-W07", by="month")
    assert caught.value.field == "by"
    assert keyed(hub.kpi("dossier_received_new", period="2023-W07", by="day"))[("2023-02-13",)] == 1


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
    hub.send("dossier", received("A", "2023-05-01"), received("LATER", "2031-01-01"))
    name = "dossier_received_new"
    assert whole(hub.kpi(name, "2023-05-02T00:00:00+07:00", period="2023")) == 1
    assert hub.kpi(name, "2023-05-02T00:00:00+07:00", period="2023", by="unit") != []
    assert whole(hub.kpi("dossier_in_progress", "2024-01-01T00:00:00+07:00", period="2023")) == 1
    assert hub.kpi(name, period="2031") == []
    assert whole(hub.kpi(name, "2032-01-01T00:00:00+07:00", period="2031")) == 1


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
    deadline=None,
    max_examples=12,
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


# --- payments ----------------------------------------------------------------------------------

UNITS = [
    {"code": "H57", "level": "province", "parent": ""},
    {"code": "H57.1", "level": "district", "parent": "H57"},
    {"code": "H57.2", "level": "district", "parent": "H57"},
    {"code": "H57.8", "level": "department", "parent": "H57"},
    {"code": "H57.11", "level": "commune", "parent": "H57.1"},
    {"code": "H57.12", "level": "commune", "parent": "H57.1"},
]


@pytest.fixture
def areas(hub: Hub) -> Hub:
    rows = [u | {"name_vi": "", "valid_from": "2021-01-01", "valid_to": ""} for u in UNITS]
    hub.reference = hub.reference.with_tables({"units": rows})
    return hub


def pay(hub: Hub, period: str, amount: int, area: str = "H57", **more: Any) -> None:
    hub.send("payment", paid("cashless", period, customers=1, amount=amount, area=area, **more))


def amounts(hub: Hub, period: str, **asked: str) -> list[int]:
    """Ask for the total: nothing where it is not available."""
    found = hub.kpi("payment_amount", period=period, **asked)
    return [f["numerator"] for f in found]


def test_a_statistic_of_the_period_itself_wins_over_finer_ones(areas: Hub) -> None:
    for number in range(1, 13):
        pay(areas, f"2023-{number:02}", 10)
    assert amounts(areas, "2023") == [120]
    pay(areas, "2023", 7)
    assert amounts(areas, "2023") == [7]
    assert amounts(areas, "2023-H1") == [60]
    assert amounts(areas, "2023-Q4") == [30]
    assert amounts(areas, "2023-05") == [10]


def test_finer_statistics_stand_only_without_a_gap(areas: Hub) -> None:
    for number in (1, 2):
        pay(areas, f"2023-{number:02}", 10)
    assert amounts(areas, "2023-Q1") == []
    for day in range(1, 31):
        pay(areas, f"2023-03-{day:02}", 1)
    assert amounts(areas, "2023-Q1") == []
    assert amounts(areas, "2023-03") == []
    pay(areas, "2023-03-31", 0)
    assert amounts(areas, "2023-03") == [30]
    assert amounts(areas, "2023-Q1") == [50]
    assert amounts(areas, "2023-W10") == [7]
    assert amounts(areas, "2023-W09") == []  # two of its days are February's
    assert amounts(areas, "2023") == []


def test_coarser_statistics_are_never_split(areas: Hub) -> None:
    pay(areas, "2023", 120)
    for period in ("2023-05", "2023-H1", "2023-W07", "2023-05-17"):
        assert amounts(areas, period) == []


def test_a_week_over_new_year_takes_its_days_from_both_years(areas: Hub) -> None:
    days = ["2024-12-30", "2024-12-31", *(f"2025-01-{d:02}" for d in range(1, 6))]
    for i, day in enumerate(days):
        pay(areas, day, 10**i)
    assert amounts(areas, "2025-W01") == [1_111_111]


def test_the_highest_revision_counts_whatever_came_last(areas: Hub) -> None:
    pay(areas, "2023", 30, revision=3)
    pay(areas, "2023", 10, revision=1)
    pay(areas, "2023", 20, revision=2)
    assert amounts(areas, "2023") == [30]


def test_an_area_and_its_parts_are_never_both_counted(areas: Hub) -> None:
    pay(areas, "2023", 40, "H57.1")
    pay(areas, "2023", 60, "H57.2")
    assert amounts(areas, "2023") == [100]
    assert amounts(areas, "2023", area="H57") == [100]
    pay(areas, "2023", 30, "H57.11")
    assert amounts(areas, "2023") == [100]
    pay(areas, "2023", 101)
    assert amounts(areas, "2023") == [101]
    assert amounts(areas, "2023", area="H57") == [101]
    assert amounts(areas, "2023", area="H57.1") == [40]
    assert amounts(areas, "2023", area="H57.11") == [30]
    found = keyed(areas.kpi("payment_amount", period="2023", by="area"))
    assert found == {("H57",): 101, ("H57.1",): 40, ("H57.2",): 60, ("H57.11",): 30}


def test_parts_stand_for_an_area_only_if_all_are_there(areas: Hub) -> None:
    pay(areas, "2023", 30, "H57.11")
    pay(areas, "2023", 60, "H57.2")
    assert amounts(areas, "2023", area="H57.1") == []
    assert amounts(areas, "2023", area="H57") == []
    pay(areas, "2023", 5, "H57.12")
    assert amounts(areas, "2023", area="H57.1") == [35]
    assert amounts(areas, "2023", area="H57") == [95]


def test_each_reporter_service_and_method_is_taken_by_itself(areas: Hub) -> None:
    pay(areas, "2023", 5)
    pay(areas, "2023", 7, reporter="NH.1")
    for number in range(1, 13):
        pay(areas, f"2023-{number:02}", 1, service="water")
    pay(areas, "2023-01", 1_000, reporter="NH.2")
    assert amounts(areas, "2023") == [24]
    assert amounts(areas, "2023", service="water") == [12]
    assert amounts(areas, "2023", reporter="NH.1", service="electricity") == [7]
    assert amounts(areas, "2023", reporter="NH.2") == []
    assert keyed(areas.kpi("payment_amount", period="2023", by="reporter,service")) == {
        ("DIENLUC", "electricity"): 5,
        ("DIENLUC", "water"): 12,
        ("NH.1", "electricity"): 7,
    }


# --- zero, nothing, completeness ---------------------------------------------------------------


def test_nothing_is_not_zero(hub: Hub) -> None:
    listed = ("stations_reporting_share",)  # no station reporting is 0 of those there are
    for name, kpi in KPIS.items():
        if kpi.contract and name not in listed:
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


def test_a_statistic_of_nothing_is_zero(hub: Hub) -> None:
    pay(hub, "2023", 0)
    assert amounts(hub, "2023") == [0]
    assert hub.kpi("payment_cashless_amount_share", period="2023") == []


def test_a_share_is_not_available_over_nothing(hub: Hub) -> None:
    hub.send("reading", salinity("ST01", "2023-03-01", 1.5, quality=4))
    assert hub.kpi("salinity_mean", period="2023") == []
    assert hub.kpi("salinity_max", period="2023") == []
    assert whole(hub.kpi("salinity_hours_over_1", period="2023")) == 0


def completeness(hub: Hub, period: str, at: str | None = None) -> float:
    (figure,) = hub.kpi("dossier_received", at, period=period)
    return float(figure["completeness"])


def test_dossiers_without_reception_lower_completeness(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-05-17"), sender="one_stop")
    assert completeness(hub, "2023-05-17") == 1.0
    hub.send("dossier", dossier("LOST", "resolved", "2023-05-17"), sender="one_stop")
    assert completeness(hub, "2023-05-17") == 0.5
    assert whole(hub.kpi("dossier_resolved", period="2023-05-17")) == 0
    late = received("LOST", "2023-05-17T07:00")
    hub.send("dossier", late, sender="one_stop")
    assert completeness(hub, "2023-05-17") == 1.0
    withdrawal = dossier("LOST", "retracted", "2023-05-18", retracts=late["event_id"])
    hub.send("dossier", withdrawal, sender="one_stop")
    assert completeness(hub, "2023-05-17") == 0.5


def test_holidays_of_the_past_are_not_missing_days(hub: Hub) -> None:
    """1 to 3 May 2023 were holidays: Thursday and Friday were due, and the weekend was not."""
    hub.send("dossier", received("A", "2023-05-04"), sender="one_stop")
    assert completeness(hub, "2023-W18") == 0.5
    hub.send("dossier", received("B", "2023-05-05"), sender="one_stop")
    assert completeness(hub, "2023-W18") == 1.0
    assert ratios(hub.kpi("source_complete_share", period="2023-W18", source="one_stop")) == [
        (2, 2)
    ]
    calendar = [r for r in hub.reference.tables["calendar"] if not r["date"].startswith("2023-05")]
    hub.reference = hub.reference.with_tables({"calendar": calendar})
    assert completeness(hub, "2023-W18") == 0.4


def test_a_swapped_saturday_is_due(hub: Hub) -> None:
    row = {"date": "2023-05-20", "kind": "working", "name_vi": "", "source": "test"}
    calendar = [*hub.reference.tables["calendar"], row]
    hub.send("dossier", *(received(f"D{d}", f"2023-05-{d}") for d in range(15, 20)))
    ask = {"period": "2023-W20", "source": "one_stop"}
    assert ratios(hub.kpi("source_complete_share", **ask)) == [(0, 5)]
    hub.reference = hub.reference.with_tables({"calendar": calendar})
    assert ratios(hub.kpi("source_complete_share", **ask)) == [(0, 6)]
    hub.send("dossier", received("E", "2023-05-20"), sender="one_stop")
    assert ratios(hub.kpi("source_complete_share", **ask)) == [(1, 6)]


def test_only_what_was_due_by_then_is_missing(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-05-15"), sender="one_stop")
    assert completeness(hub, "2023-W20", "2023-05-16T00:00:00+07:00") == 1.0
    assert completeness(hub, "2023-W20", "2023-05-16T23:00:00+07:00") == 1.0
    assert completeness(hub, "2023-W20", "2023-05-17T00:00:00+07:00") == 0.5
    assert completeness(hub, "2023-W20") == 0.2


def test_a_figure_names_what_it_was_made_of(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-05-15"))
    (before,) = hub.kpi("dossier_received", period="2023")
    assert before["status"] == "provisional"
    assert before["cut"] == "dossier=1"
    assert before["fresh_at"] == "2026-01-15T10:00:00+07:00"
    assert before["at"] == "2026-01-15T10:00:00+07:00"
    hub.send("dossier", received("B", "2023-05-15"))
    (after,) = hub.kpi("dossier_received", period="2023")
    assert after["cut"] == "dossier=2"
    assert after["definition_version"] == before["definition_version"]
    hub.reference = replace(hub.reference, tables={**hub.reference.tables, "calendar": []})
    (other,) = hub.kpi("dossier_received", period="2023")
    assert other["definition_version"] != before["definition_version"]
