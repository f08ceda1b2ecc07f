"""Units: the province, its departments, districts and communes, and what each is part of."""

from hub.reference.form import LEVELS, SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Đơn vị",
    title_en="Units",
    columns=(
        Column("code", "Mã đơn vị", "Code"),
        Column("name_vi", "Tên đơn vị", "Name", is_required=False),
        Column("level", "Cấp", "Level", choices=LEVELS),
        Column("parent", "Thuộc đơn vị", "Part of", may_be_empty=True),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    digest_place=1,
    parent="parent",
    is_open=True,
)
