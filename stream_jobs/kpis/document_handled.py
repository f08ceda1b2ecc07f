"""How many papers were handled?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.document_terms import DIMS, HANDLED, OWNER, PAPERS

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
    ),
)
