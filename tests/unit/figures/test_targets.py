"""Values are rounded and held against targets exactly."""

from decimal import Decimal

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
