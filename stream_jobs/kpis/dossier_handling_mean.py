"""How many working hours did a dossier take on average, waiting left out?"""

from hub.definitions.contract import Doc
from hub.figures.handling import Spent
from hub.figures.kpi import Kpi
from stream_jobs.dossier_terms import DIMS, OWNER
from stream_jobs.facts.dossier import CLOCKED
from stream_jobs.worked_handling import worked

KPI = Kpi(
    title=Doc("Giờ làm việc giải quyết, trung bình", "Working hours of handling, mean"),
    question=Doc(
        "Trung bình mỗi hồ sơ giải quyết mất bao nhiêu giờ làm việc, không kể thời gian chờ?",
        "How many working hours did a dossier take on average, waiting left out?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="working_hours",
    numerator=Spent(CLOCKED, "value"),
    denominator=Spent(CLOCKED, "count"),
    scale=60,
    dims=DIMS,
    role="resolved_by",
    examples=worked(
        "The five of `worked` took 30, 450, 450, 510 and 570 minutes: 2,010 over five is"
        " 402 minutes, 6.7 hours.",
        2010,
        5,
        "6.700000",
    ),
)
