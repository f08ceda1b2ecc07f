"""Duties: who owes events under which contract, how often, from when until when.

Who owes is a sender, or a party within what is sent: a bank that reports, a station, a unit that
receives dossiers; or both. A report of a day, month or year is due by the end of the day that is
`due_days` after its last; where that is empty, it is missing once its period is over, and never
late.
"""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Nghĩa vụ báo cáo",
    title_en="Duties to report",
    columns=(
        Column("sender", "Bên gửi", "Sender", may_be_empty=True),
        Column("contract", "Hợp đồng dữ liệu", "Contract"),
        Column(
            "party",
            "Bên báo cáo, trạm hoặc đơn vị",
            "Reporter, station or unit",
            is_required=False,
            may_be_empty=True,
        ),
        Column(
            "cadence",
            "Nhịp báo cáo",
            "Cadence",
            choices={
                "hằng ngày": "daily",
                "ngày làm việc": "working_day",
                "hằng tháng": "monthly",
                "hằng năm": "yearly",
            },
        ),
        Column("events_per_due", "Số sự kiện mỗi kỳ", "Events a time", kind="count"),
        Column(
            "due_days",
            "Hạn gửi: số ngày sau khi hết kỳ",
            "Due so many days after the period",
            is_required=False,
            kind="count",
            may_be_empty=True,
        ),
        Column("name_vi", "Tên bên gửi", "Name", is_required=False),
        Column("owner", "Cơ quan chịu trách nhiệm", "Owner", is_required=False),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("sender", "contract", "party"),
    one_of=("sender", "party"),
)
