"""Of the period's fees, in what share do dossier, transaction and receipt agree?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.fee_terms import DIMS, FEES, OWNER, UNMATCHED
from stream_jobs.worked import FEES as EVENTS

KPI = Kpi(
    title=Doc("Tỷ lệ khoản thu khớp", "Share of fees that match"),
    question=Doc(
        "Tỷ lệ khoản thu trong kỳ khớp giữa hồ sơ, giao dịch và biên lai?",
        "Of the period's fees, in what share do dossier, transaction and receipt agree?",
    ),
    owner=OWNER,
    group="payment",
    contract="fee",
    measure_unit="share",
    numerator=FEES - UNMATCHED,
    denominator=FEES,
    dims=DIMS,
    examples=(
        Example(
            why="A and B match; of C a part is missing, and all of D.",
            events=EVENTS,
            sender="fees",
            period="2025-05",
            numerator=2,
            denominator=4,
        ),
        Example(
            why="All are of one unit.",
            events=EVENTS,
            sender="fees",
            period="2025-05",
            where={"unit": "H57.1"},
            numerator=2,
            denominator=4,
        ),
    ),
)
