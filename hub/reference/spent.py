"""Spent: how long offices worked on things, in minutes of their opening hours.

What is counted is what offices were open from a thing's reception to its end, by the hours of its
unit on the day of its reception. What somebody else was waited for is not counted, as the policy of
the procedure says: the clock is paused, goes on, or starts anew with the answer. A procedure
without a policy is paused. Waits that overlap are taken off once. All of it is computed in columns.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from hub.clock import DAY_US, EPOCH_DATE, OFFSET_US
from hub.reference.form import Row
from hub.reference.working import MINUTE_US, Array, Hours, Policy, WorkingTime

LISTS = ("calendar", "hours", "clock_policies")
PAUSE, RESTART, GO_ON = "pause", "restart", "go_on"


def minutes_spent(
    tables: Mapping[str, Sequence[Row]], things: pl.DataFrame, waits: pl.DataFrame
) -> pl.Series:
    """Count the minutes spent on things that ended; none where hours or calendar say nothing.

    `things`: entity, unit, procedure, received_at, ended_at. `waits`: entity, kind (supplement,
    payment), begun_at, ended_at or none; instants in microseconds. Rows keep their order.
    """
    working = WorkingTime(tables)
    begun = things["received_at"].to_numpy()
    ended = np.maximum(things["ended_at"].to_numpy(), begun)
    days = (begun + OFFSET_US) // DAY_US
    eras = np.searchsorted(working.change_days, days, side="right")
    own = working.units_with_hours
    numbered = things.select("entity", "procedure").with_columns(
        pl.Series("~row", np.arange(len(things))),
        pl.Series("~era", eras),
        pl.Series("~day", days),
        things.select(pl.when(pl.col("unit").is_in(own)).then("unit").otherwise(pl.lit("")))
        .to_series()
        .alias("~unit"),
    )
    asked = _without_going_on(working, numbered, waits)
    spent = np.full(len(things), -1)
    for (unit, _), group in numbered.partition_by("~unit", "~era", as_dict=True).items():
        rows = group["~row"].to_numpy()
        hours = working.hours(str(unit), _iso(group["~day"][0]))
        if hours.spans:
            of_group = asked.filter(pl.col("~row").is_in(group["~row"].implode()))
            spent[rows] = _spent(working, hours, rows, begun[rows], ended[rows], of_group)
    spent[(ended + OFFSET_US) // DAY_US >= working.calendar.known_until] = -1
    return pl.Series("minutes", spent, pl.Int64).replace(-1, None)


def _without_going_on(
    working: WorkingTime, numbered: pl.DataFrame, waits: pl.DataFrame
) -> pl.DataFrame:
    """Give waits that do something to the clock, each with its row and what it does (`does`)."""
    joined = waits.join(numbered, on="entity", maintain_order="left")
    keys = ["procedure", "~era", "kind"]
    schema: dict[str, Any] = {n: joined.schema[n] for n in keys} | {"does": pl.String}
    firsts = joined.group_by(keys).agg(pl.col("~day").min())
    rows = [
        (procedure, era, kind, _does(working.policy(procedure, _iso(day)), kind))
        for procedure, era, kind, day in firsts.select(*keys, "~day").rows()
    ]
    named = joined.join(pl.DataFrame(rows, schema, orient="row"), on=keys, maintain_order="left")
    return named.filter(pl.col("does") != GO_ON).select("~row", "begun_at", "ended_at", "does")


def _does(policy: Policy | None, kind: str) -> str:
    return PAUSE if policy is None else policy.on(kind)


def _spent(
    working: WorkingTime, hours: Hours, rows: Array, begun: Array, ended: Array, asked: pl.DataFrame
) -> Array:
    """Count whole minutes of rows that go by the same hours."""
    waits = asked.join(
        pl.DataFrame({"~row": rows, "~begun": begun, "~end": ended}),
        on="~row",
        maintain_order="left",
    ).with_columns(pl.min_horizontal(pl.col("ended_at").fill_null(pl.col("~end")), "~end"))
    waits = waits.filter(pl.col("begun_at") < pl.col("~end"))
    anew = waits.filter(pl.col("does") == RESTART).group_by("~row").agg(pl.col("ended_at").max())
    at = np.searchsorted(rows, anew["~row"].to_numpy())
    begun = begun.copy()
    begun[at] = np.maximum(begun[at], anew["ended_at"].to_numpy())
    waits = waits.sort("~row", "begun_at", "ended_at")
    # What an earlier wait covers already is not taken off again.
    covered = pl.col("ended_at").cum_max().shift().over("~row").fill_null(np.iinfo(np.int64).min)
    place = np.searchsorted(rows, waits["~row"].to_numpy())
    since = np.maximum(
        waits.select(pl.max_horizontal("begun_at", covered)).to_series().to_numpy(), begun[place]
    )
    until = np.maximum(waits["ended_at"].to_numpy(), since)
    calendar = working.calendar
    taken = np.zeros_like(begun)
    np.add.at(taken, place, hours.position(calendar, until) - hours.position(calendar, since))
    whole = hours.position(calendar, ended) - hours.position(calendar, begun)
    counted: Array = (whole - taken) // MINUTE_US
    return counted


def _iso(day: int) -> str:
    return (EPOCH_DATE + timedelta(int(day))).isoformat()
