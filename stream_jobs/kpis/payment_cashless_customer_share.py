"""Of the customers who paid, what share paid without cash?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.payment_terms import DIMS, METHODS, OWNER, customers
from stream_jobs.worked import paid

KPI = Kpi(
    title=Doc("Tỷ lệ khách hàng không dùng tiền mặt", "Cashless share by customers"),
    question=Doc(
        "Tỷ lệ khách hàng thanh toán không dùng tiền mặt?",
        "Of the customers who paid, what share paid without cash?",
    ),
    owner=OWNER,
    group="payment",
    contract="payment",
    measure_unit="share",
    numerator=customers("cashless"),
    denominator=customers(*METHODS),
    dims=DIMS,
    examples=(
        Example(
            why="Cash at a collection point is not cashless: 5 of 10 customers.",
            events=[
                paid("cashless", "2023", customers=5, amount=700),
                paid("collection_point", "2023", customers=3, amount=200),
                paid("cash", "2023", customers=2, amount=100),
            ],
            sender="payments",
            period="2023",
            numerator=5,
            denominator=10,
        ),
    ),
)
