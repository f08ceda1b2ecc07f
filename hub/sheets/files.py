"""Files that departments send: CSV or XLSX, each row an item under the same contract.

Columns are known by the field's name or by its title in either language, whatever their order; what
no field has is passed over, so that a file of errors can be corrected and sent again as it is.
"""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from math import isfinite
from typing import Any

from hub.definitions.admission import (
    Admitted,
    BodyError,
    Verdict,
    admit,
    check_count,
    judge_each,
    verdict_of,
)
from hub.definitions.again import Known
from hub.definitions.coded import coded, example, find_field, label
from hub.definitions.contract import Contract, Doc, WireField
from hub.definitions.faults import Fault, faults_of_values, show_value
from hub.sheets.cells import Cell
from hub.sheets.correcting import Corrections
from hub.sheets.days import deadline, instant, period
from hub.sheets.mapping import FileMapping
from hub.sheets.notes import unit
from hub.sheets.numbers import decimal, integer, is_doubtful, money
from hub.sheets.revising import FIRST, counted, note_replaced, note_uncounted, revise
from hub.sheets.table import Column, Row, Table
from hub.sheets.tabular import TableRead, read_table
from hub.sheets.understood import PassedOver, Understood
from hub.sheets.vietnamese import Reader, Reading, boolean, folded, spoken, text
from hub.sheets.xlsx import ARCHIVE_MAGIC

ITEM = "Mã bản ghi"  # the column by which rows are corrections of rejected items
_ITEM_FIELD = "~item"  # no field of a contract is called so
NAME = "event_id"  # the field that names a row
_ERROR_TITLES = (ITEM, "Dòng", "Cột sai", "Lý do từ chối", "Reason")
# A cell that begins so is run as a formula by programs that open the file.
_FORMULA = ("=", "+", "@", "-", "\t", "\r")
_UNNAMED = (
    "không có cột Mã sự kiện: mỗi dòng có mã theo nội dung, gửi lại y nguyên chỉ tính một lần",
    "no column of event ids: each row is named by what it says; sent again as it is it counts once",
)


@dataclass
class AdmittedFile(Admitted):
    """What became of a file: its rows as items, and how the file was understood."""

    understood: Understood = field(default_factory=Understood)

    def reject(self, drop: list[Verdict]) -> None:
        """Reject some rows after all; their verdicts say in which row and column it is."""
        placed = (_placed(self.contract, v, v.index, self.understood) for v in drop)
        super().reject(list(placed))


def table_of(contract: Contract, mapping: FileMapping | None = None) -> Table:
    """Make the table that a contract's files hold, as a sender's mapping has it."""
    table = _plain_table(contract)
    return table if mapping is None else mapping.on(table)


@cache
def _plain_table(contract: Contract) -> Table:
    shorts = Counter(folded(s) for f in contract.sent for s in short_titles(f))
    columns = []
    for f in contract.sent:
        own = [s for s in short_titles(f) if shorts[folded(s)] == 1]
        titles = (f.doc.vi, f.name, f.doc.en, *f.doc.also, *own)
        headers: dict[str, str] = {}
        for title in titles:
            headers.setdefault(folded(title), title)
        reader = reader_of(contract, f)
        titles_shown = tuple(headers.values())
        such = example(contract, f, in_file=True)
        # Whose rows have no names of their own, of them the hub makes one from what a row says.
        reads, is_needed = _unarmed(reader), f.is_needed and f.name != NAME
        first = FIRST if f.name == counted(contract) else None
        columns.append(
            Column(f.name, titles_shown, reads, is_needed, first, such, first is not None)
        )
    passed = frozenset(folded(t) for t in _ERROR_TITLES)
    return Table(tuple(columns), passed, bars=contract.spec.bars)


def reader_of(contract: Contract, f: WireField) -> Reader:
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
    pairs = {(spoken(n), code) for code, words in names.items() for n in (code, *words)}
    by_name = dict(pairs)
    if len(by_name) < len(pairs):
        raise ValueError("two codes are called the same, whatever the case")

    def read(cell: Cell, reading: Reading) -> str:
        words: str = text.read(cell, reading)
        return by_name.get(spoken(words), words)

    return Reader("text", read, tuple(n for words in names.values() for n in words))


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

    return Reader(reader.kind, read, reader.words)


def corrections(
    contract: Contract, data: bytes, mapping: FileMapping | None = None
) -> list[tuple[str, bytes | Verdict]]:
    """Read a file of corrected items: each one's name, and the item or why it cannot be read.

    Raises `BodyError` where the file cannot be read as a whole, or has no column `ITEM`.
    """
    named = Column(_ITEM_FIELD, (ITEM, "quarantine_id"), text)
    table = Table((named, *table_of(contract, mapping).columns), bars=contract.spec.bars)
    out: list[tuple[str, bytes | Verdict]] = []
    read = _read(table, data)
    unsaid = {name: None} if (name := read.understood.to_count) else {}
    for row in read.rows:
        if row.verdict is not None:
            out.append((str(row.said.get(_ITEM_FIELD, "")), _judged(contract, row, None)))
        else:
            values = {k: v for k, v in row.values.items() if k != _ITEM_FIELD}
            out.append((str(row.values[_ITEM_FIELD]), _item(with_id({**values, **unsaid}))))
    return out


def _read(table: Table, data: bytes, corrections: Corrections | None = None) -> TableRead:
    return checked(read_table(table, data, corrections))


def checked(read: TableRead) -> TableRead:
    """Give a file's rows; raise `BodyError` where it could not be read as a whole, or has many."""
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
    mapping: FileMapping | None = None,
    corrections: Corrections | None = None,
) -> AdmittedFile:
    """Judge each row of a file; an item's index is its row's number in the file, less one.

    `mapping` is its sender's, `corrections` are put in the place of cells. Where rows of several
    sheets are read, indexes count on from sheet to sheet, and messages name the sheet. Raises
    `BodyError` where the file cannot be read as a whole, or has too many rows.
    """
    read = _read(table_of(contract, mapping), data, corrections)
    read.understood.mapping = "" if mapping is None else mapping.digest
    if not any(NAME in r.values for r in read.rows if r.verdict is None):
        read.understood.passed.append(PassedOver("unnamed", "", 0, "", *_UNNAMED))
    if read.understood.to_count:
        note_uncounted(contract, read.understood)
    return admit_rows(contract, read)


def count_on(admitted: AdmittedFile, known: Known, outside: Collection[int] = ()) -> None:
    """Give rows of a file whose table has no revisions those by which they replace what is known.

    Of rows at indexes that are `outside` nothing is looked up.
    """
    contract, name = admitted.contract, admitted.understood.to_count
    mine = [i for i, index in enumerate(admitted.indexes) if index not in outside]
    wires = {i: contract.wire(admitted.kept[i]) for i in mine}
    revised = revise(contract, wires.values(), known)
    places = []
    for i, wire in wires.items():
        entity, index = contract.entity_of(wire), admitted.indexes[i]
        changes = {name: revised.revisions[entity]}
        said = json.loads(admitted.items[index])
        if said[NAME] == with_id({**said, NAME: ""})[NAME]:  # it has no name of its own
            changes |= {NAME: with_id({**said, **changes, NAME: ""})[NAME]}
        admitted.kept[i] = admitted.kept[i].model_copy(update=changes)
        places += [index] if entity in revised.replaced else []
    admitted.__dict__.pop("events", None)
    note_replaced(contract, admitted.understood, places)


def admit_rows(contract: Contract, read: TableRead) -> AdmittedFile:
    """Judge rows of a file that were read, likewise; see `checked`."""
    good = [r for r in read.rows if r.verdict is None]
    admitted = judge_each(contract, [_item(with_id(r.values)) for r in good], in_file=True)
    places = [r.place for r in good]
    # A row whose revision the hub counts is kept without: by then another one may be the next.
    unsaid = {name: None} if (name := read.understood.to_count) else {}
    items = [_item(with_id({**r.values, **unsaid})) for r in good]
    rejected = [_placed(contract, v, places[v.index], read.understood) for v in admitted.rejected]
    rejected += [_judged(contract, r, read.understood) for r in read.rows if r.verdict is not None]
    originals = {places[i]: items[i] for i in admitted.originals}
    wrong = (r for r in read.rows if r.verdict is not None)
    originals |= {r.place: _item(with_id({**r.said, **unsaid})) for r in wrong}
    return AdmittedFile(
        contract,
        admitted.kept,
        [places[i] for i in admitted.indexes],
        sorted(rejected, key=lambda v: v.index),
        originals,
        dict(zip(places, items, strict=True)),
        mapping=read.understood.mapping,
        understood=read.understood,
    )


def with_id(values: dict[str, Any], by: Collection[str] = ()) -> dict[str, Any]:
    """Name a row that has no name of its own by what it says, or by those fields of it in `by`.

    So the same row sent again is a repeat, and another one is another event; by some fields, other
    words under the same name are a conflict. The name is a digest: BLAKE2b (RFC 7693), 16 bytes, of
    the values as JSON, by field.
    """
    if values.get(NAME, "") != "":
        return values
    said = _plain({k: v for k, v in values.items() if k != NAME})
    named = {k: v for k, v in said.items() if k in by} if by else said
    text = json.dumps(named, ensure_ascii=False, sort_keys=True)
    return {NAME: hashlib.blake2b(text.encode(), digest_size=16).hexdigest(), **said}


def judge_file(
    contract: Contract, data: bytes, name: str = "", mapping: FileMapping | None = None
) -> Admitted:
    """Judge a file of any form: JSON, lines of JSON, CSV or XLSX. Raises `BodyError`."""
    if is_table(data, name):
        return admit_file(contract, data, mapping)
    return admit(contract, data)


def _item(values: dict[str, Any]) -> bytes:
    return json.dumps(_plain(values), ensure_ascii=False).encode()


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {k: json_value(v) for k, v in values.items()}


def json_value(value: Any) -> Any:
    """Give a value that was read from a cell as JSON has it."""
    return float(value) if isinstance(value, Decimal) else value


def _placed(contract: Contract, v: Verdict, place: int, understood: Understood) -> Verdict:
    """Say of a verdict in which row and columns it is."""
    placed = understood.in_its_words(replace(v, index=place))
    return verdict_of(place, [_in_row(contract, f, place, understood) for f in placed.each()])


def _in_row(contract: Contract, fault: Fault, place: int, understood: Understood) -> Fault:
    """Say of a fault in which row and column it is, by the header that its sender wrote."""
    title = understood.header_of(fault.field) or table_of(contract).header_of(fault.field)
    title = understood.cells.get(place, (0, title))[1]
    where_vi, where_en = understood.where(place)
    vi, en = worded(contract, fault)
    message_vi, message_en = (
        f"{where_vi}, cột {title}: {vi}",
        f"{where_en}, column {title}: {en}",
    )
    return replace(fault, message_vi=message_vi, message_en=message_en)


def worded(contract: Contract, fault: Fault) -> tuple[str, str]:
    """Say what is wrong with a field without its label, for where its column is named before."""
    of_field = find_field(contract, fault.field)
    called = Doc("", "") if of_field is None else label(of_field)
    vi = fault.message_vi.removeprefix(f"{called.vi}: ")
    return vi, fault.message_en.removeprefix(f"{called.en}: ")


def _judged(contract: Contract, row: Row, understood: Understood | None) -> Verdict:
    """Say all that is wrong with a row of which some cells cannot be read, by field."""
    assert row.verdict is not None
    if not row.wrong:
        return row.verdict  # of one cell alone
    faults = [
        replace(fault, field=name or fault.field)
        for fault, name in zip(row.verdict.each(), row.wrong, strict=True)
    ]
    if understood is not None:
        values = {k: v for k, v in row.values.items() if k != _ITEM_FIELD}
        others = faults_of_values(contract, _plain(with_id(values)), row.wrong)
        if others:
            also = _placed(contract, verdict_of(row.place, others), row.place, understood)
            faults += also.each()
    return verdict_of(row.place, faults)


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
        writer.writerow([one["event_id"], one["index"] + 1, column, *map(harmless, words), *cells])
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
    return harmless(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def harmless(value: str) -> str:
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
        for fault in v.each():
            what = f"{fault.rule} {fault.field} {show_value(fault.value)}"
            yield f"{name}:{at}: {what}: {fault.message_vi}"
