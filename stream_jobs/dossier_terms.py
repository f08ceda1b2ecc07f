"""What the dossier KPIs share: their terms and dimensions."""

from hub.figures.handling import BY_LIST
from hub.figures.kpi import ByRole
from hub.figures.terms import Flow, Total

OWNER = "Văn phòng UBND tỉnh"
DIMS: dict[str, str | ByRole] = {
    "unit": ByRole(
        {"received_by": "received_by", "resolved_by": "resolved_by", "citizen": "citizen_unit"},
        since={
            "received_by": "received_at",
            "citizen_unit": "received_at",
            "resolved_by": "ended_at",
        },
    ),
    "procedure": "procedure_code",
    "channel": "channel",
    "service_level": "service_level",
    "field": BY_LIST,
}

NEW = Flow("dossier.received")
CARRIED = Total("dossier.received", "start") - Total("dossier.left", "start")
RECEIVED = NEW + CARRIED
# What is resolved is judged by its due date; without one it is neither late nor on time.
JUDGED = Flow("dossier.resolved")
RESOLVED = JUDGED + Flow("dossier.resolved_without_due")
IN_PROGRESS = Total("dossier.received", "end") - Total("dossier.left", "end")
OVERDUE = Total("dossier.overdue_began", "end") - Total("dossier.overdue_left", "end")
ON_TIME = Flow("dossier.resolved", "value")
SYNC_BASE = Total("dossier.received", "end")
SYNCED = Total("dossier.synced", "end")
RATED = Flow("dossier.rated")
