"""Of the procedures in force, what share is served fully online?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Listed

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
    examples=(
        Example(
            why="Two are in force at the end of 2023: one fully online; the third is of 2024.",
            events=[],
            reference={
                "procedures": [
                    {
                        "code": "1.000001",
                        "service_level": "full",
                        "valid_from": "2021-01-01",
                        "valid_to": "",
                    },
                    {
                        "code": "1.000002",
                        "service_level": "partial",
                        "valid_from": "2021-01-01",
                        "valid_to": "",
                    },
                    {
                        "code": "1.000003",
                        "service_level": "full",
                        "valid_from": "2024-01-01",
                        "valid_to": "",
                    },
                ]
            },
            period="2023",
            numerator=1,
            denominator=2,
        ),
    ),
)
