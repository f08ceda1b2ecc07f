"""The board: every KPI's figure for one period, from one cut, beside what was published."""

from collections.abc import Iterable
from typing import Any

from hub.board import published
from hub.clock import iso
from hub.figures.book import Book
from hub.figures.compute import Question
from hub.figures.kpi import Kpi
from hub.figures.official import figures
from hub.reference.periods import Period

# Words that change with the clock or with any commit, not with what a figure says.
_VOLATILE = ("at", "cut")
Figure = dict[str, Any]


def board(book: Book, kpis: Iterable[Kpi], period: Period, at: int) -> list[Figure]:
    """Give each KPI's undimensioned figure, and the filtered ones that were published."""
    out: list[Figure] = []
    for kpi in kpis:
        asked: list[dict[str, str]] = [{}]
        asked += [
            dict(p.where)
            for p in published.published()
            if p.kpi == kpi.id and p.period == period.text and p.where
        ]
        for where in asked:
            for figure in figures(kpi, Question(period, at, (), where), book):
                found = published.find(kpi.id, period.text, where)
                shown = found and {"printed": _printed(found), "source": found.source}
                out.append({"kpi": kpi.id, **figure, "dims": where, "published": shown})
    return out


def _printed(found: published.Published) -> str:
    """Give what was printed; a count that stands in the text as it is written in tables."""
    return found.printed or f"{int(found.numerator):,}".replace(",", ".")


def board_body(book: Book, kpis: Iterable[Kpi], period: Period, at: int) -> dict[str, Any]:
    """Give the board as the page and the stream read it."""
    return {
        "period": period.text,
        "as_of": iso(book.reading.committed_at()),
        "cut": book.reading.cut(),
        "figures": board(book, kpis, period, at),
    }


def changed(before: list[Figure], after: list[Figure]) -> list[Figure]:
    """Give the figures that say something else than before."""
    known = {_name(f): _said(f) for f in before}
    return [f for f in after if known.get(_name(f)) != _said(f)]


def _name(figure: Figure) -> str:
    return f"{figure['kpi']} {figure['dims']}"


def _said(figure: Figure) -> Figure:
    return {k: v for k, v in figure.items() if k not in _VOLATILE}
