"""Twelve traps that running systems fell into: the naive number, and the right one, by hand.

Each trap has a few events, the definition that seems natural, in plain Python, and what it gives;
and what is right, which the hub must answer. A naive number that came out right would show nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub import registry
from hub.clock import to_us
from hub.reports.filled import fill, read_report_question
from stream_jobs.worked import Json, dossier, received
from tests.conftest import Hub

Number = int | tuple[int, int]
LONG_AFTER = "2026-05-20T10:00:00+07:00"
DATED = {"valid_from": "2020-01-01", "valid_to": ""}
THREE_DAYS = {
    "clock_policies": [
        {"procedure": "1.005129", "counts": "working_days", "amount": "3", "before": ""}
        | {"due_hour": "", "on_supplement": "pause", "on_payment": "pause"}
        | DATED
    ]
}


@dataclass(frozen=True)
class Trap:
    """A trap: the number in question, what naively and what rightly comes out, and how to ask."""

    title: str
    naively: str
    events: list[Json]
    naive: Callable[[list[Json]], Number]
    naive_number: Number
    right: Number
    ask: Callable[[Hub], Number]
    lists: dict[str, list[Json]] = field(default_factory=dict)


def kpi(name: str, period: str, at: str = LONG_AFTER, **where: str) -> Callable[[Hub], Number]:
    """Ask the hub for a KPI: its number, or numerator and denominator of a share."""

    def ask(hub: Hub) -> Number:
        (figure,) = hub.kpi(name, at, period=period, **where)
        pair = figure["numerator"], figure["denominator"]
        return pair if registry.kpis()[name].denominator else pair[0]

    return ask


def report(hub: Hub, column: str, period: str, at: str = LONG_AFTER, **where: str) -> int:
    """Ask the hub for a column of the total of 06a."""
    form = registry.reports()["06a"]
    question = read_report_question(form, {"period": period, "at": at, **where}, to_us(hub.now))
    with hub.store.reading() as reading:
        filled = fill(form, question, hub.book(reading), is_computed="due" in where)
    return int(filled.public()["total"][column])


def form(column: str, period: str, at: str = LONG_AFTER, **where: str) -> Callable[[Hub], Number]:
    """Write such a question."""
    return lambda hub: report(hub, column, period, at, **where)


def of(events: Iterable[Json], *kinds: str) -> list[Json]:
    """Give the events of some kinds."""
    return [e for e in events if e["kind"] in kinds]


def day(event: Json, name: str = "occurred_at") -> str:
    """Give the day of an instant as it is written."""
    return str(event[name])[:10]


def due_of(events: list[Json], ended: Json) -> str:
    """Find the due instant of the dossier that ended."""
    return next(
        str(e["due_at"])
        for e in of(events, "received")
        if e["dossier_code"] == ended["dossier_code"]
    )


def utc_day(text: str) -> str:
    """Give the day of an instant in Greenwich."""
    return datetime.fromisoformat(text).astimezone(UTC).date().isoformat()


JUDGED = [
    received("A", "2025-03-03", due="2025-03-10"),
    dossier("A", "resolved", "2025-03-05"),  # early
    received("B", "2025-03-03", due="2025-03-10T09:00"),
    dossier("B", "resolved", "2025-03-10T16:00"),  # on the due day, after the hour
    received("C", "2025-03-03", due="2025-03-10"),
    dossier("C", "resolved", "2025-03-12"),  # late
]
OF_TWO_UNITS = [
    received("A", "2025-03-03"),
    received("B", "2024-12-03") | {"received_by": "H57.7"},
]


def weekdays_after(event: Json, count: int) -> str:
    """Count working days as if there were weekends only."""
    at = datetime.fromisoformat(event["occurred_at"])
    while count:
        at += timedelta(days=1)
        count -= at.weekday() < 5
    return at.date().isoformat()


TRAPS = [
    Trap(
        "an on-time share that leaves out the early",
        "on time is what ended on the due day",
        JUDGED,
        lambda es: (sum(day(e) == due_of(es, e)[:10] for e in of(es, "resolved")), 3),
        (1, 3),
        (2, 3),
        kpi("dossier_on_time_share", "2025"),
    ),
    Trap(
        "a past year cut at today's month",
        "the months of any year up to the present one, May",
        [
            received("A", "2025-02-03"),
            received("B", "2025-09-03"),
            received("C", "2025-12-31T23:59"),
        ],
        lambda es: sum(day(e)[5:7] <= LONG_AFTER[5:7] for e in of(es, "received")),
        1,
        3,
        kpi("dossier_received_new", "2025"),
    ),
    Trap(
        "two definitions of on time",
        "beside the share by days, a report whose late ones are those after the hour",
        JUDGED,
        lambda es: sum(e["occurred_at"] > due_of(es, e) for e in of(es, "resolved")),
        2,
        1,
        # What the share calls late: the same one as the report does, by days.
        lambda hub: _same(
            report(hub, "c8", "2025"),
            _late(kpi("dossier_on_time_share", "2025")(hub)),
        ),
    ),
    Trap(
        "a filter that a bracket bypasses",
        "unit = X AND new OR carried over: the unit goes with the new ones alone",
        OF_TWO_UNITS,
        lambda es: sum(
            (e["received_by"] == "H57.1" and day(e) >= "2025") or day(e) < "2025"
            for e in of(es, "received")
        ),
        2,
        1,
        kpi("dossier_received", "2025", unit="H57.1"),
    ),
    Trap(
        "today's holidays used for the past",
        "three weekdays after 24/1/2025 is 29/1: Tết of 2025 is not in this year's list",
        [
            received("A", "2025-01-24", due=None),
            dossier("A", "resolved", "2025-02-05"),  # 3/2 (1), 4/2 (2), 5/2 (3): on the due day
        ],
        lambda es: int(day(es[1]) > weekdays_after(es[0], 3)),
        1,
        0,
        form("c8", "2025", due="computed"),
        THREE_DAYS,
    ),
    Trap(
        "a report that changes when it is run again",
        "overdue of June is what is overdue on the day on which the report is run",
        [
            received("A", "2025-06-02", due="2025-06-10"),  # overdue at the end of June
            received("B", "2025-06-02", due="2025-07-10"),  # not yet
        ],
        lambda es: sum(day(e, "due_at") < LONG_AFTER[:10] for e in es),
        2,
        1,
        lambda hub: _same(
            report(hub, "c11", "2025-06", "2025-07-01T00:00:00+07:00"),
            report(hub, "c11", "2025-06", LONG_AFTER),
        ),
    ),
    Trap(
        "midnight",
        "the day of an instant is taken in Greenwich: half past midnight is still the day before",
        [
            received("A", "2025-03-03", due="2025-03-10"),
            dossier("A", "resolved", "2025-03-11T00:30"),
            received("B", "2025-03-03", due="2025-03-10"),
            dossier("B", "resolved", "2025-03-10T23:59"),
        ],
        lambda es: (
            sum(utc_day(e["occurred_at"]) <= utc_day(due_of(es, e)) for e in of(es, "resolved")),
            2,
        ),
        (2, 2),
        (1, 2),
        kpi("dossier_on_time_share", "2025-03"),
    ),
    Trap(
        "a unit counted in two roles",
        "a dossier is of every unit that it names, so units add up to more than there is",
        [received("A", "2025-03-03")],
        lambda es: sum(len({e["received_by"], e["resolved_by"]}) for e in of(es, "received")),
        2,
        1,
        lambda hub: sum(
            f["numerator"]
            for f in hub.kpi("dossier_received_new", LONG_AFTER, period="2025", by="unit")
        ),
    ),
    Trap(
        "a reopened dossier counted twice",
        "every event that says resolved is a dossier resolved",
        [
            received("A", "2025-03-03"),
            dossier("A", "resolved", "2025-03-05"),
            dossier("A", "processing", "2025-03-06"),
            dossier("A", "resolved", "2025-03-20"),
        ],
        lambda es: len(of(es, "resolved")),
        2,
        1,
        kpi("dossier_resolved", "2025"),
    ),
    Trap(
        "supplements that run the clock",
        "three working days after 3/3 is 6/3, whatever the citizen was asked for",
        [
            received("A", "2025-03-03", due=None),
            dossier("A", "supplement_requested", "2025-03-04"),  # 4/3 (1), then the clock stands
            dossier("A", "supplemented", "2025-03-14"),
            dossier("A", "resolved", "2025-03-18"),  # 17/3 (2), 18/3 (3): on the due day
        ],
        lambda es: int(day(es[-1]) > weekdays_after(es[0], 3)),
        1,
        0,
        form("c8", "2025", due="computed"),
        THREE_DAYS,
    ),
    Trap(
        "carried over from nowhere",
        "carried over is what was received before and not resolved: the withdrawn stay for ever",
        [
            received("A", "2024-11-04"),
            dossier("A", "withdrawn", "2024-11-20"),
            received("B", "2024-12-04"),
            dossier("B", "resolved", "2025-01-08"),
        ],
        lambda es: len(
            {e["dossier_code"] for e in of(es, "received")}
            - {e["dossier_code"] for e in of(es, "resolved") if day(e) < "2025"}
        ),
        2,
        1,
        # And it is what was in progress when the year before ended.
        lambda hub: _same(report(hub, "c4", "2025"), report(hub, "c9", "2024")),
    ),
    Trap(
        "percent over 100",
        "synced in the year by received in the year: those of last year are above the line alone",
        [
            received("A", "2024-11-04"),
            dossier("A", "synced", "2025-01-04"),
            received("B", "2024-12-04"),
            dossier("B", "synced", "2025-01-05"),
            received("C", "2025-02-04"),
        ],
        lambda es: (
            len([e for e in of(es, "synced") if day(e) >= "2025"]),
            len([e for e in of(es, "received") if day(e) >= "2025"]),
        ),
        (2, 1),
        (2, 3),
        kpi("dossier_sync_share", "2025"),
    ),
]


def _late(share: Number) -> int:
    assert isinstance(share, tuple)
    return share[1] - share[0]


def _same(one: int, other: int) -> int:
    """Give a number that two answers must agree on."""
    assert one == other
    return one


def test_there_are_twelve() -> None:
    assert len({trap.title for trap in TRAPS}) == len(TRAPS) == 12


@pytest.mark.parametrize("trap", TRAPS, ids=[t.title for t in TRAPS])
def test_the_naive_definition_falls_in_and_the_hub_does_not(hub: Hub, trap: Trap) -> None:
    assert trap.naive(trap.events) == trap.naive_number, trap.naively
    assert trap.naive_number != trap.right
    hub.now = datetime.fromisoformat(LONG_AFTER)
    hub.reference = hub.reference.with_tables(trap.lists)
    hub.send("dossier", *trap.events)
    answered: Any = trap.ask(hub)
    assert answered == trap.right
