"""A column that must be there though its cells may be blank: absent is wrong, blank is none."""

from typing import Any

import pytest

from connectors.statements.connector import read as read_statement
from hub.connecting.feeds import JsonObject
from hub.connecting.rows import again_of
from hub.definitions.admission import Verdict
from hub.definitions.contract import Contract
from hub.sheets.mapping import FileMapping, MappedColumn
from hub.sheets.numbers import integer
from hub.sheets.table import Column, Row, Table
from hub.sheets.tabular import read_rows
from hub.sheets.vietnamese import text
from schemas.contracts.reading import Reading

TABLE = Table(
    (
        Column("unit", ("Mã đơn vị", "Đơn vị"), text),
        Column("place", ("Nơi tra cứu",), text),
        Column("count", ("Số lượt",), integer),
        Column("card", ("Số thẻ, nếu có", "Số thẻ"), text, may_be_blank=True),
    )
)
HEADER = "Đơn vị;Nơi tra cứu;Số lượt;Số thẻ"


def read(*lines: str, table: Table = TABLE, end: str = "\n") -> list[Row]:
    return read_rows(table, ("\n".join(lines) + end).encode())


def test_a_blank_cell_says_that_there_is_none() -> None:
    first, second, third = read(HEADER, "A.1;Trạm 1;3;T-1", "A.1;Trạm 1;4;", "A.1;Trạm 1;5; ")
    assert first.values == {"unit": "A.1", "place": "Trạm 1", "count": 3, "card": "T-1"}
    assert second.values == {"unit": "A.1", "place": "Trạm 1", "count": 4}
    assert third.values == {"unit": "A.1", "place": "Trạm 1", "count": 5}


def test_a_column_of_nothing_but_blanks_is_there() -> None:
    assert [r.verdict for r in read(HEADER, "A.1;Trạm 1;3;", "A.2;Trạm 2;4;")] == [None, None]


def test_a_header_that_is_absent_is_named_in_both_languages() -> None:
    (row,) = read("Đơn vị;Nơi tra cứu;Số lượt", "A.1;Trạm 1;3")
    assert row.verdict is not None
    assert (row.verdict.rule, row.verdict.value) == ("missing_header", "Số thẻ")
    assert "thiếu cột Số thẻ" in row.verdict.message_vi
    assert "the columns Số thẻ are missing" in row.verdict.message_en


@pytest.mark.parametrize("lacks", ["MÃ THẺ BHYT", "ĐV"])
def test_a_column_is_named_as_its_sender_knows_it(lacks: str) -> None:
    """Who heads a column by words of their own is told those, not the field's title."""
    mapping = FileMapping(
        contract="x",
        sender="y",
        columns=(
            MappedColumn(header="MÃ THẺ BHYT", field="card"),
            MappedColumn(header="ĐV", field="unit"),
        ),
    )
    headers = [h for h in ("ĐV", "Nơi tra cứu", "Số lượt", "MÃ THẺ BHYT") if h != lacks]
    (row,) = read(";".join(headers), "A;B;3", table=mapping.on(TABLE))
    assert row.verdict is not None
    assert (row.verdict.rule, row.verdict.value) == ("missing_header", lacks)
    for message in (row.verdict.message_vi, row.verdict.message_en):
        assert lacks in message
        assert "Mã đơn vị" not in message
        assert "Số thẻ" not in message


def test_a_last_line_that_was_cut_off_says_no_none() -> None:
    """A blank says that there is none; a cell that was lost with the end of a file says nothing."""
    *_, whole = read(HEADER, "A.1;Trạm 1;3;T-1", "A.2;Trạm 2;45;")
    assert whole.verdict is None
    *_, cut = read(HEADER, "A.1;Trạm 1;3;T-1", "A.2;Trạm 2;45", end="")
    assert cut.verdict is not None
    assert cut.verdict.rule == "cut_off"


def test_a_corrected_row_may_leave_it_blank_too() -> None:
    made: list[dict[str, Any]] = []

    def event(values: dict[str, Any]) -> list[JsonObject]:
        made.append(values)
        return []

    again = again_of(Contract(Reading), TABLE, event)
    said = '{"Mã đơn vị": "A.1", "Nơi tra cứu": "T", "Số lượt": "3"%s}'
    for more in ("", ', "Số thẻ": ""'):
        assert again.read((said % more).encode(), b"") == []
    assert made == [{"unit": "A.1", "place": "T", "count": 3}] * 2
    refused = again.read('{"Nơi tra cứu": "T", "Số lượt": "3"}'.encode(), b"")
    assert isinstance(refused, Verdict)
    assert refused.rule == "required"


def test_a_statement_without_its_column_of_words_is_refused_whole() -> None:
    """Else its refunds would be passed over as debits that are no fee's."""
    rows = "16/05/2025 08:15:00;FT1;50.000;\n16/05/2025 08:16:00;FT2;;20.000\n"
    without = f"Ngày giao dịch;Số bút toán;Ghi có;Ghi nợ\n{rows}"
    (record,) = read_statement("VCB-20250516.csv", without.encode())
    assert record.verdict is not None
    assert record.verdict.rule == "missing_header"
    assert "thiếu cột Nội dung;" in record.verdict.message_vi
    assert "the columns Nội dung are missing;" in record.verdict.message_en
    blank = f"Ngày giao dịch;Số bút toán;Ghi có;Ghi nợ;Nội dung\n{rows}".replace("\n16", ";\n16")
    records = read_statement("VCB-20250516.csv", blank.encode())
    assert [r.verdict.rule for r in records if r.verdict] == ["no_reference"]
