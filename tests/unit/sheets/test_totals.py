"""A file's own totals are held against its rows; sums worked out by hand."""

import pytest

from hub.sheets.numbers import decimal, integer, money
from hub.sheets.table import Column, Table
from hub.sheets.tabular import read_table
from hub.sheets.vietnamese import text

TABLE = Table(
    (
        Column("area", ("Địa bàn",), text),
        Column("count", ("Số giao dịch",), integer),
        Column("amount", ("Số tiền (triệu đồng)", "Số tiền"), money),
        Column("share", ("Mức",), decimal, required=False),
    )
)
HEAD = "Địa bàn;Số giao dịch;Số tiền (triệu đồng);Mức\n"
ROWS = "A;100;1,5;0,25\nB;200;2,25;0,5\n"


def said(body: str) -> list[str]:
    understood = read_table(TABLE, (HEAD + body).encode()).understood
    return [p.en for p in understood.passed if p.what == "total_differs"]


@pytest.mark.parametrize(
    "body",
    [
        ROWS + "Tổng cộng;300;3,75;0,75\n",
        "Tổng cộng;300;3,75;\n" + ROWS,
        ROWS + "Cộng;300;3,75;\nC;50;1;0\nCộng;50;1;\nTổng cộng;350;4,75;\n",
        ROWS + "Tổng cộng;;;\n",
        ROWS,
    ],
)
def test_totals_that_add_up_are_passed_over_without_a_word(body: str) -> None:
    assert said(body) == []


def test_a_total_that_the_rows_do_not_add_up_to_is_named_by_column() -> None:
    # 100 + 200 is 300, and 1.5 + 2.25 million are 3,750,000 đồng.
    assert said(ROWS + "Tổng cộng;400;3,85;\n") == [
        "row 4, column “Số giao dịch”: the total says 400, the rows add up to 300",
        "row 4, column “Số tiền (triệu đồng)”: the total says 3,85, the rows add up to 3750000",
    ]


def test_rows_that_are_rejected_count_as_far_as_they_can_be_read() -> None:
    body = ROWS + ";50;1;\nD;x;1;\nTổng cộng;350;5,75;\n"
    assert said(body) == [
        "row 6, column “Số giao dịch”: the total says 350, the rows add up to 350;"
        " of 1 rows the number cannot be read"
    ]
