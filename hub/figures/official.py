"""Official figures: those of a closed period do not change; what they would be now stands beside.

A figure is provisional until its period is closed, then official; where later events say something
else it is restated: its value stays the official one, `restatement` gives the other. `freeze` makes
the event that closes a period, `recheck` computes it again, `silent` names who owed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hub.clock import iso, iso_day
from hub.figures.book import Ask, Book
from hub.figures.by_unit import VIEWS
from hub.figures.closing import Closing, digest, in_force
from hub.figures.compute import Question, QuestionError, compute, parts_of
from hub.figures.figure import AS_CLOSED, Figure, Restatement
from hub.figures.kpi import Kpi
from hub.figures.past import Past
from hub.figures.versions import counted_by, definition_version
from hub.log.cut import Cut, write_cut
from hub.reference.periods import BUCKETS, Period, parse_period
from hub.store.cuts import NoCutError, find_cut

SILENT_DAYS_SHOWN_MAX = 31
KEPT_MAX = 10_000


def as_known(book: Book, as_of: int | None, now: int) -> Book:
    """Give the book as it was, or as it is; raise `QuestionError` where that is not kept."""
    if as_of is None:
        return book
    try:
        return book.on(Past(book.reading, find_cut(book.reading, as_of, now)))
    except NoCutError:
        raise QuestionError(
            "as_of",
            f"không còn giữ số liệu tại thời điểm {iso(as_of)}",
            f"what was known at {iso(as_of)} is not kept",
        ) from None


def answer(kpi: Kpi, question: Question, book: Book) -> dict[str, Any]:
    """Give the body that `GET /v1/kpis/{id}` and `hub kpi --json` both print."""
    return {
        "kpi": kpi.id,
        "period": question.period.text,
        "as_of": iso(book.reading.committed_at()),
        "figures": [f.public() for f in figures(kpi, question, book)],
    }


def figures(kpi: Kpi, question: Question, book: Book) -> list[Figure]:
    """Answer a question: one figure per key, none where there is nothing to say.

    Of a question by days or months, each of them is answered by what closed it: the official figure
    of a month that was closed by itself is the same within its quarter. By a version that was asked
    for nothing was closed.
    """
    now = compute(kpi, question, book)
    if not kpi.numerator.is_of_period or question.version is not None:
        return now
    of_part = {p.text: in_force(book.closings, p) for p in parts_of(question)}
    closed: dict[tuple[str, str], tuple[Closing, Period, set[str]]] = {}
    for part, closing in of_part.items():
        if closing is not None:
            asked = _asked_of(closing, question, part)
            named = closed.setdefault((closing.event_id, asked.text), (closing, asked, set()))
            named[2].add(part)
    answered = [f for f in now if of_part[_part_of(f, question)] is None]
    for closing, asked, parts in closed.values():
        official = _official(closing, kpi, replace(question, period=asked), book)
        answered += _beside(
            [f for f in official if _part_of(f, question) in parts],
            [f for f in now if _part_of(f, question) in parts],
            closing,
        )
    order = {part: i for i, part in enumerate(of_part)}
    return sorted(answered, key=lambda f: order[_part_of(f, question)])


def _asked_of(closing: Closing, question: Question, part: str) -> Period:
    """Give the period to ask what closed a part for: the greatest that is in both."""
    within, around = closing.period, question.period
    if around.start_on <= within.start_on and within.end_on <= around.end_on:
        return within
    is_inside = within.start_on <= around.start_on and around.end_on <= within.end_on
    return around if is_inside else parse_period(part)


def _part_of(figure: Figure, question: Question) -> str:
    """Name the day or month of a question that a figure is of, or its whole period."""
    dims = figure.dims
    return next((str(dims[b]) for b in BUCKETS if b in question.by), question.period.text)


def _beside(official: list[Figure], now: list[Figure], closing: Closing) -> list[Figure]:
    """Put what figures would be now beside the official ones."""
    closed_at = iso(closing.closed_at)
    present = {_key(f): f for f in now}
    beside = []
    for figure in official:
        other = present.pop(_key(figure), None)
        if other is not None and other.public(AS_CLOSED) == figure.public(AS_CLOSED):
            beside.append(replace(figure, closed_at=closed_at, status="official"))
        else:
            beside.append(_restated(figure, other, closed_at))
    for other in present.values():
        nothing = replace(other, value=None, numerator=0, denominator=0, met=None)
        beside.append(_restated(nothing, other, closed_at))
    return beside


def _key(figure: Figure) -> str:
    return json.dumps(figure.dims, sort_keys=True)


def _restated(figure: Figure, other: Figure | None, closed_at: str | None) -> Figure:
    would_be = Restatement()
    if other is not None:
        would_be = Restatement(
            other.value, other.numerator, other.denominator, other.met, other.cut
        )
    return replace(figure, closed_at=closed_at, status="restated", restatement=would_be)


def _official(closing: Closing, kpi: Kpi, question: Question, book: Book) -> list[Figure]:
    """Give the figures of a closed period as they were when it was closed."""
    asked = replace(question, at=min(question.at, closing.closed_at), as_of=None)
    is_part = (
        asked.by
        or asked.where
        or asked.role
        or asked.view != VIEWS[0]
        or asked.period != closing.period
    )
    if not is_part and asked.at == closing.closed_at:
        return closing.figures.get(kpi.id, [])
    kept = book.reading.kept
    name = f"{closing.event_id}|{kpi.id}|{asked.period.text}|{asked.at}|{asked.by}"
    name += f"|{asked.role}|{asked.view}"
    name += json.dumps(dict(asked.where), sort_keys=True)
    found: list[Figure] | None = kept.get(name)
    if found is None:
        found = _then(closing, kpi, asked, book)
        if len(kept) >= KEPT_MAX:
            kept.clear()
        kept[name] = found
    return found


def _then(closing: Closing, kpi: Kpi, asked: Question, book: Book) -> list[Figure]:
    """Compute parts of a closed period at its cut, if the whole comes out as it was closed."""
    then = book.closed.get(closing.event_id)
    if then is None:
        then = book.closed[closing.event_id] = book.on(Past(book.reading, closing.cut))
    whole = compute(kpi, Question(closing.period, closing.closed_at), then)
    frozen = closing.figures.get(kpi.id, [])
    if [f.public(AS_CLOSED) for f in whole] != [f.public(AS_CLOSED) for f in frozen]:
        raise QuestionError(
            "by",
            f"định nghĩa của {kpi.id} đã đổi sau khi chốt {closing.period.text}:"
            " chỉ còn số liệu chung đã chốt",
            f"the definition of {kpi.id} changed since {closing.period.text} was closed:"
            " only its whole figures are kept",
        )
    return compute(kpi, asked, then)


def freeze(
    book: Book,
    kpis: Iterable[Kpi],
    period: Period,
    cut: Cut,
    now: int,
    by: str,
    reports: Mapping[str, list[dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    """Make the event that closes a period: what `hub.definitions.own.control.Control` says.

    `reports`: editions that it holds beside the figures, by their names in it.
    """
    found = {
        k.id: [f.public() for f in compute(k, Question(period, now), book)]
        for k in kpis
        if k.numerator.is_of_period
    }
    text = json.dumps({**found, **(reports or {})}, ensure_ascii=False, sort_keys=True)
    figures_digest = digest(text)
    return {
        "event_id": f"{period.text}@{now:x}",
        "kind": "period_closed",
        "period": period.text,
        "closed_at": now,
        "closed_by": by,
        "cut": write_cut(cut),
        "figures": text,
        "silent": json.dumps(silent(book, period, now)),
        "digest": figures_digest,
    }


def recheck(
    closing: Closing, book: Book, kpis: Iterable[Kpi]
) -> Iterator[tuple[str, object, object]]:
    """Compute a closed period's figures at its cut again; give (what, kept, found) that differ.

    Figures of a definition that is no longer installed cannot be: their digest stands for them.
    """
    if digest(closing.figures_text) != closing.digest:
        yield "digest", closing.digest, digest(closing.figures_text)
    then = book.on(Past(book.reading, closing.cut))
    for kpi in kpis:
        kept = closing.figures.get(kpi.id, [])
        version = definition_version(counted_by(kpi, closing.period, then), then)
        if kept and all(f.definition_version == version for f in kept):
            found = compute(kpi, Question(closing.period, closing.closed_at), then)
            if kept != found:
                yield kpi.id, kept, found


def silent(book: Book, period: Period, now: int) -> dict[str, list[str]]:
    """Name the sources that owe something for a period, with the first days of what is missing."""
    out: dict[str, list[str]] = {}
    for source in book.sources.values():
        steps = book.due(source, Ask(period, now))
        missing = [s.first for s in steps if s.received < s.due]
        if missing:
            days = out.setdefault(source.label, [])
            days += [iso_day(d) for d in missing[: SILENT_DAYS_SHOWN_MAX - len(days)]]
    return out
