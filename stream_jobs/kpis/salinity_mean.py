"""What was the mean of all counted salinity readings?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Flow
from stream_jobs.salinity_terms import asked
from stream_jobs.worked import salinity

KPI = Kpi(
    title=Doc("Độ mặn trung bình", "Mean salinity"),
    question=asked(
        "Độ mặn trung bình của các số đo hợp lệ là bao nhiêu?",
        "What was the mean of all counted salinity readings?",
    ),
    owner="Sở Nông nghiệp và Môi trường",
    group="salinity",
    contract="reading",
    only={"quantity": "salinity"},
    measure_unit="g/L",
    numerator=Flow("reading.salinity", "value"),
    denominator=Flow("reading.salinity"),
    scale=1000,
    dims={"station": "station_code"},
    examples=(
        Example(
            why="(1 + 3) g/L over two readings is 2 g/L: 4000 mg/L over 2.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 1.0),
                salinity("ST01", "2023-03-02T05:00", 3.0, quality=2),
            ],
            sender="salinity",
            period="2023",
            numerator=4000,
            denominator=2,
        ),
        Example(
            why="Of ST01 alone, twice on one day: 1 and 3 g/L are 4000 mg/L over 2. ST02 had 9.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 1.0),
                salinity("ST01", "2023-03-01T06:00", 3.0),
                salinity("ST02", "2023-03-01T06:00", 9.0),
            ],
            where={"station": "ST01"},
            sender="salinity",
            period="2023",
            numerator=4000,
            denominator=2,
            value="2.000000",
        ),
    ),
)
