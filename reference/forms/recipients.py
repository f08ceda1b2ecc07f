"""Recipients: who is told of alerts, by role, unit, level and hour, through which outlet."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Người nhận cảnh báo",
    title_en="Recipients of alerts",
    columns=(
        Column("name", "Người hoặc bộ phận nhận", "Who is told"),
        Column("role", "Vai trò", "Role"),
        Column("unit", "Mã đơn vị, để trống là tất cả", "Unit, empty: all", may_be_empty=True),
        Column(
            "level_from",
            "Từ mức",
            "Level from",
            choices={
                "thông tin": "notice",
                "cảnh báo": "warning",
                "nghiêm trọng": "critical",
                "khi leo thang": "escalated",
            },
        ),
        Column("from_hour", "Nhận từ giờ", "Told from", may_be_empty=True),
        Column("until_hour", "Đến giờ", "Told until", may_be_empty=True),
        Column(
            "otherwise",
            "Ngoài giờ",
            "Out of hours",
            is_required=False,
            may_be_empty=True,
            choices={"gộp lại": "digest", "vẫn báo": "at_once", "không báo": "nothing"},
        ),
        Column("outlet", "Kênh", "Outlet"),
        Column("address", "Địa chỉ", "Address"),
        Column(
            "escalate_minutes",
            "Leo thang sau số phút",
            "Escalated after minutes",
            is_required=False,
            kind="count",
            may_be_empty=True,
        ),
        Column(
            "escalate_to",
            "Leo thang đến vai trò",
            "Escalated to role",
            is_required=False,
            may_be_empty=True,
        ),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("name", "outlet"),
    hours=("from_hour", "until_hour"),
)
