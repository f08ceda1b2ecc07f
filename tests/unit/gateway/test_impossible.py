"""What cannot be is refused at the door and said to its sender; nothing of the rest is lost."""

import json
from datetime import datetime
from typing import Any

import pytest

from hub import registry
from hub.clock import VIETNAM, from_us, to_us
from hub.definitions.ahead import US_MAX
from hub.definitions.coded import find_field, label
from hub.definitions.ranges import Ranges
from hub.figures.loading import load_lists
from hub.log.submitting import append_columns
from stream_jobs.worked import dossier, paid, received, salinity
from tests.conftest import Hub

Json = dict[str, Any]


def read(quantity: str, value: float | None, unit: str, at: str = "04-11T05:00", **m: Any) -> Json:
    event = salinity("ST07", f"2022-{at}", 0) | {"quantity": quantity, "value": value, "unit": unit}
    return event | m


def rules(hub: Hub, contract: str, *items: Json) -> list[tuple[int, str, str]]:
    """Post items; give which were rejected, by which rule, of which field."""
    answer = hub.post(contract, *items)
    for said in answer.body["rejected"]:
        assert said["message_vi"] != said["message_en"]
        of_field = find_field(registry.contracts()[contract], said["field"])
        assert of_field is not None
        assert label(of_field).vi in said["message_vi"]
        assert said["field"] in said["message_en"]
    hub.runner.catch_up()
    return [(v["index"], v["rule"], v["field"]) for v in answer.body["rejected"]]


def test_codes_of_loggers_and_what_no_water_has_do_not_count(hub: Hub) -> None:
    """K3: the mean of ST07 in April is (1.1 + 1.5) / 2, by hand, whatever else was sent."""
    sent = (
        read("salinity", 1.1, "g/L"),
        read("salinity", -999.9, "g/L", "04-11T06:00"),
        read("salinity", 6999, "g/L", "04-11T07:00"),
        read("salinity", -0.4, "g/L", "04-11T08:00"),
        read("temperature", -127, "degC"),
        read("ph", 16.2, "pH"),
        read("salinity", None, "g/L", "04-11T09:00", quality=9),
        read("salinity", -999.9, "g/L", "04-11T10:00", quality=9),
        read("salinity", 55, "g/L", "04-11T11:00", quality=4),
        read("salinity", 1500, "mg/L", "04-11T12:00"),
    )
    assert rules(hub, "reading", *sent) == [
        (1, "missing_code", "value"),
        (2, "missing_code", "value"),
        (3, "outside_range", "value"),
        (4, "missing_code", "value"),
        (5, "outside_range", "value"),
    ]
    (mean,) = hub.kpi("salinity_mean", period="2022-04", station="ST07")
    assert (mean["numerator"], mean["denominator"]) == (2600, 2)
    with hub.store.reading() as reading:
        missing = reading.rows("SELECT milli FROM fact_reading WHERE quality = 9")
    assert missing == [(None,), (None,)]


def test_what_is_missing_or_was_out_of_range_before_it_was_refused_does_not_count(hub: Hub) -> None:
    """A log may hold values that were taken when nothing refused them yet."""
    contract = registry.contracts()["reading"]
    good = contract.item.validate_json(json.dumps(salinity("ST07", "2022-04-11T05:00", 2)))
    frame = contract.columns([good])
    old = frame.with_columns(frame["value"] * 0 - 9_999_000, frame["event_id"] + "b")
    old = old.with_columns(old["measured_at"] + 1)
    append_columns(hub.log, contract, "tester", frame, lambda: hub.now)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("hub.log.submitting.admit_columns", lambda _, f: f)
        append_columns(hub.log, contract, "tester", old, lambda: hub.now)
    hub.runner.catch_up()
    (mean,) = hub.kpi("salinity_mean", period="2022-04")
    assert (mean["numerator"], mean["denominator"]) == (2000, 1)


RANGES = [
    {"quantity": "water_level", "station": "", "low": "-3", "high": "6.5"},
    {"quantity": "water_level", "station": "ST07", "low": "-1", "high": "2"},
    {"quantity": "water_level", "station": "ST10", "low": "-3", "high": "9"},
    {"quantity": "salinity", "station": "ST08", "low": "0.1", "high": "30"},
]


def load(hub: Hub, rows: list[Json]) -> None:
    dated = {"valid_from": "2022-01-01", "valid_to": "2023-01-01", "source": ""}
    load_lists(hub.log, {"ranges": [r | dated for r in rows]}, to_us(hub.now), "tester")
    hub.runner.catch_up()


def test_a_province_narrows_ranges_by_station_and_day(hub: Hub) -> None:
    def level(value: float, station: str, at: str = "04-11T05:00", **more: Any) -> Json:
        return read("water_level", value, "m", at, station_code=station, **more)

    assert rules(hub, "reading", level(7, "ST01")) == []
    load(hub, RANGES)
    sent = (
        level(7, "ST01"),
        level(6.5, "ST01"),
        level(2.5, "ST07"),  # its own range stands in the place of the one for all
        level(2.5, "ST01"),
        level(2.5, "ST07", quality=3),
        level(7, "ST01") | {"measured_at": "2023-01-01T00:00:00+07:00"},
        level(7, "ST01") | {"measured_at": "2022-12-31T23:59:59+07:00"},
        read("salinity", 50, "mg/L", station_code="ST08"),
        read("salinity", 100, "mg/L", station_code="ST08"),
        read("salinity", 50, "mg/L", station_code="ST09"),
        level(8.5, "ST10"),
    )
    # Each by itself: several are of one station at one instant.
    wrong = [n for n, one in enumerate(sent) if rules(hub, "reading", one)]
    assert wrong == [0, 2, 6, 7]
    found = [rule for n in wrong for rule in rules(hub, "reading", sent[n])]
    assert {rule for _, rule, _ in found} == {"outside_range"}
    load(hub, [])
    assert rules(hub, "reading", level(7, "ST01", "04-12T05:00")) == []


def test_a_list_of_ranges_is_read_by_its_form() -> None:
    row = RANGES[0] | {"valid_from": "2022-01-01", "valid_to": "", "source": ""}
    assert Ranges([row]) is not None
    form = registry.forms()["ranges"]
    assert {c.name for c in form.columns} == set(row)
    quantities = {f.name: f for f in registry.contracts()["reading"].fields}["quantity"]
    named = next(c for c in form.columns if c.name == "quantity").choices.values()
    assert sorted(named) == sorted(quantities.limits["enum"])


def text(us: int) -> str:
    return from_us(us).isoformat()


def test_an_instant_that_is_yet_to_come_is_refused_whatever_it_is_of(hub: Hub) -> None:
    """K6: measured, revised, recorded, occurred; only what is due may lie ahead."""
    now = to_us(hub.now)
    just, over = text(now + US_MAX), text(now + US_MAX + 1)
    reading = salinity("ST11", "2022-08-01T05:00", 1.8)
    sent = (
        reading | {"event_id": "a", "measured_at": over},
        reading | {"event_id": "b", "revised_at": "2099-01-01T00:00:00+07:00"},
        reading | {"event_id": "c", "recorded_at": over},
        reading | {"event_id": "d", "measured_at": just, "recorded_at": just, "revised_at": just},
        # Local time that is called UTC.
        reading | {"event_id": "e", "measured_at": f"{hub.now.astimezone(VIETNAM):%FT%T}Z"},
    )
    assert [(i, f) for i, rule, f in rules(hub, "reading", *sent) if rule == "in_the_future"] == [
        (0, "measured_at"),
        (1, "revised_at"),
        (2, "recorded_at"),
        (4, "measured_at"),
    ]
    due = received("A", "2025-12-01", due="2033-01-01")
    assert rules(hub, "dossier", due, dossier("B", "processing", "2026-01-15T12:00")) == [
        (1, "in_the_future", "occurred_at")
    ]
    # The hub's 15 January 2026 is within that month and year, not within the next.
    texts = ["2026", "2026-01", "2026-01-15", "2026-01-16", "2026-02", "2027"]
    periods = [paid("cash", t, customers=1, amount=1) for t in texts]
    assert [i for i, *_ in rules(hub, "payment", *periods)] == [3, 4, 5]
    # No device has a clock that was wrong: somebody wrote another year.
    (wrong,) = hub.post("payment", periods[5]).body["rejected"]
    assert "“2027” kỳ này chưa bắt đầu lúc tiếp nhận (2026-01-15)" in wrong["message_vi"]
    assert "đồng hồ" not in wrong["message_vi"]


def test_a_wrong_clock_neither_outranks_corrections_nor_holds_a_metric(hub: Hub) -> None:
    reading = salinity("ST11", "2022-08-01T05:00", 1.2)
    wrong = {"event_id": "x", "value": 30, "revised_at": "2088-01-01T00:00:00+07:00"}
    assert rules(hub, "reading", reading | wrong) == [(0, "in_the_future", "revised_at")]
    rules(hub, "reading", reading | {"revised_at": "2022-08-02T00:00:00+07:00"})
    (greatest,) = hub.kpi("salinity_max", period="2022-08")
    assert greatest["numerator"] == 1200
    with hub.store.reading() as found:
        assert found.horizon("reading") == to_us(datetime(2022, 8, 1, 5, tzinfo=VIETNAM))
        kept = found.rows("SELECT rule, value FROM quarantine")
    assert kept == [("in_the_future", "2088-01-01T00:00:00+07:00")]


def test_a_due_date_of_a_misspelt_year_or_for_none_is_refused(hub: Hub) -> None:
    """Within 20 years of 366 days, 7,320 days: 2003-05-04 plus 7,320 days is 2023-05-19, by hand.

    One before the reception is taken, and evidence names it.
    """
    sent = (
        received("A", "2003-05-05", due="2203-05-12"),
        received("B", "2003-05-05", due="9999-12-29"),
        received("C", "2003-05-05", due="2003-05-01"),
        received("D", "2003-05-04T08:00", due="2023-05-19T08:00"),
        received("E", "2003-05-04T08:00", due="2023-05-19T08:01"),
        dossier("C", "due_changed", "2003-05-06", due_at="2204-05-12T17:00:00+07:00"),
    )
    wrong = [(n, "outside_range", "due_at") for n in (0, 1, 4, 5)]
    assert rules(hub, "dossier", *sent) == wrong
    (figure,) = hub.kpi("dossier_received_new", period="2003-05")
    assert figure["numerator"] == 2
