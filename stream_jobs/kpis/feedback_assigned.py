"""How many matters were assigned to a unit?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.feedback_terms import ASSIGNED, DIMS, OWNER
from stream_jobs.worked import REPORTS as EVENTS
from stream_jobs.worked import UNDATED, reused

KPI = Kpi(
    title=Doc("Phản ánh đã chuyển xử lý", "Matters assigned"),
    question=Doc(
        "Bao nhiêu vụ việc được chuyển đơn vị xử lý trong kỳ?",
        "How many matters were assigned to a unit?",
    ),
    owner=OWNER,
    group="feedback",
    contract="feedback",
    measure_unit="matters",
    numerator=ASSIGNED,
    denominator=None,
    dims=DIMS,
    role="assigned",
    examples=(
        Example(
            why="A, B and C; D waits.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            numerator=3,
            denominator=1,
        ),
        Example(
            why="To H57.1: A and C.",
            events=EVENTS,
            sender="feedback",
            period="2025-05",
            where={"unit": "H57.1"},
            numerator=2,
            denominator=1,
        ),
        Example(
            why="Of H57.21, with the unit below it: E and G. When F was assigned, on 12 May, that"
            " unit's code was another one's.",
            events=UNDATED,
            sender="feedback",
            period="2025-05",
            where={"unit": "H57.21"},
            reference={"units": reused("H57.1", "2025-05-12")},
            numerator=2,
            denominator=1,
        ),
    ),
)
