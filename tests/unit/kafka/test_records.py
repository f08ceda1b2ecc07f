"""Record batches are read as aiokafka's own reader reads them, whatever is in them."""

import random
import struct
from typing import Any

import numpy as np
import pytest
from aiokafka.errors import CorruptRecordException  # type: ignore[import-untyped]
from aiokafka.record.default_records import (  # type: ignore[import-untyped]
    DefaultRecordBatchBuilder,
)
from aiokafka.record.memory_records import MemoryRecords  # type: ignore[import-untyped]
from crc32c import crc32c

from hub.kafka import records
from hub.kafka.records import WireBatch, WireBatches
from tests.parts.depth import rounds

Row = tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]


def written(rows: list[Row], compression: int = 0, base: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(2, compression, False, -1, -1, -1, 1 << 30)
    for offset, (timestamp, key, value, headers) in enumerate(rows):
        assert builder.append(offset, timestamp, key, value, headers) is not None
    raw = bytes(builder.build())
    return struct.pack(">q", base) + raw[8:]


def theirs(raw: bytes) -> list[Any]:
    """What aiokafka makes of it."""
    found, source = [], MemoryRecords(raw)
    while source.has_next():
        found += [(r.offset, r.timestamp, r.value, r.headers) for r in source.next_batch()]
    return found


def batches(raw: bytes) -> list[WireBatch]:
    source = WireBatches(raw)
    found = []
    while source.has_next():
        found.append(source.next_batch())
    return found


def ours(raw: bytes) -> list[Any]:
    read = records.read(batches(raw))
    heads = [list(read.heads[i]) for i in read.head.tolist()]
    columns = (read.offsets.tolist(), read.timestamps.tolist(), read.values, heads)
    return list(zip(*columns, strict=True))


def without_ids(rows: list[Any]) -> list[Any]:
    return [(*r[:3], [h for h in r[3] if h[0] != "ce_id"]) for r in rows]


def rows_of(r: random.Random, count: int, is_uniform: bool) -> list[Row]:
    shape = [r.random() < 0.7, r.random() < 0.8, r.randrange(4)]
    names = ["a", "b", "ce_receipt"]
    rows: list[Row] = []
    for _ in range(count):
        if not is_uniform and r.random() < 0.1:
            shape = [r.random() < 0.7, r.random() < 0.8, r.randrange(4)]
        headers: list[tuple[str, bytes | None]] = [
            (names[i], r.choice([b"", b"x", b"y" * 70])) for i in range(shape[2])
        ]
        if shape[2]:
            headers.append(("ce_id", r.randbytes(r.choice([1, 8, 200]))))
        at = 1_700_000_000_000 + r.choice([0, 0, 1, -5, 10**9])
        key = r.randbytes(r.choice([0, 1, 63, 64, 9000])) if shape[0] else None
        value = r.randbytes(r.choice([0, 1, 40, 200, 20_000])) if shape[1] else None
        rows.append((at, key, value, headers))
    return rows


@pytest.mark.parametrize("compression", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("is_uniform", [True, False])
def test_batches_are_read_as_the_client_reads_them(compression: int, is_uniform: bool) -> None:
    r = random.Random(compression)
    for _ in range(6):
        first = written(rows_of(r, r.choice([1, 63, 64, 300]), is_uniform), compression, 1000)
        second = written(rows_of(r, 70, is_uniform), compression, 5000)
        raw = first + second + first[:40]
        assert without_ids(ours(raw)) == without_ids(theirs(raw))


def test_uniform_batches_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    row: Row = (5, b"k", b"v" * 100, [("ce_receipt", b"r"), ("ce_id", b"1")])
    raw = written([row] * 100, 3)
    monkeypatch.setattr(records, "_one_by_one", None)
    assert len(ours(raw)) == 100


def test_records_of_several_senders_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Row] = [
        (5, b"k", b"v", [("ce_source", b"s" * (1 + i // 50)), ("ce_id", b"1" * i)])
        for i in range(100)
    ]
    raw = written(rows, 3)
    monkeypatch.setattr(records, "_one_by_one", None)
    assert without_ids(ours(raw)) == without_ids(theirs(raw))


def test_headers_of_one_acknowledgement_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    head: list[tuple[str, bytes | None]] = [("ce_source", b"s"), ("ce_receipt", b"r")]
    rows: list[Row] = [(5, b"k", b"v", [*head, ("ce_id", b"1" * i)]) for i in range(100)]
    raw = written(rows, 3)
    monkeypatch.setattr(records, "_each_head", None)
    assert without_ids(ours(raw)) == without_ids(theirs(raw))


def test_records_that_share_headers_share_one_head() -> None:
    rows: list[Row] = [
        (5, b"k", b"v", [("ce_receipt", b"a" if i < 60 else b"b"), ("ce_id", bytes([i]))])
        for i in range(100)
    ]
    found = records.read(batches(written(rows)))
    assert found.heads == [[("ce_receipt", b"a")], [("ce_receipt", b"b")]]
    assert np.bincount(found.head).tolist() == [60, 40]


def test_header_names_that_are_no_text_are_read() -> None:
    raw = bytearray(written([(5, b"k", b"v", [("name", b"x")])] * 2))
    at = raw.index(b"name")
    raw[at] = 0xFF
    raw[17:21] = struct.pack(">I", crc32c(bytes(raw[21:])))
    assert [name for *_, ((name, _),) in ours(bytes(raw))] == ["\ufffdame", "name"]


def test_every_flipped_bit_is_noticed_or_kept_in_its_place() -> None:
    """A batch whose bytes are not what was sent stops the worker, as nothing is skipped."""
    raw = written([(5, b"k", b"v" * 20, [])] * 3)
    r = random.Random(1)
    for _ in range(200):
        at = r.randrange(21, len(raw))
        bad = bytearray(raw)
        bad[at] ^= 1 << r.randrange(8)
        with pytest.raises(CorruptRecordException):
            WireBatches(bytes(bad)).next_batch()


@pytest.mark.parametrize("names", [["h"], ["ce_receipt", "ce_id"]])
def test_a_batch_that_lies_about_its_records_is_refused(names: list[str]) -> None:
    """With a right CRC: nothing of it is taken for something else."""
    raw = written([(5, b"k", b"v" * 30, [(n, b"x") for n in names])] * 100)
    r = random.Random(2)
    same = refused = 0
    for _ in range(rounds(500, quick=150)):
        bad = bytearray(raw)
        bad[r.randrange(61, len(raw))] ^= 1 << r.randrange(8)
        bad[17:21] = struct.pack(">I", crc32c(bytes(bad[21:])))
        try:
            read = records.read(batches(bytes(bad)))
        except CorruptRecordException:
            refused += 1
            continue
        each = records._one_by_one(WireBatches(bytes(bad)).next_batch().payload(), 100)
        assert list(read.values) == list(each.values)
        heads = [
            [[h for h in r.heads[i] if h[0] != "ce_id"] for i in r.head.tolist()]
            for r in (read, each)
        ]
        assert heads[0] == heads[1]
        same += 1
    assert same > rounds(50, quick=10)
    assert refused > rounds(50, quick=10)


@pytest.mark.parametrize("count", [1, 100])
def test_a_header_whose_name_is_no_text_stops_nobody(count: int) -> None:
    rows: list[Row] = [(0, b"k", b"v", [("\x7f~x", b"1"), ("ce_id", b"i")])] * count
    raw = bytearray(written(rows).replace(b"\x7f~x", b"\xff~x"))
    raw[17:21] = struct.pack(">I", crc32c(bytes(raw[21:])))
    found = ours(bytes(raw))
    assert len(found) == count
    assert {r[3][0] for r in found} == {("\ufffd~x", b"1")}
