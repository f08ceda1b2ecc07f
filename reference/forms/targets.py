"""Targets: what a KPI is to reach in a year."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Chỉ tiêu được giao",
    title_en="Targets",
    columns=(
        Column("kpi", "Chỉ số", "KPI"),
        Column("level", "Cấp", "Level"),
        VALID_FROM,
        VALID_TO,
        Column("op", "Phép so sánh", "Comparison"),
        Column("value", "Giá trị", "Value"),
        SOURCE,
    ),
    digest_place=5,
)
