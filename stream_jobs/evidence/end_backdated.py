"""Was an end that is dated in time recorded after the due day?"""

import polars as pl

from hub.definitions.contract import Doc
from hub.reports.evidence import Looked, Rule, Shown, day_of
from stream_jobs.worked import dossier, received


def find(looked: Looked) -> pl.DataFrame:
    """Name dossiers whose end was recorded on a later day than they were due, and is dated in time.

    An end of which its source does not say when it was recorded is taken to be recorded at once.
    """
    ends = looked.events.filter("is_live").select(
        "entity",
        pl.col("kind").alias("end_kind"),
        pl.col("occurred_at").alias("ended_at"),
        "recorded_at",
    )
    late = (day_of("ended_at") <= day_of("due_at")) & (day_of("recorded_at") > day_of("due_at"))
    counted = looked.facts.join(ends, on=["entity", "end_kind", "ended_at"]).filter(late)
    # Told by several events, the first record of it is what counts.
    return (
        counted.group_by("unit", "left_at", "entity", "ended_at", "due_at")
        .agg(pl.col("recorded_at").min())
        .select(
            "unit",
            pl.col("left_at").alias("at"),
            pl.concat_list("entity").alias("entities"),
            "ended_at",
            "due_at",
            "recorded_at",
        )
    )


RULE = Rule(
    title=Doc("Ngày kết thúc ghi lùi", "End that was backdated"),
    meaning=Doc(
        "Ghi nhận sau ngày hẹn trả, nhưng ngày kết thúc ghi là còn trong hạn",
        "Recorded after the due day, but dated within it",
    ),
    find=find,
    needs_events=True,
    examples=(
        Shown(
            why="Due on the 12th. A: dated the 12th, recorded on the 15th. B: recorded on the day."
            " C: dated and recorded late. D: nothing is said of when it was recorded.",
            events=[
                event
                for code, at, recorded in (
                    ("A", "2025-05-12T16:00", {"recorded_at": "2025-05-15T08:00:00+07:00"}),
                    ("B", "2025-05-12T16:00", {"recorded_at": "2025-05-12T16:05:00+07:00"}),
                    ("C", "2025-05-14T16:00", {"recorded_at": "2025-05-15T08:00:00+07:00"}),
                    ("D", "2025-05-12T16:00", {}),
                )
                for event in (
                    received(code, "2025-05-05", due="2025-05-12"),
                    dossier(code, "resolved", at, **recorded),
                )
            ],
            period="2025-05",
            named=("A",),
        ),
    ),
)
