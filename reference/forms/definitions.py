"""Which version of a KPI is in force from which day on.

A KPI without a row goes by its first version, as does any day that no row covers. A period goes by
the version of its first day.
"""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Phiên bản chỉ số có hiệu lực",
    title_en="Versions of KPIs in force",
    columns=(
        Column("kpi", "Chỉ số", "KPI"),
        Column("version", "Phiên bản", "Version"),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("kpi",),
)
