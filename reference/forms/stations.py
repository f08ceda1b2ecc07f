"""Stations: where salinity is measured."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Trạm quan trắc",
    title_en="Stations",
    columns=(
        Column("code", "Mã trạm", "Code"),
        Column("name_vi", "Tên trạm", "Name", is_required=False),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    digest_place=3,
)
