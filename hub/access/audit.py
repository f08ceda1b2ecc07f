"""Audit log: every use of a key, every refusal and every administrative act, chained by digests.

An entry's digest covers the entry and the digest before it, so that none can be changed, taken away
or put in between without every later digest being another. That the end was cut off is seen by
whoever noted the head (its number and digest) before: `hub audit verify` prints it.
"""

import hashlib
import json
import logging
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.clock import Clock, iso, to_us
from hub.store.database import Database, begun
from hub.store.tables import Big

GROUP_MAX = 1_000
ROWS_AT_ONCE = 10_000
# What comes often from one address, refusals and reads, is one entry with a count.
NOTES_SECONDS = 1.0
KINDS_MAX = 1_000
START = "0" * 64

log = logging.getLogger(__name__)
metadata = sa.MetaData()
table = sa.Table(
    "audit",
    metadata,
    sa.Column("number", Big, primary_key=True, autoincrement=False),
    sa.Column("at", Big, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
)


@dataclass(frozen=True)
class Entry:
    """Who did what, and how it ended: `ok` or the rule that refused it. `at` is set when written.

    `actor` is a sender's name, `console:USER`, or empty where nobody is known.
    """

    actor: str
    action: str
    outcome: str = "ok"
    detail: dict[str, Any] = field(default_factory=dict)


class Audit:
    """The audit log of a hub, in a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        with begun(database, database.writer) as c:
            database.lock(c, "audit")
            metadata.create_all(c)

    def append(self, entries: Sequence[Entry]) -> None:
        """Write entries, in order, in one transaction."""
        if not entries:
            return
        with begun(self._database, self._database.writer) as c:
            self._database.lock(c, "audit")
            number, digest = self._head(c)
            rows = []
            mark = "?" if c.dialect.paramstyle == "qmark" else "%s"
            put = f"INSERT INTO audit VALUES ({','.join([mark] * len(table.c))})"
            for number, entry in enumerate(entries, number + 1):  # noqa: B020 (goes on from there)
                detail = json.dumps(entry.detail, ensure_ascii=False, sort_keys=True)
                said = (number, to_us(self._clock()), entry.actor, entry.action, entry.outcome)
                digest = digest_of(digest, (*said, detail))
                rows.append((*said, detail, digest))
            c.exec_driver_sql(put, rows)  # each request has one: no column is looked up by name

    def _head(self, c: Connection) -> tuple[int, str]:
        query = sa.select(table.c.number, table.c.digest).order_by(table.c.number.desc()).limit(1)
        found = c.execute(query).first()
        return (0, START) if found is None else (int(found[0]), str(found[1]))

    def rows(self, first: int = 1) -> Iterator[tuple[Any, ...]]:
        """Read the columns of entries from a number on."""
        with begun(self._database, self._database.reader) as c:
            while True:
                query = sa.select(table).where(table.c.number >= first).order_by(table.c.number)
                found = c.execute(query.limit(ROWS_AT_ONCE)).fetchall()
                if not found:
                    return
                yield from (tuple(r) for r in found)
                first = found[-1][0] + 1

    def latest(self, action: str) -> dict[str, Any] | None:
        """Give the detail of the latest entry of an action; None where there is none."""
        asked = sa.select(table.c.detail).where(table.c.action == action)
        with begun(self._database, self._database.reader) as c:
            found = c.execute(asked.order_by(table.c.number.desc()).limit(1)).scalar()
        return None if found is None else dict(json.loads(found))

    def check(self, noted: tuple[int, str] | None = None) -> tuple[tuple[int, str], str | None]:
        """Recompute the chain; give the last entry that holds, and what is wrong with the next.

        `noted` is a head that somebody wrote down: it must still be in the chain.
        """
        number, digest = 0, START
        for row in self.rows():
            if row[0] != number + 1:
                return (number, digest), f"{number + 1}: missing; the next entry is {row[0]}"
            if digest_of(digest, row[:-1]) != row[-1]:
                return (
                    number,
                    digest,
                ), f"{_shown(row)}: its digest is not that of what it says"
            number, digest = int(row[0]), str(row[-1])
            if noted is not None and noted[0] == number and noted[1] != digest:
                return (number, digest), f"{number}: its digest is not the one that was noted"
        if noted is not None and noted[0] > number:
            return (number, digest), f"{number + 1}: missing; {noted[0]} entries were noted"
        return (number, digest), None


def digest_of(before: str, said: Sequence[Any]) -> str:
    """Digest an entry (number, at, actor, action, outcome, detail) on top of the one before."""
    text = before + json.dumps(list(said), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _shown(row: Sequence[Any]) -> str:
    return f"{row[0]} ({iso(row[1])} {row[2]} {row[3]} {row[4]})"


def _told(asked: str) -> dict[str, str]:
    return {"asked": asked} if asked else {}


class Auditor:
    """Writes entries of a serving process in groups, by a thread of its own."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._waiting: queue.SimpleQueue[tuple[tuple[Entry, ...], Future[None]] | None] = (
            queue.SimpleQueue()
        )
        self._noted: dict[tuple[str, ...], int] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def record(self, *entries: Entry) -> Future[None]:
        """Write entries; the future ends when they are durable, with what kept them from it."""
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()  # whoever stops waiting does not stop it
        self._waiting.put((entries, done))
        return done

    def note(self, actor: str, action: str, outcome: str, peer: str, asked: str = "") -> None:
        """Note a use or a refusal; it is written within about a second, with others like it.

        `asked` says which facts were read. What is more than so many kinds a second is counted by
        who, what and how it ended.
        """
        key = (actor, action, outcome, peer, asked)
        with self._lock:
            if key not in self._noted and len(self._noted) >= KINDS_MAX:
                key = (actor, action, outcome, "others", "")
            self._noted[key] = self._noted.get(key, 0) + 1

    def close(self) -> None:
        """Write what is waiting, then stop."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic() + NOTES_SECONDS
        is_open = True
        while is_open:
            group: list[tuple[tuple[Entry, ...], Future[None]]] = []
            with suppress(queue.Empty):
                while len(group) < GROUP_MAX and is_open:
                    wait = 0 if group else max(due - time.monotonic(), 0.01)
                    one = self._waiting.get(block=wait > 0, timeout=wait or None)
                    if one is None:
                        is_open = False
                    else:
                        group.append(one)
            noted: dict[tuple[str, ...], int] = {}
            if time.monotonic() >= due or not is_open:
                with self._lock:
                    noted, self._noted = self._noted, {}
                due = time.monotonic() + NOTES_SECONDS
            if group or noted:
                self._write(group, noted)

    def _write(
        self,
        group: list[tuple[tuple[Entry, ...], Future[None]]],
        noted: dict[tuple[str, ...], int],
    ) -> None:
        entries = [entry for those, _ in group for entry in those]
        entries += [
            Entry(actor, action, outcome, {"peer": peer, "times": times} | _told(asked))
            for (actor, action, outcome, peer, asked), times in noted.items()
        ]
        try:
            self._audit.append(entries)
        except Exception as error:
            # Whatever it was: who waits for an entry is told, and the notes are written later.
            log.warning("the audit log cannot be written: %s", error)
            with self._lock:
                for key, times in noted.items():
                    self._noted[key] = self._noted.get(key, 0) + times
            for _, done in group:
                done.set_exception(error)
        else:
            for _, done in group:
                done.set_result(None)
