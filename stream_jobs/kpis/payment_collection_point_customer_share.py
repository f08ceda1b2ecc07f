"""Of the customers who paid, what share paid cash at a collection point?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.payment_terms import DIMS, METHODS, OWNER, customers
from stream_jobs.worked import paid

KPI = Kpi(
    title=Doc("Tỷ lệ khách hàng tại điểm thu tiền mặt", "Share at cash collection points"),
    question=Doc(
        "Tỷ lệ khách hàng nộp tiền mặt tại điểm thu của trung gian?",
        "Of the customers who paid, what share paid cash at a collection point?",
    ),
    owner=OWNER,
    group="payment",
    contract="payment",
    measure_unit="share",
    numerator=customers("collection_point"),
    denominator=customers(*METHODS),
    dims=DIMS,
    examples=(
        Example(
            why="3 of 10 customers.",
            events=[
                paid("cashless", "2023", customers=5, amount=700),
                paid("collection_point", "2023", customers=3, amount=200),
                paid("cash", "2023", customers=2, amount=100),
            ],
            sender="payments",
            period="2023",
            numerator=3,
            denominator=10,
        ),
    ),
)
