"""Schemas that may be decoded: none holds itself, is too deep, or repeats what has no width."""

import subprocess
import sys
from typing import Any

import pytest

from hub.definitions import avro
from hub.definitions.avro import UnsafeSchemaError

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


ZERO = {"type": "record", "name": "E", "namespace": "x", "fields": []}
BYPASSES = {
    "zero width by full name": {
        "type": "record",
        "name": "O",
        "fields": [
            {"name": "a", "type": ZERO},
            {"name": "b", "type": {"type": "array", "items": "x.E"}},
        ],
    },
    "recursion by a namespace that is inherited": {
        "type": "record",
        "name": "O",
        "namespace": "n",
        "fields": [
            {
                "name": "i",
                "type": {
                    "type": "record",
                    "name": "I",
                    "fields": [{"name": "me", "type": ["null", "n.I"]}],
                },
            }
        ],
    },
    "recursion of a dotted name": {
        "type": "record",
        "name": "a.B",
        "fields": [{"name": "me", "type": ["null", "B"]}],
    },
}


@pytest.mark.parametrize("why", BYPASSES)
def test_unsafe_schemas_are_refused_by_any_name(why: str) -> None:
    with pytest.raises(UnsafeSchemaError):
        avro.check_safe(BYPASSES[why])


@pytest.mark.slow
def test_polars_has_numpy_before_threads_are_there() -> None:
    """Two that were the first to hand it an array, together, ended with a TypeError."""
    asked = "import hub.definitions.avro, polars._dependencies as d; print(type(d.numpy).__name__)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "module\n"
