"""Of the dossiers resolved, what share was on time by working time, whatever was sent?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Computed
from stream_jobs.dossier_terms import DIMS, JUDGED, ON_TIME, OWNER
from stream_jobs.worked import dossier, received, working_days

KPI = Kpi(
    title=Doc("Tỷ lệ đúng hạn theo hạn tính lại", "On-time share, by computed due dates"),
    question=Doc(
        "Tỷ lệ hồ sơ giải quyết đúng hạn, theo hạn tính từ lịch, giờ làm việc và cách tính hạn?",
        "Of the dossiers resolved, what share was on time by working time, whatever was sent?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="share",
    numerator=Computed(ON_TIME),
    denominator=Computed(JUDGED),
    dims=DIMS,
    role="resolved_by",
    examples=(
        Example(
            why="Three working days, on Wednesday 7 May 2025: due on Monday the 12th. A is on time;"
            " B, promised for the 30th, is late; C is on time though the 9th was promised. D waited"
            " on the 8th and 9th: due on the 14th, on time. E's procedure has no policy: neither.",
            events=[
                received("A", "2025-05-07", due="2025-05-12"),
                dossier("A", "resolved", "2025-05-12T16:00"),
                received("B", "2025-05-07", due="2025-05-30"),
                dossier("B", "resolved", "2025-05-13"),
                received("C", "2025-05-07", due="2025-05-09"),
                dossier("C", "resolved", "2025-05-12"),
                received("D", "2025-05-07", due="2025-05-12"),
                dossier("D", "supplement_requested", "2025-05-07T15:00"),
                dossier("D", "supplemented", "2025-05-09T10:00"),
                dossier("D", "resolved", "2025-05-14"),
                received("E", "2025-05-07", due="2025-05-12") | {"procedure_code": "2.000001"},
                dossier("E", "resolved", "2025-05-08"),
            ],
            reference=working_days(3),
            period="2025",
            numerator=3,
            denominator=4,
        ),
    ),
)
