"""The book: one snapshot of the store with the reference data, and the sums that terms ask for."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hub.clock import DAY_US, OFFSET_US, day_of, iso_day
from hub.columns.asking import Parts
from hub.definitions.fact import Fact, Measure, day_start_sql
from hub.definitions.installed import Definitions
from hub.definitions.source import Source
from hub.definitions.thresholds import Threshold, thresholds_of
from hub.figures.aliases import Aliased
from hub.figures.arrived import Arrivals, Step, step_of
from hub.figures.closing import Closing, closings
from hub.figures.dues import Dues
from hub.figures.duties import sources_of
from hub.figures.flags import Flags, elsewhere, only, portions, without
from hub.reference.lists import Lists, Loaded, Reference
from hub.reference.periods import Period
from hub.store.reading import Reading, Row, parse_dims

if TYPE_CHECKING:
    from hub.figures.kpi import Kpi

Key = tuple[str | None, ...]
Pairs = dict[Key, list[tuple[int, int]]]
Between = tuple[int | None, int]
_BEGINNING = "0000"
TOLD, TOLD_MAX = "told", 100  # among what readers keep for one another, a contract
GAP_YEARS_MAX = 5


@dataclass(frozen=True)
class Spread:
    """The days or months that a question is split by: where they begin, and where the last ends.

    They follow on each other; sums of all of them are taken in one pass over the facts.
    """

    starts: tuple[int, ...]
    until: int

    @cached_property
    def numbers(self) -> dict[int, int]:
        """Number the instants at which parts begin and end, from 0."""
        return {at: number for number, at in enumerate((*self.starts, self.until))}


@dataclass(frozen=True)
class Ask:
    """A question: a period, grouped `by` dimensions, filtered by `where`, as things were at `at`.

    Dimensions are columns of the fact (`received_by`, `channel`, …). The period may be one part of
    a `spread`.
    """

    period: Period
    at: int
    by: tuple[str, ...] = ()
    where: dict[str, str] = field(default_factory=dict)
    spread: Spread | None = None

    @property
    def until(self) -> int:
        """The instant up to which things count: the period's end, or `at` where that is earlier."""
        return min(self.period.end, self.at)


@dataclass
class Book:
    """Answers sums from cells where a kept dimension set allows it, else from facts."""

    reading: Reading
    definitions: Definitions
    lists: Lists
    # Books of what was known when a period was closed, as they were opened, by the closing's id.
    closed: "dict[str, Book]" = field(default_factory=dict, kw_only=True)
    # Whether due dates are those computed, whatever was sent; else only where none was sent.
    is_computed: bool = field(default=False, kw_only=True)

    # What terms have asked for: several KPIs ask for the same.
    told: dict[Any, Any] = field(default_factory=dict, kw_only=True)
    # Which definitions KPIs follow, by their ids and the lists that a question goes by.
    versions: dict[tuple[str, ...], str] = field(default_factory=dict, kw_only=True)

    # The KPIs that are installed, by id, for who asks for the figures of all.
    kpis: "Mapping[str, Kpi]" = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        if type(self.reading) is Reading:
            self.reading = Aliased(self.reading)
        self._horizons: dict[str, int | None] = {}
        self._sums: dict[Any, Pairs] = {}
        self._parts: dict[Any, list[Pairs]] = {}
        self._shares: dict[Any, float] = {}
        self._due: dict[Any, list[Step]] = {}
        self._owners = {m.name: (f, m) for f in self.facts.values() for m in f.measures}

    @property
    def facts(self) -> Mapping[str, Fact]:
        """The facts, by contract."""
        return self.definitions.facts

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """What is owed by whom: by the province's list of duties, or as sources say themselves."""
        return sources_of(self.reference.tables.get("duties"), self.definitions.sources)

    def on(self, reading: Reading) -> "Book":
        """Open the same definitions and lists on another snapshot, or on one as it was (`Past`)."""
        return Book(reading, self.definitions, self.lists, kpis=self.kpis)

    @cached_property
    def computed(self) -> "Book":
        """The same snapshot by computed due dates."""
        return replace(self, is_computed=True)

    @cached_property
    def dues(self) -> Dues:
        """What counts in the snapshot by another due date than the one sent."""
        return Dues(self.reading, self.reference)

    @cached_property
    def reference(self) -> Reference:
        """The lists as the snapshot knows them."""
        return self.lists.in_force(map(Loaded._make, self.reading.lists()), self.reading.list_rows)

    def measure(self, name: str) -> tuple[Fact, Measure]:
        """Find a measure and the fact that it counts."""
        return self._owners[name]

    def sums(self, name: str, ask: Ask, start: int | None, until: int) -> Pairs:
        """Give (count, value) pairs per key for instants in [start, until).

        Several pairs stand under one key: the caller adds them up, or takes the greatest.
        """
        if start is not None and until <= start:
            return {}
        spread = ask.spread
        number = None if spread is None else spread.numbers.get(until)
        is_running = start is None
        before = -1 if spread is None or start is None else spread.numbers.get(start, -1)
        if spread and number is not None and (is_running or before == number - 1):
            return self._by_part(name, ask, spread, is_running=is_running)[number]
        asked = (name, ask.by, tuple(sorted(ask.where.items())), start, until)
        if asked not in self._sums:
            fact, measure = self.measure(name)
            pairs = self._summed(fact, measure, ask, start, until)
            self._sums[asked] = self._redated(pairs, fact, measure, ask, (start, until))
        return self._sums[asked]

    def _by_part(self, name: str, ask: Ask, spread: Spread, *, is_running: bool) -> list[Pairs]:
        """Give sums by part, or (`is_running`) of all up to a part's end, from one pass."""
        asked = (name, ask.by, tuple(sorted(ask.where.items())), spread, is_running)
        if asked not in self._parts:
            fact, measure = self.measure(name)
            span = (None if is_running else spread.starts[0], spread.until)
            by_part: list[Pairs] = [{} for _ in range(len(spread.starts) + 1)]
            parts = Parts(spread.starts)
            summed = self._over_facts(fact, measure, ask, span, parts)
            for key, pairs in self._redated(summed, fact, measure, ask, span, parts).items():
                by_part[int(key[-1] or 0)][key[:-1]] = pairs
            for before, present in pairwise(by_part if is_running else ()):
                for key, pairs in before.items():
                    added = [*pairs, *present.get(key, ())]
                    present[key] = [(sum(p[0] for p in added), sum(p[1] for p in added))]
            self._parts[asked] = by_part
        return self._parts[asked]

    def _redated(
        self,
        pairs: Pairs,
        fact: Fact,
        measure: Measure,
        ask: Ask,
        span: Between,
        parts: Parts | None = None,
    ) -> Pairs:
        """Count by the due dates that figures go by what was counted by those that were sent."""
        if fact.clocked is None or not fact.clocked.is_asked_by(measure):
            return pairs
        redated = self.dues.redated(fact, is_computed=self.is_computed)
        if redated is None:
            return pairs
        for row in redated.sums(measure, ask.by, ask.where, span, parts):
            pairs.setdefault(row[:-2], []).append((int(row[-2]), int(row[-1] or 0)))
        return {key: p for key, p in pairs.items() if sum(count for count, _ in p) > 0}

    def _summed(
        self, fact: Fact, measure: Measure, ask: Ask, start: int | None, until: int
    ) -> Pairs:
        """Sum by due dates as they were sent."""
        needed = {*ask.by, *ask.where}
        # What may not be added over places is kept for just those that are asked for together.
        is_added = "place" in measure.adds_over
        kept = [s for s in measure.sets if (needed <= set(s) if is_added else needed == set(s))]
        if not kept or self.reading.frames(fact) is not None:
            return self._over_facts(fact, measure, ask, (start, until))
        flagged = self.flagged(fact, start, until)
        pairs: Pairs = {}
        last, rest = day_of(until), day_start_us(until) != until
        if rest and not measure.is_ahead and self._all_before(fact.contract, until):
            last, rest = last + 1, False
        first = _BEGINNING if start is None else iso_day(day_of(start))
        dims = kept[0]
        for period, text, count, value in self.reading.sum_cells(
            measure.cell_set(dims), first, iso_day(last), by_period=measure.is_recomputed
        ):
            if measure.is_recomputed and period in flagged:
                continue  # its cells hold what is flagged, too
            parts = parse_dims(text)
            if all(parts[k] == v for k, v in ask.where.items()):
                key = tuple(parts[d] for d in ask.by)
                pairs.setdefault(key, []).append((count, value))
        if rest and not (measure.is_recomputed and iso_day(last) in flagged):
            begin = day_start_us(until)
            span = (begin if start is None else max(start, begin), until)
            self._add_facts(pairs, fact, measure, ask, span)
        return self._less_flagged(pairs, fact, measure, ask, (start, until), flagged)

    def _over_facts(
        self, fact: Fact, measure: Measure, ask: Ask, span: Between, parts: Parts | None = None
    ) -> Pairs:
        """Sum over the facts themselves, by parts, too, where there are any: last in the key."""
        flagged = self.flagged(fact, *span)
        own = elsewhere(measure, flagged) if measure.is_recomputed else measure
        pairs: Pairs = {}
        self._add_facts(pairs, fact, own, ask, span, parts)
        return self._less_flagged(pairs, fact, measure, ask, span, flagged, parts)

    def _less_flagged(
        self,
        pairs: Pairs,
        fact: Fact,
        measure: Measure,
        ask: Ask,
        span: Between,
        flagged: dict[str, list[str]],
        parts: Parts | None = None,
    ) -> Pairs:
        """Take what is flagged out of sums; what cannot be taken away is summed anew by day."""
        of_day = (day_start_sql(measure.when),) if measure.is_recomputed else ()
        sign = 1 if measure.is_recomputed else -1
        n = len(ask.by)

        def summed(days: dict[str, list[str]]) -> list[Row]:
            own = without(measure, days) if measure.is_recomputed else only(measure, days)
            by = (*ask.by, *of_day)
            return self.reading.sum_facts(fact, own, by, ask.where, span, parts)

        thresholds = self.thresholds_of(fact)
        for days in portions(flagged):
            # Facts one by one are looked at once; what a page asks for again and again is kept.
            question = (measure, ask.by, parts, *sorted(ask.where.items()))
            is_kept = "entity" not in ask.by
            rows = (
                self.flags.kept_sums(fact, thresholds, days, span, question, partial(summed, days))
                if is_kept
                else summed(days)
            )
            for row in rows:
                pair = (sign * int(row[-2]), sign * int(row[-1] or 0))
                key = (*row[:n], *row[n + len(of_day) : -2])
                pairs.setdefault(key, []).append(pair)
        if flagged:
            pairs = {key: p for key, p in pairs.items() if sum(count for count, _ in p) > 0}
        return pairs

    def thresholds_of(self, fact: Fact) -> list[Threshold]:
        """Give the thresholds of quality control that the lists say, where the fact has series."""
        return self._thresholds if fact.checked else []

    @cached_property
    def _thresholds(self) -> list[Threshold]:
        return thresholds_of(self.reference.tables)

    def flagged(self, fact: Fact, start: int | None, until: int) -> dict[str, list[str]]:
        """Give by day the entities whose values are flagged, of the days that touch [start, until).

        They are in no sum.
        """
        thresholds = self.thresholds_of(fact)
        return self.flags.by_day(fact, thresholds, start, until) if thresholds else {}

    @cached_property
    def flags(self) -> Flags:
        """The flags of the snapshot."""
        return Flags(self.reading)

    def _all_before(self, contract: str, until: int) -> bool:
        if contract not in self._horizons:
            self._horizons[contract] = self.reading.horizon(contract)
        horizon = self._horizons[contract]
        return horizon is None or horizon < until

    def _add_facts(
        self,
        pairs: Pairs,
        fact: Fact,
        measure: Measure,
        ask: Ask,
        span: Between,
        parts: Parts | None = None,
    ) -> None:
        for row in self.reading.sum_facts(fact, measure, ask.by, ask.where, span, parts):
            pairs.setdefault(row[:-2], []).append((int(row[-2]), int(row[-1] or 0)))

    def told_of(self, fact: Fact) -> dict[Any, Any]:
        """Give what statistics tell of questions, as terms have asked.

        Of a store as it is, it is kept until another fact of theirs comes, or another list.
        """
        frames = self.reading.frames(fact)
        if frames is None or not isinstance(self.reading, Aliased) or self.reading.merger(fact):
            return self.told
        kept = self.reading.kept.setdefault(TOLD, {})
        state = (frames.standing, self.reference.digest(fact.parents.values()))
        known = kept.get(fact.contract)
        if known is None or known[0] != state or len(known[1]) >= TOLD_MAX:
            known = kept[fact.contract] = (state, {})
        told: dict[Any, Any] = known[1]
        return told

    @cached_property
    def arrivals(self) -> Arrivals:
        """Distinct events by contract, sender, party and span, and the day they happened."""
        return Arrivals(self.reading)

    @cached_property
    def closings(self) -> list[Closing]:
        """What was closed, in the order in which it was."""
        return closings(self.reading)

    @cached_property
    def ledger(self) -> list[Row]:
        """The ledger: (contract, sender, day, class, shard, count)."""
        return self.reading.table("ledger")

    @cached_property
    def heard(self) -> dict[tuple[str, str], int]:
        """When each (contract, sender) was last heard."""
        out: dict[tuple[str, str], int] = {}
        for contract, sender, _, accepted_at, _ in self.reading.table("heard"):
            key = (contract, sender)
            out[key] = max(out.get(key, accepted_at), accepted_at)
        return out

    def fresh_at(self, contract: str) -> int | None:
        """When the contract's latest event was accepted."""
        return max((at for (c, _), at in self.heard.items() if c == contract), default=None)

    def has_events(self, contract: str, start: int, until: int) -> bool:
        """Tell whether anything happened in [start, until), by whole days."""
        return self.arrivals.has_any(contract, day_of(start), day_of(until - 1))

    def due(self, source: Source, ask: Ask) -> list[Step]:
        """List the steps of a source's schedule, with what came in each.

        Steps are those of the period that had ended at the instant asked; where none had, those
        that had begun. What is about a period meets a step by a statistic of just that step, or by
        one for each day of it.
        """
        # Several KPIs ask for the same: their completeness, what is owed, and what of it came.
        owed = (source.contract, source.name, source.party, source.cadence, source.events_per_due)
        asked = (*owed, source.since, source.until, ask.period, ask.at)
        if asked not in self._due:
            steps = self.schedule(source, ask.period)
            ended = [s for s in steps if s[1] * DAY_US - OFFSET_US <= ask.at]
            begun = [s for s in steps if s[0] * DAY_US - OFFSET_US <= ask.at]
            by_span = self.arrivals.of_source(source)
            self._due[asked] = [step_of(by_span, *step, source) for step in ended or begun]
        return self._due[asked]

    def schedule(self, source: Source, period: Period) -> list[tuple[int, int]]:
        """Give the steps in a period for which a source owes, as day numbers, half-open."""
        since = (source.since - date(1970, 1, 1)).days if source.since else None
        until = (source.until - date(1970, 1, 1)).days if source.until else None
        steps = [s for s in self._steps(source, period) if since is None or s[0] >= since]
        return [s for s in steps if until is None or s[1] <= until]

    def _steps(self, source: Source, period: Period) -> list[tuple[int, int]]:
        """Give the schedule's steps in a period as day numbers, half-open."""
        epoch = date(1970, 1, 1)
        first, last = (period.start_on - epoch).days, (period.end_on - epoch).days
        if source.cadence in ("daily", "working_day"):
            every = source.cadence == "daily"
            return [
                (d, d + 1)
                for d in range(first, last)
                if every or self.reference.is_working_day(epoch + timedelta(d))
            ]
        months = 12 if source.cadence == "yearly" else 1
        steps: list[tuple[int, int]] = []
        y, m = period.start_on.year, period.start_on.month
        m = 1 if months == 12 else m
        while True:
            begin = date(y, m, 1)
            y, m = (y, m + months) if m + months <= 12 else (y + 1, m + months - 12)
            if begin >= period.end_on:
                return steps
            if begin >= period.start_on:
                steps.append(((begin - epoch).days, (date(y, m, 1) - epoch).days))

    def completeness(self, contract: str, ask: Ask, only: Mapping[str, str]) -> float:
        """Give the share of expected source-days (or months) of the period that reported.

        Sources count that may deliver what has the values of `only`.

        Entities that lack what every KPI needs (a dossier without reception) lower it by their
        share among the period's entities.
        """
        party = ask.where.get(self.definitions.contracts[contract].party or "", "")
        asked = (contract, ask.period.text, ask.at, tuple(sorted(only.items())), party)
        if asked not in self._shares:
            whole = self._whole(contract, ask)
            self._shares[asked] = self._reported(contract, ask, only, party) * whole
        return self._shares[asked]

    def _whole(self, contract: str, ask: Ask) -> float:
        lacking = self.facts[contract].lacking
        if lacking is None:
            return 1.0
        everything = Ask(ask.period, ask.at, spread=ask.spread)
        counted = [
            sum(
                p[0]
                for pairs in self.sums(m, everything, ask.period.start, ask.until).values()
                for p in pairs
            )
            for m in lacking
        ]
        return counted[1] / sum(counted) if sum(counted) else 1.0

    def _reported(self, contract: str, ask: Ask, only: Mapping[str, str], party: str) -> float:
        # Asked about one party, what others owe is beside the point.
        owed = [
            min(step.received, 1)
            for s in self.sources.values()
            if s.contract == contract and s.concerns(only) and party in ("", s.party or party)
            for step in self.due(s, ask)
        ]
        if not owed:
            return 1.0 if self.has_events(contract, ask.period.start, ask.until) else 0.0
        return sum(owed) / len(owed)


def years(book: Book) -> list[tuple[str, int]]:
    """List the years that events speak of, newest first, with how many events each has."""
    counted: Counter[str] = Counter()
    for contract in book.definitions.contracts:
        counted.update(book.arrivals.years(contract))
    return sorted(((y, n) for y, n in counted.items() if n > 0), reverse=True)


def most_told_of(listed: list[tuple[str, int]]) -> str:
    """Give the year that most events speak of."""
    return max(listed, key=lambda y: y[1])[0]


def parted(listed: list[tuple[str, int]], present: str) -> tuple[list[str], list[str]]:
    """Part years into those to choose from, newest first, and those that stand far apart.

    One event with a wrong year is no reason to offer that year to everybody. Years are offered that
    follow on each other from the one with the most events, with gaps of a few years, up to the
    present one; the others can be asked for by name.
    """
    if not listed:
        return [], []
    most = int(most_told_of(listed))
    years_there = sorted(int(y) for y, _ in listed)
    offered = {most}
    for step in (1, -1):
        last = most
        for year in [y for y in years_there[::step] if (y - most) * step > 0]:
            if abs(year - last) > GAP_YEARS_MAX or year > int(present):
                break
            offered.add(year)
            last = year
    names = [y for y, _ in listed]
    return [y for y in names if int(y) in offered], [y for y in names if int(y) not in offered]


def day_start_us(us: int) -> int:
    """Give the first instant of the local day that holds an instant."""
    return day_of(us) * DAY_US - OFFSET_US
