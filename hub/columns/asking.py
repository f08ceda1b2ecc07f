"""Asking: sums and counts over facts in columns, by the SQL that measures are defined in.

Polars reads the very text that both databases read (decision 0003), so a measure has one
definition. All is whole numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import polars.selectors as cs

from hub.clock import DAY_US, OFFSET_US, day_of
from hub.definitions.fact import Measure

Row = tuple[Any, ...]
# From a first instant, or none, up to another; or the same in periods, where facts have their own.
Span = tuple[int | None, int] | tuple[str, str]
ENTITY = "entity"


@dataclass(frozen=True)
class Tally:
    """What is counted of facts in one pass: by which columns, within what, by which conditions.

    All are SQL that the columns engine and both databases read alike; `where` holds values that
    columns must have.
    """

    by: tuple[str, ...]
    where: Mapping[str, str]
    within: str
    counted: tuple[str, ...]


@dataclass(frozen=True)
class Parts:
    """The parts of a span that sums are taken by: the local midnights at which they begin.

    A fact is in part i where i of them are not after its instant: part 0 is what was before.
    """

    starts: tuple[int, ...]

    def sql(self, column: str) -> str:
        """Write the number of an instant's part in SQL, by halving: few comparisons each."""

        def halved(first: int, last: int) -> str:
            if first == last:
                return str(first)
            middle = (first + last) // 2
            least, most = halved(first, middle), halved(middle + 1, last)
            return f"CASE WHEN {column} < {self.starts[middle]} THEN {least} ELSE {most} END"

        return halved(0, len(self.starts))

    def expr(self, column: str) -> pl.Expr:
        """Look up the number of an instant's part by its local day."""
        first, last = day_of(self.starts[0]), day_of(self.starts[-1])
        begins = {day_of(start): number for number, start in enumerate(self.starts, 1)}
        numbers = [0]
        for day in range(first, last + 1):
            numbers.append(begins.get(day, numbers[-1]))
        place = (pl.col(column) + OFFSET_US) // DAY_US - (first - 1)
        index = place.clip(0, len(numbers) - 1).cast(pl.UInt32)
        return pl.lit(pl.Series(numbers, dtype=pl.Int32)).gather(index)


def within(measure: Measure, where: Mapping[str, str], span: Span) -> pl.Expr:
    """Write which facts a measure counts in a span, of those that have some values."""
    start, until = span
    at = pl.col(measure.when)
    condition = at < until if start is None else (at >= start) & (at < until)
    for column, value in where.items():
        condition &= pl.sql_expr(column) == value
    return condition & pl.sql_expr(measure.where)


def sum_rows(
    facts: pl.LazyFrame,
    measure: Measure,
    by: Sequence[str],
    where: Mapping[str, str],
    span: Span,
    parts: Parts | None = None,
) -> list[Row]:
    """Sum a measure over facts: rows (by…, part where there are any, count, value)."""
    counted = facts.filter(within(measure, where, span))
    value = pl.sql_expr(measure.value)
    sums = [pl.len().alias("~n"), (value if measure.is_recomputed else value.sum()).alias("~v")]
    keys = [pl.sql_expr(column).alias(f"~by{i}") for i, column in enumerate(by)]
    if parts is not None:
        keys.append(parts.expr(measure.when).alias("~part"))
    if not keys:
        rows = counted.select(sums).collect().rows()
    elif ENTITY in by and not measure.is_recomputed:  # each fact is a group of its own
        each = pl.lit(1).alias("~n"), value.cast(pl.Int64).fill_null(0).alias("~v")
        rows = counted.select(*keys, *each).collect().rows()
    else:
        rows = counted.group_by(keys).agg(sums).collect().rows()
    return [row for row in rows if row[-2]]


def listed(
    facts: pl.LazyFrame, columns: Sequence[str], condition: str, where: Mapping[str, str]
) -> pl.DataFrame:
    """List columns of facts where a condition holds, of those that have some values.

    Texts are texts, however they are kept.
    """
    held = pl.sql_expr(condition)
    for column, value in where.items():
        held &= pl.sql_expr(column) == value
    found = facts.filter(held).select(pl.sql_expr(c).alias(c) for c in columns)
    return found.with_columns(cs.categorical().cast(pl.String)).collect()


def count_rows(
    facts: pl.LazyFrame,
    tally: Tally,
    sign: pl.Expr = pl.lit(1, pl.Int64),  # noqa: B008 (a value)
) -> list[Row]:
    """Count facts in columns: rows (by…, a count for each condition); `sign` says what each is.

    By entity each fact has a row of its own.
    """
    each = pl.col("^~n.*$") * pl.col("~sign")
    sums = each.sum()
    counted = counted_facts(facts, tally, sign)
    by = [f"~by{i}" for i in range(len(tally.by))]
    if ENTITY in tally.by:  # each fact is a group of its own
        return counted.select(*by, each).collect().rows()
    return (counted.group_by(by).agg(sums) if by else counted.select(sums)).collect().rows()


def counted_facts(facts: pl.LazyFrame, tally: Tally, sign: pl.Expr) -> pl.LazyFrame:
    """Count each fact by itself: (by…, its sign, 1 or 0 a condition)."""
    condition = pl.sql_expr(tally.within)
    for column, value in tally.where.items():
        condition &= pl.sql_expr(column) == value
    return facts.filter(condition).select(
        *(pl.sql_expr(column).alias(f"~by{i}") for i, column in enumerate(tally.by)),
        sign.alias("~sign"),
        *(
            pl.sql_expr(f"CASE WHEN {condition} THEN 1 ELSE 0 END").alias(f"~n{i}")
            for i, condition in enumerate(tally.counted)
        ),
    )
