"""Report: what a form asks for, column by column, each a condition on one fact."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hub.definitions.contract import Contract, Doc
from hub.figures.kpi import ByRole, Kpi
from hub.figures.terms import Term


@dataclass(frozen=True)
class Column:
    """A column of a form: its number there, what it counts in words, and the condition on a fact.

    The condition is SQL that the columns engine and both databases read alike; `{start}` and
    `{until}` stand for the period's first instant and the one up to which things count, `{stored}`
    before a column that follows from due dates for what it is by those that were sent. Columns of
    one `group` stand under its title. `counts_as` names the sides of KPIs' first versions that are
    the same number of the whole province, such as `dossier_online_share.numerator`.
    """

    id: str
    title: Doc
    meaning: Doc
    where: str
    group: Doc | None = None
    counts_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class Equation:
    """What must hold in every row: a column is the sum of others."""

    whole: str
    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """Write it as people do: `c1 = c5 + c9`."""
        return f"{self.whole} = {' + '.join(self.parts)}"


@dataclass(frozen=True)
class Report:
    """A form. Its id is the name of its file after `form_`.

    `within` is the condition on the facts that a period is about at all. A row is one value of the
    dimension `by`; where `listed` names a list of reference data, a row's name is in its column
    `name_vi`, and rows stand under the value of its column `under`. `notes` count what the form has
    no column for, and are in one of its columns. `carried` names the column that must be, in the
    period before, the other one: (carried over, in progress). `source` says what the form is by.
    """

    number: str
    title: Doc
    heading: tuple[str, ...]
    unit_of_count: Doc
    row_title: Doc
    source: Doc
    contract: str
    within: str
    columns: tuple[Column, ...]
    equations: tuple[Equation, ...]
    notes: tuple[Column, ...]
    carried: tuple[str, str]
    by: str
    dims: Mapping[str, str | ByRole]
    role: str
    listed: str
    under: str | None = None
    id: str = ""
    # What fields with a closed set of values may hold, by field.
    closed: Mapping[str, list[str]] = field(default_factory=dict)

    def named(self, name: str, contract: Contract) -> "Report":
        """Give the report its id, and the closed sets of its contract's fields."""
        closed = {f.name: f.limits["enum"] for f in contract.fields if "enum" in f.limits}
        return replace(self, id=name.removeprefix("form_"), closed=closed)

    @property
    def counted(self) -> tuple[Column, ...]:
        """All that is counted: columns, then notes."""
        return (*self.columns, *self.notes)

    @property
    def asked_as(self) -> Kpi:
        """Give the KPI in whose words the report is asked for: its dimensions and roles."""
        return Kpi(
            title=self.title,
            question=self.title,
            owner="",
            group="",
            contract=self.contract,
            measure_unit="dossiers",
            numerator=_ByFact(),
            denominator=None,
            dims=self.dims,
            examples=(),
            role=self.role,
            id=self.id,
            closed=self.closed,
        )


class _ByFact(Term):
    """Stands for columns: each fact is counted by itself."""

    @property
    def is_additive(self) -> bool:
        """It is."""
        return True
