"""Filled: a report for a period, a unit and a role, with what does not add up in it."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hub.clock import iso
from hub.figures.book import Book
from hub.figures.by_unit import VIEWS
from hub.figures.compute import Question, QuestionError, check_known, no_period, read_question
from hub.figures.dues import lists_of_clocks
from hub.reference.periods import Period, parse_period
from hub.reports.counting import Pass, count
from hub.reports.report import Column, Report
from hub.store.store import definition_digest

UNKNOWN = ""
_PARTS = re.compile("([^0-9]+|(?=[0-9]))([0-9]*)")
# By which due dates: as sources sent them, and by working time where one sent none; or by working
# time throughout.
DUES = ("sent", "computed")


@dataclass(frozen=True)
class Line:
    """A row: its code, name and the group it stands under, and a number for each column, note."""

    code: str
    name: str
    under: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Broken:
    """An equation that does not hold: in which row, and what both sides are."""

    equation: str
    code: str
    whole: int
    parts: int


@dataclass(frozen=True)
class Filled:
    """A report as it was filled. `total` was counted by itself and not added up from the rows."""

    report: Report
    question: Question
    lines: tuple[Line, ...]
    total: tuple[int, ...]
    unit_name: str
    cut: str
    as_of: str | None
    definition_version: str
    is_computed: bool = False

    def broken(self) -> list[Broken]:
        """List what does not add up: rows, the total, and the rows against the total."""
        return [*self._unequal(), *self._apart()]

    def _unequal(self) -> Iterator[Broken]:
        ids = [column.id for column in self.report.counted]
        for code, counts in (*((li.code, li.counts) for li in self.lines), ("total", self.total)):
            row = dict(zip(ids, counts, strict=True))
            for equation in self.report.equations:
                whole, parts = row[equation.whole], sum(row[part] for part in equation.parts)
                if whole != parts:
                    yield Broken(equation.text, code, whole, parts)

    def _apart(self) -> Iterator[Broken]:
        for i, column in enumerate(self.report.counted):
            added = sum(line.counts[i] for line in self.lines)
            if added != self.total[i]:
                yield Broken(f"{column.id} = sum of rows", "total", self.total[i], added)

    def public(self) -> dict[str, Any]:
        """Give it as JSON."""
        report, question = self.report, self.question
        ids = [column.id for column in report.counted]
        return {
            **describe(report),
            "period": question.period.text,
            "start_on": question.period.start_on.isoformat(),
            "end_on": last_day(question.period).isoformat(),
            "unit": dict(question.where).get("unit"),
            "unit_name": self.unit_name,
            "where": {n: v for n, v in dict(question.where).items() if n != "unit"},
            "role": question.role or report.role,
            "view": question.view,
            "due": DUES[self.is_computed],
            "at": iso(question.at),
            "as_of": self.as_of,
            "cut": self.cut,
            "definition_version": self.definition_version,
            "rows": [
                {
                    "code": line.code,
                    "name": line.name,
                    "under": line.under,
                    **dict(zip(ids, line.counts, strict=True)),
                }
                for line in self.lines
            ],
            "total": dict(zip(ids, self.total, strict=True)),
            "broken": [vars(broken).copy() for broken in self.broken()],
        }


def describe(report: Report) -> dict[str, Any]:
    """Say what a report is, with each column in words: JSON."""
    return {
        "report": report.id,
        "number": report.number,
        "title_vi": report.title.vi,
        "title_en": report.title.en,
        "heading_vi": list(report.heading),
        "row_title_vi": report.row_title.vi,
        "unit_of_count_vi": report.unit_of_count.vi,
        "source_vi": report.source.vi,
        "source_en": report.source.en,
        "columns": [_described(column) for column in report.counted],
    }


def _described(column: Column) -> dict[str, Any]:
    return {
        "id": column.id,
        "title_vi": column.title.vi,
        "title_en": column.title.en,
        "meaning_vi": column.meaning.vi,
        "meaning_en": column.meaning.en,
        "group_vi": column.group.vi if column.group else "",
        "group_en": column.group.en if column.group else "",
    }


def last_day(period: Period) -> date:
    """Give the last day of a period, as people name it."""
    return date.fromisoformat(period.days()[-1])


def read_due(parameters: Mapping[str, str]) -> bool:
    """Tell whether due dates are those computed, and not those sent; raise `QuestionError`."""
    due = parameters.get("due", DUES[0])
    if due not in DUES:
        listed = ", ".join(DUES)
        raise QuestionError("due", f"due={due}: chỉ nhận {listed}", f"due={due}: only {listed}")
    return due == DUES[1]


def read_report_question(report: Report, parameters: Mapping[str, str], now: int) -> Question:
    """Read a question from request parameters; raise `QuestionError` for what is wrong in it."""
    read_due(parameters)
    if parameters.get("period") == "":
        raise no_period("")  # a form says of which period it is
    asked = {name: value for name, value in parameters.items() if name != "due"}
    question = read_question(report.asked_as, asked, now)
    if question.by:
        raise QuestionError(
            "by",
            f"biểu {report.id} có dòng cố định, không chia theo {', '.join(question.by)}",
            f"the rows of {report.id} are fixed: it cannot be split by {', '.join(question.by)}",
        )
    if question.view == VIEWS[2]:
        raise QuestionError(
            "view",
            "view=rebased: số chia theo tỷ lệ không cộng đúng từng dòng; dùng as_was, as_is",
            "view=rebased: dealt-out numbers do not add up row by row; use as_was or as_is",
        )
    return question


def fill(report: Report, question: Question, book: Book, *, is_computed: bool = False) -> Filled:
    """Fill a report from a book, by due dates as sent or by those that are computed.

    Raises `QuestionError` for a unit that nobody knows.
    """
    made = Pass(report, book, is_computed=is_computed)
    counts, by_unit = count(made, question, report.by)
    whole, _ = count(made, question)
    if question.where and not counts:
        check_known(report.asked_as, question, book)
    names = _names(report, question, book)
    lines = []
    for (code,), row in counts.items():
        if not any(row):
            continue
        name, under = names.get(code or UNKNOWN, ("", ""))
        unit = None if by_unit is None or report.by != "unit" else by_unit.shown(code)
        lines.append(Line(code or UNKNOWN, unit.name if unit else name, under, row))
    lines.sort(
        key=lambda line: (line.under == "", line.under, line.code == UNKNOWN, _in_order(line.code))
    )
    nothing = (0,) * len(report.counted)
    wanted = dict(question.where).get("unit", "")
    return Filled(
        report,
        question,
        tuple(lines),
        next(iter(whole.values()), nothing),
        _unit_name(question, book, wanted),
        book.reading.cut(),
        iso(book.reading.committed_at()),
        _version(report, book, is_computed=is_computed),
        is_computed,
    )


def count_broken(reports: Iterable[Report], book: Book, now: int) -> int:
    """Count what does not add up in the reports of this month and of the last, and between them.

    All forms over the same facts must have the same total.
    """
    this = parse_period(str(iso(now))[:7])
    last = parse_period((this.start_on - timedelta(1)).isoformat()[:7])
    broken = 0
    for period in (last, this):
        filled = [fill(report, Question(period, now), book) for report in reports]
        broken += sum(len(each.broken()) for each in filled)
        totals = {each.report.contract: each.total for each in filled}
        broken += sum(each.total != totals[each.report.contract] for each in filled)
    return broken


def _in_order(code: str) -> tuple[list[tuple[str, int]], str]:
    """Order codes by their numbers as people do: H57.2 comes before H57.10."""
    return [(mark, int(number or 0)) for mark, number in _PARTS.findall(code)], code


def _names(report: Report, question: Question, book: Book) -> dict[str, tuple[str, str]]:
    """Give the names of rows, and what they stand under, by code, as the list has them.

    What is no longer in force, and still has things open, is called as it was last.
    """
    day = last_day(question.period).isoformat()
    listed = book.reference.tables.get(report.listed, [])
    rows = sorted((r for r in listed if r["valid_from"] <= day), key=lambda r: r["valid_from"])
    under = report.under or ""
    return {row["code"]: (row.get("name_vi", ""), row.get(under, "")) for row in rows}


def _unit_name(question: Question, book: Book, wanted: str) -> str:
    units = book.reference.units
    if not wanted or units is None:
        return wanted
    unit = units.named(wanted, last_day(question.period).isoformat())
    return wanted if unit is None else unit.name or wanted


def _version(report: Report, book: Book, *, is_computed: bool) -> str:
    """Digest the report's conditions, its fact's definitions and the lists in force."""
    due = (DUES[1],) if is_computed else ()
    fact = book.facts[report.contract]
    columns = [(column.id, column.where) for column in report.counted]
    parts = (
        *due,
        repr((report.id, report.within, columns, sorted(report.dims.items(), key=str))),
        definition_digest(fact, book.definitions.contracts[report.contract]),
        book.reference.digest({report.listed, *lists_of_clocks(book.reference)}),
    )
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()
