"""Files that departments send: CSV or XLSX, each row an item under the same contract.

Columns are known by the field's name or by its title in either language, whatever their order; what
no field has is passed over, so that a file of errors can be corrected and sent again as it is.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from hub.definitions.coded import coded
from hub.definitions.contract import Contract, WireField
from hub.sheets.cells import Cell
from hub.sheets.correcting import Corrections
from hub.sheets.days import deadline, instant, period
from hub.sheets.notes import unit
from hub.sheets.numbers import decimal, integer, is_doubtful, money
from hub.sheets.table import Column, Hints, Row, Table
from hub.sheets.tabular import TableRead, read_table
from hub.sheets.understood import Understood
from hub.sheets.vietnamese import Reader, Reading, boolean, folded, text
from hub.sheets.xlsx import ARCHIVE_MAGIC

ITEM = "Mã bản ghi"  # the column by which rows are corrections of rejected items
_ITEM_FIELD = "~item"  # no field of a contract is called so
_ERROR_TITLES = (ITEM, "Dòng", "Cột sai", "Lý do từ chối", "Reason")
# A cell that begins so is run as a formula by programs that open the file.
_FORMULA = ("=", "+", "@", "-", "\t", "\r")


@dataclass
class AdmittedFile(Admitted):
    """What became of a file: its rows as items, and how the file was understood."""

    understood: Understood = field(default_factory=Understood)

    def reject(self, drop: list[Verdict]) -> None:
        """Reject some rows after all; their verdicts say in which row and column it is."""
        placed = (_placed(self.contract, v, v.index, self.understood) for v in drop)
        super().reject(list(placed))


def table_of(contract: Contract) -> Table:
    """Make the table that a contract's files hold."""
    shorts = Counter(folded(s) for f in contract.sent for s in short_titles(f))
    columns = []
    for f in contract.sent:
        own = [s for s in short_titles(f) if shorts[folded(s)] == 1]
        titles = (f.doc.vi, f.name, f.doc.en, *f.doc.also, *own)
        headers: dict[str, str] = {}
        for title in titles:
            headers.setdefault(folded(title), title)
        reader = _reader(contract, f)
        titles_shown = tuple(headers.values())
        columns.append(Column(f.name, titles_shown, _unarmed(reader), required=f.is_needed))
    return Table(tuple(columns), frozenset(folded(t) for t in _ERROR_TITLES))


def _reader(contract: Contract, f: WireField) -> Reader:
    """Choose how a field is read: amounts have a unit, periods and deadlines are written days."""
    if f.name in contract.spec.deadlines:
        return deadline
    if f.kind == "text" and f.name == contract.spec.occurred:
        return period
    words = coded(contract, f.name).words
    if words and f.kind == "text":
        return called({code: words.get(code, ()) for code in f.limits["enum"]})
    stated = unit(f.doc.vi.rpartition(",")[2]) if f.kind == "integer" else None
    return money if stated is not None and stated.counts == "money" else _READERS[f.kind]


def shown_code(contract: Contract, name: str, code: str) -> str:
    """Give a code as people call it, as it is written in a file: `Trực tuyến`."""
    words = coded(contract, name).words.get(code, (code,))
    return f"{words[0][:1].upper()}{words[0][1:]}" if words[0] != code else code


def called(names: Mapping[str, tuple[str, ...]]) -> Reader:
    """Make a reader of codes by what people call them; another text stays as it is."""
    pairs = {(folded(n), code) for code, words in names.items() for n in (code, *words)}
    by_name = dict(pairs)
    if len(by_name) < len(pairs):
        raise ValueError("two codes are called the same without case, diacritics and spaces")

    def read(cell: Cell, reading: Reading) -> str:
        words: str = text.read(cell, reading)
        return by_name.get(folded(words), words)

    return Reader("text", read)


def short_titles(f: WireField) -> list[str]:
    """Give a field's titles without what explains them."""
    return list({folded(s): s for t in (f.doc.vi, f.doc.en) if (s := _shortened(t))}.values())


def _shortened(title: str) -> str:
    return re.split(r"[,;:(]", title)[0].strip()


def _unarmed(reader: Reader) -> Reader:
    """Read a text that was kept from being run as a formula: without its apostrophe."""

    def read(cell: Cell, reading: Reading) -> Any:
        if isinstance(cell, str) and cell.startswith("'") and _is_formula(cell):
            cell = cell[1:]
        return reader.read(cell, reading)

    return Reader(reader.kind, read)


def corrections(contract: Contract, data: bytes) -> list[tuple[str, bytes | Verdict]]:
    """Read a file of corrected items: each one's name, and the item or why it cannot be read.

    Raises `BodyError` where the file cannot be read as a whole, or has no column `ITEM`.
    """
    named = Column(_ITEM_FIELD, (ITEM, "quarantine_id"), text)
    table = Table((named, *table_of(contract).columns))
    out: list[tuple[str, bytes | Verdict]] = []
    for row in _read(table, data).rows:
        if row.verdict is not None:
            out.append((str(row.said.get(_ITEM_FIELD, "")), _named(contract, row)))
        else:
            values = {k: v for k, v in row.values.items() if k != _ITEM_FIELD}
            out.append((str(row.values[_ITEM_FIELD]), _item(values)))
    return out


def _read(
    table: Table, data: bytes, hints: Hints | None = None, corrections: Corrections | None = None
) -> TableRead:
    read = read_table(table, data, hints, corrections)
    first = read.rows[0].verdict
    if len(read.rows) == 1 and first is not None and not read.rows[0].said:
        status = 413 if first.rule in ("too_large", "too_many_rows") else 400
        raise BodyError(first.rule, first.message_vi, first.message_en, status)
    check_count(len(read.rows))
    return read


_READERS: dict[str, Reader] = {
    "text": text,
    "integer": integer,
    "thousandths": decimal,
    "boolean": boolean,
    "instant": instant,
}


def is_table(data: bytes, name: str = "") -> bool:
    """Tell whether bytes are a table rather than JSON."""
    if data[:4] == ARCHIVE_MAGIC or name.lower().endswith((".csv", ".xlsx", ".tsv")):
        return True
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"[")


def admit_file(
    contract: Contract,
    data: bytes,
    hints: Hints | None = None,
    corrections: Corrections | None = None,
) -> AdmittedFile:
    """Judge each row of a file; an item's index is its row's number in the file, less one.

    Where rows of several sheets are read, indexes count on from sheet to sheet, and messages name
    the sheet. `corrections` are put in the place of cells. Raises `BodyError` where the file cannot
    be read as a whole, or has too many rows.
    """
    read = _read(table_of(contract), data, hints, corrections)
    good = [r for r in read.rows if r.verdict is None]
    admitted = judge_each(contract, [_item(r.values) for r in good])
    places = [r.place for r in good]
    rejected = [_placed(contract, v, places[v.index], read.understood) for v in admitted.rejected]
    rejected += [_named(contract, r) for r in read.rows if r.verdict is not None]
    originals = {places[i]: raw for i, raw in admitted.originals.items()}
    originals |= {r.place: _item(r.said) for r in read.rows if r.verdict is not None}
    return AdmittedFile(
        contract,
        admitted.kept,
        [places[i] for i in admitted.indexes],
        sorted(rejected, key=lambda v: v.index),
        originals,
        {r.place: _item(r.values) for r in good},
        understood=read.understood,
    )


def judge_file(contract: Contract, data: bytes, name: str = "") -> Admitted:
    """Judge a file of any form: JSON, lines of JSON, CSV or XLSX. Raises `BodyError`."""
    return admit_file(contract, data) if is_table(data, name) else admit(contract, data)


def _item(values: dict[str, Any]) -> bytes:
    plain = {k: float(v) if isinstance(v, Decimal) else v for k, v in values.items()}
    return json.dumps(plain, ensure_ascii=False).encode()


def _placed(contract: Contract, v: Verdict, place: int, understood: Understood) -> Verdict:
    """Say of a verdict in which row and column it is."""
    column = table_of(contract).header_of(v.field)
    title = next((c.header for c in understood.columns if c.field == v.field), column)
    where_vi, where_en = understood.where(place)
    vi, en = worded(contract, v)
    message_vi, message_en = f"{where_vi}, cột {title}: {vi}", f"{where_en}, column {title}: {en}"
    return Verdict(place, v.rule, v.field, v.value, message_vi, message_en)


def worded(contract: Contract, v: Verdict) -> tuple[str, str]:
    """Say what is wrong with a value for who wrote it: no names of fields and no forms of codes."""
    of_field = next((f for f in contract.fields if f.name == v.field), None)
    if of_field is None:
        return v.message_vi, v.message_en
    names = coded(contract, v.field).words
    if v.rule == "unknown_value" and names:
        listed = ", ".join(shown_code(contract, v.field, code) for code in of_field.limits["enum"])
        vi = f"giá trị ngoài danh sách; chỉ nhận: {listed} ({v.value})"
        return vi, f"not in the list; one of: {listed} ({v.value})"
    if v.rule != "malformed" or "pattern" not in of_field.limits:
        vi, en = (m.removeprefix(f"{v.field}: ") for m in (v.message_vi, v.message_en))
        return vi, en
    example = of_field.doc.example
    such_vi, such_en = (f", ví dụ {example}", f", such as {example}") if example else ("", "")
    vi = f"“{v.value}” không đúng dạng của cột này{such_vi}"
    return vi, f"“{v.value}” does not have the form of this column{such_en}"


def _named(contract: Contract, row: Row) -> Verdict:
    """Give a verdict on a row that cannot be read the name of its field, besides the column's."""
    v = row.verdict
    assert v is not None
    column = table_of(contract).column_of(v.field)
    name = column.field if column else v.field
    return Verdict(v.index, v.rule, name, v.value, v.message_vi, v.message_en)


def errors(contract: Contract, rejected: Sequence[dict[str, Any]]) -> str:
    """Write rejected items as CSV: where and why, then the item; to be corrected and sent again.

    `rejected` are rejections as they are kept, with `original` in plain text.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    table = table_of(contract)
    titles = [c.headers[0] for c in table.columns]
    writer.writerow([ITEM, "Dòng", "Cột sai", "Lý do từ chối", "Reason", *titles])
    for one in rejected:
        said = fields_of(one["original"])
        cells = [written(said.get(c.field)) for c in table.columns]
        column = table.header_of(one["field"])
        words = (one["message_vi"], one["message_en"])
        writer.writerow([one["event_id"], one["index"] + 1, column, *map(_harmless, words), *cells])
    return "\ufeff" + file.getvalue()


def fields_of(original: str) -> dict[str, Any]:
    """Read the fields of an item that was rejected; none where it is no JSON object."""
    try:
        said = json.loads(original)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def written(value: Any) -> str:
    """Write a value of an item as a cell that is read as that value by itself."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, int | float):
        # As `numbers.decimal` reads it by itself: three digits after a mark could be thousands.
        if not isfinite(value):
            return str(value)
        said = f"{Decimal(repr(value)):f}".replace(".", ",")
        return f"{said}0" if is_doubtful(said) else said
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
        at = str(v.index + 1)
        if isinstance(admitted, AdmittedFile):
            sheet, number = admitted.understood.row_of(v.index)
            at = f"{sheet}:{number}" if sheet else str(number)
        yield f"{name}:{at}: {v.rule} {v.field} {show_value(v.value)}: {v.message_vi}"
