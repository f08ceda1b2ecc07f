"""Answers what the hub is asked, over dossiers that were read plainly: figures, reports, lists.

Each KPI is said once more, in the words of its file and of design section 8. A figure is a pair,
numerator and denominator (1 where there is none).
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from operator import attrgetter
from typing import Any

from tests.parts.golden.made import PROCEDURES
from tests.parts.golden.places import Places
from tests.parts.golden.plain import DECIDED, Dossier, day_of, midnight, number_of

Key = tuple[str | None, ...]
Figures = dict[Key, tuple[int, int]]
Listed = list[Dossier]
Worth = Callable[[Dossier], int]
Shares = list[tuple[str | None, Decimal]]
COLUMNS = tuple(f"c{i}" for i in range(1, 12))
NOTES = ("without_due", "not_decided")


@dataclass(frozen=True)
class Span:
    """A period, as far as it had passed at the instant asked: [start, until)."""

    start: int
    until: int

    @classmethod
    def of(cls, first: date, after: date, at: int) -> "Span":
        """Cut a period, from its first day up to the one after it, at an instant."""
        start, end = midnight(number_of(first)), midnight(number_of(after))
        return cls(min(start, at), min(end, at))

    def has(self, at: int | None) -> bool:
        """Tell whether an instant is in it."""
        return at is not None and self.start <= at < self.until


class Pack:
    """All dossiers, by when they came and ended, so that a period looks only at its own."""

    def __init__(self, dossiers: Iterable[Dossier]) -> None:
        self.all = list(dossiers)
        received = [d for d in self.all if d.received_at is not None]
        self._come = sorted(received, key=lambda d: d.received_at or 0)
        self._came = [d.received_at or 0 for d in self._come]
        ended = [d for d in received if d.ended_at is not None]
        self._done = sorted(ended, key=lambda d: d.ended_at or 0)
        self._ended = [d.ended_at or 0 for d in self._done]
        self._rated = [d for d in received if d.rated_at is not None]
        # What was asked before: the same instants are asked for by every dimension.
        self.there = cache(self._there)
        self.counted = cache(self._counted)

    @cached_property
    def by_calendar(self) -> "Pack":
        """Give the dossiers where each is due when working time says so, whatever was sent."""
        return Pack(replace(d, due_at=d.computed_at) for d in self.all)

    def before(self, at: int) -> Listed:
        """Give what had been received before an instant."""
        return self._come[: bisect_left(self._came, at)]

    def _there(self, at: int) -> Listed:
        """Give what was in progress at an instant."""
        return [d for d in self.before(at) if d.is_there(at)]

    def new(self, span: Span) -> Listed:
        """Give what was received in a period."""
        return self._come[bisect_left(self._came, span.start) : bisect_left(self._came, span.until)]

    def ended(self, span: Span) -> Listed:
        """Give what ended in a period, whatever its end."""
        first, after = (bisect_left(self._ended, at) for at in (span.start, span.until))
        return self._done[first:after]

    def resolved(self, span: Span) -> Listed:
        """Give what was resolved in a period, or returned without that."""
        return [d for d in self.ended(span) if d.end_kind in DECIDED]

    def judged(self, span: Span) -> Listed:
        """Give what was resolved and had a due date to be judged by."""
        return [d for d in self.resolved(span) if d.due is not None]

    def handled(self, span: Span) -> Listed:
        """Give what was resolved and has working minutes."""
        return [d for d in self.resolved(span) if d.minutes is not None]

    def rated(self, span: Span) -> Listed:
        """Give what was rated in a period."""
        return [d for d in self._rated if span.has(d.rated_at)]

    def _counted(self, kpi: str, span: Span) -> tuple[Listed, Listed | None]:
        """Give the dossiers that a KPI counts above and below its line; no line: None."""
        above, below = KPIS[kpi]
        return above(self, span), None if below is None else below(self, span)


def is_on_time(d: Dossier) -> bool:
    """Early or on the due day: by days, whatever the hour."""
    return d.ended_at is not None and d.due is not None and day_of(d.ended_at) <= d.due


def is_synced(d: Dossier, until: int) -> bool:
    """Tell whether it had reached the national portal; a failure undoes nothing."""
    return d.synced_at is not None and d.synced_at < until


def online(pack: Pack, span: Span) -> Listed:
    """Give what was newly received online."""
    return [d for d in pack.new(span) if d.channel == "online"]


def received(pack: Pack, span: Span) -> Listed:
    """Give what was to be dealt with: new, and carried over."""
    return [*pack.new(span), *pack.there(span.start)]


def base(pack: Pack, span: Span) -> Listed:
    """Give what should be on the national portal: all that was received, ended or not."""
    return pack.before(span.until)


def on_time(pack: Pack, span: Span) -> Listed:
    """Give what was resolved on time."""
    return list(filter(is_on_time, pack.judged(span)))


def overdue(pack: Pack, span: Span) -> Listed:
    """Give what is there after its due day."""
    return [d for d in pack.there(span.until) if d.is_overdue(span.until)]


Counting = Callable[[Pack, Span], Listed]
# Each KPI: what is counted above and below the line.
KPIS: dict[str, tuple[Counting, Counting | None]] = {
    "dossier_received_new": (Pack.new, None),
    "dossier_carried_over": (lambda p, s: p.there(s.start), None),
    "dossier_received": (received, None),
    "dossier_online_share": (online, received),
    "dossier_online_share_new": (online, Pack.new),
    "dossier_resolved": (Pack.resolved, None),
    "dossier_on_time_share": (on_time, Pack.judged),
    "dossier_on_time_share_computed": (
        lambda p, s: on_time(p.by_calendar, s),
        lambda p, s: p.by_calendar.judged(s),
    ),
    "dossier_in_progress": (lambda p, s: p.there(s.until), None),
    "dossier_overdue": (overdue, None),
    "dossier_overdue_computed": (lambda p, s: overdue(p.by_calendar, s), None),
    "dossier_handling_mean": (Pack.handled, Pack.handled),
    "dossier_handling_median": (Pack.handled, None),
    "dossier_handling_p90": (Pack.handled, None),
    "dossier_sync_share": (lambda p, s: [d for d in base(p, s) if is_synced(d, s.until)], base),
    "dossier_sync_backlog": (
        lambda p, s: [d for d in base(p, s) if not is_synced(d, s.until)],
        None,
    ),
    "dossier_satisfaction_share": (
        lambda p, s: [d for d in p.rated(s) if d.is_satisfied],
        Pack.rated,
    ),
}
# Of these minutes are told, not dossiers: their sum, or twice those of the one at a rank.
SUMMED = "dossier_handling_mean"
RANKED = {"dossier_handling_median": 50, "dossier_handling_p90": 90}
OF_MINUTES = (SUMMED, *RANKED)  # by weights of units these are not dealt out
FIELD_OF = {p.code: p.field_vi for p in PROCEDURES}
FIELDS: dict[str, Callable[[Dossier], str | None]] = {
    "procedure": attrgetter("procedure"),
    "channel": attrgetter("channel"),
    "service_level": attrgetter("service_level"),
    "field": lambda d: FIELD_OF.get(d.procedure or ""),
}
RESOLVER_KPIS = (
    *("dossier_resolved", "dossier_on_time_share", "dossier_on_time_share_computed"),
    *OF_MINUTES,
)


def one(d: Dossier) -> int:
    """Let each dossier be one."""
    return 1


def minutes_of(d: Dossier) -> int:
    """Give the working minutes of one that was handled."""
    assert d.minutes is not None
    return d.minutes


def added(names: Iterable[Any], listed: Listed, worth: Worth) -> Iterable[tuple[Any, int]]:
    """Add up what dossiers are worth by their names."""
    summed: Counter[Any] = Counter()
    for name, d in zip(names, listed, strict=True):
        summed[name] += worth(d)
    return summed.items()


@dataclass(frozen=True)
class Way:
    """How a dossier is told apart: by which dimension, of units by which role, in which view.

    `last` is the last day that counts, `shown` the one by whose units it is told: in the view
    `as_was` the same.
    """

    places: Places
    by: str | None
    role: str
    last: int
    shown: int
    view: str = "as_was"

    def unit(self, d: Dossier) -> tuple[str | None, int]:
        """Give a dossier's unit in the role, and the day on which that code is meant.

        Of the one that resolves it is the day of its end, or, while it has none, the last day. What
        is dated after the last day (rated before it was received) is meant on that day.
        """
        if self.role == "resolved_by":
            ended = self.last if d.ended_at is None else day_of(d.ended_at)
            return d.resolved_by, min(self.last, ended)
        code = d.received_by if self.role == "received_by" else d.citizen_unit
        return code, min(self.last, day_of(d.received_at or 0))

    def name(self, d: Dossier) -> str | None:
        """Say under which name a dossier is counted."""
        if self.by == "unit":
            return self.places.label(*self.unit(d), self.shown)
        return FIELDS[str(self.by)](d)

    def is_below(self, d: Dossier, above: str) -> bool:
        """Tell whether a dossier's unit is another one, or below it, on the day that is meant."""
        return self.places.is_below(*self.unit(d), above)

    def count(self, listed: Listed, worth: Worth) -> dict[Key, int]:
        """Add up what dossiers are worth by their names; without a dimension all together."""
        if self.by is None:
            return {(): sum(map(worth, listed))} if listed else {}
        if self.by != "unit":
            return {(k,): n for k, n in added(map(FIELDS[self.by], listed), listed, worth)}
        if self.view != "as_was":
            return self._moved(listed, worth)
        named: Counter[Key] = Counter()
        for (code, then), n in added(map(self.unit, listed), listed, worth):
            named[self.places.label(code, then, self.shown),] += n
        return dict(named)

    def apart(self, listed: Listed) -> Iterator[tuple[Key, Listed]]:
        """Part dossiers by their names, each under one."""
        parted: dict[Key, Listed] = {}
        for d in listed:
            if self.by == "unit" and self.view == "as_is":
                moved = self.places.shares(*self.unit(d), self.shown, deals=False)
                key: Key = (moved[0][0],)
            else:
                key = () if self.by is None else (self.name(d),)
            parted.setdefault(key, []).append(d)
        yield from parted.items()

    def _moved(self, listed: Listed, worth: Worth) -> dict[Key, int]:
        """Count by what units became: whole, or dealt out in whole numbers."""
        sources: Counter[tuple[str | None, str]] = Counter()
        means: dict[tuple[str | None, str], int] = {}
        for d in listed:
            code, then = self.unit(d)
            unit = None if code is None else self.places.on(code, then)
            name = (code, unit["valid_from"] if unit else "")
            sources[name] += worth(d)
            means.setdefault(name, then)
        summed: dict[Key, int] = {}
        for name, n in sources.items():
            shares = self.places.shares(
                name[0], means[name], self.shown, deals=self.view == "rebased"
            )
            for label, part in largest_remainders(n, shares):
                summed[label,] = summed.get((label,), 0) + part
        return {key: n for key, n in summed.items() if n}


def largest_remainders(n: int, shares: Shares) -> Iterator[tuple[str | None, int]]:
    """Deal a number out in whole parts that add up to it; the largest remainders go up."""
    floors = [(label, int(n * share), n * share - int(n * share)) for label, share in shares]
    left = n - sum(whole for _, whole, _ in floors)
    up = sorted(floors, key=lambda part: -part[2])[:left]
    for part in floors:
        yield part[0], part[1] + (part in up)


def figures(kpi: str, pack: Pack, span: Span, way: Way, above_unit: str = "") -> Figures:
    """Answer a KPI for a period: a pair by each name that there is something to say of.

    `above_unit`: of a unit and what is below it alone.
    """
    above, below = pack.counted(kpi, span)
    worth = minutes_of if kpi == SUMMED else one
    if above_unit:
        above = [d for d in above if way.is_below(d, above_unit)]
        below = below and [d for d in below if way.is_below(d, above_unit)]
    if kpi in RANKED:
        ranks = ((key, twice_ranked(listed, RANKED[kpi])) for key, listed in way.apart(above))
        return {key: (n, 1) for key, n in ranks if n}
    over = way.count(above, worth)
    if below is None:
        return {key: (n, 1) for key, n in over.items() if n}
    return {key: (over.get(key, 0), n) for key, n in way.count(below, one).items() if n}


def twice_ranked(listed: Listed, percent: int) -> int:
    """Give twice the minutes of the one in the middle, or of the ⌈0.9 n⌉-th."""
    ordered = sorted(map(minutes_of, listed))
    if percent == 50:
        return ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]
    return 2 * next(m for i, m in enumerate(ordered, 1) if 100 * i >= percent * len(ordered))


def columns_of(d: Dossier, span: Span) -> Iterator[str]:
    """Say in which columns of 06a and 06b a dossier is counted: those of design's table."""
    left = d.left_at
    yield "c1"
    if d.received_at is not None and d.received_at < span.start:
        yield "c4"
    else:
        yield "c2" if d.channel == "online" else "c3"
    if d.due is None:
        yield "without_due"
    if left is None or left >= span.until:
        yield "c9"
        yield "c11" if d.is_overdue(span.until) else "c10"
        return
    yield "c5"
    if d.end_kind not in DECIDED:
        yield "not_decided"
    day = day_of(d.ended_at or 0)
    if d.due is not None and day < d.due:
        yield "c6"
    elif d.due is not None and day > d.due:
        yield "c8"
    else:
        yield "c7"


@dataclass(frozen=True)
class ReportWay(Way):
    """How a report tells dossiers apart: until somebody is to resolve one, by who received it."""

    def unit(self, d: Dossier) -> tuple[str | None, int]:
        """Give the unit that a dossier is reported for, and the day on which that code is meant."""
        if self.role == "resolved_by" and d.resolved_by is None:
            return d.received_by, day_of(d.received_at or 0)
        return super().unit(d)


def within(pack: Pack, span: Span) -> Listed:
    """Give the dossiers that a report of a period is about: new ones, and those carried over."""
    return [*pack.new(span), *pack.there(span.start)]


def report(pack: Pack, span: Span, way: Way, above_unit: str = "") -> dict[str, dict[str, int]]:
    """Fill 06a (way.by unit) or 06b (procedure): columns and notes by the code of each row."""
    way = ReportWay(**vars(way))
    rows: dict[str, dict[str, int]] = {}
    for d in within(pack, span):
        if above_unit and not way.is_below(d, above_unit):
            continue
        row = rows.setdefault(way.name(d) or "", dict.fromkeys((*COLUMNS, *NOTES), 0))
        for column in columns_of(d, span):
            row[column] += 1
    return rows


def total(rows: Iterable[dict[str, int]]) -> dict[str, int]:
    """Add rows up."""
    out = dict.fromkeys((*COLUMNS, *NOTES), 0)
    for row in rows:
        for column, n in row.items():
            out[column] += n
    return out
