"""Declared: totals that a sender declared and that what is here does not meet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

STATES = ("applied", "held", "conflict", "retracted", "waiting", "rejected", "discarded")


@dataclass(frozen=True)
class Difference:
    """A sum that differs: what was declared, and what is here, as the contract writes it."""

    field: str
    declared: str
    here: str


@dataclass(frozen=True)
class Unmet:
    """A declaration beside what is here of what was sent.

    `states` says how many distinct records are in which state; `missing` how many declared ones
    never came, below zero where more came than were declared. `codes` are those that the declared
    first and last say were sent and of which nothing is known, `items` those that are rejected.
    """

    sender: str
    contract: str
    subject: str
    revision: int
    declared: int | None
    states: Mapping[str, int]
    missing: int
    sums: tuple[Difference, ...] = ()
    codes: tuple[str, ...] = ()
    codes_count: int = 0
    items: tuple[str, ...] = ()

    @property
    def came(self) -> int:
        """How many distinct records came, whatever became of them."""
        return sum(self.states.values())

    @property
    def is_met(self) -> bool:
        """Whether all that was declared is here, and taken."""
        is_taken = not (self.states.get("rejected") or self.states.get("held"))
        return is_taken and not (self.missing or self.sums or self.codes_count)


@dataclass
class Tally:
    """What came of a sender's submissions: distinct records by state, sums, codes."""

    states: dict[str, int] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    items: list[str] = field(default_factory=list)

    def add(self, state: str, count: int = 1) -> None:
        """Count records in a state."""
        if count:
            self.states[state] = self.states.get(state, 0) + count
