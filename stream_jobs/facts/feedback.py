"""Feedback: one matter, from its first reception to its first answer, and what came after.

Forms of one person about one matter have one code, whatever the channel: the first counts, others
are its duplicates. One that comes after the answer opens the matter again, as does whoever says so.
Due is what was sent; where none was, what working time says by the policy of the topic.
"""

from typing import Any

import polars as pl

from hub.clock import DAY_US, OFFSET_US
from hub.definitions.fact import Clocked, Fact, LiveEvent, Measure, day_start_sql, of

_BY = (("channel",), ("channel", "topic", "unit"))
_kind, _at = pl.col("kind"), pl.col("occurred_at")
_answers = _at.filter(_kind == "answered").min()
_is_late_form = (_kind == "received") & (_at > _answers)
_TEXTS = ("channel", "topic", "unit", "waits")
_INSTANTS = ("received_at", "assigned_at", "due_at", "left_at", "overdue_at", "rated_at")
_NUMBERS = ("reopened_at", "forms", "is_on_time", "is_satisfied")
_received_at = pl.col("first_received")
_there = _received_at.is_not_null()
_left_at = pl.when(_there & pl.col("answered").is_not_null()).then(
    pl.max_horizontal("answered", "first_received")
)
_due_at = of("deadline", "due_at")
_due_day = (_due_at + OFFSET_US) // DAY_US
_past_due = pl.max_horizontal((_due_day + 1) * DAY_US - OFFSET_US - 1, _received_at)
_PAST_DUE = f"({day_start_sql('due_at')} + {DAY_US} - 1)"


def judge(fact: dict[str, Any]) -> None:
    """Say since when a matter is overdue and whether it was answered in time, by its due date."""
    fact["overdue_at"] = fact["is_on_time"] = None
    if fact["received_at"] is None or fact["due_at"] is None:
        return
    due_day = (fact["due_at"] + OFFSET_US) // DAY_US
    past_due = max((due_day + 1) * DAY_US - OFFSET_US - 1, fact["received_at"])
    if fact["left_at"] is None or fact["left_at"] > past_due:
        fact["overdue_at"] = past_due
    if fact["left_at"] is not None:
        fact["is_on_time"] = int((fact["left_at"] + OFFSET_US) // DAY_US <= due_day)


def recount(events: list[LiveEvent]) -> dict[str, Any]:
    """Fold one matter's live events, least first, in plain Python."""
    fact: dict[str, Any] = dict.fromkeys(FACT.types)
    forms = [e for e in events if e["kind"] == "received"]
    if not forms:
        return fact

    def instants(kind: str) -> list[int]:
        return [e["occurred_at"] for e in events if e["kind"] == kind]

    fact["received_at"] = min(instants("received"))
    fact["channel"], fact["topic"] = forms[0]["channel"], forms[0]["topic"]
    fact["forms"] = len(forms)
    for event in events:
        if event["kind"] == "assigned":
            fact["unit"] = event["unit"]
        if event["due_at"] is not None:
            fact["due_at"] = event["due_at"]
        if event["kind"] == "rated":
            fact["rated_at"], fact["is_satisfied"] = event["occurred_at"], int(event["satisfied"])
    fact["assigned_at"] = min(instants("assigned"), default=None)
    answered = min(instants("answered"), default=None)
    again = instants("reopened")
    if answered is not None:
        fact["left_at"] = max(answered, fact["received_at"])
        again += [at for at in instants("received") if at > answered]
    fact["reopened_at"] = min(again, default=None)
    judge(fact)
    return fact


CLOCKED = Clocked(
    contract="feedback",
    unit="unit",
    procedure="topic",
    begun="received_at",
    ended="left_at",
    due="due_at",
    waits="waits",
    dated={
        "overdue_at": "CASE WHEN due_at IS NOT NULL AND received_at IS NOT NULL"
        f" AND (left_at IS NULL OR (left_at > {_PAST_DUE} AND left_at > received_at)) THEN"
        f" CASE WHEN {_PAST_DUE} > received_at THEN {_PAST_DUE} ELSE received_at END END",
        "is_on_time": "CASE WHEN due_at IS NOT NULL AND left_at IS NOT NULL THEN"
        f" CASE WHEN left_at <= {_PAST_DUE} THEN 1 ELSE 0 END END",
    },
    judge=judge,
    resolved=("feedback.left",),
)


def _measure(
    name: str, at: str, value: str = "0", where: str = "", *, ahead: bool = False
) -> Measure:
    counts = where or f"{at} IS NOT NULL"
    return Measure(f"feedback.{name}", at=at, where=counts, value=value, sets=_BY, is_ahead=ahead)


FACT = Fact(
    contract="feedback",
    picks={
        "assignment": _kind == "assigned",
        "deadline": pl.col("due_at").is_not_null(),
        "rating": _kind == "rated",
    },
    aggregates={
        "first_received": _at.filter(_kind == "received").min(),
        "first_assigned": _at.filter(_kind == "assigned").min(),
        "answered": _answers,
        "said_again": _at.filter(_kind == "reopened").min(),
        "sent_again": _at.filter(_is_late_form).min(),
        "form_count": (_kind == "received").sum(),
        # Events of a thing come least first, as `recount` has them.
        "first_channel": pl.col("channel").filter(_kind == "received").first(),
        "first_topic": pl.col("topic").filter(_kind == "received").first(),
    },
    types={
        **dict.fromkeys(_TEXTS, "text"),
        **dict.fromkeys((*_INSTANTS, *_NUMBERS), "integer"),
    },
    columns={
        "channel": pl.col("first_channel"),
        "topic": pl.col("first_topic"),
        "unit": pl.when(_there).then(of("assignment", "unit")),
        "waits": pl.lit(None, pl.String),
        "received_at": _received_at,
        "assigned_at": pl.when(_there).then("first_assigned"),
        "due_at": pl.when(_there).then(_due_at),
        "left_at": _left_at,
        "overdue_at": pl.when(
            _there & _due_at.is_not_null() & (_left_at.is_null() | (_left_at > _past_due))
        ).then(_past_due),
        "rated_at": pl.when(_there).then(of("rating", "occurred_at")),
        "reopened_at": pl.when(_there).then(pl.min_horizontal("said_again", "sent_again")),
        "forms": pl.when(_there).then("form_count"),
        "is_on_time": pl.when(_due_at.is_not_null() & _left_at.is_not_null()).then(
            ((_left_at + OFFSET_US) // DAY_US <= _due_day).cast(pl.Int64)
        ),
        "is_satisfied": pl.when(_there).then(of("rating", "satisfied").cast(pl.Int64)),
    },
    measures=(
        _measure("received", "received_at", "forms - 1"),
        _measure("assigned", "assigned_at"),
        _measure("left", "left_at"),
        _measure("judged", "left_at", "is_on_time", "is_on_time IS NOT NULL"),
        _measure("overdue_began", "overdue_at", ahead=True),
        _measure("overdue_left", "left_at", where="overdue_at IS NOT NULL AND left_at IS NOT NULL"),
        _measure("rated", "rated_at", "is_satisfied"),
        _measure("reopened", "reopened_at"),
    ),
    recount=recount,
    sql_indexes=(("overdue_at",),),
    clocked=CLOCKED,
)
