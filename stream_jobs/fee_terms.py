"""What the KPIs of dossier fees share. A fee is of the period in which it was first heard of."""

from hub.figures.terms import Flow

OWNER = "Sở Tài chính"
DIMS = {"unit": "unit", "match": "match"}
FEES = Flow("fee.collected")
COLLECTED = Flow("fee.collected", "value")
UNMATCHED = Flow("fee.unmatched")
APART = Flow("fee.unmatched", "value")
