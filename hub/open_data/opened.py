"""Opened: which figures of a KPI are rows of an open table, nothing withheld yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.figures.book import Ask, Book
from hub.figures.compute import Question
from hub.figures.figure import Figure
from hub.figures.kpi import Kpi, Opened
from hub.figures.official import figures
from hub.figures.terms import Term
from hub.reference.periods import Period, parse_period, split
from hub.troubles import TroubleError

WHOLE = "_T"  # of a dimension: all of it (SDMX, code list CL_AREA and others)
UNLISTED = "_U"  # of a dimension: what no list names
ABOVE, BELOW = "numerator", "denominator"
Dims = tuple[tuple[str, str], ...]
Name = tuple[str, str, Dims, str]  # dataset, period, dimensions, numerator or denominator


class OpenDataError(TroubleError):
    """A KPI is marked as open in a way that cannot be, or its numbers do not add up."""


@dataclass(frozen=True)
class Row:
    """A row of an open table. What is withheld is None; `is_withheld` says that it is.

    `numerator`, `denominator`, `value` are official where the period is closed, and then what is
    restated stands beside them. `revision` counts how often the row stated something else since it
    was first released, last in the release made on `revised_on`.
    """

    dataset: str
    period: str
    kind: str
    dims: Dims
    unit_name: str
    numerator: int | None
    denominator: int | None
    value: str | None
    status: str
    restated_numerator: int | None
    restated_denominator: int | None
    restated_value: str | None
    completeness: float
    definition_version: str
    is_withheld: bool = False
    revision: int = 0
    revised_on: str = ""

    @property
    def key(self) -> tuple[str, str, Dims]:
        """What the row is about."""
        return self.dataset, self.period, self.dims

    @property
    def says(self) -> tuple[Any, ...]:
        """What the row says of it."""
        own = (self.numerator, self.denominator, self.value)
        return (*own, self.restated_numerator, self.restated_denominator, self.restated_value)

    def sides(self) -> dict[str, tuple[int | None, int | None]]:
        """Give each number with its restatement."""
        return {
            ABOVE: (self.numerator, self.restated_numerator),
            BELOW: (self.denominator, self.restated_denominator),
        }

    def now(self, side: str) -> int | None:
        """Give a number as it is now, restated or not."""
        own, restated = self.sides()[side]
        return restated if self.status == "restated" else own


def marked(kpi: Kpi) -> Opened:
    """Give what a KPI marks as open; raise `OpenDataError` where that is nothing."""
    if kpi.opened is None:
        raise OpenDataError(f"{kpi.id}: không đánh dấu là dữ liệu mở | it is not marked as open")
    return kpi.opened


def check_opened(kpi: Kpi) -> None:
    """Raise `OpenDataError` where what a KPI marks as open could not be protected."""
    opened = marked(kpi)
    names = {name for table in opened.tables for name in table}
    unknown = sorted(names - set(kpi.dims))
    if unknown or not opened.tables:
        raise OpenDataError(f"{kpi.id}: không có chiều | no dimension {', '.join(unknown)}")
    if not opened.is_of_people:
        return
    ask = Ask(parse_period("2023-01"), parse_period("2024").start)
    addends = [a for term in terms_of(kpi).values() for a in term.addends(ask)]
    if kpi.scale != 1 or any(a.sign < 0 or a.start is None or a.is_computed for a in addends):
        raise OpenDataError(
            f"{kpi.id}: số liệu về người chỉ mở được khi là tổng của những gì xảy ra trong kỳ"
            " | counts of people's affairs are open only as sums of what happened in a period"
        )


def terms_of(kpi: Kpi) -> Mapping[str, Term]:
    """Give the terms of a KPI, by the side of the share on which they stand."""
    terms = {ABOVE: kpi.numerator}
    return terms if kpi.denominator is None else {**terms, BELOW: kpi.denominator}


def periods_of(year: Period, kinds: Iterable[str], now: int) -> list[tuple[str, Period]]:
    """Give the periods of a year that have ended, by kind."""
    return [(k, p) for k in kinds for p in split(year, k) if p.end <= now]


def rows_of(kpi: Kpi, year: Period, book: Book, now: int) -> list[Row]:
    """Give a KPI's open rows of a year, nothing withheld yet."""
    opened = marked(kpi)
    names = sorted({name for table in opened.tables for name in table})
    found = []
    for kind, period in periods_of(year, opened.periods, now):
        for table in opened.tables:
            for figure in figures(kpi, Question(period, now, by=table), book):
                if figure.value is not None or figure.restatement is not None:
                    found.append(_row(kpi, kind, period, names, figure))
    return sorted(found, key=lambda r: (r.kind, r.period, r.dims))


def _row(kpi: Kpi, kind: str, period: Period, names: list[str], figure: Figure) -> Row:
    stated = {n: UNLISTED if v is None else v for n, v in figure.dims.items()}
    again = figure.restatement
    is_share = kpi.denominator is not None
    return Row(
        dataset=kpi.id,
        period=period.text,
        kind=kind,
        dims=tuple((name, stated.get(name, WHOLE)) for name in names),
        unit_name=figure.unit.name if figure.unit is not None else "",
        numerator=figure.numerator,
        denominator=figure.denominator if is_share else None,
        value=figure.value,
        status=figure.status,
        restated_numerator=again.numerator if again is not None else None,
        restated_denominator=again.denominator if again is not None and is_share else None,
        restated_value=again.value if again is not None else None,
        completeness=figure.completeness,
        definition_version=figure.definition_version,
    )
