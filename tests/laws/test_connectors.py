"""Every connector reads its upstream's own bytes as its cases say; each has good and bad ones."""

import json
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import pytest

from hub import registry
from hub.admission import Verdict
from hub.connect import judge

CONNECTORS = registry.connectors()
CASES = [
    pytest.param(name, case, id=f"{name}-{case.name}")
    for name in CONNECTORS
    for case in sorted((resources.files("connectors") / name / "cases").iterdir(), key=str)
    if case.is_dir()
]


def expected(case: Traversable) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((case / "expected.json").read_text())["records"]
    return found


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_connector_reads_as_its_cases_say(name: str, case: Traversable) -> None:
    contract = registry.contracts()[registry.sources()[name].contract]
    (given,) = [p for p in case.iterdir() if p.name.startswith("input")]
    records = CONNECTORS[name].read(given.name, given.read_bytes())
    found: list[dict[str, Any]] = []
    for record, judged in zip(records, judge(contract, records), strict=True):
        if isinstance(judged, Verdict):
            found.append({"rule": judged.rule, "field": judged.field, "value": judged.value})
            assert judged.message_vi
            assert judged.message_en
            assert judged.message_vi != judged.message_en
        else:
            found.append({"events": [dict(e) for e in record.events]})
    assert found == expected(case)


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_connector_has_good_and_bad_cases(name: str) -> None:
    outcomes = [r for p in CASES if p.values[0] == name for r in expected(p.values[1])]  # type: ignore[arg-type]
    assert sum("events" in r for r in outcomes) >= 4
    assert sum("rule" in r for r in outcomes) >= 4


@pytest.mark.parametrize(("name", "case"), CASES)
def test_what_is_read_twice_is_the_same(name: str, case: Traversable) -> None:
    (given,) = [p for p in case.iterdir() if p.name.startswith("input")]
    read = CONNECTORS[name].read
    assert read(given.name, given.read_bytes()) == read(given.name, given.read_bytes())


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_connector_survives_any_bytes(name: str) -> None:
    for data in (
        b"",
        b"\x00",
        b"\xff\xfe",
        b"[",
        b"{}",
        b"[[]]",
        b"null",
        b"a;b\n1;2",
        b"9" * 5000,
    ):
        for given in ("input", "input.json", "input.csv", "input.xlsx"):
            assert all(r.verdict is not None for r in CONNECTORS[name].read(given, data))
