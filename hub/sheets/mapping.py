"""Mapping: how one sender's files under one contract are read, where the contract does not say it.

A mapping is a small file (TOML) that a person confirms: headers and the fields they fill, with unit
of money, decimal mark and order of days of a column; words and the codes they mean, names of units
and procedures among them; what holds for all rows; sheets to be read; headers to be passed over.

It is applied before anything is written to the log, which holds plain items; a file that was read
by a mapping names its digest. Headers are compared as everywhere in sheets, words with all their
marks (`vietnamese.spoken`): nothing is guessed.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.reference.form import Row
from hub.reference.lists import digest_of
from hub.sheets.cells import Cell
from hub.sheets.table import Column, Hint, Own, Table
from hub.sheets.vietnamese import Reader, Reading, key, spoken
from hub.troubles import RefusedError

ENTRIES_MAX = 5_000  # of words of one field; a province's procedures are some thousands
SCALES = {"đồng": 0, "nghìn đồng": 3, "triệu đồng": 6, "tỷ đồng": 9, "nghìn tỷ đồng": 12}
_LENGTH_MAX = 500
_NAME = r"^[^\x00-\x1f\x7f]{1,128}$"
_BARE = re.compile("[a-z_]+")
Unit = Literal["", "đồng", "nghìn đồng", "triệu đồng", "tỷ đồng", "nghìn tỷ đồng"]


@dataclass(frozen=True)
class MappingFault:
    """What is wrong with a mapping, and with which part of it."""

    rule: str
    part: str
    message_vi: str
    message_en: str
    header: str = ""
    field: str = ""
    word: str = ""


class MappingError(RefusedError):
    """A mapping cannot be used: the first thing that is wrong with it, and all in `faults`."""

    def __init__(self, faults: Sequence[MappingFault]) -> None:
        first = faults[0]
        self.faults = list(faults)
        super().__init__(first.rule, first.message_vi, first.message_en)


class MappedColumn(BaseModel):
    """A header of the sender's: the field it fills, and how its column is written."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    header: str = Field(min_length=1, max_length=_LENGTH_MAX)
    field: str = ""
    unit: Unit = ""
    mark: Literal["", "comma", "point"] = ""
    order: Literal["", "day", "month"] = ""

    @property
    def own(self) -> Own:
        """What the header stands for, as a table has it."""
        hint = Hint(self.mark or None, self.order or None, SCALES.get(self.unit))
        return Own(self.field, hint, self.header)


class FileMapping(BaseModel):
    """How a sender's files under a contract are read; see the module."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    contract: str = Field(pattern=_NAME)
    sender: str = Field(pattern=_NAME)
    sheets: tuple[str, ...] = Field(default=(), strict=False, max_length=100)
    passed_over: tuple[str, ...] = Field(default=(), strict=False, max_length=500)
    columns: tuple[MappedColumn, ...] = Field(default=(), strict=False, max_length=500)
    always: dict[str, str] = Field(default={}, max_length=100)
    words: dict[str, dict[str, str]] = Field(default={}, max_length=100)

    @cached_property
    def rows(self) -> list[Row]:
        """The mapping as the rows of a list, as which it is kept in the log."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return [{"contract": self.contract, "sender": self.sender, "mapping": text}]

    @cached_property
    def digest(self) -> str:
        """What it is known by: BLAKE2b of its rows."""
        return digest_of(self.rows)

    def on(self, table: Table) -> Table:
        """Give a table as this sender's files have it."""
        columns = tuple(self._column(c) for c in table.columns)
        own = {key(header): Own() for header in self.passed_over}
        own |= {key(c.header): c.own for c in self.columns}
        return replace(table, columns=columns, own=own, sheets=self.sheets)

    def _column(self, column: Column) -> Column:
        words = {spoken(w): code for w, code in self.words.get(column.field, {}).items()}
        if words:
            column = replace(column, reads=_with_words(column.reads, words))
        if column.field in self.always:
            said = column.reads(self.always[column.field])
            column = replace(column, absent=said, is_counted=False)
        return column


def _with_words(reader: Reader, words: Mapping[str, str]) -> Reader:
    """Read a cell that holds one of some words as the code that it means."""

    is_code = reader.kind == "code"  # which names codes itself, and does not read them

    def read(cell: Cell, reading: Reading) -> Any:
        code = words.get(spoken(cell)) if type(cell) is str else None
        if code is None:
            return reader.read(cell, reading)
        return code if is_code else reader.read(code, reading)

    return Reader(reader.kind, read, reader.words)


def of_rows(rows: Sequence[Row]) -> FileMapping:
    """Give the mapping that the log keeps as these rows."""
    return FileMapping.model_validate_json(rows[0]["mapping"])


def read_mapping(text: str) -> FileMapping:
    """Read a mapping's file, TOML. Raises `MappingError`."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        vi = f"tệp ánh xạ viết sai ({error}); mỗi giá trị đặt trong ngoặc kép, ví dụ unit ="
        vi += ' "triệu đồng"'
        en = f'the mapping is not written as TOML: {error}; such as unit = "triệu đồng"'
        raise MappingError([MappingFault("not_toml", "file", vi, en)]) from None
    return mapping_of(said)


def mapping_of(said: Any) -> FileMapping:
    """Make a mapping of what a file or a request says. Raises `MappingError`."""
    try:
        return FileMapping.model_validate(said)
    except ValidationError as error:
        raise MappingError(list(_malformed(error))) from None


_PARTS = {"columns": "column", "words": "word", "sheets": "sheet"}


def _malformed(error: ValidationError) -> Iterator[MappingFault]:
    for each in error.errors(include_url=False):
        where = ".".join(str(p) for p in each["loc"])
        part = _PARTS.get(str(each["loc"][0]), str(each["loc"][0])) if each["loc"] else "file"
        expected = each.get("ctx", {}).get("expected", "")
        vi = f"mục {where} của tệp ánh xạ không đúng"
        vi += f"; chỉ nhận {str(expected).replace(' or ', ' hoặc ')}" if expected else ""
        yield MappingFault("malformed", part, vi, f"{where} of the mapping: {each['msg']}")


def write_mapping(mapping: FileMapping, notes: Mapping[tuple[str, str, str], str]) -> str:
    """Write a mapping as its file, with notes as comments over what they are of.

    A note's key is part, header or field, and word.
    """
    lines = [
        "# Bảng ánh xạ: cách đọc tệp của một bên gửi. Sửa, rồi xác nhận: hub map confirm TỆP",
        '# Mục để trống ("") là chưa quyết định; chỉ xác nhận được khi không còn mục nào như vậy.',
        f"contract = {_quoted(mapping.contract)}",
        f"sender = {_quoted(mapping.sender)}",
        "",
        "# Chỉ đọc các trang tính này; để trống [] là mọi trang có đủ cột.",
        *_noted(notes, ("sheet", "", "")),
        f"sheets = {_listed(mapping.sheets)}",
        "# Cột không lấy vào.",
        f"passed_over = {_listed(mapping.passed_over)}",
        "",
    ]
    for column in mapping.columns:
        for part in ("column", "unit", "mark", "order"):
            lines += _noted(notes, (part, column.header, ""))
        lines += ["[[columns]]", f"header = {_quoted(column.header)}"]
        lines.append(f"field = {_quoted(column.field)}")
        more = (("unit", column.unit), ("mark", column.mark), ("order", column.order))
        lines += [f"{name} = {_quoted(value)}" for name, value in more if value]
        lines.append("")
    if mapping.always:
        lines += ["# Đúng cho mọi dòng, khi tệp không có cột.", "[always]"]
        for name, value in mapping.always.items():
            lines += _noted(notes, ("always", name, ""))
            lines.append(f"{_named(name)} = {_quoted(value)}")
        lines.append("")
    for name, words in mapping.words.items():
        lines += ["# Chữ trong tệp = mã", f"[words.{_named(name)}]"]
        for written, code in words.items():
            lines += _noted(notes, ("word", name, written))
            lines.append(f"{_quoted(written)} = {_quoted(code)}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _noted(notes: Mapping[tuple[str, str, str], str], at: tuple[str, str, str]) -> list[str]:
    note = notes.get(at)
    return [] if note is None else [f"# {' '.join(note.split())}"]


def _listed(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _named(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    """Write a text as TOML does: as JSON, but for one letter that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
