"""How many minutes ago was the latest event accepted (sống)?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import SinceHeard
from stream_jobs.worked import received

KPI = Kpi(
    title=Doc("Sống: số phút từ sự kiện mới nhất", "Live: minutes since the latest event"),
    question=Doc(
        "Sự kiện mới nhất được nhận cách đây bao nhiêu phút?",
        "How many minutes ago was the latest event accepted (sống)?",
    ),
    owner="Trung tâm giám sát, điều hành",
    group="source",
    contract=None,
    measure_unit="minutes",
    numerator=SinceHeard(),
    denominator=None,
    dims={"source": "source"},
    examples=(
        Example(
            why="Accepted at 08:00, asked at 08:42 and a half: 42 whole minutes.",
            contract="dossier",
            sender="one_stop",
            events=[received("A", "2026-01-05")],
            accepted_at="2026-01-06T08:00:00+07:00",
            at="2026-01-06T08:42:30+07:00",
            period="2026",
            numerator=42,
            denominator=1,
        ),
        Example(
            why="The same, asked of the source that sent it.",
            contract="dossier",
            sender="one_stop",
            events=[received("A", "2026-01-05")],
            where={"source": "one_stop"},
            accepted_at="2026-01-06T08:00:00+07:00",
            at="2026-01-06T08:42:30+07:00",
            period="2026",
            numerator=42,
            denominator=1,
        ),
    ),
)
