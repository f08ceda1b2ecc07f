"""Of the items received, what share kept its contract (đúng)?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import RECEIVED, Accepted
from stream_jobs.worked import received

KPI = Kpi(
    title=Doc("Đúng: tỷ lệ bản ghi hợp lệ", "Correct: share of valid items"),
    question=Doc(
        "Tỷ lệ bản ghi đúng hợp đồng dữ liệu?",
        "Of the items received, what share kept its contract (đúng)?",
    ),
    owner="Trung tâm giám sát, điều hành",
    group="source",
    contract=None,
    measure_unit="share",
    numerator=Accepted(RECEIVED) - Accepted(("quarantined",)),
    denominator=Accepted(RECEIVED),
    dims={"source": "source"},
    examples=(
        Example(
            why="Of two items sent, the one with an unknown field is rejected.",
            contract="dossier",
            sender="one_stop",
            events=[received("A", "2026-01-05"), received("B", "2026-01-05") | {"colour": "red"}],
            accepted_at="2026-01-06T08:00:00+07:00",
            period="2026",
            numerator=1,
            denominator=2,
        ),
        Example(
            why="The same, asked of the source that sent them.",
            contract="dossier",
            sender="one_stop",
            events=[received("A", "2026-01-05"), received("B", "2026-01-05") | {"colour": "red"}],
            where={"source": "one_stop"},
            accepted_at="2026-01-06T08:00:00+07:00",
            period="2026",
            numerator=1,
            denominator=2,
        ),
    ),
)
