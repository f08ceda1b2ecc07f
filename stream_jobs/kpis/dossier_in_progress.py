"""How many dossiers are in progress at the period's end, or now?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.dossier_terms import DIMS, IN_PROGRESS, OWNER
from stream_jobs.worked import dossier, received

KPI = Kpi(
    title=Doc("Hồ sơ đang giải quyết", "Dossiers in progress"),
    question=Doc(
        "Bao nhiêu hồ sơ đang giải quyết tại cuối kỳ (hoặc hiện tại)?",
        "How many dossiers are in progress at the period's end, or now?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="dossiers",
    numerator=IN_PROGRESS,
    denominator=None,
    dims=DIMS,
    role="received_by",
    examples=(
        Example(
            why="At the end of June, A is ended; B ends in July, so it is still in progress.",
            events=[
                received("A", "2023-06-01"),
                dossier("A", "refused", "2023-06-02"),
                received("B", "2023-06-01"),
                dossier("B", "resolved", "2023-07-01T08:00"),
            ],
            period="2023-06",
            numerator=1,
            denominator=1,
        ),
    ),
)
