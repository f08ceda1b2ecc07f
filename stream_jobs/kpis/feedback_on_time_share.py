"""Of the matters answered that have a due date, what share was answered on time?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Flow
from stream_jobs.feedback_terms import DIMS, JUDGED, OWNER
from stream_jobs.worked import REPORTS as EVENTS
from stream_jobs.worked import UNDATED, topic_days

KPI = Kpi(
    title=Doc("Tỷ lệ phản ánh trả lời đúng hạn", "Answered on time"),
    question=Doc(
        "Của phản ánh đã trả lời và có hạn, tỷ lệ trả lời đúng hạn?",
        "Of the matters answered that have a due date, what share was answered on time?",
    ),
    owner=OWNER,
    group="feedback",
    contract="feedback",
    measure_unit="share",
    numerator=Flow("feedback.judged", "value"),
    denominator=JUDGED,
    dims=DIMS,
    role="assigned",
    examples=(
        Example(
            why="A on its day; B a day late.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            numerator=1,
            denominator=2,
        ),
        Example(
            why="Of H57.1: A.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            where={"unit": "H57.1"},
            numerator=1,
            denominator=1,
        ),
        Example(
            why="On 12 May A was answered, and nothing began to be overdue.",
            events=EVENTS,
            sender="feedback",
            period="2025-05-12",
            numerator=1,
            denominator=1,
        ),
        Example(
            why="By working time: E on its second day, F a day later.",
            events=UNDATED,
            sender="feedback",
            period="2025-05",
            reference=topic_days(2),
            numerator=1,
            denominator=2,
        ),
    ),
)
