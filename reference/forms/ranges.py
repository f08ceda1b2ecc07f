"""Ranges: between which values a quantity is at a station, or at all. What is not is refused."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Ngưỡng giá trị đo",
    title_en="Ranges of readings",
    columns=(
        Column(
            "quantity",
            "Đại lượng đo",
            "Quantity",
            choices={
                "độ mặn": "salinity",
                "mực nước": "water_level",
                "nhiệt độ": "temperature",
                "độ pH": "ph",
                "độ dẫn điện": "conductivity",
                "oxy hòa tan": "dissolved_oxygen",
            },
        ),
        Column("station", "Mã trạm (để trống: mọi trạm)", "Station, or all", may_be_empty=True),
        Column("low", "Từ giá trị", "Least", kind="decimal"),
        Column("high", "Đến giá trị", "Greatest", kind="decimal"),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("quantity", "station"),
)
