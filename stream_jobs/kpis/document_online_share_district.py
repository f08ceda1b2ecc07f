"""Of the papers that the level of the district handled, what share was handled online?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example
from stream_jobs.document_terms import PAPERS, online_share

KPI = online_share(
    "district",
    Doc("cấp huyện", "district"),
    Example(
        why="One district: 22 of 25.",
        events=PAPERS,
        sender="documents",
        period="2023",
        numerator=22,
        denominator=25,
    ),
    Example(
        why="Of one unit alone.",
        events=PAPERS,
        sender="documents",
        period="2023",
        where={"unit": "H57.21"},
        numerator=22,
        denominator=25,
    ),
)
