"""How many matters were reported?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.feedback_terms import DIMS, OWNER, RECEIVED
from stream_jobs.worked import REPORTS as EVENTS

KPI = Kpi(
    title=Doc("Phản ánh đã tiếp nhận", "Matters reported"),
    question=Doc("Bao nhiêu vụ việc được phản ánh trong kỳ?", "How many matters were reported?"),
    owner=OWNER,
    group="feedback",
    contract="feedback",
    measure_unit="matters",
    numerator=RECEIVED,
    denominator=None,
    dims=DIMS,
    role="assigned",
    examples=(
        Example(
            why="A to D: forms about one matter count once.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            numerator=4,
            denominator=1,
        ),
        Example(
            why="By hotline first: C.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            where={"channel": "hotline"},
            numerator=1,
            denominator=1,
        ),
        Example(
            why="All are of the environment.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            where={"topic": "environment"},
            numerator=4,
            denominator=1,
        ),
    ),
)
