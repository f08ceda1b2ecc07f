"""Files that departments send: CSV or XLSX, each row an item under the same contract.

Columns are known by the field's name or by its title in either language, whatever their order; what
no field has is passed over, so that a file of errors can be corrected and sent again as it is.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from hub.definitions.admission import (
    Admitted,
    BodyError,
    Verdict,
    admit,
    check_count,
    judge_each,
    show_value,
)
from hub.definitions.contract import Contract, WireField
from hub.sheets.tabular import Column, Row, Table, read_rows
from hub.sheets.vietnamese import WrittenError, decimal, folded, instant, integer, text
from hub.sheets.xlsx import ARCHIVE_MAGIC, Cell

ITEM = "Mã bản ghi"  # the column by which rows are corrections of rejected items
_ITEM_FIELD = "~item"  # no field of a contract is called so
_TRUE, _FALSE = ("true", "co", "dung", "1", "x"), ("false", "khong", "sai", "0")
# A cell that begins so is run as a formula by programs that open the file.
_FORMULA = ("=", "+", "@", "-", "\t", "\r")


def table_of(contract: Contract) -> Table:
    """Make the table that a contract's files hold."""
    return Table(tuple(_column(f) for f in contract.fields))


def corrections(contract: Contract, data: bytes) -> list[tuple[str, bytes | Verdict]]:
    """Read a file of corrected items: each one's name, and the item or why it cannot be read.

    Raises `BodyError` where the file cannot be read as a whole, or has no column `ITEM`.
    """
    named = Column(_ITEM_FIELD, (ITEM, "quarantine_id"), text)
    table = Table((named, *table_of(contract).columns))
    out: list[tuple[str, bytes | Verdict]] = []
    for row in _rows(table, data):
        if row.verdict is not None:
            out.append((row.said.get(_ITEM_FIELD, ""), _named(contract, row)))
        else:
            values = {k: v for k, v in row.values.items() if k != _ITEM_FIELD}
            out.append((str(row.values[_ITEM_FIELD]), _item(values)))
    return out


def _rows(table: Table, data: bytes) -> list[Row]:
    rows = read_rows(table, data)
    first = rows[0].verdict
    if len(rows) == 1 and first is not None and not rows[0].said:
        status = 413 if first.rule in ("too_large", "too_many_rows") else 400
        raise BodyError(first.rule, first.message_vi, first.message_en, status)
    check_count(len(rows))
    return rows


def _column(f: WireField) -> Column:
    headers = tuple({folded(h): h for h in (f.doc.vi, f.name, f.doc.en)}.values())
    reader = _READERS[f.kind]

    def read(cell: Cell) -> Any:
        # As sheet programs have it, an apostrophe before what would be a formula makes it a text.
        if isinstance(cell, str) and cell.startswith("'") and _is_formula(cell):
            cell = cell[1:]
        return reader(cell)

    return Column(f.name, headers, read, required=not f.optional)


def _boolean(cell: Cell) -> bool:
    said = folded(str(cell))
    if said not in _TRUE + _FALSE:
        raise WrittenError("not_a_boolean", "chỉ nhận: có, không", "not true or false")
    return said in _TRUE


def _instant(cell: Cell) -> str:
    """Read an instant with its offset, else one of local time."""
    try:
        if isinstance(cell, str) and datetime.fromisoformat(cell.strip()).tzinfo is not None:
            return cell.strip()
    except ValueError:
        pass
    return instant(cell)


_READERS: dict[str, Callable[[Cell], Any]] = {
    "text": text,
    "integer": integer,
    "thousandths": decimal,
    "boolean": _boolean,
    "instant": _instant,
}


def is_table(data: bytes, name: str = "") -> bool:
    """Tell whether bytes are a table rather than JSON."""
    if data[:4] == ARCHIVE_MAGIC or name.lower().endswith((".csv", ".xlsx", ".tsv")):
        return True
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"[")


def admit_file(contract: Contract, data: bytes) -> Admitted:
    """Judge each row of a file; an item's index is its row's number in the file, less one.

    Raises `BodyError` where the file cannot be read as a whole, or has too many rows.
    """
    rows = _rows(table_of(contract), data)
    good = [r for r in rows if r.verdict is None]
    admitted = judge_each(contract, [_item(r.values) for r in good])
    numbers = [r.number - 1 for r in good]
    rejected = [_placed(contract, v, numbers[v.index]) for v in admitted.rejected]
    rejected += [_named(contract, r) for r in rows if r.verdict is not None]
    originals = {numbers[i]: raw for i, raw in admitted.originals.items()}
    originals |= {r.number - 1: _item(r.said) for r in rows if r.verdict is not None}
    return Admitted(
        contract,
        admitted.kept,
        [numbers[i] for i in admitted.indexes],
        sorted(rejected, key=lambda v: v.index),
        originals,
        {r.number - 1: _item(r.values) for r in good},
    )


def judge_file(contract: Contract, data: bytes, name: str = "") -> Admitted:
    """Judge a file of any form: JSON, lines of JSON, CSV or XLSX. Raises `BodyError`."""
    return admit_file(contract, data) if is_table(data, name) else admit(contract, data)


def _item(values: dict[str, Any]) -> bytes:
    plain = {k: float(v) if isinstance(v, Decimal) else v for k, v in values.items()}
    return json.dumps(plain, ensure_ascii=False).encode()


def _placed(contract: Contract, v: Verdict, index: int) -> Verdict:
    """Say of a verdict in which row and column it is."""
    column = table_of(contract).header_of(v.field)
    vi, en = f"dòng {index + 1}, cột {column}: ", f"row {index + 1}, column {column}: "
    message_vi = vi + v.message_vi.removeprefix(f"{v.field}: ")
    message_en = en + v.message_en.removeprefix(f"{v.field}: ")
    return Verdict(index, v.rule, v.field, v.value, message_vi, message_en)


def _named(contract: Contract, row: Row) -> Verdict:
    """Give a verdict on a row that cannot be read the name of its field, besides the column's."""
    v = row.verdict
    assert v is not None
    columns = {folded(h): c.field for c in table_of(contract).columns for h in c.headers}
    name = columns.get(folded(v.field), v.field)
    return Verdict(v.index, v.rule, name, v.value, v.message_vi, v.message_en)


def errors(contract: Contract, rejected: Sequence[dict[str, Any]]) -> str:
    """Write rejected items as CSV: where and why, then the item; to be corrected and sent again.

    `rejected` are rejections as they are kept, with `original` in plain text.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    table = table_of(contract)
    titles = [c.headers[0] for c in table.columns]
    writer.writerow([ITEM, "Dòng", "Cột sai", "Lý do từ chối", "Reason", *titles])
    for one in rejected:
        said = _fields(one["original"])
        cells = [_written(said.get(c.field)) for c in table.columns]
        column = table.header_of(one["field"])
        words = (one["message_vi"], one["message_en"])
        writer.writerow([one["event_id"], one["index"] + 1, column, *map(_harmless, words), *cells])
    return "\ufeff" + out.getvalue()


def _fields(original: str) -> dict[str, Any]:
    try:
        said = json.loads(original)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, int | float):
        # As `vietnamese.decimal` reads it: the point would be a mark of thousands.
        return f"{Decimal(repr(value)):f}".replace(".", ",") if isfinite(value) else str(value)
    return _harmless(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _harmless(value: str) -> str:
    """Make a text that is read again as it is, and that no program takes for a formula."""
    value = value.encode(errors="replace").decode()  # JSON can say halves of characters
    return f"'{value}" if _is_formula(value) else value


def _is_formula(value: str) -> bool:
    return value.lstrip("'").startswith(_FORMULA)


def lines(contract: Contract, admitted: Admitted, name: str) -> Iterator[str]:
    """Say what is wrong with a file, a line an error, for a terminal or a log of CI."""
    for v in admitted.rejected:
        yield f"{name}:{v.index + 1}: {v.rule} {v.field} {show_value(v.value)}: {v.message_vi}"
