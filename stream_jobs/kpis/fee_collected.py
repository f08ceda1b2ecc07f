"""How much of the period's fees was paid, less refunds?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.fee_terms import COLLECTED, DIMS, OWNER
from stream_jobs.worked import FEES as EVENTS

KPI = Kpi(
    title=Doc("Phí, lệ phí đã thu", "Fees collected"),
    question=Doc(
        "Phí, lệ phí phát sinh trong kỳ đã thu bao nhiêu, trừ phần đã hoàn?",
        "How much of the period's fees was paid, less refunds?",
    ),
    owner=OWNER,
    group="payment",
    contract="fee",
    measure_unit="đồng",
    numerator=COLLECTED,
    denominator=None,
    dims=DIMS,
    examples=(
        Example(
            why="A 100,000 in two parts; B 50,000, in June less 20,000; C 40,000; D nothing.",
            events=EVENTS,
            sender="fees",
            period="2025-05",
            numerator=170_000,
            denominator=1,
        ),
        Example(
            why="Of those that were underpaid: C.",
            events=EVENTS,
            sender="fees",
            period="2025-05",
            where={"match": "underpaid"},
            numerator=40_000,
            denominator=1,
        ),
    ),
)
