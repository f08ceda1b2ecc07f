"""Of the ratings given in the period, what share was satisfied?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi, Opened
from hub.figures.terms import Flow
from stream_jobs.dossier_terms import DIMS, OWNER, RATED
from stream_jobs.worked import dossier, received

KPI = Kpi(
    title=Doc("Tỷ lệ hài lòng", "Satisfaction share"),
    question=Doc(
        "Tỷ lệ đánh giá hài lòng trong kỳ?",
        "Of the ratings given in the period, what share was satisfied?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="share",
    numerator=Flow("dossier.rated", "value"),
    denominator=RATED,
    dims=DIMS,
    role="received_by",
    opened=Opened(tables=((),)),
    examples=(
        Example(
            why="A corrected its rating later: the later record counts. One of two is satisfied.",
            events=[
                received("A", "2023-03-01"),
                dossier("A", "rated", "2023-03-05", satisfied=False),
                dossier(
                    "A", "rated", "2023-03-05", satisfied=True, recorded_at="2023-03-06T08:00:00Z"
                ),
                received("B", "2023-03-01"),
                dossier("B", "rated", "2023-03-05", satisfied=False),
            ],
            period="2023",
            numerator=1,
            denominator=2,
        ),
    ),
)
