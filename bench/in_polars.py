"""The facts and cells of the hub, by Polars alone over decoded events in memory.

As a good user of Polars would write them for this data: repeats are dropped by id, withdrawn events
by an anti-join, the latest event of a kind is what counts, and each cell is a group. No digests, no
ledger, no conflicts, nothing stored. `tallies` are the three of `bench.topic.expected`; `figures`
gives the fact of each contract and, by measure and its dimensions, the cells: columns `period`
(ISO), the dimensions, `count` and `value`.
"""

import polars as pl

from bench.topic import expected
from hub import registry
from hub.clock import DAY_US, OFFSET_US

Frames = dict[str, pl.DataFrame]
HOUR_US = 3_600_000_000
ENDS = ("resolved", "refused", "withdrawn", "stopped")
# What is counted over dossiers: the instant, when it counts, what is summed, whose unit.
DOSSIER_CELLS: tuple[tuple[str, str, pl.Expr, str | None, str], ...] = (
    ("received", "received_at", pl.col("received_at").is_not_null(), None, "received_by"),
    ("left", "left_at", pl.col("left_at").is_not_null(), None, "received_by"),
    ("resolved", "ended_at", pl.col("is_on_time").is_not_null(), "is_on_time", "resolved_by"),
    ("overdue_began", "overdue_at", pl.col("overdue_at").is_not_null(), None, "received_by"),
    (
        "overdue_left",
        "left_at",
        pl.col("overdue_at").is_not_null() & pl.col("left_at").is_not_null(),
        None,
        "received_by",
    ),
    ("synced", "synced_at", pl.col("synced_at").is_not_null(), None, "received_by"),
    (
        "rated",
        "rated_at",
        pl.col("rated_at").is_not_null() & pl.col("received_at").is_not_null(),
        "is_satisfied",
        "received_by",
    ),
)


def tallies(frames: Frames) -> Frames:
    """Compute the three plain tallies over all records, repeats and corrections like any other."""
    return expected(frames).tables


def figures(frames: Frames) -> tuple[Frames, Frames]:
    """Compute facts by contract, and cells by measure and dimensions."""
    facts = {
        "dossier": dossiers(frames["dossier"]),
        "reading": readings(frames["reading"]),
        "payment": payments(frames["payment"]),
    }
    cells = [
        *_dossier_cells(facts["dossier"]).items(),
        *_reading_cells(facts["reading"]).items(),
    ]
    names, plans = zip(*cells, strict=True)
    return facts, dict(zip(names, pl.collect_all(plans), strict=True))


# Columns of dossiers that are not made here: other codes, of which none of these events says
# anything, and marks of what was waited for. `in_hub.check` sees to it that no more is left out.
UNSAID = ("same_as", "waits")


def dossiers(events: pl.DataFrame) -> pl.DataFrame:
    """Fold dossiers: one row each."""
    kind, occurred = pl.col("kind"), pl.col("occurred_at")
    ranks = {k: i for i, k in enumerate(registry.definitions().contract("dossier").kinds)}
    distinct = events.lazy().unique(["dossier_code", "event_id"], keep="any")
    withdrawn = distinct.filter(kind == "retracted").select("dossier_code", event_id="retracts")
    live = (
        distinct.filter(kind != "retracted")
        .join(withdrawn, on=["dossier_code", "event_id"], how="anti")
        .sort(
            pl.coalesce("recorded_at", "occurred_at"),
            "occurred_at",
            kind.replace_strict(ranks, return_dtype=pl.Int8),
            "event_id",
        )
    )
    is_end, is_any_end = kind.is_in(ENDS), kind.is_in([*ENDS, "returned"])
    of_reception = ("received_by", "procedure_code", "service_level", "channel")
    latest = live.group_by("dossier_code").agg(
        pl.col(of_reception).filter(kind == "received").last(),
        pl.col("due_at").filter(kind.is_in(["received", "due_changed"])).last(),
        pl.col("resolved_by", "citizen_unit").drop_nulls().last(),
        received_at=occurred.filter(kind == "received").last(),
        resolved_at=occurred.filter(is_end).last(),
        resolved_kind=kind.filter(is_end).last(),
        returned_at=occurred.filter(is_any_end).last(),
        returned_kind=kind.filter(is_any_end).last(),
        rated_at=occurred.filter(kind == "rated").last(),
        is_satisfied=pl.col("satisfied").filter(kind == "rated").last().cast(pl.Int64),
        first_synced=occurred.filter(kind == "synced").min(),
        first_at=occurred.min(),
        has_resolved=(kind == "resolved").any(),
    )
    received, ended = pl.col("received_at"), pl.col("ended_at")
    is_received = received.is_not_null()
    due_day = (pl.col("due_at") + OFFSET_US) // DAY_US
    past_due = pl.max_horizontal((due_day + 1) * DAY_US - OFFSET_US - 1, received)
    is_resolved = is_received & pl.col("end_kind").is_in(["resolved", "returned"])
    return (
        latest.with_columns(
            ended_at=pl.when("has_resolved").then("resolved_at").otherwise("returned_at"),
            end_kind=pl.when("has_resolved").then("resolved_kind").otherwise("returned_kind"),
        )
        .with_columns(
            left_at=pl.when(is_received & ended.is_not_null()).then(
                pl.max_horizontal(ended, received)
            ),
            synced_at=pl.when(is_received & pl.col("first_synced").is_not_null()).then(
                pl.max_horizontal("first_synced", received)
            ),
            is_on_time=pl.when(is_resolved).then(
                ((ended + OFFSET_US) // DAY_US <= due_day).cast(pl.Int64)
            ),
        )
        .with_columns(
            overdue_at=pl.when(
                is_received & (ended.is_null() | (pl.col("left_at") > past_due))
            ).then(past_due)
        )
        .select(
            pl.col("dossier_code").alias("entity"),
            *(n for n in registry.facts()["dossier"].types if n not in UNSAID),
        )
        .collect()
    )


def readings(events: pl.DataFrame) -> pl.DataFrame:
    """Fold readings: one row a station, quantity and instant."""
    keys = ["station_code", "quantity", "measured_at"]
    latest = (
        events.lazy()
        .unique([*keys, "event_id"], keep="any")
        .sort("revised_at", "event_id", nulls_last=False)
        .group_by(keys)
        .agg(pl.col("value", "unit", "quality").last())
    )
    is_mg = (pl.col("quantity") == "salinity") & (pl.col("unit") == "mg/L")
    return latest.select(
        *keys,
        hour=(pl.col("measured_at") + OFFSET_US) // HOUR_US,
        quality="quality",
        milli=pl.when(pl.col("quality") == 9)
        .then(None)
        .when(is_mg)
        .then((pl.col("value") + 500) // 1000)
        .otherwise("value"),
    ).collect()


def payments(events: pl.DataFrame) -> pl.DataFrame:
    """Fold payments: one row a statistic."""
    keys = ["reporter", "service", "method", "area", "period"]
    values = ["revision", "transactions", "customers", "amount_vnd"]
    return (
        events.lazy()
        .unique([*keys, "event_id"], keep="any")
        .sort("revision", "event_id")
        .group_by(keys)
        .agg(pl.col(values).last())
        .collect()
    )


def _day_number(instant: str) -> pl.Expr:
    """Give the local day of an instant, from 1970-01-01 on."""
    return (pl.col(instant) + OFFSET_US) // DAY_US


def _iso() -> pl.Expr:
    """Write it as in the calendar."""
    return pl.col("period").cast(pl.Int32).cast(pl.Date).cast(pl.String)


def _dossier_cells(facts: pl.DataFrame) -> dict[str, pl.LazyFrame]:
    found = {}
    for name, at, where, value, unit in DOSSIER_CELLS:
        total = pl.col(value).sum() if value else pl.lit(0, pl.Int64)
        for dims in (("channel", "service_level"), (unit,)):
            found[f"dossier.{name}/{'+'.join(dims)}"] = (
                facts.lazy()
                .filter(where)
                .group_by(_day_number(at).alias("period"), *dims)
                .agg(count=pl.len(), value=total)
                .with_columns(_iso())
            )
    found["dossier.without_reception/"] = (
        facts.lazy()
        .filter(pl.col("received_at").is_null() & pl.col("first_at").is_not_null())
        .group_by(_day_number("first_at").alias("period"))
        .agg(count=pl.len(), value=pl.lit(0, pl.Int64))
        .with_columns(_iso())
    )
    return found


TOGETHER = ("salinity_max", "hours_over_1", "hours_over_4")


def _reading_cells(facts: pl.DataFrame) -> dict[str, pl.LazyFrame]:
    good = facts.lazy().filter(pl.col("quality").is_null() | (pl.col("quality") <= 2))
    key = (_day_number("measured_at").alias("period"), "station_code")
    salinity = good.filter(pl.col("quantity") == "salinity")
    milli, hour = pl.col("milli"), pl.col("hour")
    said = {
        "salinity": (salinity, milli.sum()),
        "salinity_max": (salinity, milli.max()),
        "hours_over_1": (salinity.filter(milli >= 1000), hour.n_unique()),
        "hours_over_4": (salinity.filter(milli >= 4000), hour.n_unique()),
        "counted": (good, pl.lit(0, pl.Int64)),
    }
    # What does not add up over stations is counted over all of them together, too.
    together = {name: (key[:1], said[name]) for name in TOGETHER}
    apart = {f"{name}/station_code": (key, of) for name, of in said.items()}
    return {
        f"reading.{cells}": rows.group_by(*by).agg(count=pl.len(), value=value).with_columns(_iso())
        for cells, (by, (rows, value)) in {
            **apart,
            **{f"{n}/": t for n, t in together.items()},
        }.items()
    }
