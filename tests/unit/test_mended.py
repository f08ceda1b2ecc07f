"""Defects that were found and mended; each test names the rule that it holds to."""

import dataclasses
import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import polars as pl
import pytest

from hub import registry
from hub.apply.applier import Applier
from hub.clock import system_clock
from hub.definitions import admission, avro
from hub.definitions.avro import UnsafeSchemaError
from hub.figures.compute import QuestionError, read_question
from hub.log.log import LogUnavailableError, Submission
from hub.log.sqlite import SqliteLog
from hub.proof.verify import verify
from hub.reference.periods import parse_period
from hub.store import store
from stream_jobs.worked import dossier, paid, received, salinity
from tests.conftest import Hub
from tests.parts.small import in_this_process
from tests.unit.log.test_sqlite import batch, submission

C = registry.contracts()


def differences(hub: Hub) -> list[str]:
    with in_this_process():
        return verify(hub.log, hub.store, registry.installed()).differences


def test_overflow_and_rejection_of_one_receipt_do_not_collide(hub: Hub) -> None:
    items = [dossier("A", "processing", "2023-05-01") for _ in range(1_003)]
    items.insert(1_000, {"bad": 1})
    hub.post("dossier", *items)
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        assert reading.rows("SELECT COUNT(*) FROM quarantine") == [(4,)]


def test_verify_knows_of_the_limit_of_an_entity(hub: Hub) -> None:
    hub.send("dossier", *[dossier("A", "processing", "2023-05-01") for _ in range(1_002)])
    assert differences(hub) == []


def test_overflow_is_quarantined_alike_for_any_batches(tmp_path: Path) -> None:
    kept = []
    for at_once in (1, 9):
        folder = tmp_path / str(at_once)
        folder.mkdir()
        small = Hub(folder)
        small.post("dossier", *[dossier("A", "processing", "2023-05-01") for _ in range(999)])
        items = [dossier("A", "processing", "2023-05-01") | {"event_id": f"x{i}"} for i in range(3)]
        small.post("dossier", *items)
        contract = C["dossier"]
        batches = small.log.read(contract.topic, 0)
        applier = Applier(small.store, small.log.identity, system_clock)
        for i in range(0, len(batches), at_once):
            applier.apply(contract, batches[i : i + at_once])
        with small.store.reading() as reading:
            rows = reading.rows("SELECT event_id FROM quarantine ORDER BY 1")
        kept.append(rows)
        small.close()
    assert kept[0] == [("lgsp.dossier.v1/0/1000",), ("lgsp.dossier.v1/0/1001",)]
    assert kept[0] == kept[1]


def test_a_period_that_has_not_begun_counts_nothing(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-06-10T08:00"), received("B", "2023-06-10T12:00"))
    assert hub.kpi("dossier_received_new", "2023-06-10T10:00:00+07:00", period="2024") == []


def test_hours_of_two_stations_are_counted_alike_in_the_middle_of_a_day(hub: Hub) -> None:
    hub.send(
        "reading",
        salinity("ST01", "2023-03-01T05:00", 2),
        salinity("ST02", "2023-03-01T05:00", 2),
        salinity("ST02", "2023-03-01T15:00", 2),
    )
    (figure,) = hub.kpi("salinity_hours_over_1", "2023-03-01T10:00:00+07:00", period="2023-03")
    assert figure["numerator"] == 2


def test_verify_does_not_hold_receipts_against_a_topic_not_applied_yet(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-06-10T08:00"))
    hub.post("payment", paid("cash", "2023", customers=1, amount=1))
    assert differences(hub) == []


@pytest.mark.parametrize("at", ["9999-12-31T23:00:00-05:00", "0001-01-01T00:00:00+14:00"])
def test_an_instant_off_the_calendar_is_a_question_error(at: str) -> None:
    with pytest.raises(QuestionError):
        read_question(registry.kpis()["dossier_received"], {"at": at}, 0)


def test_columns_of_another_type_are_refused_not_truncated() -> None:
    frame = pl.DataFrame([paid("cash", "2023", customers=1, amount=1)])
    with pytest.raises((ValueError, pl.exceptions.PolarsError)):
        admission.admit_columns(C["payment"], frame.with_columns(pl.lit(1.9).alias("transactions")))


def test_datetime_columns_keep_their_instant_or_are_refused() -> None:
    at = datetime(2023, 5, 1, tzinfo=UTC)
    column = pl.lit(at).dt.cast_time_unit("ms").alias("occurred_at")
    frame = pl.DataFrame([dossier("A", "processing", "2023-05-01")]).with_columns(column)
    try:
        found = admission.admit_columns(C["dossier"], frame)["occurred_at"][0]
    except (ValueError, pl.exceptions.PolarsError):
        return
    assert found == 1_682_899_200_000_000


def test_an_append_that_failed_is_no_duplicate_when_sent_again(hub: Hub) -> None:
    def full(_: object) -> None:
        raise LogUnavailableError("full")

    event = received("A", "2023-06-10")
    with (
        mock.patch.object(hub.log, "append", full),
        pytest.raises(LogUnavailableError, match="full"),
    ):
        hub.post("dossier", event)
    body = hub.post("dossier", event).body
    assert (body["accepted"], body["duplicates"]) == (1, 0)


def test_a_commit_that_failed_is_rolled_back(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite3")

    def deny(action: int, what: str | None, *_: object) -> int:
        is_commit = action == sqlite3.SQLITE_TRANSACTION and what == "COMMIT"
        return sqlite3.SQLITE_DENY if is_commit else sqlite3.SQLITE_OK

    log._connection.set_authorizer(deny)
    with pytest.raises(LogUnavailableError):
        log.append([Submission("a", "s", "dossier", 1, 0, 0, [])])
    log._connection.set_authorizer(None)
    log.append([Submission("b", "s", "dossier", 1, 1, 0, [])])
    assert [r.accepted for r in log.receipts()] == [1]


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite3")
    (pages,) = log._connection.execute("PRAGMA page_count").fetchone()
    log._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LogUnavailableError, match="full"):
        log.append([submission("c", batch(count=20_000))])


ZERO = {"type": "record", "name": "E", "namespace": "x", "fields": []}
BYPASSES = {
    "zero width by full name": {
        "type": "record",
        "name": "O",
        "fields": [
            {"name": "a", "type": ZERO},
            {"name": "b", "type": {"type": "array", "items": "x.E"}},
        ],
    },
    "recursion by a namespace that is inherited": {
        "type": "record",
        "name": "O",
        "namespace": "n",
        "fields": [
            {
                "name": "i",
                "type": {
                    "type": "record",
                    "name": "I",
                    "fields": [{"name": "me", "type": ["null", "n.I"]}],
                },
            }
        ],
    },
    "recursion of a dotted name": {
        "type": "record",
        "name": "a.B",
        "fields": [{"name": "me", "type": ["null", "B"]}],
    },
}


@pytest.mark.parametrize("why", BYPASSES)
def test_unsafe_schemas_are_refused_by_any_name(why: str) -> None:
    with pytest.raises(UnsafeSchemaError):
        avro.check_safe(BYPASSES[why])


@pytest.mark.parametrize("text", ["２０２３", "２０２３-05", "٢٠٢٣"])
def test_periods_have_ascii_digits(text: str) -> None:
    with pytest.raises(ValueError, match="not a period"):
        parse_period(text)


def test_messages_are_bounded_and_printable() -> None:
    body = json.dumps({**received("A", "2023-05-01"), "x\x1b\x00" + "y" * 100_000: 1}).encode()
    (verdict,) = admission.admit(C["dossier"], body).rejected
    assert len(verdict.message_vi) <= 2_000
    assert verdict.message_vi.isprintable()
    assert verdict.field.isprintable()


def test_the_value_of_a_bad_line_is_shown_as_sent() -> None:
    good = json.dumps(received("A", "2023-05-01")).encode()
    admitted = admission.admit(C["dossier"], good + b'\n{"event_id": "B')
    assert admitted.rejected[0].value == '{"event_id": "B'


@pytest.mark.parametrize("quality", ["true", "1.0"])
def test_a_flag_is_an_integer(quality: str) -> None:
    event = json.dumps(salinity("ST01", "2023-05-01", 1.5))[:-1] + f', "quality": {quality}}}'
    assert len(admission.admit(C["reading"], event.encode()).rejected) == 1


def test_limits_are_written_for_people() -> None:
    event = dossier("A", "processing", "2023-05-01") | {"occurred_at": "1800-01-01T00:00:00Z"}
    (verdict,) = admission.admit(C["dossier"], json.dumps(event).encode()).rejected
    assert "datetime" not in verdict.message_vi


def test_definitions_name_what_orders_events() -> None:
    """Reordering kinds or `order_first` changes figures, so it must ask for a rebuild."""
    fact = registry.facts()["payment"]
    contract = C["payment"]
    before = store.definition_digest(fact, contract)
    old = contract.spec
    try:
        changed = dataclasses.replace(old, order_first=())
        type.__setattr__(contract.model, "spec", changed)
        contract.spec = changed
        assert store.definition_digest(fact, contract) != before
    finally:
        type.__setattr__(contract.model, "spec", old)
        contract.spec = old


def test_the_appender_survives_the_unexpected(hub: Hub) -> None:
    def broken(_: object) -> None:
        raise OverflowError("int too large")

    with (
        mock.patch.object(hub.log, "append", broken),
        pytest.raises(LogUnavailableError, match="int too large"),
    ):
        hub.post("dossier", received("A", "2023-06-10"))
    body = hub.post("dossier", received("B", "2023-06-10")).body
    assert body["accepted"] == 1


def test_polars_has_numpy_before_threads_are_there() -> None:
    """Two that were the first to hand it an array, together, ended with a TypeError."""
    asked = "import hub.definitions.avro, polars._dependencies as d; print(type(d.numpy).__name__)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "module\n"
