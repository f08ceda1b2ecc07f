"""How many working hours did the dossier in the middle take?"""

from hub.definitions.contract import Doc
from hub.figures.handling import Ranked
from hub.figures.kpi import Kpi
from stream_jobs.dossier_terms import DIMS, OWNER
from stream_jobs.facts.dossier import CLOCKED
from stream_jobs.worked_handling import worked

KPI = Kpi(
    title=Doc("Giờ làm việc giải quyết, trung vị", "Working hours of handling, median"),
    question=Doc(
        "Một nửa số hồ sơ giải quyết trong không quá bao nhiêu giờ làm việc?",
        "How many working hours did the dossier in the middle take?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="working_hours",
    numerator=Ranked(CLOCKED, percent=50),
    denominator=None,
    scale=120,
    dims=DIMS,
    role="resolved_by",
    examples=worked(
        "The five of `worked` took 30, 450, 450, 510 and 570 minutes: twice 450, 7.5 hours.",
        900,
        1,
        "7.500000",
    ),
)
