"""What the lists of dossiers share: their columns, and how days are counted."""

import numpy as np
import polars as pl

from hub.definitions.contract import Doc
from hub.figures.book import Book
from hub.figures.worklist import CODE, UNIT, Field
from hub.reference.working import Calendar

CONTRACT = "dossier"
CODE_FIELD = Field(CODE, Doc("Mã hồ sơ", "Dossier code"))
UNIT_FIELD = Field(UNIT, Doc("Đơn vị tiếp nhận", "Received by"))
SHARED = (
    CODE_FIELD,
    UNIT_FIELD,
    Field("resolved_by", Doc("Đơn vị giải quyết", "To be resolved by")),
    Field("procedure_code", Doc("Mã TTHC", "Procedure")),
    Field("channel", Doc("Kênh", "Channel")),
    Field("received_at", Doc("Ngày tiếp nhận", "Received at"), "instant"),
)
# By name, the column of the fact.
COLUMNS = {
    UNIT: "received_by",
    "resolved_by": "resolved_by",
    "procedure_code": "procedure_code",
    "channel": "channel",
    "received_at": "received_at",
}


def working_days(book: Book, first: pl.Series, last: int) -> pl.Series:
    """Count the working days after each of some days up to a last one; before it, less than 0."""
    calendar = Calendar(book.reference.tables.get("calendar", ()))
    upto = calendar.count(np.array([last]))[0]
    return pl.Series(upto - calendar.count(first.to_numpy().astype(np.int64)), dtype=pl.Int64)
