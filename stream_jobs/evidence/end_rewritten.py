"""Was an end after the due day replaced by one that is in time?"""

import polars as pl

from hub.definitions.contract import Doc
from hub.reports.evidence import Looked, Rule, Shown, day_of
from stream_jobs.facts.dossier import ENDS
from stream_jobs.worked import dossier, received

_LATE = dossier("A", "resolved", "2025-05-14")


def find(looked: Looked) -> pl.DataFrame:
    """Name dossiers that ended in time by what counts, and late by what was said before.

    A result that is returned after the due day is no other end.
    """
    others = looked.events.filter(
        pl.col("kind").is_in(ENDS) & (pl.col("class") != "duplicate")
    ).select("entity", pl.col("occurred_at").alias("other_end_at"))
    in_time = looked.facts.filter(day_of("ended_at") <= day_of("due_at"))
    replaced = in_time.join(others, on="entity").filter(day_of("other_end_at") > day_of("due_at"))
    return (
        replaced.group_by("unit", "left_at", "entity", "ended_at", "due_at")
        .agg(pl.col("other_end_at").max())
        .select(
            "unit",
            pl.col("left_at").alias("at"),
            pl.concat_list("entity").alias("entities"),
            "ended_at",
            "due_at",
            "other_end_at",
        )
    )


RULE = Rule(
    title=Doc("Ngày kết thúc bị sửa về trong hạn", "End that was rewritten to be in time"),
    meaning=Doc(
        "Đã ghi kết thúc sau ngày hẹn trả, sau đó rút lại hoặc thay bằng ngày còn trong hạn",
        "An end after the due day was said, and then withdrawn or replaced by one within it",
    ),
    find=find,
    needs_events=True,
    examples=(
        Shown(
            why="Due on the 12th. A: the 14th was withdrawn for the 12th. B: the 9th, recorded"
            " later, replaced the 13th. C ended twice in time. D was reopened and ended late. E's"
            " result was returned late, which is no other end.",
            events=[
                *(received(code, "2025-05-05", due="2025-05-12") for code in "ABCDE"),
                _LATE,
                dossier("A", "retracted", "2025-05-16", retracts=_LATE["event_id"]),
                dossier("A", "resolved", "2025-05-12"),
                dossier("B", "resolved", "2025-05-13"),
                dossier("B", "resolved", "2025-05-09", recorded_at="2025-05-20T08:00:00+07:00"),
                dossier("C", "resolved", "2025-05-08"),
                dossier("C", "resolved", "2025-05-09"),
                dossier("D", "resolved", "2025-05-09"),
                dossier("D", "resolved", "2025-05-15"),
                dossier("E", "resolved", "2025-05-12"),
                dossier("E", "returned", "2025-05-20"),
            ],
            period="2025-05",
            named=("A", "B"),
        ),
    ),
)
