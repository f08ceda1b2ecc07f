"""Which station is silent?"""

from hub.alerts.rule import Example, Limits, Rule
from hub.alerts.series import Gaps
from hub.definitions.contract import Doc
from stream_jobs.worked import salinity

RULE = Rule(
    title=Doc("Trạm mất tín hiệu", "Silent station"),
    question=Doc(
        "Trạm nào đo mỗi giờ mà từ sáu giờ nay không có số đo nào?",
        "Which station, due every hour, has sent nothing for six hours?",
    ),
    text=Doc(
        "Trạm {subject}: không có số đo nào trong {value} giờ, tính đến {at}",
        "Station {subject}: nothing was measured for {value} hours, up to {at}",
    ),
    level="warning",
    owner="Sở Nông nghiệp và Môi trường",
    subject_kind="station",
    measure_unit="h",
    series=Gaps("reading", hours=6),
    limits=(Limits(),),
    examples=(
        Example(
            why="After 05:00 the next value is of 13:00: silent since 11:00, until 13:00.",
            events=[
                salinity("ST07", "2023-03-01T05:00", 1.2),
                salinity("ST07", "2023-03-01T13:00", 1.1),
            ],
            contract="reading",
            at="2023-03-01T14:00:00+07:00",
            raised=[("ST07", "2023-03-01T11:00:00+07:00", "2023-03-01T13:00:00+07:00")],
        ),
        Example(
            why="Five hours are not six; and a bad value says that the station is there.",
            events=[
                salinity("ST07", "2023-03-01T05:00", 1.2),
                salinity("ST07", "2023-03-01T10:00", 9.9, quality=4),
            ],
            contract="reading",
            at="2023-03-01T15:00:00+07:00",
            raised=[],
        ),
    ),
    escalate_minutes=12 * 60,
    link="/water?station={subject}&at={since}",
)
