"""Codes that never came, as those that came tell: units number their dossiers by day."""

from datetime import date

import polars as pl

from hub.clock import EPOCH_DATE, day_of
from hub.definitions.contract import Doc
from hub.figures.book import Book
from hub.figures.worklist import CODE, UNIT, Asked, Field, WorkList, today, within
from hub.proof.missing import gaps
from stream_jobs.dossier_fields import CODE_FIELD, CONTRACT
from stream_jobs.worklists.without_reception import KPI

_SCHEMA = {CODE: pl.String, UNIT: pl.String, "day": pl.Int64, "days_waiting": pl.Int64}


def _find(book: Book, asked: Asked) -> pl.DataFrame:
    is_within = within(book, dict(asked.question.where).get(UNIT), today(asked))
    rows = [
        (code, gap.unit, day, today(asked) - day)
        for gap in gaps(book, asked.question.period)
        if gap.contract == CONTRACT and is_within(gap.unit)
        for day in [(date.fromisoformat(gap.day) - EPOCH_DATE).days]
        if day <= day_of(asked.until)
        for code in gap.missing
    ]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return frame.sort("days_waiting", UNIT, CODE, descending=[True, False, False])


LIST = WorkList(
    title=Doc("Mã hồ sơ thiếu trong dãy số", "Gaps in dossier codes"),
    figure=Doc(
        "bằng số mã mà `hub missing` liệt kê, nhiều nhất 200 mã một đơn vị một ngày",
        "the codes that `hub missing` lists, at most 200 of a unit and day",
    ),
    kpi=KPI,
    contract=CONTRACT,
    fields=(
        CODE_FIELD,
        Field(UNIT, Doc("Đơn vị theo mã", "Unit of the code")),
        Field("day", Doc("Ngày của mã", "Day of the code"), "day"),
        Field("days_waiting", Doc("Số ngày chờ", "Days waiting"), "integer"),
    ),
    find=_find,
    concerns="units",
)
