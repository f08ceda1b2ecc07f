"""How many dossiers are past due and not ended at the period's end, or now?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.dossier_terms import DIMS, OVERDUE, OWNER
from stream_jobs.worked import dossier, received, working_days

KPI = Kpi(
    title=Doc("Hồ sơ đang quá hạn", "Dossiers overdue"),
    question=Doc(
        "Bao nhiêu hồ sơ quá hạn chưa giải quyết xong tại cuối kỳ (hoặc hiện tại)?",
        "How many dossiers are past due and not ended at the period's end, or now?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="dossiers",
    numerator=OVERDUE,
    denominator=None,
    dims=DIMS,
    role="received_by",
    examples=(
        Example(
            why="Asked on 10 June: A is due that day, not yet overdue; B was due a day before.",
            events=[
                received("A", "2023-06-01", due="2023-06-10"),
                received("B", "2023-06-01", due="2023-06-09T17:00"),
            ],
            period="2023-06",
            at="2023-06-10T10:00:00+07:00",
            numerator=1,
            denominator=1,
        ),
        Example(
            why="A ended late, after the question's instant: it was overdue then.",
            events=[
                received("A", "2023-06-01", due="2023-06-09"),
                dossier("A", "resolved", "2023-06-10T11:00"),
            ],
            period="2023-06",
            at="2023-06-10T10:00:00+07:00",
            numerator=1,
            denominator=1,
        ),
        Example(
            why="A has no due date to be past; B got one afterwards, and is past it.",
            events=[
                received("A", "2023-06-01", due=None),
                received("B", "2023-06-01", due=None),
                dossier("B", "due_changed", "2023-06-02", due_at="2023-06-09T17:00:00+07:00"),
            ],
            period="2023-06",
            at="2023-06-20T10:00:00+07:00",
            numerator=1,
            denominator=1,
        ),
        Example(
            why="Three working days from Wednesday 7 May 2025 are full on Monday the 12th: A, sent"
            " without a due date, is past it on the 13th. B keeps the 30th that was sent; C is"
            " waited for.",
            events=[
                received("A", "2025-05-07", due=None),
                received("B", "2025-05-07", due="2025-05-30"),
                received("C", "2025-05-07", due=None),
                dossier("C", "supplement_requested", "2025-05-08"),
            ],
            reference=working_days(3),
            period="2025-05",
            at="2025-05-13T10:00:00+07:00",
            numerator=1,
            denominator=1,
        ),
    ),
)
