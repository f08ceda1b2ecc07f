"""Lineage: what became of a unit on the day on which it ended."""

from hub.reference.form import SOURCE, Column, Form

FORM = Form(
    title_vi="Chia tách, sáp nhập đơn vị",
    title_en="What became of units",
    columns=(
        Column("from_code", "Mã đơn vị cũ", "Code before"),
        Column("to_code", "Mã đơn vị mới", "Code after", may_be_empty=True),
        Column("date", "Từ ngày", "Since", kind="day"),
        Column(
            "kind",
            "Hình thức",
            "Kind",
            choices={
                "đổi tên": "rename",
                "nhập toàn bộ": "merge",
                "tách một phần": "split",
                "chấm dứt": "end",
            },
        ),
        Column("weight", "Tỷ trọng", "Weight", kind="decimal", may_be_empty=True),
        SOURCE,
    ),
    key=("from_code", "to_code", "date"),
    is_open=True,
)
