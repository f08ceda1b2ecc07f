"""Debezium's envelope as documented: temporal types, decimals, with the schema and without."""

import base64
import io
import json
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from hub.connecting.envelope import Change, Reading, Unread, read_change
from hub.definitions.avro import WIRE_HEADER, Foreign

KEY = b'{"id": 1}'


def wrapped(value: Any, **kind: Any) -> bytes:
    """Put one column `c` into an envelope, with its type."""
    column = {"field": "c", **kind}
    schema = {"type": "struct", "fields": [{"field": "after", "fields": [column]}]}
    payload = {"op": "c", "after": {"c": value}, "source": {"lsn": 1, "ts_ms": 1000}}
    return json.dumps({"schema": schema, "payload": payload}).encode()


def bare(value: Any) -> bytes:
    return json.dumps({"op": "c", "after": {"c": value}, "source": {}}).encode()


def read(value: bytes, reading: Reading | None = None) -> Any:
    change = read_change(KEY, value, reading or Reading())
    assert change is not None
    assert change.row is not None
    return change.row["c"]


def unscaled(number: int) -> str:
    size = number.bit_length() // 8 + 1
    return base64.b64encode(number.to_bytes(size, "big", signed=True)).decode()


D = "io.debezium.time."
C = "org.apache.kafka.connect.data."
# 2023-05-17 08:00:00.123456, by hand: 19,494 days and 8 hours after 1970-01-01.
MICROS = (19_494 * 86_400 + 8 * 3600) * 1_000_000 + 123_456


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (f"{D}Date", 19_494, "2023-05-17"),
        (f"{D}Date", -1, "1969-12-31"),
        (f"{C}Date", 19_494, "2023-05-17"),
        (f"{D}Timestamp", MICROS // 1000, "2023-05-17T08:00:00.123000"),
        (f"{D}MicroTimestamp", MICROS, "2023-05-17T08:00:00.123456"),
        (f"{D}NanoTimestamp", MICROS * 1000 + 789, "2023-05-17T08:00:00.123456"),
        (f"{C}Timestamp", MICROS // 1000, "2023-05-17T08:00:00.123000"),
        (f"{D}ZonedTimestamp", "2023-05-17T01:00:00.123456Z", "2023-05-17T01:00:00.123456Z"),
        (f"{D}IsoDate", "2023-05-17Z", "2023-05-17"),
        (f"{D}IsoTimestamp", "2023-05-17T08:00:00.123456Z", "2023-05-17T08:00:00.123456"),
        (f"{D}MicroTimestamp", None, None),
    ],
)
def test_temporal_types(name: str, value: Any, said: Any) -> None:
    assert read(wrapped(value, type="int64", name=name)) == said


@pytest.mark.parametrize(
    ("number", "scale", "said"),
    [
        (150_000, 0, "150000"),
        (-1, 0, "-1"),
        (-129, 2, "-1.29"),
        (128, 2, "1.28"),
        (10**24 + 1, 3, "1000000000000000000000.001"),
        (15, -4, "150000"),
    ],
)
def test_decimals_as_bytes(number: int, scale: int, said: str) -> None:
    kind = {"type": "bytes", "name": f"{C}Decimal", "parameters": {"scale": str(scale)}}
    assert read(wrapped(unscaled(number), **kind)) == Decimal(said)
    variable = {"scale": scale, "value": unscaled(number)}
    name = "io.debezium.data.VariableScaleDecimal"
    assert read(wrapped(variable, type="struct", name=name)) == Decimal(said)


def test_decimals_as_text_and_double() -> None:
    assert read(wrapped("150000.50", type="string")) == "150000.50"
    assert read(wrapped(12.5, type="double")) == Decimal("12.5")
    assert read(bare(12.5)) == Decimal("12.5")


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (wrapped("!", type="bytes", name=f"{C}Decimal", parameters={"scale": "0"}), "decimal"),
        (wrapped("AQ==", type="bytes", name=f"{C}Decimal"), "decimal"),
        (wrapped(10**18, type="int64", name=f"{D}Timestamp"), "instant"),
        (bare("__debezium_unavailable_value"), "unavailable_value"),
    ],
)
def test_a_value_that_cannot_be_read_is_told_by_its_column(value: bytes, rule: str) -> None:
    found = read(value)
    assert isinstance(found, Unread)
    assert rule in found.verdict.rule
    assert found.verdict.field == "c"


@pytest.mark.parametrize(("times", "value"), [("millis", MICROS // 1000), ("micros", MICROS)])
def test_without_the_schema_a_setting_says_what_time_counts(times: Any, value: int) -> None:
    assert read(bare(value), Reading(times, None, lambda _: "instant")).startswith(
        "2023-05-17T08:00:00"
    )
    assert read(bare(value), Reading(times, None, lambda _: "integer")) == value
    for reading in (
        Reading("", None, lambda _: "instant"),
        Reading(times, None, lambda _: "period"),
    ):
        found = read(bare(value), reading)
        assert isinstance(found, Unread)
        assert found.verdict.rule == "unknown_time"


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        (KEY, b"{}", "not_an_envelope"),
        (KEY, b"null", "not_an_envelope"),
        (KEY, b"[" * 100_000, "not_an_envelope"),
        (KEY, b'{"op": "c", "after": null}', "not_an_envelope"),
        (KEY, b'{"op": "t", "after": null}', "truncated"),
        (None, bare(1), "no_key"),
    ],
)
def test_what_is_no_change_of_a_row_is_told(key: bytes | None, value: bytes, rule: str) -> None:
    change = read_change(key, value, Reading())
    assert change is not None
    assert change.verdict is not None
    assert change.verdict.rule == rule


def test_tombstones_and_messages_of_the_log_say_nothing() -> None:
    assert read_change(KEY, None, Reading()) is None
    assert read_change(KEY, b'{"op": "m"}', Reading()) is None


def test_a_change_that_comes_again_has_the_same_mark_whenever_it_is_read() -> None:
    def mark(**source: Any) -> str:
        value = {"op": "u", "after": {"c": 1}, "source": source, "ts_ms": source.get("ts_ms")}
        change = read_change(KEY, json.dumps(value).encode(), Reading())
        assert isinstance(change, Change)
        return change.mark

    assert mark(lsn=1, ts_ms=1, snapshot="false") == mark(lsn=1, ts_ms=2, snapshot="last")
    assert mark(lsn=1) != mark(lsn=2)


def test_a_wrapped_key_names_the_same_row_as_a_bare_one() -> None:
    keys = (KEY, b'{"schema": {}, "payload": {"id": 1}}')
    changes = [read_change(key, bare(1), Reading()) for key in keys]
    assert len({c.key for c in changes if c is not None}) == 1


def _of(kind: str, name: str, **more: Any) -> list[Any]:
    return ["null", {"type": kind, "connect.version": 1, "connect.name": name, **more}]


# As Confluent's AvroConverter writes Debezium's schemas: `after` names the record of `before`.
ENVELOPE: Any = {
    "type": "record",
    "name": "Envelope",
    "namespace": "thue.public.khoan_thu",
    "fields": [
        {
            "name": "before",
            "type": [
                "null",
                {
                    "type": "record",
                    "name": "Value",
                    "fields": [
                        {"name": "id", "type": "long"},
                        {"name": "luc", "type": _of("long", f"{D}MicroTimestamp")},
                        {"name": "ngay", "type": _of("int", f"{D}Date")},
                        {
                            "name": "so_tien",
                            "type": _of(
                                "bytes", f"{C}Decimal", scale=2, precision=15, logicalType="decimal"
                            ),
                        },
                    ],
                },
            ],
            "default": None,
        },
        {"name": "after", "type": ["null", "Value"], "default": None},
        {"name": "op", "type": "string"},
    ],
}
KEYS: Any = {"type": "record", "name": "Key", "fields": [{"name": "id", "type": "long"}]}


def framed(number: int, schema: Any, said: Any) -> bytes:
    out = io.BytesIO()
    out.write(WIRE_HEADER.pack(0, number))
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), said)
    return out.getvalue()


def test_avro_is_read_by_the_schemas_that_its_records_name() -> None:
    schemas = {1: Foreign(KEYS), 2: Foreign(ENVELOPE)}
    reading = Reading("", schemas.__getitem__)
    row = {
        "id": 1,
        "luc": MICROS,
        "ngay": 19_494,
        "so_tien": (-129).to_bytes(2, "big", signed=True),
    }
    value = framed(2, ENVELOPE, {"before": None, "after": row, "op": "c"})
    change = read_change(framed(1, KEYS, {"id": 1}), value, reading)
    assert change is not None
    assert change.verdict is None
    assert change.key == read_change(KEY, bare(1), Reading()).key  # type: ignore[union-attr]
    assert change.row == {
        "id": 1,
        "luc": "2023-05-17T08:00:00.123456",
        "ngay": "2023-05-17",
        "so_tien": Decimal("-1.29"),
    }
    for wrong in (value[:-1], value[:3], b"\0"):
        said = read_change(framed(1, KEYS, {"id": 1}), wrong, reading)
        assert said is not None
        assert said.verdict is not None
        assert said.verdict.rule == "not_an_envelope"
