"""Episodes: from a series to from when until when somebody is to be alert. Pure, and in columns.

What a point is does not hang on when it became known, nor on how many are looked at: the same
points give the same episodes in any order, and up to an instant those that were then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from hub.alerts.rule import MINUTE_US, SERIES, Limits
from hub.clock import OFFSET_US

Rules = Literal["then", "now"]


@dataclass(frozen=True)
class Episode:
    """From `raised_at` on a subject was over, until `cleared_at`; None: it still is.

    `value` is the first that was over, `worst` the worst of all; thousandths.
    """

    subject: str
    raised_at: int
    cleared_at: int | None
    value: int
    worst: int
    threshold: int


def episodes(
    points: pl.DataFrame, limits: Sequence[Limits], until: int, rules: Rules = "then"
) -> list[Episode]:
    """Find the episodes of a series (`SERIES`) up to an instant, by subject and begin.

    Each point is judged by the limits of its own day, or all by the last ones (`rules` "now").
    """
    worst = pl.Expr.min if limits[-1].is_low else pl.Expr.max
    frame = _judged(points, limits, rules).filter(pl.col("at") <= until)
    frame = frame.sort("subject", "at", "state", nulls_last=True)
    held = pl.col("state").forward_fill().over("subject").fill_null(0)
    frame = frame.with_columns(held.alias("held"))
    before = pl.col("held").shift(1).over("subject").fill_null(0)
    turns = (
        (pl.col("held") != before) | (pl.col("subject") != pl.col("subject").shift(1))
    ).cum_sum()
    frame = frame.with_columns(turns.fill_null(0).alias("run"))
    runs = frame.group_by("subject", "run", "held", maintain_order=True).agg(
        pl.col("at").min().alias("first"),
        pl.col("at").max().alias("last"),
        pl.col("value").first(),
        worst(pl.col("value")).alias("worst"),
        pl.col("threshold").first(),
        pl.col("for_us").first(),
        pl.col("quiet_us").last(),
    )
    runs = runs.with_columns(pl.col("first").shift(-1).over("subject").alias("cleared"))
    over = runs.filter(pl.col("held") == 1)
    # What is over again before it was quiet for long enough is one episode with what was before.
    quiet = pl.col("first") - pl.col("cleared").shift(1).over("subject")
    is_new = (quiet >= pl.col("quiet_us").shift(1).over("subject")).fill_null(value=True)
    over = over.with_columns(is_new.cum_sum().over("subject").alias("episode"))
    joined = over.group_by("subject", "episode", maintain_order=True).agg(
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("cleared").last(),
        pl.col("value").first(),
        worst(pl.col("worst")),
        pl.col("threshold").first(),
        (pl.col("last") - pl.col("first") >= pl.col("for_us")).any().alias("is_long"),
        pl.col("quiet_us").last(),
    )
    is_quiet = pl.col("cleared") + pl.col("quiet_us") <= until
    joined = joined.filter("is_long").with_columns(
        pl.when(is_quiet).then(pl.col("cleared")).otherwise(None).alias("cleared")
    )
    columns = ("subject", "first", "cleared", "value", "worst", "threshold")
    return [Episode(*row) for row in joined.sort("subject", "first").select(columns).rows()]


def _judged(points: pl.DataFrame, limits: Sequence[Limits], rules: Rules) -> pl.DataFrame:
    """Give each point its threshold and state by the limits of its day."""
    day = pl.from_epoch(pl.col("at") + OFFSET_US, time_unit="us").dt.strftime("%Y-%m-%d")
    used = limits[-1:] if rules == "now" else limits

    def of(name: str) -> pl.Expr:
        value = pl.lit(getattr(used[0], name), pl.Int64)
        for later in used[1:]:
            chosen = pl.lit(getattr(later, name), pl.Int64)
            value = pl.when(day >= later.since).then(chosen).otherwise(value)
        return value

    over, clear = pl.col("value") >= of("over"), pl.col("value") < of("clear")
    state = pl.when(over).then(1).when(clear).then(0).otherwise(None).cast(pl.Int8)
    has_own = points["state"].is_not_null().any()
    return points.select(
        *SERIES,
        (of("for_minutes") * MINUTE_US).alias("for_us"),
        (of("quiet_minutes") * MINUTE_US).alias("quiet_us"),
        of("over").alias("~over"),
        state.alias("~state"),
    ).with_columns(
        pl.col("threshold").fill_null(pl.col("~over")),
        (pl.col("state") if has_own else pl.col("~state")).alias("state"),
    )
