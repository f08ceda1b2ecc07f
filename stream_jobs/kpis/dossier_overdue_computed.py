"""How many dossiers are past due by working time and not ended at the period's end, or now?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Computed
from stream_jobs.dossier_terms import DIMS, OVERDUE, OWNER
from stream_jobs.worked import dossier, received, working_days

KPI = Kpi(
    title=Doc("Hồ sơ quá hạn theo hạn tính lại", "Dossiers overdue, by computed due dates"),
    question=Doc(
        "Bao nhiêu hồ sơ chưa giải quyết xong đã quá hạn, theo hạn tính từ lịch, giờ làm việc và"
        " cách tính hạn?",
        "How many dossiers are past due by working time and not ended at the period's end, or now?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="dossiers",
    numerator=Computed(OVERDUE),
    denominator=None,
    dims=DIMS,
    role="received_by",
    examples=(
        Example(
            why="Asked on Tuesday 13 May 2025, three working days from the 7th being Monday the"
            " 12th: A is overdue though the 30th was promised, B is not, being due on the 13th. C"
            " is waited for and has no due date, though the 9th was promised. D was overdue for a"
            " day, but ended.",
            events=[
                received("A", "2025-05-07", due="2025-05-30"),
                received("B", "2025-05-08", due="2025-05-09"),
                received("C", "2025-05-07", due="2025-05-09"),
                dossier("C", "supplement_requested", "2025-05-08"),
                received("D", "2025-05-06", due="2025-05-30"),
                dossier("D", "resolved", "2025-05-13"),
            ],
            reference=working_days(3),
            period="2025-05",
            at="2025-05-13T10:00:00+07:00",
            numerator=1,
            denominator=1,
        ),
    ),
)
