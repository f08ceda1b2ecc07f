"""Revisions of payment statistics: who told the hub another number, when, and by how much."""

import polars as pl

from hub.clock import day_of
from hub.definitions.contract import Doc
from hub.figures.book import Book
from hub.figures.worklist import CODE, UNIT, Asked, Field, WorkList
from stream_jobs.kpis.payment_amount import KPI
from stream_jobs.payment_told import CONTRACT, revisions

_NUMBERS = {
    "transactions": Doc("Số giao dịch", "Transactions"),
    "customers": Doc("Số khách hàng", "Customers"),
    "amount_vnd": Doc("Số tiền, đồng", "Amount, đồng"),
}


def _before(name: str) -> pl.Expr:
    return pl.col(name).shift().over("entity")


def _find(book: Book, asked: Asked) -> pl.DataFrame:
    told = revisions(book, asked.question.period, dict(asked.question.where))
    return (
        told.filter(pl.col("accepted_on") <= day_of(asked.question.at))
        .with_columns(
            _before("revision").alias("revision_before"),
            *(_before(name).alias(f"{name}_before") for name in _NUMBERS),
        )
        .filter(pl.col("revision_before").is_not_null())
        .with_columns(
            pl.col("entity").alias(CODE),
            pl.col("area").alias(UNIT),
            *(
                (pl.col(name) - pl.col(f"{name}_before")).alias(f"{name}_difference")
                for name in _NUMBERS
            ),
        )
        .sort("accepted_on", CODE, "revision", descending=[True, False, True])
    )


LIST = WorkList(
    title=Doc("Điều chỉnh thống kê thanh toán", "Revisions of payment statistics"),
    figure=Doc(
        "số liệu payment_amount lấy lần báo cáo lớn nhất; danh sách này là các lần đã thay số",
        "payment_amount takes the greatest revision; these are those that replaced another",
    ),
    kpi=KPI,
    kpi_id="payment_amount",
    is_whole=False,
    contract=CONTRACT,
    fields=(
        Field(CODE, Doc("Thống kê", "Statistic")),
        Field("reporter", Doc("Đơn vị báo cáo", "Reporter")),
        Field("service", Doc("Dịch vụ", "Service")),
        Field("method", Doc("Hình thức", "Method")),
        Field(UNIT, Doc("Địa bàn", "Area")),
        Field("period", Doc("Kỳ", "Period")),
        Field("revision_before", Doc("Lần trước", "Revision before"), "integer"),
        Field("revision", Doc("Lần báo cáo", "Revision"), "integer"),
        Field("sender", Doc("Bên gửi", "Sent by")),
        Field("recorded_at", Doc("Bên gửi ghi lúc", "Recorded at"), "instant"),
        Field("accepted_on", Doc("Trục nhận ngày", "Accepted on"), "day"),
        *(
            field
            for name, title in _NUMBERS.items()
            for field in (
                Field(name, title, "integer"),
                Field(
                    f"{name}_difference",
                    Doc(f"{title.vi}: chênh lệch", f"{title.en}: difference"),
                    "integer",
                ),
            )
        ),
    ),
    find=_find,
)
