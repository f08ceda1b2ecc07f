"""Did many dossiers of a unit end at midnight, so that their hour is none?"""

import polars as pl

from hub.clock import DAY_US, OFFSET_US
from hub.definitions.contract import Doc
from hub.reports.evidence import Looked, Rule, Shown, day_of
from stream_jobs.worked import dossier, received

SECOND_US = 1_000_000
MANY = 5  # of one unit, on one day


def is_midnight(instant: str) -> pl.Expr:
    """Tell whether an instant is the first or the last second of a day."""
    within = (pl.col(instant) + OFFSET_US) % DAY_US
    return (within < SECOND_US) | (within >= DAY_US - SECOND_US)


def find(looked: Looked) -> pl.DataFrame:
    """Name units and days with many ends in the first or the last second of the day."""
    ended = looked.facts.filter(is_midnight("ended_at"))
    return (
        ended.group_by("unit", day_of("ended_at").alias("day"))
        .agg(pl.col("left_at").min().alias("at"), pl.col("entity").alias("entities"))
        .filter(pl.col("entities").list.len() >= MANY)
        .drop("day")
    )


RULE = Rule(
    title=Doc("Nhiều hồ sơ kết thúc lúc nửa đêm", "Many ends at midnight"),
    meaning=Doc(
        f"Từ {MANY} hồ sơ của một đơn vị trong một ngày kết thúc đúng 00:00:00 hoặc 23:59:59",
        f"{MANY} dossiers or more of a unit on a day ended at 00:00:00 or 23:59:59",
    ),
    find=find,
    examples=(
        Shown(
            why="Five ended at midnight of the 7th; of the 8th four, and one a minute later.",
            events=[
                event
                for i in range(10)
                for event in (
                    received(f"M{i}", "2025-05-05"),
                    dossier(f"M{i}", "resolved", f"2025-05-{7 + i // 5:02}T00:0{i // 9}"),
                )
            ],
            period="2025-05",
            named=("M0", "M1", "M2", "M3", "M4"),
        ),
    ),
)
