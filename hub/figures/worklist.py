"""Work lists: things that somebody is to see to, and how they stand behind a figure.

A list of a KPI has just the things that the figure counts, so both are the same number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

import polars as pl

from hub.clock import EPOCH_DATE, day_of, from_us, iso, iso_day
from hub.definitions.contract import Contract, Doc
from hub.figures.book import Ask, Book
from hub.figures.compute import (
    Question,
    QuestionError,
    check_known,
    read_question,
    sums_of,
    units_asked,
)
from hub.figures.kpi import Kpi

DAYS_AHEAD, DAYS_AHEAD_MAX = 5, 365
CODE, UNIT = "code", "unit"
Kind = Literal["text", "instant", "day", "integer"]


@dataclass(frozen=True)
class Field:
    """A column of a list: its name, what it is, how its values are read."""

    name: str
    title: Doc
    kind: Kind = "text"

    @property
    def dtype(self) -> Any:
        """The polars type of the column: an instant in microseconds, a day from 1970-01-01."""
        return pl.String() if self.kind == "text" else pl.Int64()


@dataclass(frozen=True)
class Asked:
    """What is asked of a list: a question as of a figure, and how many working days ahead."""

    question: Question
    days: int = DAYS_AHEAD

    @property
    def until(self) -> int:
        """The instant up to which things count: the period's end, or the one asked."""
        return min(self.question.period.end, self.question.at)


@dataclass(frozen=True)
class WorkList:
    """A list that people work with. Its id is the name of its file.

    It is asked for in the words of `kpi`, which is installed as `kpi_id`, or is its own.
    `is_whole`: it has all that the KPI's figure counts, else a part. `concerns`: of which kind of
    limit its `unit` is (units, reporters), where there is no fact that would say who sees what it
    lists. `find` gives its rows,
    first what is the most urgent, with all fields but those that `complete` adds to the rows that
    are shown. `figure` says which number it stands behind.
    """

    title: Doc
    figure: Doc
    kpi: Kpi
    contract: str
    fields: tuple[Field, ...]
    find: Callable[[Book, Asked], pl.DataFrame]
    complete: Callable[[Book, Asked, pl.DataFrame], pl.DataFrame] = lambda _, __, rows: rows
    is_whole: bool = True
    concerns: str = ""
    kpi_id: str = ""
    id: str = ""

    def named(self, name: str, contract: Contract) -> "WorkList":
        """Give the list its id, and its KPI that of its own."""
        return replace(self, id=name, kpi=self.kpi.named(self.kpi_id, contract))

    def asked(self, parameters: Mapping[str, str], now: int, days: int) -> Asked:
        """Read what is asked; raise `QuestionError`. Parameters are those of the KPI's figure."""
        for name in parameters.keys() & {"as_of", "by"}:
            raise QuestionError(
                name,
                f"tham số {name!r} không dùng được với danh sách: danh sách là của hiện tại",
                f"a list has no parameter {name!r}: it is of what is known now, and not split",
            )
        return Asked(read_question(self.kpi, parameters, now), days)


def find(listed: WorkList, asked: Asked, book: Book) -> pl.DataFrame:
    """Find the rows of a list. Raises `QuestionError`."""
    if asked.question.where:
        check_known(listed.kpi, asked.question, book)
    return listed.find(book, asked)


def page(
    listed: WorkList, asked: Asked, book: Book, rows: pl.DataFrame, offset: int, size: int
) -> dict[str, Any]:
    """Give a page of a list's rows as JSON has them, and how many there are in all, by unit."""
    shown = listed.complete(book, asked, rows.slice(offset, size))
    following = offset + size
    by_unit = rows.group_by(UNIT).len().sort([-pl.col("len").cast(pl.Int64), UNIT])
    return {
        "list": listed.id,
        "title_vi": listed.title.vi,
        "title_en": listed.title.en,
        "kpi": listed.kpi.id or None,
        "is_whole": listed.is_whole,
        "figure_vi": listed.figure.vi,
        "figure_en": listed.figure.en,
        "period": asked.question.period.text,
        "at": iso(asked.until),
        "cut": book.reading.cut(),
        "total": len(rows),
        "by_unit": [{"unit": unit or "", "count": n} for unit, n in by_unit.rows()],
        "columns": [
            {"id": f.name, "title_vi": f.title.vi, "title_en": f.title.en} for f in listed.fields
        ],
        "rows": [_public(listed.fields, row) for row in shown.iter_rows(named=True)],
        "next_offset": following if following < len(rows) else None,
    }


def _public(fields: Sequence[Field], row: Mapping[str, Any]) -> dict[str, Any]:
    as_json: dict[Kind, Callable[[Any], Any]] = {"instant": iso, "day": iso_day}
    return {
        f.name: None if row[f.name] is None else as_json.get(f.kind, lambda v: v)(row[f.name])
        for f in fields
    }


def counted(kpi: Kpi, question: Question, book: Book) -> list[str]:
    """List the things that a figure counts: those of which something is left in its numerator."""
    if question.period.start >= question.at:
        return []
    where = kpi.filters(question.where, question.role)
    ask = Ask(question.period, question.at, ("entity",), where)
    by_unit = units_asked(kpi, question, ask, book)
    sums, _ = sums_of(replace(kpi, denominator=None), book, ask, by_unit)
    return sorted(str(key[0]) for key, n in sums.items() if n)


def values(
    book: Book, contract: str, names: Mapping[str, str], entities: list[str]
) -> pl.DataFrame:
    """Read columns of facts: `names` gives by name the fact's column; the first is `code`."""
    fact = book.facts[contract]
    rows = book.reading.fact_values(fact, list(names.values()), entities)
    types = {"text": pl.String(), "integer": pl.Int64()}
    schema = {CODE: pl.String(), **{n: types[fact.types[c]] for n, c in names.items()}}
    return pl.DataFrame(rows, schema, orient="row")


def within(book: Book, unit: str | None, day: int) -> Callable[[str], bool]:
    """Tell of units whether they are one, or below it, on a day; all are where none is asked."""
    if unit is None:
        return lambda _: True
    units = book.reference.units
    below = frozenset() if units is None else units.below(unit, iso_day(day))
    return lambda code: code == unit or code in below


def today(asked: Asked) -> int:
    """Give the day that a list is about, counted from 1970-01-01."""
    return day_of(asked.until)


def cells(listed: WorkList, rows: pl.DataFrame) -> Iterator[list[Any]]:
    """Give the rows of a list as the cells of a table: instants aware, days as dates."""
    read: dict[Kind, Callable[[Any], Any]] = {
        "instant": from_us,
        "day": lambda day: EPOCH_DATE + timedelta(days=day),
    }
    kinds = [read.get(f.kind, lambda value: value) for f in listed.fields]
    for row in rows.select(f.name for f in listed.fields).iter_rows():
        yield [None if v is None else as_cell(v) for v, as_cell in zip(row, kinds, strict=True)]
