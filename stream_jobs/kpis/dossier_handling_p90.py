"""How many working hours did nine of ten dossiers not exceed?"""

from hub.definitions.contract import Doc
from hub.figures.handling import Ranked
from hub.figures.kpi import Kpi
from stream_jobs.dossier_terms import DIMS, OWNER
from stream_jobs.facts.dossier import CLOCKED
from stream_jobs.worked_handling import worked

KPI = Kpi(
    title=Doc("Giờ làm việc giải quyết, mức 90 %", "Working hours of handling, 90th percentile"),
    question=Doc(
        "Chín phần mười số hồ sơ giải quyết trong không quá bao nhiêu giờ làm việc?",
        "How many working hours did nine of ten dossiers not exceed?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="working_hours",
    numerator=Ranked(CLOCKED, percent=90),
    denominator=None,
    scale=120,
    dims=DIMS,
    role="resolved_by",
    examples=worked(
        "Of 30, 450, 450, 510 and 570 minutes the ⌈0.9 × 5⌉-th is the fifth: twice 570, 9.5 hours.",
        1140,
        1,
        "9.500000",
    ),
)
