"""Did many dossiers of a unit end within minutes of each other?"""

import polars as pl

from hub.definitions.contract import Doc
from hub.reports.evidence import Looked, Rule, Shown
from stream_jobs.evidence.ends_at_midnight import is_midnight
from stream_jobs.worked import dossier, received

MINUTE_US = 60_000_000
MINUTES = 10
MANY = 20  # of one unit, within so many minutes


def find(looked: Looked) -> pl.DataFrame:
    """Name runs of ends of one unit, many of them within minutes; not at midnight."""
    within = MINUTES * MINUTE_US
    ended = looked.facts.filter(pl.col("ended_at").is_not_null() & ~is_midnight("ended_at"))
    at = pl.col("ended_at")
    begins = (at.shift(1 - MANY) - at <= within).fill_null(value=False)
    is_in = begins.cast(pl.Int8).rolling_max(MANY, min_samples=1) > 0
    in_bulk = ended.sort("unit", "ended_at").filter(is_in.over("unit"))
    run = (at - at.shift() > within).fill_null(value=False).cum_sum().over("unit")
    return (
        in_bulk.group_by("unit", run.alias("run"))
        .agg(
            pl.col("left_at").min().alias("at"),
            pl.col("entity").alias("entities"),
            at.min().alias("first_at"),
            at.max().alias("last_at"),
        )
        .drop("run")
    )


RULE = Rule(
    title=Doc("Kết thúc hàng loạt trong vài phút", "Ends in bulk within minutes"),
    meaning=Doc(
        f"Từ {MANY} hồ sơ của một đơn vị kết thúc trong vòng {MINUTES} phút",
        f"{MANY} dossiers or more of a unit ended within {MINUTES} minutes",
    ),
    find=find,
    examples=(
        Shown(
            why="Twenty ended on the 7th from 16:00 to 16:09; nineteen on the 8th, likewise.",
            events=[
                event
                for i in range(39)
                for event in (
                    received(f"M{i:02}", "2025-05-05"),
                    dossier(f"M{i:02}", "resolved", f"2025-05-{7 + i // 20:02}T16:0{i % 20 // 2}"),
                )
            ],
            period="2025-05",
            named=tuple(f"M{i:02}" for i in range(20)),
        ),
    ),
)
