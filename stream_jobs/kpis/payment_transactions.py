"""How many payments were made?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.payment_terms import DIMS, METHODS, OWNER, transactions
from stream_jobs.worked import paid

KPI = Kpi(
    title=Doc("Số giao dịch thanh toán", "Payment transactions"),
    question=Doc(
        "Bao nhiêu giao dịch thanh toán?",
        "How many payments were made?",
    ),
    owner=OWNER,
    group="payment",
    contract="payment",
    measure_unit="transactions",
    numerator=transactions(*METHODS),
    denominator=None,
    dims=DIMS,
    examples=(
        Example(
            why="The year's own statistic stands (20); the month inside it is not added.",
            events=[
                paid("cashless", "2023", customers=10, amount=1_000),
                paid("cashless", "2023-05", customers=4, amount=300),
            ],
            sender="payments",
            period="2023",
            numerator=20,
            denominator=1,
        ),
        Example(
            why="The province's own statistic (20) has its district's (8) in it already.",
            events=[
                paid("cashless", "2023", customers=10, amount=1_000),
                paid("cashless", "2023", customers=4, amount=300, area="H57.1"),
            ],
            reference={
                "units": [
                    {"code": code, "parent": parent, "level": level, "name_vi": ""}
                    | {"valid_from": "2021-01-01", "valid_to": ""}
                    for code, parent, level in (
                        ("H57", "", "province"),
                        ("H57.1", "H57", "district"),
                    )
                ]
            },
            sender="payments",
            period="2023",
            numerator=20,
            denominator=1,
        ),
        Example(
            why="Asked by all four dimensions, one statistic is left: 2 × 10. Another service (4),"
            " method (2) or reporter (6) is another statistic, and so is the place below (8).",
            events=[
                paid("cashless", "2023", customers=10, amount=1_000),
                paid("cashless", "2023", customers=2, amount=200, service="water"),
                paid("cash", "2023", customers=1, amount=100),
                paid("cashless", "2023", customers=3, amount=300, reporter="VNPT"),
                paid("cashless", "2023", customers=4, amount=300, area="H57.1"),
            ],
            where={
                "service": "electricity",
                "method": "cashless",
                "reporter": "DIENLUC",
                "area": "H57",
            },
            sender="payments",
            period="2023",
            numerator=20,
            denominator=1,
        ),
    ),
)
