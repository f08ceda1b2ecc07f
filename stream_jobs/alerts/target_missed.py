"""Which figure is off its course to the year's target?"""

from hub.alerts.rule import Example, Limits, Rule
from hub.alerts.series import Missed
from hub.definitions.contract import Doc
from stream_jobs.worked import received

_TARGET = {
    "kpi": "dossier_online_share",
    "level": "province",
    "valid_from": "2023-01-01",
    "valid_to": "2024-01-01",
    "op": ">=",
    "value": "0.5",
    "source": "example",
}

RULE = Rule(
    title=Doc("Chưa đạt chỉ tiêu năm", "Off course to the year's target"),
    question=Doc(
        "Chỉ số nào cuối tháng còn dưới chỉ tiêu của năm?",
        "Which figure is below the year's target when a month ends?",
    ),
    text=Doc(
        "{subject}: lũy kế {value}, chỉ tiêu năm {threshold}, chưa đạt từ {at}",
        "{subject}: {value} so far, the year's target is {threshold}, off course since {at}",
    ),
    level="notice",
    owner="Trung tâm điều hành",
    subject_kind="kpi",
    measure_unit="share",
    series=Missed(),
    limits=(Limits(is_low=True),),
    examples=(
        Example(
            why="At the end of January one of three came online, by the end of February three of"
            " five: 0.333 and then 0.6 against 0.5.",
            events=[
                received("H57.1-230110-0001", "2023-01-10", "online"),
                received("H57.1-230110-0002", "2023-01-10"),
                received("H57.1-230110-0003", "2023-01-10"),
                received("H57.1-230210-0001", "2023-02-10", "online"),
                received("H57.1-230210-0002", "2023-02-10", "online"),
            ],
            contract="dossier",
            reference={"targets": [_TARGET]},
            at="2023-03-01T01:00:00+07:00",
            raised=[
                (
                    "dossier_online_share/2023",
                    "2023-02-01T00:00:00+07:00",
                    "2023-03-01T00:00:00+07:00",
                )
            ],
        ),
        Example(
            why="One of two online is just the target; and before a month ends nothing is told.",
            events=[
                received("H57.1-230110-0001", "2023-01-10", "online"),
                received("H57.1-230110-0002", "2023-01-10"),
                received("H57.1-230210-0001", "2023-02-10"),
            ],
            contract="dossier",
            reference={"targets": [_TARGET]},
            at="2023-02-20T08:00:00+07:00",
            raised=[],
        ),
    ),
    every_minutes=60,
    link="/",
)
