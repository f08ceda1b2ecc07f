"""Statements of banks and wallets from a drop folder: CSV and XLSX as they export them.

`HUB_STATEMENTS_FOLDER` is the folder. A file's name begins with the code of its bank, such as
`VCB-20250519.csv`, whose day ends at `HUB_STATEMENTS_CUT_OFFS` (`VCB=16:30,MOMO=24:00`), others' at
`HUB_STATEMENTS_CUT_OFF`. A credit with the reference of a fee is a payment of it, a debit with one
a refund. Of a row only its number, instants, amounts, balance and that reference are kept: who
paid, from which account and with which words is read by nobody.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from connectors.statements.balances import SUMMED, hold, stated
from connectors.statements.settling import (
    Settling,
    installed_days_off,
    read_cut_off,
    read_cut_offs,
)
from hub.connecting.feeds import Connector, Context, JsonObject, Known, Record
from hub.connecting.folder import Folder
from hub.connecting.rows import FileRecords
from hub.definitions.admission import Verdict, unreadable, verdict_of
from hub.definitions.contract import Contract
from hub.definitions.faults import Fault
from hub.sheets.cells import Cell
from hub.sheets.days import instant, period
from hub.sheets.files import with_id
from hub.sheets.mapping import FileMapping
from hub.sheets.numbers import money
from hub.sheets.table import Column, FileError, Row, Table
from hub.sheets.tabular import TableRead, read_table, whole_file
from hub.sheets.understood import PassedOver
from hub.sheets.vietnamese import Reader, Reading, WrittenError, text
from hub.sheets.xlsx import XlsxError
from schemas.contracts.fee import Fee
from schemas.fee_reference import FeeReference, find_reference

CONTRACT = Contract(Fee)
_WORDS = re.compile(r"[^\W\d_]{2}")  # two letters: no day, hour or amount has them
_NUMBER = re.compile(r"(?=.*[0-9])[A-Za-z0-9./_\-]{1,64}")
DAY = "2025-05-17"  # as a value date is read
TRIED = Settling(16 * 60 + 30)  # of cases and trials: weekends alone are days off


def _read_at(cell: Cell, reading: Reading) -> str:
    """Read an instant; many banks export the day alone, which is its beginning."""
    try:
        return str(instant.read(cell, reading))
    except WrittenError as error:
        if error.rule != "missing_time":
            raise
    return f"{period.read(cell, reading)}T00:00:00+07:00"


def _read_reference(cell: Cell, _: Reading) -> str:
    """Find the reference in what the payer wrote; nothing else of it is kept."""
    found = find_reference(str(cell))
    return "" if found is None else str(found)


TABLE = Table(
    columns=(
        Column(
            "occurred_at",
            ("Ngày giao dịch", "Thời gian giao dịch", "Ngày GD", "Transaction date"),
            Reader("instant", _read_at),
            example="17/05/2025 08:00:00",
        ),
        Column("value_on", ("Ngày hiệu lực", "Ngày hạch toán", "Value date"), period, False),
        Column(
            "number",
            ("Số bút toán", "Số chứng từ", "Mã giao dịch", "Số tham chiếu", "Reference number"),
            text,
        ),
        Column("debit", ("Ghi nợ", "Phát sinh nợ", "Số tiền ghi nợ", "Debit"), money, False),
        Column("credit", ("Ghi có", "Phát sinh có", "Số tiền ghi có", "Credit"), money, False),
        Column("balance", ("Số dư", "Số dư sau giao dịch", "Balance"), money, False),
        Column(
            "reference",
            ("Nội dung", "Nội dung giao dịch", "Nội dung chi tiết", "Diễn giải", "Description"),
            Reader("code", _read_reference),
            # Without the column a refund would be passed over as a debit that is no fee's.
            may_be_blank=True,
        ),
    ),
    passed=frozenset(("stt", "no")),
)


class StatementsSettings(BaseSettings):
    """Where files are dropped, how many seconds one must stand still, and when banks' days end."""

    folder: Path
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0
    cut_off: str = "24:00"
    cut_offs: str = ""

    @field_validator("cut_off")
    @classmethod
    def _is_an_hour(cls, value: str) -> str:
        try:
            read_cut_off(value)
        except ValueError:
            raise ValueError("expected an hour such as 16:30 or 24:00") from None
        return value

    @field_validator("cut_offs")
    @classmethod
    def _are_hours(cls, value: str) -> str:
        try:
            read_cut_offs(value)
        except ValueError:
            raise ValueError("expected BANK=hour,BANK=hour, such as VCB=16:30") from None
        return value


def read_with(
    settling: Settling, name: str, content: bytes, mapping: FileMapping | None = None
) -> FileRecords:
    """Read a statement, CSV or XLSX by its content; a record a row, none where it is not whole."""
    table = TABLE if mapping is None else mapping.on(TABLE)
    read = read_table(table, content)
    read.understood.mapping = "" if mapping is None else mapping.digest
    try:
        _without_balances(table, content, read)
    except (FileError, XlsxError) as error:
        read = TableRead([whole_file(content, error)], read.understood)
    records = _records(settling, bank_of(name), read)
    return FileRecords(list(records), read.understood)


def read(name: str, content: bytes, mapping: FileMapping | None = None) -> FileRecords:
    """Read a statement as cases have it: the day ends at 16:30, weekends are days off."""
    return read_with(TRIED, name, content, mapping)


def bank_of(name: str) -> str:
    """Give the code of the bank that a file's name begins with."""
    return name.replace("_", "-").partition("-")[0].upper()


def _without_balances(table: Table, content: bytes, read: TableRead) -> None:
    """Take away rows of balances, and hold the others against them; raises `FileError`."""
    if len(read.rows) == 1 and read.rows[0].verdict and not read.rows[0].said:
        return  # the file cannot be read as a whole
    if len({row.sheet for row in read.rows}) > 1:
        vi = "sao kê có nhiều trang tính; hãy gửi mỗi tài khoản một tệp, một trang"
        en = "the statement has several sheets; send a file of one sheet for each account"
        raise FileError("too_many_sheets", vi, en)
    balances = stated(table, content)
    last = max((r.number for r in read.rows if r.verdict is None), default=0)
    for row in read.rows:
        if row.number > last and row.number not in balances.numbers and _is_signature(row):
            balances.numbers.add(row.number)
            vi, en = f"bỏ qua dòng {row.number}, ghi chú", f"passed over: row {row.number}, a note"
            read.understood.passed.append(PassedOver("note", "", row.number, "", vi, en))
    read.rows = [row for row in read.rows if row.number not in balances.numbers]
    if not read.rows:
        vi, en = "sao kê không có giao dịch nào", "there is no transaction in the statement"
        raise FileError("empty", vi, en)
    hold(read, balances)


def _is_signature(row: Row) -> bool:
    """Tell whether a row is of those who sign below: no day, no number, no amount."""
    has_amount = any(isinstance(row.said.get(name), int) for name in SUMMED)
    return not (has_amount or row.said.get("occurred_at") or row.said.get("number"))


def _records(settling: Settling, bank: str, read: TableRead) -> Iterator[Record]:
    """Make rows records; a debit without a reference is no fee's, and is named."""
    left: list[int] = []
    for row in read.rows:
        debit = 0 if row.verdict or row.values.get("credit") else row.values.get("debit", 0)
        if debit and not _reference(row):
            left.append(debit)
            continue
        verdict = _wrong(row) if row.verdict is None else without_words(row.verdict)
        events = () if verdict else (_event(settling, bank, row),)
        yield Record(_kept(row), events, verdict, row.place, row.original)
    if left:
        total = f"{sum(left):,}".replace(",", ".")
        vi = f"bỏ qua {len(left)} dòng ghi nợ không có mã khoản thu, tổng {total} đồng"
        en = f"passed over: {len(left)} debits without a fee's reference, {total} đồng in all"
        read.understood.passed.append(PassedOver("debits", "", 0, total, vi, en))


def _reference(row: Row) -> FeeReference | None:
    return find_reference(row.values.get("reference", ""))


def _wrong(row: Row) -> Verdict | None:
    """Say why a row that can be read is no payment of a fee."""
    debit, credit = row.values.get("debit", 0), row.values.get("credit", 0)
    if bool(debit) == bool(credit):
        vi = f"dòng {row.number}: phải có một trong hai cột Ghi nợ, Ghi có lớn hơn 0"
        en = f"row {row.number}: one of debit and credit must be more than 0"
        return replace(unreadable("not_an_amount", "Ghi có", "", vi, en), index=row.place)
    if not _NUMBER.fullmatch(row.values["number"]):
        vi = f"dòng {row.number}: số bút toán chỉ gồm chữ không dấu, số và . / _ -, ví dụ FT25136-1"
        en = f"row {row.number}: a number has letters, digits and . / _ - alone, such as FT25136-1"
        return replace(unreadable("malformed", "Số bút toán", "", vi, en), index=row.place)
    if len(row.values.get("value_on", DAY)) != len(DAY):
        vi = f"dòng {row.number}: ngày hiệu lực phải là một ngày, ví dụ 17/05/2025"
        en = f"row {row.number}: the value date must be a day, such as 17/05/2025"
        return replace(unreadable("malformed", "Ngày hiệu lực", "", vi, en), index=row.place)
    if _reference(row) is None:
        vi = f"dòng {row.number}: nội dung không có mã khoản thu, hoặc có nhiều mã; đúng là như"
        vi += " “H57.132-250517-0001 LP01”; đối chiếu số bút toán với ngân hàng"
        en = f"row {row.number}: there is no reference of a fee, or there are several; a right one"
        en += " is such as “H57.132-250517-0001 LP01”; ask the bank by the row's number"
        return replace(unreadable("no_reference", "Nội dung", "", vi, en), index=row.place)
    return None


def _event(settling: Settling, bank: str, row: Row) -> JsonObject:
    """Make a row what happened to its fee, told when the bank's day was closed."""
    values, reference = row.values, _reference(row)
    assert reference is not None
    at = datetime.fromisoformat(values["occurred_at"])
    said_on = values.get("value_on", "")
    settled = date.fromisoformat(said_on) if said_on else settling.day_of(at, bank)
    told_at = max(settling.closed_at(settled, bank), at)
    is_paid = bool(values.get("credit"))
    return with_id(
        {
            "dossier_code": reference.dossier_code,
            "fee_code": reference.fee_code,
            "unit": reference.unit,
            "kind": "paid" if is_paid else "refunded",
            "occurred_at": values["occurred_at"],
            "recorded_at": told_at.isoformat(),
            "amount_vnd": values["credit" if is_paid else "debit"],
            "transaction_id": values["number"],
            "channel": "bank",
            "settled_on": settled.isoformat(),
        }
    )


def _kept(row: Row) -> bytes:
    """Give what is kept of a row: its known cells, as far as they hold no words."""
    values = row.said if row.verdict else row.values
    names = {c.field: c.headers[0] for c in TABLE.columns}
    kept = {names[n]: v for n, v in values.items() if n in names and _is_kept(n, v)}
    return json.dumps(kept, ensure_ascii=False).encode()


def _is_kept(name: str, value: Any) -> bool:
    if not isinstance(value, str):
        return isinstance(value, int)
    if name == "number":
        return _NUMBER.fullmatch(value) is not None
    return name == "reference" or not _WORDS.search(value)


def without_words(verdict: Verdict) -> Verdict:
    """Take what may be somebody's name out of a verdict: a cell in a wrong column may hold any."""
    return verdict_of(verdict.index, [_without(fault) for fault in verdict.each()])


def _without(fault: Fault) -> Fault:
    # A header that resembles another is no cell.
    if fault.rule == "near_header" or not _WORDS.search(fault.value):
        return fault
    if fault.rule == "missing_header":
        return replace(fault, value="")  # the words name the columns, which are ours
    vi, en = (m.replace(fault.value, "…") for m in (fault.message_vi, fault.message_en))
    return replace(fault, value="", message_vi=vi, message_en=en)


def with_units(records: FileRecords, known: Known) -> FileRecords:
    """Give events of fees that are known the unit that collects them: it is not always the code's.

    Raises `UpstreamError` where not all is known yet.
    """
    entities = sorted({CONTRACT.entity_of(dict(e)) for r in records for e in r.events})
    units = {entity: unit for entity, (unit,) in known(entities, ["unit"]).items() if unit}

    def known_as(event: Any) -> JsonObject:
        said = {k: v for k, v in event.items() if k != "event_id"}
        unit = units.get(CONTRACT.entity_of(event), said["unit"])
        return with_id({**said, "unit": unit})

    changed = [replace(r, events=tuple(map(known_as, r.events))) for r in records]
    return FileRecords(changed, records.understood)


def open_folder(settings: StatementsSettings, context: Context) -> Folder:
    """Begin to watch the folder, by the calendar that is in force."""
    rows = tuple(dict(row) for row in context.listed("calendar")) or installed_days_off()
    cut_offs = read_cut_offs(settings.cut_offs)
    settling = Settling(read_cut_off(settings.cut_off), cut_offs, rows)
    return Folder(
        "statements",
        CONTRACT,
        settings.folder,
        settings.settle_seconds,
        context,
        partial(read_with, settling),
        TABLE.header_of,
        partial(with_units, known=context.known),
    )


CONNECTOR = Connector(StatementsSettings, read, open_folder)
