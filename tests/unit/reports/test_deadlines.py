"""Due dates as sent and as computed: where their days differ, by how much and why; what flips."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import registry
from hub.clock import to_us
from hub.figures.compute import QuestionError
from hub.reports.deadlines import REASONS, find_differences, find_flips
from hub.reports.filled import fill, read_report_question
from stream_jobs.worked import Json, dossier, received
from tests.conftest import Hub
from tests.unit.reference.test_working import CALENDAR, HOURS, policy

REPORT = registry.reports()["06a"]
DOSSIER = registry.facts()["dossier"]
POLICIES = [policy("1.005129", "working_days", "5")]
# Five working days after Monday 5 May 2025: 6, 7, 8, 9, 12 May.
EVENTS = [
    received("A", "2025-05-05", due="2025-05-12T17:00"),
    dossier("A", "resolved", "2025-05-13"),
    received("B", "2025-05-05", due="2025-05-10"),  # a Saturday
    received("C", "2025-05-07", due="2025-05-12"),  # 7 and 5 is 12; by working days it is 14
    received("D", "2025-05-05", due="2025-05-12"),
    dossier("D", "supplement_requested", "2025-05-07T09:00"),
    dossier("D", "supplement_requested", "2025-05-08T09:00"),  # asked again: 8 and 9 do not count
    dossier("D", "supplemented", "2025-05-09T10:00"),
    received("E", "2025-05-05", due=None),
    received("F", "2025-05-05", due="2025-05-12") | {"procedure_code": "2.000001"},
    received("G", "2025-05-05", due="2025-05-12"),
    dossier("G", "payment_requested", "2025-05-07T09:00"),
    received("H", "2025-05-05", due="2025-05-30"),
    received("I", "2025-05-05", due="2025-05-14"),
    dossier("I", "payment_requested", "2025-05-07T09:00"),
    dossier("I", "processing", "2025-05-09T09:00"),
]


@pytest.fixture
def may(tmp_path: Path) -> Iterator[Hub]:
    opened = Hub(tmp_path)
    lists = {"calendar": CALENDAR, "hours": HOURS, "clock_policies": POLICIES}
    opened.reference = opened.reference.with_tables(lists)
    opened.send("dossier", *EVENTS)
    yield opened
    opened.close()


def differences(hub: Hub, **asked: str) -> Json:
    with hub.store.reading() as reading:
        question = read_report_question(REPORT, {"period": "2025-05"} | asked, to_us(hub.now))
        return find_differences(REPORT, question, hub.book(reading))


def test_each_difference_has_its_reason(may: Hub) -> None:
    body = differences(may)
    listed = {d["entity"]: d for d in body["differences"]}
    said = {
        code: (d["reason"], (d["computed"] or "")[:10], d["working_days"])
        for code, d in listed.items()
    }
    assert said == {
        "B": ("on_a_day_off", "2025-05-12", -1),
        "C": ("days_off_counted", "2025-05-14", -2),
        "D": ("waits_not_taken_off", "2025-05-14", -2),
        "E": ("not_sent", "2025-05-12", None),
        "F": ("no_policy", "", None),
        "G": ("waiting", "", None),
        "H": ("other", "2025-05-12", 14),
    }
    assert (body["total"], body["agree"]) == (9, 2)
    assert body["counts"] == dict.fromkeys(sorted(r for r, *_ in said.values()), 1)
    assert set(body["counts"]) <= set(REASONS)
    assert listed["B"]["sent"] == "2025-05-10T08:00:00+07:00"
    assert differences(may, unit="H57.1")["total"] == 0
    assert differences(may, period="2024")["total"] == 0


def test_a_day_off_more_or_less_lists_what_flips(may: Hub) -> None:
    def flips(calendar: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
        with may.store.reading() as reading:
            book, now = may.book(reading), to_us(may.now)
            listed = find_flips(DOSSIER, book, {"calendar": calendar}, now)
        return {f["entity"]: (f["before"]["state"], f["after"]["state"]) for f in listed}

    day = {"date": "2025-05-12", "kind": "holiday", "name_vi": "", "decision": "", "source": ""}
    assert flips([*CALENDAR, day]) == {"A": ("late", "on_time")}
    assert flips(CALENDAR) == {}
    assert flips([*CALENDAR, day | {"date": "2026-05-12"}]) == {}
    # A Saturday that is worked brings the due day forward: still late.
    assert flips([*CALENDAR, day | {"date": "2025-05-10", "kind": "working"}]) == {}


def test_other_policies_list_what_flips(may: Hub) -> None:
    with may.store.reading() as reading:
        longer = [policy("1.005129", "working_days", "6")]
        lists = {"clock_policies": longer, "units": []}
        listed = find_flips(DOSSIER, may.book(reading), lists, to_us(may.now))
    assert [(f["entity"], f["after"]["due_at"]) for f in listed] == [
        ("A", "2025-05-13T17:00:00+07:00")
    ]


def test_a_report_by_computed_due_dates_stands_beside_the_one_as_sent(may: Hub) -> None:
    """By hand: E, received without one, is due on 12 May; F and G have none as computed."""
    bodies = {}
    for due in ("sent", "computed"):
        with may.store.reading() as reading:
            question = read_report_question(
                REPORT, {"period": "2025-05", "due": due}, to_us(may.now)
            )
            is_computed = due == "computed"
            filled = fill(REPORT, question, may.book(reading), is_computed=is_computed)
        bodies[due] = filled.public()
        assert (bodies[due]["due"], bodies[due]["broken"]) == (due, [])
    columns = {due: [body["total"][f"c{i}"] for i in range(1, 12)] for due, body in bodies.items()}
    assert columns == {
        "sent": [9, 0, 9, 0, 1, 0, 0, 1, 8, 0, 8],
        "computed": [9, 0, 9, 0, 1, 0, 0, 1, 8, 2, 6],
    }
    assert [bodies[due]["total"]["without_due"] for due in bodies] == [0, 2]
    versions = {body["definition_version"] for body in bodies.values()}
    assert len(versions) == 2


def test_another_due_than_these_is_refused(may: Hub) -> None:
    with pytest.raises(QuestionError) as refused:
        differences(may, due="odd")
    assert refused.value.field == "due"
