"""A file that is no table is told by what it is, and by what to send instead."""

import gzip
import io
import zipfile

import pytest

from hub.sheets.numbers import money
from hub.sheets.table import Column, Table
from hub.sheets.tabular import read_table

TABLE = Table((Column("amount", ("Số tiền",), money),))


def packed(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return out.getvalue()


FILES = [
    (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
    ("<html><table><tr><td>Số tiền</td></tr></table>".encode(), "HTML"),
    (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "XML"),
    (b'[{"amount_vnd": 1}]', "JSON"),
    (b":20:START\n:25:1\n", "MT940"),
    (gzip.compress("Số tiền\n1\n".encode()), "tệp nén"),
    (b"Rar!\x1a\x07\x00", "tệp nén"),
    (packed("bao-cao.csv"), "tệp nén"),
    (packed("mimetype", "content.xml"), ".ods"),
    (packed("[Content_Types].xml", "word/document.xml"), "Word"),
    (packed("[Content_Types].xml", "xl/workbook.bin"), ".xlsb"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1", ".xls"),
]


# Packed files hold the time at which they were made: no name for a test.
@pytest.mark.parametrize(
    ("data", "what"), FILES, ids=[f"{n}-{w}" for n, (_, w) in enumerate(FILES)]
)
def test_a_file_that_is_no_table_is_named(data: bytes, what: str) -> None:
    (row,) = read_table(TABLE, data).rows
    assert row.verdict is not None
    assert row.verdict.rule == "unsupported_format"
    assert what in row.verdict.message_vi
    assert "hãy" in row.verdict.message_vi
    assert row.verdict.message_en != row.verdict.message_vi


def test_a_broken_workbook_is_one_still() -> None:
    (row,) = read_table(TABLE, packed("xl/styles.xml")).rows
    assert row.verdict is not None
    assert row.verdict.rule == "malformed_xlsx"
