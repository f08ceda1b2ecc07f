"""Did a dossier end before it was received?"""

import polars as pl

from hub.definitions.contract import Doc
from hub.reports.evidence import Looked, Rule, Shown
from stream_jobs.worked import dossier, received


def find(looked: Looked) -> pl.DataFrame:
    """Name dossiers whose end is before their reception."""
    return looked.facts.filter(pl.col("ended_at") < pl.col("received_at")).select(
        "unit",
        pl.col("left_at").alias("at"),
        pl.concat_list("entity").alias("entities"),
        "received_at",
        "ended_at",
    )


RULE = Rule(
    title=Doc("Kết thúc trước khi tiếp nhận", "Ended before it was received"),
    meaning=Doc(
        "Thời điểm kết thúc ghi sớm hơn thời điểm tiếp nhận",
        "The end is dated before the reception",
    ),
    find=find,
    examples=(
        Shown(
            why="A ended an hour before it was received; B an hour after.",
            events=[
                received("A", "2025-05-06T09:00"),
                dossier("A", "resolved", "2025-05-06T08:00"),
                received("B", "2025-05-06T09:00"),
                dossier("B", "resolved", "2025-05-06T10:00"),
            ],
            period="2025-05",
            named=("A",),
        ),
    ),
)
