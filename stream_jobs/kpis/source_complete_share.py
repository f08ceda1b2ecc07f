"""Of what sources owed by their schedules, what share came (đủ)?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Owed
from stream_jobs.worked import received

KPI = Kpi(
    title=Doc("Đủ: tỷ lệ đã báo cáo theo lịch", "Complete: share of what was due"),
    question=Doc(
        "Tỷ lệ dữ liệu đã nhận so với lịch báo cáo?",
        "Of what sources owed by their schedules, what share came (đủ)?",
    ),
    owner="Trung tâm giám sát, điều hành",
    group="source",
    contract=None,
    measure_unit="share",
    numerator=Owed(is_met=True),
    denominator=Owed(is_met=False),
    dims={"source": "source"},
    examples=(
        Example(
            why="In the week of 8 to 14 May 2023, five working days were due; two had events.",
            contract="dossier",
            sender="one_stop",
            events=[received("A", "2023-05-08"), received("B", "2023-05-09")],
            where={"source": "one_stop"},
            period="2023-W19",
            numerator=2,
            denominator=5,
        ),
    ),
)
