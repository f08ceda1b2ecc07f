"""Thresholds of quality control. What is beyond them is flagged, and counts nowhere."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form
from reference.forms.ranges import FORM as RANGES

FORM = Form(
    title_vi="Ngưỡng kiểm tra số đo",
    title_en="Thresholds of quality control",
    columns=(
        RANGES.columns[0],
        RANGES.columns[1],
        Column(
            "test",
            "Phép kiểm tra",
            "Test",
            choices={"gai": "spike", "tốc độ thay đổi": "rate", "không đổi": "flat_line"},
        ),
        Column(
            "threshold",
            "Ngưỡng: lệch, đổi mỗi giờ, dao động",
            "Threshold: deviation, change an hour, variation",
            kind="decimal",
        ),
        Column("hours", "Số giờ xét", "Hours looked at", kind="count"),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("quantity", "station", "test"),
    is_open=True,
)
