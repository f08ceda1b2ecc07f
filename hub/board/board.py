"""The board: every KPI's figure for one period, from one cut, beside what was published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.board.published import Published, find
from hub.clock import iso
from hub.figures.book import Book, most_told_of, years
from hub.figures.compute import Question
from hub.figures.figure import AS_TOLD, Figure
from hub.figures.kpi import Kpi
from hub.figures.official import figures
from hub.reference.periods import Period, parse_period


@dataclass(frozen=True)
class Shown:
    """A KPI's figure beside what was published of it; `where` is the filter it was asked by."""

    kpi: str
    figure: Figure
    where: Mapping[str, str]
    published: Published | None

    def public(self) -> dict[str, Any]:
        """Give it as the page and the stream read it."""
        shown = self.published and {
            "printed": _printed(self.published),
            "source": self.published.source,
        }
        return {
            "kpi": self.kpi,
            **self.figure.public(),
            "dims": dict(self.where),
            "published": shown,
        }


def board(
    book: Book, kpis: Iterable[Kpi], period: Period, at: int, published: Sequence[Published]
) -> list[Shown]:
    """Give each KPI's undimensioned figure, and the filtered ones that were published."""
    shown: list[Shown] = []
    for kpi in kpis:
        asked: list[dict[str, str]] = [{}]
        asked += [
            dict(p.where)
            for p in published
            if p.kpi == kpi.id and p.period == period.text and p.where
        ]
        for where in asked:
            for figure in figures(kpi, Question(period, at, (), where), book):
                beside = find(published, kpi.id, period.text, where)
                shown.append(Shown(kpi.id, figure, where, beside))
    return shown


def _printed(found: Published) -> str:
    """Give what was printed; a count that stands in the text as it is written in tables."""
    return found.printed or f"{int(found.numerator):,}".replace(",", ".")


def board_body(
    book: Book, kpis: Iterable[Kpi], period: Period, at: int, published: Sequence[Published]
) -> dict[str, Any]:
    """Give the board as the page and the stream read it."""
    return {
        "period": period.text,
        "as_of": iso(book.reading.committed_at()),
        "cut": book.reading.cut(),
        "figures": [s.public() for s in board(book, kpis, period, at, published)],
    }


def ask_first(
    book: Book, kpis: Iterable[Kpi], at: int, published: Sequence[Published]
) -> list[Shown]:
    """Ask for what people see first, the board of the year that most events speak of.

    So what the first question makes (what arrived, due dates, working time, sums) is there when it
    is asked.
    """
    found = years(book)
    return board(book, kpis, parse_period(most_told_of(found)), at, published) if found else []


Public = dict[str, Any]


def changed(before: list[Public], after: list[Public]) -> list[Public]:
    """Give the figures of a board that say something else than before.

    When their contract was last heard is told apart.
    """
    known = {_name(f): _said(f) for f in before}
    return [f for f in after if known.get(_name(f)) != _said(f)]


def _name(figure: Public) -> str:
    return f"{figure['kpi']} {figure['dims']}"


def _said(figure: Public) -> Public:
    said = (*AS_TOLD, "kpi", "published")
    return {name: figure[name] for name in said if name in figure}
