"""Values are rounded and held against targets exactly."""

from decimal import Decimal
from typing import Any

import pytest

from hub import registry
from hub.figures.compute import write_value
from hub.reference.lists import Target
from stream_jobs.worked import received
from tests.conftest import Hub

KPIS = registry.kpis()
SHARE = KPIS["dossier_online_share"]
MEAN = KPIS["salinity_mean"]


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
        ("<=", "1", 1, 1, True),
        ("<", "1", 1, 1, False),
        ("<", "7.5", 74, 10, True),
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


def _targets(hub: Hub, *rows: dict[str, str], **tables: list[dict[str, str]]) -> None:
    year = {"valid_from": "2023-01-01", "valid_to": "2024-01-01", "source": "test"}
    listed = [{"level": "province", "op": ">=", **year, **row} for row in rows]
    hub.reference = hub.reference.with_tables({"targets": listed, **tables})


def _progress(hub: Hub, name: str, at: str, **asked: str) -> list[tuple[Any, ...]]:
    figures = hub.kpi(name, f"{at}:00+07:00", **{"period": "2023"} | asked)
    return [
        (f["dims"].get("unit"), f["target"] and f["target"]["value"], f.get("progress"))
        for f in figures
    ]


def test_a_plan_is_dealt_out_over_working_days(hub: Hub) -> None:
    """2023 has 260 weekdays; 22 + 20 + 23 + 20 + 23 + 22 = 130 of them are before July."""
    name = "dossier_received_new"
    plan = {"kpi": name, "value": "10", "pace": "working_days"}
    _targets(hub, plan, calendar=[])
    hub.send("dossier", *(received(f"D{i}", "2023-02-01") for i in range(5)))
    half = {"paced_by": "working_days", "expected": "5.0", "passed": 130, "whole": 260}
    assert _progress(hub, name, "2023-07-01T00:00") == [
        (None, "10", {"state": "on_course", **half})
    ]
    # On Monday 3 July another day has begun and is not over yet; after it 5 are too few.
    assert _progress(hub, name, "2023-07-03T23:59")[0][2]["passed"] == 130
    behind = {"state": "behind", "expected": "5.0", "passed": 131}  # 5.038
    assert _progress(hub, name, "2023-07-04T00:00") == [(None, "10", half | behind)]
    # A plan is of the year: no month is held against it.
    assert _progress(hub, name, "2023-07-04T00:00", period="2023-02") == [(None, None, None)]
    hub.send("dossier", *(received(f"E{i}", "2023-07-03") for i in range(5)))
    assert _progress(hub, name, "2023-07-04T00:00")[0][2]["state"] == "met"
    over = {"paced_by": "working_days", "expected": "10.0", "passed": 260, "whole": 260}
    assert _progress(hub, name, "2024-01-01T00:00")[0][2] == {"state": "met", **over}
    _targets(hub, plan | {"op": ">"}, calendar=[])
    assert _progress(hub, name, "2024-01-01T00:00")[0][2]["state"] == "missed"
    assert _progress(hub, name, "2023-12-01T00:00")[0][2]["state"] == "on_course"


def test_what_is_not_to_be_exceeded_is_missed_once_it_is(hub: Hub) -> None:
    name = "dossier_received_new"
    _targets(hub, {"kpi": name, "value": "4", "op": "<=", "pace": "working_days"}, calendar=[])
    states = []
    for i in range(5):
        hub.send("dossier", received(f"D{i}", "2023-02-01"))
        states.append(_progress(hub, name, "2023-07-01T00:00")[0][2]["state"])
    assert states == ["on_course", "on_course", "behind", "behind", "missed"]  # 2 are due by July


def test_a_plan_follows_last_year_where_there_was_one(hub: Hub) -> None:
    """Of four in 2022 three came before May: of a plan of 8 six are due."""
    name = "dossier_received_new"
    plan = {"kpi": name, "value": "8", "pace": "last_year"}
    _targets(hub, plan, calendar=[])
    days = ("2022-01-03", "2022-04-30", "2022-04-30", "2022-05-01")
    hub.send("dossier", *(received(f"L{i}", day) for i, day in enumerate(days)))
    hub.send("dossier", *(received(f"D{i}", "2023-02-01") for i in range(5)))
    shape = {"paced_by": "last_year", "expected": "6.0", "passed": 3, "whole": 4}
    assert _progress(hub, name, "2023-05-01T00:00") == [(None, "8", {"state": "behind", **shape})]
    # Where there is no last year, working days deal it out, and the answer says so.
    _targets(hub, plan | {"valid_from": "2022-01-01", "valid_to": "2023-01-01"}, calendar=[])
    (_, _, said) = _progress(hub, name, "2022-07-02T00:00", period="2022")[0]
    assert (said["paced_by"], said["expected"], said["state"]) == (
        "working_days",
        "4.0",
        "on_course",
    )


def test_shares_are_met_for_good_once_the_year_is_over(hub: Hub) -> None:
    name = "dossier_online_share_new"
    _targets(hub, {"kpi": name, "value": "0.5", "pace": "working_days"}, calendar=[])
    hub.send("dossier", received("A", "2023-05-01", channel="online"), received("B", "2023-05-02"))
    nothing = dict.fromkeys(("paced_by", "expected", "passed", "whole"))
    for at, state in (("2023-06-01T00:00", "on_course"), ("2024-01-01T00:00", "met")):
        assert _progress(hub, name, at) == [(None, "0.5", {"state": state, **nothing})]
    hub.send("dossier", received("C", "2023-05-03"))
    for at, state in (("2023-06-01T00:00", "behind"), ("2024-01-01T00:00", "missed")):
        assert _progress(hub, name, at)[0][2]["state"] == state


def test_targets_are_by_level_and_by_unit(hub: Hub) -> None:
    name = "dossier_online_share_new"
    share = {"kpi": name}
    dated = {"valid_from": "2020-01-01", "valid_to": "", "source": ""}
    listed = [
        {"code": code, "name_vi": code, "level": level, "parent": parent, **dated}
        for code, level, parent in (
            ("H57", "province", ""),
            ("H57.1", "department", "H57"),
            ("H57.2", "department", "H57"),
            ("H57.9", "commune", "H57"),
        )
    ]
    _targets(
        hub,
        share | {"value": "0.5"},
        share | {"value": "0.7", "level": "department"},
        share | {"value": "0.9", "level": "department", "unit": "H57.2"},
        units=listed,
        lineage=[],
    )
    events = [
        received(code[-3:], "2023-05-01") | {"received_by": code}
        for code in ("H57.1", "H57.2", "H57.9", "H57.8")
    ]
    hub.send("dossier", *events)
    said = {unit: value for unit, value, _ in _progress(hub, name, "2024-01-01T00:00", by="unit")}
    assert said == {"H57.1": "0.7", "H57.2": "0.9", "H57.8": None, "H57.9": None}
    for unit, value in (("H57.1", "0.7"), ("H57.2", "0.9"), ("H57", "0.5")):
        assert _progress(hub, name, "2024-01-01T00:00", unit=unit)[0][1] == value
    assert _progress(hub, name, "2024-01-01T00:00", unit="H57.1", channel="counter")[0][1] is None


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
