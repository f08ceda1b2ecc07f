"""Altered: a snapshot in which some facts stand in the place of others that the tables have.

So a figure is what cells and facts say, less what the altered ones add there, plus what they add
here. Nothing is written for it.
"""

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from hub.apply import fold
from hub.apply.rows import cell_rows
from hub.clock import DAY_US, day_start
from hub.definitions.fact import Fact, Measure
from hub.store.reading import Reading, Row, Span, Tally, dims_text, sum_facts_sql


class Altered(Reading):
    """A snapshot that differs from the tables in some facts; a subclass says in which."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(
            reading.connection,
            reading.database,
            reading.definitions,
            reading.kept,
            reading.succession,
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

    def sum_facts(
        self,
        fact: Fact,
        measure: Measure,
        by: Sequence[str],
        where: dict[str, str],
        span: Span,
    ) -> list[Row]:
        """See `Reading.sum_facts`."""
        if self.changes(fact).is_empty():
            return super().sum_facts(fact, measure, by, where, span)
        changed = self._changed(fact, measure, span)
        if changed.is_empty():
            return super().sum_facts(fact, measure, by, where, span)
        if measure.is_recomputed:
            return self._sum_again(fact, measure, by, where, span)
        sums = {
            tuple(r[: len(by)]): (int(r[-2]), int(r[-1] or 0))
            for r in super().sum_facts(fact, measure, by, where, span)
        }
        for row in changed_sums(self.changes(fact), measure, by, where, span):
            n, v = sums.get(row[: len(by)], (0, 0))
            sums[row[: len(by)]] = (n + row[-2], v + int(row[-1] or 0))
        return [(*key, n, v) for key, (n, v) in sums.items() if n]

    def list_facts(
        self,
        fact: Fact,
        measure: Measure,
        columns: Sequence[str],
        where: dict[str, str],
        span: Span,
    ) -> list[Row]:
        """See `Reading.list_facts`: an entity by itself is summed as it is here."""
        if self.changes(fact).is_empty():
            return super().list_facts(fact, measure, columns, where, span)
        return [r[:-2] for r in self.sum_facts(fact, measure, columns, where, span)]

    def count_facts(self, fact: Fact, tally: Tally) -> list[Row]:
        """See `Reading.count_facts`."""
        if self.changes(fact).is_empty():
            return super().count_facts(fact, tally)
        n = len(tally.by)
        counts = {r[:n]: r[n:] for r in super().count_facts(fact, tally)}
        for row in count_rows(self.changes(fact), tally):
            there = counts.get(row[:n], (0,) * len(tally.counted))
            counts[row[:n]] = tuple(a + b for a, b in zip(there, row[n:], strict=True))
        return [(*key, *here) for key, here in counts.items() if any(here) or not n]

    def facts(self, fact: Fact, columns: Sequence[str], condition: str) -> pl.DataFrame:
        """See `Reading.facts`."""
        changes = self.changes(fact)
        if changes.is_empty():
            return super().facts(fact, columns, condition)
        named = list(dict.fromkeys(["entity", *columns]))
        there = super().facts(fact, named, condition)
        gone = changes.filter(~fold.IS_PRESENT)
        here = changes.filter(fold.IS_PRESENT).filter(pl.sql_expr(condition))
        kept = there.join(gone, on="entity", how="anti")
        return pl.concat([kept, here.select(named)]).select(columns)

    def fact_values(self, fact: Fact, columns: Sequence[str], entities: list[str]) -> list[Row]:
        """See `Reading.fact_values`."""
        changes = self.changes(fact)
        rows = super().fact_values(fact, columns, entities)
        if changes.is_empty() or not {*columns} <= {*changes.columns}:
            return rows  # how many events a code has is of each code by itself
        gone = set(changes.filter(~fold.IS_PRESENT)["entity"])
        here = changes.filter(fold.IS_PRESENT & pl.col("entity").is_in(entities))
        return [*(r for r in rows if r[0] not in gone), *here.select("entity", *columns).rows()]

    def _changed(self, fact: Fact, measure: Measure, span: Span) -> pl.DataFrame:
        at = pl.col(measure.when)
        within = at < span[1] if span[0] is None else (at >= span[0]) & (at < span[1])
        return self.changes(fact).filter(within & pl.sql_expr(measure.where))

    def _sum_again(
        self,
        fact: Fact,
        measure: Measure,
        by: Sequence[str],
        where: dict[str, str],
        span: Span,
    ) -> list[Row]:
        """Sum over the facts themselves, as they are here: what cannot be taken back."""
        names = ["entity", *fact.types]
        plain = Measure(measure.name, measure.where, measure.sets, at=measure.at)
        changed = set(self.changes(fact).filter(~fold.IS_PRESENT)["entity"])
        here = self._changed(fact, plain, span).filter(fold.IS_PRESENT)
        start = span[0] if span[0] is not None else -(2**63)
        there = self.rows(
            f"SELECT {','.join(names)} FROM {fact.table}"
            f" WHERE {measure.when} >= :a AND {measure.when} < :b",
            a=start,
            b=span[1],
        )
        with contextlib.closing(sqlite3.connect(":memory:")) as facts_here:
            facts_here.execute(f"CREATE TABLE {fact.table} ({','.join(names)})")
            facts_here.executemany(
                f"INSERT INTO {fact.table} VALUES ({','.join('?' * len(names))})",
                [*(r for r in there if r[0] not in changed), *here.select(names).rows()],
            )
            sql, values = sum_facts_sql(fact, measure, by, where, span)
            return [tuple(r) for r in facts_here.execute(sql, values) if r[-2]]


def changed_sums(
    facts: pl.DataFrame, measure: Measure, by: Sequence[str], where: Mapping[str, str], span: Span
) -> list[Row]:
    """Sum a measure over facts in columns, as they are less as they were: (by…, count, value).

    `by` and the names of `where` are SQL that the columns engine reads.
    """
    at = pl.col(measure.when)
    within = at < span[1] if span[0] is None else (at >= span[0]) & (at < span[1])
    counted = facts.filter(within & pl.sql_expr(measure.where))
    for column, value in where.items():
        counted = counted.filter(pl.sql_expr(column) == value)
    keys = [pl.sql_expr(column).alias(f"~by{i}") for i, column in enumerate(by)]
    sums = (fold.sign().alias("~n"), (fold.sign() * pl.sql_expr(measure.value)).alias("~v"))
    parts, totals = counted.select(*keys, *sums), pl.col("~n", "~v").sum()
    rows = (parts.group_by("^~by.*$").agg(totals) if by else parts.select(totals)).rows()
    return [row for row in rows if row[-2] or row[-1]]


def count_rows(facts: pl.DataFrame, tally: Tally) -> list[Row]:
    """Count facts in columns: rows (by…, a count for each condition), as they are less as were.

    Without `as_of` all are as they are.
    """
    counted = counted_facts(facts, tally)
    sums = (pl.col("^~n.*$") * pl.col("~sign")).sum()
    by = [f"~by{i}" for i in range(len(tally.by))]
    grouped = counted.group_by(by).agg(sums) if by else counted.select(sums)
    return grouped.rows()


def counted_facts(facts: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Count each fact by itself: (by…, 1 for it as it is and -1 as it was, 1 or 0 a condition)."""
    sign = fold.sign() if "as_of" in facts.columns else pl.lit(1, pl.Int64)
    within = facts.filter(pl.sql_expr(tally.within))
    for column, value in tally.where.items():
        within = within.filter(pl.sql_expr(column) == value)
    return within.select(
        *(pl.sql_expr(column).alias(f"~by{i}") for i, column in enumerate(tally.by)),
        sign.alias("~sign"),
        *(
            pl.sql_expr(f"CASE WHEN {condition} THEN 1 ELSE 0 END").alias(f"~n{i}")
            for i, condition in enumerate(tally.counted)
        ),
    )
