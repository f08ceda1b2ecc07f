"""Is a dossier due on a day before the one on which it was received?"""

import polars as pl

from hub.definitions.contract import Doc
from hub.reports.evidence import Looked, Rule, Shown, day_of
from stream_jobs.worked import received


def find(looked: Looked) -> pl.DataFrame:
    """Name dossiers whose due day is before their day of reception."""
    return looked.facts.filter(day_of("due_at") < day_of("received_at")).select(
        "unit",
        pl.col("received_at").alias("at"),
        pl.concat_list("entity").alias("entities"),
        "due_at",
    )


RULE = Rule(
    title=Doc("Hẹn trả trước ngày tiếp nhận", "Due before it was received"),
    meaning=Doc(
        "Ngày hẹn trả sớm hơn ngày tiếp nhận: hồ sơ quá hạn ngay khi nhận",
        "The due day is before the day of reception: overdue as soon as it is received",
    ),
    find=find,
    examples=(
        Shown(
            why="A is due a day before its reception; B on the day itself, at an earlier hour.",
            events=[
                received("A", "2025-05-06", due="2025-05-05T17:00"),
                received("B", "2025-05-06T08:00", due="2025-05-06T07:30"),
            ],
            period="2025-05",
            named=("A",),
        ),
    ),
)
