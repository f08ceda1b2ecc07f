"""Counting: all columns of a report from one pass over the facts."""

from dataclasses import dataclass, field, replace

from hub.apply import fold
from hub.columns.asking import Tally, count_rows
from hub.definitions.fact import Fact
from hub.figures.book import Ask, Book, Key
from hub.figures.by_unit import ByUnit
from hub.figures.compute import Question, sums_of, units_asked
from hub.figures.dues import WAS
from hub.figures.terms import Sums, Term
from hub.reports.report import Column, Report

ENTITY = "entity"
Counts = dict[Key, tuple[int, ...]]


@dataclass
class Pass:
    """What one book says of a report's columns, kept by what they are grouped by.

    `only`: facts that are in this column alone are looked at. Counted is by due dates as sent, in
    one query; what counts by a computed one (all of it, where `is_computed`) is then corrected.
    """

    report: Report
    book: Book
    only: Column | None = None
    is_computed: bool = False
    kept: dict[tuple[object, ...], Counts] = field(default_factory=dict)

    @property
    def fact(self) -> Fact:
        """The facts that are counted."""
        return self.book.facts[self.report.contract]

    def counts(self, ask: Ask) -> Counts:
        """Count all columns, then notes, by the columns of the fact that are asked for."""
        name = (ask.by, tuple(ask.where.items()), ask.period.start, ask.until)
        if name not in self.kept:
            tally = tally_of(self.report, ask, self.only)
            n = len(ask.by)
            counts = {row[:n]: row[n:] for row in self.book.reading.count_facts(self.fact, tally)}
            redated = self.book.dues.changes(self.fact, is_computed=self.is_computed)
            tally = tally_of(self.report, ask, self.only, WAS)
            for row in count_rows(redated.lazy(), tally, fold.sign()) if len(redated) else ():
                sent = counts.get(row[:n], (0,) * len(tally.counted))
                counts[row[:n]] = tuple(a + b for a, b in zip(sent, row[n:], strict=True))
            self.kept[name] = counts
        return self.kept[name]


def tally_of(report: Report, ask: Ask, only: Column | None = None, stored: str = "") -> Tally:
    """Write a report's conditions for a period, as things were at an instant.

    `stored` stands before the names of columns that are to be as they are stored.
    """

    start = min(ask.period.start, ask.until)

    def dated(where: str) -> str:
        return where.format(start=start, until=ask.until, stored=stored)

    within = dated(report.within)
    if only is not None:
        within = f"{within} AND ({dated(only.where)})"
    counted = tuple(dated(column.where) for column in report.counted)
    return Tally(ask.by, ask.where, within, counted)


@dataclass(frozen=True)
class OfPass(Term):
    """One column of a pass, as what may be summed by unit."""

    made: Pass = field(hash=False)
    index: int

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Give the column's counts; `book` is the one of the pass."""
        assert book is self.made.book
        return {key: counts[self.index] for key, counts in self.made.counts(ask).items()}

    @property
    def is_additive(self) -> bool:
        """Each fact is counted by itself."""
        return True


def ask_of(report: Report, question: Question, *by: str) -> Ask:
    """Put a question in the words of the facts, grouped by dimensions, or by the thing itself."""
    columns = report.asked_as.columns(question.role)
    where = report.asked_as.filters(question.where, question.role)
    return Ask(question.period, question.at, tuple(columns.get(b, b) for b in by), where)


def count(made: Pass, question: Question, *by: str) -> tuple[Counts, ByUnit | None]:
    """Count a report's columns and notes by dimensions, over units where it goes by them.

    Raises `QuestionError` for a unit that neither the list nor the data know.
    """
    report, book = made.report, made.book
    ask = ask_of(report, question, *by)
    by_unit = units_asked(report.asked_as, replace(question, by=by), ask, book)
    if by_unit is None:
        return made.counts(ask), None
    counts: dict[Key, list[int]] = {}
    size = len(report.counted)
    for i in range(size):
        kpi = replace(report.asked_as, numerator=OfPass(made, i))
        summed, _ = sums_of(kpi, book, ask, by_unit)
        for key, n in summed.items():
            counts.setdefault(key, [0] * size)[i] = n
    return {key: tuple(row) for key, row in counts.items()}, by_unit


def things(
    report: Report, question: Question, book: Book, column: Column, *, is_computed: bool = False
) -> list[str]:
    """List the things that a column counts, by their names."""
    counts, _ = count(Pass(report, book, column, is_computed), question, ENTITY)
    return sorted(str(key[0]) for key, row in counts.items() if any(row))
