"""KPIs: a question, what is divided by what, and a worked example done by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from hub.definitions.contract import Contract, Doc
from hub.figures.terms import Term
from hub.reference.form import Row
from hub.reference.periods import BUCKETS

FIRST = "1"  # the version that a KPI's file begins with
LEVEL = "level"  # the dimension of a unit's level: province, department, district, commune


@dataclass(frozen=True)
class ByRole:
    """A dimension that a fact has several of, told apart by role: the column of each.

    A question goes by one role: a unit is the one that received, or the one that resolved.
    `since` gives, by column, the fact's instant at which its unit's code is meant.
    """

    columns: Mapping[str, str]
    since: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """A worked example: events, and what the figure of the period must be, by hand.

    `reference` replaces lists of reference data; `where` narrows the question. Events are sent
    under `contract`, by default the KPI's, by `sender`, by default the contract's first source, at
    `accepted_at` (by default the clock of tests, early in 2026: what is dated later is refused),
    and the figure is asked at `at` (by default long after the period). `value` is what people read,
    where a scale makes it another number than the pair.
    """

    why: str
    events: list[dict[str, Any]]
    period: str
    numerator: int
    denominator: int
    where: Mapping[str, str] = field(default_factory=dict)
    reference: Mapping[str, list[Row]] = field(default_factory=dict)
    contract: str | None = None
    sender: str | None = None
    accepted_at: str | None = None
    at: str = "2099-01-01T00:00:00+07:00"
    value: str | None = None


@dataclass(frozen=True)
class Version:
    """Another version of a KPI's definition: its terms, why it was made, by which legal text.

    From which day on it is in force, the province says (list `definitions`). It asks the same
    question in the same unit, and has examples of its own, worked by hand.
    """

    name: str
    why: Doc
    numerator: Term
    denominator: Term | None
    examples: tuple[Example, ...]
    legal_basis: str = ""


@dataclass(frozen=True)
class Opened:
    """What of a KPI is open data; what no KPI marks so is never published.

    `tables` are the dimensions that figures are split by, each table in all `periods` that its
    years consist of; `()` is the province. `is_of_people`: counts of people's affairs, of which
    small ones are withheld; measured values and lists of the administration are not.
    """

    tables: tuple[tuple[str, ...], ...]
    periods: tuple[str, ...] = ("month", "quarter", "year")
    is_of_people: bool = True


@dataclass(frozen=True)
class Kpi:
    """A KPI. Its id is the name of its file.

    A figure is `numerator / (denominator × scale)`; without `denominator`, that is 1. `dims` maps
    the public name of each dimension to the fact's column, or to one by role, `role` being the
    default. `group` is the name of a group's file. `contract` names the events that it needs, None
    where it needs none; `only` the values that some of their fields must have, so that other
    sources are not held against it. `versions` are those after the first; `version` is the one
    whose terms these are.
    """

    title: Doc
    question: Doc
    owner: str
    group: str
    contract: str | None
    measure_unit: str
    numerator: Term
    denominator: Term | None
    dims: Mapping[str, str | ByRole]
    examples: tuple[Example, ...]
    scale: int = 1
    role: str | None = None
    only: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[Version, ...] = ()
    version: str = FIRST
    first: "Kpi | None" = None  # as the file begins, of any other version
    opened: Opened | None = None
    id: str = ""
    # What fields with a closed set of values may hold, by field.
    closed: Mapping[str, list[str]] = field(default_factory=dict)

    def named(self, name: str, contract: Contract | None) -> "Kpi":
        """Give the KPI its id, and the closed sets of its contract's fields.

        Raises `TypeError` where it has no role, or an unknown one, to go by, and for versions of
        one name or of which only some divide.
        """
        if len(set(self.version_names)) < len(self.version_names):
            raise TypeError(f"{name} has two versions of one name")
        if any((v.denominator is None) != (self.denominator is None) for v in self.versions):
            raise TypeError(f"{name}: all versions must divide, or none")
        if self.roles and self.role not in self.roles:
            raise TypeError(f"{name} must have a role, one of {', '.join(self.roles)}")
        fields = contract.fields if contract else ()
        closed = {f.name: f.limits["enum"] for f in fields if "enum" in f.limits}
        return replace(self, id=name, closed=closed)

    @property
    def version_names(self) -> tuple[str, ...]:
        """The names of all versions, the first one first."""
        return (FIRST, *(version.name for version in self.versions))

    def of_version(self, name: str) -> "Kpi":
        """Give the KPI by one of its versions; raise `KeyError` for one that it has not."""
        first = self.first or self
        if name == FIRST:
            return first
        one = {version.name: version for version in self.versions}[name]
        return replace(
            first,
            numerator=one.numerator,
            denominator=one.denominator,
            examples=one.examples,
            version=name,
            first=first,
        )

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
    def roles(self) -> Mapping[str, str]:
        """The roles that a question may go by, each with its column."""
        columns: dict[str, str] = {}
        for dimension in self.dims.values():
            if isinstance(dimension, ByRole):
                columns |= dimension.columns
        return columns

    def instants(self, name: str) -> Mapping[str, str]:
        """Give, by column, the instant of the units of a dimension; nothing where it has none."""
        dimension = self.dims.get(name)
        return dimension.since if isinstance(dimension, ByRole) else {}

    @property
    def is_additive(self) -> bool:
        """Whether both its terms are sums of what each fact adds by itself."""
        below = self.denominator
        return self.numerator.is_additive and (below is None or below.is_additive)

    @property
    def is_by_unit(self) -> bool:
        """Whether both its terms can be taken over several units together."""
        below = self.denominator
        return self.numerator.is_by_unit and (below is None or below.is_by_unit)

    @cached_property
    def unit_dimension(self) -> str | None:
        """Name the dimension whose values are units, if there is one that can be summed over."""
        named = (name for name in self.dims if self.instants(name))
        return next(named, None) if self.is_by_unit else None

    def columns(self, role: str | None) -> dict[str, str]:
        """Give the fact's column of each dimension, by a role, or by the KPI's own.

        A level is told by the column of its unit.
        """
        asked = role or self.role or ""
        own = {n: d if isinstance(d, str) else d.columns[asked] for n, d in self.dims.items()}
        unit = self.unit_dimension
        return own if unit is None else {**own, LEVEL: own[unit]}

    def filters(self, where: Mapping[str, str], role: str | None) -> dict[str, str]:
        """Give by column what facts must have; of which level their units are is told by lists."""
        columns = self.columns(role)
        return {columns[n]: v for n, v in dict(where).items() if n != LEVEL}

    @property
    def lists(self) -> frozenset[str]:
        """The lists of reference data that its terms read."""
        below = self.denominator
        return self.numerator.lists | (below.lists if below else frozenset())

    @property
    def dimensions(self) -> list[str]:
        """The names to ask by, time included."""
        levels = [LEVEL] if self.unit_dimension else []
        return [*self.dims, *levels, *BUCKETS]
