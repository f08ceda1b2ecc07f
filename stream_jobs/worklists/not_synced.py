"""Dossiers that have not reached the national portal, and why."""

from itertools import groupby
from operator import itemgetter

import polars as pl

from hub.apply.stored import settle_stored
from hub.definitions.contract import Doc
from hub.definitions.fact import day_expr
from hub.figures.book import Book
from hub.figures.worklist import CODE, Asked, Field, WorkList, counted, today, values
from hub.store import exchanges
from stream_jobs.dossier_fields import COLUMNS, CONTRACT, SHARED
from stream_jobs.kpis.dossier_sync_backlog import KPI

AT_ONCE = 50_000
# Why, the first that holds: in words of both languages.
REASONS = {
    "held": Doc("đã gửi, chờ tư cách bên gửi", "sent, waits for its sender's standing"),
    "failed": Doc("đồng bộ lỗi", "the synchronisation failed"),
    "withdrawn": Doc("đã báo đồng bộ rồi rút lại", "was said to be synced, and withdrawn"),
    "later": Doc("đồng bộ sau thời điểm này", "synced after this instant"),
    "never": Doc("chưa gửi đồng bộ lần nào", "it was never sent"),
}


def _find(book: Book, asked: Asked) -> pl.DataFrame:
    entities = counted(KPI, asked.question, book)
    rows = values(book, CONTRACT, {**COLUMNS, "ended_at": "ended_at"}, entities)
    waiting = (today(asked) - day_expr("received_at")).alias("days_waiting")
    return rows.with_columns(waiting).sort("days_waiting", CODE, descending=[True, False])


def _complete(book: Book, asked: Asked, rows: pl.DataFrame) -> pl.DataFrame:
    """Say why, by the events of each dossier."""
    fact, contract = book.facts[CONTRACT], book.definitions.contracts[CONTRACT]
    parts = [pl.DataFrame(schema={CODE: pl.String, "reason": pl.String, "tried_at": pl.Int64})]
    for start in range(0, len(rows), AT_ONCE):
        codes = rows[CODE][start : start + AT_ONCE].to_list()
        events = settle_stored(contract, book.reading.states(fact, codes))
        tried = events.filter(pl.col("kind").is_in(["synced", "sync_failed"]))
        is_before = pl.col("occurred_at") < asked.until
        failed = (pl.col("kind") == "sync_failed") & pl.col("is_live") & is_before
        synced = pl.col("kind") == "synced"
        parts.append(
            tried.group_by(pl.col("entity").alias(CODE))
            .agg(
                (synced & pl.col("is_held")).any().alias("held"),
                failed.any().alias("failed"),
                (synced & (pl.col("class") == "retracted")).any().alias("withdrawn"),
                (synced & pl.col("is_live") & ~is_before).any().alias("later"),
                pl.col("occurred_at").filter(failed).max().alias("tried_at"),
            )
            .select(
                CODE,
                pl.coalesce(
                    pl.when(pl.col(name)).then(pl.lit(name))
                    for name in ("held", "failed", "withdrawn", "later")
                ).alias("reason"),
                "tried_at",
            )
        )
    joined = rows.join(pl.concat(parts), on=CODE, how="left", maintain_order="left")
    words = {name: f"{doc.vi} | {doc.en}" for name, doc in REASONS.items()}
    reason = pl.col("reason").fill_null("never").replace_strict(words, return_dtype=pl.String)
    return joined.with_columns(reason).join(
        _exchanged(book, rows[CODE].to_list()), on=CODE, how="left", maintain_order="left"
    )


def _exchanged(book: Book, codes: list[str]) -> pl.DataFrame:
    """Say of dossiers how their messages to the national portal stand, where there are any.

    By the code that the dossier goes by.
    """
    rows = exchanges.of(book.reading.connection, codes)
    by_code = {code: list(those) for code, those in groupby(rows, itemgetter("entity"))}
    latest = {code: exchanges.standing(those) for code, those in by_code.items()}
    stands = {code: exchanges.why(row) for code, row in latest.items()}
    return pl.DataFrame(
        {
            CODE: list(latest),
            "message": [f"{words.vi} | {words.en}" for words in stands.values()],
            "message_at": [row["at"] for row in latest.values()],
            "trace_id": [row["trace_id"] for row in latest.values()],
        },
        schema={
            CODE: pl.String,
            "message": pl.String,
            "message_at": pl.Int64,
            "trace_id": pl.String,
        },
    )


LIST = WorkList(
    title=Doc("Hồ sơ chưa đồng bộ quốc gia", "Dossiers not synced"),
    figure=Doc("bằng số liệu dossier_sync_backlog", "the same number as dossier_sync_backlog"),
    kpi=KPI,
    kpi_id="dossier_sync_backlog",
    contract=CONTRACT,
    fields=(
        *SHARED,
        Field("ended_at", Doc("Ngày kết thúc", "Ended at"), "instant"),
        Field("days_waiting", Doc("Số ngày chờ", "Days waiting"), "integer"),
        Field("reason", Doc("Lý do", "Reason")),
        Field("tried_at", Doc("Lần lỗi gần nhất", "Failed last at"), "instant"),
        Field("message", Doc("Thông điệp gần nhất", "The latest message")),
        Field("message_at", Doc("Lúc của thông điệp", "Message at"), "instant"),
        Field("trace_id", Doc("Mã vết", "Trace id")),
    ),
    find=_find,
    complete=_complete,
)
