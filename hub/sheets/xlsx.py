"""Reads XLSX workbooks row by row, with a limit on everything, before anything large is built.

The format is that of ECMA-376 (SpreadsheetML in a ZIP archive). Of the two libraries that were
tried, one gives error cells as blanks and allocates the rectangle that the outermost cell spans;
the other took about three times as long. Raises `XlsxError` for whatever is not a sound workbook,
and `FileError` for an archive that is known to be something else.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO
from xml.parsers import expat

from hub.sheets.cells import Cell, Dated, Failed, Percent, SheetRow, Uncomputed, Veiled
from hub.sheets.displays import BUILT_IN, VEILED, shown_as
from hub.sheets.unsupported import refuse_packed
from hub.troubles import RefusedError

UNCOMPRESSED_BYTES_MAX = 256 * 2**20
DIRECTORY_BYTES_MAX = 2**20  # of the archive: some thousands of entries
COLUMNS_MAX = 200
ROW_CELLS_MAX = 16_384  # empty ones too; the format has no more columns
ROWS_MAX = 1_048_576  # the same for rows
STRINGS_MAX = 2_000_000
ELEMENTS_MAX = 5_000_000  # of a sheet
CELL_LENGTH_MAX = 10_000
CHUNK_BYTES = 2**16
DAY_NUMBER_MAX = 2_958_465  # 9999-12-31
ARCHIVE_MAGIC = b"PK\x03\x04"
# What reading a broken or hostile archive raises: unknown encodings and versions, days and styles
# that are none.
_BROKEN = (
    expat.ExpatError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    ValueError,
    ArithmeticError,
    NotImplementedError,
)


class XlsxError(RefusedError):
    """A workbook cannot be read: the rule, and why in both languages."""


def _malformed(why: str) -> XlsxError:
    return XlsxError("malformed_xlsx", f"tệp XLSX hỏng: {why}", f"the XLSX file is broken: {why}")


def _too_many_columns() -> XlsxError:
    return XlsxError(
        "too_many_columns", f"nhiều hơn {COLUMNS_MAX} cột", f"more than {COLUMNS_MAX} columns"
    )


def _is_true(said: str | None) -> bool:
    return said in ("1", "true")


@dataclass(frozen=True)
class Merge:
    """A range of merged cells: its first and last row and column, counted from 1."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass
class Layout:
    """What a sheet's rows do not say: what is hidden of it, and merged cells.

    Rows are hidden by their numbers, columns from one to another, all counted from 1.
    """

    is_hidden: bool = False
    hidden: list[int] = field(default_factory=list)
    hidden_columns: list[range] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)


class Workbook:
    """An XLSX workbook: `sheets` are its sheets' names, in order.

    `layouts` are known of sheets whose rows have been read to their end.
    """

    def __init__(self, data: bytes) -> None:
        _check_directory(data)
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (*_BROKEN, OSError) as error:
            raise _malformed(str(error)) from None
        self._names = {i.filename.lstrip("/"): i for i in self._archive.infolist()}
        refuse_packed(self._names)
        self._left = UNCOMPRESSED_BYTES_MAX
        if sum(i.file_size for i in self._archive.infolist()) > self._left:
            raise _too_large()
        self._starts_1904 = False
        self.layouts: dict[str, Layout] = {}
        self._sheets = self._read_sheets()
        self._strings = self._read_strings()
        self._formats = self._read_formats()

    @property
    def sheets(self) -> list[str]:
        """The names of the sheets, in order."""
        return list(self._sheets)

    def rows(self, sheet: str) -> Iterator[SheetRow]:
        """Give the rows that hold a value: the number a person sees, and the cells from column A.

        A formula gives the value that was stored with it, or is `Uncomputed` where there is none.
        """
        layout = self.layouts.setdefault(sheet, Layout())
        reader = _SheetReader(self._strings, self._formats, self._starts_1904, layout)
        for parser in self._parse(self._sheets[sheet], reader.start, reader.end, reader.text):
            del parser
            yield from reader.done
            reader.done.clear()

    def _parse(
        self,
        name: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None],
        text: Callable[[str], None],
    ) -> Iterator[None]:
        """Parse an entry, piece by piece; after each piece the caller is given its turn."""
        parser = expat.ParserCreate()
        parser.buffer_text = True

        def begin(tag: str, given: dict[str, str]) -> None:
            # Most writers use no prefix; the tags of the others are cut, one by one.
            if ":" in tag:
                parser.StartElementHandler = lambda t, g: start(t.rpartition(":")[2], g)
                parser.EndElementHandler = lambda t: end(t.rpartition(":")[2])
            else:
                parser.StartElementHandler, parser.EndElementHandler = start, end
            start(tag.rpartition(":")[2], given)

        parser.StartElementHandler = begin
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            with self._open(name) as file:
                while chunk := file.read(CHUNK_BYTES):
                    self._left -= len(chunk)
                    if self._left < 0:
                        raise _too_large()
                    parser.Parse(chunk, False)
                    yield
                parser.Parse(b"", True)
                yield
        except XlsxError:
            raise
        except _BROKEN as error:
            raise _malformed(f"{name}: {error}") from None

    def _open(self, name: str) -> IO[bytes]:
        entry = self._names.get(name)
        if entry is None:
            raise _malformed(f"{name}: no such entry")
        if entry.flag_bits & 1:
            raise XlsxError("encrypted", "tệp được đặt mật khẩu", "the file is encrypted")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _malformed(f"{name}: compression {entry.compress_type}")
        return self._archive.open(entry)

    def _gather(self, name: str, start: Callable[[str, dict[str, str]], None]) -> None:
        for _ in self._parse(name, start, lambda _: None, lambda _: None):
            pass

    def _read_sheets(self) -> dict[str, str]:
        targets: dict[str, str] = {}
        sheets: dict[str, str] = {}

        def relation(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
                target = attributes.get("Target", "")
                is_absolute = target.startswith("/")
                targets[attributes.get("Id", "")] = (
                    target.lstrip("/") if is_absolute else f"xl/{target}"
                )

        def sheet(tag: str, attributes: dict[str, str]) -> None:
            if tag == "workbookPr":
                self._starts_1904 = attributes.get("date1904") in ("1", "true")
            if tag == "sheet":
                ids = [value for name, value in attributes.items() if name.endswith(":id")]
                if ids and ids[0] in targets:
                    name = attributes.get("name", "")
                    sheets[name] = targets[ids[0]]
                    is_hidden = attributes.get("state", "visible") != "visible"
                    self.layouts[name] = Layout(is_hidden=is_hidden)

        self._gather("xl/_rels/workbook.xml.rels", relation)
        self._gather("xl/workbook.xml", sheet)
        if not sheets:
            raise _malformed("no sheet")
        return sheets

    def _read_strings(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self._names:
            return []
        reader = _StringsReader()
        for _ in self._parse("xl/sharedStrings.xml", reader.start, reader.end, reader.text):
            if len(reader.strings) > STRINGS_MAX:
                vi = f"nhiều hơn {STRINGS_MAX} chuỗi khác nhau"
                raise XlsxError("too_many_strings", vi, f"more than {STRINGS_MAX} strings")
        return reader.strings

    def _read_formats(self) -> list[str]:
        """Say per cell style how its numbers are shown."""
        if "xl/styles.xml" not in self._names:
            return []
        codes: dict[str, str] = {}
        used: list[str] = []
        is_within = False

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal is_within
            if tag == "numFmt":
                codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            if tag in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
                is_within = tag == "cellXfs"
            if tag == "xf" and is_within:
                used.append(attributes.get("numFmtId", "0"))

        self._gather("xl/styles.xml", start)
        return [shown_as(codes.get(i, BUILT_IN.get(i, ""))) for i in used]


def _too_large() -> XlsxError:
    size = UNCOMPRESSED_BYTES_MAX // 2**20
    vi, en = f"nội dung sau giải nén quá {size} MiB", f"more than {size} MiB when uncompressed"
    return XlsxError("too_large", vi, en)


def _refuse_doctype(*_: object) -> None:
    raise _malformed("a document type declaration")


def _check_directory(data: bytes) -> None:
    """Refuse an archive whose directory is large: to list it alone would cost memory."""
    at = len(data) - 22
    if data[at : at + 4] != b"PK\x05\x06" or data[-2:] != b"\0\0":
        at = data.rfind(b"PK\x05\x06", max(0, len(data) - 22 - 65_535))
    if at < 0:
        raise _malformed("no directory")
    size = int.from_bytes(data[at + 12 : at + 16], "little")
    if size > DIRECTORY_BYTES_MAX or data[max(0, at - 20) : at][:4] == b"PK\x06\x07":
        raise _malformed("its directory is too large")


class _StringsReader:
    """Gathers the shared strings; what is only a reading aid for a text (`rPh`) is left out."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self._parts: list[str] = []
        self._length = 0
        self._is_text = self._is_aid = False

    def start(self, tag: str, _: dict[str, str]) -> None:
        if tag == "si":
            self._parts, self._length = [], 0
        elif tag == "rPh":
            self._is_aid = True
        elif tag == "t":
            self._is_text = not self._is_aid

    def end(self, tag: str) -> None:
        if tag == "t":
            self._is_text = False
        elif tag == "rPh":
            self._is_aid = False
        elif tag == "si":
            self.strings.append(_unescaped("".join(self._parts)))

    def text(self, text: str) -> None:
        if self._is_text and self._length <= CELL_LENGTH_MAX:
            self._parts.append(text[: CELL_LENGTH_MAX + 1])
            self._length += len(text)


class _SheetReader:
    """Gathers the rows of a sheet in `done`, as they come to their end."""

    def __init__(
        self, strings: list[str], formats: list[str], starts_1904: bool, layout: Layout
    ) -> None:
        self.done: list[SheetRow] = []
        self._layout, self._is_hidden = layout, False
        self._strings, self._formats = strings, formats
        day_0 = date(1904, 1, 1) if starts_1904 else date(1899, 12, 30)
        self._start = datetime.combine(day_0, time())
        self._number = 0
        self._row: list[Cell] = []
        self._cells = 0
        self._column = 0
        self._kind = self._style = ""
        self._parts: list[str] = []
        self._length = 0
        self._is_value = self._is_aid = self._is_formula = self._has_formula = False
        self._formula = self._shared = ""
        self._shared_formulas: dict[str, str] = {}
        self._elements = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > ELEMENTS_MAX:
            raise _too_large()
        if tag == "c":
            self._cells += 1
            if self._cells > ROW_CELLS_MAX:
                raise _too_many_columns()
            name = attributes.get("r")
            self._column = _column(name) if name else self._column + 1
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._parts, self._length = [], 0
            self._has_formula = False
        elif tag == "v" or (tag == "t" and not self._is_aid):
            self._is_value = True
        elif tag == "f":
            self._is_formula = self._has_formula = True
            self._formula, self._shared = "", attributes.get("si", "")
        elif tag == "rPh":
            self._is_aid = True
        elif tag == "row":
            number = attributes.get("r", "")
            following = int(number) if re.fullmatch("[0-9]{1,7}", number) else self._number + 1
            if not self._number < following <= ROWS_MAX:
                raise _malformed(f"row {number} after row {self._number}")
            self._number, self._row, self._column, self._cells = following, [], 0, 0
            self._is_hidden = _is_true(attributes.get("hidden"))
        elif tag == "col" and _is_true(attributes.get("hidden")):
            first, last = (attributes.get(n, "") for n in ("min", "max"))
            if not (re.fullmatch("[0-9]{1,5}", first) and re.fullmatch("[0-9]{1,5}", last)):
                raise _malformed(f"columns {first[:20]} to {last[:20]}")
            self._layout.hidden_columns.append(range(int(first), int(last) + 1))
        elif tag == "mergeCell":
            self._layout.merges.append(_merge(attributes.get("ref", "")))

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._is_value = False
        elif tag == "rPh":
            self._is_aid = False
        elif tag == "f":
            self._end_formula()
        elif tag == "c" and (self._parts or self._is_uncomputed()):
            if self._column > COLUMNS_MAX:
                raise _too_many_columns()
            if self._column <= len(self._row):
                raise _malformed(f"row {self._number}: a cell twice, or not in order")
            self._row += [""] * (self._column - 1 - len(self._row))
            text = "".join(self._parts)
            self._row.append(self._cell(text) if text else Uncomputed(f"={self._formula}"))
        elif tag == "row" and self._row:
            self.done.append((self._number, self._row))
            if self._is_hidden:
                self._layout.hidden.append(self._number)

    def text(self, text: str) -> None:
        if self._is_value and self._length <= CELL_LENGTH_MAX:
            self._parts.append(text[: CELL_LENGTH_MAX + 1])
            self._length += len(text)
        elif self._is_formula and len(self._formula) < CELL_LENGTH_MAX:
            self._formula += text[:CELL_LENGTH_MAX]

    def _end_formula(self) -> None:
        """Complete a formula that is written once and shared with the cells beside it."""
        self._is_formula = False
        if self._shared and self._formula:
            self._shared_formulas[self._shared] = self._formula
        self._formula = self._formula or self._shared_formulas.get(self._shared, "")

    def _is_uncomputed(self) -> bool:
        """Tell whether a cell without a value holds a formula that cannot have given nothing."""
        return self._has_formula and not (self._kind == "str" and '""' in self._formula)

    def _cell(self, text: str) -> Cell:
        kind = self._kind
        if kind == "s":
            index = int(text) if re.fullmatch("[0-9]{1,9}", text) else len(self._strings)
            if index >= len(self._strings):
                raise _malformed(f"row {self._number}: no shared string {text[:20]}")
            return self._strings[index]
        if kind == "e":
            return Failed(text)
        if kind == "b":
            return "TRUE" if text == "1" else "FALSE"
        if kind == "d":
            return Dated(text[:19])
        return self._numeric(text) if kind == "n" else _unescaped(text)

    def _numeric(self, text: str) -> Cell:
        # Through the double that the cell holds: written out it may have 17 digits, such as
        # 0.10000000000000001, of which the shortest that mean the same are what was typed.
        try:
            value = Decimal(repr(float(text)).removesuffix(".0"))
        except ValueError:
            raise _malformed(f"row {self._number}: not a number: {text[:20]}") from None
        if not value.is_finite():
            raise _malformed(f"row {self._number}: not a number: {text[:20]}")
        is_styled = self._style.isdecimal() and int(self._style) < len(self._formats)
        shown = self._formats[int(self._style)] if is_styled else ""
        if shown == "%":
            return Percent(value)
        if shown.startswith("y") and 1 <= value < DAY_NUMBER_MAX + 1:
            return self._dated(value, shown)
        if shown.startswith(VEILED):
            return Veiled(f"{value} ({shown.removeprefix(VEILED)})")
        return Failed(f"{value} ({shown})") if shown else value

    def _dated(self, value: Decimal, shown: str) -> Dated:
        """Give the day that a number counts, with its time of day where it has one."""
        if value == int(value) and not shown.endswith("h"):
            day = self._start + timedelta(days=int(value))
            return Dated(day.date().isoformat()[: {"y": 4, "ym": 7, "ymd": 10}[shown]])
        # A double holds a day of our times to about a microsecond.
        thousandths = int((value * 86_400_000).to_integral_value())
        return Dated((self._start + timedelta(milliseconds=thousandths)).isoformat())


def _unescaped(text: str) -> str:
    """Give a text without escapes of characters such as `_x000D_` (ECMA-376, 22.9.2.19)."""
    if "_x" not in text:
        return text
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), text)


def _merge(ref: str) -> Merge:
    """Read a range such as `A2:B5`."""
    parts = re.fullmatch(r"([A-Z]{1,3}[0-9]{1,7})(?::([A-Z]{1,3}[0-9]{1,7}))?", ref)
    if parts is None:
        raise _malformed(f"merged cells named {ref[:20]}")
    first, last = parts[1], parts[2] or parts[1]
    rows = [int(re.sub("[A-Z]", "", name)) for name in (first, last)]
    return Merge(rows[0], _column(first), rows[1], _column(last))


def _column(name: str) -> int:
    """Give the number of the column of a cell such as `AB12`, counted from 1."""
    number = 0
    for letter in name[:4]:
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - 64
    if not number:
        raise _malformed(f"a cell named {name[:20]}")
    return number
