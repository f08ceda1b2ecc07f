"""Columns are encoded, decoded and judged as single records are."""

import io
import json
import string
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import fastavro
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.apply.fold import content_digest
from hub.clock import EPOCH
from hub.definitions import avro
from hub.definitions import revisions as published
from hub.definitions.admission import admit
from hub.definitions.avro import Schema
from hub.definitions.contract import Contract, WireField
from tests.parts.cases import ALL, CONTRACTS, cases, every, every_one
from tests.parts.depth import rounds

INT64 = (-(2**63), 2**63 - 1)
quick = settings(
    derandomize=True,
    max_examples=rounds(40, quick=15),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# --- bytes -------------------------------------------------------------------------------------

_TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    st.integers(62, 66).map("x".__mul__),
    st.integers(8_190, 8_193).map("y".__mul__),
    st.sampled_from(["", "\N{WATER WAVE}" * 16, "đ" * 32, "e\u0301"]),
)
_NUMBERS = st.one_of(
    st.integers(*INT64),
    st.integers(-130, 130),
    st.sampled_from([*INT64, -64, 63, 64, -65, 8_191, 8_192, 2**62, -(2**62), 2**55]),
)
_KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": _TEXTS,
    "integer": _NUMBERS,
    "thousandths": _NUMBERS,
    "instant": _NUMBERS,
    "boolean": st.booleans(),
}


def _column(f: WireField) -> st.SearchStrategy[Any]:
    return st.none() | _KINDS[f.kind] if f.optional else _KINDS[f.kind]


@st.composite
def frames(draw: st.DrawFn, contract: Contract) -> pl.DataFrame:
    """Columns of any wire values: a few distinct rows, repeated to either side of `avro.FEW`."""
    row = st.tuples(*(_column(f) for f in contract.fields))
    rows = draw(st.lists(row, min_size=1, max_size=6))
    length = draw(st.sampled_from([1, len(rows), avro.FEW - 1, avro.FEW, avro.FEW + 1, 100]))
    schema = {f.name: f.dtype for f in contract.fields}
    repeated = [rows[i % len(rows)] for i in range(length)]
    return pl.DataFrame(repeated, schema=schema, orient="row")


@every_one
def test_columns_encode_as_fastavro_does_and_come_back(name: str) -> None:
    contract = ALL[name]
    schema = published.latest(name).plain
    parsed = fastavro.parse_schema(deepcopy(schema))

    @quick
    @given(frames(contract))
    def holds(frame: pl.DataFrame) -> None:
        payload, ends = avro.encode_columns(schema, frame)
        expected = io.BytesIO()
        stops = []
        for row in frame.iter_rows(named=True):
            fastavro.schemaless_writer(expected, parsed, row)
            stops.append(expected.tell())
        assert payload == expected.getvalue()
        assert ends.tolist() == stops
        back = avro.decode_columns(schema, payload, len(frame))
        assert back.rows() == frame.rows()
        assert back.columns == frame.columns
        last = payload[stops[-2] if len(stops) > 1 else 0 :]
        assert avro.read_one(schema, last) == frame.row(-1, named=True)

    holds()


@every_one
def test_no_rows_are_no_bytes(name: str) -> None:
    contract = ALL[name]
    schema = published.latest(name).plain
    frame = pl.DataFrame(schema={f.name: f.dtype for f in contract.fields})
    payload, ends = avro.encode_columns(schema, frame)
    assert payload == b""
    assert ends.tolist() == []
    assert avro.decode_columns(schema, b"", 0).columns == frame.columns


@every
def test_bytes_that_end_early_are_not_decoded(name: str) -> None:
    schema = published.latest(name).plain
    frame = admit(CONTRACTS[name], json.dumps(cases(name)["pass"]).encode()).events
    payload, ends = avro.encode_columns(schema, frame)
    with pytest.raises(avro.UNDECODABLE):
        avro.decode_columns(schema, payload[:-1], len(frame))
    with pytest.raises(ValueError, match="left"):
        avro.read_one(schema, payload[: ends[0]] + b"\x00")


@every
def test_an_absent_appended_field_does_not_change_the_content(name: str) -> None:
    schema = published.latest(name).plain
    longer = deepcopy(schema)
    longer["fields"] += [
        {"name": "note", "type": ["null", "string"]},
        {"name": "other", "type": ["null", "long"]},
    ]
    frame = admit(CONTRACTS[name], json.dumps(cases(name)["pass"]).encode()).events
    more = frame.with_columns(
        pl.lit(None, pl.String).alias("note"), pl.lit(None, pl.Int64).alias("other")
    )
    told = more.with_columns(pl.lit("", pl.String).alias("note"))
    before, after, changed = (
        [content_digest(d) for d in _datums(s, f)]
        for s, f in ((schema, frame), (longer, more), (longer, told))
    )
    assert before == after
    assert len({*before, *changed}) == 2 * len(frame)


def _datums(schema: Schema, frame: pl.DataFrame) -> list[bytes]:
    payload, ends = avro.encode_columns(schema, frame)
    return [payload[a:b] for a, b in zip([0, *ends], ends, strict=False)]


# --- columns and pydantic ----------------------------------------------------------------------

_CHARACTERS = string.ascii_letters + string.digits + ".-| _\n\x00đ\N{WATER WAVE}"
_LENGTHS = [0, 1, 9, 10, 11, 63, 64, 65]
_ANY: dict[str, st.SearchStrategy[Any]] = {
    "text": st.one_of(
        st.text(_CHARACTERS, max_size=8),
        st.sampled_from(_LENGTHS).map("A".__mul__),
        st.sampled_from(["2023", "2023-13", "2023-02-30", "2023-00", "1999-12-31", "3000", "0999"]),
        st.sampled_from(["A.", ".A", "A..B", "A-B", "1.005129", "1.00512", "١.٠٠٥١٢٩"]),
        st.sampled_from(["received", "rated", "retracted", "due_changed", "Received", "g/L", "m"]),
    ),
    "integer": st.sampled_from(
        [-1, 0, 1, 5, 9, 2**31 - 1, 2**31, 10**12, 10**12 + 1, 10**16, 10**16 + 1, *INT64]
    ),
    "thousandths": st.sampled_from(
        [
            *(0, 1, -1, 10**12, 10**12 + 1, -(10**12), -(10**12) - 1),
            *(-9_999_000, 7_999_000, -127_000, 85_000, 42_000, 42_001, 42_000_000, 42_000_001),
            *(-2_000, 45_001, 14_000, 14_001, 30_001, 1_500_001),
        ]
    ),
    "instant": st.sampled_from(
        [
            0,
            1,
            -2_208_988_800_000_000,
            -2_208_988_800_000_001,
            253_402_128_000_000_000,
            253_402_128_000_000_001,
        ]
    ),
    "boolean": st.booleans(),
}


def _as_sent(f: WireField, value: Any) -> Any:
    """Turn a wire value into what validation takes, exactly."""
    if value is None:
        return None
    if f.kind == "instant":
        return EPOCH + timedelta(microseconds=value)
    if f.kind == "thousandths":
        return Decimal(value).scaleb(-3)
    return value


def _is_accepted(contract: Contract, row: dict[str, Any]) -> bool:
    if any(row[f.name] is None for f in contract.fields if f.absent is not None):
        return False  # a sender leaves it out, on the wire there is always something
    sent = {
        f.name: _as_sent(f, row[f.name])
        for f in contract.fields
        if not (row[f.name] is None and f.optional)
    }
    try:
        contract.model.model_validate(sent)
    except ValidationError:
        return False
    return True


@st.composite
def mutated(draw: st.DrawFn, contract: Contract) -> dict[str, Any]:
    """A row that keeps the contract, with up to three of its values replaced by others."""
    good = admit(contract, json.dumps(cases(contract.name)["pass"]).encode()).events
    row = dict(draw(st.sampled_from(good.to_dicts())))
    chosen = st.lists(st.sampled_from(contract.sent), max_size=3, unique_by=lambda f: f.name)
    for f in draw(chosen):
        values = st.none() | _ANY[f.kind]
        if "enum" in f.limits:
            values |= st.sampled_from(f.limits["enum"])
        row[f.name] = draw(values)
    return row


@every
def test_the_column_check_accepts_exactly_what_pydantic_does(name: str) -> None:
    contract = CONTRACTS[name]
    schema = {f.name: f.dtype for f in contract.fields}
    seen: set[bool] = set()

    @settings(quick, max_examples=rounds(80, quick=15))
    @given(st.lists(mutated(contract), min_size=1, max_size=20))
    def holds(rows: list[dict[str, Any]]) -> None:
        frame = pl.DataFrame(rows, schema=schema)
        ours = frame.select(contract.is_valid).to_series().to_list()
        theirs = [_is_accepted(contract, r) for r in rows]
        wrong = [r for r, a, b in zip(rows, ours, theirs, strict=True) if a != b]
        assert wrong == []
        seen.update(theirs)

    holds()
    assert seen == {True, False}


@every
def test_the_column_check_accepts_the_cases_that_pass_and_none_that_fail(name: str) -> None:
    contract = CONTRACTS[name]
    good = admit(contract, json.dumps(cases(name)["pass"]).encode()).events
    assert good.select(contract.is_valid).to_series().all()
    for row in good.iter_rows(named=True):
        assert _is_accepted(contract, row)


@every
def test_columns_of_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="colour"):
        CONTRACTS[name].conform(pl.DataFrame({"colour": ["red"]}))
