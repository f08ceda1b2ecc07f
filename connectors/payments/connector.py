"""Payment statistics from a drop folder: CSV and XLSX files as banks and utilities send them.

`HUB_PAYMENTS_FOLDER` is the folder; files are taken when they stood still for
`HUB_PAYMENTS_SETTLE_SECONDS`.

A file without the column `Lần báo cáo` holds first reports, of revision 0: many senders know no
revisions. A later file of the same key with other figures then has the same `event_id`, so it is
shown as a conflict and replaces nothing silently. Where the column is there, a blank in it is an
error: the sender counts revisions and has left one out.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic_settings import BaseSettings

from hub.connecting.feeds import Connector, Context
from hub.connecting.folder import FileRecords, Folder, records_of
from hub.definitions.contract import Contract
from hub.sheets.days import period
from hub.sheets.numbers import integer, money
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
NAMED_BY = ("reporter", "service", "method", "area", "period", "revision")


class PaymentsSettings(BaseSettings):
    """Where files are dropped, and for how many seconds one must stand still to be complete."""

    folder: Path
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0


def read(name: str, content: bytes) -> FileRecords:
    """Read a file, CSV or XLSX by its content; a record a row."""
    return records_of(TABLE, content, _event)


def _event(values: dict[str, Any]) -> dict[str, Any]:
    """Name a statistic by its key and revision: other figures under those are a conflict."""
    said = "\x1f".join(str(values[n]) for n in NAMED_BY)
    digest = hashlib.blake2b(said.encode(), digest_size=16)
    return {"event_id": digest.hexdigest(), **values}


def open_folder(settings: PaymentsSettings, context: Context) -> Folder:
    """Begin to watch the folder."""
    path, settle = settings.folder, settings.settle_seconds
    return Folder("payments", CONTRACT, path, settle, context, read, TABLE.header_of)


CONNECTOR = Connector(PaymentsSettings, read, open_folder)
