"""The embedded log: one SQLite file, one row a batch, durable before it is acknowledged.

Any process may append; offsets are consecutive within a topic, which has one partition. A row
holds what its records share (sender, acceptance time, schema id, receipt) once, and their datums
one after another.
"""

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from hub.clock import DAY_US
from hub.log.log import (
    IDEMPOTENCY_DAYS,
    Acknowledgement,
    IdempotencyConflictError,
    Kept,
    LogUnavailableError,
    NotInLogError,
    Receipt,
    Submission,
)
from hub.log.refill import NotEmptyError, WrongProfileError
from hub.log.slices import Origin, Slice, slice_of_one

BUSY_SECONDS_MAX = 60

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS batch (
  topic TEXT NOT NULL, base_offset INTEGER NOT NULL, count INTEGER NOT NULL,
  sender TEXT NOT NULL, accepted_at INTEGER NOT NULL, schema_id INTEGER NOT NULL,
  receipt TEXT NOT NULL, ends BLOB NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (topic, base_offset)) STRICT;
CREATE INDEX IF NOT EXISTS batch_receipt ON batch (receipt);
CREATE TABLE IF NOT EXISTS receipt (
  id TEXT PRIMARY KEY, sender TEXT NOT NULL, contract TEXT NOT NULL,
  accepted_at INTEGER NOT NULL, accepted INTEGER NOT NULL, rejected INTEGER NOT NULL,
  idempotency_key TEXT, body_digest TEXT NOT NULL, answer TEXT NOT NULL,
  UNIQUE (sender, idempotency_key)) STRICT;
"""

_PUT_BATCH = "INSERT INTO batch VALUES (?,?,?,?,?,?,?,?,?)"
_PUT_RECEIPT = "INSERT INTO receipt VALUES (?,?,?,?,?,?,?,?,?)"
_SET = "INSERT OR REPLACE INTO log VALUES (?, ?)"


class SqliteLog:
    """The log in one SQLite file. Safe to use from several threads and processes."""

    is_open = False

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
        self._identity: str = row[0]

    def identity(self, topic: str) -> str:
        """Name the log; one file is one log."""
        return self._identity

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
                ends: dict[str, int] = {}
                for submission in submissions:
                    self._append_one(connection, submission, ends)
        except sqlite3.Error as error:
            raise LogUnavailableError(str(error)) from error

    def _append_one(
        self, connection: sqlite3.Connection, s: Submission, ends: dict[str, int]
    ) -> None:
        """Append one; `ends` are those of the topics that the transaction has appended to."""
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
        connection.executemany(_SET, s.checkpoints.items())
        for batch in s.batches:
            if (offset := ends.get(batch.topic)) is None:
                offset = self._end(connection, batch.topic)
            ends[batch.topic] = offset + batch.count
            connection.execute(
                _PUT_BATCH,
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
            _PUT_RECEIPT,
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

    def seen(self) -> int:
        """See `Log.seen`: what SQLite keeps in memory that all processes share; some µs."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def begins(self, topic: str) -> dict[int, int]:
        """Give the offset of the topic's first record, for its one partition."""
        row = self._connection.execute(
            "SELECT MIN(base_offset) FROM batch WHERE topic = ?", (topic,)
        ).fetchone()
        return {0: row[0] or 0}

    def ends(self, topic: str) -> dict[int, int]:
        """Give the offset that the topic's next record will get, for its one partition."""
        return {0: self._end(self._connection, topic)}

    def ends_of(self, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        """See `Log.ends_of`."""
        return {topic: self.ends(topic) for topic in topics}

    def read(
        self,
        topic: str,
        offset: int,
        *,
        partition: int = 0,
        until: int | None = None,
        events_max: int = 100_000,
    ) -> list[Slice]:
        """Read whole batches from an offset on, a slice each, up to about `events_max` records.

        `until` is an offset that is not read. Raises `ValueError` where `offset` is inside a batch,
        `NotInLogError` where batches that were there are gone.
        """
        slices: list[Slice] = []
        rows = self._connection.execute(
            "SELECT topic, sender, accepted_at, schema_id, receipt, payload, ends, base_offset"
            " FROM batch WHERE topic = ? AND base_offset >= ? ORDER BY base_offset",
            (topic, offset),
        )
        total = 0
        for row in rows:
            if row[7] != offset + total:
                begin = self.begins(topic)[0]
                if offset < begin:
                    span = (begin, self.ends(topic)[0])
                    raise NotInLogError(f"{topic}/{partition}", offset, span)
                raise ValueError(f"{topic}: no batch begins at offset {offset + total}")
            if until is not None and row[7] >= until:
                break
            one = _slice(row)
            total += one.count
            slices.append(one)
            if total >= events_max:
                break
        return slices

    def checkpoint(self, name: str) -> str | None:
        """Read a checkpoint."""
        row = self._connection.execute("SELECT value FROM log WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def checkpoints(self, names: Sequence[str]) -> dict[str, str]:
        """Read those of these checkpoints that are set."""
        query = "SELECT name, value FROM log WHERE name IN (SELECT value FROM json_each(?))"
        try:
            return dict(self._connection.execute(query, (json.dumps(list(names)),)).fetchall())
        except sqlite3.Error as error:
            raise LogUnavailableError(str(error)) from error

    def set_checkpoints(self, values: Mapping[str, str]) -> None:
        """Set checkpoints by themselves, durably."""
        connection = self._connection
        try:
            with self._transaction(connection):
                connection.executemany(_SET, values.items())
        except sqlite3.Error as error:
            raise LogUnavailableError(str(error)) from error

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever appended."""
        return self._connection.execute("SELECT 1 FROM batch LIMIT 1").fetchone() is None

    def receipts(self) -> list[Receipt]:
        """List what was acknowledged."""
        rows = self._connection.execute(
            "SELECT id, sender, contract, (accepted_at + 25200000000) / 86400000000,"
            " accepted, rejected FROM receipt"
        )
        return [Receipt(*row) for row in rows]

    def receipt(self, name: str) -> Kept | None:
        """Find a receipt by its id."""
        row = self._connection.execute(
            "SELECT sender, contract, accepted_at, answer FROM receipt WHERE id = ?", (name,)
        ).fetchone()
        if row is None:
            return None
        places: dict[str, list[tuple[int, int, int]]] = {}
        for topic, first, count in self._connection.execute(
            "SELECT topic, base_offset, count FROM batch WHERE receipt = ? ORDER BY 1, 2", (name,)
        ):
            places.setdefault(topic, []).append((0, first, first + count))
        sender, contract, at, answer = row
        return Kept(sender, contract, at, answer, places)

    def acknowledgements(self, names: Sequence[str]) -> list[Acknowledgement]:
        """Read those of these receipts that are there, whole, in the order of their names."""
        listed = json.dumps(list(names))
        places: dict[str, dict[str, list[tuple[int, int, int]]]] = {}
        connection = self._connection
        for name, topic, first, count in connection.execute(
            "SELECT receipt, topic, base_offset, count FROM batch"
            " WHERE receipt IN (SELECT value FROM json_each(?)) ORDER BY 1, 2, 3",
            (listed,),
        ):
            spans = places.setdefault(name, {}).setdefault(topic, [])
            spans.append((0, first, first + count))
        rows = connection.execute(
            "SELECT id, sender, contract, accepted_at, accepted, rejected, idempotency_key,"
            " body_digest, answer FROM receipt WHERE id IN (SELECT value FROM json_each(?))"
            " ORDER BY 1",
            (listed,),
        )
        return [Acknowledgement(places.get(row[0], {}), *row) for row in rows]

    def all_checkpoints(self) -> dict[str, str]:
        """Read every checkpoint."""
        query = "SELECT name, value FROM log WHERE name <> 'identity'"
        return dict(self._connection.execute(query).fetchall())

    @contextmanager
    def refilling(self) -> Iterator["SqliteRefill"]:
        """Open the one transaction that puts records back, all or none of them.

        Raises `NotEmptyError` where there are any: nobody appends meanwhile.
        """
        connection = self._connection
        with self._transaction(connection):
            if not self.is_empty or self.receipts():
                raise NotEmptyError(
                    f"{self._path} giữ sự kiện rồi: chỉ khôi phục vào thư mục trống |"
                    f" {self._path} holds events: a log is restored into an empty folder only"
                )
            yield SqliteRefill(connection)

    def acknowledged(self) -> dict[str, int]:
        """Count by sender the items of all receipts."""
        query = "SELECT sender, SUM(accepted + rejected) FROM receipt GROUP BY 1"
        return {sender: int(n) for sender, n in self._connection.execute(query)}

    def close(self) -> None:
        """Close this thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is not None:
            found.close()
            del self._local.connection


def _slice(row: tuple[Any, ...]) -> Slice:
    topic, sender, accepted_at, schema_id, receipt, payload, ends, first = row
    datums = (payload, np.frombuffer(ends, "<u4").astype(np.int64))
    origin = Origin(sender, accepted_at, receipt)
    return slice_of_one(topic, (0, first), origin, schema_id, datums)


class SqliteRefill:
    """See `Refill`; a run of records of one origin and schema was one batch, and is one again."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._c = connection
        self._ends: dict[str, int] = {}

    def put(self, whole: Slice) -> None:
        """See `Refill.put`."""
        end = self._ends.get(whole.topic, 0)
        is_whole = whole.first == end and len(whole.offsets) == whole.following - whole.first
        if whole.partition or whole.refused or not whole.is_admitted or not is_whole:
            raise WrongProfileError(
                f"{whole.topic}/{whole.partition}: kho lưu trữ này của một hub chạy Kafka; hãy đặt"
                " HUB_KAFKA_BOOTSTRAP và HUB_DATABASE_URL |"
                f" {whole.topic}/{whole.partition}: this archive is of a hub on Kafka; set"
                " HUB_KAFKA_BOOTSTRAP and HUB_DATABASE_URL"
            )
        edges = np.flatnonzero((np.diff(whole.origin) != 0) | (np.diff(whole.schema_ids) != 0)) + 1
        bounds = [0, *edges.tolist(), len(whole.offsets)]
        rows = []
        for a, b in pairwise(bounds):
            start = int(whole.ends[a - 1]) if a else 0
            origin = whole.origins[int(whole.origin[a])]
            ends = (whole.ends[a:b] - start).astype("<u4").tobytes()
            payload = whole.payload[start : int(whole.ends[b - 1])]
            rows.append(
                (whole.topic, whole.first + a, b - a, origin.sender, origin.accepted_at,
                 int(whole.schema_ids[a]), origin.receipt, ends, payload)
            )  # fmt: skip
        self._c.executemany(_PUT_BATCH, rows)
        self._ends[whole.topic] = whole.following

    def acknowledge(self, kept: Sequence[Acknowledgement]) -> None:
        """See `Refill.acknowledge`."""
        for k in kept:
            if k.idempotency_key is not None:  # it may be used again after some days
                self._c.execute(
                    "UPDATE receipt SET idempotency_key = NULL"
                    " WHERE sender = ? AND idempotency_key = ?",
                    (k.sender, k.idempotency_key),
                )
            self._c.execute(
                _PUT_RECEIPT,
                (
                    k.id,
                    k.sender,
                    k.contract,
                    k.accepted_at,
                    k.accepted,
                    k.rejected,
                    k.idempotency_key,
                    k.body_digest,
                    k.answer,
                ),
            )

    def set_checkpoints(self, values: Mapping[str, str]) -> None:
        """See `Refill.set_checkpoints`."""
        self._c.execute("DELETE FROM log WHERE name <> 'identity'")
        self._c.executemany(_SET, values.items())
