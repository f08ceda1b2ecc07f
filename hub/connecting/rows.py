"""Rows: what a file of a drop folder says row by row, and such a row again when it is corrected."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from hub.connecting.feeds import JsonObject, Known, Record
from hub.definitions.admission import Verdict, admit_values, unreadable, verdict_of
from hub.definitions.again import Again, as_they_are
from hub.definitions.contract import Contract
from hub.definitions.faults import Fault, written_as
from hub.definitions.masking import mask_text
from hub.sheets.daily import RECORDED, Daily
from hub.sheets.files import worded
from hub.sheets.mapping import FileMapping
from hub.sheets.table import Row, Table
from hub.sheets.tabular import TableRead, read_table
from hub.sheets.understood import Understood
from hub.sheets.vietnamese import WrittenError

# Makes the values of a row an event, or several.
Event = Callable[[dict[str, Any]], JsonObject | list[JsonObject]]


class FileRecords(list[Record]):
    """The records of a file, a row each, with how the file was understood."""

    def __init__(self, records: Iterable[Record], understood: Understood) -> None:
        super().__init__(records)
        self.understood = understood


def records_of(
    table: Table,
    content: bytes,
    event: Event,
    mapping: FileMapping | None = None,
    daily: Daily | None = None,
) -> FileRecords:
    """Read a file's rows as records; `event` makes a row's values an event.

    Of daily files, of which a later one corrects an earlier one, `daily` is by their names.

    What is kept of a row are its cells by their headers, each as it is read where it can be; it is
    known again by its bytes. `mapping` says what in its sender's files is written otherwise than
    the table has it.
    """
    read = read_table(table if mapping is None else mapping.on(table), content, daily=daily)
    read.understood.mapping = "" if mapping is None else mapping.digest
    return recorded(read, event, lambda r: _cells(table, r.said if r.verdict else r.values))


def recorded(
    read: TableRead,
    event: Event = lambda values: values,
    kept: Callable[[Row], bytes] = lambda row: row.original,
) -> FileRecords:
    """Give rows that were read as records, of each of which `kept` is kept."""
    records = (
        Record(
            kept(r) or r.original,
            () if r.verdict else tuple(_listed(event(r.values))),
            r.verdict,
            r.place,
            r.original,
            said=read.understood.in_its_words,
        )
        for r in read.rows
    )
    return FileRecords(records, read.understood)


def again_of(
    contract: Contract,
    table: Table,
    event: Event,
    settled: Callable[[list[JsonObject], bytes, Known], list[JsonObject]] = as_they_are,
) -> Again:
    """Say how a rejected row is read again; arguments as of `records_of`."""
    return Again(partial(_read, contract, table, event), partial(_about, table), settled=settled)


def _listed(said: JsonObject | list[JsonObject]) -> list[JsonObject]:
    return said if isinstance(said, list) else [said]


def _cells(table: Table, values: dict[str, Any]) -> bytes:
    plain = {
        table.header_of(k): float(v) if isinstance(v, Decimal) else v for k, v in values.items()
    }
    return json.dumps(plain, ensure_ascii=False).encode() if plain else b""


def _read(
    contract: Contract, table: Table, event: Event, content: bytes, _: bytes
) -> list[JsonObject] | Verdict:
    """Read a corrected row, whose names are its headers."""
    values = {c.field: c.absent for c in table.columns if c.absent is not None}
    fields = _fields(content)
    for header, cell in fields.items():
        column = table.column_of(header)
        if column is None and header == RECORDED:  # by the name of its file
            values[RECORDED] = cell
            continue
        if column is None:
            vi, en = "không có cột này", "there is no such column"
            return unreadable("unknown_field", header, "", vi, en)
        if cell in ("", None):
            if column.is_filled:
                vi, en = "thiếu giá trị bắt buộc", "a required value is missing"
                return unreadable("required", header, "", vi, en)
            continue
        values[column.field] = _value(table, header, cell)
    lacking = next((c for c in table.filled if c.field not in values), None)
    if lacking is not None:
        vi, en = "thiếu giá trị bắt buộc", "a required value is missing"
        return unreadable("required", lacking.headers[0], "", vi, en)
    said = _listed(event(values))
    judged = admit_values(contract, said)
    if isinstance(judged, Verdict):
        cells = {c.field: cell for h, cell in fields.items() if (c := table.column_of(h))}
        faults = (written_as(f, _typed(cells.get(f.field))) for f in judged.each())
        return verdict_of(0, [_placed(contract, table, fault) for fault in faults])
    return said


def _typed(cell: Any) -> str:
    """Give a text that somebody typed, masked; empty for what was read before."""
    return mask_text(cell) if isinstance(cell, str) else ""


def _placed(contract: Contract, table: Table, fault: Fault) -> Fault:
    """Say of a fault in which column it is."""
    header = table.header_of(fault.field)
    vi, en = worded(contract, fault)
    return replace(fault, field=header, message_vi=f"{header}: {vi}", message_en=f"{header}: {en}")


def _value(table: Table, header: str, cell: Any) -> Any:
    """Read a cell as people write it; one that was read before stays as it is."""
    column = table.column_of(header)
    if column is None or not isinstance(cell, str):
        return cell
    try:
        value = column.reads(cell)
    except WrittenError:
        return cell
    return float(value) if isinstance(value, Decimal) else value


def _about(table: Table, original: bytes) -> JsonObject:
    fields = _fields(original).items()
    return {c.field: _value(table, h, cell) for h, cell in fields if (c := table.column_of(h))}


def _fields(content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
