"""Submitting: what was admitted becomes batches of the log, under one receipt."""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import polars as pl

from hub.clock import Clock, to_us
from hub.definitions import avro, revisions
from hub.definitions.admission import Admitted, Verdict, admit_columns, verdict_of
from hub.definitions.ahead import ahead, verdict_ahead
from hub.definitions.contract import Contract
from hub.definitions.faults import Fault
from hub.definitions.originals import Seal
from hub.definitions.own.rejection import REJECTION
from hub.definitions.ranges import Ranges
from hub.log.log import Batch, Log, Submission

# Of an item; sealed, in base64 and with its verdict it fits into a record of 32 MiB in Kafka.
WHOLE_BYTES_MAX = 23 << 20
PART_BYTES = 65_536  # what is kept of a larger one, beside its digest


def accepted_at(clock: Clock) -> int:
    """Tell when something is accepted: to the millisecond, as records in Kafka carry it."""
    return to_us(clock()) // 1000 * 1000


def impossible(
    contract: Contract, frame: pl.DataFrame, at: int, ranges: Callable[[], Ranges]
) -> dict[int, Verdict]:
    """Find rows of events that keep their contract and that cannot be, accepted at `at`.

    An instant lies in the future, or a value outside of what the province's list says of it.
    """
    wrong: dict[int, Verdict] = {}
    if contract.spec.ranged is not None:
        wrong = dict(ranges().outside(contract, frame))
    for row in ahead(contract, frame, pl.repeat(at, len(frame), dtype=pl.Int64, eager=True)):
        late = verdict_ahead(contract, frame.row(row, named=True), at, 0)
        wrong[row] = late.joined(wrong.get(row))
    return {row: replace(v, index=row) for row, v in sorted(wrong.items())}


def new_receipt(at: int) -> str:
    """Name a receipt; names sort by time."""
    return f"{at:016x}{secrets.token_hex(6)}"


def make_batches(
    contract: Contract,
    sender: str,
    admitted: Admitted,
    receipt: str,
    at: int,
    seal: Seal,
    named: Callable[[Verdict], str] | None = None,
) -> Iterable[Batch]:
    """Make the batches of a submission: the events, and the rejected items with sealed bytes.

    A rejected item is known by its receipt and index, or as `named` says.
    """
    if admitted.kept:
        yield encode(contract, sender, admitted.events, receipt, at)
    yield from rejections(contract, sender, admitted, receipt, at, seal, named)


def rejections(
    contract: Contract,
    sender: str,
    admitted: Admitted,
    receipt: str,
    at: int,
    seal: Seal,
    named: Callable[[Verdict], str] | None = None,
) -> Iterable[Batch]:
    """Make the batch of a submission's rejected items, where there are any; see `make_batches`.

    Where an item is too large to be kept whole its verdict says so, too.
    """
    if admitted.rejected:
        _bound(admitted)
        named = named or (lambda v: f"{receipt}:{v.index}")
        rows = [
            {
                "event_id": (name := named(v)),
                "recorded_at": None,
                "contract": contract.name,
                "rejected_at": at,
                **v.core(),
                "original": seal(sender, name, admitted.originals[v.index]),
            }
            for v in admitted.rejected
        ]
        schema = {f.name: f.dtype for f in REJECTION.fields}
        frame = pl.DataFrame(rows, schema=schema)
        yield encode(REJECTION, sender, frame, receipt, at)


def _bound(admitted: Admitted) -> None:
    """Put digest, length and first bytes in the place of originals that no record can hold."""
    for place, verdict in enumerate(admitted.rejected):
        original = admitted.originals[verdict.index]
        if len(original) <= WHOLE_BYTES_MAX:
            continue
        digest = hashlib.blake2b(original, digest_size=16).hexdigest()
        part = f"{digest} {len(original)}\n".encode() + original[:PART_BYTES]
        admitted.originals[verdict.index] = part
        size, most, first = len(original), WHOLE_BYTES_MAX >> 20, PART_BYTES >> 10
        vi = f"bản ghi dài {size} byte, quá {most} MiB: chỉ giữ mã băm và {first} KiB đầu"
        en = (
            f"the item has {size} bytes, over {most} MiB: its digest and first {first} KiB are kept"
        )
        large = verdict_of(verdict.index, [Fault("item_too_large", "", str(size), vi, en)])
        admitted.rejected[place] = verdict.joined(large)


def encode(contract: Contract, sender: str, frame: pl.DataFrame, receipt: str, at: int) -> Batch:
    """Encode columns that keep their contract as one batch of the log."""
    revision = revisions.latest(contract.name)
    payload, ends = avro.encode_columns(revision.plain, frame)
    return Batch(contract.topic, sender, at, revision.schema_id, receipt, payload, ends)


def append_columns(
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
