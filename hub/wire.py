"""The wire: how an event stands in Kafka, so that any Kafka tool can read and write it.

Value: a zero byte, the schema id (4 bytes, big endian), the Avro datum (Confluent wire format).
Key: the contract's key fields joined by `|`, partitioned by murmur2. Headers: CloudEvents 1.0
attributes in binary mode (`ce_specversion`, `ce_type`, `ce_source`, `ce_id`), with the extension
`ce_receipt`; `ce_id` comes last, as the only one that differs within a batch. Each header costs a
reader as much as two fields of the event, so there are no more. Timestamp: when the event was
accepted, to the millisecond.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

import numpy as np
import polars as pl

from hub import avro, published
from hub.contracts import INSTANT_MAX, Contract
from hub.log import Batch
from hub.rejection import REJECTION
from hub.slices import Origin, Refused, Slice

SENDERS = "/senders/"
# The hub's own notices, which it publishes for others and does not read back.
OWN_SOURCE = "/hub"
_OWN = "\x00hub"  # no sender can be named so
UNNAMED = "unnamed"
SENDER_LENGTH_MAX = 128
HEAD = avro.WIRE_HEADER
Headers = Sequence[tuple[str, bytes | None]]


def headers(topic: str, source: str, receipt: str) -> list[tuple[str, bytes]]:
    """Write the headers that a batch's records share."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_type", topic.encode()),
        ("ce_source", source.encode()),
        ("ce_receipt", receipt.encode()),
    ]


def keys_and_ids(contract: Contract, batch: Batch) -> tuple[list[str], list[str]]:
    """Give the key and the event id of each record of a batch."""
    schema = published.by_id(batch.schema_id).plain
    frame = avro.decode_columns(schema, batch.payload, batch.count)
    key = pl.concat_str([pl.col(n).cast(pl.String) for n in contract.spec.key], separator="|")
    return frame.select(key.alias("key"))["key"].to_list(), frame["event_id"].to_list()


def slice_of(
    contract: Contract,
    partition: int,
    span: tuple[int, int],
    offsets: Sequence[int],
    timestamps: Sequence[int],
    values: Sequence[bytes | None],
    every_headers: Sequence[Headers],
) -> Slice:
    """Put records as they were fetched into a slice; `span` are the positions before and after.

    Timestamps are in milliseconds since the epoch. What is no datum of the contract is refused,
    with its bytes; the hub's own notices are passed over.
    """
    origins, origin = _origins(timestamps, every_headers)
    if contract.name == REJECTION.name and any(o.sender == _OWN for o in origins):
        keep = [origins[i].sender != _OWN for i in origin]
        values = list(compress(values, keep))
        offsets = list(compress(offsets, keep))
        origin = list(compress(origin, keep))
    origins = [replace(o, sender=OWN_SOURCE) if o.sender == _OWN else o for o in origins]
    at, of = np.array(offsets, np.int64), np.array(origin, np.int64)
    known = {HEAD.pack(0, r.schema_id): r.schema_id for r in published.revisions()[contract.name]}
    try:
        heads = [v[: HEAD.size] for v in values]  # type: ignore[index]
        is_known = np.fromiter(map(known.__contains__, heads), np.bool_, len(heads))
    except TypeError:  # a record without a value
        heads = [(v or b"")[: HEAD.size] for v in values]
        is_known = np.array([h in known for h in heads], np.bool_)
    good = list(compress(values, is_known))
    datums = [v[HEAD.size :] for v in good if v]
    rules = [(i, _rule(values[i])) for i in np.flatnonzero(~is_known).tolist()]
    return Slice(
        topic=contract.topic,
        partition=partition,
        first=span[0],
        following=span[1],
        offsets=at[is_known],
        schema_ids=np.array([known[h] for h in compress(heads, is_known)], np.int64),
        origins=origins,
        origin=of[is_known],
        payload=b"".join(datums),
        ends=np.cumsum(np.fromiter(map(len, datums), np.int64, len(datums))),
        refused=tuple(
            Refused(int(at[i]), origins[of[i]], rule, values[i] or b"") for i, rule in rules
        ),
    )


def _rule(value: bytes | None) -> str:
    """Say what is wrong with a value whose head is none of the contract's."""
    if value is None:
        return "no_value"
    return "unknown_schema" if len(value) > HEAD.size and value[0] == 0 else "not_wire_format"


def _origins(timestamps: Sequence[int], every: Sequence[Headers]) -> tuple[list[Origin], list[int]]:
    """Give the distinct origins and, per record, which is its."""
    known: dict[object, int] = {}
    origins: list[Origin] = []
    indexes = []
    last_shared: Headers = ()
    last_timestamp = -1
    index = -1
    for timestamp, given in zip(timestamps, every, strict=True):
        shared = given[:-1] if given and given[-1][0] == "ce_id" else given
        # Most records have the origin of the one before.
        if timestamp != last_timestamp or shared != last_shared or index < 0:
            last_timestamp, last_shared = timestamp, shared
            key = (timestamp, *shared)
            found = known.get(key)
            if found is None:
                said = dict(shared)
                found = known[key] = len(origins)
                accepted_at = min(max(timestamp * 1000, 0), INSTANT_MAX)
                receipt = _text(said.get("ce_receipt"), SENDER_LENGTH_MAX)
                origins.append(Origin(_sender(said.get("ce_source")), accepted_at, receipt))
            index = found
        indexes.append(index)
    return origins, indexes


def _text(raw: bytes | None, length_max: int) -> str:
    text = (raw or b"").decode(errors="replace")
    return "".join(c for c in text if c.isprintable())[:length_max]


def _sender(raw: bytes | None) -> str:
    if raw == OWN_SOURCE.encode():
        return _OWN
    source = (raw or b"").removeprefix(SENDERS.encode())
    return _text(source, SENDER_LENGTH_MAX) or UNNAMED
