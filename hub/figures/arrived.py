"""What arrived: whose events came, and what of them meets a step of a schedule."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from hub.clock import iso_day
from hub.definitions.source import Cadence, Source
from hub.store.reading import Reading, Row

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


@dataclass(frozen=True)
class Month:
    """What arrived of a month under one contract: by whose it is, then by day from 1970-01-01."""

    days: Mapping[Arrived, Mapping[int, int]]
    _of_source: dict[tuple[str, str], dict[str, Counter[int]]] = field(default_factory=dict)

    def of_source(self, name: str, party: str) -> dict[str, Counter[int]]:
        """Count what came of a sender and a party, of all where they are empty: by span, by day."""
        if (name, party) not in self._of_source:
            by_span: dict[str, Counter[int]] = {}
            for key, days in self.days.items():
                if name in ("", key.sender) and party in ("", key.party):
                    by_span.setdefault(key.span, Counter()).update(days)
            self._of_source[name, party] = by_span
        return self._of_source[name, party]


@dataclass
class Arrivals:
    """What arrived, as a snapshot knows it.

    Months that no commit changed are taken from what readers keep for one another.
    """

    reading: Reading
    _months: dict[str, list[Month]] = field(default_factory=dict)
    _spans: dict[tuple[str, str, str], dict[str, Counter[int]]] = field(default_factory=dict)

    def of_source(self, source: Source) -> dict[str, Counter[int]]:
        """Count what came of what a source owes: by span, then by day from 1970-01-01."""
        return self._summed(source.contract, source.name, source.party)

    def has_any(self, contract: str, first: int, last: int) -> bool:
        """Tell whether anything of a contract happened on the days from one to another."""
        by_span = self._summed(contract, "", "").values()
        return any(days[day] > 0 for days in by_span for day in range(first, last + 1))

    def years(self, contract: str) -> Counter[str]:
        """Count a contract's events by the year in which they happened."""
        counted: Counter[str] = Counter()
        for days in self._summed(contract, "", "").values():
            for day, n in days.items():
                counted[iso_day(day)[:4]] += n
        return counted

    def all(self) -> Iterator[tuple[Arrived, Mapping[int, int]]]:
        """Give all that arrived, a month at a time: so whose it is comes again."""
        for contract in self.reading.definitions.contracts:
            for month in self._of(contract):
                yield from month.days.items()

    def _summed(self, contract: str, name: str, party: str) -> dict[str, Counter[int]]:
        asked = (contract, name, party)
        if asked not in self._spans:
            summed: dict[str, Counter[int]] = {}
            for month in self._of(contract):
                for span, days in month.of_source(name, party).items():
                    summed.setdefault(span, Counter()).update(days)
            self._spans[asked] = summed
        return self._spans[asked]

    def _of(self, contract: str) -> list[Month]:
        if contract not in self._months:
            since = self.reading.arrived_since(contract)
            self._months[contract] = [*self._known(contract), *by_month(since).values()]
        return self._months[contract]

    def _known(self, contract: str) -> Iterable[Month]:
        states = self.reading.touched_months(contract)
        if states is None:
            return by_month(self.reading.arrived(contract)).values()
        kept = self.reading.kept.setdefault("arrivals", {})
        name = (self.reading.build(), contract)
        months: dict[str, Month]
        before, months = kept.get(name, ({}, {}))
        if not before.keys() <= states.keys():  # the tables were emptied since
            before, months = {}, {}
        other = [m for m, at in states.items() if before.get(m) != at]
        if other:
            begins = [(date.fromisoformat(f"{m}-01") - _EPOCH).days for m in other if months]
            spans = [(begin, end_of(begin, "month")) for begin in begins]
            months = {**months, **by_month(self.reading.arrived(contract, spans))}
        kept[name] = (states, months)
        return months.values()


def by_month(rows: Iterable[Row]) -> dict[str, Month]:
    """Put rows of arrivals (contract, sender, party, span, day, count) together by month."""
    months: dict[str, dict[Arrived, dict[int, int]]] = {}
    for *arrived, day, count in rows:
        days = months.setdefault(iso_day(day)[:7], {}).setdefault(Arrived(*arrived), {})
        days[day] = days.get(day, 0) + int(count)
    return {month: Month(days) for month, days in months.items()}


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


def spoken_until(by_span: Mapping[str, Counter[int]], until: int | None = None) -> int | None:
    """Give the day number up to which what came speaks: the end of the last day, month or year.

    What speaks of days from `until` on is left out.
    """
    ends = [end_of(day, span) for span, days in by_span.items() for day, n in days.items() if n > 0]
    return max((end for end in ends if until is None or end <= until), default=None)


def end_of(first: int, span: str) -> int:
    """Give the day number after a day, month or year that begins on one."""
    months = {"month": 1, "year": 12}.get(span)
    if months is None:
        return first + 1
    begun = _EPOCH + timedelta(first)
    following = begun.year * 12 + begun.month - 1 + months
    return (date(following // 12, following % 12 + 1, 1) - _EPOCH).days
