"""Of the papers that the level of the province handled, what share was handled online?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example
from stream_jobs.document_terms import PAPERS, online_share

KPI = online_share(
    "province",
    Doc("cấp tỉnh", "province"),
    Example(
        why="Of 12 and 8 papers 11 and 7: the revision of H57.1 counts.",
        events=PAPERS,
        sender="documents",
        period="2023",
        numerator=18,
        denominator=20,
    ),
    Example(
        why="Of one unit alone.",
        events=PAPERS,
        sender="documents",
        period="2023",
        where={"unit": "H57.2"},
        numerator=7,
        denominator=8,
    ),
)
