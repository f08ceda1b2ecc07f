"""Tables that people send: CSV and XLSX, read by declared columns, with a verdict per wrong row.

A file is read as a whole before its rows are judged: all sheets with the table's columns, one way
of writing numbers and days per column, one unit per column and sheet. What is not read as a row (a
sheet, a column, a note, a total) is named in `Understood`, never dropped unsaid.

A row's number is the one that its sheet program shows: the first row of the sheet is 1, which is
the header's where nothing stands above it. What makes a file unreadable as a whole (no header, a
limit, an unknown encoding, two units) is one verdict on row 1.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from hub.definitions.admission import barred, unreadable, verdict_of
from hub.definitions.faults import Fault, show_value
from hub.definitions.masking import hidden
from hub.sheets import grids
from hub.sheets.barring import Withheld, withhold, without_words
from hub.sheets.cells import (
    Cell,
    Cut,
    Failed,
    Merged,
    Typed,
    Uncomputed,
    Veiled,
    as_shown,
)
from hub.sheets.columns import Part, WholeColumn, find_readings, is_touched, named_unit
from hub.sheets.correcting import Corrections, correct
from hub.sheets.daily import RECORDED, Daily
from hub.sheets.grids import ORIGINAL_BYTES_MAX, TABLE_ROWS_MAX, Grid, Raw, in_text, in_workbook
from hub.sheets.notes import as_written, shown
from hub.sheets.surroundings import part_of
from hub.sheets.table import Column, FileError, Row, Table, masked_as
from hub.sheets.totals import hold_totals
from hub.sheets.understood import PassedOver, Understood, UnderstoodColumn, words_of
from hub.sheets.unsupported import refuse_unsupported
from hub.sheets.vietnamese import ALONE, Reading, WrittenError
from hub.sheets.xlsx import ARCHIVE_MAGIC, CELL_LENGTH_MAX, XlsxError
from hub.troubles import RefusedError

UNCORRECTED = " ?"  # after a cell that was refused with its column, so that it stays refused


@dataclass
class TableRead:
    """The rows of a file that are not blank, in order, and how the file was understood."""

    rows: list[Row]
    understood: Understood = field(default_factory=Understood)


def read_rows(table: Table, data: bytes) -> list[Row]:
    """Read a file's rows; `read_table` says too how it was understood."""
    return read_table(table, data).rows


def read_table(
    table: Table,
    data: bytes,
    corrections: Corrections | None = None,
    daily: Daily | None = None,
) -> TableRead:
    """Read a file, CSV or XLSX by its content: each row that is not blank, in order.

    `corrections` are what was typed in the place of some cells; `daily` says when rows were
    recorded that do not say it themselves. A file that cannot be read as a whole is one row with
    its verdict.
    """
    understood = Understood()
    try:
        parts, withheld = _parts(table, data, corrections, understood.passed)
        columns = {c.field: find_readings(c, parts) for c in table.columns}
        _understand(table, parts, columns, understood)
        understood.to_count = _unsaid(table, parts)
        rows = list(_read(table, parts, columns, understood, _Withheld(data, withheld)))
        if not rows:
            vi, en = "tệp không có dòng số liệu nào", "there is no row under the header"
            raise FileError("empty", vi, en)
        hold_totals(table, parts, columns, rows, understood)
        if daily is not None:
            daily.on(rows)
        understood.written = _Written(table, data, corrections, daily)
    except (XlsxError, FileError) as error:
        if not table.bars:
            return TableRead([whole_file(data, error)], understood)
        row = whole_file(data, without_words(table, error), kept=0)
        return TableRead([row])  # without what stands around the rows
    return TableRead(rows, understood)


def _parts(
    table: Table, data: bytes, corrections: Corrections | None, passed: list[PassedOver]
) -> tuple[list[Part], Withheld]:
    """Read a file as parts, and what is withheld of them; add to `passed` what is no row."""
    sheets, others = _grids(table, data)
    passed += others
    parts = [part_of(table, grid, passed) for grid in sheets]
    if len(parts) > 1:
        parts = [p for p in parts if p.rows] or parts
    if corrections:
        correct(table, parts, corrections)
    return parts, withhold(table, parts)


class _Written:
    """The cells of a file as they were written, by place and field.

    They are read once more where one of them turns out to be wrong: to keep all would double what
    a large file costs.
    """

    def __init__(
        self, table: Table, data: bytes, corrections: Corrections | None, daily: Daily | None
    ) -> None:
        self._table, self._data, self._corrections = table, data, corrections
        self._name = "" if daily is None else daily.name

    @cached_property
    def _rows(self) -> dict[int, tuple[Part, Sequence[Cell]]]:
        rows: dict[int, tuple[Part, Sequence[Cell]]] = {}
        start = 0
        for part in _parts(self._table, self._data, self._corrections, [])[0]:
            rows |= {start + number - 1: (part, cells) for number, cells, _ in part.rows}
            start += part.rows[-1][0] if part.rows else 0
        return rows

    def __call__(self, place: int, field: str) -> str:
        """Show a cell; one that is not there is empty. What a file's name said is its name."""
        part, cells = self._rows[place]
        heading = part.grid.headings.known.get(field)
        if heading is None or heading.at >= len(cells):
            return as_written(self._name) if field == RECORDED else ""
        column = next(c for c in self._table.columns if c.field == field)
        return as_written(cells[heading.at], masked_as(column))


def _grids(table: Table, data: bytes) -> tuple[list[Grid], list[PassedOver]]:
    if len(data) > grids.FILE_BYTES_MAX:
        mib = grids.FILE_BYTES_MAX // 2**20
        raise FileError("too_large", f"tệp lớn hơn {mib} MiB", f"over {mib} MiB")
    if data[:4] != ARCHIVE_MAGIC:
        refuse_unsupported(data)
    return in_workbook(table, data) if data[:4] == ARCHIVE_MAGIC else (in_text(table, data), [])


class _Withheld:
    """The rows of a file of which nothing is kept: each is known by its file and its place."""

    def __init__(self, data: bytes, rows: Withheld) -> None:
        self._rows = rows
        self._digest = hashlib.blake2b(data, digest_size=16).hexdigest() if rows else ""

    def row(self, at: int, number: int, place: int, sheet: str) -> Row | None:
        """Reject a row with barred content; None where there is none in it."""
        bar = self._rows.get((at, number))
        if bar is None:
            return None
        known_by = f"{bar.rule} {self._digest} {place}".encode()
        return Row(number, known_by, {}, barred(bar, place), {}, place, sheet)


def whole_file(data: bytes, error: RefusedError, kept: int = ORIGINAL_BYTES_MAX) -> Row:
    """Reject a file as a whole; it is known by its digest, of its bytes the first are kept."""
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    original = f"{digest} {len(data)}\n".encode() + data[:kept]
    vi, en = f"cả tệp: {error.vi}", f"the whole file: {error.en}"
    verdict = unreadable(error.rule, "", error.value, vi, en)
    if error.value in vi and error.value in en:
        # The words name it already: twice, a list of columns hides what is wrong.
        verdict = replace(verdict, message_vi=vi, message_en=en)
    return Row(1, original, {}, verdict)


def _read(
    table: Table,
    parts: Sequence[Part],
    columns: Mapping[str, WholeColumn],
    understood: Understood,
    withheld: _Withheld,
) -> Iterator[Row]:
    """Read the rows of all parts; a row's place counts on from sheet to sheet."""
    start, count = 0, 0
    for at, part in enumerate(parts):
        name = part.grid.name if len(parts) > 1 else ""
        understood.starts.append((part.grid.name, start))
        reader = _RowReader(table, part, columns, at, name, start, understood.to_count)
        for raw in part.rows:
            count += 1
            if count > TABLE_ROWS_MAX:
                raise grids.too_many_rows()
            yield withheld.row(at, raw[0], start + raw[0] - 1, name) or reader.row(raw)
        start += part.rows[-1][0] if part.rows else 0


class _RowReader:
    """Reads the rows of one sheet, each column as the whole of it is read."""

    def __init__(
        self,
        table: Table,
        part: Part,
        columns: Mapping[str, WholeColumn],
        at: int,
        sheet: str,
        start: int,
        to_count: str,
    ) -> None:
        known = dict(part.grid.headings.known)
        known.pop(to_count, None)  # a column of blanks says as much as none
        gone = [c for c in table.columns if c.field not in known]
        self._absent = {c.field: c.absent for c in gone if c.absent is not None}
        self._columns = [
            (c, h.at, h.written, columns[c.field].readings[at], c.reads.read)
            for c in table.columns
            if (h := known.get(c.field))
        ]
        self._troubles = {f: c.trouble for f, c in columns.items() if c.trouble is not None}
        self._width = part.grid.headings.width
        self._sheet, self._start = sheet, start

    def row(self, raw: Raw) -> Row:
        """Read one row: its values, or everything that is wrong with it."""
        number, cells, original = raw
        place = self._start + number - 1
        values = dict(self._absent)
        try:
            self._check_width(cells)
            for column, at, _, reading, read in self._columns:
                cell = cells[at] if at < len(cells) else ""
                if isinstance(cell, str):
                    if type(cell) is not str or len(cell) > CELL_LENGTH_MAX:
                        _check_text(cell)
                    if not cell or cell.isspace():
                        if column.is_filled:
                            raise _missing()
                        continue
                if self._troubles:
                    self._check_column(column, cell)
                values[column.field] = read(cell, ALONE if type(cell) is Typed else reading)
        except WrittenError:
            return self._wrong(raw, place)
        return Row(number, original, values, None, {}, place, self._sheet)

    def _wrong(self, raw: Raw, place: int) -> Row:
        """Look at each cell of a row that is wrong: what it says, and all that is wrong with it."""
        number, cells, original = raw
        values, words = dict(self._absent), dict[str, Any]()
        faults, wrong = [], []
        where = words_of(self._sheet, number)
        try:
            self._check_width(cells)
        except WrittenError as error:
            beyond = next((c for c in cells[self._width :] if c != ""), "")
            faults.append(_fault(where, error, "", hidden(beyond)))
            wrong.append("")
        for column, at, name, reading, read in self._columns:
            cell = cells[at] if at < len(cells) else ""
            is_blank = isinstance(cell, str) and not cell.strip()
            try:
                if isinstance(cell, str):
                    _check_text(cell)
                if is_blank:
                    words |= {column.field: ""} if at < len(cells) else {}
                    if column.is_filled:
                        raise _missing()
                    continue
                self._check_column(column, cell)
                as_read = ALONE if type(cell) is Typed else reading
                values[column.field] = words[column.field] = read(cell, as_read)
            except WrittenError as error:
                if not is_blank:
                    is_column = column.field in self._troubles and is_touched(column, cell)
                    words[column.field] = as_shown(cell) + (UNCORRECTED if is_column else "")
                said = as_written(cell, masked_as(column))
                faults.append(_fault(where, error, name, said, column.example))
                wrong.append(column.field)
        verdict = verdict_of(place, faults)
        return Row(number, original, values, verdict, words, place, self._sheet, wrong)

    def _check_width(self, cells: Sequence[Cell]) -> None:
        if any(c != "" for c in cells[self._width :]):
            vi = "có ô ngoài các cột của tiêu đề; dấu phân cách có thể làm lệch cột"
            en = "a cell beyond the header; columns may be off"
            raise WrittenError("too_many_cells", vi, en)

    def _check_column(self, column: Column, cell: Cell) -> None:
        trouble = self._troubles.get(column.field)
        if trouble is not None and is_touched(column, cell):
            vi, en = f"cả cột không đọc được: {trouble.vi}", f"the whole column: {trouble.en}"
            raise WrittenError(trouble.rule, vi, en)


def _missing() -> WrittenError:
    return WrittenError("required", "thiếu giá trị bắt buộc", "a required value is missing")


def _fault(
    where: tuple[str, str], error: WrittenError, header: str, value: str, example: str = ""
) -> Fault:
    """Say what is wrong with a cell: its row and column, what stands there, and what is right."""
    cell = show_value(value)
    said = f"“{cell}” " if cell else ""
    column = (f", cột {header}", f", column {header}") if header else ("", "")
    vi = error.vi if "ví dụ" in error.vi or not example else f"{error.vi}, ví dụ {example}"
    en = error.en if "such as" in error.en or not example else f"{error.en}, such as {example}"
    message_vi, message_en = (
        f"{place}{title}: {said}{text}"
        for place, title, text in zip(where, column, (vi, en), strict=True)
    )
    return Fault(error.rule, header, cell, message_vi, message_en)


def _check_text(cell: str) -> None:
    if isinstance(cell, Uncomputed):
        vi = "ô chứa công thức chưa được tính; hãy mở tệp bằng Excel, lưu lại, hoặc dán giá trị"
        vi += " thay cho công thức"
        en = "the cell holds a formula that was never computed; open the file in Excel and save it,"
        en += " or paste the value in place of the formula"
        raise WrittenError("uncomputed_formula", vi, en)
    if isinstance(cell, Veiled):
        vi = (
            "ô hiện khác với giá trị đã lưu (định dạng chia nghìn, kèm đơn vị khác, hoặc ngày không"
        )
        vi += " có năm); hãy đặt định dạng Số, hoặc ngày đủ năm, rồi xem lại giá trị"
        en = "the cell shows another value than it holds (a format that divides by thousands, adds"
        en += " a unit, or leaves out the year); format it as a number, or a day with its year, and"
        en += " look at its value again"
        raise WrittenError("shown_otherwise", vi, en)
    if isinstance(cell, Merged):
        vi = "ô số bị gộp với ô khác; hãy bỏ gộp ô và ghi giá trị của từng dòng, từng cột"
        en = "a cell of numbers is merged with another; unmerge them and write each one's value"
        raise WrittenError("merged_cell", vi, en)
    if isinstance(cell, Cut):
        vi = "dòng cuối thiếu ô và không có dấu hết dòng: tệp bị cắt; hãy xuất lại cả tệp"
        en = "the last line lacks cells and its end: the file was cut; export it again"
        raise WrittenError("cut_off", vi, en)
    if isinstance(cell, Failed):
        vi = "ô báo lỗi hoặc không phải số, ngày; hãy sửa công thức hoặc định dạng"
        raise WrittenError("error_cell", vi, "the cell holds an error, or neither number nor day")
    if len(cell) > CELL_LENGTH_MAX:
        vi, en = f"dài quá {CELL_LENGTH_MAX} ký tự", f"longer than {CELL_LENGTH_MAX} characters"
        raise WrittenError("too_long", vi, en)


def _understand(
    table: Table,
    parts: Sequence[Part],
    columns: Mapping[str, WholeColumn],
    understood: Understood,
) -> None:
    """Say of each column what it is taken for, with its first cell that holds something."""
    for at, part in enumerate(parts):
        sheet = part.grid.name if len(parts) > 1 else ""
        for column in table.columns:
            heading = part.grid.headings.known.get(column.field)
            if heading is None:
                continue
            whole = columns[column.field]
            reading = whole.readings[at]
            cell = next((c for c in _cells(part, column.field) if str(c).strip()), "")
            value = "" if cell == "" else _value(column, cell, whole, reading)
            example = shown(cell, masked_as(column))
            one = UnderstoodColumn(
                sheet, heading.written, column.field, column.headers[0], example, value,
                named_unit(reading), *_ways(column, reading),
            )  # fmt: skip
            understood.columns.append(one)


def _unsaid(table: Table, parts: Sequence[Part]) -> str:
    """Name the column that the hub counts itself, as no cell of the file says it."""
    for column in table.columns:
        cells = (str(c).strip() for p in parts for c in _cells(p, column.field))
        if column.is_counted and not any(cells):
            return column.field
    return ""


def _cells(part: Part, field: str) -> Iterator[Cell]:
    """Give the cells of a field's column, those that were typed among them."""
    heading = part.grid.headings.known.get(field)
    if heading is not None:
        yield from (r[1][heading.at] for r in part.rows if heading.at < len(r[1]))


def _value(column: Column, cell: Cell, whole: WholeColumn, reading: Reading) -> str:
    if whole.trouble is not None and is_touched(column, cell):
        return "?"
    try:
        value = column.reads(cell, ALONE if type(cell) is Typed else reading)
        said = ("không", "có")[value] if isinstance(value, bool) else str(value)
        return shown(said, masked_as(column))
    except WrittenError:
        return "?"


def _ways(column: Column, reading: Reading) -> tuple[tuple[str, str], tuple[str, str]]:
    """Name the order of days and the decimal mark of a column, where it has one."""
    order, mark = ("", ""), ("", "")
    if column.kind in ("instant", "period"):
        is_day = reading.order == "day"
        order = ("ngày trước tháng sau", "day first") if is_day else ("tháng trước", "month first")
        if reading.span == "month":
            order = ("ngày đầu tháng chỉ cả tháng", "the first of a month is the month")
    if reading.mark is not None:
        is_point = reading.mark == "point"
        mark = (
            ("số lẻ sau dấu chấm", "decimal point")
            if is_point
            else ("số lẻ sau dấu phẩy", "decimal comma")
        )
    return order, mark
