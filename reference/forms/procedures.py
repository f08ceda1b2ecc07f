"""Procedures: the administrative procedures of the province, and how far each is online."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Thủ tục hành chính",
    title_en="Administrative procedures",
    columns=(
        Column("code", "Mã thủ tục", "Code"),
        Column("name_vi", "Tên thủ tục", "Name", is_required=False),
        Column("field_vi", "Lĩnh vực", "Field", is_required=False, may_be_empty=True),
        Column(
            "service_level",
            "Mức độ cung cấp",
            "Service level",
            choices={"toàn trình": "full", "một phần": "partial", "còn lại": "information"},
        ),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    digest_place=2,
    is_open=True,
)
