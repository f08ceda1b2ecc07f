"""How many matters were answered for the first time?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.feedback_terms import ANSWERED, DIMS, OWNER
from stream_jobs.worked import REPORTS as EVENTS
from stream_jobs.worked import UNDATED

KPI = Kpi(
    title=Doc("Phản ánh đã trả lời", "Matters answered"),
    question=Doc(
        "Bao nhiêu vụ việc được trả lời lần đầu trong kỳ?",
        "How many matters were answered for the first time?",
    ),
    owner=OWNER,
    group="feedback",
    contract="feedback",
    measure_unit="matters",
    numerator=ANSWERED,
    denominator=None,
    dims=DIMS,
    role="assigned",
    examples=(
        Example(
            why="A and B.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            numerator=2,
            denominator=1,
        ),
        Example(
            why="Of H57.2: B.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            where={"unit": "H57.2"},
            numerator=1,
            denominator=1,
        ),
        Example(
            why="E and F, though nobody said until when.",
            events=UNDATED,
            sender="feedback",
            period="2025-05",
            numerator=2,
            denominator=1,
        ),
    ),
)
