"""Changing: which figures of a period are others at one instant than at an earlier one, and why.

Between two instants that are kept a figure changes in two ways, told apart exactly: by the clock
(what was not overdue becomes so, though nothing is sent), and by what came. What came is told thing
by thing with its events where each adds its own part, as for closed periods (`restating`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import polars as pl

from hub.apply import fold
from hub.apply.rows import cell_rows
from hub.clock import iso
from hub.definitions.own.control import CONTROL
from hub.figures.book import Book
from hub.figures.closing import in_force
from hub.figures.compute import Question, compute
from hub.figures.kpi import Kpi
from hub.figures.official import as_known
from hub.figures.past import Past
from hub.figures.restating import Cause, Part, Sees, causes, divided, less, part_of, show, summed
from hub.figures.versions import counted_by, definition_version
from hub.log.cut import Cut
from hub.reference.periods import Period

CAUSES_MAX = 100
TARGETS = "targets"  # the list, by its form's name


@dataclass(frozen=True)
class Between:
    """Two instants of what the hub knew, the later one None where it is now; `book` is of now."""

    book: Book
    since: int
    until: int | None
    now: int

    @property
    def at(self) -> int:
        """The later instant."""
        return self.now if self.until is None else self.until


def changes(
    between: Between, kpis: Iterable[Kpi], period: Period, sees: Sees | None = None
) -> dict[str, Any]:
    """List the whole figures of a period that changed. Raises `QuestionError`: not kept.

    Causes that whoever asks does not see are in the sum of the other causes.
    """
    before = as_known(between.book, between.since, between.now)
    after = as_known(between.book, between.until, between.now)
    closing = in_force(between.book.closings, period)
    listed = []
    same = _Same(before, after, between.since, period)
    for kpi in kpis:
        if same.has(kpi):
            continue
        # At neither instant is a figure known of what has not begun.
        question = Question(period, between.since)
        old, new = (
            compute(kpi, question, before),
            compute(kpi, replace(question, at=between.at), after),
        )
        first, last = part_of(kpi, old), part_of(kpi, new)
        if first == last and [f.value for f in old] == [f.value for f in new]:
            continue
        asked = replace(question, at=between.at)
        aged = part_of(kpi, compute(kpi, asked, before))
        shown, others = divided(
            _causes(between, before, after, kpi, asked, (aged, last)), kpi, sees
        )
        listed.append(
            {
                "kpi": kpi.id,
                "title_vi": kpi.title.vi,
                "title_en": kpi.title.en,
                "measure_unit": kpi.measure_unit,
                "before": _said(old),
                "after": _said(new),
                "is_closed": closing is not None and kpi.numerator.is_of_period,
                "by_clock": _named(less(aged, first)),
                "by_events": _named(less(last, aged)),
                "causes": [show(cause) for cause in shown[:CAUSES_MAX]],
                "other_causes": summed([*shown[CAUSES_MAX:], *others]),
            }
        )
    return {
        "period": period.text,
        "since": iso(between.since),
        "until": iso(between.at),
        "cut_before": before.reading.cut(),
        "cut_after": after.reading.cut(),
        "changed": listed,
    }


class _Same:
    """Tells which figures cannot have changed, without working them out: most have not, mostly.

    That is so of a period that was over at the earlier instant, which the clock changes no more,
    where the figure goes by the same definition, lists included, and nothing that changed since is
    of a day up to the period's end, as it was or as it is. A closing changes no figure here.
    """

    def __init__(self, before: Book, after: Book, since: int, period: Period) -> None:
        self._books, self._before, self._period = (before, after), before, period
        self._end, self._is_over = period.end_on.isoformat(), period.end <= since
        self._untouched: dict[str, bool] = {}

    def has(self, kpi: Kpi) -> bool:
        """Tell whether a KPI's figure is surely the same at both instants."""
        terms = [t for t in (kpi.numerator, kpi.denominator) if t is not None]
        is_of_facts = all(t.is_of_period and not t.is_of_sources for t in terms)
        if not self._is_over or not is_of_facts or kpi.contract is None:
            return False
        if self._has_other_lists and len({self._definition(kpi, b) for b in self._books}) > 1:
            return False
        if kpi.contract not in self._untouched:
            self._untouched[kpi.contract] = self._is_untouched(kpi.contract)
        return self._untouched[kpi.contract]

    @cached_property
    def _has_other_lists(self) -> bool:
        """Whether any list is another one that figures go by; targets are beside them."""
        if len({book.reading.totals().get(CONTROL.topic, 0) for book in self._books}) == 1:
            return False  # nothing was loaded since
        first, last = (
            {n: rows for n, rows in book.reference.tables.items() if n != TARGETS}
            for book in self._books
        )
        return first != last

    def _definition(self, kpi: Kpi, book: Book) -> str:
        return definition_version(counted_by(kpi, self._period, book), book)

    def _is_untouched(self, contract: str) -> bool:
        fact, reading = self._before.facts[contract], self._before.reading
        assert isinstance(reading, Past)
        changed = reading.changes(fact)
        if changed.is_empty():
            return True
        if any(not measure.sets for measure in fact.measures):
            return False  # what is in no cell has no day here
        # Each side by itself: what a fact was may be of this period, and what it is of another.
        sides = (changed.filter(fold.IS_PRESENT), changed.filter(~fold.IS_PRESENT))
        return all((cell_rows(fact, side, 0)["period"] >= self._end).all() for side in sides)


def _named(part: Part) -> dict[str, int]:
    return {"numerator": part[0], "denominator": part[1]}


def _said(found: Sequence[Any]) -> dict[str, Any] | None:
    names = ("value", "numerator", "denominator", "scale", "measure_unit")
    return found[0].public(names) if found else None


def _causes(
    between: Between,
    before: Book,
    after: Book,
    kpi: Kpi,
    question: Question,
    ends: tuple[Part, Part],
) -> list[Cause]:
    """Give what came between the cuts, the greatest part first."""
    assert isinstance(before.reading, Past)
    if ends[0] == ends[1]:
        return []
    if not isinstance(after.reading, Past):
        came = list(causes(between.book, before.reading, kpi, question, ends))
        return sorted(came, key=_greatest)
    # What came since the earlier cut, less what came since the later one: each thing by itself.
    present = part_of(kpi, compute(kpi, question, between.book))
    earlier = causes(between.book, before.reading, kpi, question, (ends[0], present))
    later = causes(between.book, after.reading, kpi, question, (ends[1], present))
    return sorted(_less(list(earlier), list(later), after.reading.known_at), key=_greatest)


def _less(earlier: list[Cause], later: list[Cause], cut: Cut) -> list[Cause]:
    """Take what came later away; of things that are not told one by one, the sum remains."""
    parts: dict[str | None, Part] = {}
    events: dict[str | None, pl.DataFrame | None] = {}
    for sign, some in ((1, earlier), (-1, later)):
        for cause in some:
            n, d = parts.get(cause.entity, (0, 0))
            parts[cause.entity] = (n + sign * cause.part[0], d + sign * cause.part[1])
            if sign == 1 and cause.entity is not None:
                events[cause.entity] = cause.events
    ends = {place[2]: n for place, n in cut.positions.items()}
    return [
        Cause(part, _until(events.get(entity), ends), entity)
        for entity, part in parts.items()
        if part != (0, 0)
    ]


def _until(events: pl.DataFrame | None, ends: dict[int, int]) -> pl.DataFrame | None:
    if events is None:
        return None
    end = pl.col("partition").replace_strict(ends, default=0, return_dtype=pl.Int64)
    return events.filter(pl.col("offset") < end)


def _greatest(cause: Cause) -> tuple[bool, int, str]:
    return cause.entity is None, -abs(cause.part[0]) - abs(cause.part[1]), cause.entity or ""
