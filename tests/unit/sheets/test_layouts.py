"""What a workbook shows and its cells do not say is read as it is shown, refused, or named."""

import io
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from hub.sheets.days import instant, period
from hub.sheets.numbers import decimal, integer, money
from hub.sheets.table import Column, Table
from hub.sheets.tabular import TableRead, read_table
from hub.sheets.vietnamese import text

TABLE = Table(
    (
        Column("unit", ("Đơn vị",), text),
        Column("period", ("Kỳ",), period),
        Column("amount", ("Số tiền",), money),
        Column("flag", ("Cờ",), integer, required=False),
    )
)
HEADER = ("Đơn vị", "Kỳ", "Số tiền", "Cờ")
Change = Callable[[Any], None]


def book(rows: Sequence[Sequence[Any]], change: Change = lambda sheet: None) -> bytes:
    made = openpyxl.Workbook()
    sheet: Any = made.active
    sheet.title = "Tháng 5"
    for row in rows:
        sheet.append(list(row))
    change(sheet)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def outcomes(found: TableRead, field: str) -> list[Any]:
    return [r.verdict.rule if r.verdict else r.values.get(field) for r in found.rows]


def named(found: TableRead) -> list[tuple[str, int]]:
    return [(p.what, p.row) for p in found.understood.passed]


ROWS = [HEADER, ("NH01", "05/2025", 100, 4), ("NH02", "06/2025", 200, None)]


def test_a_merged_word_holds_for_each_of_its_rows() -> None:
    found = read_table(TABLE, book(ROWS, lambda s: s.merge_cells("A2:A3")))
    assert outcomes(found, "unit") == ["NH01", "NH01"]


def test_a_merged_number_is_refused_where_it_would_be_missing_or_counted_twice() -> None:
    found = read_table(TABLE, book(ROWS, lambda s: s.merge_cells("D2:D3")))
    assert outcomes(found, "flag") == [4, "merged_cell"]
    beside = read_table(TABLE, book(ROWS, lambda s: s.merge_cells("C2:D2")))
    assert outcomes(beside, "flag") == ["merged_cell", None]


def test_what_is_merged_around_the_rows_does_no_harm() -> None:
    rows = [("BÁO CÁO",), *ROWS, ("Tổng cộng", "", 300), ("Người lập biểu",)]

    def change(sheet: Any) -> None:
        for merged in ("A1:D1", "A5:B5", "A6:B7"):
            sheet.merge_cells(merged)

    found = read_table(TABLE, book(rows, change))
    assert outcomes(found, "amount") == [100, 200]
    assert named(found) == [("note", 1), ("note", 6), ("total", 5)]


def test_a_header_over_several_columns_says_of_none_what_it_is() -> None:
    header = ("Đơn vị", "Kỳ", "Số tiền", None, "Cờ")
    rows = [header, ("NH01", "05/2025", 900, 100, 1)]
    found = read_table(TABLE, book(rows, lambda s: s.merge_cells("C1:D1")))
    assert outcomes(found, "amount") == ["merged_header"]
    empty = [header, ("NH01", "05/2025", 900, None, 1)]
    found = read_table(TABLE, book(empty, lambda s: s.merge_cells("C1:D1")))
    assert outcomes(found, "amount") == [900]


def test_rows_and_sheets_that_are_hidden_are_read_and_named() -> None:
    def change(sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True
        other = sheet.parent.create_sheet("Cũ")
        for row in [HEADER, ("NH03", "04/2025", 7, 1)]:
            other.append(list(row))
        other.sheet_state = "hidden"

    found = read_table(TABLE, book(ROWS, change))
    assert outcomes(found, "amount") == [100, 200, 7]
    assert named(found) == [("hidden", 3), ("hidden", 0)]
    said = [p.vi for p in found.understood.passed]
    assert said[0].startswith("trang “Tháng 5”: 1 dòng ẩn")
    assert said[1].startswith("trang ẩn “Cũ” cũng được đọc")


def test_columns_that_are_hidden_are_read_and_named() -> None:
    def change(sheet: Any) -> None:
        sheet.column_dimensions["B"].hidden = True
        sheet.column_dimensions["H"].hidden = True  # there is nothing

    found = read_table(TABLE, book(ROWS, change))
    assert outcomes(found, "amount") == [100, 200]
    assert named(found) == [("hidden", 0)]
    assert found.understood.passed[0].vi == (
        "trang “Tháng 5”: cột ẩn “Kỳ” cũng được đọc; hãy kiểm tra"
    )


FORMATS: list[tuple[Any, str, Any]] = [
    (245_000, "#,##0", 245_000),
    (245_000, "#,##0.00_);(#,##0.00)", 245_000),
    (245_000, '_-* #,##0\\ "₫"_-;-* #,##0\\ "₫"_-', 245_000),
    (245_000, "#,##0 [$₫-42A]", 245_000),
    (245_000, '#,##0" đồng"', 245_000),
    (245_000, '0"x"', 245_000),
    # another number is shown than is stored, or another money
    (245_000, "#,##0,", "shown_otherwise"),
    (245_000_000, "#,##0.0,,", "shown_otherwise"),
    (245, '#,##0" triệu"', "shown_otherwise"),
    (245, '0.0 "nghìn đồng"', "shown_otherwise"),
    (245, "[$$-409]#,##0.00", "shown_otherwise"),
    (245, "$#,##0", "shown_otherwise"),
    (245, '#,##0" USD"', "shown_otherwise"),
]


@pytest.mark.parametrize(("stored", "code", "expected"), FORMATS)
def test_a_number_counts_where_its_cell_shows_it(stored: Any, code: str, expected: Any) -> None:
    def change(sheet: Any) -> None:
        sheet["C2"].number_format = code

    rows = [HEADER, ("NH01", "05/2025", stored, 1)]
    assert outcomes(read_table(TABLE, book(rows, change)), "amount") == [expected]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("dd/mm/yyyy", "2025-12-28"), ("d-mmm", "shown_otherwise"), ("dd/mm", "shown_otherwise")],
)
def test_a_day_counts_where_its_year_is_shown(code: str, expected: str) -> None:
    def change(sheet: Any) -> None:
        sheet["B2"].number_format = code

    rows = [HEADER, ("NH01", datetime(2025, 12, 28), 5, 1)]
    assert outcomes(read_table(TABLE, book(rows, change)), "period") == [expected]


def test_an_escaped_character_is_none_of_a_code() -> None:
    rows = [HEADER, ("NH01_x000D_", "05/2025", 5, 1), ("A_x005F_x000D_", "05/2025", 5, 1)]
    found = read_table(TABLE, book(rows))
    assert outcomes(found, "unit") == ["NH01", "A_x000D_"]


LINES = ["Đơn vị;Kỳ;Số tiền;Cờ", *(f"NH0{n};05/2025;1.000.000;4" for n in range(1, 4))]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("NH04;05/2025;1.000.000;4\n", (4, [])),
        ("NH04;05/2025;1.000.000;4", (4, [])),
        ("NH04;05/2025;1.000.000", ("cut_off", [])),
        ("NH04;05/2025;1.000.000\n", (None, [])),
    ],
)
def test_a_last_line_without_an_end_is_whole_or_refused(
    last: str, expected: tuple[Any, list[Any]]
) -> None:
    found = read_table(TABLE, "\n".join([*LINES, last]).encode())
    assert (outcomes(found, "flag")[-1], named(found)) == expected


def test_a_last_cell_that_is_short_and_has_no_end_is_named() -> None:
    lines = [line.removesuffix(";4").removesuffix(";Cờ") for line in LINES]
    for last, what in (("1.000", ["unended"]), ("1.000.000", []), ("1.000\n", [])):
        found = read_table(TABLE, "\n".join([*lines, f"NH04;05/2025;{last}"]).encode())
        assert [p.what for p in found.understood.passed] == what


MEASURED = Table((Column("at", ("Lúc",), instant), Column("level", ("Mức",), decimal)))


def test_days_that_a_program_has_turned_round_are_refused_with_their_column() -> None:
    made = [datetime(2022, 5, 11, 8), datetime(2022, 5, 12, 8)]

    def read(*days: Any) -> list[Any]:
        rows = [("Lúc", "Mức"), *((day, 1.5) for day in days)]
        return outcomes(read_table(MEASURED, book(rows)), "at")

    assert read(*made, "13/11/2022 08:00") == ["order_of_days"] * 3
    # what could have been converted was not, or what was made shows the day first
    assert read(*made, "12/11/2022 08:00", "13/11/2022 08:00")[0] == "2022-05-11T08:00:00+07:00"
    assert read(*made, datetime(2022, 5, 13, 8), "14/11/2022 08:00")[3] == (
        "2022-11-14T08:00:00+07:00"
    )
    assert read(*made)[1] == "2022-05-12T08:00:00+07:00"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.234.567", 2, 1.234], ["half_converted"]),
        (["1,234,567", 2, 1.234], ["half_converted"]),
        (["1.234.567", 2, 1234], [1_234_567, 2, 1_234]),
        (["1234567", 2, 1.5], [1_234_567, 2, "not_whole"]),
    ],
)
def test_amounts_of_which_a_program_made_some_numbers_are_refused(
    cells: list[Any], expected: list[Any]
) -> None:
    rows = [HEADER, *(("NH01", "05/2025", cell, 1) for cell in cells)]
    assert outcomes(read_table(TABLE, book(rows)), "amount") == expected


@pytest.mark.parametrize(
    ("cells", "rules"),
    [
        (["0.98", 1234], ["half_converted"]),
        (["12,5", 1250], ["half_converted"]),
        (["12,5", 3.25, 999], [None] * 3),
    ],
)
def test_decimals_of_which_a_program_made_thousands_are_refused(
    cells: list[Any], rules: list[str | None]
) -> None:
    rows = [("Lúc", "Mức"), *(("2025-05-17 08:00", cell) for cell in cells)]
    found = read_table(MEASURED, book(rows))
    assert [r.verdict and r.verdict.rule for r in found.rows] == rules
