"""Payment statistics from a drop folder: CSV and XLSX files as banks and utilities send them.

`HUB_PAYMENTS_FOLDER` is the folder; files are taken when they stood still for
`HUB_PAYMENTS_SETTLE_SECONDS`.

A file without the column `Lần báo cáo` holds reports of senders who know no revisions. A row of it
that says what is known already is a repeat; one with other figures replaces them as the next
revision, so that of a corrected file all rows count, and the note beside the file says how many
did. What is known is what was applied: a new file waits for that. Where the column is there, the
sender counts: a blank in it is an error, and other figures under one revision are a conflict.
"""

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic_settings import BaseSettings

from hub.connecting.feeds import Connector, Context, Known
from hub.connecting.folder import FileRecords, Folder, records_of
from hub.definitions.contract import Contract
from hub.sheets.days import period
from hub.sheets.mapping import FileMapping
from hub.sheets.numbers import integer, money
from hub.sheets.table import Column, Table
from hub.sheets.understood import PassedOver
from hub.sheets.vietnamese import code, text
from schemas.contracts.payment import Payment

CONTRACT = Contract(Payment)

SERVICES = {
    "điện": "electricity",
    "nước": "water",
    "học phí": "tuition",
    "viện phí": "hospital",
    "phí lệ phí hồ sơ": "dossier_fee",
    "phí, lệ phí hồ sơ": "dossier_fee",
    "khác": "other",
}
METHODS = {
    "không dùng tiền mặt": "cashless",
    "điểm thu": "collection_point",
    "tiền mặt": "cash",
}
TABLE = Table(
    columns=(
        Column("reporter", ("Đơn vị báo cáo",), text),
        Column("service", ("Dịch vụ",), code(SERVICES)),
        Column("method", ("Hình thức",), code(METHODS)),
        Column("area", ("Địa bàn",), text),
        Column("period", ("Kỳ", "Kỳ báo cáo", "Kỳ thống kê", "Tháng", "Ngày"), period),
        Column("revision", ("Lần báo cáo", "Lần điều chỉnh"), integer, absent=0),
        Column("transactions", ("Số giao dịch",), integer),
        Column("customers", ("Số khách hàng",), integer),
        Column("amount_vnd", ("Số tiền",), money),
    ),
)
FIGURES = ("transactions", "customers", "amount_vnd")
NAMED_BY = ("reporter", "service", "method", "area", "period", "revision")


class PaymentsSettings(BaseSettings):
    """Where files are dropped, and for how many seconds one must stand still to be complete."""

    folder: Path
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0


def read(name: str, content: bytes, mapping: FileMapping | None = None) -> FileRecords:
    """Read a file, CSV or XLSX by its content, and by a mapping of its sender; a record a row."""
    return records_of(TABLE, content, _event, mapping)


def _event(values: dict[str, Any]) -> dict[str, Any]:
    """Name a statistic by its key and revision: other figures under those are a conflict."""
    said = "\x1f".join(str(values[n]) for n in NAMED_BY)
    digest = hashlib.blake2b(said.encode(), digest_size=16)
    return {"event_id": digest.hexdigest(), **values}


def correct(records: FileRecords, known: Known) -> FileRecords:
    """Give rows of a file without revisions the revision by which they replace what is known."""
    if any(column.field == "revision" for column in records.understood.columns):
        return records
    named = {CONTRACT.entity_of(dict(e)): e for r in records for e in r.events}
    before = known(sorted(named), ("revision", *FIGURES))
    revised = dict(before)
    replaced = set()
    for entity, event in named.items():
        revision, *figures = before.get(entity, (-1, *(None for _ in FIGURES)))
        if figures != [event[n] for n in FIGURES]:
            revised[entity] = (revision + 1,)
            if entity in before:
                replaced.add(entity)
    corrected = [
        replace(
            r,
            events=tuple(
                _revision(dict(e), revised[CONTRACT.entity_of(dict(e))]) for e in r.events
            ),
        )
        for r in records
    ]
    out = FileRecords(corrected, records.understood)
    if replaced:
        n = len(replaced)
        vi = f"{n} dòng thay số liệu đã báo trước đó của cùng đơn vị, dịch vụ, hình thức và kỳ"
        en = f"{n} rows replace figures reported before for the same reporter, service and period"
        out.understood.passed.append(PassedOver("replaced", "", 0, str(n), vi, en))
    return out


def _revision(event: dict[str, Any], known: tuple[Any, ...]) -> dict[str, Any]:
    values = {k: v for k, v in event.items() if k != "event_id"}
    return _event({**values, "revision": known[0]})


def open_folder(settings: PaymentsSettings, context: Context) -> Folder:
    """Begin to watch the folder."""
    path, settle = settings.folder, settings.settle_seconds
    corrected = partial(correct, known=context.known)
    return Folder("payments", CONTRACT, path, settle, context, read, TABLE.header_of, corrected)


CONNECTOR = Connector(PaymentsSettings, read, open_folder)
