"""The calendar of payment reports: who owes which period by when, what came late, what is missing.

Who owes is said by the list of duties; without it, by the source itself.
"""

from collections.abc import Iterator, Mapping

import polars as pl

from hub.clock import day_of, iso_day
from hub.definitions.contract import Doc
from hub.definitions.source import Source
from hub.figures.arrived import SPAN_OF, end_of
from hub.figures.book import Book
from hub.figures.kpi import Kpi
from hub.figures.worklist import CODE, UNIT, Asked, Field, WorkList
from stream_jobs.payment_terms import OWNER, transactions
from stream_jobs.payment_told import CONTRACT, revisions

_TITLE = Doc("Lịch báo cáo thanh toán", "Calendar of payment reports")
KPI = Kpi(
    title=_TITLE,
    question=_TITLE,
    owner=OWNER,
    group="payment",
    contract=CONTRACT,
    measure_unit="transactions",
    numerator=transactions("cashless"),
    denominator=None,
    dims={"reporter": "reporter"},
    examples=(),
)
STATES = {
    "missing": Doc("Thiếu, đã quá hạn", "Missing, past due"),
    "late": Doc("Đã gửi, trễ hạn", "Came late"),
    "waiting": Doc("Chưa đến hạn", "Not due yet"),
    "on_time": Doc("Đúng hạn", "On time"),
    "came": Doc("Đã gửi; chưa đặt hạn", "Came; no day is set"),
}
_ORDER = {name: place for place, name in enumerate(STATES)}
# Whose statistics, of how long a span, beginning on which day: when each came, the first day first.
Came = Mapping[tuple[str, str, str, int], list[int]]
_SCHEMA = {
    CODE: pl.String,
    UNIT: pl.String,
    "period": pl.String,
    "due_on": pl.Int64,
    "state": pl.String,
    "came_on": pl.Int64,
    "days_late": pl.Int64,
    "received": pl.Int64,
    "owed": pl.Int64,
    "~place": pl.Int64,
    "~last": pl.Int64,
}


def _came(told: pl.DataFrame, until: int) -> Came:
    """Give when statistics came first: of each sender and reporter, of either, and of all."""
    firsts = (
        told.filter(pl.col("accepted_on") <= until)
        .group_by("entity", "sender", "reporter", "first_on", "end_on")
        .agg(pl.col("accepted_on").min())
        .sort("accepted_on", "entity")
    )
    out: dict[tuple[str, str, str, int], dict[str, int]] = {}
    for entity, sender, reporter, first, end, on in firsts.rows():
        span = next(s for s in ("day", "month", "year") if end_of(first, s) == end)
        for key in ((sender, reporter), (sender, ""), ("", reporter), ("", "")):
            out.setdefault((*key, span, first), {}).setdefault(entity, on)
    return {key: list(days.values()) for key, days in out.items()}


def _steps(book: Book, asked: Asked, source: Source, came: Came) -> Iterator[tuple[object, ...]]:
    """Give a row for each step that a source owes in the period."""
    today = day_of(asked.question.at)
    for first, end in book.schedule(source, asked.question.period):
        party = (source.name, source.party)
        own = came.get((*party, SPAN_OF[source.cadence], first), [])
        # A statistic of each of its days is as good as one of all of it.
        daily = min(
            (came.get((*party, "day", day), []) for day in range(first, end)), key=len, default=[]
        )
        owed = source.events_per_due
        received = max(len(own), len(daily))
        whole = [own[owed - 1]] if len(own) >= owed else []
        if len(daily) >= owed:
            days = (came[(*party, "day", day)][owed - 1] for day in range(first, end))
            whole.append(max(days))
        came_on = min(whole, default=None)
        last = end - 1 + (source.due_days or 0)
        after = (today if came_on is None else came_on) - last
        due_on = None if source.due_days is None else last
        if came_on is None:
            state = "missing" if after > 0 else "waiting"
        elif due_on is None:
            state, after = "came", 0
        else:
            state = "late" if after > 0 else "on_time"
        text = iso_day(first)[: {"monthly": 7, "yearly": 4}.get(source.cadence, 10)]
        who = source.party or source.name
        late = max(after, 0)
        code = f"{source.label}|{text}"
        yield code, who, text, due_on, state, came_on, late, received, owed, _ORDER[state], last


def _find(book: Book, asked: Asked) -> pl.DataFrame:
    period, reporter = asked.question.period, dict(asked.question.where).get("reporter", "")
    came = _came(revisions(book, period, {}), day_of(asked.question.at))
    rows = [
        row
        for source in book.sources.values()
        if source.contract == CONTRACT and reporter in ("", source.party)
        for row in _steps(book, asked, source, came)
    ]
    frame = pl.DataFrame(rows, _SCHEMA, orient="row").sort("~place", "~last", CODE)
    words = {name: f"{doc.vi} | {doc.en}" for name, doc in STATES.items()}
    return frame.drop("~place", "~last").with_columns(pl.col("state").replace(words))


LIST = WorkList(
    title=_TITLE,
    figure=Doc(
        "số liệu thanh toán chưa đủ cho đến khi mọi kỳ phải báo cáo đều có",
        "figures of payments are incomplete until each period that is owed has come",
    ),
    kpi=KPI,
    is_whole=False,
    contract=CONTRACT,
    fields=(
        Field(CODE, Doc("Nghĩa vụ|kỳ", "Duty|period")),
        Field(UNIT, Doc("Đơn vị báo cáo", "Reporter")),
        Field("period", Doc("Kỳ", "Period")),
        Field("due_on", Doc("Hạn gửi", "Due on"), "day"),
        Field("state", Doc("Tình trạng", "State")),
        Field("came_on", Doc("Đủ ngày", "Complete on"), "day"),
        Field("days_late", Doc("Số ngày trễ", "Days late"), "integer"),
        Field("received", Doc("Đã nhận", "Received"), "integer"),
        Field("owed", Doc("Phải gửi", "Owed"), "integer"),
    ),
    find=_find,
    concerns="reporters",
)
