"""How many papers were handled?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.document_terms import DIMS, HANDLED, OWNER, PAPERS
from stream_jobs.worked import reused

KPI = Kpi(
    title=Doc("Văn bản đã xử lý", "Papers handled"),
    question=Doc("Bao nhiêu văn bản đã được xử lý trong kỳ?", "How many papers were handled?"),
    owner=OWNER,
    group="document",
    contract="document",
    measure_unit="papers",
    numerator=HANDLED,
    denominator=None,
    dims=DIMS,
    role="unit",
    examples=(
        Example(
            why="12 + 8 + 25 + 4 + 8: of H57.1 the revision counts.",
            events=PAPERS,
            sender="documents",
            period="2023",
            numerator=57,
            denominator=1,
        ),
        Example(
            why="In May without the commune of June.",
            events=PAPERS,
            sender="documents",
            period="2023-05",
            numerator=49,
            denominator=1,
        ),
        Example(
            why="Of the district H57.21 and the commune that was below it on the day: 25 + 4.",
            events=PAPERS,
            sender="documents",
            period="2023-05",
            where={"unit": "H57.21"},
            reference={"units": reused("H57.32", "2023-06-01")},
            numerator=29,
            denominator=1,
        ),
        Example(
            why="Of H57.22, to which H57.33 belongs from the day on of which its papers are.",
            events=PAPERS,
            sender="documents",
            period="2023",
            where={"unit": "H57.22"},
            reference={"units": reused("H57.33", "2023-06-01")},
            numerator=8,
            denominator=1,
        ),
    ),
)
