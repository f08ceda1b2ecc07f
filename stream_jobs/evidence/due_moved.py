"""Was a due date moved to a later day when it had passed?"""

import polars as pl

from hub.definitions.contract import Doc
from hub.reports.evidence import Looked, Rule, Shown, day_of
from stream_jobs.worked import dossier, received


def _changed(code: str, at: str, due: str, **more: str) -> dict[str, object]:
    return dossier(code, "due_changed", at, due_at=f"{due}T17:00:00+07:00", **more)


def find(looked: Looked) -> pl.DataFrame:
    """Name dossiers whose due date was moved after the day that was promised before.

    It is moved when that is recorded, where its source says when, and not when it is dated.
    """
    promised = looked.events.filter(
        pl.col("is_live")
        & pl.col("kind").is_in(["received", "due_changed"])
        & pl.col("due_at").is_not_null()
    ).select(
        "entity",
        "kind",
        pl.col("due_at").shift().over("entity").alias("before_at"),
        pl.col("due_at").alias("after_at"),
        pl.max_horizontal("occurred_at", "recorded_at").alias("moved_at"),
    )
    moved = promised.filter(
        (pl.col("kind") == "due_changed")
        & (day_of("moved_at") > day_of("before_at"))
        & (day_of("after_at") > day_of("before_at"))
    )
    known = looked.facts.select("entity", "unit", "left_at")
    return moved.join(known, on="entity").select(
        "unit",
        # What ended is of the period in which it ended, whenever its due date was moved.
        pl.min_horizontal("moved_at", "left_at").alias("at"),
        pl.concat_list("entity").alias("entities"),
        "moved_at",
        "before_at",
        "after_at",
    )


RULE = Rule(
    title=Doc("Gia hạn khi đã quá hạn", "Due date that was moved when it had passed"),
    meaning=Doc(
        "Ngày hẹn trả được dời về sau, khi ngày hẹn cũ đã qua",
        "The due date was moved to a later day after the one promised before",
    ),
    find=find,
    needs_events=True,
    examples=(
        Shown(
            why="Due on the 12th. A: moved on the 13th. B: moved on the 12th itself. C: on the"
            " 14th, to an earlier day. D: dated the 9th, recorded on the 15th. E: had none.",
            events=[
                *(received(code, "2025-05-05", due="2025-05-12") for code in "ABCD"),
                _changed("A", "2025-05-13", "2025-05-20"),
                _changed("B", "2025-05-12T16:59", "2025-05-20"),
                _changed("C", "2025-05-14", "2025-05-08"),
                _changed("D", "2025-05-09", "2025-05-20", recorded_at="2025-05-15T08:00:00+07:00"),
                received("E", "2025-05-05", due=None),
                _changed("E", "2025-05-26", "2025-05-27"),
            ],
            period="2025-05",
            named=("A", "D"),
        ),
    ),
)
