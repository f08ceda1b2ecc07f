"""All that is connected, in one list and one report, worked out by hand."""

from datetime import UTC, datetime

from hub import registry
from hub.alerts.connected import connected, report
from hub.alerts.course import courses, listed
from hub.alerts.telling import Teller
from hub.clock import iso, to_us
from hub.figures.quality import sources
from hub.reference.periods import parse_period
from hub.store import deliveries
from stream_jobs.worked import salinity
from tests.conftest import Hub


def test_a_station_has_its_last_good_record_its_share_of_bad_ones_and_its_alerts(hub: Hub) -> None:
    hub.now = datetime(2023, 3, 1, 12, tzinfo=UTC)  # 19:00 in Vietnam
    hub.send(
        "reading",
        salinity("ST01", "2023-03-01T17:00", 0.5),
        salinity("ST01", "2023-03-01T18:00", 0.5),
        salinity("ST02", "2023-03-01T09:00", 0.5),
        salinity("ST02", "2023-03-01T10:00", 9.9, quality=4),
        sender="salinity",
    )
    rules = {"station_silent": registry.alert_rules()["station_silent"]}
    Teller(hub.log, hub.store, hub.book, rules, lambda: hub.now).round()
    hub.runner.catch_up()
    at, year = to_us(hub.now), parse_period("2023")
    with hub.store.reading() as reading:
        book = hub.book(reading)
        known = sources(hub.log, book, registry.kpis(), year, year, at)["sources"]
        systems = {s["id"]: s for s in connected(known, book, at)}
        text = report(systems.values(), listed(courses(reading.alert_events())), at)
    well, silent = systems["ST01"], systems["ST02"]
    assert (well["kind"], well["state"], well["error_share"]) == ("station", "good", 0.0)
    assert well["last_good_at"] == "2023-03-01T18:00:00+07:00"
    # One of two is bad, and nothing came since 10:00: silent since 16:00.
    assert (silent["state"], silent["error_share"], silent["alerts_open"]) == ("bad", 0.5, 1)
    assert silent["last_good_at"] == "2023-03-01T09:00:00+07:00"
    assert systems["salinity"]["kind"] == "sender"
    assert systems["salinity"]["error_share"] == 0
    lines = text.splitlines()
    bad = next(n for n, line in enumerate(lines) if "ST02" in line)
    good = next(n for n, line in enumerate(lines) if "ST01" in line)
    assert bad < good  # the worst first
    assert any(line.startswith("- Trạm ST02") for line in lines)


def test_an_outlet_is_connected_by_what_it_told_last_and_what_waits(hub: Hub) -> None:
    at = to_us(hub.now)
    states = {
        "mail": (("sent", at), ("sent", at), ("failed", at), ("sent", at)),
        "sms": (("waiting", at - 601_000_000),),
        "mqtt": (("waiting", at - 599_000_000), ("sent", at)),
        "": (("nobody", at),),
    }
    rows = [
        {
            **dict.fromkeys(("event_id", "alert", "recipient", "escalated_to"), "x"),
            **{"id": f"{outlet}{n}", "outlet": outlet, "state": state, "due_at": due},
            **dict.fromkeys(("decided_at", "try_at", "at"), at),
            **{"is_joined": 0, "tries": 0, "message": None, "begun_at": None, "last_error": None},
        }
        for outlet, of_outlet in states.items()
        for n, (state, due) in enumerate(of_outlet)
    ]
    with hub.store.administering() as c:
        deliveries.decide(c, rows)
    with hub.store.reading() as reading:
        systems = {s["id"]: s for s in connected([], hub.book(reading), at)}
    assert set(systems) == {"mail", "sms", "mqtt"}
    # One of four was given up; what is due for over ten minutes is late.
    assert (systems["mail"]["error_share"], systems["mail"]["state"]) == (0.25, "good")
    assert systems["mail"]["last_good_at"] == iso(at)
    assert (systems["sms"]["state"], systems["sms"]["last_good_at"]) == ("bad", None)
    assert systems["mqtt"]["state"] == "good"
