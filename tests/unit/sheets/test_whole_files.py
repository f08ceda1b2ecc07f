"""Whole files: sheets, notes, units, totals, headers are taken, or named; never dropped unsaid."""

import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest

from hub.sheets.days import period
from hub.sheets.numbers import decimal, integer, money
from hub.sheets.table import Column, Table
from hub.sheets.tabular import TableRead, read_table
from hub.sheets.vietnamese import text

TABLE = Table(
    (
        Column("unit", ("Đơn vị báo cáo",), text),
        Column("area", ("Địa bàn",), text),
        Column("period", ("Kỳ", "Kỳ báo cáo"), period),
        Column("count", ("Số lượng",), integer),
        Column("amount", ("Số tiền",), money),
        Column("level", ("Mức độ mặn",), decimal, required=False),
        Column("revision", ("Lần báo cáo",), integer, absent=0),
    )
)
HEADER = "Đơn vị báo cáo;Địa bàn;Kỳ;Số lượng;Số tiền"
ROW = "NH01;H57;05/2022;1.200;2.450"
OTHER = "NH02;H57;05/2022;300;310"


def read(*lines: str) -> TableRead:
    return read_table(TABLE, "\n".join(lines).encode())


def workbook(**sheets: Sequence[str]) -> bytes:
    """Make a workbook of sheets of written rows; digits alone become numbers."""
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, lines in sheets.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for line in lines:
            sheet.append([int(c) if c.isdecimal() else c or None for c in line.split(";")])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def amounts(found: TableRead) -> list[Any]:
    return [r.verdict.rule if r.verdict else r.values["amount"] for r in found.rows]


def passed(found: TableRead) -> list[tuple[str, str, int]]:
    return [(p.what, p.sheet, p.row) for p in found.understood.passed]


NOTES: list[tuple[list[str], list[Any]]] = [
    (["Đơn vị tính: triệu đồng", HEADER, ROW.replace("2.450", "2450")], [2_450_000_000]),
    (["BÁO CÁO;;;ĐVT: 1.000 đ", HEADER, ROW], [2_450_000]),
    (["(Đơn vị: nghìn đồng)", HEADER, ROW], [2_450_000]),
    (["ĐVT: tỷ đồng", HEADER, "A;H57;2022;1;1,5"], [1_500_000_000]),
    (["Số liệu tính bằng triệu đồng", HEADER, "A;H57;2022;1;2,5"], [2_500_000]),
    (["Bảng 2 (triệu đồng)", HEADER, "A;H57;2022;1;2,5"], [2_500_000]),
    (["Đơn vị tính: lượt; triệu đồng", HEADER, "A;H57;2022;1;2,5"], [2_500_000]),
    (["Đơn vị tính: đồng", HEADER, ROW], [2_450]),
    # a unit under the table counts as well
    ([HEADER, ROW, OTHER, ";;;", "Ghi chú: đơn vị tính nghìn đồng"], [2_450_000, 310_000]),
    # rows of units and of numbers under the header
    ([HEADER, ";;;lượt;nghìn đồng", ROW], [2_450_000]),
    ([HEADER, "(A);(B);(C);(1);(2) triệu đồng", OTHER], [310_000_000]),
    ([HEADER, "A;B;C;1;2", OTHER], [310]),
    ([HEADER, "1;2;3;4;5", ";;;;nghìn đồng", OTHER], [310_000]),
    (["ĐVT: nghìn đồng", HEADER, ";;;;nghìn đồng", ROW], [2_450_000]),
    # amounts in a note and names are no units
    (["Các khoản trên 5 triệu đồng", HEADER, ROW], [2_450]),
    (["Đơn vị: Ngân hàng Công Thương", HEADER, ROW], [2_450]),
    (["Công ty Đông Á", HEADER, ROW], [2_450]),
    # two units that contradict, or one that is not known: the file is refused
    (["ĐVT: triệu đồng", HEADER, ";;;;nghìn đồng", ROW], ["two_units"]),
    (["ĐVT: triệu đồng", HEADER.replace("tiền", "tiền (đồng)"), ROW], ["two_units"]),
    (["ĐVT: triệu đồng", "ĐVT: nghìn đồng", HEADER, ROW], ["two_units"]),
    (["ĐVT: USD", HEADER, ROW], ["unknown_unit"]),
    (["Đơn vị tính: chục triệu", HEADER, ROW], ["unknown_unit"]),
    (["ĐVT: nghìn lượt, triệu đồng", HEADER, ROW], ["two_units"]),
    # as they are shortened, behind other words, in the next cell, or of another money
    (["ĐVT: ngđ", HEADER, ROW], [2_450_000]),
    (["ĐVT: kđ", HEADER, ROW], [2_450_000]),
    (["Đơn vị báo cáo: Bưu điện; ĐVT: trđ", HEADER, ROW.replace(".", "")], [2_450_000_000]),
    (["Đơn vị tính:;;nghìn đồng", HEADER, ROW], [2_450_000]),
    (["Loại tiền: Việt Nam đồng", HEADER, ROW], [2_450]),
    (["Loại tiền: VND", HEADER, ROW], [2_450]),
    (["Đơn vị tính: đồng (VND)", HEADER, ROW], [2_450]),
    (["Đơn vị tính: Triệu đồng (làm tròn)", HEADER, ROW.replace(".", "")], [2_450_000_000]),
    (["Loại tiền: USD", HEADER, ROW], ["unknown_unit"]),
    (["Loại tiền;USD", HEADER, ROW], ["unknown_unit"]),
    (["ĐVT: bó", HEADER, ROW], ["unknown_unit"]),
]


@pytest.mark.parametrize(("lines", "expected"), NOTES)
def test_a_unit_that_is_noted_counts_or_the_file_is_refused(
    lines: list[str], expected: list[Any]
) -> None:
    found = read(*lines)
    assert amounts(found) == expected
    if not found.rows[0].verdict:
        noted = len(lines) - len(expected) - 1 - (";;;" in lines)
        assert len(found.understood.passed) == noted


@pytest.mark.parametrize(
    ("header", "units", "expected"),
    [
        ("Đơn vị tính", ("triệu đồng", "triệu đồng"), [2_000_000, 3_000_000]),
        ("ĐVT", ("đồng", ""), [2, 3]),
        ("ĐVT", ("triệu đồng", "nghìn đồng"), ["two_units"]),
        ("Loại tiền", ("VND", "USD"), ["unknown_unit"]),
        ("Loại tiền", ("VND", "VND"), [2, 3]),
    ],
)
def test_a_column_of_units_counts_or_the_file_is_refused(
    header: str, units: tuple[str, str], expected: list[Any]
) -> None:
    rows = [f"NH01;H57;05/2022;1;{n};{unit}" for n, unit in zip((2, 3), units, strict=True)]
    assert amounts(read(f"{HEADER};{header}", *rows)) == expected


def test_a_unit_in_a_sheets_name_counts() -> None:
    data = workbook(**{"T5 (triệu đồng)": [HEADER, "NH01;H57;01/2022;1;100"]})
    assert amounts(read_table(TABLE, data)) == [100_000_000]


def test_all_sheets_of_the_same_columns_are_read_and_others_are_named() -> None:
    data = workbook(
        Bìa=["Báo cáo năm 2022"],
        Tháng_1=[HEADER, "NH01;H57;01/2022;1;100"],
        Danh_mục=["Mã;Tên", "H57;Tỉnh"],
        Tháng_2=["Quý I", HEADER, "NH01;H57;02/2022;1;200", "NH01;H57;mai;1;300"],
    )
    found = read_table(TABLE, data)
    assert amounts(found) == [100, 200, "malformed"]
    assert [r.place for r in found.rows] == [1, 4, 5]
    assert found.understood.row_of(5) == ("Tháng 2", 4)
    assert found.rows[2].verdict is not None
    assert "trang “Tháng 2”, dòng 4" in found.rows[2].verdict.message_vi
    assert [(p.what, p.sheet) for p in found.understood.passed] == [
        ("sheet", "Bìa"),
        ("sheet", "Danh mục"),
        ("note", "Tháng 2"),
    ]


def test_a_sheet_that_sums_up_the_others_is_passed_over_by_name() -> None:
    row = "NH01;H57;01/2022;1;100"
    data = workbook(Tổng_hợp=[HEADER, row.replace("100", "999")], Chi_tiết=[HEADER, row])
    found = read_table(TABLE, data)
    assert amounts(found) == [100]
    assert passed(found) == [("sheet", "Tổng hợp", 0)]
    alone = read_table(TABLE, workbook(Tổng_hợp=[HEADER, row]))
    assert amounts(alone) == [100]


def test_a_unit_that_only_one_sheet_gives_is_not_guessed_for_the_other() -> None:
    row = "NH01;H57;01/2022;1;100"
    data = workbook(A=["ĐVT: triệu đồng", HEADER, row], B=[HEADER, row])
    assert amounts(read_table(TABLE, data)) == ["two_units"]
    data = workbook(A=["ĐVT: triệu đồng", HEADER, row], B=["ĐVT: nghìn đồng", HEADER, row])
    assert amounts(read_table(TABLE, data)) == [100_000_000, 100_000]


TOTALS = [
    "Tổng cộng;;;1.500;2.760",
    "TỔNG CỘNG:;;;1.500;2.760",
    "Tổng số (I+II);;;1.500;2.760",
    "Cộng;;;1.500;2.760",
    "NH01;TONG;05/2022;1.500;2.760",
    "NH01;Total;05/2022;1.500;2.760",
    ";Tổng;;1.500;2.760",
    "Cộng NH01;;;1.500;2.760",
    "Phát sinh trong kỳ;;;1.500;2.760",
]


@pytest.mark.parametrize("total", TOTALS)
def test_a_total_is_named_and_not_added(total: str) -> None:
    found = read(HEADER, ROW, OTHER, total, ROW)
    assert amounts(found) == [2_450, 310, 2_450]
    assert passed(found) == [("total", "", 4)]


@pytest.mark.parametrize(
    "name", ["Tổng công ty Điện lực", "TONG CONG TY", "Công an", "CONGTY", "Cộng Hòa"]
)
def test_a_name_that_only_begins_so_is_no_total(name: str) -> None:
    found = read(HEADER, ROW.replace("NH01", name))
    assert amounts(found) == [2_450]
    assert passed(found) == []


def test_a_header_that_is_repeated_and_signatures_are_passed_over() -> None:
    lines = [HEADER, ROW, HEADER, OTHER, "", "Người lập biểu;;;;Giám đốc"]
    table = Table((*TABLE.columns, Column("note", ("Ghi chú",), text)))
    data = "\n".join(f"{line};x" if line in (ROW, OTHER) else line for line in lines)
    found = read_table(table, data.replace(HEADER, f"{HEADER};Ghi chú").encode())
    assert amounts(found) == [2_450, 310]
    assert sorted(passed(found)) == [("header", "", 3), ("note", "", 6)]


def test_a_row_of_a_corporation_that_lacks_something_is_refused_and_no_total() -> None:
    found = read(HEADER, ROW, "Tổng công ty Điện lực;;05/2022;1.500;2.760")
    assert amounts(found) == [2_450, "required"]


def test_who_signs_side_by_side_is_passed_over() -> None:
    lines = [HEADER, ROW, "Người lập biểu;;;Giám đốc;", "Nguyễn Văn An;;;Trần Bình;"]
    found = read(*lines)
    assert amounts(found) == [2_450]
    assert passed(found) == [("note", "", 3), ("note", "", 4)]


def test_a_second_table_under_other_headers_refuses_the_file() -> None:
    swapped = "Đơn vị báo cáo;Địa bàn;Kỳ;Số tiền;Số lượng"
    found = read(HEADER, ROW, "Bảng 2;;;;", swapped, "NH02;H57;05/2022;310;300")
    assert amounts(found) == ["two_tables"]
    spaced = HEADER.replace("Địa bàn", "ĐỊA  BÀN")
    assert amounts(read(HEADER, ROW, spaced, OTHER)) == [2_450, 310]


HEADERS: list[tuple[str, str]] = [
    ("Mức độ mặm", "near"),  # a slip
    ("Mức mặn", "near"),  # a word less
    ("Mức độ mặn trung bình", "near"),  # more words
    ("Độ mặn", "near"),
    ("Lần BC", "near"),  # initials
    ("Lần", "near"),
    ("MỨC ĐỘ MẶN", "known"),
    ("muc do man", "known"),
    ("Lần báo cáo (1)", "known"),
    ("Ghi chú", "passed"),
    ("STT", "passed"),
    ("Tên cán bộ", "passed"),
    ("Địa bàn cũ", "passed"),  # the field it resembles has its column
]


@pytest.mark.parametrize(("header", "outcome"), HEADERS)
def test_a_header_is_known_or_refused_as_near_or_named(header: str, outcome: str) -> None:
    found = read(f"{HEADER};{header}", f"{ROW};1")
    verdict = found.rows[0].verdict
    if outcome == "near":
        assert verdict is not None
        assert verdict.rule == "near_header"
        near = "Lần báo cáo" if "Lần" in header else "Mức độ mặn"
        assert f"“{header}” gần giống “{near}”" in verdict.message_vi
        assert f"“{header}” resembles “{near}”" in verdict.message_en
    else:
        assert verdict is None
        assert [p.text for p in found.understood.passed] == [header] * (outcome == "passed")


def test_a_needed_column_that_is_misspelt_is_named_beside_what_was_found() -> None:
    (row,) = read(HEADER.replace("Số lượng", "Số lượg"), ROW).rows
    assert row.verdict is not None
    assert row.verdict.rule == "missing_header"
    assert "“Số lượg” gần giống “Số lượng”" in row.verdict.message_vi


def test_a_column_without_a_header_that_holds_something_is_named() -> None:
    found = read("Đơn vị báo cáo;;Địa bàn;Kỳ;Số lượng;Số tiền", "NH01;x;H57;2022;1;2")
    assert amounts(found) == [2]
    assert [(p.what, p.text) for p in found.understood.passed] == [("column", "[đã che: 1 ký tự]")]


def test_what_a_file_was_taken_for_is_said_by_column() -> None:
    found = read("ĐVT: nghìn đồng", f"{HEADER};STT", "NH01;H57;05/2022;1.200;2.450;1")
    by_field = {c.field: c for c in found.understood.columns}
    assert by_field["amount"].unit == ("đơn vị tính: nghìn đồng", "unit: nghìn đồng")
    assert (by_field["amount"].example, by_field["amount"].value) == ("2.450", "2450000")
    assert by_field["period"].order == ("ngày trước tháng sau", "day first")
    lines = list(found.understood.lines())
    assert "bỏ qua cột không thuộc bảng này: “STT”" in [vi for vi, _ in lines]
    assert all(vi != en for vi, en in lines)


def test_a_formula_without_its_value_refuses_its_row_alone() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER.split(";"))
    sheet.append(["NH01", "H57", "2022", 1, "=D2*2"])
    sheet.append(["NH02", "H57", "2022", 1, 2])
    out = io.BytesIO()
    book.save(out)  # which writes formulas and never their values
    found = read_table(TABLE, out.getvalue())
    assert amounts(found) == ["uncomputed_formula", 2]
    assert found.rows[0].verdict is not None
    assert "công thức" in found.rows[0].verdict.message_vi


@pytest.mark.parametrize("name", ["Cống", "Tông", "CỐNG:", "Công"])
def test_a_name_with_marks_of_its_own_is_no_total(name: str) -> None:
    """A sluice (Cống) is not a sum (Cộng)."""
    found = read(HEADER, ROW, f"{name};;;1.500;2.760", ROW)
    assert len(found.rows) == 3
