"""The embedded log: consecutive, durable or nothing, and readable by any Kafka tool."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.log.log import (
    IDEMPOTENCY_DAYS,
    Batch,
    IdempotencyConflictError,
    Log,
    LogUnavailableError,
    Receipt,
    Submission,
)
from hub.log.slices import Origin
from hub.log.sqlite import SqliteLog
from hub.log.submitting import encode
from stream_jobs.worked import dossier, paid, salinity
from tests.parts.small import admitted_frame

AT = 1_700_000_000_000_000
DAY_US = 86_400_000_000
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "dossier": [dossier(f"H57.1-{i}", "processing", "2023-05-01") for i in range(3)],
    "payment": [paid("cash", "2023-05", customers=i, amount=0) for i in range(3)],
    "reading": [salinity("ST01", f"2023-05-01T0{i}:00", 1.5) for i in range(3)],
}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog(tmp_path / "log.sqlite3")
    yield opened
    opened.close()


def batch(name: str = "dossier", count: int = 3, receipt: str = "r", sender: str = "s") -> Batch:
    contract = registry.contracts()[name]
    items = [EXAMPLES[name][i % 3] for i in range(count)]
    return encode(contract, sender, admitted_frame(contract, items), receipt, AT)


def submission(receipt: str, *batches: Batch, **more: Any) -> Submission:
    count = sum(b.count for b in batches)
    made = Submission(receipt, "s", "dossier", AT, count, 0, list(batches), answer=f"to {receipt}")
    for name, value in more.items():
        setattr(made, name, value)
    return made


def test_offsets_are_consecutive_within_a_topic(log: Log) -> None:
    assert log.is_empty
    assert log.ends("lgsp.dossier.v1") == {0: 0}
    log.append([submission("a", batch(count=2), batch("payment", 5)), submission("b", batch())])
    log.append([submission("c", batch(count=1))])
    found = log.read("lgsp.dossier.v1", 0)
    assert [o for b in found for o in b.offsets.tolist()] == list(range(6))
    assert [b.first for b in found] == [0, *(b.following for b in found[:-1])]
    assert found[-1].following == 6
    assert log.ends("lgsp.dossier.v1") == {0: 6}
    assert log.ends("lgsp.payment.v1") == {0: 5}
    assert not log.is_empty


def test_a_batch_comes_back_as_it_went_in(log: Log) -> None:
    wide = batch(count=300)
    log.append([submission("a", wide)])
    (found,) = log.read(wide.topic, 0)
    assert found.payload == wide.payload
    assert found.ends.tolist() == wide.ends.tolist()
    assert found.ends[-1] == len(found.payload)
    assert b"".join(found.datums()) == found.payload
    assert len(found.datums()) == 300
    assert found.origins == [Origin("s", AT, "r")]
    assert found.origin.tolist() == [0] * 300
    assert set(found.schema_ids.tolist()) == {wide.schema_id}


def test_reading_begins_and_ends_at_batches(log: SqliteLog) -> None:
    topic = batch().topic
    log.append([submission(str(i), batch()) for i in range(4)])
    assert [b.first for b in log.read(topic, 3)] == [3, 6, 9]
    assert [b.first for b in log.read(topic, 0, until=6)] == [0, 3]
    assert [b.first for b in log.read(topic, 0, events_max=4)] == [0, 3]
    assert [b.first for b in log.read(topic, 0, events_max=1)] == [0]
    assert log.read(topic, 12) == []
    assert log.read("lgsp.reading.v1", 0) == []
    with pytest.raises(ValueError, match="offset 1"):
        log.read(topic, 1)


def test_an_idempotency_key_is_kept_with_its_answer(log: Log) -> None:
    first = submission("a", batch(), idempotency_key="k", body_digest="1")
    again = submission("b", batch(), idempotency_key="k", body_digest="1")
    other = submission("c", batch(), idempotency_key="k", body_digest="2")
    stranger = submission("d", batch(), idempotency_key="k", body_digest="2", sender="t")
    log.append([first, again, other])
    log.append([stranger])
    assert (first.repeats, first.error) == (None, None)
    assert (again.repeats, again.error) == ("to a", None)
    assert isinstance(other.error, IdempotencyConflictError)
    assert other.repeats is None
    assert (stranger.repeats, stranger.error) == (None, None)
    assert log.ends(batch().topic) == {0: 6}
    assert sum(r.accepted for r in log.receipts()) == 6


def test_a_known_key_that_comes_several_times_at_once_gets_the_first_answer(log: Log) -> None:
    log.append([submission("a", batch(), idempotency_key="k", body_digest="1")])
    other = submission("b", batch(), idempotency_key="k", body_digest="2")
    again = submission("c", batch(), idempotency_key="k", body_digest="1")
    third = submission("d", batch(), idempotency_key="k", body_digest="1")
    unkeyed = [submission(i, batch()) for i in "ef"]
    log.append([other, again, third, *unkeyed])
    assert isinstance(other.error, IdempotencyConflictError)
    assert (again.repeats, again.error) == (third.repeats, third.error) == ("to a", None)
    assert [s.repeats for s in unkeyed] == [None, None]
    assert log.ends(batch().topic) == {0: 9}
    assert sorted(r.id for r in log.receipts()) == ["a", "e", "f"]


def test_received_is_counted_from_receipts_by_local_day(log: Log) -> None:
    midnight = 19_700 * DAY_US - 7 * 3_600_000_000
    made = [
        submission("a", accepted=3, rejected=1, accepted_at=midnight - 1),
        submission("b", accepted=2, rejected=0, accepted_at=midnight),
        submission("c", accepted=5, rejected=7, accepted_at=midnight + 1),
        submission("d", accepted=1, rejected=0, accepted_at=midnight, sender="t"),
    ]
    log.append(made)
    assert sorted(log.receipts(), key=lambda r: r.id) == [
        Receipt("a", "s", "dossier", 19_699, 3, 1),
        Receipt("b", "s", "dossier", 19_700, 2, 0),
        Receipt("c", "s", "dossier", 19_700, 5, 7),
        Receipt("d", "t", "dossier", 19_700, 1, 0),
    ]


def test_a_checkpoint_is_set_with_a_submission_or_by_itself(log: Log) -> None:
    log.append([submission("a", batch(), checkpoints={"page": "1"})])
    assert log.checkpoint("page") == "1"
    assert log.checkpoint("other") is None
    log.append([submission("b", batch(), checkpoints={"page": "2"})])
    assert log.checkpoint("page") == "2"
    log.set_checkpoints({"page": "3"})
    log.set_checkpoints({"other": "4"})
    assert (log.checkpoint("page"), log.checkpoint("other")) == ("3", "4")


def test_a_submission_is_durable_with_its_checkpoint_or_not_at_all(log: SqliteLog) -> None:
    log.append([submission("a", batch(), checkpoints={"page": "1"})])
    with pytest.raises(LogUnavailableError):
        log.append(
            [
                submission("b", batch(), checkpoints={"page": "2"}),
                submission("a", batch(), checkpoints={"page": "3"}),  # a receipt that exists
            ]
        )
    assert log.checkpoint("page") == "1"
    assert log.ends(batch().topic) == {0: 3}
    assert len(log.receipts()) == 1
    log.append([submission("c", batch(), checkpoints={"page": "4"})])
    assert log.checkpoint("page") == "4"


def test_a_full_disk_keeps_nothing_and_is_survived(log: SqliteLog) -> None:
    log.append([submission("a", batch())])
    connection = log._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    big = batch(count=20_000)
    with pytest.raises(LogUnavailableError, match="full"):
        log.append([submission("b", batch(), checkpoints={"page": "1"}), submission("c", big)])
    assert log.ends(big.topic) == {0: 3}
    assert log.checkpoint("page") is None
    assert len(log.receipts()) == 1
    connection.execute("PRAGMA max_page_count = 1000000")
    log.append([submission("c", big)])
    assert log.ends(big.topic) == {0: 20_003}


def test_a_log_that_cannot_be_written_says_so(log: SqliteLog) -> None:
    log._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(LogUnavailableError, match="readonly"):
        log.append([submission("a", batch())])
    log._connection.execute("PRAGMA query_only = OFF")
    assert log.is_empty
    log.append([submission("a", batch())])
    assert log.ends(batch().topic) == {0: 3}


def test_the_identity_stays_and_another_log_has_another(tmp_path: Path, log: SqliteLog) -> None:
    again = SqliteLog(tmp_path / "log.sqlite3")
    other = SqliteLog(tmp_path / "other.sqlite3")
    topic = batch().topic
    assert again.identity(topic) == log.identity(topic) != other.identity(topic)
    again.close()
    other.close()


def test_the_log_is_flushed_before_it_is_acknowledged(log: SqliteLog) -> None:
    assert log._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert log._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def _append_many(path: Path, name: str, times: int) -> None:
    log = SqliteLog(path)
    for i in range(times):
        log.append([submission(f"{name}{i}", batch(count=1 + i % 3, sender=name))])
    log.close()


@pytest.mark.slow
def test_two_processes_leave_no_gap(tmp_path: Path, log: SqliteLog) -> None:
    path = tmp_path / "log.sqlite3"
    context = multiprocessing.get_context("spawn")
    other = context.Process(target=_append_many, args=(path, "other", 30))
    other.start()
    rounds = 0
    while other.is_alive() or rounds < 30:
        log.append([submission(f"mine{rounds}", batch(count=1 + rounds % 3, sender="mine"))])
        rounds += 1
        if rounds > 5_000:
            break
        other.join(0.005)
    other.join()
    assert other.exitcode == 0
    found = log.read(batch().topic, 0)
    assert [b.first for b in found] == [0, *(b.following for b in found[:-1])]
    senders = [b.origins[0].sender for b in found]
    assert senders.count("other") == 30
    assert senders.count("mine") == rounds
    counted = sqlite3.connect(path).execute("SELECT SUM(accepted) FROM receipt").fetchone()
    assert counted == (found[-1].following,)


def test_an_idempotency_key_is_forgotten_after_seven_days(log: Log) -> None:
    kept_until = AT + IDEMPOTENCY_DAYS * DAY_US
    log.append([submission("a", batch(), idempotency_key="k")])
    within = submission("b", batch(), idempotency_key="k", accepted_at=kept_until)
    log.append([within])
    assert within.repeats == "to a"
    later = submission("c", batch(), idempotency_key="k", accepted_at=kept_until + 1)
    log.append([later])
    assert later.repeats is None
    # The receipts stay: what was acknowledged is counted for ever.
    assert sum(r.accepted for r in log.receipts()) == 6


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
