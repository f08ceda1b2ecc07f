"""What a simulated upstream drops is what people's programs save, and is read so."""

import pytest

from hub.connecting.dropping import as_csv
from hub.sheets.table import Column, Table
from hub.sheets.tabular import read_table
from hub.sheets.vietnamese import text


@pytest.mark.parametrize(
    ("mark", "encoding", "begin"),
    [(";", "utf-8-sig", b"\xef\xbb\xbfT"), ("\t", "utf-16", b"\xff\xfeT\x00")],
)
def test_a_file_is_read_in_the_encoding_that_it_is_dropped_in(
    mark: str, encoding: str, begin: bytes
) -> None:
    table = Table((Column("place", ("Trạm",), text), Column("kind", ("Loại",), text)))
    content = as_csv([("Trạm", "Loại"), ("Trần Đề", "mặn")], mark, encoding)
    assert content.startswith(begin)
    (row,) = read_table(table, content).rows
    assert row.values == {"place": "Trần Đề", "kind": "mặn"}
