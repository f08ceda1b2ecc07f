"""How many dossiers received before the period were not ended when it began?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.dossier_terms import CARRIED, DIMS, OWNER
from stream_jobs.worked import dossier, received

KPI = Kpi(
    title=Doc("Hồ sơ kỳ trước chuyển qua", "Dossiers carried over"),
    question=Doc(
        "Bao nhiêu hồ sơ kỳ trước chuyển qua?",
        "How many dossiers received before the period were not ended when it began?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="dossiers",
    numerator=CARRIED,
    denominator=None,
    dims=DIMS,
    role="received_by",
    examples=(
        Example(
            why="A ended before 2023; B ended in it and C never: B and C are carried over.",
            events=[
                received("A", "2022-11-01"),
                dossier("A", "resolved", "2022-12-30"),
                received("B", "2022-12-01"),
                dossier("B", "resolved", "2023-02-01"),
                received("C", "2022-06-01"),
            ],
            period="2023",
            numerator=2,
            denominator=1,
        ),
    ),
)
