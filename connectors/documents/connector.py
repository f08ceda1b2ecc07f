"""Counts of papers from a drop folder: CSV and XLSX files as systems of documents export them.

`HUB_DOCUMENTS_FOLDER` is the folder; files are taken when they stood still for
`HUB_DOCUMENTS_SETTLE_SECONDS`. A row with a mark of state secrets, or with what a paper says, is
refused, and nothing of it is kept; see `schemas/barred.py`.

A file without the column `Lần báo cáo` holds counts of senders who know no revisions: as with
payments, they are counted on (`hub.sheets.revising`).
"""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic_settings import BaseSettings

from hub.connecting.feeds import Connector, Context, JsonObject
from hub.connecting.folder import Folder
from hub.connecting.numbering import Numbering
from hub.connecting.rows import FileRecords, again_of, records_of
from hub.definitions.contract import Contract
from hub.sheets.days import period
from hub.sheets.files import with_id
from hub.sheets.mapping import FileMapping
from hub.sheets.numbers import integer
from hub.sheets.revising import FIRST
from hub.sheets.table import Column, Table
from hub.sheets.vietnamese import code, text
from schemas.contracts.document import Document

CONTRACT = Contract(Document)
LEVELS = {
    "cấp tỉnh": "province",
    "tỉnh": "province",
    "cấp huyện": "district",
    "huyện": "district",
    "cấp xã": "commune",
    "xã": "commune",
}
REVISION = Column(
    "revision", ("Lần báo cáo", "Lần điều chỉnh"), integer, absent=FIRST, is_counted=True
)
TABLE = Table(
    columns=(
        Column("unit", ("Mã đơn vị", "Đơn vị", "Mã định danh"), text),
        Column("level", ("Cấp", "Cấp chính quyền"), code(LEVELS)),
        Column("day", ("Ngày", "Ngày xử lý", "Ngày báo cáo"), period),
        REVISION,
        Column("handled", ("Văn bản đã xử lý", "Tổng số văn bản xử lý"), integer),
        Column("handled_online", ("Xử lý trên môi trường mạng", "Xử lý trực tuyến"), integer),
    ),
    bars=Document.spec.bars,
)


class DocumentsSettings(BaseSettings):
    """Where files are dropped, and for how many seconds one must stand still to be complete."""

    folder: Path
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0


def read(name: str, content: bytes, mapping: FileMapping | None = None) -> FileRecords:
    """Read a file, CSV or XLSX by its content, and by a mapping of its sender; a record a row."""
    return records_of(TABLE, content, _event, mapping)


def _event(values: dict[str, Any]) -> JsonObject:
    """Name counts by all they say: a row that comes again is a repeat, another one is another."""
    return with_id(values)


NUMBERING = Numbering(CONTRACT, TABLE, _event)


def open_folder(settings: DocumentsSettings, context: Context) -> Folder:
    """Begin to watch the folder."""
    path, settle = settings.folder, settings.settle_seconds
    corrected = partial(NUMBERING.correct, known=context.known)
    return Folder("documents", CONTRACT, path, settle, context, read, TABLE.header_of, corrected)


AGAIN = again_of(CONTRACT, TABLE, _event, NUMBERING.settle)
CONNECTOR = Connector(DocumentsSettings, read, open_folder)
