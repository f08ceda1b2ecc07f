"""Terms: the few ways in which a KPI's numerator and denominator are taken from a book.

A term sums to integers per key (the values of the dimensions asked for). Terms add and subtract.
Whatever is counted in a span is counted where its instant is at or after the start and before the
end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from hub.clock import day_of
from hub.definitions.installed import OWN_ACTS
from hub.figures.book import Ask, Book, Key
from hub.figures.dues import CLOCKS
from hub.reference.periods import Period

Sums = dict[Key, int]
Part = Literal["count", "value"]


@dataclass(frozen=True)
class Addend:
    """What each fact adds to a term: a measure's count or value, in [start, until), or less it.

    `is_computed`: by the due dates that working time says, whatever was sent.
    """

    sign: int
    measure: str
    part: Part
    only: Mapping[str, str]
    start: int | None
    until: int
    is_computed: bool = False


@dataclass(frozen=True)
class Term:
    """Something that sums to integers per key."""

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Sum for the question asked; a key is there only where there is something to sum."""
        raise NotImplementedError

    def addends(self, ask: Ask) -> list[Addend]:
        """Say what each fact adds for the question asked, where it can be taken of each."""
        raise NotImplementedError

    @property
    def is_count(self) -> bool:
        """Whether nothing to sum means zero; else it means not available."""
        return True

    @property
    def is_over_facts(self) -> bool:
        """Whether it can be taken of each fact by itself, as by any dimension."""
        return self.is_additive

    @property
    def is_of_period(self) -> bool:
        """Whether it is about the period; else it is about the instant asked."""
        return True

    @property
    def is_additive(self) -> bool:
        """Whether each fact adds its own part, so that a change of it has parts too."""
        return False

    @property
    def is_by_unit(self) -> bool:
        """Whether it can be taken over several units together."""
        return self.is_additive

    def state(self, book: Book, period: Period) -> object | None:
        """Tell apart the facts of a period that it is taken of; None where cells tell all of it."""
        return None

    @property
    def is_of_sources(self) -> bool:
        """Whether it is about what sources sent, whatever it says."""
        return False

    @property
    def lists(self) -> frozenset[str]:
        """Name the lists of reference data that it reads."""
        return frozenset()

    @property
    def measures(self) -> frozenset[str]:
        """Name the measures that it sums."""
        return frozenset()

    def __add__(self, other: "Term") -> "Term":
        return Both(self, other, 1)

    def __sub__(self, other: "Term") -> "Term":
        return Both(self, other, -1)


@dataclass(frozen=True)
class Both(Term):
    """Two terms, the second added or (sign -1) taken away."""

    first: Term
    second: Term
    sign: int

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Sum both."""
        out = dict(self.first.sums(book, ask))
        for key, n in self.second.sums(book, ask).items():
            out[key] = out.get(key, 0) + self.sign * n
        return out

    def addends(self, ask: Ask) -> list[Addend]:
        """Give those of both."""
        second = (replace(a, sign=self.sign * a.sign) for a in self.second.addends(ask))
        return [*self.first.addends(ask), *second]

    @property
    def is_count(self) -> bool:
        """Both must be."""
        return self.first.is_count and self.second.is_count

    @property
    def is_additive(self) -> bool:
        """Both must be."""
        return self.first.is_additive and self.second.is_additive

    @property
    def is_of_sources(self) -> bool:
        """One of them is enough."""
        return self.first.is_of_sources or self.second.is_of_sources

    @property
    def lists(self) -> frozenset[str]:
        """Those of both."""
        return self.first.lists | self.second.lists

    @property
    def measures(self) -> frozenset[str]:
        """Those of both."""
        return self.first.measures | self.second.measures


def _added(book: Book, ask: Ask, measure: str, part: Part, start: int | None, until: int) -> Sums:
    return {
        key: sum(p[part == "value"] for p in pairs)
        for key, pairs in book.sums(measure, ask, start, until).items()
    }


@dataclass(frozen=True)
class Flow(Term):
    """What a measure counted during the period."""

    measure: str
    part: Part = "count"
    only: dict[str, str] = field(default_factory=dict, hash=False)

    def where(self, **only: str) -> "Flow":
        """Narrow to facts with these dimension values."""
        return replace(self, only=only)

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Sum over [start of the period, its end or the instant asked)."""
        for name, value in self.only.items():
            if ask.where.get(name, value) != value:
                return {}
        if self.only:
            ask = replace(ask, where={**ask.where, **self.only})
        return _added(book, ask, self.measure, self.part, ask.period.start, ask.until)

    def addends(self, ask: Ask) -> list[Addend]:
        """Give the one of the period."""
        return [Addend(1, self.measure, self.part, self.only, ask.period.start, ask.until)]

    @property
    def measures(self) -> frozenset[str]:
        """The one that it names."""
        return frozenset((self.measure,))

    @property
    def is_additive(self) -> bool:
        """Each fact is counted by itself."""
        return True


@dataclass(frozen=True)
class Joint(Flow):
    """What facts come to together during the period, such as distinct hours: each may add nothing.

    Of several places it is taken over all of them together.
    """

    part: Part = "value"

    @property
    def is_additive(self) -> bool:
        """The hour of one fact is that of another, too."""
        return False

    @property
    def is_over_facts(self) -> bool:
        """Each fact has its own hour."""
        return True


@dataclass(frozen=True)
class Total(Term):
    """What a measure counted from the log's beginning up to the start or the end of the period."""

    measure: str
    upto: Literal["start", "end"]

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Sum over everything before the instant."""
        return _added(book, ask, self.measure, "count", None, self._until(ask))

    def addends(self, ask: Ask) -> list[Addend]:
        """Give the one of all that was before."""
        return [Addend(1, self.measure, "count", {}, None, self._until(ask))]

    def _until(self, ask: Ask) -> int:
        return ask.until if self.upto == "end" else min(ask.period.start, ask.at)

    @property
    def measures(self) -> frozenset[str]:
        """The one that it names."""
        return frozenset((self.measure,))

    @property
    def is_additive(self) -> bool:
        """Each fact is counted by itself."""
        return True


@dataclass(frozen=True)
class Computed(Term):
    """A term by the due dates that working time says, whatever was sent."""

    term: Term

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Sum the term so."""
        return self.term.sums(book.computed, ask)

    def addends(self, ask: Ask) -> list[Addend]:
        """Give those of the term."""
        return [replace(a, is_computed=True) for a in self.term.addends(ask)]

    @property
    def is_count(self) -> bool:
        """As the term is."""
        return self.term.is_count

    @property
    def is_additive(self) -> bool:
        """As the term is."""
        return self.term.is_additive

    @property
    def lists(self) -> frozenset[str]:
        """Those of the term, and the one without which no due date is computed."""
        return self.term.lists | {CLOCKS}

    @property
    def measures(self) -> frozenset[str]:
        """Those of the term."""
        return self.term.measures


@dataclass(frozen=True)
class Peak(Term):
    """The greatest value of a measure during the period."""

    measure: str

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Take the greatest over the period."""
        found = book.sums(self.measure, ask, ask.period.start, ask.until)
        return {key: max(p[1] for p in pairs) for key, pairs in found.items()}

    def addends(self, ask: Ask) -> list[Addend]:
        """Give the one of the period: of one fact, its value."""
        return [Addend(1, self.measure, "value", {}, ask.period.start, ask.until)]

    @property
    def measures(self) -> frozenset[str]:
        """The one that it names."""
        return frozenset((self.measure,))

    @property
    def is_over_facts(self) -> bool:
        """Each fact has its own."""
        return True


@dataclass(frozen=True)
class Distinct(Term):
    """How many values of a dimension, in force in a reference table, a measure counted."""

    measure: str
    dimension: str
    table: str

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Count the values seen in the period."""
        wide = replace(ask, by=(*(d for d in ask.by if d != self.dimension), self.dimension))
        seen = book.sums(self.measure, wide, ask.period.start, ask.until)
        listed = {row["code"] for row in book.reference.valid(self.table, ask.period)}
        places = [wide.by.index(d) for d in ask.by]
        out: Sums = {}
        for key in seen:
            if key[-1] in listed:
                mine = tuple(key[place] for place in places)
                out[mine] = out.get(mine, 0) + 1
        return out

    @property
    def measures(self) -> frozenset[str]:
        """The one that it names."""
        return frozenset((self.measure,))

    @property
    def lists(self) -> frozenset[str]:
        """The list that says what is in force."""
        return frozenset((self.table,))


@dataclass(frozen=True)
class Listed(Term):
    """How many rows of reference data are in force, of those with the `only` values."""

    table: str
    columns: dict[str, str] = field(hash=False)
    only: dict[str, str] = field(default_factory=dict, hash=False)

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Count rows in force at the end of the period; `columns` maps dimensions to columns."""
        wanted = [(self.columns.get(k, k), v) for k, v in (ask.where | self.only).items()]
        by = [self.columns[d] for d in ask.by]
        out: Sums = {}
        for row in book.reference.valid(self.table, ask.period):
            if all(row[column] == value for column, value in wanted):
                key = tuple(row[column] for column in by)
                out[key] = out.get(key, 0) + 1
        return out

    @property
    def lists(self) -> frozenset[str]:
        """The list whose rows are counted."""
        return frozenset((self.table,))


def _by_source(ask: Ask, source: str) -> Key | None:
    """Give the key of a source, or None where the question leaves it out."""
    if ask.where.get("source", source) != source:
        return None
    return tuple(source for _ in ask.by)


# Every class of the ledger: what was received.
RECEIVED = ("applied", "held", "duplicate", "conflict", "quarantined", "retracted", "discarded")


@dataclass(frozen=True)
class Accepted(Term):
    """Events in the ledger by class and day of acceptance, per source (the sender)."""

    classes: tuple[str, ...]

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Sum the ledger over the days of the period up to the instant asked."""
        first, last = day_of(ask.period.start), day_of(ask.until - 1)
        out: Sums = {}
        for contract, sender, day, kind, _, count in book.ledger:
            if contract in OWN_ACTS:
                continue  # acts of the hub's own: no source sent them
            key = _by_source(ask, sender)
            if key is not None and first <= day <= last:
                out[key] = out.get(key, 0) + (int(count) if kind in self.classes else 0)
        return out

    @property
    def is_of_sources(self) -> bool:
        """It is."""
        return True


@dataclass(frozen=True)
class Owed(Term):
    """Events that sources owed by their schedules, or (`is_met`) those of them that came."""

    is_met: bool

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Sum over the schedule's steps; more than was owed counts as what was owed."""
        out: Sums = {}
        for source in book.sources.values():
            key = _by_source(ask, source.debtor)
            steps = book.due(source, ask) if key is not None else []
            if key is not None and steps:
                n = sum(min(s.received, s.due) if self.is_met else s.due for s in steps)
                out[key] = out.get(key, 0) + n
        return out

    @property
    def is_of_sources(self) -> bool:
        """It is."""
        return True


@dataclass(frozen=True)
class SinceHeard(Term):
    """Whole minutes since a source's latest event was accepted; over all, of the most recent."""

    def sums(self, book: Book, ask: Ask) -> Sums:
        """Count minutes up to the instant asked."""
        out: Sums = {}
        for (_, sender), at in book.heard.items():
            key = _by_source(ask, sender)
            if key is not None:
                minutes = max(0, ask.at - at) // 60_000_000
                out[key] = min(out.get(key, minutes), minutes)
        return out

    @property
    def is_of_period(self) -> bool:
        """It is about the instant asked."""
        return False

    @property
    def is_of_sources(self) -> bool:
        """It is."""
        return True
