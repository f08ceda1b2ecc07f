"""Of the amount paid, what share was paid without cash?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.payment_terms import DIMS, METHODS, OWNER, amount
from stream_jobs.worked import paid

KPI = Kpi(
    title=Doc("Tỷ lệ số tiền không dùng tiền mặt", "Cashless share by amount"),
    question=Doc(
        "Tỷ lệ số tiền thanh toán không dùng tiền mặt?",
        "Of the amount paid, what share was paid without cash?",
    ),
    owner=OWNER,
    group="payment",
    contract="payment",
    measure_unit="share",
    numerator=amount("cashless"),
    denominator=amount(*METHODS),
    dims=DIMS,
    examples=(
        Example(
            why="700 of 1,000 đồng.",
            events=[
                paid("cashless", "2023", customers=5, amount=700),
                paid("collection_point", "2023", customers=3, amount=200),
                paid("cash", "2023", customers=2, amount=100),
            ],
            sender="payments",
            period="2023",
            numerator=700,
            denominator=1000,
        ),
    ),
)
