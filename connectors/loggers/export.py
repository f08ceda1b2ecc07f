"""An export: what a logger's program wrote into a file, before it is read as readings.

A format is a module of `formats` with a `FORMAT`: it knows its files by their first lines, and says
where in them is what.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from hub.sheets.grids import FILE_BYTES_MAX, TABLE_ROWS_MAX
from hub.sheets.table import FileError
from hub.sheets.xlsx import ROW_CELLS_MAX
from schemas.conversions import Unit

Dates = Literal["year", "month", "day"]  # which part of a date is written first
HEAD_LINES = 100  # within which a file must show its table
_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
# UTF-8 that a program took for windows-1252 and wrote again: of units alone.
_TWICE = {"Â°": "°", "Âµ": "µ", "Î¼": "μ"}


@dataclass(frozen=True)
class Line:
    """A line of a file: its number, as editors show it, its text, and its cells.

    `has_commas`: commas do not part its cells, so one in a number stands before decimals.
    `is_cut`: it is the last, has no end, and fewer cells than the one before.
    """

    number: int
    text: str
    cells: Sequence[str]
    has_commas: bool = False
    is_cut: bool = False


@dataclass(frozen=True)
class Measured:
    """A column of measured values: where it stands, its header, quantity and unit.

    `written` is the unit as it is written, `unit` what that is of the quantity.
    """

    at: int
    header: str
    quantity: str
    written: str
    unit: Unit


@dataclass(frozen=True)
class Export:
    """What a file says: by which names its device is known, the offset of its clock, its table.

    `names` are the serial number and the name of the station, the surest first. `offset` and
    `dates` are None where the file does not say; `times` are the columns that together say when.
    `passed` are headers of columns that are not read.
    """

    names: tuple[str, ...]
    times: tuple[int, ...]
    columns: Sequence[Measured]
    rows: Sequence[Line]
    offset: timedelta | None = None
    dates: Dates | None = None
    passed: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Format:
    """A form of files: its name, whether first lines are of it, and how its lines are read."""

    name: str
    is_own: Callable[[Sequence[Line]], bool]
    read: Callable[[Sequence[Line]], Export]


def lines_of(data: bytes) -> list[Line]:
    """Take a file apart into lines and cells. Raises `FileError` where it is no text or too long.

    It is UTF-8, UTF-16 by its mark, or windows-1252, in which loggers' programs write ° and µ.
    """
    if len(data) > FILE_BYTES_MAX:
        mib = FILE_BYTES_MAX // 2**20
        raise FileError("too_large", f"tệp lớn hơn {mib} MiB", f"over {mib} MiB")
    text = _decoded(data)
    texts = text.splitlines()
    if len(texts) > TABLE_ROWS_MAX + HEAD_LINES:
        vi, en = f"quá {TABLE_ROWS_MAX} dòng", f"over {TABLE_ROWS_MAX} rows"
        raise FileError("too_many_rows", vi, en)
    head = "\n".join(texts[:HEAD_LINES])
    mark = max(",;\t", key=head.count)
    lines: list[Line] = []
    is_ended = text.endswith(("\n", "\r"))
    for number, text in enumerate(texts, 1):
        try:
            cells = next(csv.reader(io.StringIO(text), delimiter=mark), [])
        except csv.Error as error:
            vi, en = f"dòng {number}: {error}", f"row {number}: {error}"
            raise FileError("malformed_csv", vi, en) from None
        if len(cells) > ROW_CELLS_MAX:
            vi = f"dòng {number}: nhiều hơn {ROW_CELLS_MAX} cột"
            en = f"row {number}: more than {ROW_CELLS_MAX} columns"
            raise FileError("too_many_columns", vi, en)
        is_last = number == len(texts) and not is_ended
        is_cut = is_last and bool(lines) and len(cells) < len(lines[-1].cells)
        lines.append(Line(number, text, [c.strip() for c in cells], mark != ",", is_cut))
    return lines


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    for wrong, right in _TWICE.items():
        text = text.replace(wrong, right)
    return text


def offset_in(text: str) -> timedelta | None:
    """Find an offset from UTC such as `GMT+07:00`, `UTC-5`, `+07:00:00`; None where there is none.

    Raises `FileError` for one that no clock has.
    """
    match = re.search(r"(?:GMT|UTC)?\s*([+-−])(\d{1,2})(?::?(\d{2}))?(?::\d{2})?\b", text)
    if match is None:
        return timedelta(0) if re.search(r"\b(GMT|UTC)\b", text) else None
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if offset > timedelta(hours=14):
        vi, en = "múi giờ không có thật", "no clock has this offset from UTC"
        raise FileError("malformed_time", vi, en, value=text)
    return offset if sign == "+" else -offset


def table_at(lines: Sequence[Line], is_header: Callable[[Line], bool]) -> int:
    """Find the line of headers; raise `FileError` where there is none in the head of the file."""
    for at, line in enumerate(lines[:HEAD_LINES]):
        if is_header(line):
            return at
    vi, en = "không thấy dòng tiêu đề của bảng số liệu", "the header of the table is not there"
    raise FileError("missing_header", vi, en)


def value_after(lines: Sequence[Line], *labels: str) -> str:
    """Give what stands behind a label in the head of a file: in its line, or its next cell."""
    wanted = {label.casefold() for label in labels}
    for line in lines:
        label, mark, rest = line.text.strip().strip('"').partition("=")
        if mark and label.strip().casefold() in wanted:
            return rest.strip().strip('",')
        cells = [c.strip() for c in line.cells]
        if cells and cells[0].rstrip(":").strip().casefold() in wanted:
            return next((c for c in cells[1:] if c), "")
    return ""
