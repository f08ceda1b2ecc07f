"""How many matters are unanswered past their due date?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.feedback_terms import DIMS, OVERDUE, OWNER
from stream_jobs.worked import REPORTS as EVENTS
from stream_jobs.worked import UNDATED, topic_days

KPI = Kpi(
    title=Doc("Phản ánh quá hạn", "Matters overdue"),
    question=Doc(
        "Bao nhiêu phản ánh chưa trả lời đã quá hạn?",
        "How many matters are unanswered past their due date?",
    ),
    owner=OWNER,
    group="feedback",
    contract="feedback",
    measure_unit="matters",
    numerator=OVERDUE,
    denominator=None,
    dims=DIMS,
    role="assigned",
    examples=(
        Example(
            why="C, due on 10 May; B left by its answer.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            numerator=1,
            denominator=1,
        ),
        Example(
            why="Of H57.2 none.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            where={"unit": "H57.2"},
            numerator=0,
            denominator=1,
        ),
        Example(
            why="By working time: G since the end of Tuesday.",
            events=UNDATED,
            sender="feedback",
            period="2025-05",
            reference=topic_days(2),
            numerator=1,
            denominator=1,
        ),
    ),
)
