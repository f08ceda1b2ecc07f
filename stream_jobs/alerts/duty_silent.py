"""Who does not report what is owed?"""

from hub.alerts.rule import Example, Limits, Rule
from hub.alerts.series import Silent
from hub.definitions.contract import Doc
from stream_jobs.worked import received

_DUTY = {
    "sender": "so-tu-phap",
    "contract": "dossier",
    "party": "",
    "cadence": "daily",
    "events_per_due": "1",
    "name_vi": "",
    "owner": "",
    "valid_from": "2023-05-01",
    "valid_to": "",
    "source": "example",
}

RULE = Rule(
    title=Doc("Chậm báo cáo theo nghĩa vụ", "Silence where something is owed"),
    question=Doc(
        "Nguồn, đơn vị, trạm nào im lặng lâu hơn nghĩa vụ báo cáo cho phép?",
        "Which sender, unit or station is silent for longer than its duty allows?",
    ),
    text=Doc(
        "{subject}: quá {value} giờ không có dữ liệu phải gửi, tính đến {at}",
        "{subject}: nothing of what is owed came for {value} hours, up to {at}",
    ),
    level="warning",
    owner="Trung tâm điều hành",
    subject_kind="sender",
    measure_unit="h",
    series=Silent(),
    limits=(Limits(),),
    examples=(
        Example(
            why="A dossier a day is owed from 1 May on. What came on 2 May speaks up to its end;"
            " one day and a half after that, at noon of 4 May, it is late, until 6 May.",
            events=[
                received("H57.1-230501-0001", "2023-05-01"),
                received("H57.1-230502-0001", "2023-05-02"),
                received("H57.1-230506-0001", "2023-05-06"),
            ],
            contract="dossier",
            sender="so-tu-phap",
            reference={"duties": [_DUTY]},
            at="2023-05-07T08:00:00+07:00",
            raised=[
                ("so-tu-phap", "2023-05-04T12:00:00+07:00", "2023-05-06T00:00:00+07:00"),
            ],
        ),
        Example(
            why="After 1 May came something of 3 May: one day is missing, and a day and a half is"
            " allowed.",
            events=[
                received("H57.1-230501-0001", "2023-05-01"),
                received("H57.1-230503-0001", "2023-05-03"),
            ],
            contract="dossier",
            sender="so-tu-phap",
            reference={"duties": [_DUTY]},
            at="2023-05-04T08:00:00+07:00",
            raised=[],
        ),
    ),
    every_minutes=60,
    link="/sources",
)
