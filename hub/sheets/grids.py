"""Files as grids of cells: CSV in any usual encoding and delimiter, and the sheets of a workbook.

A grid is one sheet's headings, what stands above them and the rows below. What no sheet fits is
told by `FileError`.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from hub.definitions.masking import mask_text
from hub.sheets.cells import Cell
from hub.sheets.headers import Headings, headings
from hub.sheets.notes import is_summary
from hub.sheets.table import FileError, Table
from hub.sheets.understood import PassedOver
from hub.sheets.vietnamese import folded
from hub.sheets.xlsx import ARCHIVE_MAGIC, COLUMNS_MAX, ROW_CELLS_MAX, Layout, Workbook

FILE_BYTES_MAX = 64 * 2**20
TABLE_ROWS_MAX = 200_000
HEADER_ROWS_MAX = 50  # a header stands within the first so many rows
SHEETS_MAX = 100
ORIGINAL_BYTES_MAX = 65_536  # of a file that cannot be read as a whole
DELIMITERS = ";,\t"
OWN_SHEETS = ("Hướng dẫn", "Danh mục")  # of a template of ours, besides the one that is filled in

# A row as it stands in its file: number, cells, and its own bytes.
Raw = tuple[int, Sequence[Cell], bytes]


@dataclass(eq=False)
class Grid:
    """One sheet: its name, headings, the header's cells, the rows above it and the rows below.

    `number` is the header's row. Of a workbook `layout` says what its rows do not. `is_ended` is
    whether a text ends with the end of a line.
    """

    name: str
    headings: Headings
    header: Sequence[Cell]
    above: list[Raw]
    rows: list[Raw] = field(default_factory=list)
    number: int = 0
    layout: Layout = field(default_factory=Layout)
    is_ended: bool = True


@dataclass(frozen=True)
class _Begun:
    """The beginning of a sheet: its headings, best where none is whole, and the row they are in."""

    headings: Headings | None
    at: int
    first: list[Raw]


def in_workbook(table: Table, data: bytes) -> tuple[list[Grid], list[PassedOver]]:
    """Read all sheets that have the table's columns; name those that are passed over."""
    book = Workbook(data)
    if len(book.sheets) > SHEETS_MAX:
        limit = SHEETS_MAX
        vi, en = f"nhiều hơn {limit} trang tính", f"more than {limit} sheets"
        raise FileError("too_many_sheets", vi, en, value=str(len(book.sheets)))
    grids: list[Grid] = []
    others: list[tuple[str, _Begun]] = []
    wanted = _wanted(table, book)
    passed = [_passed_by_name(name) for name in book.sheets if name not in wanted]
    for name in wanted:
        rows = _sheet_rows(book, name)
        begun = _begin(table, rows)
        if begun.headings is None or begun.headings.missing:
            others.append((name, begun))
        else:
            grid = _grid(name, begun)
            grid.rows.extend(_below(rows))
            grid.layout = book.layouts[name]
            grids.append(grid)
    if not grids:
        _check(table, [b.headings for _, b in others])
    details = [g for g in grids if not is_summary(g.name)]
    if details and len(details) < len(grids):
        others += [(g.name, _Begun(g.headings, 0, g.rows)) for g in grids if g not in details]
        grids = details
    for grid in grids:
        _check(table, [grid.headings], grid.name if len(grids) > 1 else "")
    return grids, passed + [p for name, begun in others if (p := _passed_sheet(name, begun))]


def _wanted(table: Table, book: Workbook) -> list[str]:
    """Name the sheets to be looked at: all, or those that the sender's mapping names."""
    if not table.sheets:
        return list(book.sheets)
    named = {folded(name) for name in table.sheets}
    wanted = [name for name in book.sheets if folded(name) in named]
    if not wanted:
        listed = ", ".join(table.sheets)
        there = mask_text(", ".join(book.sheets))
        vi = f"bảng ánh xạ chỉ đọc trang {listed}, tệp này có trang {there}; hãy sửa bảng ánh xạ"
        vi += f" hoặc tên trang, ví dụ “{table.sheets[0]}”"
        en = f"the mapping reads the sheets {listed} alone and this file has {there}; mend the"
        en += f" mapping or the name of the sheet, such as “{table.sheets[0]}”"
        raise FileError("missing_sheet", vi, en, value=there)
    return wanted


def _passed_by_name(name: str) -> PassedOver:
    shown = mask_text(name)
    vi = f"bỏ qua trang “{shown}”: bảng ánh xạ không đọc trang này"
    en = f"passed over: sheet “{shown}”, which the mapping does not read"
    return PassedOver("sheet", shown, 0, shown, vi, en)


def in_text(table: Table, data: bytes) -> list[Grid]:
    """Read a text as the delimiter has it under which the header fits best."""
    text, encoding = decoded(data, _telling(table))
    places: list[Headings | None] = []
    broken: list[FileError] = []
    for delimiter in DELIMITERS:
        try:
            places.append(_begin(table, _text_rows(text, delimiter, encoding)).headings)
        except FileError as error:
            places.append(None)  # said again below, if this is the one that fits best
            broken.append(error)
    # Quotes are as they should be where any delimiter reads them.
    if len(broken) == len(DELIMITERS):
        raise broken[0]
    best = _check(table, places)
    rows = _text_rows(text, DELIMITERS[best], encoding)
    begun = _begin(table, rows)
    grid = _grid("", begun)
    grid.rows.extend(_below(rows))
    grid.is_ended = text.endswith(("\n", "\r"))
    return [grid]


def _begin(table: Table, rows: Iterator[Raw]) -> _Begun:
    """Find the header among the first rows, the best where none is whole."""
    best: Headings | None = None
    first: list[Raw] = []
    for raw in islice(rows, HEADER_ROWS_MAX):
        first.append(raw)
        place = headings(table, raw[1])
        if place.known and (best is None or len(place.known) > len(best.known)):
            best = place
        if not place.missing:
            return _Begun(place, len(first) - 1, first)
    return _Begun(best, 0, first)


def _grid(name: str, begun: _Begun) -> Grid:
    assert begun.headings is not None
    number, header, _ = begun.first[begun.at]
    above = begun.first[: begun.at]
    return Grid(mask_text(name), begun.headings, header, above, number=number)


def _below(rows: Iterable[Raw]) -> Iterator[Raw]:
    """Give the rows under the header that hold something, within the limits."""
    count = 0
    for raw in rows:
        if len(raw[1]) > COLUMNS_MAX:
            vi, en = f"nhiều hơn {COLUMNS_MAX} cột", f"more than {COLUMNS_MAX} columns"
            raise FileError("too_many_columns", vi, en, value=f"{raw[0]}")
        if _holds_something(raw[1]):
            count += 1
            if count > TABLE_ROWS_MAX + HEADER_ROWS_MAX:
                raise too_many_rows()
            yield raw


def _holds_something(cells: Sequence[Cell]) -> bool:
    return any(not isinstance(c, str) or (c and not c.isspace()) for c in cells)


def too_many_rows() -> FileError:
    """Refuse a file of too many rows."""
    limit = TABLE_ROWS_MAX
    return FileError("too_many_rows", f"quá {limit} dòng", f"over {limit} rows")


def _check(table: Table, places: Sequence[Headings | None], sheet: str = "") -> int:
    """Choose the headings that fit best; raises `FileError` where they do not fit."""
    best = max(range(len(places)), key=lambda i: len(p.known) if (p := places[i]) else 0)
    place = places[best]
    expected = ", ".join(map(table.title_of, table.needed))
    if place is None:
        vi = f"không thấy dòng tiêu đề; cần các cột: {expected}"
        raise FileError("missing_header", vi, f"no header; expected {expected}")
    written = ", ".join(place.written)[:1_000]
    at_vi, at_en = (f"trang “{sheet}”: ", f"sheet “{sheet}”: ") if sheet else ("", "")
    near_vi = "; ".join(f"“{h}” gần giống “{'”, “'.join(f)}”" for h, f in place.near.items())
    near_en = "; ".join(f"“{h}” resembles “{'”, “'.join(f)}”" for h, f in place.near.items())
    if place.missing:
        missing = ", ".join(place.missing)
        vi = f"{at_vi}thiếu cột {missing}; tìm thấy: {written}; cần: {expected}"
        en = f"{at_en}the columns {missing} are missing; found: {written}; expected: {expected}"
        if near_vi:
            vi, en = f"{vi}; {near_vi}", f"{en}; {near_en}"
        raise FileError("missing_header", vi, en, value=missing)
    if place.twice:
        twice = ", ".join(place.twice)
        vi = f"{at_vi}cột {twice} có hai lần; tìm thấy: {written}"
        en = f"{at_en}columns that occur twice; found: {written}"
        raise FileError("duplicate_header", vi, en, value=twice)
    if place.near:
        first = next(iter(place.near.values()))[0]
        vi = f"{at_vi}tiêu đề không rõ: {near_vi}; hãy ghi đúng tiêu đề, ví dụ “{first}”, hoặc xóa"
        vi += " cột nếu không cần"
        en = f"{at_en}headers that are not clear: {near_en}; write the header as it is, such as"
        en += f" “{first}”, or remove the column"
        raise FileError("near_header", vi, en, value=", ".join(place.near))
    return best


def _passed_sheet(name: str, begun: _Begun) -> PassedOver | None:
    """Name a sheet that is passed over, and why; None for one without anything in it."""
    if not begun.first:
        return None
    place = begun.headings
    if name in OWN_SHEETS:
        why = ("là trang của tệp mẫu, không phải số liệu", "it is of the template")
    elif place is None:
        why = ("không có dòng tiêu đề", "it has no header")
    elif place.missing:
        missing = ", ".join(place.missing)
        why = (f"thiếu cột {missing}", f"the columns {missing} are missing")
    else:
        why = ("là trang tổng hợp của các trang khác", "it sums up the others")
    name = mask_text(name)
    vi, en = f"bỏ qua trang “{name}”: {why[0]}", f"passed over: sheet “{name}”, {why[1]}"
    return PassedOver("sheet", name, 0, name, vi, en)


def _sheet_rows(book: Workbook, name: str) -> Iterator[Raw]:
    for number, cells in book.rows(name):
        yield number, cells, json.dumps([str(c) for c in cells], ensure_ascii=False).encode()


def _text_rows(text: str, delimiter: str, encoding: str) -> Iterator[Raw]:
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


# Such a word by chance, in a text of another encoding, would need as many bytes to be right.
_TELLING_LETTERS_MIN = 2


def _telling(table: Table) -> list[str]:
    """Give the headers of a table, and the words of its cells that only one encoding would give."""
    words = (w for c in table.columns for w in c.reads.words)
    cells = [w for w in words if sum(not x.isascii() for x in w) >= _TELLING_LETTERS_MIN]
    return [*(h for c in table.columns for h in c.headers), *cells]


def decoded(data: bytes, words: Sequence[str]) -> tuple[str, str]:
    """Decode a text; give the encoding too.

    UTF-8, UTF-16 by its mark, or windows-1258 where one of `words` (headers, words of codes) with
    Vietnamese letters stands in it as such, which no other encoding would give.
    Raises `FileError` naming what was tried.
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
    vi = "không đọc được bảng mã (đã thử nêu sau đây); hãy lưu lại dạng CSV UTF-8; windows-1258 chỉ"
    vi += " được nhận khi tiêu đề hoặc từ trong ô có dấu tiếng Việt cho thấy điều đó; tệp phông"
    vi += " TCVN3 (.VnTime) hoặc VNI thì chuyển mã sang Unicode trước"
    en = "the encoding cannot be told for sure (tried is shown); save the file as CSV UTF-8;"
    en += " windows-1258 is known by a header or a cell's word with Vietnamese letters alone; text"
    en += " in TCVN3 (.VnTime) or VNI must be converted to Unicode first"
    return FileError("unknown_encoding", vi, en, value=tried)


SAMPLE_ROWS_MAX = 2_000
_LABELS_MIN = 2


@dataclass(frozen=True)
class Sampled:
    """A sheet as it may be read: the row that is most likely its header, what is around it."""

    name: str
    header: Sequence[Cell]
    above: list[Raw]
    rows: list[Raw]
    known: int


def sample(table: Table, data: bytes) -> list[Sampled]:
    """Give the beginning of each sheet, whether or not it has a table's columns.

    Raises `FileError` or `XlsxError` where nothing of the file can be read.
    """
    if data[:4] == ARCHIVE_MAGIC:
        book = Workbook(data)
        sheets = [(name, _sheet_rows(book, name)) for name in book.sheets[:SHEETS_MAX]]
        return [s for name, rows in sheets if (s := _sampled(table, mask_text(name), rows))]
    text, encoding = decoded(data, _telling(table))
    tries = []
    for delimiter in DELIMITERS:
        with suppress(FileError):
            one = _sampled(table, "", _text_rows(text, delimiter, encoding))
            tries += [] if one is None else [one]
    if not tries:
        raise FileError("empty", "tệp không có dòng nào", "there is no row in the file")
    return [max(tries, key=lambda s: (s.known, len(s.header)))]


def _sampled(table: Table, name: str, rows: Iterator[Raw]) -> Sampled | None:
    """Take the row with most known headers for the header, else the first of several words."""
    first = list(islice(rows, HEADER_ROWS_MAX + SAMPLE_ROWS_MAX))
    held = [raw for raw in first if _holds_something(raw[1])]
    if not held:
        return None
    known = [len(headings(table, raw[1]).known) for raw in held[:HEADER_ROWS_MAX]]
    at = max(range(len(known)), key=lambda i: (known[i], -i))
    if known[at] < _LABELS_MIN:
        at = max(range(len(known)), key=lambda i: (known[i], _labels(held[i][1]), -i))
    return Sampled(name, held[at][1], held[:at], held[at + 1 :], known[at])


def _labels(cells: Sequence[Cell]) -> int:
    """Count the cells that may be headers: words, and no figures."""
    return sum(isinstance(c, str) and any(letter.isalpha() for letter in c) for c in cells)
