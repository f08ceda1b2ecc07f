"""Of the procedures in force, what share is served fully online?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi, Opened
from hub.figures.terms import Listed
from stream_jobs.worked import PROCEDURES

BY_LEVEL = {"service_level": "service_level"}

KPI = Kpi(
    title=Doc("Tỷ lệ TTHC toàn trình", "Full-online share of procedures"),
    question=Doc(
        "Tỷ lệ thủ tục hành chính cung cấp toàn trình?",
        "Of the procedures in force, what share is served fully online?",
    ),
    owner="Văn phòng UBND tỉnh",
    group="procedure",
    contract=None,
    measure_unit="share",
    numerator=Listed("procedures", BY_LEVEL, {"service_level": "full"}),
    denominator=Listed("procedures", BY_LEVEL),
    dims=BY_LEVEL,
    opened=Opened(tables=((),), periods=("year",), is_of_people=False),
    examples=(
        Example(
            why="Three are in force at the end of 2023: one fully online; the fourth is of 2024.",
            events=[],
            reference={"procedures": PROCEDURES},
            period="2023",
            numerator=1,
            denominator=3,
        ),
        Example(
            why="Of those that are fully online all are: in 2024 two of two.",
            events=[],
            reference={"procedures": PROCEDURES},
            where={"service_level": "full"},
            period="2024",
            numerator=2,
            denominator=2,
        ),
    ),
)
