"""Avro: schemas rendered from contracts, their safety, and batches encoded and decoded in columns.

Records are in the Confluent wire format: a zero byte, the schema id (4 bytes, big endian), then
the datum (Apache Avro 1.12, binary encoding). Closed sets are strings here, not Avro enums: a new
value must not break old readers, and bulk readers know strings.
"""

import hashlib
import io
import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import fastavro
import numpy as np
import numpy.typing as npt
import polars as pl

from hub.definitions.contract import Contract, WireField

# Polars imports NumPy when it first meets an array, and two threads that are the first together
# break it: a worker ended so. Here it is done by whoever imports this, alone.
pl.Series(np.empty(0))

WIRE_HEADER = struct.Struct(">bI")
DEPTH_MAX = 16
FEW = 64
# What the two decoders raise for bytes that are no datum; the first panics where lengths lie.
UNDECODABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
UNDECODABLE_ONE = (EOFError, ValueError, IndexError, OverflowError, MemoryError)
Schema = dict[str, Any]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_TYPES: dict[str, Any] = {
    "text": "string",
    "integer": "long",
    "thousandths": "long",
    "boolean": "boolean",
    "instant": {"type": "long", "logicalType": "timestamp-micros"},
}


class UnsafeSchemaError(ValueError):
    """A schema that could exhaust a reader: recursive, too deep, or with items of no width."""


def render_schema(contract: Contract) -> Schema:
    """Write a contract's Avro schema: its fields, their texts and their closed sets."""
    spec = contract.spec
    return {
        "type": "record",
        "name": contract.model.__name__,
        "namespace": "vn.lgsp.v1",
        "doc": f"{spec.title.vi} | {spec.title.en}",
        "fields": [_render_field(f) for f in contract.fields],
    }


def _render_field(f: WireField) -> Schema:
    kind = _TYPES[f.kind]
    rendered: Schema = {
        "name": f.name,
        "doc": f"{f.doc.vi} | {f.doc.en}",
        "type": ["null", kind] if f.optional else kind,
    }
    if f.optional:
        rendered["default"] = None
    if "enum" in f.limits:
        rendered["values"] = f.limits["enum"]
    if f.kind == "thousandths":
        rendered["scale"] = 3
    return rendered


def check_safe(schema: Any) -> None:
    """Refuse schemas that a few bytes could turn into unbounded work.

    A recursive schema crashes the decoder by depth; an array of items without width lets five
    bytes claim 2^60 items. Raises `UnsafeSchemaError`.
    """
    _min_width(schema, _Scope("", (), {}), 0)


@dataclass(frozen=True)
class _Scope:
    """Where in a schema one is: the namespace, the records around, the widths of known names."""

    namespace: str
    inside: tuple[str, ...]
    known: dict[str, int]

    def full(self, name: str, namespace: str | None = None) -> str:
        """Give the full name, as Avro 1.12 says: dotted names are full, others inherit."""
        space = self.namespace if namespace is None else namespace
        return name if "." in name or not space else f"{space}.{name}"


_PRIMITIVE_WIDTHS = {
    "null": 0, "boolean": 1, "int": 1, "long": 1, "float": 4, "double": 8, "bytes": 1, "string": 1,
}  # fmt: skip


def _min_width(schema: Any, scope: _Scope, depth: int) -> int:
    """Give the fewest bytes that a value takes."""
    if depth > DEPTH_MAX:
        raise UnsafeSchemaError(f"nested deeper than {DEPTH_MAX}")
    if isinstance(schema, list):
        return 1 + min((_min_width(s, scope, depth + 1) for s in schema), default=0)
    if isinstance(schema, str):
        if schema in _PRIMITIVE_WIDTHS:
            return _PRIMITIVE_WIDTHS[schema]
        name = scope.full(schema)
        if name in scope.inside:
            raise UnsafeSchemaError(f"recursive: {name} holds itself")
        if name not in scope.known:
            raise UnsafeSchemaError(f"unknown type {name}")
        return scope.known[name]
    kind = schema["type"]
    if kind == "array":
        if _min_width(schema["items"], scope, depth + 1) == 0:
            raise UnsafeSchemaError("an array of items without width")
        return 1
    if kind == "map":
        _min_width(schema["values"], scope, depth + 1)
        return 1
    if kind not in ("record", "error", "fixed", "enum"):
        return _min_width(kind, scope, depth + 1)
    name = scope.full(schema["name"], schema.get("namespace"))
    if kind == "fixed":
        width = int(schema["size"])
    elif kind == "enum":
        width = 1
    else:
        inner = _Scope(name.rpartition(".")[0], (*scope.inside, name), scope.known)
        width = sum(_min_width(f["type"], inner, depth + 1) for f in schema["fields"])
    scope.known[name] = width
    return width


def _unmeant(schema: Any) -> Any:
    """Strip a schema of logical types, so that numbers are read as they stand."""
    if isinstance(schema, list):
        return [_unmeant(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    return {k: _unmeant(v) for k, v in schema.items() if k != "logicalType"}


class Foreign:
    """A schema of somebody else's, such as Debezium's: its datums, and what its fields are.

    `schema` is as a registry gives it. Raises `UnsafeSchemaError`.
    """

    def __init__(self, schema: Any) -> None:
        check_safe(schema)
        self.schema = schema
        self._parsed = fastavro.parse_schema(_unmeant(schema))
        self._named: dict[str, Any] = {}
        self._name(schema, "")

    def read(self, datum: bytes) -> Any:
        """Read a datum: numbers as they stand, whatever they mean. Raises `ValueError`."""
        try:
            return fastavro.schemaless_reader(io.BytesIO(datum), self._parsed, None)
        except UNDECODABLE_ONE as error:
            raise ValueError(f"no datum of its schema: {error!r}") from None

    def fields(self, schema: Any) -> dict[str, Any]:
        """Give the types of a record's fields, each without null; none of what is no record."""
        record = self._one(schema)
        listed = record.get("fields", ()) if isinstance(record, dict) else ()
        return {str(f["name"]): self._one(f["type"]) for f in listed}

    def _one(self, schema: Any) -> Any:
        if isinstance(schema, list):
            schema = next((s for s in schema if s != "null"), "null")
        return self._named.get(schema, schema) if isinstance(schema, str) else schema

    def _name(self, schema: Any, space: str) -> None:
        """Note records by their names, full and short: a field may say either."""
        if isinstance(schema, list):
            for branch in schema:
                self._name(branch, space)
        elif isinstance(schema, dict) and schema.get("type") == "record":
            name, own = str(schema["name"]), str(schema.get("namespace", space))
            full = name if "." in name or not own else f"{own}.{name}"
            self._named |= {name: schema, full: schema}
            for each in schema["fields"]:
                self._name(each["type"], full.rpartition(".")[0])


def plain(schema: Any) -> Any:
    """Strip a schema to what decides the bytes: no texts, no logical types."""
    if isinstance(schema, list):
        return [plain(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    kind = schema["type"]
    if kind != "record":
        return kind if isinstance(kind, str) else plain(kind)
    fields = [{"name": f["name"], "type": plain(f["type"])} for f in schema["fields"]]
    return {"type": "record", "name": schema["name"], "fields": fields}


def parsed(schema: Schema) -> Schema:
    """Prepare a schema for `read_one` and `encode_columns`, which would else do so every time."""
    return cast("Schema", fastavro.parse_schema(schema))


def _zigzag_bytes(n: int) -> bytes:
    out = bytearray()
    n = (n << 1) ^ (n >> 63)
    while n > 0x7F:
        out.append((n & 0x7F) | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def string_bytes(text: str) -> bytes:
    """Encode one Avro string."""
    raw = text.encode()
    return _zigzag_bytes(len(raw)) + raw


def long_bytes(value: int) -> bytes:
    """Encode one Avro long."""
    return _zigzag_bytes(value)


def longs_bytes(values: Ints) -> tuple[bytes, Ints]:
    """Encode Avro longs one after another; give the bytes and where each ends."""
    flat, lengths = _varints(values, np.ones(len(values), np.bool_))
    return flat.tobytes(), np.cumsum(lengths)


_SYNC = b"lgsp-hub-in-mem!"
# Twice as fast as the usual 6, for a few percent more bytes.
_DEFLATE_LEVEL = 4


def decode_columns(schema: Schema, payload: bytes, count: int) -> pl.DataFrame:
    """Decode `count` datums written one after another into columns.

    `schema` is the plain form of a flat record. Raises what is in `UNDECODABLE` for bytes that are
    not such datums.
    """
    text = json.dumps({k: schema[k] for k in ("type", "name", "fields")}).encode()
    head = [b"Obj\x01", _zigzag_bytes(2), string_bytes("avro.schema"), _zigzag_bytes(len(text))]
    head += [text, string_bytes("avro.codec"), string_bytes("null"), b"\x00", _SYNC]
    if count == 0:
        return pl.read_avro(io.BytesIO(b"".join(head)))
    block = [_zigzag_bytes(count), _zigzag_bytes(len(payload)), payload, _SYNC]
    return pl.read_avro(io.BytesIO(b"".join(head + block)))


def write_container(
    schema: Schema, blocks: Iterable[tuple[int, bytes]], metadata: Mapping[str, str]
) -> bytes:
    """Write an object container file with the codec `deflate`, which every Avro tool reads.

    A block is how many datums it holds, and they, one after another. The same is always written as
    the same bytes.
    """
    said = {"avro.schema": json.dumps(schema), "avro.codec": "deflate", **metadata}
    head = [b"Obj\x01", _zigzag_bytes(len(said))]
    for name, value in said.items():
        head += [string_bytes(name), string_bytes(value)]
    head.append(b"\x00")
    sync = hashlib.blake2b(b"".join(head), digest_size=16).digest()
    out = [*head, sync]
    for count, payload in blocks:
        deflate = zlib.compressobj(_DEFLATE_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = deflate.compress(payload) + deflate.flush()
        out += [_zigzag_bytes(count), _zigzag_bytes(len(packed)), packed, sync]
    return b"".join(out)


def read_container(raw: bytes) -> pl.DataFrame:
    """Read an object container file of flat records, of which it holds at least one.

    Raises what is in `UNDECODABLE` for bytes that are no such file.
    """
    return pl.read_avro(io.BytesIO(raw))


def encode_columns(schema: Schema, frame: pl.DataFrame) -> tuple[bytes, Ints]:
    """Encode rows as Avro datums one after another; give the bytes and where each datum ends.

    `schema` is the plain form of a flat record whose fields are the frame's columns, in order.
    """
    if len(frame) <= FEW:
        return _encode_few(schema, frame)
    pieces: list[tuple[Bytes, Ints]] = []
    for f in schema["fields"]:
        pieces += _encode_field(f["type"], frame[f["name"]])
    widths = np.zeros(len(frame), np.int64)
    starts = []
    for _, lengths in pieces:
        starts.append(widths.copy())
        widths += lengths
    ends = np.cumsum(widths)
    row_starts = ends - widths
    out = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
    for (flat, lengths), start in zip(pieces, starts, strict=True):
        where = row_starts + start
        if len(flat) == len(where) and (lengths == 1).all():
            out[where] = flat
            continue
        shift = where - (np.cumsum(lengths) - lengths)
        out[np.repeat(shift, lengths) + np.arange(len(flat))] = flat
    return out.tobytes(), ends


def long_widths(values: Ints) -> Ints:
    """Count the bytes of Avro longs in their shortest form."""
    zigzag = ((values << 1) ^ (values >> 63)).view(np.uint64)
    widths = np.ones(len(values), np.int64)
    greatest = int(zigzag.max()) if len(values) else 0
    for bits in range(7, max(greatest.bit_length(), 1), 7):
        widths += zigzag >= np.uint64(1 << bits)
    return widths


def _encode_few(schema: Schema, frame: pl.DataFrame) -> tuple[bytes, Ints]:
    """Do the same row by row, where setting up columns would cost more than it saves."""
    out = io.BytesIO()
    ends = []
    for row in frame.iter_rows(named=True):
        fastavro.schemaless_writer(out, schema, row)
        ends.append(out.tell())
    return out.getvalue(), np.array(ends, np.int64)


def _encode_field(kind: Any, column: pl.Series) -> list[tuple[Bytes, Ints]]:
    ones = np.ones(len(column), np.int64)
    if not isinstance(kind, list):
        return _encode_value(kind, column, ones)
    present = column.is_not_null().to_numpy().astype(np.int64)
    union = ((present * 2).astype(np.uint8), ones)
    if not present.any():
        return [union]
    return [union, *_encode_value(kind[1], column, present)]


def _encode_value(kind: str, column: pl.Series, present: Ints) -> list[tuple[Bytes, Ints]]:
    there = present.astype(bool)
    if kind == "boolean":
        values = column.fill_null(value=False).to_numpy().astype(np.uint8)
        return [(values[there], present)]
    if kind == "long":
        return [_varints(column.fill_null(0).to_numpy(), there)]
    if kind == "bytes":
        raw = column.fill_null(b"")
        sizes = raw.bin.size().to_numpy().astype(np.int64)
        return [
            _varints(sizes, there),
            (np.frombuffer(b"".join(raw.to_list()), np.uint8), sizes),
        ]
    text = column.fill_null("")
    lengths = text.str.len_bytes().to_numpy().astype(np.int64)
    joined = text.str.join("").item() if len(text) else ""
    return [_varints(lengths, there), (np.frombuffer(joined.encode(), np.uint8), lengths)]


def _varints(values: npt.NDArray[Any], there: npt.NDArray[np.bool_]) -> tuple[Bytes, Ints]:
    """Encode longs as zigzag varints; rows that are not `there` take no bytes."""
    signed = values.astype(np.int64)
    left = ((signed << 1) ^ (signed >> 63)).view(np.uint64)
    lengths = np.ones(len(left), np.int64)
    columns = []
    while True:
        more = left > 0x7F
        byte = (left & np.uint64(0x7F)).astype(np.uint8)
        columns.append(np.where(more, byte | 0x80, byte))
        if not more.any():
            break
        left = left >> np.uint64(7)
        lengths += left > 0
    # `left > 0` after the shift counts a further byte exactly where `more` was set.
    lengths = np.where(there, lengths, 0)
    if len(columns) == 1:
        return columns[0][there], lengths
    matrix = np.stack(columns, axis=1)
    taken = np.arange(len(columns)) < lengths[:, None]
    return matrix[taken], lengths


def wire(schema_id: int, datum: bytes) -> bytes:
    """Put the Confluent header before a datum."""
    return WIRE_HEADER.pack(0, schema_id) + datum


def read_one(schema: Schema, datum: bytes) -> dict[str, Any]:
    """Decode one datum with fastavro: the path that shares nothing with the columns."""
    source = io.BytesIO(datum)
    found = fastavro.schemaless_reader(source, schema, None)
    if source.read(1):
        raise ValueError("bytes are left after the datum")
    return dict(found)  # type: ignore[arg-type]


def check_strict(schema: Schema, datum: bytes) -> None:
    """Refuse a flat datum with a union branch that is none.

    Readers differ on it: fastavro counts branches from the end, polars takes any as present.
    Raises `ValueError` or `IndexError`.
    """
    at = 0
    for f in schema["fields"]:
        kind = f["type"]
        if isinstance(kind, list):
            branch, at = read_long(datum, at)
            if branch not in (0, 1):
                raise ValueError(f"{f['name']}: a union has no branch {branch}")
            if branch == 0:
                continue
            kind = kind[1]
        if kind == "boolean":
            at += 1
            continue
        value, at = read_long(datum, at)
        at += value if kind == "string" else 0


def read_long(raw: bytes, at: int) -> tuple[int, int]:
    """Read one Avro long, in whatever length; give it and where it ends.

    Raises `IndexError`, and `ValueError` for more than 64 bits, of which decoders make each their
    own.
    """
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    if value >= 1 << 64:
        raise ValueError("a long of more than 64 bits")
    return (value >> 1) ^ -(value & 1), at


def write_one(schema: Schema, values: dict[str, Any]) -> bytes:
    """Encode one datum with fastavro, in its shortest form."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, values)
    return out.getvalue()


def compatible(reader: Schema, writer: Schema) -> str | None:
    """Say why `reader` cannot read what `writer` wrote; None where it can."""
    from avro.compatibility import (  # noqa: PLC0415 (slow to import, needed to render only)
        ReaderWriterCompatibilityChecker,
        SchemaCompatibilityType,
    )
    from avro.schema import parse  # noqa: PLC0415

    result = ReaderWriterCompatibilityChecker().get_compatibility(
        reader=parse(json.dumps(reader)), writer=parse(json.dumps(writer))
    )
    if result.compatibility is SchemaCompatibilityType.compatible:
        return None
    return "; ".join(sorted(result.messages))
