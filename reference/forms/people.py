"""People: which role somebody has who signs in, by what the province's sign-on says of them."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Người dùng và vai trò",
    title_en="People and roles",
    columns=(
        Column("who", "Nhóm hoặc tài khoản trên hệ thống đăng nhập", "Group or account there"),
        Column(
            "role",
            "Vai trò",
            "Role",
            choices={
                "lãnh đạo": "leader",
                "phân tích": "analyst",
                "cán bộ dữ liệu": "data_officer",
                "đơn vị": "department",
                "vận hành": "operator",
                "kiểm toán": "auditor",
            },
        ),
        Column("unit", "Mã đơn vị, để trống là toàn tỉnh", "Unit, empty: all", may_be_empty=True),
        Column(
            "sender",
            "Tên khóa của đơn vị",
            "Name of the unit's key",
            is_required=False,
            may_be_empty=True,
        ),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("who", "role", "unit"),
    needs={"role": {"department": ("unit",)}},
)
