"""Calendar: days off, and Saturdays that are worked instead. Ordinary days are not listed.

A row names the decision that made it so. No decision was at hand when the installed rows were
written: `source` says where one was read of (`secondary`: quoted by others, without an address).
"""

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
        Column("decision", "Văn bản quyết định", "Decision", is_required=False),
        SOURCE,
    ),
    digest_place=4,
    key=("date",),
    is_open=True,
)
