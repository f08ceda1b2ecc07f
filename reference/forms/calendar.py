"""Calendar: holidays, and working days that stand in for others. Ordinary days are not listed."""

from hub.reference.form import SOURCE, Column, Form

FORM = Form(
    title_vi="Ngày nghỉ và ngày làm bù",
    title_en="Holidays and swapped working days",
    columns=(
        Column("date", "Ngày", "Date", kind="day"),
        Column(
            "kind",
            "Loại ngày",
            "Kind",
            choices={"nghỉ": "holiday", "làm bù": "working"},
        ),
        Column("name_vi", "Tên", "Name", is_required=False),
        SOURCE,
    ),
    digest_place=4,
    key=("date",),
)
