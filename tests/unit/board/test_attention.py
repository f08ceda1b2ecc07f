"""Attention: who is expected to report is who owes something, each once."""

from datetime import UTC, datetime
from typing import Any

from hub.board.attention import sources_owing
from hub.clock import to_us
from hub.reference.periods import parse_period
from stream_jobs.worked import salinity
from tests.conftest import Hub
from tests.unit.figures.test_duties import duty, owe

PERIOD = parse_period("2026-01")


def owing(hub: Hub) -> dict[str, Any]:
    with hub.store.reading() as reading:
        return sources_owing(hub.book(reading), PERIOD, to_us(hub.now))


def test_who_owes_nothing_yet_or_any_more_is_not_expected(hub: Hub) -> None:
    owe(
        hub,
        duty("now", "reading", "daily", "2026-01-01"),
        duty("old", "reading", "daily", "2025-12-01", valid_to="2026-01-10"),
        duty("to come", "reading", "daily", "2026-02-01"),
        # Twice: as it owes two contracts, it is one source still.
        duty("both", "reading", "daily", "2026-01-01"),
        duty("both", "payment", "monthly", "2026-01-01"),
    )
    sent = salinity("ST01", "2025-06-01T05:00", 1)
    for sender in ("old", "to come"):
        hub.send("reading", sent | {"event_id": sender}, sender=sender)
    hub.now = datetime(2026, 1, 15, 3, tzinfo=UTC)
    found = owing(hub)
    assert found["expected"] == 2
    assert {b["source"] for b in found["behind"]} == {"now", "both"}
    hub.now = datetime(2026, 2, 1, 3, tzinfo=UTC)
    found = owing(hub)
    assert found["expected"] == 3
    assert "to come" not in {b["source"] for b in found["behind"] if b["steps_missing"]}
