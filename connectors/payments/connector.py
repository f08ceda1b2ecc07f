"""Payment statistics from a drop folder: CSV and XLSX files as banks and utilities send them.

`HUB_PAYMENTS_FOLDER` is the folder; files are taken when they stood still for
`HUB_PAYMENTS_SETTLE_SECONDS`.

A file without the column `Lần báo cáo`, or with nothing in it, holds reports of senders who know no
revisions: they are counted on (`hub.sheets.revising`), and the note beside the file says which rows
replaced what was known. What is known is what was applied: a new file waits for that. Where the
sender counts, a blank is an error, and other figures under one revision are a conflict.
"""

import hashlib
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic_settings import BaseSettings

from hub.connecting.feeds import Connector, Context
from hub.connecting.folder import Folder
from hub.connecting.numbering import Numbering
from hub.connecting.rows import FileRecords, again_of, records_of
from hub.definitions.contract import Contract
from hub.sheets.days import period
from hub.sheets.mapping import FileMapping
from hub.sheets.numbers import integer, money
from hub.sheets.revising import FIRST
from hub.sheets.table import Column, Table
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
REVISION = Column(
    "revision", ("Lần báo cáo", "Lần điều chỉnh"), integer, absent=FIRST, is_counted=True
)
TABLE = Table(
    columns=(
        Column("reporter", ("Đơn vị báo cáo",), text),
        Column("service", ("Dịch vụ",), code(SERVICES)),
        Column("method", ("Hình thức",), code(METHODS)),
        Column("area", ("Địa bàn",), text),
        Column("period", ("Kỳ", "Kỳ báo cáo", "Kỳ thống kê", "Tháng", "Ngày"), period),
        REVISION,
        Column("transactions", ("Số giao dịch",), integer),
        Column("customers", ("Số khách hàng",), integer),
        Column("amount_vnd", ("Số tiền",), money),
    ),
)
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


NUMBERING = Numbering(CONTRACT, TABLE, _event)


def open_folder(settings: PaymentsSettings, context: Context) -> Folder:
    """Begin to watch the folder."""
    path, settle = settings.folder, settings.settle_seconds
    corrected = partial(NUMBERING.correct, known=context.known)
    return Folder("payments", CONTRACT, path, settle, context, read, TABLE.header_of, corrected)


AGAIN = again_of(CONTRACT, TABLE, _event, NUMBERING.settle)
CONNECTOR = Connector(PaymentsSettings, read, open_folder)
