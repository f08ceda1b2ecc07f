"""Which sensor has failed?"""

from hub.alerts.rule import Example, Limits, Rule
from hub.alerts.series import Faults
from hub.definitions.contract import Doc
from stream_jobs.worked import salinity

RULE = Rule(
    title=Doc("Đầu đo hỏng", "Faulty sensor"),
    question=Doc(
        "Đầu đo nào gửi số đo không dùng được từ ba giờ trở lên?",
        "Which sensor has sent nothing usable for three hours or more?",
    ),
    text=Doc(
        "Đầu đo {subject}: số đo bị gắn cờ hoặc thiếu từ {at}, không được tính; cần kiểm tra",
        "Sensor {subject}: values are flagged or missing since {at}, and count nowhere; look at it",
    ),
    level="warning",
    owner="Sở Nông nghiệp và Môi trường",
    subject_kind="sensor",
    measure_unit="",
    series=Faults("reading"),
    limits=(Limits(for_minutes=180),),
    examples=(
        Example(
            why="Four values of a stuck sensor, from 05:00 to 08:00; at 09:00 it is well again.",
            events=[
                salinity("ST04", "2023-03-01T04:00", 1.2, quality=1),
                *(salinity("ST04", f"2023-03-01T0{n}:00", 2.345, quality=4) for n in (5, 6, 7, 8)),
                salinity("ST04", "2023-03-01T09:00", 1.1, quality=1),
            ],
            contract="reading",
            at="2023-03-01T10:00:00+07:00",
            raised=[("ST04/salinity", "2023-03-01T05:00:00+07:00", "2023-03-01T09:00:00+07:00")],
        ),
        Example(
            why="A single spike is no fault of the sensor.",
            events=[
                salinity("ST04", "2023-03-01T04:00", 1.2),
                salinity("ST04", "2023-03-01T05:00", 9.9, quality=3),
                salinity("ST04", "2023-03-01T06:00", 1.1),
            ],
            contract="reading",
            at="2023-03-01T10:00:00+07:00",
            raised=[],
        ),
    ),
    link="/v1/flags",
)
