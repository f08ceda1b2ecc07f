"""Where is the water too salty for orchards and intakes?"""

from hub.alerts.rule import Example, Limits, Rule
from hub.alerts.series import Values
from hub.definitions.contract import Doc
from stream_jobs.worked import salinity

RULE = Rule(
    title=Doc("Độ mặn từ 1 g/L", "Salinity of 1 g/L and more"),
    question=Doc(
        "Nơi nào nước mặn từ 1 g/L, ảnh hưởng vườn cây và điểm lấy nước?",
        "Where is the water of 1 g/L or more, too salty for orchards and intakes?",
    ),
    text=Doc(
        "Trạm {subject}: độ mặn {value} g/L, quá ngưỡng {threshold} g/L hai giờ liền, từ {at}",
        "Station {subject}: salinity {value} g/L, over {threshold} g/L for two hours, since {at}",
    ),
    level="notice",
    owner="Sở Nông nghiệp và Môi trường",
    subject_kind="station",
    measure_unit="g/L",
    series=Values("reading", "salinity"),
    # It ends once two tides (25 hours) brought nothing over it again.
    limits=(Limits(over=1000, clear=900, for_minutes=120, quiet_minutes=25 * 60),),
    examples=(
        Example(
            why="1.0, 1.4 and 1.2 g/L stand over it for two hours; at 08:00 it is 0.8, and for the"
            " 25 hours after that nothing is over it again.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 1.0),
                salinity("ST01", "2023-03-01T06:00", 1.4),
                salinity("ST01", "2023-03-01T07:00", 1.2),
                salinity("ST01", "2023-03-01T08:00", 0.8),
            ],
            contract="reading",
            at="2023-03-02T09:00:00+07:00",
            raised=[("ST01", "2023-03-01T05:00:00+07:00", "2023-03-01T08:00:00+07:00")],
        ),
        Example(
            why="One hour over it is too short, and what failed quality control is no salt.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 1.4),
                salinity("ST01", "2023-03-01T06:00", 1.2),
                salinity("ST01", "2023-03-01T07:00", 9.9, quality=4),
                salinity("ST01", "2023-03-01T08:00", 0.8),
            ],
            contract="reading",
            at="2023-03-02T09:00:00+07:00",
            raised=[],
        ),
    ),
    link="/water?station={subject}&at={since}",
)
