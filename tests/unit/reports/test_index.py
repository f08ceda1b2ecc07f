"""QĐ 766 over a month worked by hand: each reading's score, by unit, and what the portal lacks."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.clock import to_us
from hub.reports.counting import things
from hub.reports.filled import read_report_question
from hub.reports.index import SENT, column_of, score, score_units
from stream_jobs.worked import dossier, paid, received
from tests.conftest import Hub
from tests.unit.reference.test_working import CALENDAR, HOURS, policy
from tests.unit.reports.test_filled import listed

INDEX = registry.indexes()["766"]
LISTS = {
    "calendar": CALENDAR,
    "hours": HOURS,
    "clock_policies": [policy("1.005129", "working_days", "5")],
}
LATE = "2023-05-31"
# May 2023. Five working days after Monday 8 May: 9, 10, 11, 12, 15 May.
EVENTS = [
    received("A", "2023-05-08", "online", due="2023-05-15"),
    dossier("A", "resolved", "2023-05-10"),  # early
    dossier("A", "synced", "2023-05-10"),
    dossier("A", "rated", "2023-05-11", satisfied=True),
    received("B", "2023-05-08", due="2023-05-09"),
    dossier("B", "resolved", "2023-05-12"),  # late as sent, in time as computed
    dossier("B", "rated", "2023-05-13", satisfied=False),
    received("C", "2023-05-08", due="2023-05-15") | {"service_level": "information"},
    dossier("C", "resolved", "2023-05-15T23:00"),  # on the due day
    dossier("C", "synced", "2023-05-16"),
    received("D", "2023-05-08", "online", due="2023-05-15"),  # overdue, and still there
    dossier("D", "synced", "2023-05-08"),
    received("E", "2023-04-03", due="2023-04-10"),  # carried over, ended late in May
    dossier("E", "resolved", "2023-05-08"),
    received("F", "2023-05-08", due=None),
    dossier("F", "resolved", "2023-05-09"),  # none was sent: in time as computed
    received("G", "2023-05-08", "online", due="2023-06-01"),
    dossier("G", "refused", "2023-05-09"),  # not resolved
    received("H", "2023-04-03", due="2023-04-10"),
    dossier("H", "resolved", "2023-04-04"),  # of April
    dossier("H", "synced", "2023-06-02"),  # after May
]


@pytest.fixture
def may(tmp_path: Path) -> Iterator[Hub]:
    opened = Hub(tmp_path)
    opened.reference = opened.reference.with_tables({**listed(), **LISTS})
    opened.send("dossier", *EVENTS)
    yield opened
    opened.close()


def scored(hub: Hub, **asked: str) -> dict[str, Any]:
    with hub.store.reading() as reading:
        given = {"period": "2023-05"} | asked
        question = read_report_question(INDEX.counted(SENT), given, to_us(hub.now))
        return score_units(INDEX, question, hub.book(reading))


def pairs(scores: dict[str, Any]) -> dict[str, tuple[int, int, str | None]]:
    return {
        f"{component}.{name}": (s["numerator"], s["denominator"], s["score"])
        for component, readings in scores.items()
        for name, s in readings.items()
    }


def test_each_reading_is_scored_as_by_hand(may: Hub) -> None:
    """Of May: A B C D F G are new, A B C E F are resolved, F by the due date that is computed."""
    body = scored(may)
    assert pairs(body["total"]["scores"]) == {
        "openness.new": (3, 6, "9.00"),  # A C D of A B C D F G
        "openness.all": (3, 8, "6.75"),  # of these, E and H: H is synced in June
        "progress.resolved": (3, 5, "12.00"),  # A C F of A B C E F
        "progress.with_open": (3, 6, "10.00"),  # and D, which is overdue
        "progress.computed": (4, 5, "16.00"),  # A B C F of A B C E F
        "progress.portal": (2, 2, "20.00"),  # A C
        "online.offered": (3, 5, "7.20"),  # A D G of A B D F G: C's procedure is not online
        "online.new": (3, 6, "6.00"),
        "online.received": (3, 7, "5.14"),  # and E, carried over
        "online.portal": (2, 2, "12.00"),  # A D
        "payment.fees": (0, 0, None),
        "satisfaction.part": (1, 2, "3.00"),
        "satisfaction.whole": (1, 2, "9.00"),
    }
    # 9 + 12 + 7.20 + 3, of 18 + 20 + 12 + 6 points; payment and what is digitised are not zero.
    assert (body["total"]["sum"], body["total"]["of"]) == ("31.20", "56")
    assert sum(Decimal(c["points"]) for c in body["components"]) == 100
    missing = {c["id"]: c["lacking_vi"] for c in body["components"]}
    assert "chưa có dữ liệu" in missing["digitised"]
    assert missing["progress"] is None


def test_the_difference_to_the_portal_has_its_dossiers(may: Hub) -> None:
    differences = {d["component"]: d for d in scored(may)["differences"]}
    assert differences["progress"]["difference"] == "8.00"  # 20 for A C, less 12
    assert differences["online"]["difference"] == "4.80"
    assert differences["digitised"]["difference"] is None
    counts = {r["rule"]: r["count"] for d in differences.values() for r in d["rules"]}
    assert counts == {
        "unsynced": 3,
        "other_role": 5,
        "other_due": 1,
        "without_due": 0,
        "unsynced_online": 3,
    }
    behind = {
        "rule.unsynced": ["B", "E", "F"],
        "rule.other_due": ["B"],
        "rule.without_due": [],
        "rule.unsynced_online": ["B", "F", "G"],
        "progress.with_open.below": ["A", "B", "C", "D", "E", "F"],
        "progress.computed.above": ["A", "B", "C", "F"],
    }
    with may.store.reading() as reading:
        book = may.book(reading)
        for name, entities in behind.items():
            found = column_of(INDEX, name)
            assert found is not None
            report, column, is_computed = found
            question = read_report_question(report, {"period": "2023-05"}, to_us(may.now))
            listed_things = things(report, question, book, column, is_computed=is_computed)
            assert listed_things == entities, name
    assert column_of(INDEX, "rule.nothing") is None


def test_units_are_scored_by_role_and_statistics_are_the_province_s(may: Hub) -> None:
    fees = [
        paid(method, "2023-05", customers=n, amount=1, service="dossier_fee")
        for method, n in (("cashless", 3), ("cash", 1))
    ]
    may.send("payment", *fees)
    may.send("dossier", received("K", "2023-05-08") | {"resolved_by": "H57.1"})
    body = scored(may)
    assert pairs(body["total"]["scores"])["payment.fees"] == (6, 8, "7.50")
    rows = {row["code"]: pairs(row["scores"]) for row in body["rows"]}
    assert rows["H57.1"]["progress.resolved"] == (0, 0, None)
    assert rows["H57.2"]["progress.resolved"] == (3, 5, "12.00")
    assert rows["H57.2"]["payment.fees"] == (0, 0, None)
    by_receiver = {row["code"] for row in scored(may, role="received_by")["rows"]}
    assert by_receiver == {"H57.1"}
    one = scored(may, unit="H57.2")
    assert pairs(one["total"]["scores"])["payment.fees"] == (0, 0, None)


def test_without_working_time_one_reading_is_missing_and_not_zero(may: Hub) -> None:
    tables = {n: rows for n, rows in may.reference.tables.items() if n != "clock_policies"}
    may.reference = type(may.reference)(tables, may.reference.forms)
    body = scored(may)
    assert body["without_computed"] == ["clock_policies"]
    assert pairs(body["total"]["scores"])["progress.computed"] == (0, 0, None)
    counts = {r["rule"]: r["count"] for d in body["differences"] for r in d["rules"]}
    assert counts["other_due"] is None


def test_a_score_is_rounded_half_up() -> None:
    assert score(Decimal(20), 1, 3) == "6.67"
    assert score(Decimal(18), 1, 16) == "1.13"  # 1.125
    assert score(Decimal(18), 0, 5) == "0.00"
    assert score(Decimal(18), 0, 0) is None
