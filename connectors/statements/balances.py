"""Balances: a statement is held against itself before a row of it is taken.

Opening balance and credits less debits are the closing one; each row's balance follows from the row
before it; totals are the sums of their rows. Where that does not hold a row is missing or was
altered, and nothing of the file is taken.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hub.sheets.cells import Cell
from hub.sheets.grids import Grid, in_text, in_workbook
from hub.sheets.numbers import money
from hub.sheets.table import FileError, Row, Table
from hub.sheets.tabular import TableRead
from hub.sheets.vietnamese import ALONE, WrittenError, bare
from hub.sheets.xlsx import ARCHIVE_MAGIC

_OPENING = ("so du dau", "opening balance", "so du ky truoc")
_CLOSING = ("so du cuoi", "closing balance")
SUMMED = ("debit", "credit")


@dataclass
class Stated:
    """What a statement says of itself: balances, and the numbers of the rows that say so."""

    opening: int | None = None
    closing: int | None = None
    numbers: set[int] = field(default_factory=set)


def stated(table: Table, content: bytes) -> Stated:
    """Find the opening and closing balance, above, among or below the rows of one sheet."""
    is_book = content[:4] == ARCHIVE_MAGIC
    grids: list[Grid] = in_workbook(table, content)[0] if is_book else in_text(table, content)
    balances = Stated()
    for grid in grids[:1]:
        for number, cells, _ in (*grid.above, *grid.rows):
            for at, cell in enumerate(cells):
                label = bare(str(cell)).strip()
                if label.startswith(_OPENING):
                    balances.opening = _amount(label, cells[at + 1 :], balances.opening)
                elif label.startswith(_CLOSING):
                    balances.closing = _amount(label, cells[at + 1 :], balances.closing)
                else:
                    continue
                balances.numbers.add(number)
    return balances


def _amount(label: str, behind: Iterable[Cell], before: int | None) -> int | None:
    """Read the amount behind a label, in the next cell that holds one or at its cell's end.

    A label may name its day, `Số dư đầu kỳ 01/05/2025`, which is no amount.
    """
    tail = re.search(r"(?<![0-9/.,-])[0-9][0-9.,]*(?= ?(?:d|vnd|dong)?\W*$)", label)
    for cell in [c for c in behind if str(c).strip()] + ([tail[0]] if tail else []):
        try:
            return int(money.read(cell, ALONE))
        except WrittenError:
            continue
    return before


def hold(read: TableRead, balances: Stated) -> None:
    """Hold a statement's rows against its balances; raises `FileError` where they differ.

    A row whose amount cannot be read is rejected itself, and then nothing can be added up.
    """
    differs = next((p for p in read.understood.passed if p.what == "total_differs"), None)
    if differs is not None:
        raise _differing(differs.vi, differs.en, "")
    moves = [_move(row) for row in read.rows]
    if any(m is None for m in moves):
        return
    amounts = [m for m in moves if m is not None]
    if balances.opening is not None and balances.closing is not None:
        made, closing = balances.opening + sum(amounts), balances.closing
        if made != closing:
            vi = f"số dư cuối kỳ ghi {_dots(closing)}, cộng từ số dư đầu kỳ và các dòng được"
            en = f"the closing balance is {_dots(closing)}, the opening one and the rows make"
            raise _differing(f"{vi} {_dots(made)}", f"{en} {_dots(made)}", str(closing))
    rows = list(zip(read.rows, amounts, strict=True))
    ascending = _first_wrong(rows, balances.opening)
    if ascending is not None and _first_wrong(rows[::-1], balances.opening) is not None:
        row, made = ascending
        shown = _dots(_of(row)["balance"])
        vi = f"dòng {row.number}: số dư ghi {shown}, cộng từ dòng trước được {_dots(made)}"
        en = f"row {row.number}: the balance is {shown}, the row before makes it {_dots(made)}"
        raise _differing(vi, en, str(_of(row)["balance"]))


def _first_wrong(rows: Sequence[tuple[Row, int]], opening: int | None) -> tuple[Row, int] | None:
    """Find the first row whose balance does not follow from the one before; some show none."""
    before = opening
    for row, amount in rows:
        balance = _of(row).get("balance")
        made = None if before is None else before + amount
        if isinstance(balance, int) and made is not None and balance != made:
            return row, made
        before = balance if isinstance(balance, int) else made
    return None


def _of(row: Row) -> dict[str, int]:
    return row.said if row.verdict else row.values


def _move(row: Row) -> int | None:
    """Give by how much a row changes the balance; None where that cannot be read."""
    values = _of(row)
    debit, credit = (values.get(name, 0) for name in SUMMED)
    if not (isinstance(debit, int) and isinstance(credit, int)):
        return None
    return credit - debit


def _differing(vi: str, en: str, value: str) -> FileError:
    vi += "; sao kê thiếu dòng hoặc đã bị sửa, hãy xin ngân hàng xuất lại"
    en += "; rows are missing or were altered: ask the bank to export it again"
    return FileError("balance_differs", vi, en, value=value)


def _dots(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")
