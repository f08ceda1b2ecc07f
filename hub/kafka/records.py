"""Kafka's record batches, as the broker sends them, read into columns.

A record (message format v2) is written with the same zigzag integers of variable length as Avro's.
So batches whose records all have the shape of the first one are decoded at once, as a sequence of
Avro records: half the time that objects take. Others are read record by record.

Source: Apache Kafka, "Record Batch" in the protocol guide; KIP-98.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from aiokafka import codec as codecs  # type: ignore[import-untyped]
from aiokafka.errors import CorruptRecordException  # type: ignore[import-untyped]
from crc32c import crc32c

from hub.definitions import avro
from hub.kafka.wire import EVENT_ID, Headers, Records, join, one_by_one
from hub.log.slices import Ints

# base offset, length, leader epoch, magic, CRC, attributes, last offset delta, first and greatest
# timestamp, producer id, producer epoch, base sequence, records
_HEAD = struct.Struct(">qiibIhiqqqhii")
_LENGTH = struct.Struct(">qi")
_AFTER_CRC = struct.calcsize(">qiibI")
_DECODE = {
    0: bytes,
    1: codecs.gzip_decode,
    2: codecs.snappy_decode,
    3: codecs.lz4_decode,
    4: codecs.zstd_decode,
}
_LOG_APPEND_TIME, _TRANSACTIONAL, _CONTROL = 0x08, 0x10, 0x20


class WireBatch:
    """One batch, still compressed; `CorruptRecordException` where it is not what was sent."""

    def __init__(self, raw: memoryview) -> None:
        if len(raw) < _HEAD.size or raw[16] != 2:
            raise CorruptRecordException("a record batch of another format than v2")
        head = _HEAD.unpack_from(raw)
        if crc32c(raw[_AFTER_CRC:]) != head[4]:
            raise CorruptRecordException(f"invalid CRC of the batch at offset {head[0]}")
        self.base_offset: int = head[0]
        self.next_offset: int = head[0] + head[6] + 1
        self.producer_id: int = head[9]
        self.count: int = head[12]
        self.is_transactional = bool(head[5] & _TRANSACTIONAL)
        self.is_control = bool(head[5] & _CONTROL)
        self._attributes: int = head[5]
        self._timestamps: tuple[int, int] = head[7:9]
        self._raw = raw

    def payload(self) -> bytes:
        """The records, decompressed."""
        decode = _DECODE.get(self._attributes & 7)
        if decode is None:
            raise CorruptRecordException(f"unknown compression at offset {self.base_offset}")
        found: bytes = bytes(decode(bytes(self._raw[_HEAD.size :])))
        return found

    @property
    def is_abort(self) -> bool:
        """Whether it is the mark of an aborted transaction (a control record of type 0)."""
        key = _each(self.payload(), 1)[0].key
        return key is not None and struct.unpack(">hh", key)[1] == 0

    @property
    def base_timestamp(self) -> int | None:
        """What the records' timestamps count from; none where the broker gave all of them one."""
        return None if self._attributes & _LOG_APPEND_TIME else self._timestamps[0]

    @property
    def greatest_timestamp(self) -> int:
        """The greatest timestamp."""
        return self._timestamps[1]


def read(batches: Sequence[WireBatch], first: int = 0, end: int = 1 << 62) -> Records:
    """Read the records of batches, one after another, from an offset on and before another.

    The broker answers with the whole batch that a position is in. Raises `CorruptRecordException`
    where batches are not what they say.
    """
    return between(_read_whole(batches), first, end)


def between(records: Records, first: int, end: int) -> Records:
    """Cut out what stands from an offset on and before another."""
    at, told, values, heads, head = records
    a, b = (int(i) for i in np.searchsorted(at, (first, end)))
    if (a, b) == (0, len(at)):
        return records
    return Records(at[a:b], told[a:b], values[a:b], heads, head[a:b])


def _read_whole(batches: Sequence[WireBatch]) -> Records:
    if not batches:
        return join([])
    payloads = [b.payload() for b in batches]
    counts = [b.count for b in batches]
    columns = _at_once(b"".join(payloads), sum(counts))
    if columns is None:
        each = zip(payloads, counts, strict=True)
        columns = join([_at_once(p, n) or _one_by_one(p, n) for p, n in each])
    at = np.repeat(np.array([b.base_offset for b in batches], np.int64), counts)
    first = np.repeat(np.array([b.base_timestamp or 0 for b in batches], np.int64), counts)
    told = columns.timestamps + first
    if any(b.base_timestamp is None for b in batches):
        is_theirs = np.repeat([b.base_timestamp is None for b in batches], counts)
        last = np.repeat(np.array([b.greatest_timestamp for b in batches], np.int64), counts)
        told = np.where(is_theirs, last, told)
    return columns._replace(offsets=columns.offsets + at, timestamps=told)


class WireBatches:
    """The batches of one partition in an answer of the broker; the last may be cut off.

    Stands where aiokafka has its `MemoryRecords`.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = memoryview(raw)
        self._at = 0

    def size_in_bytes(self) -> int:
        """The size of the answer."""
        return len(self._raw)

    def _end(self) -> int | None:
        if self._at + _LENGTH.size > len(self._raw):
            return None
        end = self._at + _LENGTH.size + int(_LENGTH.unpack_from(self._raw, self._at)[1])
        return end if end <= len(self._raw) else None

    def has_next(self) -> bool:
        """Whether another whole batch is in it."""
        return self._end() is not None

    def next_batch(self) -> WireBatch:
        """The next batch."""
        end = self._end()
        assert end is not None
        raw = self._raw[self._at : end]
        self._at = end
        return WireBatch(raw)


class _One(NamedTuple):
    size: int  # of the record, without the size itself
    attributes: int
    timestamp: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers_at: int  # where their number stands
    headers: list[tuple[bytes, bytes | None]]


def _each(payload: bytes, count: int) -> list[_One]:
    """Read the first records one by one."""
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = payload[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                value &= (1 << 64) - 1  # as the broker does, that has 64 bits
                return (value >> 1) ^ -(value & 1)
            shift += 7

    def text() -> bytes | None:
        nonlocal at
        size = number()
        if size < 0:
            return None
        at += size
        if at > len(payload):
            raise CorruptRecordException("a record ends before its bytes do")
        return payload[at - size : at]

    records = []
    try:
        for _ in range(count):
            size = number()
            end = at + size
            attributes = payload[at]
            at += 1
            head = (size, attributes, number(), number(), text(), text(), at)
            headers = [(text() or b"", text()) for _ in range(number())]
            if at != end:
                raise CorruptRecordException("a record is not as long as it says")
            records.append(_One(*head, headers))
    except IndexError:
        raise CorruptRecordException("a record ends before its bytes do") from None
    return records


def _one_by_one(payload: bytes, count: int) -> Records:
    each = _each(payload, count)
    return one_by_one(
        [r.offset for r in each],
        [r.timestamp for r in each],
        [r.value for r in each],
        [_named(r.headers) for r in each],
    )


Shape = tuple[bool, bool, int | tuple[bool, ...]]


@lru_cache(64)
def _schema(shape: Shape) -> avro.Schema:
    """Describe a record of this shape; what is null there is a number, which must be -1.

    Headers are either so many bytes that end with the name of the last, whose value follows; or
    each is a name and a value, or none.
    """
    names = ["size", "attributes", "timestamp", "offset"]
    fields: list[tuple[str, Any]] = [(n, "long") for n in names]
    has_key, has_value, headers = shape
    fields += [("key", "bytes" if has_key else "long"), ("value", "bytes" if has_value else "long")]
    if isinstance(headers, int):
        fields.append(("shared", {"type": "fixed", "name": "shared", "size": headers}))
        fields.append(("last", "bytes"))
    else:
        fields.append(("headers", "long"))
        for i, has in enumerate(headers):
            fields += [(f"n{i}", "bytes"), (f"v{i}", "bytes" if has else "long")]
    return {
        "type": "record",
        "name": "record",
        "fields": [{"name": n, "type": t} for n, t in fields],
    }


def _at_once(payload: bytes, count: int) -> Records | None:
    """Read all records at once, if each has the shape of the first."""
    if count < avro.FEW:
        return None
    first = _each(payload, 1)[0]
    shape = first.key is not None, first.value is not None
    last = first.headers[-1] if first.headers else (b"", None)
    if last[0] == EVENT_ID.encode() and last[1] is not None:
        # What records of one acknowledgement share has one length: no need to look into each.
        end = len(avro.long_bytes(first.size)) + first.size
        own = len(avro.long_bytes(len(last[1]))) + len(last[1])
        found = _read_alike(payload, count, (*shape, end - own - first.headers_at))
        if found is not None:
            return found
    return _read_alike(payload, count, (*shape, tuple(v is not None for _, v in first.headers)))


def _read_alike(payload: bytes, count: int, shape: Shape) -> Records | None:
    """Read records of this shape; none where one has another."""
    try:
        frame = avro.decode_columns(_schema(shape), payload, count)
    except avro.UNDECODABLE:
        return None
    absent = [n for n, t in frame.schema.items() if n[0] in "kv" and t == pl.Int64]
    same = pl.all_horizontal(pl.col("attributes") == 0, *(pl.col(n) == -1 for n in absent))
    if not frame.select(same.all()).item() or not _fits(frame, len(payload)):
        return None
    headers = shape[2]
    found = _shared(frame) if isinstance(headers, int) else _each_head(frame, len(headers))
    if found is None:
        return None
    return Records(
        frame["offset"].to_numpy(),
        frame["timestamp"].to_numpy(),
        frame["value"] if shape[1] else pl.repeat(None, count, dtype=pl.Binary, eager=True),
        *found,
    )


def _runs(frame: pl.DataFrame, of: pl.Expr) -> tuple[Ints, Ints]:
    """Number stretches of equal values: which each row is in, and the rows that begin them."""
    run = frame.select(of.rle_id()).to_series().to_numpy().astype(np.int64)
    return run, np.flatnonzero(np.diff(run, prepend=-1))


def _shared(frame: pl.DataFrame) -> tuple[list[Headers], Ints] | None:
    """Read headers but for the last, of which only the name is here: once for equal ones."""
    run, edges = _runs(frame, pl.col("shared"))
    known: dict[bytes, Headers | None] = {}
    heads = []
    for block in frame["shared"].gather(edges):
        if block not in known:
            known[block] = _headers(block)
        head = known[block]
        if head is None:
            return None
        heads.append(head)
    return heads, run


def _headers(block: bytes) -> Headers | None:
    """Read a block of headers that ends with the name of the last; none where it is no such."""
    # A last value of no bytes makes it whole.
    whole = b"\x00\x00\x00\x01\x01" + block + b"\x00"
    try:
        *head, last = _each(avro.long_bytes(len(whole)) + whole, 1)[0].headers
    except (CorruptRecordException, ValueError):
        return None
    return _named(head) if last == (EVENT_ID.encode(), b"") else None


def _each_head(frame: pl.DataFrame, count: int) -> tuple[list[Headers], Ints] | None:
    """Read headers that stand in columns, a name and a value each."""
    names = list(frame.select(f"n{i}" for i in range(count)).row(0)) if count else []
    same = [pl.col(f"n{i}") == name for i, name in enumerate(names)]
    if not frame.select(pl.all_horizontal(pl.col("headers") == count, *same).all()).item():
        return None
    if names and names[-1] == EVENT_ID.encode():
        names.pop()
    values = [f"v{i}" for i in range(len(names))]
    if not values:
        return [[]], np.zeros(len(frame), np.int64)
    run, edges = _runs(frame, pl.struct(values))
    heads = []
    for row in frame[edges].select(values).iter_rows():
        own = [v if isinstance(v, bytes) else None for v in row]
        heads.append(_named(list(zip(names, own, strict=True))))
    return heads, run


def _named(headers: Sequence[tuple[bytes, bytes | None]]) -> Headers:
    return [(n.decode(errors="replace"), v) for n, v in headers]


def _fits(frame: pl.DataFrame, size: int) -> bool:
    """Tell whether each record was read to exactly its end, and the last to the end of all."""
    inside: Ints = np.ones(len(frame), np.int64)  # the attributes
    for name in frame.columns[2:]:
        column = frame[name]
        if name == "shared":
            inside += len(column[0])
        elif column.dtype == pl.Binary:
            sizes = column.bin.size().to_numpy().astype(np.int64)
            inside += sizes + avro.long_widths(sizes)
        else:
            inside += avro.long_widths(column.to_numpy())
    said = frame["size"].to_numpy()
    return bool((inside == said).all()) and int((said + avro.long_widths(said)).sum()) == size
