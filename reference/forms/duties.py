"""Duties: which sender owes events under which contract, how often, from when until when."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Nghĩa vụ báo cáo",
    title_en="Duties to report",
    columns=(
        Column("sender", "Bên gửi", "Sender"),
        Column("contract", "Hợp đồng dữ liệu", "Contract"),
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
        Column("name_vi", "Tên bên gửi", "Name", is_required=False),
        Column("owner", "Cơ quan chịu trách nhiệm", "Owner", is_required=False),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("sender", "contract"),
)
