"""What holds for every contract that the registry finds, and for the schemas rendered from it."""

import io
import json
import string
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import fastavro
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hub import places, registry
from hub.apply.fold import content_digest
from hub.clock import EPOCH
from hub.definitions import avro
from hub.definitions import revisions as published
from hub.definitions.admission import admit
from hub.definitions.avro import Schema, UnsafeSchemaError
from hub.definitions.contract import Contract, WireField
from hub.definitions.own.rejection import REJECTION
from hub.definitions.revisions import IncompatibleError, Revision

CONTRACTS = registry.contracts()
ALL = {**CONTRACTS, REJECTION.name: REJECTION}
INT64 = (-(2**63), 2**63 - 1)
quick = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
every = pytest.mark.parametrize("name", CONTRACTS)
every_one = pytest.mark.parametrize("name", ALL)


@cache
def cases(name: str) -> dict[str, list[Any]]:
    text = (resources.files("schemas") / "cases" / f"{name}.json").read_text("utf-8")
    found: dict[str, list[Any]] = json.loads(text)
    return found


# --- cases -------------------------------------------------------------------------------------


@every
def test_a_contract_has_enough_cases(name: str) -> None:
    assert len(cases(name)["pass"]) >= 6
    assert len(cases(name)["fail"]) >= 10
    assert len({c["why"] for c in cases(name)["fail"]}) == len(cases(name)["fail"])
    assert len({c["rule"] for c in cases(name)["fail"]}) >= 6


@every
def test_cases_that_must_pass_do(name: str) -> None:
    contract = CONTRACTS[name]
    items = cases(name)["pass"]
    together = admit(contract, json.dumps(items).encode())
    assert together.rejected == []
    for item, row in zip(items, together.events.iter_rows(named=True), strict=True):
        alone = admit(contract, json.dumps(item, ensure_ascii=False).encode())
        assert alone.events.row(0, named=True) == row
        assert row["event_id"] == item["event_id"]


@every
def test_cases_that_must_fail_say_why_in_two_languages(name: str) -> None:
    contract = CONTRACTS[name]
    failing = cases(name)["fail"]
    good = cases(name)["pass"][0]
    together = admit(contract, json.dumps([good, *(c["event"] for c in failing)]).encode())
    assert together.indexes == [0]
    assert [v.index for v in together.rejected] == list(range(1, len(failing) + 1))
    for case, verdict in zip(failing, together.rejected, strict=True):
        assert (verdict.rule, verdict.field) == (case["rule"], case["field"]), case["why"]
        assert verdict.message_vi
        assert verdict.message_en
        assert verdict.message_vi != verdict.message_en
        if case["rule"] != "unit_mismatch":
            assert case["field"] in verdict.message_vi
            assert case["field"] in verdict.message_en
        sent = case["event"].get(case["field"])
        if case["rule"] != "required" and isinstance(sent, str) and sent.isprintable():
            assert verdict.value == sent


# --- published schemas -------------------------------------------------------------------------


def test_rendered_schemas_are_fresh() -> None:
    folder = Path(str(places.avro_folder()))
    assert published.render([*CONTRACTS.values(), REJECTION], folder, check=True) == []


@every_one
def test_published_revisions_are_safe_and_ids_are_unique(name: str) -> None:
    listed = published.read_revisions()
    assert listed[name]
    for revision in listed[name]:
        avro.check_safe(revision.schema)
        fastavro.parse_schema(deepcopy(revision.schema))
        assert published.by_id(revision.schema_id).number == revision.number
    ids = [r.schema_id for revisions in listed.values() for r in revisions]
    assert len(ids) == len(set(ids))


@every_one
def test_every_field_is_documented_in_two_languages(name: str) -> None:
    contract = ALL[name]
    for doc in (contract.spec.title, *(f.doc for f in contract.fields)):
        assert doc.vi.strip()
        assert doc.en.strip()
        assert doc.vi != doc.en
    schema = avro.render_schema(contract)
    assert [f["name"] for f in schema["fields"]] == [f.name for f in contract.fields]
    assert all(" | " in f["doc"] for f in schema["fields"])
    assert all(f.optional == (f.name not in _required(contract)) for f in contract.fields)


def _required(contract: Contract) -> set[str]:
    return {n for n, f in contract.model.model_fields.items() if f.is_required()}


@every
def test_the_key_travels_first_and_names_the_entity(name: str) -> None:
    contract = CONTRACTS[name]
    first = [f.name for f in contract.fields[: len(contract.spec.key)]]
    assert set(first) == set(contract.spec.key) <= set(contract.spec.entity)


UNSAFE: dict[str, Any] = {
    "a record that holds itself": {
        "type": "record",
        "name": "Knot",
        "fields": [{"name": "next", "type": ["null", "Knot"]}],
    },
    "… by its full name": {
        "type": "record",
        "name": "Knot",
        "namespace": "a.b",
        "fields": [{"name": "next", "type": ["null", "a.b.Knot"]}],
    },
    "… in an array": {
        "type": "record",
        "name": "Knot",
        "fields": [{"name": "all", "type": {"type": "array", "items": "Knot"}}],
    },
    "… in a map": {
        "type": "record",
        "name": "Knot",
        "fields": [{"name": "all", "type": {"type": "map", "values": "Knot"}}],
    },
    "… two records away": {
        "type": "record",
        "name": "Knot",
        "fields": [
            {
                "name": "inner",
                "type": {
                    "type": "record",
                    "name": "Loop",
                    "fields": [{"name": "back", "type": ["null", "Knot"]}],
                },
            }
        ],
    },
    "an array of nulls": {"type": "array", "items": "null"},
    "an array of records without fields": {
        "type": "array",
        "items": {"type": "record", "name": "Nothing", "fields": []},
    },
    "an array of records of nulls": {
        "type": "array",
        "items": {
            "type": "record",
            "name": "Nulls",
            "fields": [{"name": "a", "type": "null"}, {"name": "b", "type": {"type": "null"}}],
        },
    },
    "an array of fixed of size 0": {
        "type": "array",
        "items": {"type": "fixed", "name": "Empty", "size": 0},
    },
    "an array of a named record without width": {
        "type": "record",
        "name": "Outer",
        "fields": [
            {"name": "a", "type": {"type": "record", "name": "Nothing", "fields": []}},
            {"name": "b", "type": {"type": "array", "items": "Nothing"}},
        ],
    },
}


def _deep(levels: int) -> Any:
    schema: Any = "long"
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize("why", UNSAFE)
def test_unsafe_schemas_are_refused(why: str) -> None:
    with pytest.raises(UnsafeSchemaError):
        avro.check_safe(UNSAFE[why])


def test_schemas_may_be_deep_but_not_too_deep() -> None:
    avro.check_safe(_deep(avro.DEPTH_MAX))
    with pytest.raises(UnsafeSchemaError, match="deeper"):
        avro.check_safe(_deep(avro.DEPTH_MAX + 1))
    with pytest.raises(UnsafeSchemaError, match="deeper"):
        avro.check_safe(_deep(200))


def test_a_name_may_be_used_twice_without_being_recursive() -> None:
    pair = {"type": "record", "name": "P", "fields": [{"name": "x", "type": "long"}]}
    both = [{"name": "a", "type": pair}, {"name": "b", "type": {"type": "array", "items": "P"}}]
    avro.check_safe({"type": "record", "name": "Two", "fields": both})


# --- successors --------------------------------------------------------------------------------


def _published(name: str) -> tuple[Schema, list[Revision]]:
    contract = ALL[name]
    return avro.render_schema(contract), published.read_revisions()[name]


NOTE = {"name": "note", "doc": "Ghi chú | Note", "type": ["null", "string"], "default": None}


@every_one
def test_a_successor_may_append_optional_fields(name: str) -> None:
    schema, earlier = _published(name)
    published.check_successor(schema, earlier)
    schema["fields"].append(NOTE)
    published.check_successor(schema, earlier)
    second = Revision(name, len(earlier) + 1, 999, deepcopy(schema))
    schema["fields"].append({**NOTE, "name": "other", "type": ["null", "long"]})
    published.check_successor(schema, [*earlier, second])


def _remove(fields: list[Schema]) -> None:
    del fields[-1]


def _remove_required(fields: list[Schema]) -> None:
    del fields[0]


def _change(fields: list[Schema]) -> None:
    fields[0]["type"] = "long"


def _widen(fields: list[Schema]) -> None:
    fields[0]["type"] = "bytes"


def _loosen(fields: list[Schema]) -> None:
    fields[0] |= {"type": ["null", fields[0]["type"]], "default": None}


def _move(fields: list[Schema]) -> None:
    fields[0], fields[1] = fields[1], fields[0]


def _put_first(fields: list[Schema]) -> None:
    fields.insert(0, dict(NOTE))


def _rename(fields: list[Schema]) -> None:
    fields[-1]["name"] += "_2"


def _require(fields: list[Schema]) -> None:
    fields.append({"name": "note", "type": "string"})


def _require_with_default(fields: list[Schema]) -> None:
    fields.append({"name": "note", "type": "string", "default": ""})


def _default_last(fields: list[Schema]) -> None:
    fields.append({"name": "note", "type": ["string", "null"], "default": ""})


def _make_unsafe(fields: list[Schema]) -> None:
    items = {"type": "array", "items": "null"}
    fields.append({"name": "note", "type": ["null", items], "default": None})


BREAKING = (
    _remove,
    _remove_required,
    _change,
    _widen,
    _loosen,
    _move,
    _put_first,
    _rename,
    _require,
    _require_with_default,
    _default_last,
)


@pytest.mark.parametrize("edit", BREAKING, ids=lambda e: e.__name__.strip("_"))
@every_one
def test_a_successor_that_breaks_what_was_published_is_refused(name: str, edit: Any) -> None:
    schema, earlier = _published(name)
    edit(schema["fields"])
    with pytest.raises(IncompatibleError, match=name):
        published.check_successor(schema, earlier)


def test_an_unsafe_successor_is_refused() -> None:
    schema, earlier = _published("dossier")
    _make_unsafe(schema["fields"])
    with pytest.raises(UnsafeSchemaError):
        published.check_successor(schema, earlier)


def test_a_successor_is_held_against_every_earlier_revision() -> None:
    schema, earlier = _published("reading")
    appended = deepcopy(schema)
    appended["fields"].append(NOTE)
    later = [*earlier, Revision("reading", 2, 999, appended)]
    published.check_successor(appended, later)
    with pytest.raises(IncompatibleError, match="revision 2"):
        published.check_successor(schema, later)


def test_render_notices_a_stale_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = published.read_revisions()
    first = texts["payment"][0]
    older = deepcopy(first.schema)
    older["fields"][0]["doc"] = "khác | other"
    texts["payment"] = [Revision("payment", 1, first.schema_id, older)]
    monkeypatch.setattr(published, "read_revisions", lambda: texts)
    assert published.render(list(CONTRACTS.values()), tmp_path, check=True) == ["payment.2.avsc"]
    assert list(tmp_path.iterdir()) == []


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
    with pytest.raises((pl.exceptions.PolarsError, OSError)):
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
    "thousandths": st.sampled_from([0, 1, -1, 10**12, 10**12 + 1, -(10**12), -(10**12) - 1]),
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
    chosen = st.lists(st.sampled_from(contract.fields), max_size=3, unique_by=lambda f: f.name)
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

    @settings(quick, max_examples=80)
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
def test_entity_and_instant_are_the_same_by_row_and_by_column(name: str) -> None:
    contract = CONTRACTS[name]
    frame = admit(contract, json.dumps(cases(name)["pass"]).encode()).events
    assert frame.select(contract.entity).to_series().to_list() == [
        contract.entity_of(r) for r in frame.iter_rows(named=True)
    ]
    assert frame.select(contract.occurred).to_series().to_list() == [
        contract.occurred_of(r) for r in frame.iter_rows(named=True)
    ]


def test_the_limits_of_instants_are_what_they_are_written_as() -> None:
    lowest = datetime(1900, 1, 1, tzinfo=UTC)
    highest = datetime(9999, 12, 30, tzinfo=UTC)
    limits = next(f for f in CONTRACTS["dossier"].fields if f.name == "occurred_at").limits
    assert EPOCH + timedelta(microseconds=limits["minimum"]) == lowest
    assert EPOCH + timedelta(microseconds=limits["maximum"]) == highest


@every
def test_columns_of_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="colour"):
        CONTRACTS[name].conform(pl.DataFrame({"colour": ["red"]}))
