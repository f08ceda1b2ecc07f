"""Silence: who owes something and was not heard of, by how long; worked out by hand."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from hub.clock import to_us
from hub.figures.arrived import spoken_until
from hub.figures.silence import silences
from stream_jobs.worked import paid, received, salinity
from tests.conftest import Hub
from tests.unit.figures.test_duties import days, duty, owe

HOUR = timedelta(hours=1)


def silent(hub: Hub, label: str) -> tuple[float | None, bool]:
    """Give the hours of silence, and whether that is late."""
    with hub.store.reading() as reading:
        found = silences(hub.book(reading), to_us(hub.now))[label]
    return None if found.silent_us is None else found.silent_us / 3.6e9, found.is_late


def test_a_station_that_anybody_passes_on_is_silent_since_its_last_day_ended(hub: Hub) -> None:
    owe(hub, duty("", "reading", "daily", "2026-01-01", party="ST01"))
    for number, sender in enumerate(("gateway-0", "gateway-1")):
        sent = salinity("ST01", f"2026-01-1{number}T05:00", 1) | {"event_id": str(number)}
        hub.send("reading", sent, sender=sender)
    # 11 January ended at 17:00 UTC; a day and a half may pass.
    hub.now = datetime(2026, 1, 11, 17, tzinfo=UTC) + 36 * HOUR
    assert silent(hub, "ST01") == (36, False)
    hub.now += HOUR
    assert silent(hub, "ST01") == (37, True)


def test_a_bank_is_silent_since_the_month_that_it_reported_last(hub: Hub) -> None:
    owe(hub, *(duty("banks", "payment", "monthly", "2025-12-01", party=b) for b in ("NH1", "NH2")))
    hub.send(
        "payment",
        paid("cash", "2025-12", customers=1, amount=5) | {"reporter": "NH1"},
        sender="banks",
    )
    new_year = datetime(2025, 12, 31, 17, tzinfo=UTC)
    hub.now = new_year + 45 * 24 * HOUR
    assert silent(hub, "banks/NH1") == (45 * 24, False)
    # NH2 owes since 1 December: 31 days more.
    assert silent(hub, "banks/NH2") == (76 * 24, True)
    hub.now += 25 * HOUR
    assert silent(hub, "banks/NH1")[1]


def test_a_sender_that_is_heard_under_one_contract_is_silent_under_another(hub: Hub) -> None:
    owe(
        hub,
        duty("so", "dossier", "working_day", "2026-01-01"),
        duty("so", "payment", "daily", "2026-01-14"),
    )
    hub.send("dossier", received("A", "2026-01-15"), sender="so")
    began = datetime(2026, 1, 13, 17, tzinfo=UTC)
    assert silent(hub, "so") == ((hub.now - began) / HOUR, False)
    hub.now = began + 37 * HOUR
    assert silent(hub, "so") == (37, True)


def test_who_has_only_begun_is_not_late_and_who_has_ended_owes_nothing(hub: Hub) -> None:
    owe(
        hub,
        duty("new", "reading", "daily", "2026-01-14"),
        duty("old", "reading", "daily", valid_to="2026-01-15"),
    )
    hub.now = datetime(2026, 1, 14, 3, tzinfo=UTC)
    assert silent(hub, "new") == (10, False)
    assert silent(hub, "old")[1]
    hub.now = datetime(2026, 1, 14, 18, tzinfo=UTC)  # 15 January has begun here
    with hub.store.reading() as reading:
        assert list(silences(hub.book(reading), to_us(hub.now))) == ["new"]


@pytest.mark.parametrize(
    ("span", "first", "end"),
    [
        ("", "2023-05-17", "2023-05-18"),
        ("day", "2023-12-31", "2024-01-01"),
        ("month", "2023-12-01", "2024-01-01"),
        ("month", "2024-02-01", "2024-03-01"),
        ("year", "2024-01-01", "2025-01-01"),
    ],
)
def test_what_came_speaks_up_to_the_end_of_its_span(span: str, first: str, end: str) -> None:
    (expected,) = days(end)
    assert spoken_until({span: Counter(days(first, "2023-01-01"))}) == expected
    assert spoken_until({span: Counter(dict.fromkeys(days(first), 0))}) is None
