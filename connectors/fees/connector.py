"""Phí, lệ phí hồ sơ from a drop folder: CSV and XLSX files with the columns below.

`HUB_FEES_FOLDER` is the folder; files are taken when they stood still for
`HUB_FEES_SETTLE_SECONDS`.
"""

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from hub.connecting.feeds import Connector, Context, JsonObject
from hub.connecting.folder import Folder
from hub.connecting.rows import FileRecords, records_of
from hub.definitions.contract import Contract
from hub.sheets.days import instant, period
from hub.sheets.mapping import FileMapping
from hub.sheets.numbers import money
from hub.sheets.table import Column, Table
from hub.sheets.vietnamese import code, text
from schemas.contracts.fee import Fee

CONTRACT = Contract(Fee)
KINDS = {
    "phải thu": "assessed",
    "đã nộp": "paid",
    "hoàn phí": "refunded",
    "phát hành biên lai": "receipt_issued",
    "hủy biên lai": "receipt_cancelled",
}
CHANNELS = {"trực tuyến": "online", "chuyển khoản": "bank", "tiền mặt": "cash"}
TABLE = Table(
    columns=(
        Column("dossier_code", ("Mã hồ sơ",), text),
        Column("fee_code", ("Mã khoản thu",), text),
        Column("unit", ("Đơn vị thu",), text),
        Column(
            "kind",
            ("Nghiệp vụ",),
            code(KINDS),
        ),
        Column("occurred_at", ("Thời điểm xảy ra",), instant),
        Column("recorded_at", ("Thời điểm ghi nhận",), instant, required=False),
        Column("amount_vnd", ("Số tiền",), money, required=False),
        Column("transaction_id", ("Mã giao dịch",), text, required=False),
        Column("receipt_number", ("Số biên lai",), text, required=False),
        Column("channel", ("Hình thức nộp",), code(CHANNELS), required=False),
        Column("settled_on", ("Ngày quyết toán",), period, required=False),
    )
)
# What an event is: the same row again is a repeat, another amount of it another event.
NAMED_BY = tuple(column.field for column in TABLE.columns)


class FeesSettings(BaseSettings):
    """Where files are dropped, and for how many seconds one must stand still to be complete."""

    folder: Path
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0


def read(name: str, content: bytes, mapping: FileMapping | None = None) -> FileRecords:
    """Read a file, CSV or XLSX by its content, and by a mapping of its sender; a record a row."""
    return records_of(TABLE, content, _event, mapping)


def _event(values: JsonObject) -> JsonObject:
    """Name an event by all it says: the last word on a document counts, by when it was recorded."""
    said = "\x1f".join(str(values.get(n, "")) for n in NAMED_BY)
    digest = hashlib.blake2b(said.encode(), digest_size=16)
    return {"event_id": digest.hexdigest(), **values}


def open_folder(settings: FeesSettings, context: Context) -> Folder:
    """Begin to watch the folder."""
    path, settle = settings.folder, settings.settle_seconds
    return Folder("fees", CONTRACT, path, settle, context, read, TABLE.header_of)


CONNECTOR = Connector(
    FeesSettings,
    read,
    open_folder,
    unstruck="files in a drop folder, by the same code as those of `documents` and `statements`",
)
