"""What the KPIs of feedback share. A matter is of the unit that it is assigned to."""

from hub.figures.kpi import ByRole
from hub.figures.terms import Flow, Total

OWNER = "Trung tâm giám sát, điều hành"
DIMS: dict[str, str | ByRole] = {
    "unit": ByRole({"assigned": "unit"}, since={"unit": "assigned_at"}),
    "channel": "channel",
    "topic": "topic",
}
RECEIVED = Flow("feedback.received")
ASSIGNED = Flow("feedback.assigned")
ANSWERED = Flow("feedback.left")
JUDGED = Flow("feedback.judged")
OVERDUE = Total("feedback.overdue_began", "end") - Total("feedback.overdue_left", "end")
RATED = Flow("feedback.rated")
