"""The numbers of a source's quality are those of the lists behind them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.access.keys import Sender
from hub.clock import day_start, to_us
from hub.connecting.connection import heartbeat_name
from hub.definitions.source import Source
from hub.figures import quality
from hub.figures.book import Ask, Book
from hub.opening import OpenHub, open_hub
from hub.reference.periods import Period, parse_period
from hub.settings import Settings
from stream_jobs.worked import received
from tests.parts import lists

A = received("A", "2023-05-08")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OpenHub]:
    with open_hub(Settings(data_dir=tmp_path)) as found:
        gateway = found.gateway()
        contract = registry.contracts()["dossier"]
        for items in (
            [A, A, received("B", "2023-05-09") | {"colour": "red"}],
            [A | {"channel": "post"}, {"x": 1}, {"y": 2}],
            [received("C", "2023-05-10")],
        ):
            gateway.accept(contract, Sender("one_stop"), json.dumps(items).encode())
        gateway.accept(contract, Sender("SNV"), json.dumps([{"z": 1}]).encode())
        gateway.close()
        found.runner.catch_up()
        yield found


@pytest.fixture
def book(hub: OpenHub) -> Iterator[Book]:
    with hub.store.reading() as reading:
        yield lists.installed().book(reading)


def behind(hub: OpenHub, book: Book, key: str, period: str, source: str = "one_stop") -> Any:
    at = to_us(hub.clock())
    return quality.behind(book, registry.kpis(), source, key, parse_period(period), at, 0)


def listed(hub: OpenHub, book: Book, period: Period) -> list[Any]:
    at = to_us(hub.clock())
    found = quality.sources(hub.log, book, registry.kpis(), period, period, at)["sources"]
    assert isinstance(found, list)
    return found


def this_year(hub: OpenHub) -> str:
    return str(hub.clock().year)


def test_what_is_missing_to_valid_is_listed_item_by_item(hub: OpenHub, book: Book) -> None:
    found = behind(hub, book, "valid", this_year(hub))
    missing = found["figure"]["denominator"] - found["figure"]["numerator"]
    assert missing == found["total"] == 3
    assert {(r["rule"], r["field"]) for r in found["rows"]} >= {("unknown_field", "colour")}
    assert all(r["message_vi"] and r["message_en"] for r in found["rows"])
    assert sorted(r["index"] for r in found["rows"]) == [1, 2, 2]  # places in their requests


def test_what_is_missing_to_clean_is_listed_day_by_day(hub: OpenHub, book: Book) -> None:
    found = behind(hub, book, "clean", this_year(hub))
    (row,) = found["rows"]
    assert (row["received"], row["duplicate"], row["conflict"]) == (7, 1, 1)
    figure = found["figure"]
    assert figure["denominator"] - figure["numerator"] == row["duplicate"] + row["conflict"]


def test_complete_is_the_sum_of_its_steps(hub: OpenHub, book: Book) -> None:
    found = behind(hub, book, "complete", "2023-W19")
    assert [(r["from"], r["received"], r["due"]) for r in found["rows"]] == [
        ("2023-05-09", 0, 1),
        ("2023-05-11", 0, 1),
        ("2023-05-12", 0, 1),
        ("2023-05-08", 1, 1),  # the repeat and the disputed content are no other event
        ("2023-05-10", 1, 1),
    ]
    assert (found["figure"]["numerator"], found["figure"]["denominator"]) == (2, 5)


def test_live_is_since_the_latest_of_what_was_heard(hub: OpenHub, book: Book) -> None:
    found = behind(hub, book, "live", this_year(hub))
    (row,) = found["rows"]
    assert row["contract"] == "dossier"
    assert row["accepted_at"] == found["figure"]["fresh_at"]
    assert row["occurred_at"].startswith("2023-05-10")


def test_sources_are_those_expected_and_those_heard(hub: OpenHub, book: Book) -> None:
    beat = {"at": hub.clock().isoformat(), "state": "running", "error": ""}
    hub.log.set_checkpoints({heartbeat_name("one_stop"): json.dumps(beat)})
    year = parse_period(this_year(hub))
    found = {s["source"]: s for s in listed(hub, book, year)}
    assert list(found)[-1] == "SNV"  # pushes, and nothing that it sent was valid
    assert found["SNV"]["cadence"] is None
    assert found["SNV"]["quality"]["valid"]["value"] == "0.000000"
    owing = {name for name, source in registry.sources().items() if source.until is None}
    assert set(found) == {*owing, "SNV"}
    assert found["one_stop"]["heartbeat"]["state"] == "running"
    assert found["salinity"]["heartbeat"] is None
    assert not found["one_stop"]["is_late"]
    assert found["salinity"]["is_late"]
    assert found["salinity"]["quality"]["valid"] is None


def test_a_source_is_late_when_silent_for_longer_than_its_schedule_allows(hub: OpenHub) -> None:
    now = hub.clock()
    later = now + timedelta(seconds=registry.sources()["one_stop"].silence_seconds_max)
    for at, is_late in ((later - timedelta(seconds=60), False), (later, True)):
        hub.clock = lambda at=at: at  # type: ignore[misc]
        with hub.store.reading() as reading:
            year = parse_period("2026")
            found = listed(hub, lists.installed().book(reading), year)
        assert next(s for s in found if s["source"] == "one_stop")["is_late"] is is_late


def test_pages_follow_one_another(hub: OpenHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "ROWS_MAX", 2)
    at, year = to_us(hub.clock()), parse_period(this_year(hub))
    with hub.store.reading() as reading:
        book = lists.installed().book(reading)
        first = quality.behind(book, registry.kpis(), "one_stop", "valid", year, at, 0)
        rest = quality.behind(
            book, registry.kpis(), "one_stop", "valid", year, at, first["next_offset"]
        )
    assert (len(first["rows"]), len(rest["rows"]), rest["next_offset"]) == (2, 1, None)
    assert len({r["event_id"] for r in first["rows"] + rest["rows"]}) == 3


def test_a_source_that_cannot_deliver_it_does_not_lower_a_kpi(book: Book) -> None:
    ask = Ask(parse_period("2023-W19"), to_us(datetime(2026, 1, 1, tzinfo=UTC)))

    def completeness(*others: Source) -> float:
        of = {s.name: s for s in (registry.sources()["one_stop"], *others)}
        others_too = replace(book, definitions=replace(book.definitions, sources=of))
        return others_too.completeness("dossier", ask, {"channel": "online"})

    alone = completeness()
    assert alone == pytest.approx(2 / 5)
    other = Source("other", "dossier", "Khác", "Other", "X", "daily")
    assert completeness(other) == pytest.approx(2 / 12)  # seven days more, of which none reported
    assert completeness(replace(other, only={"channel": "post"})) == alone
    assert completeness(replace(other, only={"channel": "online"})) == completeness(other)
    assert completeness(replace(other, since=date(2023, 5, 14))) == pytest.approx(2 / 6)
    assert completeness(replace(other, since=date(2023, 5, 15))) == alone


def test_how_late_events_come_is_said_of_those_accepted_in_a_period(
    hub: OpenHub, book: Book
) -> None:
    year = parse_period(this_year(hub))
    (one,) = [s for s in listed(hub, book, year) if s["source"] == "one_stop"]
    happened = day_start(date(2023, 5, 8))
    late = (to_us(hub.clock()) - happened) // 1_000_000
    for name in ("p50", "p95", "p99"):
        assert 0.8 * late < one["lateness_seconds"][name] < 1.3 * late
    before = parse_period("2022")
    found = listed(hub, book, before)
    assert {s["lateness_seconds"] for s in found} == {None}
