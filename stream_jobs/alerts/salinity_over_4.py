"""Where is the water too salty for rice?"""

from hub.alerts.rule import Example, Limits, Rule
from hub.alerts.series import Values
from hub.definitions.contract import Doc
from stream_jobs.worked import salinity

RULE = Rule(
    title=Doc("Độ mặn từ 4 g/L", "Salinity of 4 g/L and more"),
    question=Doc(
        "Nơi nào nước mặn từ 4 g/L, phải đóng cống giữ ngọt cho lúa?",
        "Where is the water of 4 g/L or more, so that sluices are to be shut for the rice?",
    ),
    text=Doc(
        "Trạm {subject}: độ mặn {value} g/L, từ ngưỡng {threshold} g/L trở lên, từ {at}",
        "Station {subject}: salinity {value} g/L, at or over {threshold} g/L, since {at}",
    ),
    level="critical",
    owner="Sở Nông nghiệp và Môi trường",
    subject_kind="station",
    measure_unit="g/L",
    series=Values("reading", "salinity"),
    # One value is enough: a sluice that is shut an hour late lets the salt in.
    limits=(Limits(over=4000, clear=3600, quiet_minutes=25 * 60),),
    examples=(
        Example(
            why="Over 4 g/L with two tides, twelve hours apart: one alert, that still stands.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 4.0),
                salinity("ST01", "2023-03-01T06:00", 3.5),
                salinity("ST01", "2023-03-01T18:00", 4.2),
                salinity("ST01", "2023-03-01T19:00", 3.7),
            ],
            contract="reading",
            at="2023-03-01T20:00:00+07:00",
            raised=[("ST01", "2023-03-01T05:00:00+07:00", None)],
        ),
        Example(
            why="3.999 g/L is not 4.",
            events=[salinity("ST01", "2023-03-01T05:00", 3.999)],
            contract="reading",
            at="2023-03-01T20:00:00+07:00",
            raised=[],
        ),
    ),
    escalate_minutes=60,
    link="/water?station={subject}&at={since}",
)
