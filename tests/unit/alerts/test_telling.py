"""What is new about alerts: told once, amended visibly, and of what is old nobody is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub import registry
from hub.alerts.course import Course, courses
from hub.alerts.telling import REPLAYED_US, Teller, append, said
from hub.clock import iso, to_us
from stream_jobs.worked import salinity
from tests.conftest import Hub

BEGIN = datetime(2023, 3, 1, tzinfo=UTC)


@pytest.fixture
def live(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub whose clock is also that of the machine."""
    hub.now = BEGIN
    monkeypatch.setattr("hub.alerts.telling.system_clock", lambda: hub.now)
    return hub


def teller(hub: Hub) -> Teller:
    rules = {n: registry.alert_rules()[n] for n in ("salinity_over_4", "station_silent")}
    return Teller(hub.log, hub.store, hub.book, rules, lambda: hub.now)


def tell(hub: Hub, hours: float = 0) -> list[dict[str, Any]]:
    """Let the clock run, and give the events that are new."""
    hub.now += timedelta(hours=hours)
    before = len(events(hub))
    teller(hub).round()
    hub.runner.catch_up()
    assert teller(hub).round() == 0  # told once
    return events(hub)[before:]


def events(hub: Hub) -> list[dict[str, Any]]:
    with hub.store.reading() as reading:
        return reading.alert_events()


def send(hub: Hub, *readings: dict[str, Any]) -> None:
    hub.now += timedelta(hours=1)
    hub.send("reading", *readings)


def stands(hub: Hub) -> list[Course]:
    return list(courses(events(hub)).values())


def kinds(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(e["kind"], e["state"]) for e in found]


def test_an_alert_is_raised_escalates_and_clears(live: Hub) -> None:
    send(live, salinity("ST01", "2023-03-01T07:30", 4.5))
    assert kinds(tell(live)) == [("raised", "open")]
    assert kinds(tell(live, 1)) == [("escalated", "open")]  # an hour after 07:30
    send(live, salinity("ST01", "2023-03-01T09:00", 3.0))
    # Silent since 15:00, and nothing over 4 g/L for 25 hours: cleared as of 09:00.
    later = tell(live, 26)
    assert kinds(later) == [
        ("cleared", "cleared"),
        ("raised", "open"),
        ("escalated", "open"),  # nobody has looked at the silence for twelve hours
    ]
    assert iso(later[0]["cleared_at"]) == "2023-03-01T09:00:00+07:00"


def test_an_alert_leads_to_its_station_at_the_minute_at_which_it_began(live: Hub) -> None:
    send(live, salinity("ST01", "2023-03-01T07:30", 4.5))
    tell(live)
    (alert,) = stands(live)
    assert alert.last["link"] == "/water?station=ST01&at=2023-03-01T07:30"


def test_who_acknowledges_in_time_keeps_it_from_escalating(live: Hub) -> None:
    send(live, salinity("ST01", "2023-03-01T07:30", 4.5))
    tell(live)
    (alert,) = stands(live)
    append(live.log, [said(alert, "acknowledged", "An", "gọi 0912345678", to_us(live.now))], 0)
    live.runner.catch_up()
    assert tell(live, 1) == []
    (alert,) = stands(live)
    assert alert.state == "acknowledged"
    assert "0912345678" not in str(alert.history())


def test_a_late_reading_amends_an_alert_and_says_what_it_was(live: Hub) -> None:
    send(live, salinity("ST01", "2023-03-01T07:30", 4.5))
    (raised,) = tell(live)
    tell(live, 1)
    send(live, salinity("ST01", "2023-03-01T07:10", 5.0))
    found = tell(live)
    new = next(e for e in found if e["kind"] == "raised")
    assert new["amends"] == raised["alert"]
    assert new["replayed"]  # it was told under another id
    # So was its escalation.
    assert [e["replayed"] for e in found if e["kind"] == "escalated"] == [True]
    old = next(e for e in found if e["alert"] == raised["alert"])
    assert (old["kind"], old["state"]) == ("amended", "withdrawn")
    assert '"state": "open"' in old["was"]
    assert sorted(a.state for a in stands(live)) == ["open", "withdrawn"]


def test_a_corrected_value_withdraws_an_alert_and_may_bring_it_back(live: Hub) -> None:
    wrong = salinity("ST01", "2023-03-01T07:00", 4.5)
    send(live, wrong)
    tell(live)
    live.now += timedelta(minutes=5)
    for grams, state in ((0.45, "withdrawn"), (4.6, "open"), (0.4, "withdrawn")):
        again = {
            **wrong,
            "event_id": f"again {grams}",
            "value": grams,
            "revised_at": live.now.isoformat(),
        }
        live.send("reading", again)
        (told,) = tell(live, 0.1)
        assert (told["kind"], told["state"], told["was"] is not None) == ("amended", state, True)
    assert len({e["event_id"] for e in events(live)}) == len(events(live))


def test_of_what_is_old_nobody_is_told(live: Hub) -> None:
    live.now = BEGIN + timedelta(days=30)
    send(live, salinity("ST01", "2023-03-01T07:00", 4.5), salinity("ST01", "2023-03-01T08:00", 1))
    found = tell(live)
    assert found
    for event in found:
        assert event["replayed"] == (event["at"] < to_us(live.now) - REPLAYED_US)
    assert all(e["replayed"] for e in found)


def test_nothing_is_looked_at_before_all_is_applied(live: Hub) -> None:
    live.now += timedelta(hours=1)
    live.post("reading", salinity("ST01", "2023-03-01T07:30", 4.5))
    assert teller(live).round() is None
    live.runner.catch_up()
    assert teller(live).round() == 1


def test_who_ended_before_it_was_applied_tells_nothing_under_another_id(live: Hub) -> None:
    send(live, salinity("ST01", "2023-03-01T07:30", 4.5))
    told = teller(live)
    assert told.round() == 1
    assert teller(live).round() is None  # what was appended waits to be applied
    live.runner.catch_up()
    assert teller(live).round() == 0
    assert len(events(live)) == 1


def test_one_tells_while_the_others_wait(live: Hub) -> None:
    send(live, salinity("ST01", "2023-03-01T07:30", 4.5))
    with live.store.database.alone("alerts") as is_mine:
        assert is_mine
        assert teller(live).round() is None
    assert teller(live).round() == 1
