"""Biểu 06a and 06b over a month worked by hand: each column, each role, what is below a unit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.clock import to_us
from hub.figures.compute import QuestionError
from hub.reports.filled import fill, read_report_question
from stream_jobs.worked import Json, dossier, received
from tests.conftest import Hub

UNITS = [
    ("H57", "", "province", "Tỉnh"),
    ("H57.1", "H57", "department", "Sở Tư pháp"),
    ("H57.2", "H57", "department", "Sở Xây dựng"),
    ("H57.2.1", "H57.2", "department", "Chi cục Giám định xây dựng"),
]
PROCEDURES = [
    ("1.005129", "Cấp phiếu lý lịch tư pháp", "Lý lịch tư pháp"),
    ("2.000001", "Cấp phép xây dựng", "Xây dựng"),
]


def listed() -> dict[str, list[dict[str, str]]]:
    """Give the lists of a province of three units and two procedures."""
    dated = {"valid_from": "2020-01-01", "valid_to": ""}
    units = [
        {"code": c, "parent": p, "level": level, "name_vi": n} | dated for c, p, level, n in UNITS
    ]
    procedures = [
        {"code": c, "name_vi": n, "field_vi": f, "service_level": "full"} | dated
        for c, n, f in PROCEDURES
    ]
    return {"units": units, "procedures": procedures}


def handed_in(
    code: str, at: str, due: str | None, resolver: str | None = "H57.2", **more: Any
) -> Json:
    """Write a reception by H57.1, to be resolved by another unit."""
    event = received(code, at, due=due, **more)
    if resolver is None:
        del event["resolved_by"]
        return event
    return event | {"resolved_by": resolver}


# May 2023. A and B are carried over from April.
EVENTS = [
    handed_in("A", "2023-04-10", "2023-05-10"),
    dossier("A", "resolved", "2023-05-09"),  # early
    handed_in("B", "2023-04-20", "2023-04-28", "H57.2.1"),  # overdue since 29 April, still there
    handed_in("C", "2023-05-02", "2023-05-12", channel="online"),
    dossier("C", "returned", "2023-05-12T23:59"),  # on the due day
    handed_in("D", "2023-05-02", "2023-05-12", "H57.2.1", channel="post"),
    dossier("D", "resolved", "2023-05-13T00:00"),  # late
    handed_in("E", "2023-05-31T23:59", "2023-06-05"),  # new, in progress, in time
    handed_in("F", "2023-05-15", None, None),  # no due date, and nobody is to resolve it yet
    handed_in("G", "2023-05-03", "2023-05-04"),
    dossier("G", "refused", "2023-05-05"),  # late, and not decided
    handed_in("H", "2023-06-01T00:00", "2023-06-09"),  # of June
    handed_in("I", "2023-04-03", "2023-04-05"),
    dossier("I", "resolved", "2023-04-30T23:59"),  # of April
    handed_in("J", "2023-05-04", "2023-05-31", channel="online") | {"procedure_code": "2.000001"},
    dossier("J", "resolved", "2023-06-01T00:00"),  # due on the last day of May, which ended
]
# C and J came online, D E F G at a counter or by post, A and B are carried over; A C D G ended. By
# the instant that ends May J is overdue, as B is.
COUNTED = (8, 2, 4, 2, 4, 1, 1, 2, 4, 2, 2)
WHOLE = {f"c{i}": n for i, n in enumerate(COUNTED, 1)} | {"without_due": 1, "not_decided": 1}


@pytest.fixture
def month(tmp_path: Path) -> Iterator[Hub]:
    opened = Hub(tmp_path)
    opened.reference = opened.reference.with_tables(listed())
    opened.send("dossier", *EVENTS)
    yield opened
    opened.close()


def report(hub: Hub, name: str, **asked: str) -> Json:
    """Fill a report for what was asked."""
    form = registry.reports()[name]
    with hub.store.reading() as reading:
        question = read_report_question(form, {"period": "2023-05"} | asked, to_us(hub.now))
        return fill(form, question, hub.book(reading)).public()


def rows(body: Json) -> dict[str, list[int]]:
    """Give the eleven columns of each row by its code."""
    return {r["code"]: [r[f"c{i}"] for i in range(1, 12)] for r in body["rows"]}


@pytest.mark.parametrize("name", ["06a", "06b"])
@pytest.mark.parametrize("role", ["resolved_by", "received_by"])
def test_the_total_is_as_counted_by_hand(month: Hub, name: str, role: str) -> None:
    body = report(month, name, role=role)
    assert body["total"] == WHOLE
    assert body["broken"] == []


def test_a_row_is_a_unit_by_the_role_asked_for(month: Hub) -> None:
    body = report(month, "06a")
    assert body["role"] == "resolved_by"
    # Nobody is to resolve F yet: it stands with the unit that received it.
    assert rows(body) == {
        "H57.1": [1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0],
        "H57.2": [5, 2, 2, 1, 3, 1, 1, 1, 2, 1, 1],
        "H57.2.1": [2, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1],
    }
    assert [r["name"] for r in body["rows"]] == [n for *_, n in UNITS[1:]]
    received_by = report(month, "06a", role="received_by")
    assert rows(received_by) == {"H57.1": list(COUNTED)}


def test_a_unit_takes_in_what_is_below_it(month: Hub) -> None:
    body = report(month, "06a", unit="H57.2")
    assert set(rows(body)) == {"H57.2", "H57.2.1"}
    assert (body["total"]["c1"], body["unit_name"]) == (7, "Sở Xây dựng")
    assert report(month, "06b", unit="H57.2")["total"] == body["total"]
    assert report(month, "06a", unit="H57")["total"] == WHOLE


def test_rows_of_06b_are_procedures_under_their_field(month: Hub) -> None:
    body = report(month, "06b")
    assert [(r["code"], r["under"], r["c1"]) for r in body["rows"]] == [
        ("1.005129", "Lý lịch tư pháp", 7),
        ("2.000001", "Xây dựng", 1),
    ]


def test_rows_stand_by_the_numbers_of_their_codes(month: Hub) -> None:
    done = dossier("K", "resolved", "2023-05-20") | {"resolved_by": "H57.10"}
    month.send("dossier", handed_in("K", "2023-05-09", "2023-05-31"), done)
    codes = [r["code"] for r in report(month, "06a")["rows"]]
    assert codes == ["H57.1", "H57.2", "H57.2.1", "H57.10"]


def test_a_unit_that_ended_is_called_as_it_was(month: Hub) -> None:
    lists = listed()
    for row in lists["units"]:
        if row["code"] == "H57.2":
            row["valid_to"] = "2023-05-20"
    month.reference = month.reference.with_tables(lists)
    named = {r["code"]: r["name"] for r in report(month, "06a")["rows"]}
    assert named["H57.2"] == "Sở Xây dựng"


def test_c4_is_c9_of_the_period_before(month: Hub) -> None:
    may, june = report(month, "06a"), report(month, "06a", period="2023-06")
    assert june["total"]["c4"] == may["total"]["c9"] == 4
    assert report(month, "06a", period="2023-04")["total"]["c9"] == may["total"]["c4"]


def test_amid_a_period_things_count_up_to_the_instant(month: Hub) -> None:
    body = report(month, "06a", at="2023-05-04T00:00:00+07:00")
    # By then: A B carried over, C D G received; B is overdue, G is due that day and not yet.
    assert rows(body)["H57.2"] == [3, 1, 1, 1, 0, 0, 0, 0, 3, 3, 0]
    assert (body["total"]["c1"], body["total"]["c11"], body["broken"]) == (5, 1, [])
    before = report(month, "06a", at="2023-04-20T12:00:00+07:00")
    assert (before["total"]["c1"], before["total"]["c4"], before["broken"]) == (3, 3, [])


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"unit": "H57.9"}, "unit"),
        ({"procedure": "9.999999"}, "procedure"),
        ({"view": "rebased"}, "view"),
        ({"by": "channel"}, "by"),
        ({"role": "citizen"}, "role"),
        ({"channel": "fax"}, "channel"),
        ({"colour": "red"}, "colour"),
        ({"period": "2023-13"}, "period"),
    ],
)
def test_what_cannot_be_answered_is_refused(month: Hub, asked: dict[str, str], field: str) -> None:
    with pytest.raises(QuestionError) as refused:
        report(month, "06a", **asked)
    assert refused.value.field == field
