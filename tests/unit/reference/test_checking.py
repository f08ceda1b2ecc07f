"""What is wrong with a list that no single row shows."""

import pytest

from hub import registry
from hub.reference.checking import check_rows
from hub.reference.form import Row

UNITS = registry.forms()["units"]
CALENDAR = registry.forms()["calendar"]


def unit(code: str, parent: str, begin: str, end: str = "") -> Row:
    level = "commune" if parent else "province"
    names = {"name_vi": code, "level": level, "parent": parent, "source": ""}
    return {"code": code, **names, "valid_from": begin, "valid_to": end}


TOP = unit("80", "", "2021-01-01")


def rules(*rows: Row) -> list[tuple[int, str, str]]:
    return [(f.row, f.column, f.rule) for f in check_rows(UNITS, [TOP, *rows])]


def test_a_code_that_is_used_again_is_another_row_of_it() -> None:
    """26740 was one ward until 1/7/2025 and is another one since."""
    before = unit("26740", "80", "2021-01-01", "2025-07-01")
    assert rules(before, unit("26740", "80", "2025-07-01")) == []


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([unit("1", "80", "2021-01-01"), unit("1", "80", "2025-07-01")], (2, "code", "overlap")),
        ([unit("1", "80", "2021-05-01", "2021-05-01")], (1, "valid_to", "ends_before_it_begins")),
        ([unit("1", "81", "2021-01-01")], (1, "parent", "unknown_parent")),
        ([unit("1", "80", "2020-12-31")], (1, "parent", "parent_not_in_force")),
    ],
    ids=["two on one day", "ends on its first day", "unknown", "before its parent"],
)
def test_what_is_wrong_is_named_with_its_row_and_column(
    rows: list[Row], wrong: tuple[int, str, str]
) -> None:
    assert rules(*rows) == [wrong]


def test_a_parent_covers_a_part_by_several_rows_without_a_gap_between_them() -> None:
    district = [
        unit("820", "80", "2021-01-01", "2023-01-01"),
        unit("820", "80", "2023-01-01", "2025-07-01"),
    ]
    assert rules(*district, unit("1", "820", "2021-01-01", "2025-07-01")) == []
    longer = unit("1", "820", "2021-01-01", "2025-07-02")
    (flaw,) = check_rows(UNITS, [TOP, *district, longer])
    assert (flaw.rule, flaw.value) == ("parent_not_in_force", "820")
    assert "2025-07-01" in flaw.vi
    assert "2025-07-01" in flaw.en


def test_what_is_part_of_itself_is_named() -> None:
    rows = [unit("1", "2", "2021-01-01"), unit("2", "1", "2021-01-01")]
    assert rules(*rows) == [(1, "parent", "parent_of_itself"), (2, "parent", "parent_of_itself")]


def test_a_gap_is_told_and_keeps_nothing_from_loading() -> None:
    rows = [TOP, unit("1", "80", "2021-01-01", "2022-01-01"), unit("1", "80", "2023-01-01")]
    (flaw,) = check_rows(UNITS, rows)
    assert (flaw.rule, flaw.is_note) == ("gap", True)
    assert "2022-01-01" in flaw.vi


def test_without_days_of_force_a_key_stands_once() -> None:
    holiday = {"date": "2026-09-02", "kind": "holiday", "name_vi": "", "source": ""}
    (flaw,) = check_rows(CALENDAR, [holiday, holiday])
    assert (flaw.row, flaw.column, flaw.rule) == (1, "date", "overlap")
