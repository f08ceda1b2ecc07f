"""Of the stations in force, what share reported a reading?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Distinct, Listed
from stream_jobs.worked import salinity

KPI = Kpi(
    title=Doc("Tỷ lệ trạm có số đo", "Share of stations reporting"),
    question=Doc(
        "Tỷ lệ trạm có số đo trong kỳ?",
        "Of the stations in force, what share reported a reading?",
    ),
    owner="Sở Nông nghiệp và Môi trường",
    group="salinity",
    contract="reading",
    measure_unit="share",
    numerator=Distinct("reading.counted", "station_code", "stations"),
    denominator=Listed("stations", {"station_code": "code"}),
    dims={"station": "station_code"},
    examples=(
        Example(
            why="ST01 reported twice, ST02 only a failed reading: one of two stations.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 1.0),
                salinity("ST01", "2023-03-01T06:00", 1.0),
                salinity("ST02", "2023-03-01T05:00", 1.0, quality=9),
            ],
            reference={
                "stations": [
                    {"code": "ST01", "valid_from": "2021-01-01", "valid_to": ""},
                    {"code": "ST02", "valid_from": "2021-01-01", "valid_to": ""},
                ]
            },
            sender="salinity",
            period="2023",
            numerator=1,
            denominator=2,
        ),
        Example(
            why="ST02 reported a water level, which is a reading as well; asked of it: one of one.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 1.0),
                salinity("ST02", "2023-03-01T05:00", 1.0)
                | {"quantity": "water_level", "unit": "m", "value": 1.25},
            ],
            reference={
                "stations": [
                    {"code": "ST01", "valid_from": "2021-01-01", "valid_to": ""},
                    {"code": "ST02", "valid_from": "2021-01-01", "valid_to": ""},
                ]
            },
            where={"station": "ST02"},
            sender="salinity",
            period="2023",
            numerator=1,
            denominator=1,
        ),
    ),
)
