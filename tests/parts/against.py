"""The hub held against the golden pack: its events delivered in any order, its answers compared."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from random import Random
from typing import Any

import polars as pl

from hub import registry
from hub.clock import iso_day
from hub.figures import made_of
from hub.figures.book import Book
from hub.figures.compute import read_question
from hub.figures.official import answer
from hub.log.log import Log, Submission
from hub.log.submitting import encode
from hub.reference.periods import Period, parse_period
from hub.reports.counting import things
from hub.reports.filled import Filled, fill, read_report_question
from hub.store.reading import Reading
from tests.parts import lists
from tests.parts.golden import counting, made, terms
from tests.parts.golden.cells import cells
from tests.parts.golden.codes import fold_all
from tests.parts.golden.counting import Figures, Pack, Span, Way
from tests.parts.golden.places import Places
from tests.parts.golden.plain import Dossier, day_of, instant
from tests.parts.small import Json, admitted_frame

DOSSIER = registry.contracts()["dossier"]
ITEMS_MAX = 20_000
ACCEPTED_AT = instant("2027-12-31T00:00:00+07:00")
LONG_AFTER = "2028-01-01T00:00:00+07:00"
KPIS = [name for name, kpi in registry.kpis().items() if kpi.contract == "dossier"]
DIMENSIONS = ("", "unit", "procedure", "channel", "service_level")
ROLES = ("received_by", "resolved_by", "citizen")


@dataclass(frozen=True)
class Golden:
    """A pack: what is sent, what came of it, and by which lists.

    `apart` are dossiers as tables have them: each code by itself, without a look at a calendar.
    """

    sent: list[tuple[str, Json]]
    pack: Pack
    apart: Pack
    lists: dict[str, list[dict[str, str]]]
    places: Places

    @classmethod
    def made(cls, count: int) -> "Golden":
        """Make a pack of so many dossiers, and read it plainly."""
        sent, known = list(made.make(count)), made.lists()
        places = Places(known["units"], known["lineage"])
        clock = terms.Clock.of(known)
        apart, whole = fold_all(sent)
        pack = Pack(terms.clocked(d, clock) for d in whole)
        return cls(sent, pack, Pack(apart), known, places)

    def by_computed_due(self) -> "Golden":
        """Give the pack as it is where every due date is the one that working time says."""
        return replace(self, pack=self.pack.by_calendar)

    @cache  # noqa: B019 (a pack lives as long as its tests)
    def frame(self) -> pl.DataFrame:
        """Admit what is sent, as columns with `sender`, in its order."""
        events = [event for _, event in self.sent]
        parts = [events[i : i + ITEMS_MAX] for i in range(0, len(events), ITEMS_MAX)]
        frame = pl.concat([admitted_frame(DOSSIER, part) for part in parts])
        return frame.with_columns(pl.Series("sender", [sender for sender, _ in self.sent]))

    def __hash__(self) -> int:
        return id(self)

    def book(self, reading: Reading) -> Book:
        """Open the hub's book on a snapshot, with the lists of the pack's province."""
        installed = lists.installed()
        return Book(reading, installed.definitions, installed.lists.with_tables(self.lists))


def in_order(frame: pl.DataFrame, order: str) -> pl.DataFrame:
    """Put events in an order of arrival: as they happened, the last first, or by chance."""
    if order == "forwards":
        return frame.sort("occurred_at", maintain_order=True)
    if order == "backwards":
        return frame.sort("occurred_at", descending=True, maintain_order=True)
    places = list(range(len(frame)))
    Random(order).shuffle(places)
    return frame[places]


def deliver(log: Log, frame: pl.DataFrame, size: int) -> None:
    """Append events in requests of so many items, each under receipts of its senders."""
    submissions = []
    for at in range(0, len(frame), size):
        for (sender,), own in frame[at : at + size].group_by("sender", maintain_order=True):
            receipt = f"r{at}-{sender}"
            batch = encode(DOSSIER, str(sender), own.drop("sender"), receipt, ACCEPTED_AT)
            submissions.append(
                Submission(receipt, str(sender), "dossier", ACCEPTED_AT, len(own), 0, [batch])
            )
    log.append(submissions)


# What is asked


@dataclass(frozen=True)
class Asked:
    """A question to a KPI or a report, as parameters of a request."""

    name: str
    period: str
    by: str = ""
    role: str = ""
    at: str = LONG_AFTER
    view: str = "as_was"
    unit: str = ""

    def parameters(self) -> dict[str, str]:
        """Write the question as a request has it."""
        said = {**vars(self)}
        del said["name"]
        return {name: value for name, value in said.items() if value}

    def spans(self, period: Period) -> Span:
        """Cut a period at the instant asked."""
        return Span.of(period.start_on, period.end_on, instant(self.at))

    def way(self, places: Places, span: Span, by: str, role: str) -> Way:
        """Say how dossiers are told apart."""
        last = day_of(span.until - 1)
        shown = last if self.view == "as_was" else day_of(instant(self.at))
        return Way(places, by or None, role, last, shown, self.view)


def months(period: Period) -> Iterator[Period]:
    """Give the months of a period."""
    for text, _ in groupby(period.days(), key=lambda day: day[:7]):
        yield parse_period(text)


def plain_questions(kpi: str) -> Iterator[Asked]:
    """Ask a KPI for every month, and for every year by every dimension."""
    for year in ("2024", "2025", "2026"):
        yield Asked(kpi, year, "month")
        yield from (Asked(kpi, year, by) for by in DIMENSIONS[1:])


def edge_questions(kpi: str) -> Iterator[Asked]:
    """Ask for months by dimensions, by every role and view, at instants, below units."""
    for by in DIMENSIONS:
        yield Asked(kpi, "2025", f"month,{by}" if by else "month")
    for role in ROLES:
        for period in ("2024-Q1", "2025-H1", "2025-06-30", "2025-07-01", "2025-W27", "2025"):
            yield Asked(kpi, period, "unit", role)
        for view in ("as_is",) if kpi in counting.OF_MINUTES else ("as_is", "rebased"):
            yield Asked(kpi, "2025", "unit", role, view=view)
            yield Asked(kpi, "2025-06", "unit", role, view=view, at="2025-07-20T09:30:00+07:00")
    for at in ("2025-07-01T00:00:00+07:00", "2025-06-30T23:59:59.999999+07:00",
               "2026-02-16T10:30:00+07:00", "2024-09-01T16:59:59+07:00"):  # fmt: skip
        yield Asked(kpi, "2025", at=at)
        yield Asked(kpi, at[:4], "procedure", at=at)
        yield Asked(kpi, at[:7], "unit", at=at)
    for unit in ("92", "94", "31507", "941", "H57.7"):
        yield Asked(kpi, "2024", unit=unit)
        yield Asked(kpi, "2025-H2", unit=unit)


def brief_questions(kpi: str) -> Iterator[Asked]:
    """Ask a KPI what would show that it counts something else: by dimensions, roles, instants."""
    yield from (Asked(kpi, "2025", by) for by in DIMENSIONS)
    yield from (Asked(kpi, "2025-Q3", "unit", role) for role in ROLES)
    if kpi in counting.OF_MINUTES:
        yield Asked(kpi, "2025", "field")
    yield Asked(kpi, "2025", "month")
    yield Asked(kpi, "2026-02", at="2026-02-16T10:30:00+07:00")
    yield Asked(kpi, "2025-06", "unit", view="as_is", at="2025-07-20T09:30:00+07:00")


def hub_figures(golden: Golden, book: Book, asked: Asked) -> Figures:
    """Ask the hub: a pair by the names asked for; what is zero is left out, as nothing is there."""
    kpi = registry.kpis()[asked.name]
    question = read_question(kpi, asked.parameters(), instant(asked.at))
    listed = answer(kpi, question, book)["figures"]
    names = [n for n in asked.by.split(",") if n]
    return {
        tuple(f["dims"][n] for n in names): (f["numerator"], f["denominator"])
        for f in listed
        if f["numerator"] or (kpi.denominator is not None and f["denominator"])
    }


def plain_figures(golden: Golden, asked: Asked) -> Figures:
    """Say what the figures must be."""
    default = "resolved_by" if asked.name in counting.RESOLVER_KPIS else "received_by"
    by = asked.by.removeprefix("month").removeprefix(",")
    period = parse_period(asked.period)
    is_monthly = asked.by.startswith("month")
    out: Figures = {}
    for part in months(period) if is_monthly else [period]:
        span = asked.spans(part)
        if span.start >= instant(asked.at):
            continue
        way = asked.way(golden.places, span, by, asked.role or default)
        found = counting.figures(asked.name, golden.pack, span, way, asked.unit)
        out |= {((part.text,) if is_monthly else ()) + key: pair for key, pair in found.items()}
    return out


def unequal(asked: Asked, hub: Any, plain: Any) -> list[str]:
    """Name where hub and pack differ, a line a key."""
    keys = [k for k in {*hub, *plain} if hub.get(k) != plain.get(k)]
    return [f"{asked}: {k}: hub {hub.get(k)}, pack {plain.get(k)}" for k in sorted(keys, key=str)]


def figure_differences(golden: Golden, book: Book, questions: Iterable[Asked]) -> Iterator[str]:
    """Hold answers of KPIs against the pack."""
    for asked in questions:
        yield from unequal(asked, hub_figures(golden, book, asked), plain_figures(golden, asked))


def cell_differences(golden: Golden, reading: Reading) -> Iterator[str]:
    """Hold every cell of every day against the pack."""
    said = {
        (cell_set, period, dims): value[:2]
        for cell_set in reading.cell_sets("dossier.")
        for (period, dims), value in reading.cells(cell_set).items()
    }
    plain = {(s, iso_day(day), dims): v for (s, day, dims), v in cells(golden.apart).items()}
    for key in sorted({*said, *plain}):
        if said.get(key) != plain.get(key):
            yield f"{key}: hub {said.get(key)}, pack {plain.get(key)}"


# Reports and lists


def report_questions(name: str) -> Iterator[Asked]:
    """Ask a report for every month, quarter, half and year, by both roles, and below units."""
    years = ("2024", "2025", "2026")
    months_ = [f"{y}-{m:02}" for y in years for m in range(1, 13)]
    others = [f"{y}-{part}" for y in years for part in ("Q1", "Q3", "H1", "H2")]
    for period in (*months_, *others, *years, "2025-W27", "2025-06-30", "2025-07-01"):
        yield Asked(name, period, role="resolved_by")
    for period in (*years, "2025-06", "2025-07"):
        yield Asked(name, period, role="received_by")
        for unit in ("92", "94", "31507"):
            yield Asked(name, period, role="resolved_by", unit=unit)
    yield Asked(name, "2026", role="resolved_by", at="2026-02-16T10:30:00+07:00")


def fill_report(book: Book, asked: Asked, *, is_computed: bool = False) -> Filled:
    """Fill a report as the hub does."""
    form = registry.reports()[asked.name]
    question = read_report_question(form, asked.parameters(), instant(asked.at))
    return fill(form, question, book, is_computed=is_computed)


def report_differences(
    golden: Golden, book: Book, asked: Asked, *, is_computed: bool = False
) -> Iterator[str]:
    """Hold a report against the pack: each row and the total."""
    filled = fill_report(book, asked, is_computed=is_computed)
    ids = [column.id for column in filled.report.counted]
    rows = {line.code: dict(zip(ids, line.counts, strict=True)) for line in filled.lines}
    span = asked.spans(parse_period(asked.period))
    way = asked.way(golden.places, span, filled.report.by, asked.role)
    plain = counting.report(golden.pack, span, way, asked.unit)
    yield from unequal(asked, rows, plain)
    whole = dict(zip(ids, filled.total, strict=True))
    yield from unequal(asked, whole, counting.total(plain.values()))
    yield from (f"{asked}: {broken}" for broken in filled.broken())


LISTS = [
    Asked("dossier_overdue", "2025-06"),
    Asked("dossier_overdue", "2026", at="2026-02-16T10:30:00+07:00"),
    Asked("dossier_in_progress", "2025-06"),
    Asked("dossier_resolved", "2025-06"),
    Asked("dossier_sync_backlog", "2024-01", unit="31507"),
]


def list_differences(golden: Golden, book: Book, asked: Asked) -> Iterator[str]:
    """Hold the list behind a figure against the pack, code by code."""
    kpi = registry.kpis()[asked.name]
    question = read_question(kpi, asked.parameters(), instant(asked.at))
    hub: dict[str, bool] = {}
    page: dict[str, Any] = {"next_offset": 0}
    while page["next_offset"] is not None:
        page = made_of.facts(kpi, question, book, made_of.Wanted(page["next_offset"]))
        hub |= {f["entity"]: True for f in page["facts"] if f["numerator"]}
    span = asked.spans(question.period)
    above, _ = golden.pack.counted(asked.name, span)
    way = asked.way(golden.places, span, "unit", str(kpi.role))
    within = [d for d in above if not asked.unit or way.is_below(d, asked.unit)]
    yield from unequal(asked, hub, {d.code: True for d in within})


def drill_differences(golden: Golden, book: Book, period: str) -> Iterator[str]:
    """Hold the dossiers behind each column of a report against the pack."""
    asked = Asked("06a", period, role="resolved_by")
    form = registry.reports()["06a"]
    question = read_report_question(form, asked.parameters(), instant(asked.at))
    span = asked.spans(question.period)
    listed: dict[str, list[Dossier]] = {column.id: [] for column in form.counted}
    for d in counting.within(golden.pack, span):
        for column in counting.columns_of(d, span):
            listed[column].append(d)
    for counted in form.counted:
        hub = dict.fromkeys(things(form, question, book, counted), True)
        yield from unequal(
            replace(asked, by=counted.id), hub, {d.code: True for d in listed[counted.id]}
        )
