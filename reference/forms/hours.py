"""Hours: when offices are open on a working day; a unit's own hours stand in place of all units'.

Several rows of one unit are the parts of its day: morning and afternoon.
"""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Giờ làm việc",
    title_en="Working hours",
    columns=(
        Column("unit", "Đơn vị, để trống là mọi đơn vị", "Unit, none for all", may_be_empty=True),
        Column("opens", "Từ giờ", "Opens"),
        Column("closes", "Đến giờ", "Closes"),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("unit", "opens"),
    hours=("opens", "closes"),
    is_open=True,
)
