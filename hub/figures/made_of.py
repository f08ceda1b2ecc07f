"""Made of: the facts behind a figure, each with its part, a page at a time."""

from collections.abc import Callable
from typing import Any

from hub.clock import iso
from hub.figures.book import Ask, Book
from hub.figures.compute import Question, QuestionError, sums_of, units_asked
from hub.figures.kpi import Kpi

ROWS_MAX = 1_000


Sees = Callable[[list[str]], set[str]]


def facts(
    kpi: Kpi, question: Question, book: Book, offset: int, sees: Sees | None = None
) -> dict[str, Any]:
    """List what counts in a figure, by entity, from an offset on: as of now, or as of the book.

    Of those that whoever asks sees, where `sees` tells which these are.

    What a closed period's official figure was made of is what was known when it was closed.

    Parts add up to the figure's numerator and denominator where each fact adds its own. Raises
    `QuestionError` for a KPI that is not counted over facts one by one, and for a split question.
    """
    if question.by:
        raise QuestionError(
            "by", "hỏi từng số liệu một, không chia", "ask for one figure at a time, not split"
        )
    if not kpi.lists_facts:
        raise QuestionError(
            "kpi",
            f"{kpi.id} không tính trên từng đối tượng",
            f"{kpi.id} is not counted over facts one by one",
        )
    columns = kpi.columns(question.role)
    where = {columns[n]: v for n, v in dict(question.where).items()}
    ask = Ask(question.period, question.at, ("entity",), where)
    by_unit = units_asked(kpi, question, ask, book)
    has_begun = question.period.start < question.at
    above, divided_by = sums_of(kpi, book, ask, by_unit) if has_begun else ({}, None)
    below = divided_by or {}
    counted = sorted(
        str(key[0]) for key in above.keys() | below.keys() if above.get(key) or below.get(key)
    )
    if sees is not None:
        within = sees(counted)
        counted = [entity for entity in counted if entity in within]
    following = offset + ROWS_MAX
    return {
        "kpi": kpi.id,
        "period": question.period.text,
        "as_of": iso(book.reading.committed_at()),
        "cut": book.reading.cut(),
        "total": len(counted),
        "facts": [
            {"entity": e, "numerator": above.get((e,), 0), "denominator": below.get((e,), 0)}
            for e in counted[offset:following]
        ],
        "next_offset": following if following < len(counted) else None,
    }
