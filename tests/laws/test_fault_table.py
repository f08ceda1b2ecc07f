"""The table of faults: each row says what is guaranteed, and its runbook and tests are there."""

import re
from pathlib import Path

import pytest

from bench.faults import FAULTS, NOT_TIMED, without

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"
COLUMNS = 6
# What a data centre of level 3 is asked for.
ASKED = {"kafka", "store", "registry", "mail", "disk", "clock", "certificate", "link", "alone"}


def rows() -> dict[str, list[str]]:
    """Read the table: its cells, by the name of the fault."""
    lines = [x for x in PAGE.read_text("utf-8").splitlines() if x.startswith("| `")]
    cells = [[c.strip() for c in x.strip("|").split(" | ")] for x in lines]
    return {re.findall(r"^`(\w+)`", row[0])[0]: row for row in cells}


ROWS = rows()


def test_no_fault_that_is_asked_for_is_missing() -> None:
    assert ROWS.keys() >= ASKED


@pytest.mark.parametrize("fault", ROWS)
def test_a_fault_has_all_it_needs(fault: str) -> None:
    row = ROWS[fault]
    assert len(row) == COLUMNS
    assert all(row), "no cell is empty"
    runbooks = re.findall(r"\(runbooks/([\w-]+\.md)\)", row[4])
    assert runbooks
    for name in runbooks:
        page = (ROOT / "docs" / "runbooks" / name).read_text("utf-8")
        assert "**Nghĩa là gì.**" in page
        assert "**What it means.**" in page
    tests = re.findall(r"`(tests/[\w/]+\.py)`", row[5])
    assert tests
    assert [t for t in tests if not (ROOT / t).is_file()] == []


def test_each_fault_is_timed_or_it_is_said_why_not() -> None:
    assert FAULTS.keys() | NOT_TIMED.keys() == ROWS.keys()
    assert not FAULTS.keys() & NOT_TIMED.keys()
    assert all(NOT_TIMED.values())


def test_gaps_are_counted_whole_and_those_that_are_usual_are_not() -> None:
    assert without([0.5, 1.0, 4.0, 4.5], 0.0, 5.0) == 3.0
    assert without([], 0.0, 10.0) == 10.0
    assert without([-1.0, 0.2, 11.0], 0.0, 1.1) == 0.0
