"""Tables that people send: CSV and XLSX, read by declared columns, with a verdict per wrong row.

A row's number is the one that its sheet program shows: the first row of the sheet is 1, which is
the header's where nothing stands above it. What makes a file unreadable as a whole (no header, a
limit, an unknown encoding) is one verdict on row 1.
"""

import csv
import hashlib
import io
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from hub.definitions.admission import Verdict, unreadable
from hub.sheets.vietnamese import WrittenError, folded, plain
from hub.sheets.xlsx import (
    ARCHIVE_MAGIC,
    CELL_LENGTH_MAX,
    COLUMNS_MAX,
    ROW_CELLS_MAX,
    Cell,
    Failed,
    Workbook,
    XlsxError,
)
from hub.troubles import RefusedError

FILE_BYTES_MAX = 64 * 2**20
TABLE_ROWS_MAX = 200_000
HEADER_ROWS_MAX = 50  # a header stands within the first so many rows
SHEETS_MAX = 20
ORIGINAL_BYTES_MAX = 65_536  # of a file that cannot be read as a whole
DELIMITERS = ";,\t"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Column:
    """A declared column: the field it fills, the headers it may have, and how a cell is read.

    `headers` are compared without case, diacritics and spaces; the first is the one shown to
    people. `reads` is one of `hub.sheets.vietnamese`, or raises `WrittenError` like those. A blank
    cell is rejected where it is `required`, else its field is left out. Where the whole column is
    not there every row has `absent`; None means that a required column must be there.
    """

    field: str
    headers: tuple[str, ...]
    reads: Callable[[Cell], Any]
    required: bool = True
    absent: Any = None


@dataclass(frozen=True)
class Table:
    """What a file must hold. Rows that begin with one of `totals` are left out."""

    columns: tuple[Column, ...]
    totals: tuple[str, ...] = ()

    @property
    def needed(self) -> list[Column]:
        """The columns that must be there."""
        return [c for c in self.columns if c.required and c.absent is None]

    def header_of(self, field: str) -> str:
        """Name the column of a field as people see it; a field without one by itself."""
        return next((c.headers[0] for c in self.columns if c.field == field), field)


@dataclass(frozen=True)
class Row:
    """One row: its number, its bytes, and what it says or why it is rejected."""

    number: int
    original: bytes
    values: dict[str, Any]
    verdict: Verdict | None = None
    # What stands in the columns of a row that is rejected, as text, by field.
    said: dict[str, str] = field(default_factory=dict)


class FileError(RefusedError):
    """A file cannot be read as a whole: the rule, the value, and why in both languages."""


# A row as it stands in its file: number, cells, and its own bytes.
_Raw = tuple[int, Sequence[Cell], bytes]


def code(names: Mapping[str, str]) -> Callable[[Cell], str]:
    """Make a reader of names into codes; a name that is not listed is `unmapped_code`."""
    by_name = {folded(name): value for name, value in names.items()}
    if len(by_name) < len(names):
        raise ValueError("two names are the same without case, diacritics and spaces")
    known = ", ".join(names)

    def read(cell: Cell) -> str:
        found = by_name.get(folded(cell)) if isinstance(cell, str) else None
        if found is None:
            vi, en = f"ngoài danh mục; chỉ nhận: {known}", f"not in the list: {known}"
            raise WrittenError("unmapped_code", vi, en)
        return found

    return read


def read_rows(table: Table, data: bytes) -> list[Row]:
    """Read a file, CSV or XLSX by its content: each row that is not blank, in order.

    A file that cannot be read as a whole is one row with its verdict.
    """
    try:
        if len(data) > FILE_BYTES_MAX:
            mib = FILE_BYTES_MAX // 2**20
            raise FileError("too_large", f"tệp lớn hơn {mib} MiB", f"over {mib} MiB")
        if data[:4] == _OLE_MAGIC:
            vi = "tệp .xls kiểu cũ hoặc có mật khẩu; hãy lưu lại dạng .xlsx hoặc CSV"
            en = "an old .xls file or one with a password; save it as .xlsx or CSV"
            raise FileError("unsupported_format", vi, en)
        is_workbook = data[:4] == ARCHIVE_MAGIC
        place, rows = _in_workbook(table, data) if is_workbook else _in_text(table, data)
        found = list(_read(table, place, rows))
        if not found:
            vi, en = "tệp không có dòng số liệu nào", "there is no row under the header"
            raise FileError("empty", vi, en)
    except (XlsxError, FileError) as error:
        return [_whole(data, error)]
    return found


def _whole(data: bytes, error: RefusedError) -> Row:
    """Reject a file as a whole; it is known by its digest, of its bytes the first are kept."""
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    original = f"{digest} {len(data)}\n".encode() + data[:ORIGINAL_BYTES_MAX]
    vi, en = f"cả tệp: {error.vi}", f"the whole file: {error.en}"
    return Row(1, original, {}, unreadable(error.rule, "", error.value, vi, en))


@dataclass(frozen=True)
class _Place:
    """Where the columns stand: cell index and header as written, by field; and the table's width.

    `missing` and `twice` are headers.
    """

    at: dict[str, tuple[int, str]]
    missing: tuple[str, ...]
    twice: tuple[str, ...]
    found: tuple[str, ...]
    width: int


def _place(table: Table, cells: Sequence[Cell]) -> _Place:
    by_name = {folded(h): c for c in table.columns for h in c.headers}
    at: dict[str, tuple[int, str]] = {}
    twice = []
    for index, cell in enumerate(cells):
        column = by_name.get(folded(cell)) if isinstance(cell, str) else None
        if column is None:
            continue
        if column.field in at:
            twice.append(column.headers[0])
        at.setdefault(column.field, (index, _shown(cell)))
    missing = [c.headers[0] for c in table.needed if c.field not in at]
    found = [_shown(c) for c in cells]
    width = max((i + 1 for i, name in enumerate(found) if name), default=0)
    return _Place(at, tuple(missing), tuple(twice), tuple(filter(None, found)), width)


def _shown(cell: Cell) -> str:
    """Show a cell in a message: short, and without what a database or a terminal chokes on."""
    said = plain(str(cell)[:200])
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in said)


def _header(table: Table, rows: Iterable[_Raw]) -> _Place | None:
    """Find the header among the first rows, the best where none is whole; consumes `rows`."""
    best: _Place | None = None
    for _, cells, _ in islice(rows, HEADER_ROWS_MAX):
        place = _place(table, cells)
        if place.at and (best is None or len(place.at) > len(best.at)):
            best = place
        if not place.missing:
            return place
    return best


def _checked(table: Table, places: Sequence[_Place | None]) -> int:
    """Choose the place that fits best; raises `FileError` where it does not fit."""
    best = max(range(len(places)), key=lambda i: len(p.at) if (p := places[i]) else 0)
    place = places[best]
    expected = ", ".join(c.headers[0] for c in table.needed)
    if place is None:
        vi, en = (
            f"không thấy dòng tiêu đề; cần các cột: {expected}",
            f"no header; expected {expected}",
        )
        raise FileError("missing_header", vi, en)
    found = ", ".join(place.found)[:1_000]
    if place.missing:
        missing = ", ".join(place.missing)
        vi = f"thiếu cột {missing}; tìm thấy: {found}; cần: {expected}"
        en = f"the columns {missing} are missing; found: {found}; expected: {expected}"
        raise FileError("missing_header", vi, en, value=missing)
    if place.twice:
        twice = ", ".join(place.twice)
        vi = f"cột {twice} có hai lần; tìm thấy: {found}"
        raise FileError(
            "duplicate_header", vi, f"columns that occur twice; found: {found}", value=twice
        )
    return best


def _in_workbook(table: Table, data: bytes) -> tuple[_Place, Iterator[_Raw]]:
    book = Workbook(data)
    names = book.sheets[:SHEETS_MAX]
    places: list[_Place | None] = []
    for name in names:
        places.append(_header(table, _sheet_rows(book, name)))
        if (place := places[-1]) and not place.missing:
            break
    best = _checked(table, places)
    rows = _sheet_rows(book, names[best])
    return _after_header(table, rows)


def _sheet_rows(book: Workbook, name: str) -> Iterator[_Raw]:
    for number, cells in book.rows(name):
        yield number, cells, json.dumps([str(c) for c in cells], ensure_ascii=False).encode()


def _in_text(table: Table, data: bytes) -> tuple[_Place, Iterator[_Raw]]:
    text, encoding = decoded(data, [h for c in table.columns for h in c.headers])
    places = []
    for delimiter in DELIMITERS:
        try:
            places.append(_header(table, _text_rows(text, delimiter, encoding)))
        except FileError:
            places.append(None)  # said again below, if this is the one that fits best
    best = _checked(table, places) if any(places) else 0
    if not any(places):
        _header(table, _text_rows(text, DELIMITERS[0], encoding))
        _checked(table, places)
    return _after_header(table, _text_rows(text, DELIMITERS[best], encoding))


def _text_rows(text: str, delimiter: str, encoding: str) -> Iterator[_Raw]:
    """Give the rows of a CSV text, counted as a sheet program does: a blank line is a row."""
    lines: list[str] = []

    def kept() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            lines.append(line)
            yield line

    rows = csv.reader(kept(), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(rows, 1):
            if len(cells) > ROW_CELLS_MAX:
                vi = f"dòng {number}: nhiều hơn {ROW_CELLS_MAX} cột"
                en = f"row {number}: more than {ROW_CELLS_MAX} columns"
                raise FileError("too_many_columns", vi, en)
            yield number, cells, "".join(lines).rstrip("\r\n").encode(encoding)
            lines.clear()
    except csv.Error as error:
        vi = f"dấu ngoặc kép hoặc dòng sai từ dòng {number + 1}: {error}"
        en = f"quotes or lines are broken from row {number + 1} on: {error}"
        raise FileError("malformed_csv", vi, en) from None


def _after_header(table: Table, rows: Iterator[_Raw]) -> tuple[_Place, Iterator[_Raw]]:
    """Go to the first row under the header, which is known to be there."""
    for _, cells, _ in rows:
        place = _place(table, cells)
        if not place.missing:
            return place, rows
    raise RuntimeError("the header was there a moment ago")


def decoded(data: bytes, words: Sequence[str]) -> tuple[str, str]:
    """Decode a text; give the encoding too.

    UTF-8, UTF-16 by its mark, or windows-1258 where one of `words` with Vietnamese letters stands
    in it as such, which no other encoding would give. Raises `FileError` naming what was tried.
    """
    marks = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
    for mark, encoding in marks.items():
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise _undecodable(f"{encoding}: {error.reason}") from None
    if b"\0" in data:
        raise _undecodable("UTF-16 không có BOM / without its mark")
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("cp1258")
    except UnicodeDecodeError:
        raise _undecodable("utf-8, windows-1258") from None
    head = unicodedata.normalize("NFC", text[:ORIGINAL_BYTES_MAX]).casefold()
    if not any(not word.isascii() and word.casefold() in head for word in words):
        raise _undecodable("utf-8, windows-1258")
    return text, "cp1258"


def _undecodable(tried: str) -> FileError:
    vi = "không đọc được bảng mã (đã thử nêu sau đây); hãy lưu lại dạng CSV UTF-8"
    en = "the encoding cannot be told for sure (tried is shown); save the file as CSV UTF-8"
    return FileError("unknown_encoding", vi, en, value=tried)


def _read(table: Table, place: _Place, rows: Iterable[_Raw]) -> Iterator[Row]:
    gone = [c for c in table.columns if c.field not in place.at]
    absent = {c.field: c.absent for c in gone if c.absent is not None}
    columns = [(c, *place.at[c.field]) for c in table.columns if c.field in place.at]
    totals = {folded(t) for t in table.totals}
    count = 0
    for number, cells, original in rows:
        if len(cells) > COLUMNS_MAX:
            vi, en = f"nhiều hơn {COLUMNS_MAX} cột", f"more than {COLUMNS_MAX} columns"
            raise FileError("too_many_columns", vi, en, value=f"{number}")
        first = next((c for c in cells if not isinstance(c, str) or c.strip()), None)
        if first is None or (isinstance(first, str) and folded(first).rstrip(":") in totals):
            continue
        count += 1
        if count > TABLE_ROWS_MAX:
            limit = TABLE_ROWS_MAX
            raise FileError("too_many_rows", f"quá {limit} dòng", f"over {limit} rows")
        yield _read_row(place, columns, absent, number, cells, original)


def _read_row(
    place: _Place,
    columns: Sequence[tuple[Column, int, str]],
    absent: Mapping[str, Any],
    number: int,
    cells: Sequence[Cell],
    original: bytes,
) -> Row:
    values = dict(absent)
    header, cell = "", next((c for c in cells[place.width :] if c != ""), "")
    try:
        if cell != "":
            vi = "có ô ngoài các cột của tiêu đề; dấu phân cách có thể làm lệch cột"
            raise WrittenError("too_many_cells", vi, "a cell beyond the header; columns may be off")
        for column, at, name in columns:
            header, cell = name, cells[at] if at < len(cells) else ""
            if isinstance(cell, str):
                _check_text(cell)
                if not cell.strip():
                    if column.required:
                        vi = "thiếu giá trị bắt buộc"
                        raise WrittenError("required", vi, "a required value is missing")
                    continue
            values[column.field] = column.reads(cell)
    except WrittenError as error:
        vi, en = f"dòng {number}: {error.vi}", f"row {number}: {error.en}"
        wrong = unreadable(error.rule, header, _shown(cell), vi, en, number - 1)
        said = {c.field: plain(str(cells[at])) for c, at, _ in columns if at < len(cells)}
        return Row(number, original, {}, wrong, said)
    return Row(number, original, values)


def _check_text(cell: str) -> None:
    if isinstance(cell, Failed):
        vi = "ô báo lỗi hoặc không phải số, ngày; hãy sửa công thức hoặc định dạng"
        raise WrittenError("error_cell", vi, "the cell holds an error, or neither number nor day")
    if len(cell) > CELL_LENGTH_MAX:
        vi, en = f"dài quá {CELL_LENGTH_MAX} ký tự", f"longer than {CELL_LENGTH_MAX} characters"
        raise WrittenError("too_long", vi, en)
