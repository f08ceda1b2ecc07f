"""Dossiers that are overdue, by how many days."""

import polars as pl

from hub.definitions.contract import Doc
from hub.definitions.fact import day_expr
from hub.figures.book import Book
from hub.figures.worklist import CODE, Asked, Field, WorkList, counted, today, values
from stream_jobs.dossier_fields import COLUMNS, CONTRACT, SHARED, working_days
from stream_jobs.kpis.dossier_overdue import KPI


def _find(book: Book, asked: Asked) -> pl.DataFrame:
    entities = counted(KPI, asked.question, book)
    rows = values(book, CONTRACT, {**COLUMNS, "due_at": "due_at"}, entities)
    due, day = rows.select(day_expr("due_at"))["due_at"], today(asked)
    return rows.with_columns(
        (day - due).alias("days_late"),
        working_days(book, due, day).alias("working_days_late"),
    ).sort("days_late", CODE, descending=[True, False])


LIST = WorkList(
    title=Doc("Hồ sơ quá hạn chưa giải quyết", "Dossiers overdue"),
    figure=Doc("bằng số liệu dossier_overdue", "the same number as dossier_overdue"),
    kpi=KPI,
    kpi_id="dossier_overdue",
    contract=CONTRACT,
    fields=(
        *SHARED,
        Field("due_at", Doc("Ngày hẹn trả", "Due at"), "instant"),
        Field("days_late", Doc("Số ngày quá hạn", "Days late"), "integer"),
        Field("working_days_late", Doc("Số ngày làm việc quá hạn", "Working days late"), "integer"),
    ),
    find=_find,
)
