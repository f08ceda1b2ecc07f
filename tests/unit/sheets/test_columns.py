"""Whole columns: one way of writing numbers, one order of days, one unit; or the column is refused.

Each table of cases is worked out by hand: what the cells of one column must become, or the rule.
"""

import io
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from hub.sheets.days import deadline, instant, period
from hub.sheets.numbers import decimal, integer, money, share
from hub.sheets.table import Column, Hint, Own, Row, Table
from hub.sheets.tabular import TableRead, read_table
from hub.sheets.vietnamese import Reader, text

D = Decimal


def column(reader: Reader, header: str = "Giá trị", hint: Hint | None = None) -> Table:
    own = {} if hint is None else {"giatri": Own("it", hint)}
    columns = (Column("code", ("Mã",), text), Column("it", ("Giá trị", header), reader))
    return Table(columns, own=own)


def read(
    reader: Reader, cells: Sequence[str], header: str = "Giá trị", hint: Hint | None = None
) -> TableRead:
    lines = [f"Mã;{header}", *(f"A{n};{cell}" for n, cell in enumerate(cells))]
    return read_table(column(reader, hint=hint), "\n".join(lines).encode())


def values(rows: Sequence[Row]) -> list[Any]:
    """What became of each row: its value, or the rule that it breaks."""
    return [r.verdict.rule if r.verdict else r.values["it"] for r in rows]


NUMBERS: list[tuple[Reader, list[str], list[Any]]] = [
    # a point before decimals is proven
    (decimal, ["12.5", "1.234", "1.300"], [D("12.5"), D("1.234"), D("1.3")]),
    (decimal, ["0.987", "2.500"], [D("0.987"), D("2.5")]),
    (decimal, ["1234.567", "1.234"], [D("1234.567"), D("1.234")]),
    (decimal, ["1,543.88", "1,234", "3"], [D("1543.88"), D(1234), D(3)]),
    (decimal, ["1,234,567", "1.234"], [D(1234567), D("1.234")]),
    (decimal, ["1 234.567", "1.234"], [D("1234.567"), D("1.234")]),
    # a comma before decimals is proven
    (decimal, ["4,5", "1.234", "1,234"], [D("4.5"), D(1234), D("1.234")]),
    (decimal, ["1.234.567", "1.234", "1,234"], [D(1234567), D(1234), D("1.234")]),
    (decimal, ["1.543,88", "2.100"], [D("1543.88"), D(2100)]),
    (decimal, ["0,987", "2.500"], [D("0.987"), D(2500)]),
    # nothing is proven
    (decimal, ["1.234", "3", "2.500"], ["two_readings"] * 3),
    (decimal, ["1,234"], ["two_readings"]),
    (decimal, ["1.234", "2,345"], ["two_readings"] * 2),
    (share, ["1.234 %", "2 %"], ["two_readings"] * 2),
    (decimal, ["3", "12", "1 234"], [D(3), D(12), D(1234)]),
    # cells contradict
    (decimal, ["12.5", "4,5", "3"], ["two_ways"] * 3),
    (decimal, ["0.5", "1.234.567"], ["two_ways"] * 2),
    (integer, ["1.234.567", "12.5"], ["two_ways"] * 2),
    # what is no number proves nothing
    (decimal, ["12.5.2023", "1.5"], ["not_a_number", D("1.5")]),
    # an integer has no decimals: one mark and three digits can only group
    (integer, ["605.859", "12"], [605859, 12]),
    (integer, ["605,859", "12"], ["not_an_integer", 12]),
    (integer, ["605,859", "1,605,859"], [605859, 1605859]),
    (integer, ["1.234", "12.5"], ["not_an_integer"] * 2),
    (money, ["250.000", "1.000 đồng", "7"], [250000, 1000, 7]),
    (money, ["250,000.00", "1,000"], [250000, 1000]),
    (money, ["640.000", "13.69"], ["not_an_amount"] * 2),
    # a scale makes it a decimal, and then three digits can be either
    (money, ["1.543,88 tỷ", "1,234 tỷ"], [1_543_880_000_000, 1_234_000_000]),
    (money, ["1,234 tỷ"], ["two_readings"]),
    (money, ["12.5 triệu", "1.234 triệu"], [12_500_000, 1_234_000]),
    # published figures, each in a column of its own
    (share, ["33,93 %", "01%", "35,32 %"], [D("0.3393"), D("0.01"), D("0.3532")]),
    (decimal, ["13.69"], [D("13.69")]),
]


@pytest.mark.parametrize(("reader", "cells", "expected"), NUMBERS)
def test_a_column_of_numbers_is_read_one_way(
    reader: Reader, cells: list[str], expected: list[Any]
) -> None:
    assert values(read(reader, cells).rows) == expected
    assert values(read(reader, cells[::-1]).rows) == expected[::-1]


def test_a_doubtful_column_names_both_readings_and_a_clear_example() -> None:
    (row, _) = read(decimal, ["1.300", "1.250"]).rows
    assert row.verdict is not None
    for words in ("1,300", "1300", "1,3000", "Giá trị"):
        assert words in row.verdict.message_vi
    assert "1.300 (with decimals) or 1300 (thousands)" in row.verdict.message_en
    assert row.said["it"] == "1.300 ?"  # sent back among clear cells it is not read by those


def test_a_contradiction_names_both_cells() -> None:
    (row, _) = read(decimal, ["12.5", "4,5"]).rows
    assert row.verdict is not None
    for message in (row.verdict.message_vi, row.verdict.message_en):
        assert "“12.5”" in message
        assert "“4,5”" in message


def test_what_is_known_of_a_sender_settles_a_column() -> None:
    cells = ["1.300", "2.500"]
    assert values(read(decimal, cells, hint=Hint(mark="point")).rows) == [
        D("1.3"),
        D("2.5"),
    ]
    assert values(read(decimal, cells, hint=Hint(mark="comma")).rows) == [1300, 2500]
    against = read(decimal, ["12.5"], hint=Hint(mark="comma")).rows
    assert values(against) == ["two_ways"]
    assert values(read(money, ["2,5"], hint=Hint(scale=6)).rows) == [2_500_000]
    american = read(instant, ["05/11/2022 08:00"], hint=Hint(order="month")).rows
    assert values(american) == ["2022-05-11T08:00:00+07:00"]


def test_numbers_of_a_workbook_are_exact_and_prove_nothing() -> None:
    found = read_workbook(decimal, [1.3, 2500, "1.234"])
    assert values(found.rows) == [D("1.3"), D(2500), "two_readings"]


def read_workbook(reader: Reader, cells: Sequence[Any], shown: str = "General") -> TableRead:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Mã", "Giá trị"])
    for number, cell in enumerate(cells):
        sheet.append([f"A{number}", cell])
        if not isinstance(cell, str):
            sheet.cell(number + 2, 2).number_format = shown
    out = io.BytesIO()
    book.save(out)
    return read_table(column(reader), out.getvalue())


SCALES: list[tuple[str, list[str], list[Any]]] = [
    ("Giá trị (triệu đồng)", ["2450", "12,5"], [2_450_000_000, 12_500_000]),
    ("Giá trị (ĐVT: nghìn đồng)", ["245.000"], [245_000_000]),
    ("Giá trị, tỷ đồng", ["1,5"], [1_500_000_000]),
    ("GIÁ TRỊ (1.000 đ)", ["31"], [31_000]),
    ("Giá trị - tr.đ", ["2"], [2_000_000]),
    ("Giá trị (đồng)", ["2.000"], [2_000]),
    ("Giá trị (million VND)", ["2"], [2_000_000]),
    ("Giá trị (nghin dong)", ["2"], [2_000]),
    # from millions on three digits can be decimals
    ("Giá trị (tỷ đồng)", ["1.543"], ["two_readings"]),
    ("Giá trị (tỷ đồng)", ["1.543", "1.543,88"], [1_543_000_000_000, 1_543_880_000_000]),
    ("Giá trị (triệu đồng)", ["1,5 tỷ"], [1_500_000_000]),  # the cell says itself
    ("Giá trị (triệu đồng)", ["5.000 đồng"], ["two_units"]),
    ("Giá trị (triệu đồng)", ["0,0000005"], ["not_whole"]),
    ("Giá trị (nghìn USD)", ["2"], ["unknown_unit"]),
]


@pytest.mark.parametrize(("header", "cells", "expected"), SCALES)
def test_a_unit_in_the_header_counts(header: str, cells: list[str], expected: list[Any]) -> None:
    assert values(read(money, cells, header).rows) == expected


def test_a_count_in_thousands_is_read_as_such() -> None:
    assert values(read(integer, ["1,5", "2"], "Giá trị (nghìn lượt)").rows) == [1500, 2000]


DAYS: list[tuple[Reader, str, list[str], list[Any]]] = [
    (instant, "", ["05/11/2022 08:00"], ["2022-11-05T08:00:00+07:00"]),
    (
        instant,
        "",
        ["05/11/2022 08:00", "13/11/2022 08:00"],
        ["2022-11-05T08:00:00+07:00", "2022-11-13T08:00:00+07:00"],
    ),
    (instant, "", ["05/11/2022 08:00", "05/13/2022 08:00"], ["order_of_days"] * 2),
    (instant, "", ["13/05/2022 08:00", "05/13/2022 08:00"], ["order_of_days"] * 2),
    (instant, "", ["08:00 05-11-2022", "08:00 05-13-2022"], ["order_of_days"] * 2),
    (
        instant,
        "(mm/dd/yyyy hh:mm)",
        ["05/11/2022 4:00 PM", "05/13/2022 12:00 AM"],
        ["2022-05-11T16:00:00+07:00", "2022-05-13T00:00:00+07:00"],
    ),
    (instant, "(mm/dd/yyyy)", ["13/05/2022 08:00"], ["order_of_days"]),
    (instant, "(dd/mm/yyyy)", ["05/11/2022 4:00 PM"], ["2022-11-05T16:00:00+07:00"]),
    (instant, "", ["05/11/2022 4:00 PM"], ["order_of_days"]),
    (
        instant,
        "",
        ["2022-11-05 08:00", "05/11/2022 08:00"],
        ["2022-11-05T08:00:00+07:00"] * 2,
    ),
    # a typing mistake is no month
    (
        instant,
        "",
        ["05/40/2022 08:00", "05/11/2022 08:00"],
        ["malformed_instant", "2022-11-05T08:00:00+07:00"],
    ),
    (deadline, "", ["24/05/2023", "2023-05-24"], ["2023-05-24T17:00:00+07:00"] * 2),
    (deadline, "", ["24/05/2023 09:30"], ["2023-05-24T09:30:00+07:00"]),
    (period, "", ["05/11/2022", "17/11/2022"], ["2022-11-05", "2022-11-17"]),
    (period, "", ["05/11/2022", "05/17/2022"], ["order_of_days"] * 2),
    # the first days of months
    (period, "", ["01/05/2023", "01/06/2023"], ["2023-05", "2023-06"]),
    (period, "", ["2023-12-01", "2024-01-01", "2023-12-01"], ["2023-12", "2024-01", "2023-12"]),
    (period, "", ["01/05/2023", "02/05/2023"], ["2023-05-01", "2023-05-02"]),
    (period, "", ["01/05/2023"], ["day_or_month"]),
    (period, "", ["01/01/2023", "01/04/2023", "01/07/2023"], ["day_or_month"] * 3),
    (period, "", ["01/01/2022", "01/01/2023"], ["day_or_month"] * 2),
    (period, "", ["2023", "05/2023"], ["2023", "2023-05"]),
    # days of January, or firsts of months with the month first
    (period, "", ["1/1/2023", "2/1/2023", "3/1/2023"], ["day_or_month"] * 3),
    (period, "", ["10/01/2023", "11/01/2023"], ["day_or_month"] * 2),
    (period, "", ["2/1/2023", "13/1/2023"], ["2023-01-02", "2023-01-13"]),
    (period, "", ["2/1/2023", "2/2/2023"], ["2023-01-02", "2023-02-02"]),
]  # fmt: skip


@pytest.mark.parametrize(("reader", "behind", "cells", "expected"), DAYS)
def test_a_column_of_days_has_one_order(
    reader: Reader, behind: str, cells: list[str], expected: list[Any]
) -> None:
    header = f"Giá trị {behind}".strip()
    assert values(read(reader, cells, header).rows) == expected
    assert values(read(reader, cells[::-1], header).rows) == expected[::-1]


def test_cells_that_hold_a_time_are_read_with_it() -> None:
    moment = datetime(2023, 5, 17, 8, 5, 30)
    for shown in ("dd/mm/yyyy hh:mm:ss", "m/d/yy h:mm", "yyyy-mm-dd\\ hh:mm", "[$-42A]dd/mm/yyyy"):
        found = read_workbook(instant, [moment], shown)
        assert values(found.rows) == ["2023-05-17T08:05:30+07:00"], shown
    midnight = datetime(2023, 5, 17)
    at_midnight = read_workbook(instant, [midnight], "dd/mm/yyyy hh:mm")
    assert values(at_midnight.rows) == ["2023-05-17T00:00:00+07:00"]
    assert values(read_workbook(instant, [midnight], "dd/mm/yyyy").rows) == ["missing_time"]
    assert values(read_workbook(deadline, [midnight], "dd/mm/yyyy").rows) == [
        "2023-05-17T17:00:00+07:00"
    ]


def test_a_written_month_first_casts_doubt_on_the_cells_that_became_days() -> None:
    """So it is where a program took 05/11 for the 5th of November and left 05/13 as a text."""
    found = read_workbook(
        instant, [datetime(2022, 11, 5, 8), "05/13/2022 08:00"], "dd/mm/yyyy hh:mm"
    )
    assert values(found.rows) == ["order_of_days"] * 2


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("Tháng", ["1/1/2025", "2/1/2025"], ["day_or_month"] * 2),
        ("Tháng (mm/dd/yyyy)", ["1/1/2025", "2/1/2025"], ["2025-01", "2025-02"]),
        ("Tháng", ["1/1/2025", "1/2/2025"], ["2025-01", "2025-02"]),
        ("Ngày", ["1/1/2025", "2/1/2025"], ["2025-01-01", "2025-01-02"]),
    ],
)
def test_a_header_says_whether_days_or_months_are_meant(
    header: str, cells: list[str], expected: list[str]
) -> None:
    lines = [f"Mã;{header}", *(f"A{n};{cell}" for n, cell in enumerate(cells))]
    found = read_table(column(period, header), "\n".join(lines).encode())
    assert values(found.rows) == expected


@pytest.mark.parametrize("cell", ["Quý I/2025", "Q1/2025", "6T/2025", "9 tháng năm 2025"])
def test_a_quarter_is_refused_with_what_is_to_be_sent(cell: str) -> None:
    verdict = read(period, [cell]).rows[0].verdict
    assert verdict is not None
    assert "hãy gửi từng tháng" in verdict.message_vi
    assert "send each month" in verdict.message_en


def test_cells_of_first_days_are_months_where_two_are_a_month_apart() -> None:
    months = [datetime(2019, n, 1) for n in (1, 2, 3)]
    assert values(read_workbook(period, months, "dd/mm/yyyy").rows) == [
        "2019-01",
        "2019-02",
        "2019-03",
    ]
    assert values(read_workbook(period, months[:1], "dd/mm/yyyy").rows) == ["day_or_month"]
    assert values(read_workbook(period, months[:1], "mm/yyyy").rows) == ["2019-01"]
    days = [datetime(2019, 1, n) for n in (1, 2)]
    assert values(read_workbook(period, days, "dd/mm/yyyy").rows) == ["2019-01-01", "2019-01-02"]


CODES: list[tuple[list[str], list[Any]]] = [
    (["2.02005E+17", "A1"], ["shortened", "A1"]),
    (["1,5E+05"], ["shortened"]),
    (["202005010000120000", "202005010000130000"], ["shortened"] * 2),
    (["202005010000120001", "202005010000130000"], ["202005010000120001", "202005010000130000"]),
    (["202005010000120000"], ["202005010000120000"]),
    (["H57.1E5", "1E5"], ["H57.1E5", "1E5"]),
]


@pytest.mark.parametrize(("cells", "expected"), CODES)
def test_codes_that_a_program_has_shortened_are_refused(
    cells: list[str], expected: list[Any]
) -> None:
    rows = read(text, cells).rows
    assert values(rows) == expected
    for row in rows:
        if row.verdict:
            assert "Văn bản" in row.verdict.message_vi


def test_a_number_in_a_column_of_codes_is_refused() -> None:
    (row,) = read_workbook(text, [202005010000123456]).rows
    assert row.verdict is not None
    assert row.verdict.rule == "not_text"
    assert "Văn bản" in row.verdict.message_vi
