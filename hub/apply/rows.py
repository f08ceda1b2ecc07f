"""Rows of sums: what settled events and folded facts add to cells, ledger, arrivals and lateness.

Events and facts come from both foldings (`as_of`): what an entity was is taken back, what it is is
added. So a row holds a difference, and adding rows in any order gives the same sums.
"""

import numpy as np
import polars as pl

from hub.apply.fold import sign
from hub.apply.lateness import bucket_expr
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact, day_expr, iso_day_expr
from hub.log.slices import Joined
from hub.store.tables import LANES

_CELLS = {
    **dict.fromkeys(("cell_set", "period", "dims"), pl.String),
    **dict.fromkeys(("shard", "count", "value", "disputed", *LANES), pl.Int64),
}


def cell_rows(fact: Fact, facts: pl.DataFrame, shard: int) -> pl.DataFrame:
    """Sum facts as they are, less facts as they were, into rows of cells."""
    signed = facts.with_columns(sign().alias("sign"))
    sums = ["count", "value", "disputed", *LANES]
    frames = [pl.DataFrame(schema=_CELLS)]
    in_cells = [m for m in fact.measures if m.sets]
    counts = signed.select(pl.sql_expr(m.where).alias(m.name) for m in in_cells)
    for measure in in_cells:
        if not counts[measure.name].any():
            continue  # in a transaction of a few events that is most of them
        value = pl.lit(0, pl.Int64) if measure.is_recomputed else pl.sql_expr(measure.value)
        # What is taken anew over the facts belongs to no shard.
        own_shard = 0 if measure.is_recomputed else shard
        counted = signed.filter(counts[measure.name]).select(
            *(pl.col(d).alias(f"~{d}") for d in sorted({d for ds in measure.sets for d in ds})),
            day_expr(measure.when).alias("period"),
            pl.col("sign").alias("count"),
            (value.cast(pl.Int64) * pl.col("sign")).alias("value"),
            (pl.col("is_disputed") * pl.col("sign")).alias("disputed"),
            *((pl.col(lane) * pl.col("sign")).alias(lane) for lane in LANES),
        )
        for dims in measure.sets:
            names = [f"~{d}" for d in dims]
            cells = counted.group_by("period", *names).agg(pl.col(sums).sum())
            key = [pl.format(f"{d}={{}}", pl.col(f"~{d}").fill_null("")) for d in dims]
            cells = cells.filter(pl.any_horizontal(pl.col(sums) != 0)).select(
                pl.lit(measure.cell_set(dims)).alias("cell_set"),
                iso_day_expr("period"),
                (pl.concat_str(key, separator=",") if key else pl.lit("")).alias("dims"),
                pl.lit(own_shard, pl.Int64).alias("shard"),
                *sums,
            )
            frames.append(cells)
    # In key order the database's pages are written once each, and no two writers wait in a circle.
    return pl.concat(frames).sort("cell_set", "period", "dims", "shard")


def count_classes(contract: Contract, events: pl.DataFrame) -> pl.DataFrame:
    """Count settled events of both foldings by contract, sender, day of acceptance and class."""
    counted = events.group_by("sender", pl.col("accepted_on").alias("day"), "class").agg(
        sign().sum().alias("count")
    )
    return counted.select(
        pl.lit(contract.name).alias("contract"), "sender", "day", "class", "count"
    )


def count_records(records: pl.DataFrame) -> pl.DataFrame:
    """Count records that have a class by contract, sender, day and class."""
    keys = ("contract", "sender", "day", "class")
    return records.group_by(keys).agg(pl.len().cast(pl.Int64).alias("count"))


def ledger_rows(shard: int, *counts: pl.DataFrame) -> pl.DataFrame:
    """Add counts by contract, sender, day and class up into rows of the ledger."""
    keys = ["contract", "sender", "day", "class", "shard"]
    summed = pl.concat(counts).with_columns(pl.lit(shard, pl.Int64).alias("shard"))
    summed = summed.group_by(keys).agg(pl.col("count").sum()).filter(pl.col("count") != 0)
    return summed.sort(keys)


def arrival_rows(contract: Contract, events: pl.DataFrame, shard: int) -> pl.DataFrame:
    """Count distinct events, of both foldings, by the day on which they happened.

    One that is held speaks for nobody: its sender has sent it, and that is all.
    """
    party = pl.lit("") if contract.party is None else pl.col(contract.party).fill_null("")
    # Lazily, only the columns that are needed go from step to step.
    return (
        events.lazy()
        .filter(~pl.col("is_loser"))
        .with_columns(
            contract.occurred.alias("~occurred"),
            pl.when("is_held").then(pl.lit("")).otherwise(party).alias("party"),
            contract.span.alias("span"),
        )
        .group_by("sender", "party", "span", day_expr("~occurred").alias("day"))
        .agg(sign().sum().alias("count"))
        .filter(pl.col("count") != 0)
        .select(
            pl.lit(contract.name).alias("contract"),
            "sender",
            "party",
            "span",
            "day",
            pl.lit(shard, pl.Int64).alias("shard"),
            "count",
        )
        .sort("sender", "party", "span", "day")
        .collect()
    )


def heard_each(contract: Contract, new: pl.DataFrame, records: Joined) -> pl.DataFrame:
    """Say of each record who was heard, when it was accepted and what instant it speaks of."""
    accepted = np.array([o.accepted_at for o in records.origins], np.int64)
    at = accepted[records.origin[new["row"].to_numpy()]]
    return new.select(
        "partition",
        "offset",
        pl.lit(contract.name).alias("contract"),
        "sender",
        pl.Series("accepted_at", at, pl.Int64),
        contract.occurred.alias("horizon"),
    )


def heard_rows(heard: pl.DataFrame, shard: int) -> pl.DataFrame:
    """Give, per sender, the latest acceptance and the latest instant of `heard_each`."""
    return (
        heard.group_by("contract", "sender")
        .agg(pl.col("accepted_at", "horizon").max())
        .with_columns(pl.lit(shard, pl.Int64).alias("shard"))
        .sort("sender")
    )


def lateness_rows(
    new: pl.DataFrame, heard: pl.DataFrame, kept: pl.Series, shard: int
) -> pl.DataFrame:
    """Count the new events that were kept, by how late they came.

    `heard` is `heard_each` of the `new` records, `kept` the `row` of each that is an event now.
    """
    late = heard.with_columns(new["row"], new["accepted_on"].alias("day"))
    late = late.filter(pl.col("row").is_in(kept.implode()))
    lateness = bucket_expr(pl.col("accepted_at") - pl.col("horizon"))
    keys = ["contract", "sender", "day", "bucket"]
    counted = late.with_columns(lateness.alias("bucket")).group_by(keys)
    return (
        counted.agg(pl.len().cast(pl.Int64).alias("count"))
        .with_columns(pl.lit(shard, pl.Int64).alias("shard"))
        .sort(keys)
    )
