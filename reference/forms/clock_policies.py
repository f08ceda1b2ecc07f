"""Clock policies: how the time of a procedure is counted, from when until when.

`counts` says of what `amount` is a number; of fixed hours there is none: what is received before
`before` is due at `due_hour` the same day, what comes later on the next working day. On a request
for a supplement, or for payment, the clock is paused, started anew afterwards, or goes on.
"""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

WAITS = {"tạm dừng": "pause", "tính lại từ đầu": "restart", "vẫn tính": "go_on"}

FORM = Form(
    title_vi="Cách tính thời hạn của thủ tục",
    title_en="How the time of procedures is counted",
    columns=(
        Column("procedure", "Mã thủ tục", "Procedure"),
        Column(
            "counts",
            "Tính theo",
            "Counts",
            choices={
                "ngày làm việc": "working_days",
                "giờ làm việc": "working_hours",
                "ngày": "calendar_days",
                "giờ cố định": "fixed_hours",
            },
        ),
        Column("amount", "Số ngày hoặc giờ", "Days or hours", kind="count", may_be_empty=True),
        Column("before", "Nhận trước giờ", "Received before", may_be_empty=True),
        Column("due_hour", "Trả lúc", "Due at", may_be_empty=True),
        Column("on_supplement", "Khi chờ bổ sung", "On supplement", choices=WAITS),
        Column("on_payment", "Khi chờ nộp tiền", "On payment", choices=WAITS),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("procedure",),
    hours=("before", "due_hour"),
    needs={
        "counts": {
            "working_days": ("amount",),
            "working_hours": ("amount",),
            "calendar_days": ("amount",),
            "fixed_hours": ("before", "due_hour"),
        }
    },
    is_open=True,
)
