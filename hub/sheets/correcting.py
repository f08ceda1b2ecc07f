"""Corrections: what somebody typed in the place of some cells of a file, before it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hub.sheets.cells import Typed
from hub.sheets.columns import Part
from hub.sheets.headers import Heading
from hub.sheets.table import FileError, Table

# By the place of a row and the field of a column, what is typed there.
Corrections = Mapping[tuple[int, str], str]


def correct(table: Table, parts: Sequence[Part], corrections: Corrections) -> None:
    """Put what was typed in the place of cells; a column that a sheet lacks is set beside it.

    Raises `FileError` for a row that is not there or a field that no column fills.
    """
    columns = {c.field: c for c in table.columns}
    rows = _rows(parts)
    for (place, field), words in corrections.items():
        if place not in rows or field not in columns:
            vi = f"không có ô để sửa: dòng {place + 1}, cột {field}"
            en = f"there is no such cell to correct: row {place + 1}, column {field}"
            raise FileError("no_such_cell", vi, en, value=f"{place + 1}")
        part, index = rows[place]
        part.is_corrected = True
        headings = part.grid.headings
        if field not in headings.known:
            headings.known[field] = Heading(headings.width, columns[field].headers[0])
            part.grid.headings = replace(headings, width=headings.width + 1)
        at = part.grid.headings.known[field].at
        number, cells, original = part.rows[index]
        line = list(cells) + [""] * (at + 1 - len(cells))
        line[at] = Typed(words)
        part.rows[index] = (number, line, original)


def _rows(parts: Sequence[Part]) -> dict[int, tuple[Part, int]]:
    """Find the rows of all sheets by their places, which count on from sheet to sheet."""
    rows: dict[int, tuple[Part, int]] = {}
    start = 0
    for part in parts:
        rows |= {start + number - 1: (part, i) for i, (number, _, _) in enumerate(part.rows)}
        start += part.rows[-1][0] if part.rows else 0
    return rows
