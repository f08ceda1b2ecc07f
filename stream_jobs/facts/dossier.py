"""Dossier: one half-open interval from reception to its end, with what it is judged by.

A dossier without a due date is neither late nor on time: it is received, in progress and resolved
like any other, and never overdue. Where its source sent none, figures take the one that working
time says (`CLOCKED`), by the lists in force; the fact itself is made of events alone.
"""

from typing import Any

import polars as pl

from hub.clock import DAY_US, OFFSET_US
from hub.definitions.contract import Doc
from hub.definitions.fact import (
    ENDED,
    GOES_ON,
    MARKS,
    PAYMENT,
    SHIFT_US,
    SUPPLEMENT,
    SUPPLEMENTED,
    Clocked,
    Fact,
    LiveEvent,
    Measure,
    of,
)
from schemas.contracts.dossier import PROCEDURE_LENGTH, national

ENDS = ("resolved", "refused", "withdrawn", "stopped")
# The contract has no event that says that money was paid: processing that goes on says it.
WAITS = {
    "processing": GOES_ON,
    "supplement_requested": SUPPLEMENT,
    "payment_requested": PAYMENT,
    "supplemented": SUPPLEMENTED,
    **dict.fromkeys((*ENDS, "returned"), ENDED),
}
# Who is to resolve it; until somebody is named, who received it.
RESOLVER = "COALESCE(resolved_by, received_by)"
_kind = pl.col("kind")
_occurred = pl.col("occurred_at")

_received_at = of("reception", "occurred_at")
_due_at = of("due", "due_at")


def _end(name: str) -> pl.Expr:
    """`returned` ends a dossier only where nothing was `resolved`."""
    return pl.when(pl.col("has_resolved")).then(of("end", name)).otherwise(of("any_end", name))


_ended_at = _end("occurred_at")
_left_at = pl.max_horizontal(_ended_at, _received_at)
_is_ended = _ended_at.is_not_null() & _received_at.is_not_null()
# Overdue from the first instant after the due day. Everything counted before T is counted where
# its instant is earlier than T, so this one is the last microsecond of the due day.
_past_due = pl.when(_due_at.is_not_null()).then(
    pl.max_horizontal(((_due_at + OFFSET_US) // DAY_US + 1) * DAY_US - OFFSET_US - 1, _received_at)
)
_is_resolved = _is_ended & _end("kind").is_in(["resolved", "returned"])
_is_on_time = (_ended_at + OFFSET_US) // DAY_US <= (_due_at + OFFSET_US) // DAY_US

# Numbers sort faster than texts: an instant, and behind it the place of its mark.
_PLACES = {kind: MARKS.index(mark) for kind, mark in WAITS.items()}
_mark = _kind.replace_strict(_PLACES, default=None, return_dtype=pl.Int64)
_marks = (
    pl.col("marks")
    .list.drop_nulls()
    .list.sort()
    .list.eval(
        (pl.element() // len(MARKS)).cast(pl.String)
        + (pl.element() % len(MARKS)).replace_strict(dict(enumerate(MARKS)), return_dtype=pl.String)
    )
    .list.join(",")
)


def judge(fact: dict[str, Any]) -> None:
    """Say since when a dossier is overdue and whether it was on time, by its due date."""
    fact["overdue_at"] = fact["is_on_time"] = None
    if fact["received_at"] is None or fact["due_at"] is None:
        return
    due_day = (fact["due_at"] + OFFSET_US) // DAY_US
    past_due = max((due_day + 1) * DAY_US - OFFSET_US - 1, fact["received_at"])
    if fact["left_at"] is None or fact["left_at"] > past_due:
        fact["overdue_at"] = past_due
    if fact["end_kind"] in ("resolved", "returned"):
        fact["is_on_time"] = int((fact["ended_at"] + OFFSET_US) // DAY_US <= due_day)


def _waits(events: list[LiveEvent]) -> str | None:
    """Write what was waited for, and what ended it, in the order in which it happened."""
    if not any(WAITS.get(e["kind"]) in (SUPPLEMENT, PAYMENT) for e in events):
        return None
    marks = sorted((e["occurred_at"], _PLACES[e["kind"]]) for e in events if e["kind"] in WAITS)
    return ",".join(f"{at}{MARKS[place]}" for at, place in marks)


def recount(events: list[LiveEvent]) -> dict[str, Any]:
    """Fold one dossier's live events, least first, in plain Python."""
    fact: dict[str, Any] = dict.fromkeys(FACT.types)
    end: LiveEvent | None = None
    any_end: LiveEvent | None = None
    has_resolved = False
    synced: list[int] = []
    for event in events:
        kind = event["kind"]
        if kind == "received":
            fact["received_at"] = event["occurred_at"]
            for name in ("received_by", "service_level", "channel"):
                fact[name] = event[name]
            fact["procedure_code"] = national(event["procedure_code"])
        if kind in ("received", "due_changed") and event["due_at"] is not None:
            fact["due_at"] = event["due_at"]
        for name in ("resolved_by", "citizen_unit"):
            if event[name] is not None:
                fact[name] = event[name]
        if kind in ENDS:
            end = event
        if kind in ENDS or kind == "returned":
            any_end = event
        has_resolved = has_resolved or kind == "resolved"
        if kind == "synced":
            synced.append(event["occurred_at"])
        if kind == "rated":
            fact["rated_at"] = event["occurred_at"]
            fact["is_satisfied"] = int(event["satisfied"])
    if events:
        fact["first_at"] = min(e["occurred_at"] for e in events)
    fact["same_as"] = min((e["same_as"] for e in events if e["same_as"] is not None), default=None)
    fact["waits"] = _waits(events)
    received_at = fact["received_at"]
    chosen = end if has_resolved else any_end
    if chosen is not None:
        fact["ended_at"], fact["end_kind"] = chosen["occurred_at"], chosen["kind"]
    if received_at is None:
        return fact
    if synced:
        fact["synced_at"] = max(min(synced), received_at)
    if chosen is not None:
        fact["left_at"] = max(chosen["occurred_at"], received_at)
    judge(fact)
    return fact


DUE_DAY = f"(due_at - (due_at + {SHIFT_US}) % {DAY_US})"
_PAST_DUE = f"({DUE_DAY} + {DAY_US - 1})"
CLOCKED = Clocked(
    contract="dossier",
    unit=RESOLVER,
    procedure="procedure_code",
    begun="received_at",
    ended="ended_at",
    due="due_at",
    waits="waits",
    dated={
        "overdue_at": "CASE WHEN due_at IS NOT NULL AND received_at IS NOT NULL"
        f" AND (left_at IS NULL OR (left_at > {_PAST_DUE} AND left_at > received_at)) THEN"
        f" CASE WHEN {_PAST_DUE} > received_at THEN {_PAST_DUE} ELSE received_at END END",
        "is_on_time": "CASE WHEN due_at IS NOT NULL AND left_at IS NOT NULL"
        " AND end_kind IN ('resolved', 'returned') THEN"
        f" CASE WHEN ended_at < {DUE_DAY} + {DAY_US} THEN 1 ELSE 0 END END",
    },
    judge=judge,
    resolved=("dossier.resolved", "dossier.resolved_without_due"),
)
_BY_RECEIVER = (("channel", "service_level"), ("received_by",))
_BY_RESOLVER = (("channel", "service_level"), ("resolved_by",))

FACT = Fact(
    contract="dossier",
    picks={
        "reception": _kind == "received",
        "due": _kind.is_in(["received", "due_changed"]) & pl.col("due_at").is_not_null(),
        "resolver": pl.col("resolved_by").is_not_null(),
        "citizen": pl.col("citizen_unit").is_not_null(),
        "end": _kind.is_in(ENDS),
        "any_end": _kind.is_in([*ENDS, "returned"]),
        "rating": _kind == "rated",
    },
    aggregates={
        "has_resolved": (_kind == "resolved").any(),
        "first_synced_at": pl.when(_kind == "synced").then(_occurred).min(),
        "earliest_at": _occurred.min(),
        "least_same_as": pl.col("same_as").min(),
        "is_waited_for": _kind.is_in(
            [k for k, m in WAITS.items() if m in (SUPPLEMENT, PAYMENT)]
        ).any(),
        "marks": _occurred * len(MARKS) + _mark,
    },
    types={
        "received_at": "integer",
        "received_by": "text",
        "resolved_by": "text",
        "citizen_unit": "text",
        "procedure_code": "text",
        "service_level": "text",
        "channel": "text",
        "due_at": "integer",
        "ended_at": "integer",
        "end_kind": "text",
        "left_at": "integer",
        "overdue_at": "integer",
        "synced_at": "integer",
        "rated_at": "integer",
        "is_satisfied": "integer",
        "is_on_time": "integer",
        "first_at": "integer",
        "same_as": "text",
        "waits": "text",
    },
    columns={
        "received_at": _received_at,
        "received_by": of("reception", "received_by"),
        "resolved_by": of("resolver", "resolved_by"),
        "citizen_unit": of("citizen", "citizen_unit"),
        "procedure_code": of("reception", "procedure_code").str.head(PROCEDURE_LENGTH),
        "service_level": of("reception", "service_level"),
        "channel": of("reception", "channel"),
        "due_at": _due_at,
        "ended_at": _ended_at,
        "end_kind": _end("kind"),
        "left_at": pl.when(_is_ended).then(_left_at),
        "overdue_at": pl.when(
            _received_at.is_not_null() & (_ended_at.is_null() | (_left_at > _past_due))
        ).then(_past_due),
        "synced_at": pl.when(
            _received_at.is_not_null() & pl.col("first_synced_at").is_not_null()
        ).then(pl.max_horizontal("first_synced_at", _received_at)),
        "rated_at": of("rating", "occurred_at"),
        "is_satisfied": of("rating", "satisfied").cast(pl.Int64),
        "is_on_time": pl.when(_is_resolved).then(_is_on_time.cast(pl.Int64)),
        "first_at": pl.col("earliest_at"),
        "same_as": pl.col("least_same_as"),
        "waits": pl.when("is_waited_for").then(_marks),
    },
    measures=(
        Measure(
            "dossier.received", at="received_at", where="received_at IS NOT NULL", sets=_BY_RECEIVER
        ),
        Measure("dossier.left", at="left_at", where="left_at IS NOT NULL", sets=_BY_RECEIVER),
        Measure(
            "dossier.resolved",
            at="ended_at",
            where="is_on_time IS NOT NULL",
            value="is_on_time",
            sets=_BY_RESOLVER,
        ),
        Measure(
            "dossier.resolved_without_due",
            at="ended_at",
            where="end_kind IN ('resolved', 'returned') AND received_at IS NOT NULL"
            " AND due_at IS NULL",
            sets=_BY_RESOLVER,
        ),
        Measure(
            "dossier.overdue_began",
            at="overdue_at",
            where="overdue_at IS NOT NULL",
            is_ahead=True,
            sets=_BY_RECEIVER,
        ),
        Measure(
            "dossier.overdue_left",
            at="left_at",
            where="overdue_at IS NOT NULL AND left_at IS NOT NULL",
            sets=_BY_RECEIVER,
        ),
        Measure("dossier.synced", at="synced_at", where="synced_at IS NOT NULL", sets=_BY_RECEIVER),
        Measure(
            "dossier.rated",
            at="rated_at",
            where="rated_at IS NOT NULL AND received_at IS NOT NULL",
            value="is_satisfied",
            sets=_BY_RECEIVER,
        ),
        Measure(
            "dossier.without_reception",
            at="first_at",
            where="received_at IS NULL AND first_at IS NOT NULL",
            sets=((),),
        ),
    ),
    recount=recount,
    indexes=(("same_as",),),
    sql_indexes=(("overdue_at",),),
    lacking=("dossier.without_reception", "dossier.received"),
    clocked=CLOCKED,
    # How long it was overdue when it left, or has been at the instant asked.
    orders={"overdue_us": "COALESCE(left_at, {at}) - overdue_at"},
    shown={
        "received_at": Doc("Tiếp nhận lúc", "When it was received"),
        **dict.fromkeys(("received_by", "resolved_by", "citizen_unit", "procedure_code")),
        **dict.fromkeys(("service_level", "channel")),
        "due_at": Doc("Hẹn trả, như nguồn gửi", "When it is due, as its source sent it"),
        "ended_at": Doc("Kết thúc lúc", "When it ended"),
        "end_kind": Doc("Kết thúc thế nào", "How it ended"),
        "overdue_at": Doc("Quá hạn từ lúc", "Since when it is, or was, overdue"),
        "is_on_time": Doc("Trả đúng hạn", "Whether it was resolved by its due date"),
        "synced_at": Doc("Đồng bộ lần đầu lúc", "When it was first synced"),
        "rated_at": Doc("Được đánh giá lúc", "When it was rated"),
        "is_satisfied": Doc("Hài lòng", "Whether it was rated as satisfied"),
        "same_as": Doc("Mã khác của cùng hồ sơ", "Another code of the same dossier"),
    },
)
