"""How many forms are about a matter that was reported before?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Flow
from stream_jobs.feedback_terms import DIMS, OWNER
from stream_jobs.worked import REPORTS as EVENTS

KPI = Kpi(
    title=Doc("Phản ánh trùng", "Duplicate forms"),
    question=Doc(
        "Bao nhiêu phản ánh trùng vụ việc đã có?",
        "How many forms are about a matter that was reported before?",
    ),
    owner=OWNER,
    group="feedback",
    contract="feedback",
    measure_unit="matters",
    numerator=Flow("feedback.received", "value"),
    denominator=None,
    dims=DIMS,
    role="assigned",
    examples=(
        Example(
            why="A by hotline, B after its answer.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            numerator=2,
            denominator=1,
        ),
        Example(
            why="Of what came by app first: A.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            where={"channel": "app"},
            numerator=1,
            denominator=1,
        ),
    ),
)
