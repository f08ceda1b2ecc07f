"""What changed between two instants: by the clock and by what came, worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from hub import registry
from hub.clock import iso, to_us
from hub.figures import changing
from hub.figures.book import Book
from hub.figures.changing import Between, changes
from hub.figures.compute import Question, QuestionError, compute
from hub.figures.figure import Figure
from hub.figures.kpi import Kpi
from hub.figures.loading import load_lists
from hub.reference.periods import parse_period
from stream_jobs.worked import Json, dossier, received
from tests.conftest import Hub
from tests.laws.test_closing import BEFORE
from tests.unit.reports.test_editions import close_month

KPIS = registry.kpis()
HOUR = timedelta(hours=1)
NEW, OVERDUE, RESOLVED = "dossier_received_new", "dossier_overdue", "dossier_resolved"


def changed(
    hub: Hub,
    since: datetime,
    until: datetime | None = None,
    period: str = "2026",
    names: tuple[str, ...] = (NEW, OVERDUE, RESOLVED),
) -> dict[str, Json]:
    with hub.store.reading() as reading:
        between = Between(
            hub.book(reading),
            to_us(since),
            None if until is None else to_us(until),
            to_us(hub.now),
        )
        kpis = [KPIS[name] for name in names]
        return {one["kpi"]: one for one in changes(between, kpis, parse_period(period))["changed"]}


def pair(numerator: int, denominator: int = 0) -> Json:
    return {"numerator": numerator, "denominator": denominator}


@pytest.fixture
def told(hub: Hub) -> Hub:
    """Three hours of 15/1/2026: A and B, then C with A's end, then D; B is due that day."""
    hub.now = datetime(2026, 1, 15, 1, tzinfo=UTC)
    hub.send("dossier", received("A", "2026-01-14"), received("B", "2026-01-14", due="2026-01-15"))
    hub.now += HOUR
    hub.send(
        "dossier",
        received("C", "2026-01-14"),
        dossier("A", "resolved", "2026-01-15T08:00"),
        sender="one_stop",
    )
    hub.now += HOUR
    hub.send("dossier", received("D", "2026-01-14"))
    return hub


def test_what_came_is_told_thing_by_thing(told: Hub) -> None:
    found = changed(told, told.now - HOUR * 3 / 2)
    assert set(found) == {NEW, RESOLVED}
    new = found[NEW]
    assert (new["before"]["numerator"], new["after"]["numerator"]) == (2, 4)
    assert (new["by_clock"], new["by_events"]) == (pair(0), pair(2))
    assert [(c["entity"], c["numerator"]) for c in new["causes"]] == [("C", 1), ("D", 1)]
    (cause,) = found[RESOLVED]["causes"]
    assert cause["entity"] == "A"
    assert [event["sender"] for event in cause["events"]] == ["one_stop"]


def test_between_two_that_are_over_the_later_ones_are_left_out(told: Hub) -> None:
    found = changed(told, told.now - HOUR * 3 / 2, told.now - HOUR / 2)
    assert (found[NEW]["before"]["numerator"], found[NEW]["after"]["numerator"]) == (2, 3)
    assert [(c["entity"], c["numerator"]) for c in found[NEW]["causes"]] == [("C", 1)]
    assert len(found[NEW]["causes"][0]["events"]) == 1
    assert NEW not in changed(told, told.now - HOUR / 2, told.now - HOUR / 4)


def test_the_clock_alone_makes_a_dossier_overdue(told: Hub) -> None:
    since = told.now + HOUR
    told.now = datetime(2026, 1, 16, 1, tzinfo=UTC)
    found = changed(told, since)
    assert set(found) == {OVERDUE}
    assert (found[OVERDUE]["by_clock"], found[OVERDUE]["by_events"]) == (pair(1), pair(0))
    assert found[OVERDUE]["causes"] == []


def test_an_instant_that_is_not_kept_is_refused(told: Hub) -> None:
    with pytest.raises(QuestionError, match="is not kept"):
        changed(told, datetime(2026, 1, 14, tzinfo=UTC))


def test_what_is_over_and_untouched_is_not_worked_out_and_what_comes_late_is(
    told: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of December nothing came for an hour; then one dossier comes, another is dated into it."""
    worked: list[str] = []

    def counted(kpi: Kpi, question: Question, book: Book) -> list[Figure]:
        worked.append(kpi.id)
        return compute(kpi, question, book)

    monkeypatch.setattr(changing, "compute", counted)
    since = told.now - HOUR / 2
    assert changed(told, since, period="2025-12") == {}
    assert worked == []
    assert set(changed(told, since, period="2026-01")) == {NEW}
    worked.clear()
    told.now += HOUR
    told.send("dossier", received("E", "2025-12-30"))
    found = changed(told, since, period="2025-12")
    assert found[NEW]["by_events"] == pair(1)
    assert changed(told, since, period="2025-11") == {}
    worked.clear()
    # D was of January and is of December: it is gone from the one and come to the other.
    since = told.now
    told.now += HOUR
    told.send("dossier", {**received("D", "2025-12-31"), "recorded_at": iso(to_us(told.now))})
    assert changed(told, since, period="2025-12")[NEW]["by_events"] == pair(1)
    assert changed(told, since, period="2025-11") == {}


def test_of_lists_that_came_since_those_that_a_figure_goes_by_are_worked_out(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of each list goes, one after another: who leaves some out says what all would say."""
    hub.now = datetime(2026, 1, 15, 1, tzinfo=UTC)
    for name, events in BEFORE.items():
        hub.send(name, *events, sender="one_stop")
    worked: list[str] = []

    def counted(kpi: Kpi, question: Question, book: Book) -> list[Figure]:
        worked.append(kpi.id)
        return compute(kpi, question, book)

    monkeypatch.setattr(changing, "compute", counted)
    moved: set[str] = set()
    counts: dict[str, int] = {}
    for name, rows in {**hub.reference.tables, "report_schedules": []}.items():
        since = hub.now + HOUR / 2
        hub.now += HOUR
        load_lists(hub.log, {name: list(rows)[: len(rows) // 2]}, to_us(hub.now), "An")
        hub.runner.catch_up()
        worked.clear()
        found = changed(hub, since, period="2023", names=tuple(KPIS))
        counts[name] = len(set(worked))
        with monkeypatch.context() as patched:
            patched.setattr(changing._Same, "has", lambda *_: False)
            assert found == changed(hub, since, period="2023", names=tuple(KPIS)), name
        moved |= set(found)
    assert counts["calendar"] == counts["units"] == len(KPIS)
    of_now = {k.id for k in KPIS.values() if not k.numerator.is_of_period or k.contract is None}
    of_now |= {k.id for k in KPIS.values() if k.numerator.is_of_sources}
    assert (
        counts["report_schedules"]
        == counts["targets"]
        == len(of_now)
        < counts["hours"]
        < len(KPIS) / 2
    )
    assert moved, "no list changed any figure"


def test_a_closing_that_came_since_changes_no_figure(
    told: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = told.now + HOUR / 2
    monkeypatch.setattr(changing, "compute", lambda *_: pytest.fail("it was worked out"))
    told.now += HOUR
    close_month(told, "2025-11")
    told.now += HOUR
    assert changed(told, since, period="2025-12") == {}
