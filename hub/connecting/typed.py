"""Typed rows: what a database says of a row, read by a contract's table and its source's mapping.

A row of a database has types, a row of a sheet has not: a number is that number, an instant that
instant, whatever the rest of its column shows. An instant without an offset is of local time
(Asia/Ho_Chi_Minh). Columns are known as those of files are: by title, field, or mapping; a column
that none of these knows is passed over, and never leaves the row.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any

from hub.clock import VIETNAM
from hub.definitions.admission import Verdict, unreadable, verdict_of
from hub.definitions.contract import Contract
from hub.definitions.faults import Fault, show_value
from hub.sheets.cells import Cell
from hub.sheets.files import NAME, table_of
from hub.sheets.headers import Heading, headings
from hub.sheets.mapped import check_mapping
from hub.sheets.mapping import FileMapping, read_mapping
from hub.sheets.notes import shown
from hub.sheets.revising import counted
from hub.sheets.table import Column, Table, masked_as
from hub.sheets.vietnamese import Reading, WrittenError

_NUMBERS = ("integer", "money", "decimal", "share")
MAPPING_FILE = "mapping.toml"


def mapping_beside(file: str, contract: Contract) -> FileMapping:
    """Read the mapping that lies beside a connector; raises `MappingError` where it is wrong."""
    mapping = read_mapping((Path(file).parent / MAPPING_FILE).read_text("utf-8"))
    check_mapping(contract, mapping)
    return mapping


class TypedTable:
    """How the rows of one database table are read; `names` are its columns."""

    def __init__(self, contract: Contract, mapping: FileMapping, names: Sequence[str]) -> None:
        self.table: Table = table_of(contract, mapping)
        known = headings(self.table, list(names))
        # By their titles: who is to mend the mapping knows the contract's fields.
        self.missing = tuple(c.title for c in self.table.needed if c.field not in known.known)
        self.twice = known.twice
        by_field = {c.field: c for c in self.table.columns}
        self._read: list[tuple[str, Column, Reading]] = [
            (names[h.at], by_field[field], _reading(h)) for field, h in known.known.items()
        ]
        gone = [c for c in self.table.columns if c.field not in known.known]
        self._counted = counted(contract)
        self._absent = {
            c.field: c.absent for c in gone if c.absent is not None and c.field != self._counted
        }
        self.counts_on = any(c.field == self._counted for c in gone)

    @property
    def names(self) -> list[str]:
        """The columns that are read."""
        return [name for name, _, _ in self._read]

    @property
    def has_events(self) -> bool:
        """Whether its rows are events with names of their own."""
        return any(column.field == NAME for _, column, _ in self._read)

    def verdict(self, place: int = 0) -> Verdict | None:
        """Say why no row can be read: a column that must be there is not, or two are one field."""
        if self.missing:
            named = ", ".join(self.missing)
            vi = "bảng không có cột cho các trường này; hãy sửa bảng ánh xạ"
            en = "the table has no column for these fields; mend the mapping"
            return unreadable("missing_header", "", named, vi, en, place)
        if self.twice:
            vi, en = "hai cột cùng được hiểu là một trường", "two columns are taken for one field"
            return unreadable("twice", "", ", ".join(self.twice), vi, en, place)
        return None

    def read(
        self, row: Mapping[str, Any], place: int, revision: int | None = None
    ) -> dict[str, Any] | Verdict:
        """Give a row's values by field, or everything that is wrong with it.

        `revision` is what the row counts as where the contract counts and the table does not.
        """
        if (verdict := self.verdict(place)) is not None:
            return verdict
        values, faults = dict(self._absent), list[Fault]()
        if self.counts_on and self._counted:
            values[self._counted] = revision
        for name, column, reading in self._read:
            cell = cell_of(row.get(name), column)
            try:
                if isinstance(cell, str) and not cell.strip():
                    if column.is_filled:
                        vi, en = "thiếu giá trị bắt buộc", "a required value is missing"
                        raise WrittenError("required", vi, en)
                    continue
                said = column.reads(cell, reading)
                values[column.field] = str(said) if isinstance(said, Decimal) else said
            except WrittenError as error:
                faults.append(_fault(name, column, cell, error))
        return verdict_of(place, faults) if faults else values

    def kept(self, row: Mapping[str, Any]) -> bytes:
        """Give what is kept of a row: the columns that are read, by their titles, and no other."""
        cells = {column.headers[0]: _plain(row.get(name)) for name, column, _ in self._read}
        said = {title: cell for title, cell in cells.items() if cell is not None}
        return json.dumps(said, ensure_ascii=False).encode()


def _reading(heading: Heading) -> Reading:
    hint = heading.hint
    order = hint.order or heading.order or "day"
    is_said = hint.order is not None or heading.order is not None
    return Reading(hint.mark, order=order, is_said=is_said, scale=hint.scale)


def cell_of(value: Any, column: Column) -> Cell:
    """Give a database's value as the cell that its column reads."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal) and isfinite(value):
        exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        # A code that its database keeps as a number has lost no digit there.
        return exact if column.kind in _NUMBERS else f"{exact:f}"
    return str(_plain(value))


def _plain(value: Any) -> Any:
    """Give a value as JSON has it: an instant with its offset, local where it has none."""
    if isinstance(value, datetime):
        at = value.replace(tzinfo=VIETNAM) if value.tzinfo is None else value.astimezone(VIETNAM)
        return at.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)


def _fault(name: str, column: Column, cell: Cell, error: WrittenError) -> Fault:
    """Say what is wrong with a value: the database's column, the value, and what is right."""
    said = show_value(shown(cell, masked_as(column)))
    prefix = f"“{said}” " if said else ""
    such = column.example
    vi = error.vi if "ví dụ" in error.vi or not such else f"{error.vi}, ví dụ {such}"
    en = error.en if "such as" in error.en or not such else f"{error.en}, such as {such}"
    title = f"{column.title} ({name})"
    return Fault(error.rule, name, said, f"{title}: {prefix}{vi}", f"{title}: {prefix}{en}")
