"""What arrived: whose events came, and what of them meets a step of a schedule."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from hub.definitions.source import Cadence, Source

SPAN_OF: dict[Cadence, str] = {
    "daily": "day",
    "working_day": "day",
    "monthly": "month",
    "yearly": "year",
}
_EPOCH = date(1970, 1, 1)


class Arrived(NamedTuple):
    """Whose events came: under which contract, from whom, of which party, for how long a span."""

    contract: str
    sender: str
    party: str
    span: str


class Step(NamedTuple):
    """One step of a schedule: day numbers [first, end), distinct events received, events due."""

    first: int
    end: int
    received: int
    due: int


def of_source(
    arrivals: Mapping[Arrived, Mapping[int, int]], source: Source
) -> dict[str, Counter[int]]:
    """Count what came of what a source owes: by span, then by day from 1970-01-01."""
    by_span: dict[str, Counter[int]] = {}
    for key, days in arrivals.items():
        is_of_sender = source.name in ("", key.sender)
        is_of_party = source.party in ("", key.party)
        if key.contract == source.contract and is_of_sender and is_of_party:
            by_span.setdefault(key.span, Counter()).update(days)
    return by_span


def step_of(by_span: Mapping[str, Counter[int]], first: int, end: int, source: Source) -> Step:
    """Say what came for the step [first, end) of a source's schedule.

    An event of an instant meets the step that it lies in. A statistic meets one by being of just
    that period, or as one of those of each of its days.
    """
    due = source.events_per_due
    if "" in by_span or not by_span:
        days = by_span.get("", Counter())
        return Step(first, end, sum(days[d] for d in range(first, end)), due)
    own = by_span.get(SPAN_OF[source.cadence], Counter())[first]
    daily = by_span.get("day", Counter())
    return Step(first, end, max(own, min(daily[d] for d in range(first, end))), due)


def spoken_until(by_span: Mapping[str, Counter[int]]) -> int | None:
    """Give the day number up to which what came speaks: the end of the last day, month or year."""
    ends = [end_of(day, span) for span, days in by_span.items() for day, n in days.items() if n > 0]
    return max(ends, default=None)


def end_of(first: int, span: str) -> int:
    """Give the day number after a day, month or year that begins on one."""
    months = {"month": 1, "year": 12}.get(span)
    if months is None:
        return first + 1
    begun = _EPOCH + timedelta(first)
    following = begun.year * 12 + begun.month - 1 + months
    return (date(following // 12, following % 12 + 1, 1) - _EPOCH).days
