"""Wordings: in which words people are told, by outlet; each goes out once its owner approved it."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Mẫu tin cho người dân",
    title_en="Wordings for people",
    columns=(
        Column("name", "Tên mẫu", "Name"),
        Column("outlet", "Kênh", "Outlet"),
        Column("owner", "Người duyệt", "Who approves it"),
        Column("title", "Tiêu đề", "Title"),
        Column("text", "Lời", "Text"),
        Column(
            "template",
            "Mã mẫu của nhà cung cấp kênh",
            "The provider's id of it",
            is_required=False,
            may_be_empty=True,
        ),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("name", "outlet"),
)
