"""Receipts of the production profile: what was acknowledged, in the store's database.

The events themselves are in Kafka. A submission is written here in a transaction that commits after
Kafka has it, so that a receipt never stands for less than is in the log; events of a gateway that
died in between were never acknowledged, and count once when they are sent again.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.clock import DAY_US, day_of
from hub.log import (
    IDEMPOTENCY_DAYS,
    IdempotencyConflictError,
    LogUnavailableError,
    Receipt,
    Submission,
)
from hub.store import Store, StoreUnavailableError, VersionMismatchError
from hub.tables import checkpoint, receipt


class Receipts:
    """Receipts and checkpoints in the store's database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def writing(self, submissions: Sequence[Submission]) -> Iterator[list[Submission]]:
        """Give those submissions that are to be appended; keep their receipts if that succeeds.

        Others get their earlier answer in `repeats`, or an error where the body differs. Raises
        `LogUnavailableError` where the database keeps nothing.
        """
        try:
            with self._store.administering() as c:
                # Another gateway may be at the same keys: one appends, the other waits and sees it;
                # in one order, so that no two wait for each other.
                keys = {f"{s.sender}/{s.idempotency_key}" for s in submissions if s.idempotency_key}
                for key in sorted(keys):
                    self._store.database.lock(c, key)
                here: dict[tuple[str, str], Submission] = {}
                fresh = [s for s in submissions if self._is_fresh(c, s, here)]
                yield fresh
                for s in fresh:
                    self._set(c, s.checkpoints)
                if fresh:
                    c.execute(receipt.insert(), [_row(s) for s in fresh])
        except (sa.exc.SQLAlchemyError, StoreUnavailableError, VersionMismatchError) as error:
            raise LogUnavailableError(str(error)) from error

    def _is_fresh(
        self, c: Connection, s: Submission, here: dict[tuple[str, str], Submission]
    ) -> bool:
        if s.idempotency_key is None:
            return True
        first = here.get((s.sender, s.idempotency_key))
        if first is not None:
            return _repeats(s, first.body_digest, first.answer)
        mine = (receipt.c.sender == s.sender, receipt.c.idempotency_key == s.idempotency_key)
        is_old = receipt.c.accepted_at < s.accepted_at - IDEMPOTENCY_DAYS * DAY_US
        c.execute(receipt.update().where(*mine, is_old).values(idempotency_key=None))
        query = sa.select(receipt.c.body_digest, receipt.c.answer).where(*mine)
        earlier = c.execute(query).fetchone()
        if earlier is not None:
            return _repeats(s, *earlier)
        here[s.sender, s.idempotency_key] = s
        return True

    def checkpoint(self, name: str) -> str | None:
        """Read a checkpoint."""
        return self.checkpoints([name]).get(name)

    def checkpoints(self, names: Sequence[str]) -> dict[str, str]:
        """Read those of these checkpoints that are set."""
        condition, values = self._store.database.among("name", names)
        query = sa.text(f"SELECT name, value FROM checkpoint WHERE {condition}")
        with self._available(), self._store.administering() as c:
            return {r[0]: r[1] for r in c.execute(query, values)}

    def set_checkpoints(self, values: Mapping[str, str]) -> None:
        """Set checkpoints by themselves, durably."""
        with self._available(), self._store.administering() as c:
            self._set(c, values)

    @contextmanager
    def _available(self) -> Iterator[None]:
        try:
            yield
        except (StoreUnavailableError, VersionMismatchError) as error:
            raise LogUnavailableError(str(error)) from error

    def _set(self, c: Connection, values: Mapping[str, str]) -> None:
        if values:
            # In one order, so that no two writers wait for each other.
            rows = pl.DataFrame(sorted(values.items()), schema=["name", "value"], orient="row")
            self._store.database.merge(c, checkpoint, rows, {"value": "="})

    def acknowledged(self) -> int:
        """Count the items of all receipts."""
        total = sa.func.coalesce(sa.func.sum(receipt.c.accepted + receipt.c.rejected), 0)
        with self._available(), self._store.administering() as c:
            return int(c.execute(sa.select(total)).scalar_one())

    def listed(self) -> list[Receipt]:
        """List all receipts."""
        names = ("id", "sender", "contract", "accepted_at", "accepted", "rejected")
        with self._store.administering() as c:
            rows = c.execute(sa.select(*(receipt.c[n] for n in names))).fetchall()
        return [Receipt(i, s, k, day_of(at), a, r) for i, s, k, at, a, r in rows]


def _repeats(s: Submission, body_digest: str, answer: str) -> bool:
    """Answer a submission whose key was seen before; it is not fresh."""
    if body_digest != s.body_digest:
        s.error = IdempotencyConflictError(s.idempotency_key)
    else:
        s.repeats = answer
    return False


def _row(s: Submission) -> dict[str, object]:
    return {
        "id": s.receipt,
        "sender": s.sender,
        "contract": s.contract,
        "accepted_at": s.accepted_at,
        "accepted": s.accepted,
        "rejected": s.rejected,
        "idempotency_key": s.idempotency_key,
        "body_digest": s.body_digest,
        "answer": s.answer,
    }
