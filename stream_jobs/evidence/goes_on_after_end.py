"""Does its source say that a dossier is dealt with, after it ended?"""

import polars as pl

from hub.definitions.contract import Doc
from hub.reports.evidence import Looked, Rule, Shown
from stream_jobs.worked import dossier, received

_ENDED = dossier("C", "resolved", "2025-05-08")
GOING_ON = ("processing", "supplement_requested", "payment_requested", "supplemented")


def find(looked: Looked) -> pl.DataFrame:
    """Name dossiers of which something goes on after their end: reopened, and not taken back."""
    going_on = looked.events.filter(pl.col("is_live") & pl.col("kind").is_in(GOING_ON)).select(
        "entity", pl.col("occurred_at").alias("goes_on_at")
    )
    later = looked.facts.join(going_on, on="entity").filter(
        pl.col("goes_on_at") > pl.col("ended_at")
    )
    return (
        later.group_by("unit", "left_at", "entity", "ended_at")
        .agg(pl.col("goes_on_at").max())
        .select(
            "unit",
            pl.col("left_at").alias("at"),
            pl.concat_list("entity").alias("entities"),
            "ended_at",
            "goes_on_at",
        )
    )


RULE = Rule(
    title=Doc("Đã kết thúc mà vẫn còn xử lý", "Goes on after it ended"),
    meaning=Doc(
        "Nguồn ghi đang xử lý sau khi kết thúc mà không rút lại: vẫn tính là đã kết thúc",
        "Said to be dealt with after its end, which nobody withdrew: it counts as ended",
    ),
    find=find,
    needs_events=True,
    examples=(
        Shown(
            why="A goes on after it was resolved. B was resolved again afterwards. C's end was"
            " withdrawn. D only had its result returned.",
            events=[
                *(received(code, "2025-05-05") for code in "ABCD"),
                dossier("A", "resolved", "2025-05-08"),
                dossier("A", "processing", "2025-05-09"),
                dossier("B", "resolved", "2025-05-08"),
                dossier("B", "processing", "2025-05-09"),
                dossier("B", "resolved", "2025-05-12"),
                _ENDED,
                dossier("C", "retracted", "2025-05-09", retracts=_ENDED["event_id"]),
                dossier("C", "processing", "2025-05-09"),
                dossier("D", "resolved", "2025-05-08"),
                dossier("D", "returned", "2025-05-09"),
            ],
            period="2025-05",
            named=("A",),
        ),
    ),
)
