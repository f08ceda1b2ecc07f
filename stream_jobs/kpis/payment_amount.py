"""How much was paid?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.payment_terms import DIMS, METHODS, OWNER, amount
from stream_jobs.worked import paid

KPI = Kpi(
    title=Doc("Số tiền thanh toán", "Amount paid"),
    question=Doc(
        "Tổng số tiền thanh toán là bao nhiêu?",
        "How much was paid?",
    ),
    owner=OWNER,
    group="payment",
    contract="payment",
    measure_unit="đồng",
    numerator=amount(*METHODS),
    denominator=None,
    dims=DIMS,
    examples=(
        Example(
            why="Revision 2 replaces revision 1, though it came first; cash is another statistic.",
            events=[
                paid("cashless", "2023", customers=10, amount=900, revision=2),
                paid("cashless", "2023", customers=10, amount=1_000, revision=1),
                paid("cash", "2023", customers=1, amount=50),
            ],
            sender="payments",
            period="2023",
            numerator=950,
            denominator=1,
        ),
    ),
)
