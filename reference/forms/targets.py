"""Targets: what a KPI is to reach in a year."""

from hub.reference.form import LEVELS, SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Chỉ tiêu được giao",
    title_en="Targets",
    columns=(
        Column("kpi", "Chỉ số", "KPI"),
        Column("level", "Cấp", "Level", choices=LEVELS),
        VALID_FROM,
        VALID_TO,
        Column("op", "Phép so sánh", "Comparison", choices={"từ": ">=", "trên": ">"}),
        Column("value", "Giá trị", "Value", kind="decimal"),
        SOURCE,
    ),
    digest_place=5,
    key=("kpi", "level"),
)
