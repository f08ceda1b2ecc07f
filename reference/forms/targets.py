"""Targets: what a KPI is to reach in a year, or not to exceed, by level, or by a unit alone.

A row without a unit is for every unit of its level; one with a unit stands in its place for that
unit. `pace` is for a year's volume: by what its plan is dealt out over the days of the year, by
working days or as last year went. Without it a target is held against each period as it is.
"""

from hub.reference.form import LEVELS, SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Chỉ tiêu được giao",
    title_en="Targets",
    columns=(
        Column("kpi", "Chỉ số", "KPI"),
        Column("level", "Cấp", "Level", choices=LEVELS),
        Column(
            "unit",
            "Riêng đơn vị, để trống là mọi đơn vị của cấp",
            "Of one unit, none for all of its level",
            is_required=False,
            may_be_empty=True,
        ),
        VALID_FROM,
        VALID_TO,
        Column(
            "op",
            "Phép so sánh",
            "Comparison",
            choices={"từ": ">=", "trên": ">", "không quá": "<=", "dưới": "<"},
        ),
        Column("value", "Giá trị", "Value", kind="decimal"),
        Column(
            "pace",
            "Tiến độ năm theo",
            "Paced by",
            is_required=False,
            may_be_empty=True,
            choices={"ngày làm việc": "working_days", "năm trước": "last_year"},
        ),
        SOURCE,
    ),
    digest_place=5,
    key=("kpi", "level", "unit"),
    is_open=True,
)
