"""What stands around the rows of a sheet: notes, units and numbering, totals, headers again.

None of it is read as a row; all of it is named, and the units in it are kept.
"""

from collections.abc import Mapping, Sequence

from hub.definitions.masking import hidden
from hub.sheets.cells import Cell, Failed
from hub.sheets.columns import Part
from hub.sheets.grids import Grid, Raw
from hub.sheets.headers import headings
from hub.sheets.layouts import lay_out
from hub.sheets.notes import (
    Unit,
    is_label,
    is_subtotal,
    is_total,
    leads_to_unit,
    shown,
    unit,
    units_in_note,
)
from hub.sheets.table import FileError, Table
from hub.sheets.understood import PassedOver, words_of
from hub.sheets.vietnamese import folded

UNDER_HEADER_MAX = 3  # rows of units and numbering under a header
NOTE_CELLS_MAX = 2  # of a row that is a note below a table
LABELS_MIN = 3
_NUMBERS = ("integer", "money", "decimal", "share")


def part_of(table: Table, grid: Grid, passed: list[PassedOver]) -> Part:
    """Tell the rows of a sheet from what stands around them, which is added to `passed`."""
    rows = grid.rows
    noted = [] if not grid.name else _stated(grid.name)
    for number, cells, _ in grid.above:
        _note(grid, number, cells, noted, passed)
    begin, under = _under_header(table, grid, passed)
    end = _begin_of_notes(table, rows, begin)
    for number, cells, _ in rows[end:]:
        _note(grid, number, cells, noted, passed)
    _columns_passed(grid, rows[begin:end], passed)
    data, totals = _without_totals(table, grid, rows[begin:end], passed)
    _units_beside(grid, data, noted)
    return Part(grid, lay_out(table, grid, data, passed), noted, under, totals=totals)


def _note(
    grid: Grid, number: int, cells: Sequence[Cell], noted: list[Unit], passed: list[PassedOver]
) -> None:
    """Keep the units of a note above or below the table, and name it."""
    texts = [str(c) for c in cells if isinstance(c, str) and c.strip()]
    if not texts:
        return
    for note, behind in zip(texts, [*texts[1:], ""], strict=True):
        is_lead = leads_to_unit(note)
        noted += _stated(f"{note.rstrip(' :')}: {behind}" if is_lead else note)
    note = shown("; ".join(texts))
    passed.append(_named("note", grid, number, note, "ghi chú", "a note"))


def _stated(note: str) -> list[Unit]:
    """Find the units that a note states. Raises `FileError` for one of which column is unclear."""
    units = units_in_note(note)
    if any(u.counts == "count" and u.scale for u in units):
        vi = f"đơn vị tính “{shown(note)}” không rõ cho cột nào; hãy ghi trong tiêu đề cột, ví"
        vi += " dụ “Số giao dịch (nghìn lượt)”"
        en = f"it is not clear which column the unit “{shown(note)}” is for; write it in the"
        en += " header, such as “Số giao dịch (nghìn lượt)”"
        raise FileError("two_units", vi, en, value=shown(note))
    return units


def _units_beside(grid: Grid, rows: Sequence[Raw], noted: list[Unit]) -> None:
    """Keep the units that a column of units, `Đơn vị tính` or `Loại tiền`, gives row by row."""
    for at, header in grid.headings.unknown.items():
        if leads_to_unit(header):
            words = dict.fromkeys(str(cells[at]).strip() for _, cells, _ in rows if at < len(cells))
            for word in filter(None, words):
                noted += _stated(f"{header}: {word}")


def _under_header(
    table: Table, grid: Grid, passed: list[PassedOver]
) -> tuple[int, dict[int, list[Unit]]]:
    """Find the rows of units and numbering under the header; give the first row that is none."""
    known = grid.headings.known
    columns = {known[c.field].at: c.kind for c in table.columns if c.field in known}
    under: dict[int, list[Unit]] = {}
    for at, (number, cells, _) in enumerate(grid.rows[:UNDER_HEADER_MAX]):
        there = {i: str(c).strip() for i, c in enumerate(cells) if str(c).strip()}
        units = {i: u for i, row_words in there.items() if (u := _unit_under(row_words))}
        figures = [i for i in there if columns.get(i) in _NUMBERS]
        has_no_figure = all(i in units or _is_label(there[i]) for i in figures)
        names_units = any(columns.get(i) in _NUMBERS or u.written for i, u in units.items())
        is_units = (
            has_no_figure and names_units and bool(figures) and any(i in units for i in figures)
        )
        if not (is_units or _is_numbering(there.values())):
            return at, under
        for i, one in units.items():
            if columns.get(i) in _NUMBERS or columns.get(i) in ("instant", "period"):
                under.setdefault(i, []).append(one)
        row_words = shown("; ".join(there.values()), "number")
        passed.append(
            _named("units", grid, number, row_words, "dòng đơn vị tính", "a row of units")
        )
    return min(len(grid.rows), UNDER_HEADER_MAX), under


def _unit_under(said: str) -> Unit | None:
    """Read a unit under a header; a letter alone numbers its column."""
    if len(said) == 1 and said != "đ" and said.isascii() and said not in "m%":
        return None
    return unit(said)


def _is_label(said: str) -> bool:
    return said.startswith("(") and is_label(said)


def _is_numbering(said: object) -> bool:
    """Tell whether all cells of a row number their columns: in brackets, or in sequence."""
    labels = [str(s) for s in said]  # type: ignore[attr-defined]
    if len(labels) < LABELS_MIN or not all(is_label(s) for s in labels):
        return False
    if all(s.startswith("(") for s in labels):
        return True
    bare = [folded(s).strip("()").partition("=")[0] for s in labels]
    letters = [s for s in bare if s.isalpha()]
    figures = [s for s in bare if s.isdecimal()]
    first = int(figures[0]) if figures else 1
    return (
        letters == [chr(ord("a") + i) for i in range(len(letters))]
        and figures == [str(first + i) for i in range(len(figures))]
        and first in (0, 1, len(letters) + 1)
    )


def _begin_of_notes(table: Table, rows: Sequence[Raw], begin: int) -> int:
    """Find where notes and signatures begin below the rows: few cells, in words."""
    end = len(rows)
    while end > begin:
        cells = [c for c in rows[end - 1][1] if str(c).strip()]
        is_few = len(cells) <= NOTE_CELLS_MAX and len(cells) * 3 <= len(table.filled)
        # Who signs below has no figure, which every row has.
        has_figures = any(letter.isdigit() for c in cells for letter in str(c))
        is_few = is_few or (not has_figures and len(cells) * 2 <= len(table.filled))
        is_words = all(isinstance(c, str) and not isinstance(c, Failed) for c in cells)
        if not (is_few and is_words and any(" " in str(c).strip() for c in cells)):
            break
        if is_total(cells, ()):
            break
        end -= 1
    return end


def _without_totals(
    table: Table, grid: Grid, rows: Sequence[Raw], passed: list[PassedOver]
) -> tuple[list[Raw], list[Raw]]:
    """Part rows from totals; leave out headers that are repeated, as on every printed page.

    What is left out is named.
    """
    known = grid.headings.known
    texts = [
        known[c.field].at
        for c in table.columns
        if c.field in known and c.kind in ("text", "code", "period")
    ]
    names = [c.field for c in table.filled if c.kind not in _NUMBERS]
    needed = [known[name].at for name in names if name in known]
    places = {field: h.at for field, h in known.items()}
    kept, totals = [], []
    for raw in rows:
        number, cells, _ = raw
        if _may_be_header(cells, places):
            again = headings(table, cells)
            if {field: h.at for field, h in again.known.items()} == places:
                written = shown(next(str(c) for c in cells if str(c).strip()))
                passed.append(
                    _named("header", grid, number, written, "tiêu đề lặp lại", "the header again")
                )
                continue
            if 2 * len(again.known) > len(places):
                raise _two_tables(grid, number)
        if is_total(cells, texts) or is_subtotal(cells, needed):
            said = shown("; ".join(str(c) for c in cells if str(c).strip()), "number")
            passed.append(_named("total", grid, number, said, "dòng tổng", "a total"))
            totals.append(raw)
        else:
            kept.append(raw)
    return kept, totals


def _may_be_header(cells: Sequence[Cell], places: Mapping[str, int]) -> bool:
    """Tell whether a row has words alone, and more than half of the columns."""
    count = 0
    for at in places.values():
        cell = cells[at] if at < len(cells) else ""
        if type(cell) is not str or any(letter.isdigit() for letter in cell):
            return False
        count += cell.strip() != ""
    return 2 * count > len(places)


def _two_tables(grid: Grid, number: int) -> FileError:
    where_vi, where_en = words_of(grid.name, number)
    vi = f"{where_vi}: bảng thứ hai có tiêu đề khác hay thứ tự cột khác bảng trên; hãy để mỗi bảng"
    vi += " ở một trang riêng"
    en = f"{where_en}: a second table has other headers, or in another order, than the first; put"
    en += " each table on a sheet of its own"
    return FileError("two_tables", vi, en, value=str(number))


def _columns_passed(grid: Grid, rows: Sequence[Raw], passed: list[PassedOver]) -> None:
    """Name the columns that fill no field, also those without a header that hold something."""
    places = {h.at for h in grid.headings.known.values()}
    for at in range(grid.headings.width):
        headers = shown(grid.header[at]) if at < len(grid.header) else ""
        if at in places or (headers and at not in grid.headings.unknown):
            continue
        if not headers:
            example = next(
                (str(r[1][at]) for r in rows if at < len(r[1]) and str(r[1][at]).strip()), ""
            )
            if not example:
                continue
            headers = hidden(example)  # no header says what it is
            vi, en = "cột không có tiêu đề", "a column without a header"
        else:
            vi, en = "cột không thuộc bảng này", "a column that fills no field"
        passed.append(_named("column", grid, 0, headers, vi, en))


def _named(what: str, grid: Grid, number: int, said: str, vi: str, en: str) -> PassedOver:
    if number:
        where = words_of(grid.name, number)
    else:
        where = (f"trang “{grid.name}”", f"sheet “{grid.name}”") if grid.name else ("", "")
    at_vi, at_en = (f"{where[0]}, ", f"{where[1]}, ") if where[0] else ("", "")
    text_vi, text_en = f"bỏ qua {at_vi}{vi}: “{said}”", f"passed over: {at_en}{en}: “{said}”"
    return PassedOver(what, grid.name, number, said, text_vi, text_en)
