"""Unchanged: whether a KPI's figures of a period can say something else than before.

It is told without computing them, from what the store notes with each commit: which months of a
contract it changed, and how many acts there are (closed periods, loaded lists). What says so is a
state: while it is the same, so are the figures, but for the instant asked, the cut, and when the
contract was last heard. Of a period that is over, what comes in today changes nothing.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from hub.definitions.own.control import CONTROL
from hub.figures.aliases import Aliased
from hub.figures.book import Book
from hub.figures.kpi import Kpi
from hub.figures.versions import counted_by, definition_version
from hub.reference.periods import Period

# How long what goes by the clock (what is overdue, how many minutes ago) may be as it was.
RUNNING_US, OVER_US = 15_000_000, 60_000_000
VERSIONS_MAX = 1_000
SIGNATURES = "signatures"  # among what readers keep for one another


class State(NamedTuple):
    """What figures hang on: the data, and the clock where they go by it."""

    data: str
    clock: int


@dataclass
class States:
    """The states of KPIs in one snapshot of the store, for one period at one instant."""

    book: Book
    period: Period
    now: int

    def __post_init__(self) -> None:
        self._totals = self.book.reading.totals()
        self._acts = self._totals.get(CONTROL.topic, 0)
        self._build = self.book.reading.build()
        self._is_over = self.period.end <= self.now
        self._touched: dict[str, str] = {}

    def of(self, kpi: Kpi) -> State:
        """Give the state of a KPI's figures."""
        kpi = counted_by(kpi, self.period, self.book)
        known = self.book.reading.kept.setdefault("definition versions", {})
        named = kpi.id, kpi.version, self._acts, self._build
        if named not in known:
            if len(known) > VERSIONS_MAX:
                known.clear()
            known[named] = definition_version(kpi, self.book)
        data = f"{self._acts} {self._build} {known[named]} "
        tick = self.now // (OVER_US if self._is_over else RUNNING_US)
        term = kpi.numerator
        if kpi.contract and term.is_of_period and not term.is_of_sources:
            own = term.state(self.book, self.period)
            known = f"{self._last(kpi.contract)} {own or ''}"
            return State(data + known, 0 if self._is_over else tick)
        # What is about sources or lists changes with whatever comes in; of a period that is over,
        # it is looked at by the clock alone.
        return State(data + ("" if self._is_over else str(self._totals)), tick)

    def _last(self, contract: str) -> str:
        if contract not in self._touched:
            until = (self.period.end_on - timedelta(1)).isoformat()[: len("2023-05")]
            last = str(self.book.reading.touched(contract, until))
            if isinstance(self.book.reading, Aliased):
                # Whenever it is said that two codes are one, figures of any month may change.
                last += self._signature(contract, self.book.reading)
            self._touched[contract] = last
        return self._touched[contract]

    def _signature(self, contract: str, reading: Aliased) -> str:
        """Give what the aliases of a contract are; looked for once for each commit, not each time.

        Whoever asks again and again, as two hundred pages do, asks mostly about the same snapshot.
        """
        known: dict[str, tuple[tuple[object, ...], str]] = reading.kept.setdefault(SIGNATURES, {})
        snapshot = (*self._totals.items(), self._build)
        found = known.get(contract)
        if found is None or found[0] != snapshot:
            found = snapshot, reading.signature(self.book.facts[contract])
            known[contract] = found
        return found[1]

    def tag(self, kpis: Iterable[Kpi], cut: str = "") -> str:
        """Write the states of KPIs, and a cut, as an entity tag (RFC 9110).

        It is weak: while it is the same, answers differ in the instant asked and when it was heard.
        """
        said = repr([cut, *((k.id, self.of(k)) for k in kpis)])
        return f'W/"{hashlib.blake2b(said.encode(), digest_size=12).hexdigest()}"'
