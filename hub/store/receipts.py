"""Receipts of the production profile: what was acknowledged, in the store's database.

The events themselves are in Kafka. A submission is written here in a transaction that commits after
Kafka has it, so that a receipt never stands for less than is in the log; events of a gateway that
died in between were never acknowledged, and count once when they are sent again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.clock import DAY_US, day_of
from hub.log.log import (
    IDEMPOTENCY_DAYS,
    Acknowledgement,
    IdempotencyConflictError,
    Kept,
    LogUnavailableError,
    Receipt,
    Submission,
)
from hub.store.store import Store
from hub.store.tables import checkpoint, receipt
from hub.store.troubles import StoreUnavailableError, VersionMismatchError

_COLUMNS: dict[str, type[pl.DataType]] = {
    "id": pl.String,
    "sender": pl.String,
    "contract": pl.String,
    "accepted_at": pl.Int64,
    "accepted": pl.Int64,
    "rejected": pl.Int64,
    "idempotency_key": pl.String,
    "body_digest": pl.String,
    "answer": pl.String,
    "places": pl.String,
}


def read_places(text: str) -> dict[str, list[tuple[int, int, int]]]:
    """Read where a receipt's records stand, as its row says it."""
    return {t: [(p, a, b) for p, a, b in spans] for t, spans in json.loads(text).items()}


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
                known = self._known(c, submissions)
                fresh = [s for s in submissions if _is_fresh(s, known)]
                yield fresh
                for s in fresh:
                    self._set(c, s.checkpoints)
                if fresh:
                    c.execute(receipt.insert(), [_row(s) for s in fresh])
        except (sa.exc.SQLAlchemyError, StoreUnavailableError, VersionMismatchError) as error:
            raise LogUnavailableError(str(error)) from error

    def _known(
        self, c: Connection, submissions: Sequence[Submission]
    ) -> dict[tuple[str, str], tuple[str, str]]:
        """Give by sender and idempotency key the digest and the answer of what came under it."""
        keyed = [(s.sender, s.idempotency_key) for s in submissions if s.idempotency_key]
        if not keyed:
            return {}
        # Another gateway may be at the same keys: one appends, the other waits and sees it.
        self._store.database.lock(c, *(f"{sender}/{key}" for sender, key in keyed))
        mine = sa.tuple_(receipt.c.sender, receipt.c.idempotency_key).in_(keyed)
        begin = min(s.accepted_at for s in submissions) - IDEMPOTENCY_DAYS * DAY_US
        old = receipt.update().where(mine, receipt.c.accepted_at < begin)
        c.execute(old.values(idempotency_key=None))
        names = ("sender", "idempotency_key", "body_digest", "answer")
        rows = c.execute(sa.select(*(receipt.c[n] for n in names)).where(mine))
        return {(sender, key): (digest, answer) for sender, key, digest, answer in rows}

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

    def find(self, name: str) -> Kept | None:
        """Find a receipt by its id."""
        names = ("sender", "contract", "accepted_at", "answer", "places")
        query = sa.select(*(receipt.c[n] for n in names)).where(receipt.c.id == name)
        with self._available(), self._store.administering() as c:
            found = c.execute(query).fetchone()
        if found is None:
            return None
        return Kept(found[0], found[1], int(found[2]), found[3], read_places(found[4]))

    def acknowledgements(self, names: Sequence[str]) -> list[Acknowledgement]:
        """Read those of these receipts that are there, whole, in the order of their names."""
        condition, values = self._store.database.among("id", names)
        columns = ",".join(_COLUMNS)
        query = sa.text(f"SELECT {columns} FROM receipt WHERE {condition} ORDER BY id")
        with self._available(), self._store.administering() as c:
            rows = c.execute(query, values).fetchall()
        return [Acknowledgement(read_places(row[-1]), *row[:-1]) for row in rows]

    def all_checkpoints(self) -> dict[str, str]:
        """Read every checkpoint."""
        with self._available(), self._store.administering() as c:
            return {r[0]: r[1] for r in c.execute(sa.select(checkpoint.c.name, checkpoint.c.value))}

    def put_back(self, kept: Sequence[Acknowledgement]) -> None:
        """Put receipts back that an archive held; those that are there stay as they are."""
        with self._available(), self._store.administering() as c:
            keys = self._keys(c, kept)
            rows = [
                (k.id, k.sender, k.contract, k.accepted_at, k.accepted, k.rejected, keys[k.id],
                 k.body_digest, k.answer, json.dumps(k.places))
                for k in kept
            ]  # fmt: skip
            frame = pl.DataFrame(rows, schema=_COLUMNS, orient="row")
            self._store.database.merge(c, receipt, frame, {})

    def _keys(self, c: Connection, kept: Sequence[Acknowledgement]) -> dict[str, str | None]:
        """Give by id the idempotency keys that receipts still have.

        A key may be used again after some days: it is the latest receipt's, and of no earlier one.
        """
        latest = {
            (k.sender, k.idempotency_key): (k.accepted_at, k.id)
            for k in sorted(kept, key=lambda k: k.accepted_at)
            if k.idempotency_key is not None
        }
        if latest:
            names = ("sender", "idempotency_key", "accepted_at", "id")
            mine = sa.tuple_(receipt.c.sender, receipt.c.idempotency_key).in_(latest)
            there = c.execute(sa.select(*(receipt.c[n] for n in names)).where(mine)).fetchall()
            for sender, key, at, name in there:
                if (at, name) > latest[sender, key]:
                    latest[sender, key] = at, name
                elif name != latest[sender, key][1]:
                    earlier = receipt.update().where(receipt.c.id == name)
                    c.execute(earlier.values(idempotency_key=None))
        with_key = {name: key for (_, key), (_, name) in latest.items()}
        return {k.id: with_key.get(k.id) for k in kept}

    def take_back(self, ends: Mapping[str, Mapping[int, int]]) -> list[Receipt]:
        """Delete receipts of which records stand beyond the ends of their partitions; list them.

        They were acknowledged and are lost. A receipt without its records would answer who sends
        them again with the same idempotency key, and they would stay lost.
        """
        names = ("id", "sender", "contract", "accepted_at", "accepted", "rejected", "places")
        with self._available(), self._store.administering() as c:
            query = sa.select(*(receipt.c[n] for n in names)).order_by("id")
            rows = c.execute(query.execution_options(yield_per=10_000))
            lost = [
                Receipt(i, s, k, day_of(at), a, r)
                for i, s, k, at, a, r, places in rows
                if any(
                    end > ends.get(topic, {}).get(partition, 0)
                    for topic, spans in read_places(places).items()
                    for partition, _, end in spans
                )
            ]
            if lost:
                condition, values = self._store.database.among("id", [r.id for r in lost])
                c.execute(sa.text(f"DELETE FROM receipt WHERE {condition}"), values)
        return lost

    def replace_checkpoints(self, values: Mapping[str, str]) -> None:
        """Let these be the checkpoints, and no others."""
        with self._available(), self._store.administering() as c:
            c.execute(checkpoint.delete())
            self._set(c, values)

    def acknowledged(self) -> dict[str, int]:
        """Count by sender the items of all receipts."""
        total = sa.func.sum(receipt.c.accepted + receipt.c.rejected)
        query = sa.select(receipt.c.sender, total).group_by(receipt.c.sender)
        with self._available(), self._store.administering() as c:
            return {sender: int(n) for sender, n in c.execute(query)}

    def listed(self) -> list[Receipt]:
        """List all receipts."""
        names = ("id", "sender", "contract", "accepted_at", "accepted", "rejected")
        with self._store.administering() as c:
            rows = c.execute(sa.select(*(receipt.c[n] for n in names))).fetchall()
        return [Receipt(i, s, k, day_of(at), a, r) for i, s, k, at, a, r in rows]


def _is_fresh(s: Submission, known: dict[tuple[str, str], tuple[str, str]]) -> bool:
    """Tell whether to append it; one whose key was seen before is answered, or refused."""
    if s.idempotency_key is None:
        return True
    earlier = known.get((s.sender, s.idempotency_key))
    if earlier is None:
        known[s.sender, s.idempotency_key] = s.body_digest, s.answer  # to those that come after it
        return True
    if earlier[0] != s.body_digest:
        s.error = IdempotencyConflictError(s.idempotency_key)
    else:
        s.repeats = earlier[1]
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
        "places": json.dumps(s.places),
    }
