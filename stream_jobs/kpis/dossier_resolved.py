"""How many dossiers were resolved in the period?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi, Opened
from stream_jobs.dossier_terms import DIMS, OWNER, RESOLVED
from stream_jobs.worked import dossier, received

KPI = Kpi(
    title=Doc("Hồ sơ đã giải quyết", "Dossiers resolved"),
    question=Doc(
        "Bao nhiêu hồ sơ được giải quyết trong kỳ?",
        "How many dossiers were resolved in the period?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="dossiers",
    numerator=RESOLVED,
    denominator=None,
    dims=DIMS,
    role="resolved_by",
    opened=Opened(tables=((), ("unit",))),
    examples=(
        Example(
            why="A is resolved, B returned without a resolution counts too, C was withdrawn.",
            events=[
                received("A", "2023-01-05"),
                dossier("A", "resolved", "2023-01-09"),
                dossier("A", "returned", "2023-01-10"),
                received("B", "2023-01-05"),
                dossier("B", "returned", "2023-01-12"),
                received("C", "2023-01-05"),
                dossier("C", "withdrawn", "2023-01-06"),
            ],
            period="2023",
            numerator=2,
            denominator=1,
        ),
        Example(
            why="A was received without a due date; it is resolved all the same.",
            events=[
                received("A", "2023-01-05", due=None),
                dossier("A", "resolved", "2023-01-09"),
            ],
            period="2023",
            numerator=1,
            denominator=1,
        ),
    ),
)
