"""Statistics of periods and areas: each thing is counted once, by what says it best."""

from typing import Any

import pytest

from hub.figures.reported import NAMED_MAX
from hub.store.reading import Reading
from stream_jobs.worked import paid
from tests.conftest import Hub
from tests.parts.asked import keyed

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
    hub.reference = hub.reference.with_tables({"units": rows, "duties": []})
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


def test_a_statistic_of_nothing_is_zero(hub: Hub) -> None:
    pay(hub, "2023", 0)
    assert amounts(hub, "2023") == [0]
    assert hub.kpi("payment_cashless_amount_share", period="2023") == []


def test_what_an_area_is_part_of_is_what_it_was_part_of_then(hub: Hub) -> None:
    """A commune of a district that has ended is part of the province since."""
    ended, since = "2025-07-01", {"valid_from": "2025-07-01", "valid_to": ""}
    was = {"valid_from": "2021-01-01", "valid_to": ended}
    rows = [
        {"code": "H57", "level": "province", "parent": ""} | was | {"valid_to": ""},
        {"code": "H57.1", "level": "district", "parent": "H57"} | was,
        {"code": "H57.11", "level": "commune", "parent": "H57.1"} | was,
        {"code": "H57.11", "level": "commune", "parent": "H57"} | since,
    ]
    hub.reference = hub.reference.with_tables({"units": [r | {"name_vi": ""} for r in rows]})
    for month in ("2025-06", "2025-08"):
        pay(hub, month, 10, area="H57.11")
        pay(hub, month, 12, area="H57.1")  # of a month in which it was no more, a mistake
    # In June the district's own statistic holds its commune's.
    assert amounts(hub, "2025-06") == [12]
    assert amounts(hub, "2025-08") == [22]
    assert amounts(hub, "2025-08", area="H57") == [10]
    assert amounts(hub, "2025-06", area="H57") == [12]


def customers(hub: Hub, method: str, period: str, count: int, **more: Any) -> None:
    hub.send("payment", paid(method, period, customers=count, amount=10 * count, **more))


def share(hub: Hub, period: str, of: str = "customer", **asked: str) -> list[dict[str, Any]]:
    return hub.kpi(f"payment_cashless_{of}_share", period=period, **asked)


def test_customers_are_distinct_within_a_period_only(areas: Hub) -> None:
    """K5: 240 customers a month of NH.4 are not 2,880 in the year; by hand 120 of 300 are 0.4."""
    for number in range(1, 13):
        customers(areas, "cash", f"2023-{number:02}", 240, reporter="NH.4")
    customers(areas, "cashless", "2023", 120, reporter="NH.5")
    (figure,) = share(areas, "2023")
    assert (figure["value"], figure["denominator"], figure["completeness"]) == (None, 0, 0.5)
    (part,) = figure["missing"]
    assert part["dims"] == {
        "reporter": "NH.4",
        "service": "electricity",
        "method": "cash",
        "area": "H57",
    }
    assert "2023-01" in part["message_vi"]
    assert "2023-12" in part["message_en"]
    # Money adds up over months: 1,200 of 30,000 is 0.04.
    (of_money,) = share(areas, "2023", "amount")
    assert (of_money["numerator"], of_money["denominator"]) == (1200, 30_000)
    assert "missing" not in of_money
    customers(areas, "cash", "2023", 180, reporter="NH.4")
    (figure,) = share(areas, "2023")
    assert (figure["numerator"], figure["denominator"], figure["value"]) == (120, 300, "0.400000")
    assert "missing" not in figure
    assert figure["completeness"] == 1
    (quarter,) = share(areas, "2023-Q1")
    assert quarter["value"] is None


def test_customers_add_over_reporters_and_places(areas: Hub) -> None:
    for area, count in (("H57.1", 40), ("H57.2", 60)):
        customers(areas, "cashless", "2023", count, area=area)
        customers(areas, "cash", "2023", 100, area=area, reporter="NH.5")
    for asked in ({}, {"area": "H57"}):
        (figure,) = share(areas, "2023", **asked)
        assert (figure["numerator"], figure["denominator"]) == (100, 300)


def test_what_came_before_and_did_not_come_now_is_missing(areas: Hub) -> None:
    """K4: NH.6 reported both in May and one alone in June: its share is not 1."""
    customers(areas, "cashless", "2023-05", 30, reporter="NH.6")
    customers(areas, "cash", "2023-05", 10, reporter="NH.6")
    customers(areas, "cashless", "2023-06", 31, reporter="NH.6")
    (may,) = share(areas, "2023-05")
    assert (may["value"], may["completeness"]) == ("0.750000", 1)
    for of in ("customer", "amount"):
        (june,) = share(areas, "2023-06", of)
        assert june["completeness"] == 0.5
        assert [m["dims"]["method"] for m in june["missing"]] == ["cash"]
    (whole,) = areas.kpi("payment_amount", period="2023-06")
    assert (whole["numerator"], whole["completeness"]) == (310, 0.5)
    customers(areas, "cash", "2023-06", 0, reporter="NH.6")
    (june,) = share(areas, "2023-06")
    assert (june["value"], june["completeness"], "missing" in june) == ("1.000000", 1, False)
    # After a year nobody waits for it any more.
    customers(areas, "cashless", "2024-06", 5, reporter="NH.6")
    customers(areas, "cash", "2024-06", 5, reporter="NH.7")
    (later,) = share(areas, "2024-06")
    assert (later["value"], "missing" in later) == ("0.500000", True)
    customers(areas, "cashless", "2025-08", 5, reporter="NH.6")
    customers(areas, "cash", "2025-08", 5, reporter="NH.6")
    (latest,) = share(areas, "2025-08")
    assert "missing" not in latest


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_missing_is_named_in_an_order_of_its_own(
    areas: Hub, monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    """More than are named: in whichever order SQL gives its rows, the same fifty."""
    everybody = [f"NH.{number:02}" for number in range(NAMED_MAX + 10)]
    for reporter in everybody:
        pay(areas, "2023-05", 10, reporter=reporter)
    pay(areas, "2023-06", 10, reporter="NH.99")
    sum_facts = Reading.sum_facts
    monkeypatch.setattr(Reading, "sum_facts", lambda *asked: list(sum_facts(*asked))[::order])
    (june,) = areas.kpi("payment_amount", period="2023-06")
    assert [m["dims"]["reporter"] for m in june["missing"]] == everybody[:NAMED_MAX]


@pytest.mark.parametrize(("method", "other"), [("cashless", "cash"), ("cash", "cashless")])
def test_a_share_of_one_side_alone_says_what_is_missing(
    areas: Hub, method: str, other: str
) -> None:
    customers(areas, method, "2023-05", 30)
    (figure,) = share(areas, "2023-05")
    assert figure["completeness"] == 0.5
    assert other in figure["missing"][0]["dims"]["method"].split(",")
    customers(areas, other, "2023-05", 0)
    (figure,) = share(areas, "2023-05")
    assert (figure["completeness"], "missing" in figure) == (1, False)
    # What is asked by method, or of one, has no other side.
    for asked in ({"by": "method"}, {"method": method}):
        assert all("missing" not in f for f in share(areas, "2023-05", **asked))


def test_a_thing_without_all_its_months_is_named_where_others_are_summed(areas: Hub) -> None:
    pay(areas, "2023", 100)
    pay(areas, "2023-01", 7, reporter="NH.2")
    pay(areas, "2023-02", 7, reporter="NH.2")
    (figure,) = areas.kpi("payment_amount", period="2023")
    assert (figure["numerator"], figure["completeness"]) == (100, 0.5)
    (part,) = figure["missing"]
    assert part["dims"]["reporter"] == "NH.2"
    assert "2 parts" in part["message_en"]
