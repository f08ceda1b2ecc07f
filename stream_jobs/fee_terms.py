"""What the KPIs of dossier fees share. A fee is of the period in which it was first heard of."""

from hub.figures.terms import Flow
from stream_jobs.worked import Json, fee

OWNER = "Sở Tài chính"
DIMS = {"unit": "unit", "match": "match"}
FEES = Flow("fee.collected")
COLLECTED = Flow("fee.collected", "value")
UNMATCHED = Flow("fee.unmatched")
APART = Flow("fee.unmatched", "value")


def settled(code: str, number: str, at: str, amount: int) -> Json:
    """Write a payment online that the bank settled on the same day."""
    return fee(
        code, "paid", at, amount, transaction_id=number, channel="online", settled_on=at[:10]
    )


def receipt(code: str, number: str, at: str, amount: int) -> Json:
    """Write a receipt."""
    return fee(code, "receipt_issued", at, amount, receipt_number=number)


# A: 100,000 in two payments, with a receipt. B: 50,000 paid, 20,000 refunded as 30,000 are owed,
# with a receipt of 30,000 in place of a cancelled one. C: 40,000 paid of 60,000, receipt of 40,000.
# D: assessed at 70,000 and unpaid.
EVENTS = [
    fee("A", "assessed", "2025-05-04", 100_000),
    settled("A", "T1", "2025-05-04T09:00", 60_000),
    settled("A", "T2", "2025-05-06", 40_000),
    receipt("A", "B1", "2025-05-06T10:00", 100_000),
    fee("B", "assessed", "2025-05-05", 50_000),
    settled("B", "T3", "2025-05-05", 50_000),
    receipt("B", "B2", "2025-05-05", 50_000),
    fee("B", "assessed", "2025-06-20", 30_000),
    fee("B", "refunded", "2025-06-20", 20_000, transaction_id="T4", channel="bank"),
    fee("B", "receipt_cancelled", "2025-06-20", receipt_number="B2"),
    receipt("B", "B3", "2025-06-20", 30_000),
    fee("C", "assessed", "2025-05-07", 60_000),
    settled("C", "T5", "2025-05-07", 40_000),
    receipt("C", "B4", "2025-05-07", 40_000),
    fee("D", "assessed", "2025-05-08", 70_000),
]
