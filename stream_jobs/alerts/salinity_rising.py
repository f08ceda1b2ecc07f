"""Where does salt come in fast?"""

from hub.alerts.rule import Example, Limits, Rule
from hub.alerts.series import Rise
from hub.definitions.contract import Doc
from stream_jobs.worked import salinity

RULE = Rule(
    title=Doc("Độ mặn tăng nhanh", "Salinity that rises fast"),
    question=Doc(
        "Nơi nào mặn xâm nhập nhanh, cùng pha triều tăng từ 2 g/L sau hai kỳ triều?",
        "Where does salt come in fast: by 2 g/L or more since two tides ago, at the same phase?",
    ),
    text=Doc(
        "Trạm {subject}: độ mặn tăng {value} g/L so với 25 giờ trước, từ {at}",
        "Station {subject}: salinity rose by {value} g/L against 25 hours before, since {at}",
    ),
    level="warning",
    owner="Sở Nông nghiệp và Môi trường",
    subject_kind="station",
    measure_unit="g/L",
    series=Rise("reading", "salinity", hours=25),
    limits=(Limits(over=2000, clear=1000, for_minutes=60, quiet_minutes=25 * 60),),
    examples=(
        Example(
            why="3.0 and 3.2 g/L stand 2.5 and 2.2 over 0.5 and 1.0 of 25 hours before, for an"
            " hour; the value at 08:00 has none to be held against.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 0.5),
                salinity("ST01", "2023-03-01T06:00", 1.0),
                salinity("ST01", "2023-03-02T06:00", 3.0),
                salinity("ST01", "2023-03-02T07:00", 3.2),
                salinity("ST01", "2023-03-02T08:00", 9.0),
            ],
            contract="reading",
            at="2023-03-02T09:00:00+07:00",
            raised=[("ST01", "2023-03-02T06:00:00+07:00", None)],
        ),
        Example(
            why="The tide of one day: from 0.5 to 3.0 g/L in five hours, as the day before.",
            events=[
                salinity("ST01", "2023-03-01T05:00", 0.6),
                salinity("ST01", "2023-03-01T10:00", 2.9),
                salinity("ST01", "2023-03-02T06:00", 0.5),
                salinity("ST01", "2023-03-02T11:00", 3.0),
            ],
            contract="reading",
            at="2023-03-02T12:00:00+07:00",
            raised=[],
        ),
    ),
    link="/water?station={subject}&at={since}",
)
