"""Facts and measures: how an entity's events become one row, and what is counted of it.

A fact says its fold twice, on purpose: `columns` in columns, for speed, and `recount` in plain
Python over one entity's events, for proof. `hub verify` holds one against the other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import polars as pl

from hub.clock import DAY_US, OFFSET_US
from hub.definitions.contract import Doc

# Days counted from 1900, so that integer division never meets a negative number: SQL truncates
# towards zero where the calendar needs the floor.
_DAYS_BEFORE_1970 = 25_567
SHIFT_US = OFFSET_US + _DAYS_BEFORE_1970 * DAY_US

LiveEvent = Mapping[str, Any]
# What a measure's values may be added over: periods, places, those who report.
Over = Literal["time", "place", "reporter"]
OVER_ALL: frozenset[Over] = frozenset(("time", "place", "reporter"))


def day_expr(column: str) -> pl.Expr:
    """Give the local day of an instant column, as days since 1970-01-01."""
    return (pl.col(column) + OFFSET_US) // DAY_US


def iso_day_expr(column: str) -> pl.Expr:
    """Write a column of days as ISO dates."""
    return pl.col(column).cast(pl.Int32).cast(pl.Date).dt.to_string("%Y-%m-%d")


def day_sql(column: str) -> str:
    """Say the same in SQL that SQLite and PostgreSQL share."""
    return f"(({column} + {SHIFT_US}) / {DAY_US} - {_DAYS_BEFORE_1970})"


def day_start_sql(column: str) -> str:
    """Write the first instant of the local day in SQL that the columns engine reads alike, too."""
    return f"({column} - ({column} + {SHIFT_US}) % {DAY_US})"


@dataclass(frozen=True)
class Measure:
    """Something counted over facts, kept in cells.

    A fact counts where `where` holds, at the instant in column `at` (its local day is the cell's
    period), or in the period that the fact itself has, in column `period`. A cell holds how many
    facts count and the sum of `value`; a `recomputed` value (a maximum, a number of distinct
    hours) is an SQL aggregate taken anew over the cell's facts. `where` and `value` are SQL that
    the columns engine and both databases read alike. `sets` are the dimension sets kept, the
    one with the fewest cells first; what has its own period has none, as each of its cells would
    hold one fact: it is summed over the facts.
    `is_ahead` says that the instant may lie after every event (a due date). `adds_over` says what
    values may be added over: customers are distinct within a period only, clock hours are the same
    at two stations, and a maximum adds over nothing.
    """

    name: str
    where: str
    sets: tuple[tuple[str, ...], ...]
    at: str | None = None
    period: str | None = None
    value: str = "0"
    is_recomputed: bool = False
    is_ahead: bool = False
    adds_over: frozenset[Over] = field(default=OVER_ALL, repr=False)

    @property
    def when(self) -> str:
        """The column that says when a fact counts: an instant, or its own period."""
        return self.at or str(self.period)

    def cell_set(self, dims: tuple[str, ...]) -> str:
        """Name the cells of one dimension set."""
        return f"{self.name}/{'+'.join(dims)}"


@dataclass(frozen=True)
class Checked:
    """What quality control looks at: series of values, one of each place and quantity.

    `measure` names the measure that counts the values looked at; the others are columns.
    """

    measure: str
    place: str
    quantity: str
    value: str


# What a mark of a fact's waits says: a supplement or a payment is asked for; the supplement came;
# work goes on, or the thing ended. In the order in which they count at one instant.
GOES_ON, SUPPLEMENT, PAYMENT, ENDED, SUPPLEMENTED = MARKS = "gspxa"


@dataclass(frozen=True)
class Clocked:
    """What the time of a fact is counted by: names of its columns, and SQL over them.

    `unit` and `procedure` say by whose hours and by which policy, `begun` and `ended` from when
    until when, `due` is the due date as it was sent. `waits` are marks in the order of their
    instants, each an instant in microseconds and one of `MARKS`: `1746586800000000s,…`. `dated` are
    the columns that follow from the due date, by SQL that the columns engine reads; `judge` fills
    the same columns of one fact in plain Python. `resolved` names the measures that count, each
    thing once, what was done: how long that took is measured.
    """

    contract: str
    unit: str
    procedure: str
    begun: str
    ended: str
    due: str
    waits: str
    dated: Mapping[str, str]
    judge: Callable[[dict[str, Any]], None] = field(repr=False)  # it has an address there
    resolved: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """Name the columns that due dates follow from."""
        said = (self.unit, self.procedure, self.begun, self.ended, self.due, self.waits)
        return sorted(_names(said))

    def read_by(self, said: tuple[str, ...]) -> frozenset[str]:
        """Name the columns that SQL reads, and what follows from due dates with what it reads."""
        return _names(said) | _names(tuple(self.dated.values())) | {self.due, *self.dated}

    def is_asked_by(self, measure: Measure) -> bool:
        """Tell whether what a measure counts follows from due dates."""
        return not _names((measure.where, measure.value, measure.when)).isdisjoint(
            (self.due, *self.dated)
        )


@cache
def _names(said: tuple[str, ...]) -> frozenset[str]:
    """Name the columns that SQL expressions read."""
    return frozenset(name for sql in said for name in pl.sql_expr(sql).meta.root_names())


@dataclass(frozen=True, eq=False)  # each is itself alone, so that what follows of it may be kept
class Fact:
    """The row that an entity's events fold into.

    `picks` name, each, the greatest live event among those where the expression holds;
    `aggregates` are order-free aggregates over live events (least, greatest, any). `columns` are
    computed from `of(pick, field)` and the aggregates. `recount` takes one entity's live events,
    least first, as wire values, and gives the same columns by plain Python. `parents` are columns
    whose values are part of one another, with the list of reference data that says of which.
    `checked` is there where quality control flags values; what is flagged is in no figure.
    `clocked` is there where working time is counted.
    `indexes` are columns by which the hub itself asks the database: few, since questions are
    answered from columns. `sql_indexes` are those by which others ask its SQL views, in PostgreSQL.
    `orders` are whole numbers by which facts may be listed besides their own: SQL, in which `{at}`
    is the instant asked. `shown` are the columns that others' tools may read by SQL, each with what
    it is, or None where the contract's field of that name says it; without any it has no view.
    """

    contract: str
    picks: dict[str, pl.Expr]
    columns: dict[str, pl.Expr]
    types: dict[str, Literal["text", "integer"]]
    measures: tuple[Measure, ...]
    recount: Callable[[list[LiveEvent]], dict[str, Any]]
    # Measures of (facts that lack what every KPI needs, facts that have it).
    lacking: tuple[str, str] | None = None
    aggregates: dict[str, pl.Expr] = field(default_factory=dict)
    indexes: tuple[tuple[str, ...], ...] = ()
    sql_indexes: tuple[tuple[str, ...], ...] = ()
    parents: Mapping[str, str] = field(default_factory=dict)
    checked: Checked | None = None
    clocked: Clocked | None = None
    orders: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, Doc | None] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The SQL table of current facts."""
        return f"fact_{self.contract}"

    def measure(self, name: str) -> Measure:
        """Find a measure by its name."""
        return next(m for m in self.measures if m.name == name)


def of(pick: str, name: str) -> pl.Expr:
    """Refer to a field of a picked event."""
    return pl.col(f"{pick}.{name}")
