"""Devices: at which station a logger stands, and what its files do not say themselves."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Thiết bị tự ghi",
    title_en="Loggers",
    columns=(
        Column("device", "Số hiệu thiết bị, hoặc tên trạm trong tệp", "Serial number, or name"),
        Column("station", "Mã trạm", "Station"),
        Column(
            "clock",
            "Múi giờ đồng hồ, ví dụ +07:00 (để trống: +07:00)",
            "Offset of its clock",
            is_required=False,
            may_be_empty=True,
        ),
        Column(
            "dates",
            "Phần đứng trước của ngày (để trống: theo tệp)",
            "What comes first in its dates",
            is_required=False,
            may_be_empty=True,
            choices={"năm trước": "year", "tháng trước": "month", "ngày trước": "day"},
        ),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("device",),
)
