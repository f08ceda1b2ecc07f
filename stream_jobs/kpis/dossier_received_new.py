"""How many dossiers were received in the period?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi, Opened
from stream_jobs.dossier_terms import DIMS, NEW, OWNER
from stream_jobs.worked import received

KPI = Kpi(
    title=Doc("Hồ sơ tiếp nhận mới", "Dossiers newly received"),
    question=Doc(
        "Bao nhiêu hồ sơ được tiếp nhận mới trong kỳ?",
        "How many dossiers were received in the period?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="dossiers",
    numerator=NEW,
    denominator=None,
    dims=DIMS,
    role="received_by",
    opened=Opened(tables=((), ("unit",), ("channel",), ("service_level",))),
    examples=(
        Example(
            why="The period is half-open: B came in its last minute, C in the first after it.",
            events=[
                received("A", "2023-01-01T00:00"),
                received("B", "2023-12-31T23:59"),
                received("C", "2024-01-01T00:00"),
            ],
            period="2023",
            numerator=2,
            denominator=1,
        ),
    ),
)
