"""The embedded log: one SQLite file, one row a batch, durable before it is acknowledged.

Any process may append; offsets are consecutive within a topic. A row holds what its records share
(sender, acceptance time, schema id, receipt) once, and their datums one after another; `records`
gives each back in full, in the Confluent wire format with CloudEvents headers.
"""

import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub import avro, published, registry
from hub.clock import DAY_US, iso

BUSY_SECONDS_MAX = 60
IDEMPOTENCY_DAYS = 7

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS batch (
  topic TEXT NOT NULL, base_offset INTEGER NOT NULL, count INTEGER NOT NULL,
  sender TEXT NOT NULL, accepted_at INTEGER NOT NULL, schema_id INTEGER NOT NULL,
  receipt TEXT NOT NULL, ends BLOB NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (topic, base_offset)) STRICT;
CREATE TABLE IF NOT EXISTS receipt (
  id TEXT PRIMARY KEY, sender TEXT NOT NULL, contract TEXT NOT NULL,
  accepted_at INTEGER NOT NULL, accepted INTEGER NOT NULL, rejected INTEGER NOT NULL,
  idempotency_key TEXT, body_digest TEXT NOT NULL, answer TEXT NOT NULL,
  UNIQUE (sender, idempotency_key)) STRICT;
"""


class LogUnavailableError(Exception):
    """The log could not make an append durable; nothing of it was kept."""


class IdempotencyConflictError(Exception):
    """An idempotency key came again with another body."""


@dataclass(frozen=True)
class Record:
    """One record as Kafka would carry it."""

    topic: str
    offset: int
    key: bytes
    value: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Batch:
    """Records of one topic, sender and schema revision; `ends` are datum ends within `payload`."""

    topic: str
    sender: str
    accepted_at: int
    schema_id: int
    receipt: str
    payload: bytes
    ends: npt.NDArray[np.int64]
    base_offset: int = -1

    @property
    def count(self) -> int:
        """How many records it holds."""
        return len(self.ends)

    @property
    def next_offset(self) -> int:
        """The offset after its last record."""
        return self.base_offset + self.count

    def datums(self) -> list[bytes]:
        """Cut the payload into its datums."""
        ends = self.ends.tolist()
        return [self.payload[a:b] for a, b in zip([0, *ends], ends, strict=False)]

    def records(self) -> Iterator[Record]:
        """Give each record in full."""
        revision = published.by_id(self.schema_id)
        contract = registry.contract(revision.name)
        for i, datum in enumerate(self.datums()):
            wire = avro.read_one(revision.plain, datum)
            entity = contract.entity_of(wire)
            yield Record(
                topic=self.topic,
                offset=self.base_offset + i,
                key="|".join(str(wire[k]) for k in contract.spec.key).encode(),
                value=avro.wire(self.schema_id, datum),
                headers={
                    "ce_specversion": "1.0",
                    "ce_id": wire["event_id"],
                    "ce_source": f"/senders/{self.sender}",
                    "ce_type": self.topic,
                    "ce_subject": entity,
                    "ce_time": str(iso(contract.occurred_of(wire))),
                    "ce_acceptedat": str(iso(self.accepted_at)),
                    "ce_receipt": self.receipt,
                    "content-type": "application/avro",
                },
            )


@dataclass
class Submission:
    """What one acknowledgement stands for: batches and the receipt, durable together.

    `repeats` is set to the stored answer where the sender's idempotency key was seen before.
    """

    receipt: str
    sender: str
    contract: str
    accepted_at: int
    accepted: int
    rejected: int
    batches: list[Batch]
    answer: str = "{}"
    body_digest: str = ""
    idempotency_key: str | None = None
    # A checkpoint of whoever submits, (name, value), durable together with the events.
    checkpoint: tuple[str, str] | None = None
    repeats: str | None = field(default=None, init=False)
    error: Exception | None = field(default=None, init=False)


class SqliteLog:
    """The log in one SQLite file. Safe to use from several threads and processes."""

    partition = 0

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._local = threading.local()
        connection = self._connection
        with self._transaction(connection):
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(
                "INSERT OR IGNORE INTO log VALUES ('identity', ?)", (str(uuid.uuid4()),)
            )
        row = connection.execute("SELECT value FROM log WHERE name = 'identity'").fetchone()
        self.identity: str = row[0]

    @property
    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(self._path, timeout=BUSY_SECONDS_MAX, isolation_level=None)
            found.execute("PRAGMA journal_mode = WAL")
            found.execute("PRAGMA synchronous = FULL")
            self._local.connection = found
        return found

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection) -> Iterator[None]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk has rolled back already
                connection.execute("ROLLBACK")
            raise

    def append(self, submissions: Sequence[Submission]) -> None:
        """Make submissions durable in one transaction, in order, or none of them.

        One whose idempotency key is known gets its earlier answer in `repeats`, or an error where
        its body differs, and appends nothing. Raises `LogUnavailableError`.
        """
        connection = self._connection
        try:
            with self._transaction(connection):
                for submission in submissions:
                    self._append_one(connection, submission)
        except sqlite3.Error as error:
            raise LogUnavailableError(str(error)) from error

    def _append_one(self, connection: sqlite3.Connection, s: Submission) -> None:
        if s.idempotency_key is not None:
            named = (s.sender, s.idempotency_key)
            connection.execute(
                "UPDATE receipt SET idempotency_key = NULL"
                " WHERE sender = ? AND idempotency_key = ? AND accepted_at < ?",
                (*named, s.accepted_at - IDEMPOTENCY_DAYS * DAY_US),
            )
            earlier = connection.execute(
                "SELECT body_digest, answer FROM receipt WHERE sender = ? AND idempotency_key = ?",
                named,
            ).fetchone()
            if earlier is not None:
                if earlier[0] != s.body_digest:
                    s.error = IdempotencyConflictError(s.idempotency_key)
                else:
                    s.repeats = earlier[1]
                return
        if s.checkpoint is not None:
            connection.execute("INSERT OR REPLACE INTO log VALUES (?, ?)", s.checkpoint)
        for batch in s.batches:
            offset = self._end(connection, batch.topic)
            connection.execute(
                "INSERT INTO batch VALUES (?,?,?,?,?,?,?,?,?)",
                (
                    batch.topic,
                    offset,
                    batch.count,
                    batch.sender,
                    batch.accepted_at,
                    batch.schema_id,
                    batch.receipt,
                    batch.ends.astype("<u4").tobytes(),
                    batch.payload,
                ),
            )
        connection.execute(
            "INSERT INTO receipt VALUES (?,?,?,?,?,?,?,?,?)",
            (
                s.receipt,
                s.sender,
                s.contract,
                s.accepted_at,
                s.accepted,
                s.rejected,
                s.idempotency_key,
                s.body_digest,
                s.answer,
            ),
        )

    def _end(self, connection: sqlite3.Connection, topic: str) -> int:
        row = connection.execute(
            "SELECT base_offset + count FROM batch WHERE topic = ?"
            " ORDER BY base_offset DESC LIMIT 1",
            (topic,),
        ).fetchone()
        return row[0] if row else 0

    def end(self, topic: str) -> int:
        """Give the offset that the topic's next record will get."""
        return self._end(self._connection, topic)

    def read(
        self, topic: str, offset: int, *, until: int | None = None, events_max: int = 100_000
    ) -> list[Batch]:
        """Read whole batches from `offset` on, up to about `events_max` records.

        `until` is an offset that is not read. Raises `ValueError` where `offset` is inside a batch.
        """
        found: list[Batch] = []
        rows = self._connection.execute(
            "SELECT topic, sender, accepted_at, schema_id, receipt, payload, ends, base_offset"
            " FROM batch WHERE topic = ? AND base_offset >= ? ORDER BY base_offset",
            (topic, offset),
        )
        total = 0
        for row in rows:
            if until is not None and row[7] >= until:
                break
            batch = _batch(row)
            if batch.base_offset != offset + total:
                raise ValueError(f"{topic}: no batch begins at offset {offset + total}")
            total += batch.count
            found.append(batch)
            if total >= events_max:
                break
        return found

    def checkpoint(self, name: str) -> str | None:
        """Read a checkpoint."""
        row = self._connection.execute("SELECT value FROM log WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_checkpoint(self, name: str, value: str) -> None:
        """Set a checkpoint by itself."""
        self._connection.execute("INSERT OR REPLACE INTO log VALUES (?, ?)", (name, value))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever appended."""
        return self._connection.execute("SELECT 1 FROM batch LIMIT 1").fetchone() is None

    def counted(self, topic: str, until: int) -> list[tuple[str, int, int]]:
        """Count records below an offset as they stand in the log: (sender, day, records)."""
        return self._connection.execute(
            "SELECT sender, (accepted_at + 25200000000) / 86400000000 AS day, SUM(count)"
            " FROM batch WHERE topic = ? AND base_offset < ? GROUP BY 1, 2",
            (topic, until),
        ).fetchall()

    def received(self) -> list[tuple[str, str, int, int, int]]:
        """Count what was acknowledged, by receipts: (sender, contract, day, accepted, rejected).

        The day is that of acceptance, local, as days since 1970-01-01.
        """
        return self._connection.execute(
            "SELECT sender, contract, (accepted_at + 25200000000) / 86400000000 AS day,"
            " SUM(accepted), SUM(rejected) FROM receipt GROUP BY 1, 2, 3"
        ).fetchall()

    def close(self) -> None:
        """Close this thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is not None:
            found.close()
            del self._local.connection


def _batch(row: tuple[Any, ...]) -> Batch:
    topic, sender, accepted_at, schema_id, receipt, payload, ends, base_offset = row
    return Batch(
        topic=topic,
        sender=sender,
        accepted_at=accepted_at,
        schema_id=schema_id,
        receipt=receipt,
        payload=payload,
        ends=np.frombuffer(ends, "<u4").astype(np.int64),
        base_offset=base_offset,
    )
