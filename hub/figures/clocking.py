"""Clocking: what the time of things is counted by, read from facts in columns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hub.definitions.fact import Clocked
from hub.figures.book import Book
from hub.reference.form import Row
from hub.reference.working import WorkingTime

AT_ONCE = 50_000
SCHEMA = {
    "entity": pl.String,
    "unit": pl.String,
    "procedure": pl.String,
    "received_at": pl.Int64,
    "sent_at": pl.Int64,
    "ended_at": pl.Int64,
}


@dataclass(frozen=True)
class Dossiers:
    """Things whose time is counted: entity, unit, procedure, received_at, sent_at, ended_at.

    `waits`: entity, kind, begun_at, ended_at.
    """

    facts: pl.DataFrame
    waits: pl.DataFrame

    def due(self, tables: Mapping[str, Sequence[Row]], *, with_waits: bool = True) -> pl.DataFrame:
        """Compute due instants, with reasons, by lists; rows are those of `facts`."""
        waits = self.waits if with_waits else self.waits.clear()
        return WorkingTime(tables).due(self.facts, waits)


def read_dossiers(clocked: Clocked, book: Book, entities: Sequence[str]) -> Iterator[Dossiers]:
    """Read what the time of things is counted by, so many at once."""
    fact = book.facts[clocked.contract]
    names = (clocked.unit, clocked.procedure, clocked.begun, clocked.due, clocked.ended)
    schema = {**SCHEMA, clocked.waited: pl.String}
    for start in range(0, len(entities), AT_ONCE):
        chunk = list(entities[start : start + AT_ONCE])
        rows = book.reading.fact_values(fact, [*names, clocked.waited], chunk)
        facts = pl.DataFrame(rows, schema, orient="row").drop_nulls("received_at").sort("entity")
        yield Dossiers(facts.drop(clocked.waited), find_waits(clocked, facts))


def find_waits(clocked: Clocked, facts: pl.DataFrame) -> pl.DataFrame:
    """Find what was waited for: from a request to the first event after it that ends it.

    `facts` have entity and what was waited for; gives entity, kind, begun_at, ended_at.
    """
    marks = facts.select("entity", clocked.waited).drop_nulls()
    parts = pl.col(clocked.waited).str.split(",")
    events = marks.with_columns(parts).explode(clocked.waited)
    events = events.with_columns(pl.col(clocked.waited).str.splitn(":", 2)).unnest(clocked.waited)
    kind, occurred = pl.col("field_1"), pl.col("field_0").cast(pl.Int64)
    waits = []
    for asking, (wait, ending) in clocked.waits.items():
        begun = events.filter(kind == asking).select("entity", occurred.alias("begun_at"))
        ended = events.filter(kind.is_in(ending)).select("entity", occurred.alias("ended_at"))
        joined = begun.sort("begun_at").join_asof(
            ended.sort("ended_at"),
            left_on="begun_at",
            right_on="ended_at",
            by="entity",
            strategy="forward",
            coalesce=False,
            check_sortedness=False,  # both are sorted, which cannot be seen where there is a `by`
        )
        # What is asked for again before it came is waited for since it was asked for first.
        grouped = joined.group_by("entity", "ended_at").agg(pl.col("begun_at").min())
        named = grouped.with_columns(pl.lit(wait).alias("kind"))
        waits.append(named.select("entity", "kind", "begun_at", "ended_at"))
    return pl.concat(waits).sort("entity", "begun_at")


def with_computed_due(clocked: Clocked, book: Book, facts: pl.DataFrame) -> pl.DataFrame:
    """Give facts with the due dates that are computed in the place of those that were sent."""
    tables = book.reference.tables
    parts = [
        dossiers.due(tables).select("entity", pl.col("due_at").alias(clocked.due))
        for dossiers in read_dossiers(clocked, book, facts["entity"].to_list())
    ]
    if not parts:
        return facts
    joined = facts.drop(clocked.due).join(
        pl.concat(parts), on="entity", how="left", maintain_order="left"
    )
    return joined.with_columns(pl.sql_expr(clocked.overdue).cast(pl.Int64).alias("overdue_at"))
