"""Frames: facts in columns as they stood somewhere in the log, and as they stand later.

A base is made once and does not change. What changed since lies beside it: rows of the base that
are no longer so are passed over, and what they are now is read from the changes.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hub.columns.asking import ENTITY, Parts, Row, Span, Tally, count_rows, sum_rows
from hub.columns.listing import Listing, base_numbers, change_numbers
from hub.columns.sums import Kept, together
from hub.definitions.fact import Fact, Measure

BLOCK_ROWS = 131_072
WORN_MIN = 20_000  # changed facts, before it pays to make a base again
TYPES: dict[str, Any] = {"text": pl.Categorical(), "integer": pl.Int64()}
IS_LIVE = "~live"


@dataclass(frozen=True)
class Standing:
    """Where tables stand: which they are, and the next offset of each partition of their topic.

    `commits` are the instants at which positions were moved there: no other history has the same.
    """

    tables: str
    positions: Mapping[int, int]
    commits: Mapping[int, int] = field(default_factory=dict)

    def reaches(self, other: "Standing") -> bool:
        """Tell whether these are the same tables, no earlier than the other."""
        return self.tables == other.tables and all(
            self.positions.get(partition, 0) >= n for partition, n in other.positions.items()
        )


def schema_of(fact: Fact) -> pl.Schema:
    """Give the columns of a fact that are kept, each with its type."""
    columns = {name: TYPES[kind] for name, kind in fact.types.items()}
    return pl.Schema({ENTITY: pl.String(), "is_disputed": pl.Int64(), **columns})


@dataclass(frozen=True, eq=False)
class Base:
    """Facts as they stood, in the order of the instant that they are counted by first.

    So what is asked of some months stands together; `least` and `greatest` tell of which blocks.
    """

    facts: pl.DataFrame
    kept: Kept = field(default_factory=Kept)

    @cached_property
    def _by_hash(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """Give the hashes of entities in order, and the row of each."""
        hashes = self.facts[ENTITY].hash()
        order = hashes.arg_sort()
        return hashes.gather(order).to_numpy(), order.to_numpy()

    def rows_of(self, entities: pl.Series) -> NDArray[np.int64]:
        """Find the rows of those entities that are here."""
        hashes, order = self._by_hash
        wanted = entities.hash().to_numpy()
        first, end = (np.searchsorted(hashes, wanted, side) for side in ("left", "right"))
        # Nearly always one row a hash; where two entities have the same, their names tell.
        counts = end - first
        number = np.repeat(np.arange(len(wanted)), counts)
        place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = order[first[number] + place].astype(np.int64)
        is_it = self.facts[ENTITY].gather(rows) == entities.gather(number)
        found: NDArray[np.int64] = rows[is_it.to_numpy()]
        return found

    @cached_property
    def numbers(self) -> tuple[pl.Series, pl.Series]:
        """Number facts by the order of their entities; give these in order, too."""
        return base_numbers(self.facts[ENTITY])

    @cached_property
    def _blocks(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Give the least and greatest of each block, by column of whole numbers."""
        numbers = [n for n, kind in self.facts.schema.items() if kind == pl.Int64]
        block = pl.int_range(pl.len()) // BLOCK_ROWS
        grouped = self.facts.lazy().group_by(block.alias("~block"), maintain_order=True)
        ends = [(pl.col(n).min().alias(f"<{n}"), pl.col(n).max().alias(f">{n}")) for n in numbers]
        found = grouped.agg(e for pair in ends for e in pair).collect()
        far = 2**63 - 1
        return {
            n: (
                found[f"<{n}"].fill_null(far).to_numpy(),
                found[f">{n}"].fill_null(-far).to_numpy(),
            )
            for n in numbers
        }

    def span(self, column: str, start: Any, until: Any) -> tuple[int, int]:
        """Give the rows (first, how many) outside of which no value is in [start, until)."""
        if column not in self._blocks:
            return 0, len(self.facts)
        least, greatest = self._blocks[column]
        is_met = least < until if start is None else (least < until) & (greatest >= start)
        met = np.flatnonzero(is_met)
        if not len(met):
            return 0, 0
        return int(met[0]) * BLOCK_ROWS, int(met[-1] - met[0] + 1) * BLOCK_ROWS

    def until(self, column: str, until: Any) -> Any:
        """Give the least end that says of the facts here what `until` says: now is after all."""
        if column not in self._blocks or not len(self.facts):
            return until
        return min(until, int(self._blocks[column][1].max()) + 1)


@dataclass(frozen=True, eq=False)
class Frames:
    """Facts as they stand: a base, which of its rows are still so, and what others are now."""

    standing: Standing
    base: Base
    is_live: NDArray[np.bool_]
    changes: pl.DataFrame

    @classmethod
    def of(cls, standing: Standing, base: Base) -> "Frames":
        """Begin with a base, nothing of which has changed."""
        return cls(standing, base, np.ones(len(base.facts), np.bool_), base.facts.clear())

    def after(self, standing: Standing, changed: pl.DataFrame) -> "Frames":
        """Go on to where tables stand, given the facts that changed since, as they are."""
        if not len(changed):
            return Frames(standing, self.base, self.is_live, self.changes)
        is_live = self.is_live
        rows = self.base.rows_of(changed[ENTITY])
        if len(rows):
            is_live = is_live.copy()
            is_live[rows] = False
        before = self.changes
        if len(before):
            before = before.filter(~pl.col(ENTITY).is_in(changed[ENTITY].implode()))
        return Frames(standing, self.base, is_live, pl.concat([before, changed]))

    def changed(self, gone: pl.Series, here: pl.DataFrame) -> "Frames":
        """Give the same with some facts in the place of others, whose entities are given."""
        schema = self.base.facts.schema
        rows = self.base.rows_of(gone)
        is_live = self.is_live.copy()
        is_live[rows] = False
        kept = self.changes.filter(~pl.col(ENTITY).is_in(gone.implode()))
        here = here.select(schema.names()).cast(schema)
        return Frames(self.standing, self.base, is_live, pl.concat([kept, here]))

    @cached_property
    def _marked(self) -> pl.DataFrame:
        return self.base.facts.with_columns(pl.Series(IS_LIVE, self.is_live))

    @cached_property
    def _changes(self) -> pl.DataFrame:
        return self.changes.with_columns(pl.lit(value=True).alias(IS_LIVE))

    def facts(self, column: str = "", start: Any = None, until: Any = None) -> pl.LazyFrame:
        """Give the facts as they stand, at least those with a column's value in [start, until)."""
        marked = self._marked
        if column:
            marked = marked.slice(*self.base.span(column, start, until))
        both = pl.concat([marked, self._changes]) if len(self.changes) else marked
        return both.lazy().filter(pl.col(IS_LIVE)).drop(IS_LIVE)

    def sum_rows(
        self,
        measure: Measure,
        by: Sequence[str],
        where: Mapping[str, str],
        span: Span,
        parts: Parts | None = None,
    ) -> list[Row]:
        """Sum a measure over the facts as they stand; see `asking.sum_rows`."""
        if measure.is_recomputed or ENTITY in by:
            return sum_rows(self.facts(measure.when, *span), measure, by, where, span, parts)
        end = self.base.until(measure.when, span[1])
        counted = (measure.when, measure.where, measure.value)
        rows = self._together(
            (counted, tuple(by), tuple(sorted(where.items())), span[0], end, parts),
            lambda frame: sum_rows(frame, measure, by, where, span, parts),
            len(by) + (parts is not None),
            (measure.when, *span),
        )
        return [row for row in rows if row[-2]]

    def count_rows(self, tally: Tally) -> list[Row]:
        """Count the facts as they stand by conditions; see `asking.count_rows`."""
        if ENTITY in tally.by:
            return count_rows(self.facts(), tally)
        every = replace(tally, counted=(*tally.counted, "1 = 1"))
        asked = (tally.by, tuple(sorted(tally.where.items())), tally.within, tally.counted)
        n = len(tally.by)
        rows = self._together(asked, lambda frame: count_rows(frame, every), n)
        return [row[:-1] for row in rows if row[-1] or not n]

    def _together(
        self,
        asked: Hashable,
        ask: Callable[[pl.LazyFrame], list[Row]],
        keys: int,
        span: tuple[str, Any, Any] | None = None,
    ) -> list[Row]:
        """Ask the base, once, and what changed since, each time."""
        facts = self.base.facts
        within = facts if span is None else facts.slice(*self.base.span(*span))
        rows = self.base.kept.get(asked, lambda: ask(within.lazy()))
        if not len(self._gone) and not len(self.changes):
            return rows
        return together(rows, ask(self._gone.lazy()), ask(self.changes.lazy()), keys)

    @cached_property
    def _gone(self) -> pl.DataFrame:
        """The facts of the base that are no longer so."""
        return self.base.facts[np.flatnonzero(~self.is_live)]

    @cached_property
    def listing(self) -> Listing:
        """The facts as they stand, each with a number by the order of its entity."""
        numbers, entities = self.base.numbers
        both = self._marked.with_columns(numbers)
        if len(self.changes):
            own = change_numbers(self.changes[ENTITY], entities)
            both = pl.concat([both, self._changes.with_columns(own)])
        return Listing(both.lazy().filter(pl.col(IS_LIVE)).drop(IS_LIVE))

    @property
    def is_worn(self) -> bool:
        """Whether so much changed since the base was made that it is to be made again."""
        return len(self.changes) > max(len(self.base.facts) // 10, WORN_MIN)

    def renewed(self, order: str) -> "Frames":
        """Make a base of the facts as they stand; rows are put in the order of a column."""
        # A base is much of what a process has: a column at a time is put in order, and what begins
        # with nothing is not copied before.
        facts = self.facts().collect() if self.is_live.any() else self.changes
        by = pl.arg_sort_by(order, nulls_last=False, maintain_order=True)
        places = facts.select(by).to_series()
        put = pl.DataFrame([column.gather(places) for column in facts.iter_columns()])
        return Frames.of(self.standing, Base(put))
