"""How many matters were opened again after their answer?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Flow
from stream_jobs.feedback_terms import DIMS, OWNER
from stream_jobs.worked import REPORTS as EVENTS

KPI = Kpi(
    title=Doc("Phản ánh mở lại", "Matters reopened"),
    question=Doc(
        "Bao nhiêu vụ việc được mở lại hoặc phản ánh lại sau khi trả lời?",
        "How many matters were opened again after their answer?",
    ),
    owner=OWNER,
    group="feedback",
    contract="feedback",
    measure_unit="matters",
    numerator=Flow("feedback.reopened"),
    denominator=None,
    dims=DIMS,
    role="assigned",
    examples=(
        Example(
            why="B came again by hotline.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            numerator=1,
            denominator=1,
        ),
        Example(
            why="Of H57.1 none.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            where={"unit": "H57.1"},
            numerator=0,
            denominator=1,
        ),
    ),
)
