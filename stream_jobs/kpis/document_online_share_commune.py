"""Of the papers that the level of the commune handled, what share was handled online?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example
from stream_jobs.document_terms import PAPERS, online_share

KPI = online_share(
    "commune",
    Doc("cấp xã", "commune"),
    Example(
        why="One of 4 in May, 8 of 8 in June.",
        events=PAPERS,
        sender="documents",
        period="2023",
        numerator=9,
        denominator=12,
    ),
    Example(
        why="Of one unit alone.",
        events=PAPERS,
        sender="documents",
        period="2023",
        where={"unit": "H57.33"},
        numerator=8,
        denominator=8,
    ),
)
