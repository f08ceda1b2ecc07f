"""Report schedules: which report is filled of which periods, when, and who is given it."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Lịch gửi biểu",
    title_en="Schedules of reports",
    columns=(
        Column("name", "Tên lịch", "Name"),
        Column("report", "Biểu", "Report", choices={"Biểu 06a": "06a", "Biểu 06b": "06b"}),
        Column(
            "every",
            "Kỳ",
            "Period",
            choices={"tuần": "week", "tháng": "month", "quý": "quarter", "năm": "year"},
        ),
        Column("days_after", "Sau kỳ số ngày", "Days after the period", kind="count"),
        Column("at_hour", "Lúc", "At", may_be_empty=True),
        Column("unit", "Mã đơn vị, để trống là toàn tỉnh", "Unit, empty: all", may_be_empty=True),
        Column("outlet", "Kênh", "Outlet", choices={"thư": "mail", "thư mục": "folder"}),
        Column("address", "Địa chỉ thư", "E-mail address", may_be_empty=True),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("name", "outlet", "address"),
    hours=("at_hour",),
    needs={"outlet": {"mail": ("address",)}},
)
