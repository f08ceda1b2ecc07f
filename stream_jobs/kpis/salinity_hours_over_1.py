"""In how many clock hours was salinity at least 1 g/L?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Joint
from stream_jobs.salinity_terms import asked
from stream_jobs.worked import salinity

KPI = Kpi(
    title=Doc("Số giờ mặn ≥ 1 g/L", "Hours with salinity ≥ 1 g/L"),
    question=asked(
        "Bao nhiêu giờ đồng hồ có độ mặn từ 1 g/L trở lên, ở ít nhất một trạm?",
        "In how many clock hours was salinity at least 1 g/L at some station?",
    ),
    owner="Sở Nông nghiệp và Môi trường",
    group="salinity",
    contract="reading",
    only={"quantity": "salinity"},
    measure_unit="hours",
    numerator=Joint("reading.hours_over_1"),
    denominator=None,
    dims={"station": "station_code"},
    examples=(
        Example(
            why="Two in the hour of 05 count once, 1 g/L at 06:00 counts, 0.999 does not.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 1.5),
                salinity("ST01", "2023-03-01T05:30", 1.7),
                salinity("ST01", "2023-03-01T06:00", 1.0),
                salinity("ST01", "2023-03-01T07:00", 0.999),
            ],
            sender="salinity",
            period="2023",
            numerator=2,
            denominator=1,
        ),
        Example(
            why="Hours of the clock: 05 at three stations is one hour, 07 at one of them another.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 1.5),
                salinity("ST02", "2023-03-01T05:10", 1.5),
                salinity("ST03", "2023-03-01T05:59", 1.5),
                salinity("ST02", "2023-03-01T07:00", 1.5),
            ],
            sender="salinity",
            period="2023",
            numerator=2,
            denominator=1,
        ),
        Example(
            why="Asked of ST02 alone: 05 and 07 are two hours, and 06 at ST01 is not one of them.",
            events=[
                salinity("ST02", "2023-03-01T05:10", 1.5),
                salinity("ST01", "2023-03-01T06:00", 1.5),
                salinity("ST02", "2023-03-01T07:00", 1.5),
            ],
            where={"station": "ST02"},
            sender="salinity",
            period="2023",
            numerator=2,
            denominator=1,
        ),
    ),
)
