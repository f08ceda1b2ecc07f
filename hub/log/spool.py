"""Spool: where a gateway keeps submissions durably while the log is away: Kafka, or PostgreSQL.

They are acknowledged as ever, and appended in order when the log is back; until the last of them
is, later ones wait behind them.
"""

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from hub.log.log import Batch, IdempotencyConflictError, Kept, Log, LogUnavailableError, Submission
from hub.operating import metrics
from hub.troubles import TroubleError

log = logging.getLogger(__name__)
# What is appended at a time: so many submissions (each may have a key, which is locked meanwhile),
# and about so many records and bytes. Each time costs the same look-up, commit and wait.
DRAIN_MAX, DRAIN_RECORDS_MAX, DRAIN_BYTES_MAX = 512, 20_000, 16 << 20
RETRY_SECONDS = 1.0
NOTES_MAX = 1_000  # at a time

_SCHEMA = """
CREATE TABLE IF NOT EXISTS submission (
  number INTEGER PRIMARY KEY AUTOINCREMENT, receipt TEXT NOT NULL UNIQUE, sender TEXT NOT NULL,
  contract TEXT NOT NULL, accepted_at INTEGER NOT NULL, accepted INTEGER NOT NULL,
  rejected INTEGER NOT NULL, answer TEXT NOT NULL, body_digest TEXT NOT NULL,
  idempotency_key TEXT, checkpoints TEXT NOT NULL, UNIQUE (sender, idempotency_key)) STRICT;
CREATE TABLE IF NOT EXISTS batch (
  number INTEGER NOT NULL, place INTEGER NOT NULL, topic TEXT NOT NULL, schema_id INTEGER NOT NULL,
  ends BLOB NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (number, place)) STRICT;
CREATE TABLE IF NOT EXISTS note (
  number INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL) STRICT;
"""


class Spool:
    """Appends to a log, or keeps what it does not take in a file until it does.

    `patient` is the same log, which waits longer: whoever sends is to be answered soon, while what
    is kept here has time, and would be sent twice where a busy log took it a little too late.
    """

    def __init__(self, live: Log, path: Path, patient: Log | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._live = live
        self._patient = patient or live
        self._path = path
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.executescript(_SCHEMA)
        self.waiting = 0  # submissions
        # Writes notes where they belong, and raises where it cannot; until somebody gives it they
        # wait. One that was written when the process ended may be written again.
        self.write_notes: Callable[[list[str]], None] | None = None
        self._has_notes = self._file.execute("SELECT 1 FROM note LIMIT 1").fetchone() is not None
        counted = self._file.execute("SELECT COUNT(*) FROM submission").fetchone()
        self._count(int(counted[0]))
        self._thread = threading.Thread(target=self._drain, name="spool", daemon=True)
        self._thread.start()

    def append(self, submissions: Sequence[Submission]) -> None:
        """Make submissions durable, in order, in the log or here; as `Log.append`."""
        with self._lock:
            is_behind = self.waiting > 0
            if is_behind:
                self._keep(submissions)
        if is_behind:
            return
        try:
            self._live.append(submissions)
        except LogUnavailableError as error:
            log.warning("the log is away, submissions are spooled: %s", error)
            with self._lock:
                self._keep([s for s in submissions if s.repeats is None and s.error is None])
            self._wake.set()

    def note(self, texts: Sequence[str]) -> None:
        """Keep notes of what was done, durably, until `write_notes` takes them, in order."""
        with self._lock, self._keeping():
            self._file.executemany("INSERT INTO note VALUES (NULL, ?)", [(t,) for t in texts])
            self._has_notes = True
        self._wake.set()

    def find(self, receipt: str) -> Kept | None:
        """Find a receipt whose submission waits here."""
        with self._lock:
            row = self._file.execute(
                "SELECT sender, contract, accepted_at, answer FROM submission WHERE receipt = ?",
                (receipt,),
            ).fetchone()
        if row is None:
            return None
        return Kept(str(row[0]), str(row[1]), int(row[2]), row[3], {}, is_spooled=True)

    def close(self) -> None:
        """Stop; what waits is appended when a gateway opens the same file again."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        self._file.close()
        if self._patient is not self._live:
            self._patient.close()

    def _count(self, more: int) -> None:
        self.waiting += more
        metrics.SPOOL_WAITING.set(self.waiting)

    def _keep(self, submissions: Sequence[Submission]) -> None:
        with self._keeping():
            kept = sum(self._keep_one(s) for s in submissions)
        self._count(kept)

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        """Make what is written durable, or raise `LogUnavailableError`."""
        try:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._file.execute("COMMIT")
            except BaseException:
                if self._file.in_transaction:  # a full disk has rolled back already
                    self._file.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise LogUnavailableError(str(error)) from error

    def _keep_one(self, s: Submission) -> bool:
        """Keep one, or answer it as the earlier one of its key; tell whether it was kept."""
        if s.idempotency_key is not None:
            earlier = self._file.execute(
                "SELECT body_digest, answer FROM submission WHERE sender = ? AND"
                " idempotency_key = ?",
                (s.sender, s.idempotency_key),
            ).fetchone()
            if earlier is not None:
                if earlier[0] != s.body_digest:
                    s.error = IdempotencyConflictError(s.idempotency_key)
                else:
                    s.repeats = earlier[1]
                return False
        number = self._file.execute(
            "INSERT INTO submission VALUES (NULL,?,?,?,?,?,?,?,?,?,?)",
            (
                s.receipt,
                s.sender,
                s.contract,
                s.accepted_at,
                s.accepted,
                s.rejected,
                s.answer,
                s.body_digest,
                s.idempotency_key,
                json.dumps(dict(s.checkpoints)),
            ),
        ).lastrowid
        for place, b in enumerate(s.batches):
            ends = b.ends.astype("<u4").tobytes()
            row = (number, place, b.topic, b.schema_id, ends, b.payload)
            self._file.execute("INSERT INTO batch VALUES (?,?,?,?,?,?)", row)
        return True

    def _read(self) -> list[tuple[int, Submission]]:
        """Read the first that wait, in order: as many as are appended at a time."""
        spooled: list[tuple[int, Submission]] = []
        records, size = 0, 0
        with closing(self._file.cursor()) as c:
            rows = c.execute("SELECT * FROM submission ORDER BY number LIMIT ?", (DRAIN_MAX,))
            for number, receipt, sender, contract, at, accepted, rejected, *rest in rows.fetchall():
                answer, digest, key, checkpoints = rest
                batches = [
                    Batch(
                        topic,
                        sender,
                        at,
                        schema_id,
                        receipt,
                        payload,
                        np.frombuffer(ends, "<u4").astype(np.int64),
                    )
                    for topic, schema_id, ends, payload in c.execute(
                        "SELECT topic, schema_id, ends, payload FROM batch WHERE number = ?"
                        " ORDER BY place",
                        (number,),
                    ).fetchall()
                ]
                counts = (accepted, rejected)
                one = Submission(receipt, sender, contract, at, *counts, batches, answer, digest)
                spooled.append((number, replace(one, idempotency_key=key)))
                spooled[-1][1].checkpoints = json.loads(checkpoints)
                records += sum(b.count for b in batches)
                size += sum(len(b.payload) for b in batches)
                if records >= DRAIN_RECORDS_MAX or size >= DRAIN_BYTES_MAX:
                    break
        return spooled

    def _drain(self) -> None:
        why = ""
        while not self._stopping.is_set():
            if not self.waiting and not (self._has_notes and self.write_notes):
                self._wake.wait(RETRY_SECONDS if self._has_notes else None)
                self._wake.clear()
                continue
            # What is appended and still here has its receipt, and is passed over next time.
            try:
                if self.waiting:
                    with self._lock:
                        spooled = self._read()
                    self._append([s for _, s in spooled])
                    with self._lock:
                        self._forget(spooled[-1][0])
                if not self.waiting:
                    self._write_notes()
            except TroubleError as error:
                if str(error) != why:  # a broker that is back may refuse what it is sent
                    why = str(error)
                    log.warning("what is spooled is not taken yet: %s", why)
                self._stopping.wait(RETRY_SECONDS)
                continue
            except Exception:
                # Were this thread to end, all that comes would be acknowledged and never appended.
                log.exception("the spool cannot be emptied; it is tried again")
                self._stopping.wait(RETRY_SECONDS)
                continue
            why = ""
            if not self.waiting:
                log.info("the log is back, and has what was spooled")

    def _write_notes(self) -> None:
        with self._lock:
            query = "SELECT number, text FROM note ORDER BY number LIMIT ?"
            rows = self._file.execute(query, (NOTES_MAX,)).fetchall()
        if rows and self.write_notes is not None:
            self.write_notes([text for _, text in rows])
            with self._lock, self._keeping():
                self._file.execute("DELETE FROM note WHERE number <= ?", (rows[-1][0],))
        with self._lock:
            left = self._file.execute("SELECT 1 FROM note LIMIT 1").fetchone()
            self._has_notes = left is not None

    def _forget(self, last: int) -> None:
        try:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.execute("DELETE FROM batch WHERE number <= ?", (last,))
            gone = self._file.execute("DELETE FROM submission WHERE number <= ?", (last,)).rowcount
            self._file.execute("COMMIT")
        finally:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")
        self._count(-gone)

    def _append(self, found: list[Submission]) -> None:
        # What has its receipt was appended before a crash. Asked for all at once: one by one took
        # two thirds of the time.
        there = {a.id for a in self._patient.acknowledgements([s.receipt for s in found])}
        found = [s for s in found if s.receipt not in there]
        self._patient.append(found)
        # The sender was told 202 already, with a receipt: what its key was used for before does not
        # undo that. What it sent before is a repeat.
        answered = [s for s in found if s.error is not None or s.repeats is not None]
        again = [replace(s, idempotency_key=None) for s in answered]
        if again:
            self._patient.append(again)
