"""Of the ratings of answers, what share was satisfied?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Flow
from stream_jobs.feedback_terms import DIMS, OWNER, RATED
from stream_jobs.worked import REPORTS as EVENTS

KPI = Kpi(
    title=Doc("Tỷ lệ hài lòng về trả lời phản ánh", "Satisfied with the answer"),
    question=Doc(
        "Tỷ lệ hài lòng với trả lời phản ánh?",
        "Of the ratings of answers, what share was satisfied?",
    ),
    owner=OWNER,
    group="feedback",
    contract="feedback",
    measure_unit="share",
    numerator=Flow("feedback.rated", "value"),
    denominator=RATED,
    dims=DIMS,
    role="assigned",
    examples=(
        Example(
            why="A is, B is not.",
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
    ),
)
