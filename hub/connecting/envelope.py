"""Envelope: what a record of Debezium says of a row: snapshot, created, updated, deleted.

Read as documented (Debezium 3, "Data change events"): JSON with the `schema` beside the `payload`
or without, or Avro in the Confluent wire format; temporal types `io.debezium.time.*` and Connect's
own; decimals as bytes with their scale, as text or as a double. `timestamp without time zone` is
local time (Asia/Ho_Chi_Minh): Debezium writes it as if it were UTC. Without the schema nothing says
what a number of time counts; that is told by a setting, or the row is refused.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from hub.definitions.admission import Verdict, unreadable
from hub.definitions.avro import WIRE_HEADER, Foreign

Times = Literal["", "millis", "micros", "nanos"]
FRAMED = b"\0"  # what a datum in the Confluent wire format begins with
UNAVAILABLE = "__debezium_unavailable_value"
ROWS, GONE, PASSED = ("c", "r", "u"), "d", "m"
_PER_SECOND = {"millis": 1_000, "micros": 1_000_000, "nanos": 1_000_000_000}
_EPOCH = datetime(1970, 1, 1)
_DEBEZIUM, _CONNECT = "io.debezium.time.", "org.apache.kafka.connect.data."
_SCALE_MAX = 100


class EnvelopeError(ValueError):
    """A record, or a value in it, cannot be read: rule, field, value, why in both languages."""

    def __init__(self, rule: str, name: str, value: object, vi: str, en: str) -> None:
        super().__init__(en)
        self.verdict = unreadable(rule, name, str(value)[:200], vi, en)


@dataclass(frozen=True)
class Change:
    """One change of one row.

    `key` names the row; `op` is Debezium's; `row` are its columns after the change, each as its
    type says, None where it is gone; `mark` names the change, so that it is known when it comes
    again; `at` is when the source committed it (microseconds since 1970, UTC). `verdict` says why
    it cannot be read.
    """

    key: str
    op: str
    row: Mapping[str, Any] | None = None
    mark: str = ""
    at: int = 0
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Reading:
    """How values are read; `times` says what a number of time counts where no schema does.

    `schemas` gives Avro's by their ids, where there is a registry of them.
    `kind` tells whether a column fills an `instant` or a `period`; something else is neither.
    """

    times: Times = ""
    schemas: Callable[[int], Foreign] | None = None
    kind: Callable[[str], str] = field(default=lambda _: "")


def read_change(key: bytes | None, value: bytes | None, reading: Reading) -> Change | None:
    """Read a record; None for what says nothing of a row: a tombstone, a message of the log."""
    if value is None or value == b"":
        return None
    try:
        if value[:1] == FRAMED and reading.schemas is not None:
            named, payload, types = _framed(key, value, reading.schemas)
        else:
            payload, schema = _parts(value)
            named, types = "", _fields(schema, "after")
        op = payload.get("op")
        if op == PASSED:
            return None
        if op not in (*ROWS, GONE, "t"):
            vi = "không phải bản ghi của Debezium (thiếu op); hãy tắt ExtractNewRecordState"
            en = "not Debezium's envelope (no op); take ExtractNewRecordState out"
            raise EnvelopeError("not_an_envelope", "op", op or "", vi, en)
        if op == "t":
            vi = "bảng nguồn bị xóa sạch (TRUNCATE); hub không tự rút lại mọi dòng"
            en = "the table was truncated; the hub does not withdraw all its rows by itself"
            raise EnvelopeError("truncated", "op", "t", vi, en)
        named = named or _key(key)
        source = payload.get("source")
        source = source if isinstance(source, dict) else {}
        row = _row(payload.get("after"), types, reading) if op in ROWS else None
        return Change(named, op, row, _mark(named, op, source, payload), _at(source))
    except EnvelopeError as error:
        return Change("", "", verdict=error.verdict)


def _parts(value: bytes) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Take payload and schema apart; without the wrapper there is no schema."""
    try:
        parsed = json.loads(value, parse_float=Decimal)
    except (ValueError, RecursionError):
        parsed = None
    schema: Any = {}
    if isinstance(parsed, dict) and set(parsed) == {"schema", "payload"}:
        parsed, schema = parsed["payload"], parsed["schema"]
    if not isinstance(parsed, dict):
        shown = value[:200].decode("utf-8", "replace")
        vi, en = "không phải JSON của Debezium", "this is no JSON of Debezium"
        raise EnvelopeError("not_an_envelope", "", shown, vi, en)
    return parsed, schema if isinstance(schema, dict) else {}


def _framed(
    key: bytes | None, value: bytes, schemas: Callable[[int], Foreign]
) -> tuple[str, dict[str, Any], dict[str, Mapping[str, Any]]]:
    """Read Avro in the Confluent wire format: the row's name, the payload, the columns' types."""
    try:
        payload, schema = _datum(value, schemas)
        said = _datum(key, schemas)[0] if key else None
    except ValueError as error:
        vi, en = "không phải Avro của Debezium", "this is no Avro of Debezium"
        raise EnvelopeError("not_an_envelope", "", error, vi, en) from None
    if not isinstance(payload, dict):
        vi, en = "không phải Avro của Debezium", "this is no Avro of Debezium"
        raise EnvelopeError("not_an_envelope", "", "", vi, en)
    named = _key(json.dumps(said, default=str).encode() if said is not None else None)
    types: dict[str, Mapping[str, Any]] = {}
    for name, kind in schema.fields(schema.fields(schema.schema).get("after")).items():
        of = kind if isinstance(kind, dict) else {}
        parameters = {"scale": of.get("scale"), **(of.get("connect.parameters") or {})}
        types[name] = {"name": of.get("connect.name"), "parameters": parameters}
    return named, payload, types


def _datum(framed: bytes, schemas: Callable[[int], Foreign]) -> tuple[Any, Foreign]:
    if len(framed) < WIRE_HEADER.size or framed[:1] != FRAMED:
        raise ValueError("no schema id stands before it")
    schema = schemas(WIRE_HEADER.unpack_from(framed)[1])
    return schema.read(framed[WIRE_HEADER.size :]), schema


def _key(key: bytes | None) -> str:
    if not key:
        vi = "bản ghi không có khóa; bảng nguồn cần khóa chính, hoặc message.key.columns"
        en = "the record has no key; the table needs a primary key, or message.key.columns"
        raise EnvelopeError("no_key", "", "", vi, en)
    try:
        said = json.loads(key)
    except (ValueError, RecursionError):
        return key.decode("utf-8", "replace")
    if isinstance(said, dict) and set(said) == {"schema", "payload"}:
        said = said["payload"]
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def _fields(schema: Mapping[str, Any], side: str) -> dict[str, Mapping[str, Any]]:
    """Give the types of a side's columns by name; none without a schema."""
    sides = [f for f in schema.get("fields") or () if isinstance(f, dict)]
    found = next((s for s in sides if s.get("field") == side), {})
    columns = [f for f in found.get("fields") or () if isinstance(f, dict)]
    return {str(f.get("field")): f for f in columns}


def _row(after: Any, types: Mapping[str, Mapping[str, Any]], reading: Reading) -> dict[str, Any]:
    if not isinstance(after, dict):
        vi, en = "thay đổi không có phần after", "the change has no after"
        raise EnvelopeError("not_an_envelope", "after", after, vi, en)
    return {n: _value(n, v, types.get(n), reading) for n, v in after.items()}


@dataclass(frozen=True)
class Unread:
    """A value that cannot be read: it matters only where its column does."""

    verdict: Verdict


def _value(name: str, value: Any, kind: Mapping[str, Any] | None, reading: Reading) -> Any:
    """Give a column's value as its type says."""
    try:
        if value == UNAVAILABLE:
            vi = "nguồn không gửi giá trị này; hãy đặt REPLICA IDENTITY FULL cho bảng"
            en = "the source does not send this value; set REPLICA IDENTITY FULL on the table"
            raise EnvelopeError("unavailable_value", name, "", vi, en)
        if value is None:
            return None
        if kind is None:
            return _untyped(name, value, reading)
        return _typed(name, value, kind)
    except EnvelopeError as error:
        return Unread(error.verdict)


def _untyped(name: str, value: Any, reading: Reading) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    kind = reading.kind(name) if is_number else ""
    if kind in ("instant", "period"):
        if not reading.times or kind == "period":
            vi = "số thời gian mà không có schema; hãy bật schemas.enable, hoặc đặt …_TIMES"
            en = "a number of time without its schema; set schemas.enable, or …_TIMES"
            raise EnvelopeError("unknown_time", name, value, vi, en)
        return _instant(name, value, _PER_SECOND[reading.times])
    return value


def _typed(name: str, value: Any, kind: Mapping[str, Any]) -> Any:
    logical = str(kind.get("name") or "")
    if logical == f"{_CONNECT}Decimal":
        return _decimal(name, value, (kind.get("parameters") or {}).get("scale"))
    if logical == "io.debezium.data.VariableScaleDecimal" and isinstance(value, dict):
        return _decimal(name, value.get("value"), value.get("scale"))
    if not logical.startswith((_DEBEZIUM, _CONNECT)):
        return value
    short = logical.removeprefix(_DEBEZIUM).removeprefix(_CONNECT)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if short in ("IsoDate", "IsoTimestamp") and isinstance(value, str):
        return value.removesuffix("Z")  # written as if it were UTC, likewise
    if not is_number:
        return value  # ZonedTimestamp is written out
    if short == "Date":
        return _instant(name, value * 86_400, 1)[:10]
    counts = {"Timestamp": "millis", "MicroTimestamp": "micros", "NanoTimestamp": "nanos"}
    return _instant(name, value, _PER_SECOND[counts[short]]) if short in counts else value


def _instant(name: str, value: int, per_second: int) -> str:
    """Give local time, without an offset, of what counts from 1970."""
    try:
        return (_EPOCH + timedelta(microseconds=value * 1_000_000 // per_second)).isoformat()
    except OverflowError:
        vi, en = "không có thời điểm này", "there is no such instant"
        raise EnvelopeError("malformed_instant", name, value, vi, en) from None


def _decimal(name: str, value: Any, scale: Any) -> Decimal:
    """Read a decimal of its unscaled value: bytes in base64, big endian, two's complement."""
    try:
        if not isinstance(value, str | bytes) or abs(places := int(scale)) > _SCALE_MAX:
            raise ValueError
        raw = value if isinstance(value, bytes) else base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        vi, en = "số thập phân không đọc được", "the decimal cannot be read"
        raise EnvelopeError("malformed_decimal", name, value, vi, en) from None
    return Decimal(int.from_bytes(raw, "big", signed=True)).scaleb(-places)


def _mark(key: str, op: str, source: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """Name a change by its place in the source's log and what it says.

    When it was read says nothing: it comes again under another time.
    """
    told = {k: v for k, v in source.items() if not k.startswith("ts_") and k != "snapshot"}
    said = json.dumps([key, op, told, payload.get("after")], sort_keys=True, default=str)
    return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


def _at(source: Mapping[str, Any]) -> int:
    millis = source.get("ts_ms")
    return millis * 1000 if isinstance(millis, int) else 0
