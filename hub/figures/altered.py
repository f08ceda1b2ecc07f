"""Altered: a snapshot in which some facts stand in the place of others that the tables have.

So a figure is what cells and facts say, less what the altered ones add there, plus what they add
here. Nothing is written for it.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from hub.apply import fold
from hub.apply.rows import cell_rows
from hub.clock import DAY_US, day_start
from hub.columns.asking import (
    ENTITY,
    Parts,
    Span,
    Tally,
    count_rows,
    listed,
    sum_rows,
    within,
)
from hub.columns.frames import Frames, schema_of
from hub.columns.listing import Listing
from hub.definitions.fact import Fact, Measure
from hub.store.reading import NONE, Reading, Row, dims_text


class Altered(Reading):
    """A snapshot that differs from the tables in some facts; a subclass says in which."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(
            reading.connection,
            reading.database,
            reading.definitions,
            reading.kept,
            reading.succession,
            reading.columns,
        )
        # The snapshot as the tables have it.
        self.raw: Reading = reading.raw if isinstance(reading, Altered) else reading
        self._measures = {
            measure.cell_set(dims): (fact, measure, dims)
            for fact in self.definitions.facts.values()
            for measure in fact.measures
            for dims in measure.sets
        }
        self._cells: dict[str, pl.DataFrame] = {}

    def changes(self, fact: Fact) -> pl.DataFrame:
        """Give the facts that differ: with `as_of` was, as in the tables; with is, as here.

        Columns are those of `fold.fold_twice`. A fact that stands on both sides differs in nothing.
        """
        raise NotImplementedError

    def _changed_cells(self, fact: Fact) -> pl.DataFrame:
        """Give what the changes add to cells."""
        if fact.contract not in self._cells:
            self._cells[fact.contract] = cell_rows(fact, self.changes(fact), 0)
        return self._cells[fact.contract]

    def sum_cells(
        self, cell_set: str, start: str, end: str, *, by_period: bool
    ) -> list[tuple[str, str, int, int]]:
        """See `Reading.sum_cells`."""
        fact, measure, dims = self._measures[cell_set]
        if self.changes(fact).is_empty():
            return super().sum_cells(cell_set, start, end, by_period=by_period)
        sums = {
            row[:2]: row[2:] for row in super().sum_cells(cell_set, start, end, by_period=by_period)
        }
        within = (pl.col("cell_set") == cell_set) & pl.col("period").is_between(
            pl.lit(start), pl.lit(end), closed="left"
        )
        touched = self._changed_cells(fact).filter(within)
        if measure.is_recomputed:
            assert by_period, cell_set
            self._recompute(sums, fact, measure, dims, touched)
        for period, text, count, value in touched.select("period", "dims", "count", "value").rows():
            key = (period if by_period else "", text)
            n, v = sums.get(key, (0, 0))
            sums[key] = (n + count, v + value)
        return [(*key, n, v) for key, (n, v) in sums.items() if n]

    def _recompute(
        self,
        sums: dict[tuple[str, str], tuple[int, int]],
        fact: Fact,
        measure: Measure,
        dims: tuple[str, ...],
        touched: pl.DataFrame,
    ) -> None:
        """Take values anew of the days in which any fact changed."""
        for day in touched["period"].unique().to_list():
            start = day_start(date.fromisoformat(day))
            rows = self.sum_facts(fact, measure, dims, {}, (start, start + DAY_US))
            values = {dims_text(dict(zip(dims, r, strict=False))): int(r[-1] or 0) for r in rows}
            for key in [k for k in sums if k[0] == day]:
                sums[key] = (sums[key][0], 0)
            for text, value in values.items():
                sums[day, text] = (sums.get((day, text), (0, 0))[0], value)

    def _find_frames(self, fact: Fact) -> Frames | None:
        frames, changes = self.raw.frames(fact), self.changes(fact)
        if frames is None or changes.is_empty():
            return frames
        is_here = changes["as_of"] == fold.IS
        return frames.changed(changes.filter(~is_here)[ENTITY], changes.filter(is_here))

    def _is_as_read(self, fact: Fact) -> bool:
        """Tell whether what is read is so already: nothing is altered, or the columns have it."""
        return self.changes(fact).is_empty() or self.frames(fact) is not None

    def sum_facts(
        self,
        fact: Fact,
        measure: Measure,
        by: Sequence[str],
        where: dict[str, str],
        span: Span,
        parts: Parts | None = None,
    ) -> list[Row]:
        """See `Reading.sum_facts`."""
        if self._is_as_read(fact):
            return super().sum_facts(fact, measure, by, where, span, parts)
        if measure.is_recomputed:
            return sum_rows(self.all_facts(fact).facts, measure, by, where, span, parts)
        sums = {
            tuple(r[:-2]): (int(r[-2]), int(r[-1] or 0))
            for r in super().sum_facts(fact, measure, by, where, span, parts)
        }
        for row in changed_sums(self.changes(fact), measure, by, where, span, parts):
            n, v = sums.get(row[:-2], (0, 0))
            sums[row[:-2]] = (n + row[-2], v + int(row[-1] or 0))
        return [(*key, n, v) for key, (n, v) in sums.items() if n]

    def list_facts(
        self,
        fact: Fact,
        measure: Measure,
        columns: Sequence[str],
        where: dict[str, str],
        span: Span,
    ) -> pl.DataFrame:
        """See `Reading.list_facts`: an entity by itself is summed as it is here."""
        if self._is_as_read(fact):
            return super().list_facts(fact, measure, columns, where, span)
        rows = [r[:-2] for r in self.sum_facts(fact, measure, columns, where, span)]
        return pl.DataFrame(rows, list(columns), orient="row", infer_schema_length=None)

    def count_facts(self, fact: Fact, tally: Tally) -> list[Row]:
        """See `Reading.count_facts`."""
        if self._is_as_read(fact):
            return super().count_facts(fact, tally)
        n = len(tally.by)
        counts = {r[:n]: r[n:] for r in super().count_facts(fact, tally)}
        for row in count_rows(self.changes(fact).lazy(), tally, fold.sign()):
            there = counts.get(row[:n], (0,) * len(tally.counted))
            counts[row[:n]] = tuple(a + b for a, b in zip(there, row[n:], strict=True))
        return [(*key, *here) for key, here in counts.items() if any(here) or not n]

    def all_facts(self, fact: Fact) -> Listing:
        """See `Reading.all_facts`."""
        if self._is_as_read(fact):
            return super().all_facts(fact)
        schema = schema_of(fact)
        there = super().all_facts(fact).facts.select(schema.names()).collect()
        return Listing.of(self._in_place(fact, there, schema))

    def facts(
        self, fact: Fact, columns: Sequence[str], condition: str, where: Mapping[str, str] = NONE
    ) -> pl.DataFrame:
        """See `Reading.facts`."""
        if self._is_as_read(fact):
            return super().facts(fact, columns, condition, where)
        return listed(self.all_facts(fact).facts, columns, condition, where)

    def _in_place(self, fact: Fact, there: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
        changes = self.changes(fact)
        kept = there.join(changes.filter(~fold.IS_PRESENT), on=ENTITY, how="anti")
        here = changes.filter(fold.IS_PRESENT).select(schema.names()).cast(schema)
        return pl.concat([kept, here])

    def fact_values(self, fact: Fact, columns: Sequence[str], entities: list[str]) -> list[Row]:
        """See `Reading.fact_values`."""
        changes = self.changes(fact)
        rows = super().fact_values(fact, columns, entities)
        if changes.is_empty() or not {*columns} <= {*changes.columns}:
            return rows  # how many events a code has is of each code by itself
        gone = set(changes.filter(~fold.IS_PRESENT)["entity"])
        here = changes.filter(fold.IS_PRESENT & pl.col("entity").is_in(entities))
        return [*(r for r in rows if r[0] not in gone), *here.select("entity", *columns).rows()]


def changed_sums(
    facts: pl.DataFrame,
    measure: Measure,
    by: Sequence[str],
    where: Mapping[str, str],
    span: Span,
    parts: Parts | None = None,
) -> list[Row]:
    """Sum a measure over facts in columns, as they are less as they were.

    Rows are those of `sum_rows`.
    """
    counted = facts.filter(within(measure, where, span))
    keys = [pl.sql_expr(column).alias(f"~by{i}") for i, column in enumerate(by)]
    if parts is not None:
        keys.append(parts.expr(measure.when).alias("~part"))
    sums = (fold.sign().alias("~n"), (fold.sign() * pl.sql_expr(measure.value)).alias("~v"))
    added, totals = counted.select(*keys, *sums), pl.col("~n", "~v").sum()
    named = [key.meta.output_name() for key in keys]
    rows = (added.group_by(named).agg(totals) if keys else added.select(totals)).rows()
    return [row for row in rows if row[-2] or row[-1]]
