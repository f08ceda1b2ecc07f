"""The synthetic year: its volumes are counted here from the events alone, by plain polars."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from connectors.documents import synthetic as documents
from connectors.feedback import synthetic as feedback
from connectors.one_stop import synthetic as one_stop
from connectors.payments import synthetic as payments
from connectors.salinity import synthetic as salinity
from hub import registry
from hub.definitions.contract import Contract
from hub.reference.form import Row
from tests.parts import lists

YEAR_START = 1_672_506_000_000_000  # 2023-01-01T00:00+07:00
YEAR_END = 1_704_042_000_000_000  # 2024-01-01T00:00+07:00
HOUR = 3_600_000_000
ENDS = ["resolved", "refused", "withdrawn", "stopped"]
SMALL = 0.01
NOON = datetime(2026, 8, 4, 5, 0, 0, 123_456, tzinfo=UTC)

of_each = pytest.mark.parametrize(
    ("module", "contract"),
    [
        (one_stop, "dossier"),
        (salinity, "reading"),
        (payments, "payment"),
        (documents, "document"),
        (feedback, "feedback"),
    ],
    ids=["one_stop", "salinity", "payments", "documents", "feedback"],
)


def contract_of(name: str) -> Contract:
    return registry.contracts()[name]


def reference(name: str) -> list[Row]:
    return lists.reference().tables[name]


@of_each
@pytest.mark.parametrize("scale", [0.0001, SMALL])
def test_total_is_what_history_yields_in_small_frames(
    module: ModuleType, contract: str, scale: float
) -> None:
    heights = [frame.height for frame in module.history(1, scale)]
    assert sum(heights) == module.total(scale)
    assert max(heights) <= 20_000


@of_each
def test_a_scale_must_be_positive(module: ModuleType, contract: str) -> None:
    with pytest.raises(ValueError, match="scale"):
        module.total(0)


@of_each
def test_same_seed_same_frames_other_seed_others(module: ModuleType, contract: str) -> None:
    first, again, other = (list(module.history(seed, SMALL)) for seed in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        assert_frame_equal(a, b)
    assert not pl.concat(first).equals(pl.concat(other))


@of_each
def test_every_event_keeps_its_contract(module: ModuleType, contract: str) -> None:
    expected = {f.name: f.dtype for f in contract_of(contract).fields}
    for frame in module.history(1, SMALL):
        assert frame.schema == {name: expected[name] for name in frame.columns}
        conformed = contract_of(contract).conform(frame)
        assert conformed.filter(~contract_of(contract).is_valid).is_empty()


@of_each
def test_the_defects_are_all_rejected_and_their_number_is_bounded(
    module: ModuleType, contract: str
) -> None:
    cases = [(1, 0.0001, 1), (1, 3, module.DEFECTS_MAX)]
    cases += [(seed, 1, module.DEFECTS_MAX) for seed in range(5)]
    for seed, scale, number in cases:
        items = module.defects(seed, scale)
        assert len(items) == number < module.total(1) / 100
        assert items == module.defects(seed, scale)
        for item in items:
            with pytest.raises(ValidationError) as caught:
                validate(contract, item)
            assert caught.value.error_count() == 1, item
        assert len({item["event_id"] for item in items}) == number


def validate(contract: str, item: dict[str, Any]) -> None:
    contract_of(contract).item.validate_json(json.dumps(item))


@pytest.mark.parametrize("seed", [1, 2023])
def test_papers_come_to_the_published_shares_of_each_level(seed: int) -> None:
    last = (
        pl.concat(list(documents.history(seed, SMALL)))
        .sort("revision")
        .group_by("unit", "level", "day")
    )
    summed = last.last().group_by("level").agg(pl.col("handled", "handled_online").sum())
    hundredths = {level: (100 * online, whole) for level, whole, online in summed.iter_rows()}
    published = {"province": 89, "district": 88, "commune": 83}
    for level, percent in published.items():
        online, whole = hundredths[level]
        assert online == percent * whole > 0


def read_dossiers(scale: float) -> pl.DataFrame:
    kept = ["event_id", "dossier_code", "occurred_at", "kind", "channel", "satisfied", "due_at"]
    kinds = pl.Enum(contract_of("dossier").kinds)
    frames = (
        frame.select(*kept, pl.struct(pl.all()).hash(0).alias("content")).with_columns(
            pl.col("kind").cast(kinds)
        )
        for frame in one_stop.history(7, scale)
    )
    return pl.concat(frames)


def local_day(column: str) -> pl.Expr:
    return (pl.col(column) + 7 * HOUR) // (24 * HOUR)


def check_dossiers(events: pl.DataFrame, scale: float) -> None:
    def scaled(n: int) -> int:
        return round(n * scale)

    distinct = events.unique("event_id")
    assert events.unique(["event_id", "content"]).height == distinct.height
    assert events.height - distinct.height == round(0.003 * distinct.height)

    received = distinct.filter(kind="received")
    assert received["dossier_code"].n_unique() == received.height
    ended = distinct.filter(pl.col("kind").is_in(ENDS)).select(
        "dossier_code", pl.col("kind").alias("end"), pl.col("occurred_at").alias("ended_at")
    )
    assert ended["dossier_code"].n_unique() == ended.height
    dossiers = received.join(ended, on="dossier_code", how="left")
    assert dossiers.filter(pl.col("ended_at") < pl.col("occurred_at")).is_empty()

    is_new = pl.col("occurred_at").is_between(YEAR_START, YEAR_END, closed="left")
    is_old = pl.col("occurred_at") < YEAR_START
    is_over = (pl.col("ended_at") < YEAR_START).fill_null(value=False)
    new = dossiers.filter(is_new)
    assert new.height == scaled(599_888)
    assert new.filter(channel="online").height == scaled(213_995)
    assert dossiers.filter(is_old & ~is_over).height == scaled(5_971)
    assert dossiers.filter(is_old & is_over).height == scaled(261_568)
    assert new.filter(pl.col("ended_at").is_null()).height == round(0.008 * new.height)

    by_year_end = distinct.filter(pl.col("occurred_at") < YEAR_END, kind="synced")
    assert by_year_end["dossier_code"].n_unique() == scaled(453_908)
    assert (
        by_year_end.join(received, on="dossier_code")
        .filter(pl.col("occurred_at") < pl.col("occurred_at_right"))
        .is_empty()
    )
    rated = distinct.filter(kind="rated")
    assert rated.filter(is_new).height == rated.height == scaled(10_000)
    assert rated["dossier_code"].n_unique() == rated.height
    assert rated["satisfied"].sum() == scaled(9_227)

    moved = distinct.filter(kind="due_changed").select("dossier_code", moved_to="due_at")
    resolved = dossiers.filter(is_new, end="resolved").join(moved, on="dossier_code", how="left")
    due = resolved.with_columns(pl.coalesce("moved_to", "due_at").alias("due_at"))
    on_time = due.filter(local_day("ended_at") <= local_day("due_at")).height
    assert on_time / due.height == pytest.approx(0.94, abs=0.02)

    in_person = received.filter(pl.col("channel") != "online").select(
        day=local_day("occurred_at"), second=(pl.col("occurred_at") + 7 * HOUR) % (24 * HOUR)
    )
    assert in_person.filter((pl.col("day") + 3) % 7 >= 5).is_empty()
    assert in_person["second"].is_between(7.5 * HOUR, 17 * HOUR).all()


def test_a_small_year_has_the_published_proportions() -> None:
    check_dossiers(read_dossiers(SMALL), SMALL)


@pytest.mark.slow
def test_the_full_year_has_the_published_volumes() -> None:
    events = read_dossiers(1)
    assert events.height == one_stop.total(1)
    assert 4_000_000 <= events.height <= 5_000_000
    check_dossiers(events, 1)


def test_codes_are_those_of_the_reference_lists() -> None:
    units = {row["code"]: row["level"] for row in reference("units")}
    levels = {row["code"]: row["service_level"] for row in reference("procedures")}
    received = pl.concat(one_stop.history(1, SMALL)).filter(kind="received")
    for role in ("received_by", "resolved_by", "citizen_unit"):
        assert set(received[role]) <= set(units)
    assert {units[code] for code in received["citizen_unit"]} == {"commune"}
    pairs = received.select("procedure_code", "service_level").unique().rows()
    assert all(levels[code] == level for code, level in pairs)
    assert [levels.get(str(code)) for code in one_stop.PROCEDURES].count("full") == 1_041
    assert [row["code"] for row in reference("stations")] == salinity.STATIONS
    districts = [code for code, level in units.items() if level == "district"]
    assert districts == payments.DISTRICTS


def test_days_off_are_those_of_the_reference_calendar() -> None:
    listed = {row["date"] for row in reference("calendar") if row["kind"] == "holiday"}
    working = {datetime.fromtimestamp(day * 86_400, UTC).date() for day in one_stop._working_days()}
    first = datetime(2021, 1, 1, tzinfo=UTC).date()
    weekdays = [d for d in (first + timedelta(i) for i in range(1_140)) if d.weekday() < 5]
    assert {str(d) for d in weekdays if d not in working} == {
        d for d in listed if d <= str(weekdays[-1])
    }


def test_readings_are_hourly_but_for_the_gaps() -> None:
    readings = pl.concat(salinity.history(3, 1))
    assert readings.height == readings["event_id"].n_unique() == salinity.total(1)
    assert readings.select("station_code", "measured_at").n_unique() == readings.height
    assert readings["measured_at"].is_between(YEAR_START, YEAR_END, closed="left").all()
    assert ((readings["measured_at"] - YEAR_START) % HOUR == 0).all()
    by_station = dict(readings.group_by("station_code").len().rows())
    assert sorted(by_station) == salinity.STATIONS
    assert sorted(by_station.values()) == sorted([8_760 - 168, 8_760 * 97 // 100] + [8_760] * 10)

    good = readings.filter(quality=1)
    assert good.height / readings.height > 0.99
    assert good["value"].min() >= 0  # type: ignore[operator]
    assert 15_000 < good.filter(station_code="ST01")["value"].max() < 25_000  # type: ignore[operator]
    assert good.filter(station_code="ST12")["value"].max() < 4_000  # type: ignore[operator]
    dry, wet = (
        good.filter(local_day("measured_at").is_between(first, first + 30))["value"].mean()
        for first in (19_417, 19_600)
    )
    assert dry > 5 * wet  # type: ignore[operator]


def test_a_small_scale_is_fewer_hours() -> None:
    readings = pl.concat(salinity.history(3, SMALL))
    assert readings["measured_at"].max() == YEAR_START + 87 * HOUR
    assert readings.filter(station_code="ST01").height == 88


@pytest.mark.parametrize("scale", [SMALL, 1])
def test_electricity_has_the_published_customers_and_amounts(scale: float) -> None:
    statistics = pl.concat(payments.history(5, scale))
    assert statistics["event_id"].n_unique() == statistics.height
    key = ["reporter", "service", "method", "area", "period"]
    assert statistics.select(*key, "revision").n_unique() == statistics.height
    latest = statistics.sort("revision").unique(key, keep="last")
    electricity = latest.filter(service="electricity")
    assert set(electricity["period"]) == {"2023"}
    sums = electricity.group_by("method").agg(pl.col("customers", "amount_vnd").sum())
    figures = {method: (customers, amount) for method, customers, amount in sums.rows()}
    assert figures["cashless"] == (150_868, 1_543_880_000_000)
    assert figures["collection_point"] == (244_013, 1_614_160_000_000)
    assert figures["cash"][0] == 153


def test_restated_statistics_were_lower_and_some_arrive_before_what_they_replace() -> None:
    statistics = pl.concat(payments.history(5, 1)).with_row_index()
    key = ["reporter", "service", "method", "area", "period"]
    pairs = statistics.filter(revision=1).join(statistics.filter(revision=2), on=key)
    assert pairs.height > 30
    assert (pairs["amount_vnd"] < pairs["amount_vnd_right"]).all()
    assert 0 < pairs.filter(pl.col("index") > pl.col("index_right")).height < pairs.height


def test_other_services_report_every_month_and_the_year() -> None:
    """Customers of a year are no sum of those of its months; money and transactions are."""
    statistics = pl.concat(payments.history(5, 1)).filter(pl.col("service") != "electricity")
    months = {f"2023-{month:02}" for month in range(1, 13)}
    for _, rows in statistics.group_by("service", "method"):
        assert set(rows["period"]) == months | {"2023"}
        last = (
            rows.sort("revision").unique("period", keep="last").partition_by("period", as_dict=True)
        )
        year = last.pop(("2023",))
        for name in ("transactions", "amount_vnd"):
            assert year[name].sum() == sum(m[name].sum() for m in last.values())
        assert year["customers"].sum() < 2 * max(m["customers"].sum() for m in last.values())


def stepping(start: datetime, step: timedelta) -> Iterator[datetime]:
    while True:
        yield start
        start += step


@of_each
def test_live_events_are_accepted_dated_now_and_never_clash(
    module: ModuleType, contract: str
) -> None:
    ids = []
    for start in (NOON, NOON + timedelta(hours=1)):
        clock = stepping(start, timedelta(seconds=2)).__next__
        events = list(islice(module.live(1, clock), 600))
        ids += [event["event_id"] for event in events]
        at = (
            "recorded_at"
            if contract in ("payment", "document")
            else contract_of(contract).spec.occurred
        )
        instants = [datetime.fromisoformat(event[at]) for event in events[12:]]
        assert instants == list(islice(stepping(start, timedelta(seconds=2)), 600))[12:]
        for event in events:
            validate(contract, event)
    assert len(set(ids)) == len(ids) == 1200


def test_live_dossiers_are_received_before_anything_else_happens_to_them() -> None:
    known = set()
    for event in islice(one_stop.live(1, stepping(NOON, timedelta(seconds=1)).__next__), 5_000):
        if event["kind"] == "received":
            assert event["dossier_code"] not in known
            known.add(event["dossier_code"])
        assert event["dossier_code"] in known


def test_live_readings_begin_with_the_present_hour_of_every_station() -> None:
    events = list(islice(salinity.live(1, lambda: NOON), 24))
    assert {event["measured_at"] for event in events[:12]} == {"2026-08-04T12:00:00+07:00"}
    assert {event["station_code"] for event in events[:12]} == set(salinity.STATIONS)
    assert {event["measured_at"] for event in events[12:]} == {"2026-08-04T12:00:00.123456+07:00"}


def test_live_statistics_grow_through_the_day_and_start_again_at_midnight() -> None:
    evening = datetime(2026, 8, 4, 16, 0, tzinfo=UTC)
    clock = stepping(evening, timedelta(minutes=1)).__next__
    by_day: dict[str, list[int]] = {}
    for event in islice(payments.live(1, clock), 120):
        by_day.setdefault(str(event["period"]), []).append(int(str(event["revision"])))
    assert list(by_day) == ["2026-08-04", "2026-08-05"]
    for revisions in by_day.values():
        assert revisions == sorted(set(revisions))
