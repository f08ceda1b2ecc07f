"""How many đồng are dossier, transaction and receipt of the period's fees apart?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.fee_terms import APART, DIMS, OWNER
from stream_jobs.worked import FEES as EVENTS

KPI = Kpi(
    title=Doc("Số tiền chưa khớp", "Unmatched amount"),
    question=Doc(
        "Hồ sơ, giao dịch và biên lai của khoản thu trong kỳ còn lệch nhau bao nhiêu đồng?",
        "How many đồng are dossier, transaction and receipt of the period's fees apart?",
    ),
    owner=OWNER,
    group="payment",
    contract="fee",
    measure_unit="đồng",
    numerator=APART,
    denominator=None,
    dims=DIMS,
    examples=(
        Example(
            why="20,000 of C and the 70,000 of D; A and B match.",
            events=EVENTS,
            sender="fees",
            period="2025-05",
            numerator=90_000,
            denominator=1,
        ),
        Example(
            why="Of those that are unpaid: D.",
            events=EVENTS,
            sender="fees",
            period="2025-05",
            where={"match": "unpaid"},
            numerator=70_000,
            denominator=1,
        ),
    ),
)
