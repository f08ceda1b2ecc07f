"""What was the highest salinity?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi, Opened
from hub.figures.terms import Peak
from stream_jobs.salinity_terms import asked
from stream_jobs.worked import salinity

KPI = Kpi(
    title=Doc("Độ mặn cao nhất", "Highest salinity"),
    question=asked(
        "Độ mặn cao nhất là bao nhiêu?",
        "What was the highest salinity?",
    ),
    owner="Sở Nông nghiệp và Môi trường",
    group="salinity",
    contract="reading",
    only={"quantity": "salinity"},
    measure_unit="g/L",
    numerator=Peak("reading.salinity_max"),
    denominator=None,
    scale=1000,
    dims={"station": "station_code"},
    opened=Opened(tables=(("station",),), periods=("day", "month"), is_of_people=False),
    examples=(
        Example(
            why="9.9 g/L failed quality control: 4.123 g/L (4123 mg/L) counts.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 4.123),
                salinity("ST02", "2023-03-01T05:00", 1.5, quality=1),
                salinity("ST01", "2023-03-01T06:00", 9.9, quality=4),
            ],
            sender="salinity",
            period="2023",
            numerator=4123,
            denominator=1,
            value="4.123000",
        ),
        Example(
            why="Asked of ST02 alone: 1.5 g/L, though ST01 had 4.123.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 4.123),
                salinity("ST02", "2023-03-01T05:00", 1.5),
            ],
            where={"station": "ST02"},
            sender="salinity",
            period="2023",
            numerator=1500,
            denominator=1,
            value="1.500000",
        ),
    ),
)
