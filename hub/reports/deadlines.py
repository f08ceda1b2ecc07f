"""Deadlines: due dates as sent held against those that working time says, all of it in columns.

Both are kept: what a source sent is in the fact, what is computed follows from the events and from
the lists in force. Where their days differ that is a finding, with its reason.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from hub.clock import DAY_US, OFFSET_US, iso
from hub.definitions.fact import Clocked
from hub.figures.book import Book
from hub.figures.clocking import Dossiers, read_dossiers
from hub.figures.compute import Question
from hub.reference.form import Row
from hub.reference.working import WorkingTime, day_number
from hub.reports.counting import things
from hub.reports.report import Report

SHOWN_MAX = 1_000
LISTS = ("calendar", "hours", "clock_policies")
LONGEST_DAYS = 366  # a term that is longer is not looked for when lists change
# Why a due date as sent is another one, the first that holds.
NOT_SENT, DAY_OFF = "not_sent", "on_a_day_off"
AS_DAYS, WITHOUT_WAITS, OTHER = "days_off_counted", "waits_not_taken_off", "other"
REASONS = {
    NOT_SENT: ("nguồn không gửi hạn trả", "the source sent none"),
    DAY_OFF: ("hạn gửi rơi vào ngày nghỉ", "the one sent is a day off"),
    AS_DAYS: ("nguồn tính cả ngày nghỉ", "days off were counted"),
    WITHOUT_WAITS: ("nguồn không trừ thời gian chờ", "waiting was not taken off"),
    OTHER: ("khác, chưa rõ vì sao", "other, not known why"),
    "no_policy": ("thủ tục chưa có cách tính thời hạn", "the procedure has no clock policy"),
    "waiting": ("đang chờ bổ sung hoặc nộp tiền", "waiting for a supplement or payment"),
    "no_hours": ("chưa nạp giờ làm việc", "no hours are listed"),
    "no_calendar": ("lịch chưa có năm của hạn trả", "the calendar does not reach that year"),
}
_day = (pl.col("due_at") + OFFSET_US) // DAY_US


def find_differences(report: Report, question: Question, book: Book) -> dict[str, Any]:
    """Hold the due dates of a period's things, as sent, against those computed: JSON.

    Things are those that the report's first column counts. Listed are those whose days differ, and
    those of which one of the two is not known; `counts` says how many there are by reason.
    """
    tables = book.reference.tables
    entities = things(report, question, book, report.columns[0])
    parts = [
        compare(dossiers, tables) for dossiers in read_dossiers(report.clocked, book, entities)
    ]
    differing = pl.concat(parts) if parts else pl.DataFrame(schema={"reason": pl.String})
    counts = dict(sorted(differing.group_by("reason").len().rows()))
    return {
        "report": report.id,
        "period": question.period.text,
        "total": len(entities),
        "agree": len(entities) - len(differing),
        "counts": counts,
        "differences": [
            {
                "entity": row["entity"],
                "procedure": row["procedure"],
                "received_at": iso(row["received_at"]),
                "sent": iso(row["sent_at"]),
                "computed": iso(row["due_at"]),
                "working_days": row["working_days"],
                "reason": row["reason"],
            }
            for row in differing.head(SHOWN_MAX).rows(named=True)
        ],
    }


def compare(dossiers: Dossiers, tables: Mapping[str, Sequence[Row]]) -> pl.DataFrame:
    """Give the things whose due day as sent is not the one computed, each with a reason.

    `working_days` says by how many working days the one sent is later.
    """
    calendar = WorkingTime(tables).calendar
    computed = dossiers.due(tables)
    as_days = [
        row | {"counts": "calendar_days"} if row["counts"] == "working_days" else row
        for row in tables.get("clock_policies", ())
    ]
    others = {
        "~as_days": dossiers.due({**tables, "clock_policies": as_days}),
        "~plain": dossiers.due(tables, with_waits=False),
    }
    frame = dossiers.facts.with_columns(
        computed["due_at"],
        computed["reason"],
        *(other.select(_day.alias(name))[name] for name, other in others.items()),
    )
    sent = (pl.col("sent_at") + OFFSET_US) // DAY_US
    frame = frame.with_columns(sent.alias("~sent"), _day.alias("~due")).filter(
        pl.col("~sent").ne_missing(pl.col("~due"))
    )
    days = [frame[name].fill_null(0).to_numpy() for name in ("~sent", "~due")]
    is_off = pl.Series("~off", ~calendar.is_working(days[0]))
    apart = pl.Series("~apart", np.subtract(*(calendar.count(day) for day in days)))
    is_known = pl.col("~sent").is_not_null() & pl.col("~due").is_not_null()
    return frame.with_columns(is_off, apart).with_columns(
        pl.when(is_known).then("~apart").alias("working_days"),
        pl.when(pl.col("~due").is_null())
        .then("reason")
        .when(pl.col("~sent").is_null())
        .then(pl.lit(NOT_SENT))
        .when(pl.col("~sent") == pl.col("~plain"))
        .then(pl.lit(WITHOUT_WAITS))
        .when(pl.col("~off"))
        .then(pl.lit(DAY_OFF))
        .when(pl.col("~sent") == pl.col("~as_days"))
        .then(pl.lit(AS_DAYS))
        .otherwise(pl.lit(OTHER))
        .alias("reason"),
    )


def find_flips(
    clocked: Clocked, book: Book, tables: Mapping[str, Sequence[Row]], now: int
) -> list[dict[str, Any]]:
    """List things that other lists make early, on time, late or overdue where they were not.

    Looked at is what began at most a year before the first day that the lists say otherwise.
    """
    present = book.reference.tables
    changed = {name: rows for name, rows in tables.items() if name in LISTS}
    since = _first_changed(present, changed)
    if since is None:
        return []
    fact = book.facts[clocked.contract]
    first = (since - LONGEST_DAYS) * DAY_US - OFFSET_US
    sql = f"SELECT entity FROM {fact.table} WHERE {clocked.begun} >= :first ORDER BY entity"
    entities = [str(row[0]) for row in book.reading.rows(sql, first=first)]
    flips = []
    for dossiers in read_dossiers(clocked, book, entities):
        before = _judged(dossiers, dossiers.due(present), now)
        after = _judged(dossiers, dossiers.due({**present, **changed}), now)
        both = before.with_columns(
            after["due_at"].alias("due_after"), after["state"].alias("state_after")
        )
        flips += [
            {
                "entity": row["entity"],
                "before": {"due_at": iso(row["due_at"]), "state": row["state"]},
                "after": {"due_at": iso(row["due_after"]), "state": row["state_after"]},
            }
            for row in both.filter(pl.col("state") != pl.col("state_after")).rows(named=True)
        ]
    return flips


def _first_changed(
    present: Mapping[str, Sequence[Row]], changed: Mapping[str, Sequence[Row]]
) -> int | None:
    """Give the first day from which lists say something else."""
    days = []
    for name, rows in changed.items():
        old, new = (
            {tuple(sorted(row.items())) for row in listed}
            for listed in (present.get(name, ()), rows)
        )
        for row in old ^ new:
            said = dict(row)
            days.append(day_number(said.get("date") or said["valid_from"]))
    return min(days, default=None)


def _judged(dossiers: Dossiers, due: pl.DataFrame, now: int) -> pl.DataFrame:
    """Say of each thing whether it was early, on time or late, or is in time or overdue."""
    ended = (pl.col("ended_at") + OFFSET_US) // DAY_US
    today = (now + OFFSET_US) // DAY_US
    return due.with_columns(dossiers.facts["ended_at"]).with_columns(
        pl.when(_day.is_null())
        .then(pl.lit("unknown"))
        .when(ended < _day)
        .then(pl.lit("early"))
        .when(ended == _day)
        .then(pl.lit("on_time"))
        .when(ended > _day)
        .then(pl.lit("late"))
        .when(pl.lit(today) > _day)
        .then(pl.lit("overdue"))
        .otherwise(pl.lit("in_time"))
        .alias("state")
    )
