"""Dues: which facts count by a due date that working time says, and not by the one that was sent.

A figure goes by the due date as its source sent it, and by the computed one where none was sent;
where it is asked by computed due dates, it goes by those throughout (`is_computed`), and what none
is known of has none. What is computed follows from facts and lists, and is stored nowhere: lists
change it without an event. So a book takes what differs out of sums and adds it as it is by the
other due date. A past cut has the due dates that its facts and lists say.

Of a store as it is, what differs is kept from one snapshot to the next, and facts are read again
that have events since: their place in the log tells which.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hub.apply import fold
from hub.clock import DAY_US, OFFSET_US
from hub.columns.asking import Parts, Span, sum_rows
from hub.columns.asking import Row as Sum
from hub.columns.frames import Base, Frames
from hub.columns.sums import Kept, together
from hub.definitions.fact import (
    ENDED,
    GOES_ON,
    PAYMENT,
    SUPPLEMENT,
    SUPPLEMENTED,
    Clocked,
    Fact,
    Measure,
)
from hub.figures.aliases import Aliased
from hub.reference.form import Row
from hub.reference.lists import Reference
from hub.reference.working import WorkingTime
from hub.store.reading import Reading

CLOCKS = "clock_policies"  # without it nothing is computed
LISTS = ("calendar", CLOCKS, "hours")
WAS = "was_"  # before the name of a column: as it is stored
FACTS_AT_ONCE = 100_000  # whose time is computed in one go
KEPT, KEPT_MAX = "dues", 6  # frames among what readers keep for one another
_ENDS = {"supplement": (SUPPLEMENT, SUPPLEMENTED), "payment": (PAYMENT,)}
_WAITS = {
    "entity": pl.String,
    "kind": pl.String,
    "begun_at": pl.Int64,
    "ended_at": pl.Int64,
}
_UNDATED = pl.lit(None, pl.Int64).alias("~due")
Positions = dict[tuple[str, int], int]  # next offset by log and partition


@dataclass(frozen=True)
class Dossiers:
    """Facts whose time is counted: entity, unit, procedure, received_at, sent_at, ended_at.

    `waits`: entity, kind (supplement, payment), begun_at, ended_at or none.
    """

    facts: pl.DataFrame
    waits: pl.DataFrame

    def due(self, tables: Mapping[str, Sequence[Row]], *, with_waits: bool = True) -> pl.DataFrame:
        """Compute due instants, with reasons, by lists; rows are those of `facts`."""
        waits = self.waits if with_waits else self.waits.clear()
        return WorkingTime(tables).due(self.facts, waits)

    def only(self, entities: Sequence[str]) -> "Dossiers":
        """Give some of them."""
        asked = pl.col("entity").is_in(pl.Series(entities, dtype=pl.String).implode())
        return Dossiers(self.facts.filter(asked), self.waits)


def dossiers_of(clocked: Clocked, facts: pl.DataFrame) -> Dossiers:
    """Give what the time of facts that have begun is counted by."""
    named = {
        "unit": clocked.unit,
        "procedure": clocked.procedure,
        "received_at": clocked.begun,
        "sent_at": clocked.due,
        "ended_at": clocked.ended,
    }
    columns = [pl.sql_expr(sql).alias(name) for name, sql in named.items()]
    return Dossiers(facts.select("entity", *columns), find_waits(clocked, facts))


def read_dossiers(clocked: Clocked, fact: Fact, reading: Reading, condition: str) -> Dossiers:
    """Read what the time of those facts is counted by that meet a condition, by entity."""
    has_begun = f"{clocked.begun} IS NOT NULL AND ({condition})"
    facts = reading.facts(fact, ["entity", *fact.types], has_begun)
    return dossiers_of(clocked, facts.sort("entity"))


def find_waits(clocked: Clocked, facts: pl.DataFrame) -> pl.DataFrame:
    """Find what was waited for: from a request to the first thing after it that ends it.

    What is asked for again before it came is waited for since it was asked for first. What is asked
    for after the thing ended is waited for by nobody.
    """
    marks = (
        facts.filter(pl.col(clocked.waits).is_not_null())
        .select(
            "entity",
            pl.col(clocked.ended).alias("~ended"),
            pl.col(clocked.waits).str.split(",").alias("mark"),
        )
        .explode("mark")
        .with_columns(
            pl.col("mark").str.head(-1).cast(pl.Int64).alias("at"),
            pl.col("mark").str.tail(1),
        )
        .filter((pl.col("at") <= pl.col("~ended")).fill_null(value=True))
    )
    waits = [pl.DataFrame(schema=_WAITS)]
    for kind, (asking, *answers) in _ENDS.items():
        ends = pl.col("mark").is_in([*answers, GOES_ON, ENDED])
        ended = pl.when(ends).then("at").backward_fill().over("entity")
        asked = marks.with_columns(ended.alias("ended_at")).filter(pl.col("mark") == asking)
        grouped = asked.group_by("entity", "ended_at").agg(pl.col("at").min().alias("begun_at"))
        waits.append(grouped.with_columns(pl.lit(kind).alias("kind")).select(*_WAITS))
    return pl.concat(waits).sort("entity", "begun_at")


@dataclass(frozen=True, eq=False)
class Redated:
    """Facts whose due day is another one by working time: rows of a base, and others beside it.

    They may be all that there are, and nearly all of them may have no due instant by working time:
    of the base `rows` are those that have one, in their order, each with it (`due`), and
    `is_undated` tells those that have none; those that no longer count otherwise `is_gone` tells.
    `more` has whole facts, with the instant as `~due`. So many at once are written out to be
    summed.
    """

    clocked: Clocked
    base: Base
    rows: NDArray[np.int64]
    due: pl.Series
    is_undated: NDArray[np.bool_]
    is_gone: NDArray[np.bool_]
    more: pl.DataFrame
    _sums: Kept = field(default_factory=Kept)  # of all of these rows of the base

    @classmethod
    def of(cls, clocked: Clocked, facts: pl.DataFrame) -> "Redated":
        """Begin with facts that have `~due`."""
        rows = np.arange(len(facts))
        return cls._begun(clocked, Base(facts.drop("~due")), rows, facts["~due"], facts.clear())

    @classmethod
    def on(cls, frames: Frames, clocked: Clocked, dated: pl.DataFrame) -> "Redated":
        """Begin with entities and their `~due`, of facts as they stand in columns."""
        beside = frames.changes.drop(clocked.waits, "is_disputed").join(dated, on="entity")
        within = dated.join(beside, on="entity", how="anti")
        rows = frames.base.rows_of(within["entity"])
        order = np.argsort(rows)
        due = within["~due"].gather(order)
        return cls._begun(clocked, frames.base, rows[order], due, beside)

    @classmethod
    def _begun(
        cls,
        clocked: Clocked,
        base: Base,
        rows: NDArray[np.int64],
        due: pl.Series,
        more: pl.DataFrame,
    ) -> "Redated":
        is_gone, has_none = np.zeros(len(base.facts), np.bool_), due.is_null().to_numpy()
        is_undated = is_gone.copy()
        is_undated[rows[has_none]] = True
        return cls(clocked, base, rows[~has_none], due.drop_nulls(), is_undated, is_gone, more)

    def __len__(self) -> int:
        return int((self._is_within & ~self.is_gone).sum()) + len(self.more)

    @cached_property
    def _is_dated(self) -> NDArray[np.bool_]:
        is_dated = np.zeros(len(self.base.facts), np.bool_)
        is_dated[self.rows] = True
        return is_dated

    @property
    def _is_within(self) -> NDArray[np.bool_]:
        return self._is_dated | self.is_undated

    def but(self, others: pl.Series, more: pl.DataFrame) -> "Redated":
        """Give the same without those of some entities, and with more of them."""
        is_gone = self.is_gone.copy()
        is_gone[self.base.rows_of(others)] = True
        is_gone &= self._is_within
        same = self.more.filter(~pl.col("entity").is_in(others.implode()))
        if len(same) == len(self.more) and not len(more) and (is_gone == self.is_gone).all():
            return self
        beside = pl.concat([same, more.select(same.columns).cast(same.schema)])
        return replace(self, is_gone=is_gone, more=beside)

    def _until(self, column: str, until: Any) -> Any:
        """Give the least end that says of the base's rows what `until` says; see `Base.until`."""
        end = self.base.until(column, until)
        if column not in (self.clocked.due, *self.clocked.dated):
            return end
        return max(end, min(until, self._latest.get(column, 0) + 1))

    @cached_property
    def _latest(self) -> dict[str, int]:
        """Give the latest of each instant that follows from due instants, by working time."""
        names = [self.clocked.due, *self.clocked.dated]
        latest = dict.fromkeys(names, 0)
        for facts in self._some(self._is_dated, self.clocked.read_by(())):
            ((*here,),) = self._counted(facts.lazy()).select(pl.max(*names)).collect().rows()
            latest = {n: max(latest[n], at or 0) for n, at in zip(names, here, strict=True)}
        return latest

    @property
    def dated(self) -> pl.DataFrame:
        """Give the entity of each, and its due instant by working time."""
        within = [f.select("entity", "~due") for f in self._some(self._is_here, ("entity",))]
        return pl.concat([*within, self.more.select("entity", "~due")])

    @property
    def facts(self) -> pl.DataFrame:
        """Give all of them, with their due instants by working time."""
        return pl.concat([*self._some(self._is_here), self.more], rechunk=True)

    @property
    def _is_here(self) -> NDArray[np.bool_]:
        return self._is_within & ~self.is_gone

    def _some(
        self, chosen: NDArray[np.bool_], columns: Container[str] | None = None
    ) -> Iterator[pl.DataFrame]:
        """Give those of the base that are chosen, all of their columns or some; so many at once."""
        rows = np.flatnonzero(chosen)
        of_base = self.base.facts.select(self._names(columns))
        for first in range(0, len(rows), FACTS_AT_ONCE):
            some = rows[first : first + FACTS_AT_ONCE]
            dated = np.flatnonzero(self._is_dated[some])
            own = self.due.gather(np.searchsorted(self.rows, some[dated]))
            facts = of_base[some].with_columns(_UNDATED)
            yield facts.with_columns(facts["~due"].scatter(dated, own))

    def _names(self, columns: Container[str] | None) -> list[str]:
        return [n for n in self.more.columns if n != "~due" and (columns is None or n in columns)]

    @cached_property
    def changes(self) -> pl.DataFrame:
        """Give them as they are stored, and as they count; see `Dues.changes`."""
        return self._written(self.facts)

    def _written(self, facts: pl.DataFrame) -> pl.DataFrame:
        texts = facts.cast({pl.Categorical: pl.String})
        was = texts.with_columns(pl.col(n).alias(f"{WAS}{n}") for n in self.clocked.dated)
        return pl.concat(
            frame.drop("~due").with_columns(pl.lit(as_of, fold.AS_OF).alias("as_of"))
            for frame, as_of in ((was, fold.WAS), (self._counted(was.lazy()).collect(), fold.IS))
        )

    def _counted(self, facts: pl.LazyFrame) -> pl.LazyFrame:
        """Give facts as they count, by their due instants by working time."""
        dated = self.clocked.dated
        computed = (pl.sql_expr(sql).cast(pl.Int64).alias(n) for n, sql in dated.items())
        return facts.with_columns(pl.col("~due").alias(self.clocked.due)).with_columns(computed)

    def sums(
        self,
        measure: Measure,
        by: Sequence[str],
        where: Mapping[str, str],
        span: Span,
        parts: Parts | None = None,
    ) -> list[Sum]:
        """Sum a measure over them, as they count less as they are stored; see `asking.sum_rows`."""
        keys = len(by) + (parts is not None)

        def summed(some: Iterable[pl.DataFrame]) -> list[Sum]:
            rows: list[Sum] = []
            for facts in some:
                stored = facts.lazy()
                was, now = (
                    sum_rows(frame, measure, by, where, span, parts)
                    for frame in (stored, self._counted(stored))
                )
                rows = together(rows, was, now, keys)
            return [row for row in rows if row[-2] or row[-1]]

        def of_base() -> list[Sum]:
            others = ~self.is_undated
            if 2 * int(others.sum()) > len(others):
                return summed(self._some(self._is_within, columns))
            # Nearly all have none: they are what all come to without, less those that are others.
            undated = self.base.facts.select(self._names(columns)).with_columns(_UNDATED)
            rest = summed([undated.filter(others)])
            whole = together(
                summed([undated]), rest, summed(self._some(self._is_dated, columns)), keys
            )
            return [row for row in whole if row[-2] or row[-1]]

        counted = (measure.when, measure.where, measure.value)
        columns = self.clocked.read_by((*counted, *by, *where))
        asked = (span[0], self._until(measure.when, span[1]), parts)
        rows = self._sums.get((counted, tuple(by), tuple(sorted(where.items())), *asked), of_base)
        if not self.is_gone.any() and not len(self.more):
            return rows
        rows = together(rows, summed(self._some(self.is_gone, columns)), summed([self.more]), keys)
        return [row for row in rows if row[-2] or row[-1]]


@dataclass
class Dues:
    """What counts otherwise in one snapshot, by the lists that are in force in it."""

    reading: Reading
    reference: Reference
    _known: dict[tuple[str, bool], Redated | None] = field(default_factory=dict)

    def changes(self, fact: Fact, *, is_computed: bool) -> pl.DataFrame:
        """Give the facts that count otherwise: as they are stored, and as they count.

        The column `as_of` says which of the two, as `fold.fold_twice` does; `fold.sign` of it is
        what each row adds to sums. What follows from due dates is there as stored, too (`WAS`).
        """
        redated = self.redated(fact, is_computed=is_computed)
        return _no_changes(fact) if redated is None else redated.changes

    def redated(self, fact: Fact, *, is_computed: bool) -> Redated | None:
        """Give the facts that count otherwise; none where there are none."""
        key = (fact.contract, is_computed)
        if key not in self._known:
            self._known[key] = self._counted_otherwise(fact, is_computed=is_computed)
        return self._known[key]

    def _counted_otherwise(self, fact: Fact, *, is_computed: bool) -> Redated | None:
        clocked = fact.clocked
        if clocked is None or not (is_computed or self.reference.tables.get(CLOCKS)):
            return None
        asked = "1 = 1" if is_computed else f"{clocked.due} IS NULL"
        condition = f"{clocked.begun} IS NOT NULL AND {asked}"
        redated = self._differing(fact, clocked, condition)
        return redated if len(redated) else None

    def _differing(self, fact: Fact, clocked: Clocked, condition: str) -> Redated:
        """Find what differs; of a store as it is, from what is known of an earlier snapshot.

        Codes that are one thing are looked at each by itself, and then the thing in their place.
        """
        if not isinstance(self.reading, Aliased):
            return _found(self.reading, fact, clocked, condition, self.reference)
        alone = self._kept(self.reading.raw, fact, clocked, condition)
        changes = self.reading.changes(fact)
        if changes.is_empty():
            return alone
        parts = changes.filter(~fold.IS_PRESENT)
        things = changes.filter(fold.IS_PRESENT & pl.sql_expr(condition))
        own = _redated(clocked, things.select("entity", *fact.types), self.reference)
        return alone.but(parts["entity"], own)

    def _kept(self, reading: Reading, fact: Fact, clocked: Clocked, condition: str) -> Redated:
        """Take what differs from what is known of an earlier snapshot, reading what is new."""
        topic = reading.definitions.contracts[fact.contract].topic
        sql = "SELECT log, partition, next_offset FROM position WHERE topic = :t"
        here: Positions = {(log, p): int(n) for log, p, n in reading.rows(sql, t=topic)}
        key = (reading.build(), fact.contract, condition, self.reference.digest(LISTS))
        kept: dict[Any, tuple[Positions, Redated]] = reading.kept.setdefault(KEPT, {})
        known = kept.pop(key, None)
        if known is not None and _is_earlier(known[0], here):
            differing = self._go_on(reading, fact, clocked, condition, *known)
        else:
            differing = _found(reading, fact, clocked, condition, self.reference)
        kept[key] = (here, differing)
        while len(kept) > KEPT_MAX:
            kept.pop(next(iter(kept)), None)
        return differing

    def _go_on(
        self,
        reading: Reading,
        fact: Fact,
        clocked: Clocked,
        condition: str,
        then: Positions,
        known: Redated,
    ) -> Redated:
        """Read facts again that have events since positions, and go on with what is known."""
        names = ["entity", *fact.types]
        rows = reading.changed(fact, names, {p: n for (_, p), n in then.items()})
        fresh = pl.DataFrame(list(rows), _schema(fact), orient="row")
        if not len(fresh):
            return known
        more = _redated(clocked, fresh.filter(pl.sql_expr(condition)), self.reference)
        differing = known.but(fresh["entity"], more)
        frames = reading.frames(fact)
        if frames is None or frames.base is known.base:
            return differing
        return Redated.on(frames, clocked, differing.dated)  # lets go of the older base


def _found(
    reading: Reading, fact: Fact, clocked: Clocked, condition: str, reference: Reference
) -> Redated:
    """Read facts, so many at once, and keep those that `_by_time` gives."""
    frames = reading.frames(fact)
    # Of columns only what tells due dates is read: entities say where the rest is.
    names = [*fact.types] if frames is None else clocked.columns
    begun = reading.facts(fact, [clocked.begun], condition)[clocked.begun].sort()
    edges: list[int | None] = (
        begun.gather_every(FACTS_AT_ONCE).unique(maintain_order=True).to_list()
    )
    pieces = [_by_time(clocked, pl.DataFrame(schema=_schema(fact)), reference)]
    if frames is not None:
        pieces = [pieces[0].select("entity", "~due")]
    for first, end in pairwise([*edges, None]):
        part = f"({condition}) AND {clocked.begun} >= {first}"
        part += "" if end is None else f" AND {clocked.begun} < {end}"
        dated = _by_time(clocked, reading.facts(fact, ["entity", *names], part), reference)
        pieces.append(dated if frames is None else dated.select("entity", "~due"))
    if frames is not None:
        return Redated.on(frames, clocked, pl.concat(pieces))
    return Redated.of(clocked, pl.concat([_kept_so(clocked, facts) for facts in pieces]))


def _redated(clocked: Clocked, facts: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    return _kept_so(clocked, _by_time(clocked, facts, reference))


def _by_time(clocked: Clocked, facts: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Keep the facts whose due day is another one by working time, as `~due`."""
    due = dossiers_of(clocked, facts).due(reference.tables)
    days = [(pl.col(name) + OFFSET_US) // DAY_US for name in (clocked.due, "~due")]
    dated = facts.with_columns(due["due_at"].alias("~due"))
    return dated.filter(days[0].ne_missing(days[1]))


def _kept_so(clocked: Clocked, facts: pl.DataFrame) -> pl.DataFrame:
    entity = facts["entity"]
    return facts.drop(clocked.waits).cast({pl.String: pl.Categorical}).with_columns(entity)


def _schema(fact: Fact) -> dict[str, pl.DataType]:
    types = {"text": pl.String(), "integer": pl.Int64()}
    return {"entity": pl.String(), **{n: types[t] for n, t in fact.types.items()}}


@cache
def _no_changes(fact: Fact) -> pl.DataFrame:
    waits = fact.clocked.waits if fact.clocked else ""
    columns = {n: t for n, t in _schema(fact).items() if n != waits}
    stored = {f"{WAS}{n}": columns[n] for n in (fact.clocked.dated if fact.clocked else ())}
    return pl.DataFrame(schema={**columns, **stored, "as_of": fold.AS_OF})


def _is_earlier(then: Positions, here: Positions) -> bool:
    """Tell whether positions are of the same logs, and none of them is ahead."""
    is_same = {log for log, _ in then} == {log for log, _ in here}
    return is_same and all(n <= here.get(place, 0) for place, n in then.items())


def lists_of_clocks(reference: Reference) -> frozenset[str]:
    """Name the lists that due dates are computed by, as far as they were loaded."""
    if not reference.tables.get(CLOCKS):
        return frozenset()
    return frozenset(LISTS) - frozenset(reference.missing(LISTS))
