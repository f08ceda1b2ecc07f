"""The gateway: admits a body, makes it durable with its receipt, and only then answers.

Appends of requests that come together share one transaction, so that one flush to disk serves all.
"""

import hashlib
import json
import queue
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from hub import avro, published
from hub.admission import Admitted, Verdict, admit, admit_columns, original_text, split
from hub.clock import Clock, to_us
from hub.contracts import Contract
from hub.keys import Sender
from hub.log import Batch, Log, LogUnavailableError, Submission
from hub.rejection import REJECTION
from hub.states import contents
from hub.store import Row, Store

GROUP_MAX = 256
RECENT_MAX = 100_000


@dataclass(frozen=True)
class Answer:
    """What the sender is told, and with which HTTP status; `is_replay` where it was told before."""

    status: int
    body: dict[str, Any]
    is_replay: bool = False


class Appender:
    """Commits submissions from many threads in groups, one transaction a group."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._waiting: queue.SimpleQueue[tuple[Submission, threading.Event] | None]
        self._waiting = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="append", daemon=True)
        self._thread.start()

    def append(self, submission: Submission) -> None:
        """Wait until a submission is durable; raise what kept it from being so."""
        done = threading.Event()
        self._waiting.put((submission, done))
        done.wait()
        if submission.error is not None:
            raise submission.error

    def close(self) -> None:
        """Commit what is waiting, then stop."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            group = [self._waiting.get()]
            while not self._waiting.empty() and len(group) < GROUP_MAX:
                group.append(self._waiting.get())
            is_open = None not in group
            waiting = [g for g in group if g is not None]
            try:
                self._log.append([s for s, _ in waiting])
            except Exception as error:
                # Whatever it was: nothing of the group is durable, and each sender is told so.
                for submission, _ in waiting:
                    submission.error = LogUnavailableError(str(error))
            for _, done in waiting:
                done.set()
        self._log.close()


class Gateway:
    """Takes events in, from HTTP and from sources in the same process."""

    def __init__(self, log: Log, store: Store, clock: Clock) -> None:
        self._appender = Appender(log)
        self._log = log
        self._store = store
        self._clock = clock
        self._recent: dict[str, set[Row]] = {}
        self._recent_lock = threading.Lock()

    def accept(
        self, contract: Contract, sender: Sender, body: bytes, idempotency_key: str | None = None
    ) -> Answer:
        """Take one request's body; answer when it is durable.

        Raises `BodyError`, `LogUnavailableError` or `IdempotencyConflictError`.
        """
        digest = hashlib.blake2b(body, digest_size=16).hexdigest()
        admitted = admit(contract, body)
        outside = _outside_units(contract, sender, admitted, self._store)
        if outside:
            admitted.reject(outside)
            items = split(body)
            admitted.originals |= {v.index: items[v.index] for v in outside}
        at = accepted_at(self._clock)
        receipt = new_receipt(at)
        repeats = self._count_known(contract, sender.name, admitted.events)
        batches = list(make_batches(contract, sender.name, admitted, receipt, at))
        body_out = {
            "receipt": receipt,
            "accepted": len(admitted.indexes) - repeats,
            "duplicates": repeats,
            "rejected": [v.public() for v in admitted.rejected],
        }
        status = 202 if admitted.indexes else 422
        submission = Submission(
            receipt=receipt,
            sender=sender.name,
            contract=contract.name,
            accepted_at=at,
            accepted=len(admitted.indexes),
            rejected=len(admitted.rejected),
            batches=batches,
            answer=json.dumps([status, body_out], ensure_ascii=False),
            body_digest=f"{contract.name}:{digest}",
            idempotency_key=idempotency_key,
        )
        self._appender.append(submission)
        if submission.repeats is not None:
            earlier = json.loads(submission.repeats)
            return Answer(earlier[0], earlier[1], is_replay=True)
        self._remember(contract, sender.name, admitted.events)
        return Answer(status, body_out)

    def close(self) -> None:
        """Make what is waiting durable, then stop."""
        self._appender.close()

    def _count_known(self, contract: Contract, sender: str, events: pl.DataFrame) -> int:
        """Count items seen before, content and all: in this body, lately, or in the store.

        The same id with another content is no repeat: it is taken, and shown as a conflict.
        """
        if not len(events):
            return 0
        sent = [(sender, *row) for row in events.iter_rows()]
        unique = set(sent)
        entities = events.select(contract.entity.alias("entity"))["entity"].unique().to_list()
        with self._store.reading() as reading:
            states = reading.states(self._store.facts[contract.name], entities)
        known = unique & contents(contract, states)
        with self._recent_lock:
            known |= unique & self._recent.get(contract.name, set())
        return len(sent) - len(unique) + len(known)

    def _remember(self, contract: Contract, sender: str, events: pl.DataFrame) -> None:
        """Remember events that are durable, though perhaps not yet applied."""
        with self._recent_lock:
            recent = self._recent.setdefault(contract.name, set())
            if len(recent) > RECENT_MAX:
                recent.clear()
            recent |= {(sender, *row) for row in events.iter_rows()}


def accepted_at(clock: Clock) -> int:
    """Tell when something is accepted: to the millisecond, as records in Kafka carry it."""
    return to_us(clock()) // 1000 * 1000


def new_receipt(at: int) -> str:
    """Name a receipt; names sort by time."""
    return f"{at:016x}{secrets.token_hex(6)}"


def make_batches(
    contract: Contract,
    sender: str,
    admitted: Admitted,
    receipt: str,
    at: int,
    named: Callable[[Verdict], str] | None = None,
) -> Iterable[Batch]:
    """Make the batches of a submission: the events, and the rejected items with their bytes.

    A rejected item is known by its receipt and index, or as `named` says.
    """
    if len(admitted.events):
        yield encode(contract, sender, admitted.events, receipt, at)
    if admitted.rejected:
        named = named or (lambda v: f"{receipt}:{v.index}")
        rows = [_rejection(contract, v, admitted, named(v), at) for v in admitted.rejected]
        schema = {f.name: f.dtype for f in REJECTION.fields}
        frame = pl.DataFrame(rows, schema=schema)
        yield encode(REJECTION, sender, frame, receipt, at)


def encode(contract: Contract, sender: str, frame: pl.DataFrame, receipt: str, at: int) -> Batch:
    """Encode columns that keep their contract as one batch of the log."""
    revision = published.latest(contract.name)
    payload, ends = avro.encode_columns(revision.plain, frame)
    return Batch(contract.topic, sender, at, revision.schema_id, receipt, payload, ends)


def _rejection(
    contract: Contract, verdict: Verdict, admitted: Admitted, event_id: str, at: int
) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "recorded_at": None,
        "contract": contract.name,
        "rejected_at": at,
        **verdict.public(),
        "original": original_text(admitted.originals[verdict.index]),
    }


def _outside_units(
    contract: Contract, sender: Sender, admitted: Admitted, store: Store
) -> list[Verdict]:
    """Reject items of units that the key may not send for.

    An event speaks for the first unit that it names; one that names none, for the units of its
    dossier. Of a dossier that was not seen yet nothing is known, and nothing rejected.
    """
    names = contract.spec.units
    if not sender.units or not names:
        return []
    rows = admitted.events.select(contract.entity.alias("entity"), *names).rows()
    silent = {r[0] for r in rows if all(v is None for v in r[1:])}
    with store.reading() as reading:
        table = store.facts[contract.name]
        known = {r[0]: r[1:] for r in reading.fact_values(table, names, sorted(silent))}
    found = []
    for index, (entity, *own) in zip(admitted.indexes, rows, strict=True):
        if entity in silent:
            units = [u for u in known.get(entity, ()) if u is not None]
            is_allowed = not units or not sender.units.isdisjoint(units)
            name, unit = names[0], units[0] if units else ""
        else:
            name, unit = next((n, u) for n, u in zip(names, own, strict=True) if u is not None)
            is_allowed = unit in sender.units
        if not is_allowed:
            vi = f"{name}: khóa này không được gửi thay đơn vị {unit}"
            en = f"{name}: this key may not send for unit {unit}"
            found.append(Verdict(index, "unit_not_allowed", name, unit, vi, en))
    return found


def publish(
    log: Log,
    contract: Contract,
    sender: str,
    frame: pl.DataFrame,
    clock: Clock,
    checkpoints: Mapping[str, str] | None = None,
) -> None:
    """Append a batch of columns as one submission, checked against the contract.

    Raises `ValueError` for a row that breaks the contract, `LogUnavailableError` otherwise.
    """
    frame = admit_columns(contract, frame)
    at = accepted_at(clock)
    receipt = new_receipt(at)
    batch = encode(contract, sender, frame, receipt, at)
    submission = Submission(receipt, sender, contract.name, at, len(frame), 0, [batch])
    submission.checkpoints = checkpoints or {}
    log.append([submission])
