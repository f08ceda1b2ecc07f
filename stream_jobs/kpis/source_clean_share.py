"""Of the items received, what share was neither a repeat nor in conflict (sạch)?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import RECEIVED, Accepted
from stream_jobs.worked import received

A = received("A", "2026-01-05")
KPI = Kpi(
    title=Doc(
        "Sạch: tỷ lệ không trùng, không mâu thuẫn", "Clean: share without repeats or conflicts"
    ),
    question=Doc(
        "Tỷ lệ bản ghi không trùng lặp, không mâu thuẫn?",
        "Of the items received, what share was neither a repeat nor in conflict (sạch)?",
    ),
    owner="Trung tâm giám sát, điều hành",
    group="source",
    contract=None,
    measure_unit="share",
    numerator=Accepted(RECEIVED) - Accepted(("duplicate", "conflict")),
    denominator=Accepted(RECEIVED),
    dims={"source": "source"},
    examples=(
        Example(
            why="Three items: one of them is an exact repeat.",
            contract="dossier",
            sender="one_stop",
            events=[A, A, received("B", "2026-01-05")],
            accepted_at="2026-01-06T08:00:00+07:00",
            period="2026",
            numerator=2,
            denominator=3,
        ),
        Example(
            why="Of three items two have one identity and other contents: a conflict. Asked of one"
            " source.",
            contract="dossier",
            sender="one_stop",
            events=[A, A | {"channel": "online"}, received("B", "2026-01-05")],
            where={"source": "one_stop"},
            accepted_at="2026-01-06T08:00:00+07:00",
            period="2026",
            numerator=2,
            denominator=3,
        ),
    ),
)
