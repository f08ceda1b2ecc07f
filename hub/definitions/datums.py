"""Datums: which of many pieces of bytes are datums of a flat record, all of them looked at at once.

Anybody may produce to an open log, and a decoder of columns has one verdict on all it is given:
one record that lies about a length ends it, or moves all that follow. So each is measured first,
all of them field by field, and only what fills its record to the last byte, in the shortest form,
goes to the decoder. What one bad record costs is then its own.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from hub.definitions import avro, revisions
from hub.definitions.avro import Bytes, Ints, Schema

Bools = npt.NDArray[np.bool_]
_LONG_BYTES_MAX = 10


def by_schema(
    schema_ids: Ints, payload: bytes, ends: Ints
) -> Iterator[tuple[Ints, Schema, bytes, Ints]]:
    """Give the datums of each schema: which they are, the schema, they, and where each ends.

    Producers may use several in turn; each is decoded once, however often they take turns.
    """
    for schema_id in np.unique(schema_ids).tolist():
        own = schema_ids == schema_id
        plain = revisions.by_id(schema_id).plain
        yield np.flatnonzero(own), plain, *_chosen(payload, ends, own)


def _chosen(payload: bytes, ends: Ints, own: Bools) -> tuple[bytes, Ints]:
    if own.all():
        return payload, ends
    widths = np.diff(ends, prepend=0)
    each_byte = np.repeat(own, widths)
    return np.frombuffer(payload, np.uint8)[each_byte].tobytes(), np.cumsum(widths[own])


def decode_whole(schema: Schema, payload: bytes, ends: Ints) -> tuple[pl.DataFrame, Ints]:
    """Decode the datums of a flat record that are whole, in their shortest form.

    `ends` says where each ends. Gives them in columns, and which of all each row is.
    """
    is_whole = find_whole(schema, payload, ends)
    try:
        return _decode(schema, payload, ends, is_whole)
    except avro.UNDECODABLE:
        # Their measures are right, so it can only be bytes that are no text.
        is_whole[is_whole] = _is_text(*_decode(_untexted(schema), payload, ends, is_whole))
        return _decode(schema, payload, ends, is_whole)


def _decode(schema: Schema, payload: bytes, ends: Ints, chosen: Bools) -> tuple[pl.DataFrame, Ints]:
    rows = np.flatnonzero(chosen)
    return avro.decode_columns(schema, _chosen(payload, ends, chosen)[0], len(rows)), rows


def _untexted(schema: Schema) -> Schema:
    """Describe the same bytes with bytes in the place of texts."""
    kinds = {"string": "bytes"}
    fields = []
    for f in schema["fields"]:
        kind = f["type"]
        other = [kinds.get(k, k) for k in kind] if isinstance(kind, list) else kinds.get(kind, kind)
        fields.append({"name": f["name"], "type": other})
    return {**schema, "fields": fields}


def _is_text(frame: pl.DataFrame, _: Ints) -> Bools:
    """Tell in which rows all columns of bytes are UTF-8."""
    good = np.ones(len(frame), np.bool_)
    for column in frame.select(pl.col(pl.Binary)).iter_columns():
        try:
            column.cast(pl.String)
        except pl.exceptions.PolarsError:
            good &= [raw is None or _is_utf8(raw) for raw in column]
    return good


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def find_whole(schema: Schema, payload: bytes, ends: Ints) -> Bools:
    """Tell which datums have the measures of a flat record in its shortest form, and fill it.

    A decoder also takes long forms of numbers, and any byte for a branch or a boolean. Whether a
    text is UTF-8 is not looked at.
    """
    raw = np.frombuffer(payload + bytes(_LONG_BYTES_MAX), np.uint8)
    at = np.zeros(len(ends), np.int64)
    at[1:] = ends[:-1]
    good = np.ones(len(ends), np.bool_)
    every = np.arange(len(ends))
    for f in schema["fields"]:
        kind, there = f["type"], every
        if isinstance(kind, list):
            kind, branch = kind[1], raw[at]
            good &= (branch == 0) | (branch == 2)
            there = np.flatnonzero(branch == 2)
            at += 1
        if kind == "boolean":
            good[there] &= raw[at[there]] <= 1
            at[there] += 1
        else:
            value, after, is_shortest = _longs(raw, at[there])
            if kind != "long":
                is_shortest &= (value >= 0) & (value <= ends[there] - after)
                after += np.where(is_shortest, value, 0)
            good[there] &= is_shortest
            at[there] = after
        good &= at <= ends
        # What went beyond its end is wrong already; it looks on within the bytes that there are.
        np.minimum(at, ends, out=at)
    good &= at == ends
    return good


def _longs(raw: Bytes, at: Ints) -> tuple[Ints, Ints, Bools]:
    """Read an Avro long at each place: its value, where it ends, whether it is in shortest form."""
    last = raw[at]
    value = (last & 0x7F).astype(np.uint64)
    sizes = np.ones(len(at), np.int64)
    longer = np.flatnonzero(last > 0x7F)
    for size in range(2, _LONG_BYTES_MAX + 1):
        if not len(longer):
            break
        byte = raw[at[longer] + size - 1]
        value[longer] |= (byte & 0x7F).astype(np.uint64) << np.uint64(7 * (size - 1))
        sizes[longer] = size
        last[longer] = byte
        longer = longer[byte > 0x7F]
    # The tenth byte has the 64th bit alone.
    is_shortest = ((sizes == 1) | (last > 0)) & ((sizes < _LONG_BYTES_MAX) | (last == 1))
    signed = (value >> np.uint64(1)).astype(np.int64) ^ -(value & np.uint64(1)).astype(np.int64)
    return signed, at + sizes, is_shortest
