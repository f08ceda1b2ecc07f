"""Lists of a province as files: CSV or XLSX, read by the form of each list, whoever wrote them.

A file is named as its list, and read as every table that people send: headers in either language,
days as they are written, codes as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable

from hub.reference.form import Column as Listed
from hub.reference.form import Form, Row
from hub.sheets.cells import Cell
from hub.sheets.days import deadline
from hub.sheets.numbers import decimal, integer
from hub.sheets.table import Column, Table
from hub.sheets.tabular import read_table
from hub.sheets.vietnamese import Reader, Reading, WrittenError, code, text

ENDINGS = (".csv", ".xlsx")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a list: where (`line` as a sheet program counts them), and why."""

    file: str
    line: int
    column: str
    value: str
    rule: str
    vi: str
    en: str

    def text(self) -> str:
        """Say it in a line."""
        place = f"{self.file}:{self.line}: {self.rule}"
        if not self.column:
            return f"{place}: {self.vi} | {self.en}"
        return f"{place}: {self.column} {self.value}: {self.vi} | {self.en}"


@dataclass
class ListFile:
    """A list as a file says it: its rows, the line of each, what is wrong, what was passed over."""

    file: str
    rows: list[Row] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    passed: list[tuple[str, str]] = field(default_factory=list)


def read_province(forms: Mapping[str, Form], folder: Traversable) -> dict[str, ListFile]:
    """Read the lists of a folder, as far as their files are there; `OSError` where none can be."""
    read = {}
    files = {entry.name: entry for entry in folder.iterdir()}
    for name, form in forms.items():
        there = [files[name + e] for e in ENDINGS if name + e in files]
        if there:
            read[name] = _read(form, there[0])
        if len(there) > 1:
            vi = f"danh mục có hai tệp: {there[0].name}, {there[1].name}; chỉ để lại một"
            en = f"the list has two files: {there[0].name}, {there[1].name}; keep one of them"
            read[name].faults.append(Fault(there[1].name, 1, "", "", "two_files", vi, en))
    return read


def _read(form: Form, file: Traversable) -> ListFile:
    table = _table_of(form)
    read = read_table(table, file.read_bytes())
    found = ListFile(file.name, passed=[(p.vi, p.en) for p in read.understood.passed])
    for row in read.rows:
        if (v := row.verdict) is not None:
            words = (v.value, v.rule, v.message_vi, v.message_en)  # which name the column
            found.faults.append(Fault(file.name, row.number, "", *words))
        else:
            found.rows.append({c.name: str(row.values.get(c.name, "")) for c in form.columns})
            found.lines.append(row.number)
    return found


def _table_of(form: Form) -> Table:
    columns = []
    for c in form.columns:
        titles = tuple(dict.fromkeys((c.title_vi, c.name, c.title_en)))
        is_needed = c.is_required and not c.may_be_empty
        columns.append(Column(c.name, titles, _reader(c), required=is_needed))
    return Table(tuple(columns))


def _reader(column: Listed) -> Reader:
    if column.choices:
        return code({**column.choices, **{v: v for v in column.choices.values()}})
    return {"text": text, "day": day, "decimal": _decimal, "count": _count}[column.kind]


def _day(cell: Cell, reading: Reading) -> str:
    try:
        return str(deadline.read(cell, reading))[:10]
    except WrittenError as error:
        if error.rule not in ("missing_time", "malformed_instant"):
            raise
        vi, en = "không phải ngày có thật, ví dụ 17/05/2023", "no day there is, such as 17/05/2023"
        raise WrittenError("not_a_day", vi, en) from None


day = Reader("instant", _day)


def _whole(cell: Cell, reading: Reading) -> str:
    number = integer.read(cell, reading)
    if number < 1:
        vi, en = "phải là số nguyên từ 1", "a whole number from 1 on is wanted"
        raise WrittenError("too_small", vi, en)
    return str(number)


_count = Reader("integer", _whole)
_decimal = Reader("decimal", lambda cell, reading: str(decimal.read(cell, reading)))
