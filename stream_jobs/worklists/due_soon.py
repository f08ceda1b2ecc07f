"""Dossiers in progress that are due within so many working days, today included."""

import polars as pl

from hub.definitions.contract import Doc
from hub.definitions.fact import day_expr
from hub.figures.book import Book
from hub.figures.worklist import CODE, Asked, Field, WorkList, counted, today, values
from stream_jobs.dossier_fields import COLUMNS, CONTRACT, SHARED, working_days
from stream_jobs.kpis.dossier_in_progress import KPI


def _find(book: Book, asked: Asked) -> pl.DataFrame:
    entities = counted(KPI, asked.question, book)
    rows = values(book, CONTRACT, {**COLUMNS, "due_at": "due_at"}, entities)
    rows = rows.drop_nulls("due_at")
    day = today(asked)
    due = rows.select(day_expr("due_at"))["due_at"]
    left = -working_days(book, due, day)
    rows = rows.with_columns(left.alias("working_days_left"), due.alias("~due_on"))
    return (
        rows.filter((pl.col("~due_on") >= day) & (pl.col("working_days_left") <= asked.days))
        .sort("due_at", CODE)
        .drop("~due_on")
    )


LIST = WorkList(
    title=Doc("Hồ sơ sắp đến hạn", "Dossiers due soon"),
    figure=Doc(
        "một phần của dossier_in_progress: đến hạn trong số ngày làm việc được hỏi",
        "a part of dossier_in_progress: due within the working days asked for",
    ),
    kpi=KPI,
    kpi_id="dossier_in_progress",
    is_whole=False,
    contract=CONTRACT,
    fields=(
        *SHARED,
        Field("due_at", Doc("Ngày hẹn trả", "Due at"), "instant"),
        Field("working_days_left", Doc("Số ngày làm việc còn lại", "Working days left"), "integer"),
    ),
    find=_find,
)
