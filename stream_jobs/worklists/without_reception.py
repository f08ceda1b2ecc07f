"""Dossiers of which something is known, and not that they were received."""

from dataclasses import replace

import polars as pl

from hub.definitions.contract import Doc
from hub.definitions.fact import day_expr
from hub.figures.book import Book
from hub.figures.kpi import Kpi
from hub.figures.terms import Flow
from hub.figures.worklist import CODE, UNIT, Asked, Field, WorkList, counted, today, values, within
from schemas.contracts.dossier import NAMES
from stream_jobs.dossier_fields import CODE_FIELD, CONTRACT
from stream_jobs.dossier_terms import OWNER

_TITLE = Doc("Hồ sơ thiếu tiếp nhận", "Dossiers without reception")
# No figure of its own: it lowers the completeness of those of dossiers.
KPI = Kpi(
    title=_TITLE,
    question=_TITLE,
    owner=OWNER,
    group="dossier",
    contract=CONTRACT,
    measure_unit="dossiers",
    numerator=Flow("dossier.without_reception"),
    denominator=None,
    dims={"unit": "resolved_by"},
    examples=(),
)


def _find(book: Book, asked: Asked) -> pl.DataFrame:
    entities = counted(KPI, replace(asked.question, where={}), book)
    rows = values(book, CONTRACT, {UNIT: "resolved_by", "first_at": "first_at"}, entities)
    # Nobody received it: the unit is who resolves it, or whom its code is of.
    own = pl.Series([NAMES.read(code).unit for code in rows[CODE]], dtype=pl.String)
    rows = rows.with_columns(
        pl.col(UNIT).fill_null(own), (today(asked) - day_expr("first_at")).alias("days_waiting")
    )
    is_within = within(book, dict(asked.question.where).get(UNIT), today(asked))
    rows = rows.filter(pl.Series([is_within(unit or "") for unit in rows[UNIT]], dtype=pl.Boolean))
    return rows.sort("days_waiting", CODE, descending=[True, False])


LIST = WorkList(
    title=_TITLE,
    figure=Doc(
        "bằng số hồ sơ làm giảm độ đầy đủ của các số liệu hồ sơ",
        "the number of dossiers by which figures of dossiers are less than complete",
    ),
    kpi=KPI,
    contract=CONTRACT,
    fields=(
        CODE_FIELD,
        Field(UNIT, Doc("Đơn vị giải quyết, hoặc theo mã", "Resolver, or by its code")),
        Field("first_at", Doc("Biết từ", "Known since"), "instant"),
        Field("days_waiting", Doc("Số ngày chờ", "Days waiting"), "integer"),
    ),
    find=_find,
    concerns="units",
)
