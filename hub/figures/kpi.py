"""KPIs: a question, what is divided by what, and a worked example done by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hub.definitions.contract import Contract, Doc
from hub.figures.terms import Term
from hub.reference.lists import Row

Group = Literal["dossier", "procedure", "salinity", "payment", "source"]
ROLES = {"received_by": "received_by", "resolved_by": "resolved_by", "citizen": "citizen_unit"}
BUCKETS = ("day", "month")


@dataclass(frozen=True)
class Example:
    """A worked example: events, and what the figure of the period must be, by hand.

    `reference` replaces tables of reference data; `where` narrows the question. Events are sent
    by `sender`, at `accepted_at` where it matters, and the figure is asked at `at` (by default
    long after the period).
    """

    why: str
    events: list[dict[str, Any]]
    period: str
    numerator: int
    denominator: int
    where: Mapping[str, str] = field(default_factory=dict)
    reference: Mapping[str, list[Row]] = field(default_factory=dict)
    sender: str = "one_stop"
    accepted_at: str | None = None
    at: str = "2099-01-01T00:00:00+07:00"


@dataclass(frozen=True)
class Kpi:
    """A KPI. Its id is the name of its file.

    A figure is `numerator / (denominator × scale)`; without `denominator`, that is 1. `dims` maps
    the public name of each dimension to the fact's column; `unit` goes by role, `role` being the
    default. `contract` names the events that it needs, None where it needs none; `only` the values
    that some of their fields must have, so that other sources are not held against it.
    """

    title: Doc
    question: Doc
    owner: str
    group: Group
    contract: str | None
    measure_unit: str
    numerator: Term
    denominator: Term | None
    dims: dict[str, str]
    examples: tuple[Example, ...]
    scale: int = 1
    role: str | None = None
    only: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    # What fields with a closed set of values may hold, by field.
    closed: Mapping[str, list[str]] = field(default_factory=dict)

    def named(self, name: str, contract: Contract | None) -> "Kpi":
        """Give the KPI its id, and the closed sets of its contract's fields."""
        fields = contract.fields if contract else ()
        closed = {f.name: f.limits["enum"] for f in fields if "enum" in f.limits}
        return replace(self, id=name, closed=closed)

    @property
    def is_whole(self) -> bool:
        """Whether the value is a whole number."""
        return self.denominator is None and self.scale == 1

    @property
    def lists_facts(self) -> bool:
        """Whether the facts behind a figure can be listed, each with its part."""
        below = self.denominator
        return self.numerator.is_over_facts and (below is None or below.is_over_facts)

    @property
    def dimensions(self) -> list[str]:
        """The names to ask by, time included."""
        return [*self.dims, *BUCKETS]
