"""Of the customers who paid, what share paid via a bank or an intermediary?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.payment_terms import DIMS, METHODS, OWNER, customers
from stream_jobs.worked import paid

KPI = Kpi(
    title=Doc("Tỷ lệ khách hàng qua ngân hàng, trung gian", "Share via intermediaries"),
    question=Doc(
        "Tỷ lệ khách hàng thanh toán qua ngân hàng, tổ chức trung gian?",
        "Of the customers who paid, what share paid via a bank or an intermediary?",
    ),
    owner=OWNER,
    group="payment",
    contract="payment",
    measure_unit="share",
    numerator=customers("cashless", "collection_point"),
    denominator=customers(*METHODS),
    dims=DIMS,
    examples=(
        Example(
            why="A collection point is an intermediary though it takes cash: 8 of 10 customers.",
            events=[
                paid("cashless", "2023", customers=5, amount=700),
                paid("collection_point", "2023", customers=3, amount=200),
                paid("cash", "2023", customers=2, amount=100),
            ],
            sender="payments",
            period="2023",
            numerator=8,
            denominator=10,
        ),
    ),
)
