"""Fees of which dossier, transaction and receipt do not agree: what is to be done, and by whom."""

import polars as pl

from hub.definitions.contract import Doc
from hub.definitions.fact import day_expr
from hub.figures.book import Book
from hub.figures.worklist import CODE, UNIT, Asked, Field, WorkList, counted, today, values
from stream_jobs.kpis.fee_unmatched_amount import KPI
from stream_jobs.matching import MATCHES

_SIDES = {name: name for name in ("assessed_vnd", "net_vnd", "receipted_vnd", "gap_vnd")}
_COLUMNS = {UNIT: "unit", "match": "match", "changed_at": "changed_at", **_SIDES}


def _words(of: str) -> pl.Expr:
    docs = {name: getattr(match, of) for name, match in MATCHES.items()}
    words = {name: f"{doc.vi} | {doc.en}" for name, doc in docs.items()}
    return pl.col("match").replace_strict(words, return_dtype=pl.String)


def _find(book: Book, asked: Asked) -> pl.DataFrame:
    rows = values(book, "fee", _COLUMNS, counted(KPI, asked.question, book))
    return rows.with_columns(
        (today(asked) - day_expr("changed_at")).alias("days_waiting"),
        _words("title").alias("match"),
        _words("step").alias("step"),
        _words("owner").alias("owner"),
    ).sort("days_waiting", CODE, descending=[True, False])


LIST = WorkList(
    title=Doc("Khoản thu chưa khớp", "Fees that do not match"),
    figure=Doc(
        "số tiền lệch cộng lại bằng số liệu fee_unmatched_amount",
        "what they are apart adds up to fee_unmatched_amount",
    ),
    kpi=KPI,
    kpi_id="fee_unmatched_amount",
    contract="fee",
    fields=(
        Field(CODE, Doc("Mã hồ sơ|khoản thu", "Dossier|fee")),
        Field(UNIT, Doc("Đơn vị thu", "Collected by")),
        Field("match", Doc("Lệch thế nào", "What does not match")),
        Field("assessed_vnd", Doc("Phải thu, đồng", "Assessed, đồng"), "integer"),
        Field("net_vnd", Doc("Đã nộp trừ đã hoàn, đồng", "Paid less refunded, đồng"), "integer"),
        Field("receipted_vnd", Doc("Biên lai còn hiệu lực, đồng", "Receipts, đồng"), "integer"),
        Field("gap_vnd", Doc("Lệch, đồng", "Apart, đồng"), "integer"),
        Field("changed_at", Doc("Lần cuối có tin", "Last heard of"), "instant"),
        Field("days_waiting", Doc("Số ngày chờ", "Days waiting"), "integer"),
        Field("step", Doc("Việc tiếp theo", "Next step")),
        Field("owner", Doc("Ai làm", "Who does it")),
    ),
    find=_find,
)
