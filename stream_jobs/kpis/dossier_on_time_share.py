"""Of the dossiers resolved, what share was on time, early ones included?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi, Opened
from stream_jobs.dossier_terms import DIMS, JUDGED, ON_TIME, OWNER
from stream_jobs.worked import dossier, received, working_days

KPI = Kpi(
    title=Doc("Tỷ lệ giải quyết đúng hạn", "On-time share"),
    question=Doc(
        "Tỷ lệ hồ sơ giải quyết đúng hạn, kể cả trước hạn?",
        "Of the dossiers resolved, what share was on time, early ones included?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="share",
    numerator=ON_TIME,
    denominator=JUDGED,
    dims=DIMS,
    role="resolved_by",
    opened=Opened(tables=((), ("unit",))),
    examples=(
        Example(
            why="A is early, B on the due day though after the hour, C a day late: two of three.",
            events=[
                received("A", "2023-03-01", due="2023-03-10"),
                dossier("A", "resolved", "2023-03-02"),
                received("B", "2023-03-01", due="2023-03-10T09:00"),
                dossier("B", "resolved", "2023-03-10T23:59"),
                received("C", "2023-03-01", due="2023-03-10"),
                dossier("C", "resolved", "2023-03-11T00:00"),
            ],
            period="2023",
            numerator=2,
            denominator=3,
        ),
        Example(
            why="A is on time, B late; C was received without a due date: it is neither.",
            events=[
                received("A", "2023-03-01", due="2023-03-10"),
                dossier("A", "resolved", "2023-03-10"),
                received("B", "2023-03-01", due="2023-03-10"),
                dossier("B", "resolved", "2023-03-13"),
                received("C", "2023-03-01", due=None),
                dossier("C", "resolved", "2023-03-02"),
            ],
            period="2023",
            numerator=1,
            denominator=2,
        ),
        Example(
            why="Three working days, on Monday 5 May 2025: A and B, sent without a due date, are"
            " due on the 8th. A is on time, B late. C keeps the 30th that was sent, on time.",
            events=[
                received("A", "2025-05-05", due=None),
                dossier("A", "resolved", "2025-05-08T17:30"),
                received("B", "2025-05-05", due=None),
                dossier("B", "resolved", "2025-05-09T07:30"),
                received("C", "2025-05-05", due="2025-05-30"),
                dossier("C", "resolved", "2025-05-29"),
            ],
            reference=working_days(3),
            period="2025",
            numerator=2,
            denominator=3,
        ),
    ),
)
