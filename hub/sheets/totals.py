"""Totals: a file's own total rows are held against its rows, column by column.

A total may be of all rows above it, of those since the total before it, or, where it stands above
all rows, of those below. Where a number in it is none of these, it is said; nothing is refused, as
some columns (customers of months) do not add up.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.sheets.cells import Cell
from hub.sheets.columns import Part, WholeColumn
from hub.sheets.notes import shown
from hub.sheets.table import Column, Row, Table
from hub.sheets.understood import PassedOver, Understood, words_of
from hub.sheets.vietnamese import Reading, WrittenError

_ADDED = ("integer", "money", "decimal")
Number = int | Decimal


def hold_totals(
    table: Table,
    parts: Sequence[Part],
    columns: Mapping[str, WholeColumn],
    rows: Sequence[Row],
    understood: Understood,
) -> None:
    """Name in `understood.passed` each number of a total row that its rows do not add up to."""
    for at, part in enumerate(parts):
        if not part.totals:
            continue
        start = understood.starts[at][1]
        end = understood.starts[at + 1][1] if at + 1 < len(parts) else None
        own = [r for r in rows if r.place >= start and (end is None or r.place < end)]
        numbers = [number for number, *_ in part.totals]
        for column in table.columns:
            heading = part.grid.headings.known.get(column.field)
            if heading is None or column.kind not in _ADDED:
                continue
            reading = columns[column.field].readings[at]
            before = 0
            for number, cells, _ in part.totals:
                cell = cells[heading.at] if heading.at < len(cells) else ""
                sheet = part.grid.name if len(parts) > 1 else ""
                difference = _difference(
                    column, cell, reading, _spans(own, before, number, min(numbers))
                )
                if difference is not None:
                    passed = _named(sheet, number, heading.written, cell, *difference)
                    understood.passed.append(passed)
                before = number


def _spans(rows: Sequence[Row], before: int, number: int, first: int) -> list[list[Row]]:
    """Give the rows that a total in the row `number` may be of, the likeliest first."""
    above = [r for r in rows if r.number < number]
    if not above and number == first:
        return [list(rows)]
    return [above, [r for r in above if r.number > before]]


def _difference(
    column: Column, cell: Cell, reading: Reading, spans: Sequence[Sequence[Row]]
) -> tuple[Number, int] | None:
    """Give what the rows add up to instead, and of how many rows the number cannot be read."""
    if isinstance(cell, str) and not cell.strip():
        return None
    try:
        total = column.reads.read(cell, reading)
    except WrittenError:
        return None
    sums = [_sum(column.field, rows) for rows in spans]
    if any(total == found and not unread for found, unread in sums):
        return None
    return sums[0]


def _sum(field: str, rows: Sequence[Row]) -> tuple[Number, int]:
    total: Number = 0
    unread = 0
    for row in rows:
        value = (row.said if row.verdict else row.values).get(field, "")
        if isinstance(value, int | Decimal):
            total += value
        elif value != "":
            unread += 1
    return total, unread


def _named(
    sheet: str, number: int, header: str, cell: Cell, found: Number, unread: int
) -> PassedOver:
    where_vi, where_en = words_of(sheet, number)
    written = shown(cell, "number")
    vi = f"{where_vi}, cột “{header}”: dòng tổng ghi {written}, các dòng cộng lại được {found}"
    en = f"{where_en}, column “{header}”: the total says {written}, the rows add up to {found}"
    if unread:
        vi += f"; {unread} dòng không đọc được số"
        en += f"; of {unread} rows the number cannot be read"
    return PassedOver("total_differs", sheet, number, written, vi, en)
