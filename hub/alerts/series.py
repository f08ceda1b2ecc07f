"""Series that rules watch: readings, silences by duties, rejects that grow old, targets.

All are of what the data describe, and not of when it came: a year that is loaded at once has the
alerts that it had. What comes late or corrected changes a series back to the instant it is about.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from hub.alerts.rule import SERIES
from hub.clock import DAY_US, OFFSET_US, day_start
from hub.definitions.source import Source
from hub.figures.aliases import Aliased
from hub.figures.arrived import end_of
from hub.figures.book import Book, years
from hub.figures.compute import Question, compute
from hub.figures.kpi import Kpi
from hub.figures.progress import PROVINCE
from hub.figures.silence import DUTIES
from hub.reference.lists import Target
from hub.reference.periods import Period, month, parse_period

HOUR_US = 3_600_000_000
_VALUES = {
    "entity": pl.String,
    "subject": pl.String,
    "quantity": pl.String,
    "at": pl.Int64,
    "value": pl.Int64,
    "is_good": pl.Int64,
}
_SPANS = {"first": pl.Int64, "last": pl.Int64}


def series(rows: Iterable[tuple[str, int, int, int | None, int | None]]) -> pl.DataFrame:
    """Put points (subject, at, value, threshold, state) into columns."""
    return pl.DataFrame(list(rows), schema=SERIES, orient="row")


@dataclass(frozen=True)
class Values:
    """What stations measured of a quantity, as it counts: not what is flagged or of bad quality."""

    contract: str
    quantity: str

    def read(self, book: Book, until: int) -> pl.DataFrame:
        """Give a point for each value that counts."""
        return _points(_good(_measured(book, self.contract, self.quantity, until)))


@dataclass(frozen=True)
class Rise:
    """By how much a station's value is greater than so many hours before; 25 are two tides."""

    contract: str
    quantity: str
    hours: int

    def read(self, book: Book, until: int) -> pl.DataFrame:
        """Give a point for each value that counts and has one just so many hours before it."""
        good = _good(_measured(book, self.contract, self.quantity, until))
        before = good.select(
            "subject", pl.col("at") + self.hours * HOUR_US, pl.col("value").alias("before")
        )
        risen = good.join(before, on=["subject", "at"])
        return _points(risen.with_columns(pl.col("value") - pl.col("before")))


@dataclass(frozen=True)
class Faults:
    """Whether what a station sends counts: 1 where it is of bad quality, missing or flagged."""

    contract: str

    def read(self, book: Book, until: int) -> pl.DataFrame:
        """Give a point for each value that came, by station and quantity."""
        came = _measured(book, self.contract, None, until)
        return _points(
            came.with_columns(
                pl.concat_str("subject", "quantity", separator="/").alias("subject"),
                (1000 - 1000 * pl.col("is_good")).alias("value"),
                (1 - pl.col("is_good")).cast(pl.Int8).alias("state"),
            )
        )


@dataclass(frozen=True)
class Gaps:
    """How long a station sent nothing, at most so many hours by its duty's cadence.

    Stations are those that sent something, as long as the list of stations has them.
    """

    contract: str
    hours: int

    def read(self, book: Book, until: int) -> pl.DataFrame:
        """Give a point where each gap becomes too long, and one where it ends."""
        came = _measured(book, self.contract, None, until).select("subject", "at").unique()
        ends = {r["code"]: r["valid_to"] for r in book.reference.tables.get("stations", [])}
        return pl.concat(
            [
                series([]),
                *(
                    _silences(
                        str(name),
                        group.select(first="at", last="at"),
                        self.hours * HOUR_US,
                        None,
                        _ended(ends, name, until),
                    )
                    for (name,), group in came.group_by("subject", maintain_order=True)
                ),
            ]
        )


@dataclass(frozen=True)
class Silent:
    """How long nothing came of what is owed, by the duties; they say how long it may be.

    What came speaks up to the end of a day, month or year. `contract`: of duties of all contracts.
    """

    contract: str = ""

    def read(self, book: Book, until: int) -> pl.DataFrame:
        """Give a point where each silence becomes too long, and one where it ends."""
        known = [when for name, when, *_ in book.reading.list_acts() if name == DUTIES]
        return pl.concat(
            [series([]), *(_owed(book, s, known, until) for s in book.sources.values())]
        )


@dataclass(frozen=True)
class Ageing:
    """How many rejected items of a sender nobody has ended for so many days."""

    days: int
    contract: str = ""

    def read(self, book: Book, until: int) -> pl.DataFrame:
        """Give a point wherever an item grows too old, and where one that was is ended."""
        rows = book.reading.rows(
            "SELECT q.sender, q.contract, q.rejected_at,"
            " (SELECT MIN(r.at) FROM repair r WHERE r.event_id = q.event_id"
            " AND r.action IN ('replayed', 'superseded', 'discarded'))"
            " FROM quarantine q WHERE q.rejected_at <= :until",
            until=until - self.days * DAY_US,
        )
        steps: dict[tuple[str, int], int] = {}
        for sender, contract, rejected_at, ended_at in rows:
            subject, old_at = f"{sender}/{contract}", int(rejected_at) + self.days * DAY_US
            if ended_at is not None and ended_at <= old_at:
                continue
            steps[subject, old_at] = steps.get((subject, old_at), 0) + 1
            if ended_at is not None and ended_at <= until:
                steps[subject, ended_at] = steps.get((subject, ended_at), 0) - 1
        count: dict[str, int] = {}
        points = []
        for (subject, at), step in sorted(steps.items()):
            count[subject] = count.get(subject, 0) + step
            points.append((subject, at, 1000 * count[subject], None, None))
        return series(points)


@dataclass(frozen=True)
class Missed:
    """Whether figures of the province meet the year's targets, as each month ends.

    The subject is the KPI and the year. A month after the year it is over, met or not.
    """

    contract: str = ""

    def read(self, book: Book, until: int) -> pl.DataFrame:
        """Give a point for the end of each month of each year that has a target and events."""
        points = []
        for kpi in book.kpis.values():
            for year, _ in years(book):
                period = parse_period(year)
                aim = book.reference.aim(kpi.id, period, PROVINCE)
                if aim is None:
                    continue
                for m in [m for m in _months(period) if m.end <= until]:
                    points += _met(book, kpi, period, m, aim.target)
        return series(points)


def _months(year: Period) -> list[Period]:
    return [month(year.start_on.year, n) for n in range(1, 13)]


def _met(
    book: Book, kpi: Kpi, year: Period, ended: Period, target: Target
) -> list[tuple[str, int, int, int, int]]:
    """Say whether a figure met its year's target when a month ended: its points, none or more.

    What was worked out is kept for as long as nothing of the months up to then has changed.
    """
    reading, key = book.reading, ("missed", kpi.id, year.text, ended.text)
    touched = reading.touched(kpi.contract, ended.text[:7]) if kpi.contract else 0
    kept: dict[Any, Any] = {}
    merged = ""
    if isinstance(reading, Aliased):  # a snapshot of now
        kept = reading.kept.setdefault("alerts", {})
        merged = reading.signature(book.facts[kpi.contract]) if kpi.contract else ""
    state = touched, merged, tuple(reading.lists()), reading.build(), target
    if key in kept and kept[key][0] == state:
        points: list[tuple[str, int, int, int, int]] = kept[key][1]
        return points
    points = []
    for figure in compute(kpi, Question(year, ended.end), book):
        if figure.met is None or figure.value is None:
            continue
        value, threshold = int(float(figure.value) * 1000), int(target.value * 1000)
        subject = f"{kpi.id}/{year.text}"
        points.append((subject, ended.end, value, threshold, int(not figure.met)))
        if ended.end == year.end:
            over = month(year.end_on.year, 1).end
            points.append((subject, over, value, threshold, 0))
    kept[key] = state, points
    return points


def _points(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        (pl.col(n) if n in frame.columns else pl.lit(None)).cast(t).alias(n)
        for n, t in SERIES.items()
    )


def _good(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("is_good") == 1)


def _measured(book: Book, contract: str, quantity: str | None, until: int) -> pl.DataFrame:
    """Read what was measured, each with whether it counts; kept for all rules of one book."""
    key = ("measured", contract, until)
    if key not in book.told:
        fact = book.facts[contract]
        checked = fact.checked
        assert checked is not None, contract
        measure = fact.measure(checked.measure)
        is_good = f"(CASE WHEN {measure.where} THEN 1 ELSE 0 END)"
        when = measure.when
        by = ("entity", checked.place, checked.quantity, when, checked.value, is_good)
        everything = replace(measure, where=f"{when} IS NOT NULL")
        rows = book.reading.sum_facts(fact, everything, by, {}, (None, until + 1))
        frame = pl.DataFrame([r[: len(by)] for r in rows], schema=_VALUES, orient="row")
        flagged = book.flagged(fact, None, until + 1)
        names = [entity for entities in flagged.values() for entity in entities]
        is_bad = pl.col("entity").is_in(names)
        book.told[key] = frame.with_columns(
            pl.when(is_bad).then(0).otherwise(pl.col("is_good")).alias("is_good")
        )
    frame = book.told[key]
    measured: pl.DataFrame = frame
    return measured if quantity is None else measured.filter(pl.col("quantity") == quantity)


def _ended(ends: dict[str, str], name: object, until: int) -> int:
    """Give up to when a place is asked: it owes nothing after the list has ended it."""
    day = ends.get(str(name))
    return until if not day else min(until, day_start(date.fromisoformat(day)))


def _silences(
    subject: str, heard: pl.DataFrame, allowed: int, since: int | None, until: int
) -> pl.DataFrame:
    """Give the points of one subject's silences, from the spans in which it was heard.

    `heard` has `first` and `last`. Who owes since an instant is silent since then.
    """
    spans = heard
    if since is not None:
        spans = spans.filter(pl.col("last") > since)
        spans = pl.concat([pl.DataFrame([(since, since)], schema=_SPANS, orient="row"), spans])
    spans = spans.sort("first").with_columns(pl.col("first").shift(-1).alias("next"))
    due = pl.col("last") + allowed
    gaps = spans.filter((due <= until) & (pl.col("next").is_null() | (due <= pl.col("next"))))
    ends = gaps.filter(pl.col("next") <= until).select(pl.col("next").alias("at"))
    points = pl.concat(
        [
            gaps.select(due.alias("at"), pl.lit(1).alias("state")),
            ends.select("at", pl.lit(0).alias("state")),
        ]
    )
    hours = pl.lit(allowed * 1000 // HOUR_US)
    return _points(
        points.with_columns(
            pl.lit(subject).alias("subject"), hours.alias("value"), hours.alias("threshold")
        )
    )


def _owed(book: Book, source: Source, known: list[int], until: int) -> pl.DataFrame:
    """Give the points of the silences of one duty's debtor."""
    if source.until is not None:
        until = min(until, day_start(source.until) - 1)
    since = [] if source.since is None else [day_start(source.since)]
    spans = [
        (day * DAY_US - OFFSET_US, end_of(day, span) * DAY_US - OFFSET_US)
        for span, days in book.arrivals.of_source(source).items()
        for day, n in days.items()
        if n > 0
    ]
    if not spans:  # never heard: it is silent since it owes, and since that is known
        since = [max(since + known[-1:], default=until)]
    allowed = source.silence_seconds_max * 1_000_000
    heard = pl.DataFrame(spans, schema=_SPANS, orient="row")
    return _silences(source.label, heard, allowed, max(since, default=None), until)
