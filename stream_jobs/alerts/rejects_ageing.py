"""Whose rejected records does nobody mend?"""

from hub.alerts.rule import Example, Limits, Rule
from hub.alerts.series import Ageing
from hub.definitions.contract import Doc
from stream_jobs.worked import salinity

_WRONG = {**salinity("ST01", "2023-03-01T05:00", 1.0), "unit": "ppt"}

RULE = Rule(
    title=Doc("Bản ghi bị từ chối tồn đọng", "Rejected records that grow old"),
    question=Doc(
        "Nguồn nào có bản ghi bị từ chối quá ba ngày chưa ai sửa, gửi lại hay bỏ?",
        "Whose rejected records has nobody sent again or discarded for three days?",
    ),
    text=Doc(
        "{subject}: {value} bản ghi bị từ chối quá ba ngày chưa được xử lý, tính từ {at}",
        "{subject}: {value} rejected records are older than three days, since {at}",
    ),
    level="notice",
    owner="Cán bộ đầu mối dữ liệu",
    subject_kind="sender",
    measure_unit="",
    series=Ageing(days=3),
    limits=(Limits(over=1000, clear=1000),),
    examples=(
        Example(
            why="An unknown unit, rejected on 1 March at 10:00, is too old on 4 March.",
            events=[_WRONG],
            contract="reading",
            sender="logger",
            accepted_at="2023-03-01T10:00:00+07:00",
            at="2023-03-04T11:00:00+07:00",
            raised=[("logger/reading", "2023-03-04T10:00:00+07:00", None)],
        ),
        Example(
            why="An hour before three days are over it is not too old.",
            events=[_WRONG],
            contract="reading",
            sender="logger",
            accepted_at="2023-03-01T10:00:00+07:00",
            at="2023-03-04T09:00:00+07:00",
            raised=[],
        ),
    ),
    every_minutes=60,
    link="/repair",
)
