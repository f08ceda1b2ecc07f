"""The wire: how an event stands in Kafka, so that any Kafka tool can read and write it.

Value: a zero byte, the schema id (4 bytes, big endian), the Avro datum (Confluent wire format).
Key: the contract's key fields joined by `|`, partitioned by murmur2. Headers: CloudEvents 1.0
attributes in binary mode (`ce_specversion`, `ce_type`, `ce_source`, `ce_id`), with the extension
`ce_receipt`; `ce_id` comes last, as the only one that differs within a batch. Each header costs a
reader as much as two fields of the event, so there are no more, but for `traceparent` (W3C) where
the request that brought the events is traced. Timestamp: when the event was accepted, to the
millisecond.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from hub.definitions import avro, revisions
from hub.definitions.contract import INSTANT_MAX, Contract
from hub.definitions.own.rejection import REJECTION
from hub.log import pieces
from hub.log.slices import Ints, Origin, Refused, Slice
from hub.operating import tracing

SENDERS = "/senders/"
# The hub's own notices, which it publishes for others and does not read back.
OWN_SOURCE = "/hub"
_OWN = "\x00hub"  # no sender can be named so
UNNAMED = "unnamed"
SENDER_LENGTH_MAX = 128
HEAD = avro.WIRE_HEADER
EVENT_ID = "ce_id"
Headers = Sequence[tuple[str, bytes | None]]


class Records(NamedTuple):
    """Records as they stand in Kafka, in columns.

    `timestamps` are in milliseconds since the epoch. `heads` are the headers that records share,
    and `head` says per record which are its; a last one named `ce_id` may be left out.
    """

    offsets: Ints
    timestamps: Ints
    values: pl.Series  # bytes
    heads: Sequence[Headers]
    head: Ints


def one_by_one(
    offsets: Sequence[int],
    timestamps: Sequence[int],
    values: Sequence[bytes | None],
    headers: Sequence[Headers],
) -> Records:
    """Put records with headers of their own into columns."""
    return Records(
        np.array(offsets, np.int64),
        np.array(timestamps, np.int64),
        pl.Series(values, dtype=pl.Binary),
        headers,
        np.arange(len(values)),
    )


def join(parts: Sequence[Records]) -> Records:
    """Join records, one part after another."""
    if len(parts) == 1:
        return parts[0]
    heads: list[Headers] = []
    head = [np.zeros(0, np.int64)]
    for part in parts:
        head.append(part.head + len(heads))
        heads += part.heads
    none = np.zeros(0, np.int64)
    offsets = np.concatenate([none, *(p.offsets for p in parts)])
    timestamps = np.concatenate([none, *(p.timestamps for p in parts)])
    values = pl.concat([pl.Series(dtype=pl.Binary), *(p.values for p in parts)])
    return Records(offsets, timestamps, values, heads, np.concatenate(head))


def headers(topic: str, source: str, receipt: str) -> list[tuple[str, bytes]]:
    """Write the headers that a batch's records share."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_type", topic.encode()),
        ("ce_source", source.encode()),
        ("ce_receipt", receipt.encode()),
    ]


def keys_and_ids(
    contract: Contract, schema_id: int, payload: bytes, count: int
) -> tuple[list[str], list[str]]:
    """Give the key and the event id of each of so many datums, one after another."""
    return keys_and_ids_of(
        contract, avro.decode_columns(revisions.by_id(schema_id).plain, payload, count)
    )


def keys_and_ids_of(contract: Contract, frame: pl.DataFrame) -> tuple[list[str], list[str]]:
    """Give the key and the event id of each decoded datum; null where the key lacks a field."""
    key = pl.concat_str([pl.col(n).cast(pl.String) for n in contract.spec.key], separator="|")
    return frame.select(key.alias("key"))["key"].to_list(), frame["event_id"].to_list()


def slice_of(contract: Contract, partition: int, span: tuple[int, int], records: Records) -> Slice:
    """Put records as they were fetched into a slice; `span` are the positions before and after.

    What is no datum of the contract is refused, with its bytes; the hub's own notices are passed
    over.
    """
    origins, of = _origins(records)
    at, values = records.offsets, records.values
    if contract.name == REJECTION.name and any(o.sender == _OWN for o in origins):
        keep = np.array([o.sender != _OWN for o in origins], np.bool_)[of]
        values = values.filter(keep)
        at, of = at[keep], of[keep]
    origins = [replace(o, sender=OWN_SOURCE) if o.sender == _OWN else o for o in origins]
    # By Arrow: where a slice is small, each of Polars' steps costs as much as a record.
    ids = np.array([r.schema_id for r in revisions.revisions()[contract.name]], np.int64)
    heads = [HEAD.pack(0, schema_id) for schema_id in ids.tolist()]
    which, datums = pieces.by_head(pieces.of(values), heads)
    payload, ends = pieces.lay_out(datums)
    good = which >= 0
    bad = np.flatnonzero(~good).tolist()
    return Slice(
        topic=contract.topic,
        partition=partition,
        first=span[0],
        following=span[1],
        offsets=at[good],
        schema_ids=ids[which[good]],
        origins=origins,
        origin=of[good],
        payload=payload,
        ends=ends,
        refused=tuple(
            Refused(int(at[i]), origins[of[i]], _rule(values[i]), values[i] or b"") for i in bad
        ),
    )


def _rule(value: bytes | None) -> str:
    """Say what is wrong with a value whose head is none of the contract's."""
    if value is None:
        return "no_value"
    return "unknown_schema" if len(value) > HEAD.size and value[0] == 0 else "not_wire_format"


def _origins(records: Records) -> tuple[list[Origin], Ints]:
    """Give the distinct origins and, per record, which is its."""
    count = len(records.offsets)
    # Most records have the origin of the one before: only where it may be another one is looked.
    is_edge = np.ones(count, np.bool_)
    is_edge[1:] = (np.diff(records.timestamps) != 0) | (np.diff(records.head) != 0)
    edges = np.flatnonzero(is_edge)
    known: dict[object, int] = {}
    origins: list[Origin] = []
    indexes = []
    ats, heads = records.timestamps[edges].tolist(), records.head[edges].tolist()
    for timestamp, head in zip(ats, heads, strict=True):
        given = records.heads[head]
        shared = given[:-1] if given and given[-1][0] == EVENT_ID else given
        key = (timestamp, *shared)
        found = known.get(key)
        if found is None:
            said = dict(shared)
            found = known[key] = len(origins)
            accepted_at = min(max(timestamp * 1000, 0), INSTANT_MAX)
            receipt = _text(said.get("ce_receipt"), SENDER_LENGTH_MAX)
            origins.append(Origin(_sender(said.get("ce_source")), accepted_at, receipt))
            if tracing.HEADER in said:
                tracing.follow(receipt, _text(said[tracing.HEADER], SENDER_LENGTH_MAX))
        indexes.append(found)
    return origins, np.repeat(np.array(indexes, np.int64), np.diff(edges, append=count))


def _text(raw: bytes | None, length_max: int) -> str:
    text = (raw or b"").decode(errors="replace")
    return "".join(c for c in text if c.isprintable())[:length_max]


def _sender(raw: bytes | None) -> str:
    if raw == OWN_SOURCE.encode():
        return _OWN
    source = (raw or b"").removeprefix(SENDERS.encode())
    return _text(source, SENDER_LENGTH_MAX) or UNNAMED
