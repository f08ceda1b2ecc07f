"""Every connector reads its upstream's own bytes as its cases say; each has good and bad ones."""

import json
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import pytest

from hub import registry
from hub.connecting.connection import judge
from hub.connecting.scaffold import read_case
from hub.definitions.admission import Verdict
from tests.chaos.connected import taking_part

CONNECTORS = registry.connectors()


def cases(name: str) -> list[Traversable]:
    """List the cases of a connector: a new one has none yet."""
    folder = resources.files("connectors") / name / "cases"
    found = folder.iterdir() if folder.is_dir() else iter(())
    return sorted((case for case in found if case.is_dir()), key=str)


CASES = [
    pytest.param(name, case, id=f"{name}-{case.name}")
    for name in CONNECTORS
    for case in cases(name)
]


def expected(case: Traversable) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((case / "expected.json").read_text())["records"]
    return found


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_connector_reads_as_its_cases_say(name: str, case: Traversable) -> None:
    contract = registry.contracts()[registry.sources()[name].contract]
    (given,) = [p for p in case.iterdir() if p.name.startswith("input")]
    found = read_case(CONNECTORS[name], contract, given.name, given.read_bytes())
    assert found["records"] == expected(case)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_what_is_rejected_is_told_in_both_languages(name: str, case: Traversable) -> None:
    contract = registry.contracts()[registry.sources()[name].contract]
    (given,) = [p for p in case.iterdir() if p.name.startswith("input")]
    for judged in judge(contract, CONNECTORS[name].read(given.name, given.read_bytes())):
        if isinstance(judged, Verdict):
            assert judged.message_vi
            assert judged.message_en
            assert judged.message_vi != judged.message_en


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_connector_is_struck_or_it_is_said_why_not(name: str) -> None:
    simulator, why_not = registry.beside_source(name, "simulator"), CONNECTORS[name].unstruck
    if simulator is None:
        assert why_not, f"connectors/{name} has no simulator.py: write one, or say why (unstruck=)"
    else:
        assert not why_not, "the reason is none any more"
        assert name in taking_part(), f"connectors/{name}/simulator.py lacks `struck`"


OUTCOMES_MIN = 4


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_connector_has_good_and_bad_cases(name: str) -> None:
    outcomes = [r for p in CASES if p.values[0] == name for r in expected(p.values[1])]  # type: ignore[arg-type]
    for kind, key in (("accepted", "events"), ("rejected", "rule")):
        there = sum(key in r for r in outcomes)
        assert there >= OUTCOMES_MIN, (
            f"the cases of {name} have {there} {kind} records; at least {OUTCOMES_MIN} are needed"
        )


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_source_says_whose_it_is(name: str) -> None:
    source = registry.sources()[name]
    assert source.owner, f"{name}: who owns it?"
    assert source.title_vi
    assert source.title_en
    assert source.title_vi != source.title_en


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_missing_column_is_a_verdict_and_no_error(name: str, case: Traversable) -> None:
    (given,) = [p for p in case.iterdir() if p.name.startswith("input")]
    if not given.name.endswith(".csv"):
        return
    lines = given.read_bytes().decode("utf-8-sig", "replace").splitlines()
    mark = max(";,\t", key=lambda m: lines[0].count(m) if lines else 0)
    for place in range(lines[0].count(mark) + 1 if lines else 0):
        cells = [line.split(mark) for line in lines]
        text = "\n".join(mark.join(c[:place] + c[place + 1 :]) for c in cells)
        blank = "\n".join(
            mark.join([*c[:place], "", *c[place + 1 :]] if i else c) for i, c in enumerate(cells)
        )
        for changed in (text, blank):
            CONNECTORS[name].read(given.name, changed.encode())


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
