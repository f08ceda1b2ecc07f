"""Work lists: what is on them, in which order, and that they are the figures they stand behind."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from openpyxl import load_workbook

from hub import registry
from hub.clock import to_us
from hub.figures.worklist import DAYS_AHEAD, cells, find, page
from hub.proof.missing import gaps
from hub.reference.periods import parse_period
from hub.sheets.listing import as_csv, as_workbook
from stream_jobs.worked import FEES, Json, dossier, received
from tests.conftest import Hub

LISTS = registry.worklists()
NOW = datetime(2023, 6, 13, 3, tzinfo=UTC)  # a Tuesday, 10:00 in Vietnam
EVENTS = [
    received("H57.1-230601-001", "2023-06-01", due="2023-06-08T17:00"),  # a Thursday
    received("H57.1-230601-002", "2023-06-01", due="2023-06-12T17:00"),
    received("H57.1-230601-003", "2023-06-01", due="2023-06-13T17:00"),
    received("H57.1-230601-004", "2023-06-01", due="2023-06-16T17:00"),
    received("H57.1-230601-005", "2023-06-01", due="2023-06-19T17:00"),  # the Monday after
    received("H57.1-230601-006", "2023-06-01", due="2023-06-08T17:00"),
    dossier("H57.1-230601-006", "resolved", "2023-06-09"),
    dossier("H57.1-230601-006", "synced", "2023-06-10"),
    dossier("H57.1-230601-001", "sync_failed", "2023-06-02"),
    dossier("H57.1-230601-002", "synced", "2023-06-20"),
    dossier("H57.3-230605-0009", "resolved", "2023-06-07"),
]


def ask(hub: Hub, name: str, days: int = DAYS_AHEAD, **asked: str) -> dict[str, Any]:
    listed = LISTS[name]
    with hub.store.reading() as reading:
        book = hub.book(reading)
        question = listed.asked({"period": "2023", **asked}, to_us(hub.now), days)
        return page(listed, question, book, find(listed, question, book), 0, 1_000)


def codes(body: dict[str, Any]) -> list[str]:
    return [row["code"][-3:] for row in body["rows"]]


@pytest.fixture
def june(hub: Hub) -> Hub:
    """What was sent by 30 June, looked at on 13 June."""
    hub.send("dossier", *EVENTS)
    hub.now = NOW
    return hub


def test_overdue_is_by_days_late_of_the_calendar_and_of_work(june: Hub) -> None:
    """Due on Thursday 8 June, on Tuesday 13 June: 5 days late, 3 of them working days."""
    body = ask(june, "overdue")
    assert codes(body) == ["001", "002"]
    assert [(r["days_late"], r["working_days_late"]) for r in body["rows"]] == [(5, 3), (1, 1)]
    assert body["by_unit"] == [{"unit": "H57.1", "count": 2}]
    assert codes(ask(june, "overdue", at="2023-06-09T08:00:00+07:00")) == ["001", "006"]


def test_due_soon_is_within_working_days_today_included(june: Hub) -> None:
    assert codes(ask(june, "due_soon", 0)) == ["003"]
    assert codes(ask(june, "due_soon", 3)) == ["003", "004"]
    assert codes(ask(june, "due_soon", 4)) == ["003", "004", "005"]


def test_what_is_not_synced_says_why(june: Hub) -> None:
    body = ask(june, "not_synced")
    reasons = {r["code"][-3:]: r["reason"].split(" | ")[1] for r in body["rows"]}
    assert reasons == {
        "001": "the synchronisation failed",
        "002": "synced after this instant",
        "003": "it was never sent",
        "004": "it was never sent",
        "005": "it was never sent",
    }
    assert body["rows"][0]["tried_at"] == "2023-06-02T08:00:00+07:00"


def test_without_reception_goes_by_resolver_or_code(june: Hub) -> None:
    body = ask(june, "without_reception")
    assert [(r["code"], r["unit"], r["days_waiting"]) for r in body["rows"]] == [
        ("H57.3-230605-0009", "H57.3", 6)
    ]
    assert ask(june, "without_reception", unit="H57.1")["total"] == 0


@pytest.mark.parametrize("asked", [{}, {"unit": "H57.1"}, {"at": "2023-06-09T08:00:00+07:00"}])
@pytest.mark.parametrize(
    ("name", "kpi"), [("overdue", "dossier_overdue"), ("not_synced", "dossier_sync_backlog")]
)
def test_a_list_is_the_number_that_it_stands_behind(
    june: Hub, name: str, kpi: str, asked: Json
) -> None:
    """Also where two codes turn out to be one dossier."""
    for _ in range(2):
        (figure,) = june.kpi(kpi, **{"period": "2023", **asked})
        body = ask(june, name, **asked)
        assert body["total"] == len(body["rows"]) == figure["numerator"] > 0
        assert body["kpi"] == kpi
        claim = dossier(EVENTS[0]["dossier_code"], "aliased", "2023-06-03")
        june.send("dossier", claim | {"same_as": EVENTS[1]["dossier_code"]})


def test_gaps_are_those_that_missing_names(hub: Hub) -> None:
    """On each of six days a unit gives the numbers 1 to 5, but on the last one not the third."""
    hub.send(
        "dossier",
        *(
            received(f"H57.1-23060{day}-{n:03}", f"2023-06-0{day}")
            for day in range(1, 7)
            for n in range(1, 6)
            if (day, n) != (6, 3)
        ),
    )
    hub.now = NOW
    with hub.store.reading() as reading:
        named = gaps(hub.book(reading), parse_period("2023"))
    body = ask(hub, "gaps")
    assert [r["code"] for r in body["rows"]] == ["H57.1-230606-003"]
    assert body["rows"][0] | {"code": ""} == {
        "code": "", "unit": "H57.1", "day": "2023-06-06", "days_waiting": 7,
    }  # fmt: skip
    assert body["total"] == sum(gap.missing_count for gap in named)


def test_a_list_as_a_file_says_the_same(june: Hub) -> None:
    listed = LISTS["overdue"]
    titles = [f.title.vi for f in listed.fields]
    with june.store.reading() as reading:
        book = june.book(reading)
        question = listed.asked({"period": "2023"}, to_us(june.now), DAYS_AHEAD)
        made = list(cells(listed, find(listed, question, book)))
    lines = as_csv(titles, made).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Mã hồ sơ;Đơn vị tiếp nhận;")
    assert lines[1] == (
        "H57.1-230601-001;H57.1;H57.2;1.005129;counter;01/06/2023 08:00;08/06/2023 17:00;5;3"
    )
    sheet = load_workbook(io.BytesIO(as_workbook(listed.title.vi, titles, made))).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == tuple(titles)
    assert rows[1][5:] == (datetime(2023, 6, 1, 8), datetime(2023, 6, 8, 17), 5, 3)


def test_fees_that_do_not_match_have_a_next_step_and_who_does_it(hub: Hub) -> None:
    """C lacks 20,000 since 7 May, D all 70,000 since 8 May; on 31 May that is 24 and 23 days."""
    hub.send("fee", *FEES)
    body = ask(hub, "fees_unmatched", period="2025-05", at="2025-05-31T10:00:00+07:00")
    shown = [(r["code"], r["gap_vnd"], r["days_waiting"]) for r in body["rows"]]
    assert shown == [("C|LP01", 20_000, 24), ("D|LP01", 70_000, 23)]
    assert [r["match"] for r in body["rows"]] == ["Nộp thiếu | Underpaid", "Chưa nộp | Unpaid"]
    assert body["rows"][0]["step"] == "Thu phần còn thiếu | Collect the rest"
    assert "One-stop desk" in body["rows"][0]["owner"]
    (figure,) = hub.kpi("fee_unmatched_amount", period="2025-05")
    assert figure["numerator"] == sum(r["gap_vnd"] for r in body["rows"])
