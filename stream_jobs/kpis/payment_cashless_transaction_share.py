"""Of the payments made, what share was made without cash?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.payment_terms import DIMS, METHODS, OWNER, transactions
from stream_jobs.worked import paid

KPI = Kpi(
    title=Doc("Tỷ lệ giao dịch không dùng tiền mặt", "Cashless share by transactions"),
    question=Doc(
        "Tỷ lệ giao dịch thanh toán không dùng tiền mặt?",
        "Of the payments made, what share was made without cash?",
    ),
    owner=OWNER,
    group="payment",
    contract="payment",
    measure_unit="share",
    numerator=transactions("cashless"),
    denominator=transactions(*METHODS),
    dims=DIMS,
    examples=(
        Example(
            why="Two payments a customer: 10 of 20; a collection point takes cash.",
            events=[
                paid("cashless", "2023", customers=5, amount=700),
                paid("collection_point", "2023", customers=3, amount=200),
                paid("cash", "2023", customers=2, amount=100),
            ],
            sender="payments",
            period="2023",
            numerator=10,
            denominator=20,
        ),
    ),
)
