"""Tables by declared columns: rows and verdicts, and what a file may not be."""

import io
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from hub.sheets import grids, xlsx
from hub.sheets.numbers import integer, money
from hub.sheets.table import Column, Row, Table
from hub.sheets.tabular import read_rows
from hub.sheets.vietnamese import code, text

TABLE = Table(
    (
        Column("unit", ("Đơn vị",), text),
        Column("method", ("Hình thức",), code({"tiền mặt": "cash", "thẻ": "card"})),
        Column("count", ("Số lượng",), integer),
        Column("amount", ("Số tiền", "Số tiền (đồng)"), money, required=False),
        Column("revision", ("Lần",), integer, absent=0),
    ),
)
HEADER = "Đơn vị;Hình thức;Số lượng;Số tiền"
ROW = "A.1;tiền mặt;1.234;2,5 triệu"
VALUES = {"unit": "A.1", "method": "cash", "count": 1234, "amount": 2_500_000, "revision": 0}


def rows(*lines: str, encoding: str = "utf-8") -> list[Row]:
    return read_rows(TABLE, "\r\n".join(lines).encode(encoding))


def only(found: list[Row]) -> dict[str, Any]:
    (row,) = found
    assert row.verdict is None, row.verdict
    return row.values


def rule(found: list[Row]) -> str:
    (row,) = found
    assert row.verdict is not None
    assert row.verdict.message_vi != row.verdict.message_en
    return row.verdict.rule


def workbook(*sheets: Sequence[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for number, lines in enumerate(sheets):
        sheet = book.create_sheet(f"Trang {number}")
        for line in lines:
            sheet.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_encodings_are_detected(delimiter: str, encoding: str) -> None:
    row = 'A.1;tiền mặt;1.234;"2,5 triệu"'
    lines = [line.replace(";", delimiter) for line in (HEADER, row)]
    assert only(rows(*lines, encoding=encoding)) == VALUES


def test_windows_1258_is_taken_where_a_header_shows_it() -> None:
    # đ, ă, â, ê, ô, ơ, ư are letters of their own there, tones are separate.
    shown = "Đơn viò;HiÌnh thưìc;Sôì lươòng\nA.1;thẻ;5".replace("thẻ", "theÒ")
    tones = {"ò": "\u0323", "Ì": "\u0300", "ì": "\u0301", "Ò": "\u0309"}
    text = "".join(tones.get(c, c) for c in shown)
    data = text.encode("cp1258")
    with pytest.raises(UnicodeDecodeError):
        data.decode()
    assert only(read_rows(TABLE, data))["method"] == "card"


def test_windows_1258_is_taken_where_a_word_of_a_code_shows_it() -> None:
    columns = (
        Column("code", ("MA",), text),
        Column("result", ("KET_QUA",), code({"không tìm thấy": "missing", "có": "found"})),
    )
    # "Không tìm thấy", whose tones are letters of their own there.
    shown = "MA;KET_QUA\nA.1;Không ti\u0300m thâ\u0301y"
    (taken,) = read_rows(Table(columns), shown.encode("cp1258"))
    assert taken.values == {"code": "A.1", "result": "missing"}
    # One letter of another encoding may be the same byte by chance.
    (refused,) = read_rows(Table(columns), "MA;KET_QUA\nA.1;có".encode("cp1258"))
    assert refused.verdict is not None
    assert refused.verdict.rule == "unknown_encoding"


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("Bảng;số".encode("cp1252", "replace") + b"\xe9\xf5\n1;2", "windows-1258"),
        (HEADER.encode("utf-16-le"), "UTF-16"),
        (b"\xef\xbb\xbf\xff\xff", "utf-8"),
        (b"\xff\xfea", "utf-16-le"),
    ],
)
def test_an_encoding_that_cannot_be_told_is_named(data: bytes, named: str) -> None:
    (row,) = read_rows(TABLE, data)
    assert row.verdict is not None
    assert row.verdict.rule == "unknown_encoding"
    assert named in row.verdict.value


def test_titles_and_blank_lines_are_passed_and_counted() -> None:
    found = rows("Báo cáo; quý 1, năm 2023", "", HEADER, "", ROW, ";;;", "Tổng cộng;;1.234;", ROW)
    assert [r.number for r in found] == [5, 8]
    assert [r.values for r in found] == [VALUES, VALUES]
    assert found[0].original == ROW.encode()


def test_headers_differ_in_case_diacritics_and_spaces() -> None:
    header = unicodedata.normalize("NFD", "don  vi;HÌNH THỨC;Số\u00a0lượng;số tiền (Đồng);Lần")
    assert only(rows(header, f"{ROW};2")) == VALUES | {"revision": 2}


def test_a_quoted_cell_may_hold_lines_and_marks() -> None:
    found = rows(HEADER, '"A;\n1";tiền mặt;1;', "A.2;thẻ;2;")
    assert [(r.number, r.values["unit"]) for r in found] == [(2, "A; 1"), (3, "A.2")]
    assert found[0].original == '"A;\n1";tiền mặt;1;'.encode()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (";tiền mặt;1;", ("required", "Đơn vị", "")),
        ("A;séc;1;", ("unmapped_code", "Hình thức", "séc")),
        ("A;thẻ;1,5;", ("not_an_integer", "Số lượng", "1,5")),
        ("A;thẻ;1;0,5 đồng", ("not_an_amount", "Số tiền", "0,5 đồng")),
        ("A;thẻ;1;2;3", ("too_many_cells", "", "[đã che: 1 ký tự]")),
        ("A;thẻ", ("required", "Số lượng", "")),
    ],
)
def test_a_wrong_row_is_named_by_row_column_and_rule(
    line: str, expected: tuple[str, str, str]
) -> None:
    found = rows(HEADER, ROW, line)
    verdict = found[1].verdict
    assert verdict is not None
    assert (verdict.rule, verdict.field, verdict.value) == expected
    assert verdict.index == 2
    assert "dòng 3" in verdict.message_vi
    assert "row 3" in verdict.message_en
    assert found[0].values == VALUES


def test_a_long_cell_is_a_wrong_row() -> None:
    (row,) = rows(HEADER, f"{'A' * 10_001};thẻ;1;")
    assert row.verdict is not None
    assert row.verdict.rule == "too_long"
    assert len(row.verdict.value) <= 200


def test_a_missing_header_names_what_was_found_and_expected() -> None:
    (row,) = rows("Đơn vị;Hình thức;Giá", "A;thẻ;1")
    assert row.verdict is not None
    assert row.verdict.rule == "missing_header"
    for message in (row.verdict.message_vi, row.verdict.message_en):
        assert "Số lượng" in message
        assert "Đơn vị, Hình thức, Giá" in message


@pytest.mark.slow
def test_what_is_wrong_with_a_whole_file_is_one_verdict() -> None:
    assert rule(rows("")) == "missing_header"
    assert rule(rows(HEADER)) == "empty"
    assert rule(rows(f"{HEADER};SO TIEN", ROW)) == "duplicate_header"
    assert rule(rows(HEADER, '"A;thẻ;1;')) == "malformed_csv"
    assert rule(read_rows(TABLE, b"\xd0\xcf\x11\xe0" + b"0" * 99)) == "unsupported_format"
    assert rule(read_rows(TABLE, b"PK\x03\x04 no archive")) == "malformed_xlsx"
    assert rule(rows(HEADER, ";" * 201)) == "too_many_columns"
    assert rule(rows(HEADER, *["A;thẻ;1;"] * 200_001)) == "too_many_rows"


def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grids, "FILE_BYTES_MAX", 10)
    assert rule(rows(HEADER, ROW)) == "too_large"


def test_all_sheets_with_the_header_are_read() -> None:
    lines: list[list[Any]]
    lines = [HEADER.split(";"), ["A.1", "tiền mặt", 1234, 2_500_000.0], [], ["A.2", "thẻ", "1", ""]]
    found = read_rows(TABLE, workbook([["Bìa"]], [["Báo cáo"], [], *lines], lines))
    assert [(r.sheet, r.number) for r in found] == [
        ("Trang 1", 4),
        ("Trang 1", 6),
        ("Trang 2", 2),
        ("Trang 2", 4),
    ]
    assert [r.place for r in found] == [3, 5, 7, 9]
    assert found[0].values == VALUES == found[2].values
    assert "amount" not in found[1].values


def test_errors_and_formulas_of_a_workbook() -> None:
    """A formula gives its stored value, an error its name."""
    data = edited(
        workbook([HEADER.split(";"), ["A", "thẻ", 1, 2], ["A", "thẻ", 1, 2]]),
        {
            b'<c r="C2" t="n"><v>1</v>': b'<c r="C2"><f>1+6</f><v>7</v>',
            b'<c r="C3" t="n"><v>1</v>': b'<c r="C3" t="e"><v>#DIV/0!</v>',
        },
    )
    good, bad = read_rows(TABLE, data)
    assert good.values["count"] == 7
    assert bad.verdict is not None
    assert (bad.verdict.rule, bad.verdict.value) == ("error_cell", "#DIV/0!")


def edited(data: bytes, changes: dict[bytes, bytes]) -> bytes:
    """Change the first sheet of a workbook."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                for before, after in changes.items():
                    assert before in content, content
                    content = content.replace(before, after)
            new.writestr(name, content)
    return out.getvalue()


def with_rows(inner: bytes) -> bytes:
    """Make a workbook whose sheet has this within its `sheetData`."""
    whole = workbook([["x"]])
    return edited(whole, {b"</sheetData>": inner + b"</sheetData>"})


MIB = 2**20
BOMBS = {
    "a million columns": (b'<row r="2">' + b'<c t="n"><v>1</v></c>' * 10**6, "too_many_columns"),
    "a million empty cells": (b'<row r="2">' + b"<c/>" * 10**6, "too_many_columns"),
    "a far column": (b'<row r="2"><c r="XFD2"><v>1</v></c></row>', "too_many_columns"),
    "a far row": (b'<row r="9999999"></row>', "malformed_xlsx"),
    "a long text": (b'<row r="2"><c r="A2" t="str"><v>' + b" " * 300 * MIB, "too_large"),
    "entities": (b"&a;", "malformed_xlsx"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_cheaply(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inner, expected = BOMBS[name]
    data = with_rows(inner)
    assert len(data) < MIB
    inflate, inflated = zipfile.ZipExtFile.read, []

    def counted(self: zipfile.ZipExtFile, size: int | None = -1) -> bytes:
        inflated.append(inflate(self, size))
        return inflated[-1]

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    tracemalloc.start()
    assert rule(read_rows(TABLE, data)) == expected
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * MIB
    assert sum(map(len, inflated)) < MIB, "what no row can hold was read"


def test_elements_are_bounded_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = with_rows((b"<row>" + b"<c/>" * 100 + b"</row>") * 100)
    assert rule(read_rows(TABLE, rows)) == "missing_header"
    monkeypatch.setattr(xlsx, "ELEMENTS_MAX", 10_000)
    assert rule(read_rows(TABLE, rows)) == "too_large"


def test_a_workbook_that_names_what_is_not_there_is_broken() -> None:
    whole = workbook([HEADER.split(";"), ["A", "thẻ", 1, 2]])
    cell = b'<c r="C2" t="n"><v>1</v>'
    style = edited(whole, {cell: '<c r="C2" s="²" t="n"><v>1</v>'.encode()})
    (row,) = read_rows(TABLE, style)
    assert row.verdict is None  # a style that is none shows nothing
    encoding = edited(whole, {b"<worksheet": b'<?xml version="1.0" encoding="foo"?><worksheet'})
    assert rule(read_rows(TABLE, encoding)) == "malformed_xlsx"
    version = bytearray(whole)
    at = version.rfind(b"xl/worksheets/sheet1.xml") - 46
    assert version[at : at + 4] == b"PK\x01\x02"
    version[at + 6] = 255
    assert rule(read_rows(TABLE, bytes(version))) == "malformed_xlsx"
    days = openpyxl.Workbook()
    assert days.active is not None
    days.epoch = datetime(1904, 1, 1)
    days.active.append(["x"])
    days.active["A1"].value, days.active["A1"].number_format = 2958465, "yyyy-mm-dd"
    out = io.BytesIO()
    days.save(out)
    assert rule(read_rows(TABLE, out.getvalue())) == "malformed_xlsx"


@pytest.mark.slow
def test_a_size_that_is_declared_wrongly_does_not_help() -> None:
    data = bytearray(with_rows(b" " * 300 * MIB))
    size = int.from_bytes(data[-10:-6], "little")  # where the directory begins is 4 bytes further
    start = int.from_bytes(data[-6:-2], "little")
    assert data[start : start + 4] == b"PK\x01\x02"
    assert size
    at = data.find(b"xl/worksheets/sheet1.xml", start) - 46
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    assert rule(read_rows(TABLE, bytes(data))) == "malformed_xlsx"


def test_a_size_that_is_declared_too_large_is_refused_unread() -> None:
    data = bytearray(workbook([HEADER.split(";"), ["A", "thẻ", 1, 2]]))
    at = data.rfind(b"docProps/app.xml") - 46  # an entry that is never read
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = (300 * MIB).to_bytes(4, "little")
    assert rule(read_rows(TABLE, bytes(data))) == "too_large"


def test_an_archive_with_a_large_directory_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "DIRECTORY_BYTES_MAX", 100)
    assert rule(read_rows(TABLE, workbook([["x"]]))) == "malformed_xlsx"


def test_two_names_that_are_the_same_are_not_declared() -> None:
    with pytest.raises(ValueError, match="same"):
        code({"Nước": "water", "nuoc": "else"})


def test_a_header_that_nobody_knows_is_no_broken_quote() -> None:
    """What commas part and quotes keep together, semicolons do not read; that is no fault of it."""
    text = '"Tên cơ quan, đơn vị","Cách trả","Số, lượt"\n"A","thẻ","1"\n'
    assert rule(read_rows(TABLE, text.encode())) == "missing_header"
    assert rule(read_rows(TABLE, text.replace('"1"', '"1').encode())) == "malformed_csv"
