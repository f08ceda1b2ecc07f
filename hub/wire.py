"""The wire: how an event stands in Kafka, so that any Kafka tool can read and write it.

Value: a zero byte, the schema id (4 bytes, big endian), the Avro datum (Confluent wire format).
Key: the contract's key fields joined by `|`, partitioned by murmur2. Headers: CloudEvents 1.0
attributes in binary mode (`ce_specversion`, `ce_type`, `ce_source`, `ce_id`), with the extension
`ce_receipt`; `ce_id` comes last, as the only one that differs within a batch. Each header costs a
reader as much as two fields of the event, so there are no more. Timestamp: when the event was
accepted, to the millisecond.
"""

from collections.abc import Sequence
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
UNNAMED = "unnamed"
SENDER_LENGTH_MAX = 128
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
    if contract.name == REJECTION.name and any(o.sender == OWN_SOURCE for o in origins):
        keep = [origins[i].sender != OWN_SOURCE for i in origin]
        values = list(compress(values, keep))
        offsets = list(compress(offsets, keep))
        origin = list(compress(origin, keep))
    at, of = np.array(offsets, np.int64), np.array(origin, np.int64)
    sizes = np.array([-1 if v is None else len(v) for v in values], np.int64)
    refused: dict[int, str] = {}
    known = {r.schema_id for r in published.revisions()[contract.name]}
    ids = np.zeros(len(values), np.int64)
    raw = np.frombuffer(b"".join(v for v in values if v is not None), np.uint8)
    lengths = np.maximum(sizes, 0)
    starts = np.cumsum(lengths) - lengths
    has_head = sizes > avro.WIRE_HEADER.size
    heads = starts[has_head]
    magic = np.ones(len(values), np.int64)
    magic[has_head] = raw[heads]
    for k in range(1, avro.WIRE_HEADER.size):
        ids[has_head] = (ids[has_head] << 8) | raw[heads + k]
    is_known = (magic == 0) & np.isin(ids, list(known))
    for i in np.flatnonzero(~is_known).tolist():
        if sizes[i] < 0:
            refused[i] = "no_value"
        else:
            refused[i] = "not_wire_format" if magic[i] != 0 else "unknown_schema"
    # Bytes of datums only: without heads, and without the records that are refused.
    keep_bytes = np.repeat(is_known, lengths)
    for k in range(avro.WIRE_HEADER.size):
        keep_bytes[starts[is_known] + k] = False
    return Slice(
        topic=contract.topic,
        partition=partition,
        first=span[0],
        following=span[1],
        offsets=at[is_known],
        schema_ids=ids[is_known],
        origins=origins,
        origin=of[is_known],
        payload=raw[keep_bytes].tobytes(),
        ends=np.cumsum(lengths[is_known] - avro.WIRE_HEADER.size),
        refused=tuple(
            Refused(int(at[i]), origins[of[i]], rule, values[i] or b"")
            for i, rule in refused.items()
        ),
    )


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
                receipt = _text(said.get("ce_receipt"))
                origins.append(Origin(_sender(said.get("ce_source")), accepted_at, receipt))
            index = found
        indexes.append(index)
    return origins, indexes


def _text(raw: bytes | None) -> str:
    text = (raw or b"").decode(errors="replace")
    return "".join(c for c in text if c.isprintable())[:SENDER_LENGTH_MAX]


def _sender(raw: bytes | None) -> str:
    return _text(raw).removeprefix(SENDERS) or UNNAMED
