"""Dossier: something happened to one dossier (hồ sơ thủ tục hành chính)."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import AfterValidator, StringConstraints

from hub.definitions.coded import Coded
from hub.definitions.contract import Doc, Event, EventId, Instant, Rule, Spec, Stamp, UnitCode
from hub.definitions.naming import Names

# `1.005129`, and what provinces append to it: `1.005129.H57`, `1.005129.000.00.00.H57`.
PROCEDURE_LENGTH = len("1.005129")
_PROCEDURE = r"^[0-9]\.[0-9]{6}(\.[0-9]{1,3})*(\.[A-Z][0-9]{2})?$"


def national(code: str) -> str:
    """Give a procedure's national code, without what a province appends to it."""
    return code[:PROCEDURE_LENGTH]


DossierCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9.\-]{1,64}$")]
ProcedureCode = Annotated[
    str, StringConstraints(pattern=_PROCEDURE, max_length=64), AfterValidator(national)
]
Kind = Literal[
    "registered",
    "received",
    "refused",
    "processing",
    "supplement_requested",
    "payment_requested",
    "withdrawn",
    "stopped",
    "resolved",
    "returned",
    "supplemented",
    "due_changed",
    "synced",
    "sync_failed",
    "rated",
    "retracted",
    "aliased",
]

# As the portal of public services calls the states of a dossier.
KINDS = {
    "registered": ("mới đăng ký", "đăng ký"),
    "received": ("được tiếp nhận", "tiếp nhận", "đã tiếp nhận"),
    "refused": ("không được tiếp nhận", "từ chối tiếp nhận"),
    "processing": ("đang xử lý",),
    "supplement_requested": ("yêu cầu bổ sung giấy tờ", "yêu cầu bổ sung"),
    "payment_requested": ("yêu cầu thực hiện nghĩa vụ tài chính",),
    "withdrawn": ("công dân yêu cầu rút", "rút hồ sơ"),
    "stopped": ("dừng xử lý",),
    "resolved": ("đã xử lý xong", "giải quyết xong"),
    "returned": ("đã trả kết quả", "trả kết quả"),
    "supplemented": ("đã bổ sung", "bổ sung"),
    "due_changed": ("đổi ngày hẹn trả", "gia hạn"),
    "synced": ("đồng bộ thành công", "đã đồng bộ"),
    "sync_failed": ("đồng bộ lỗi", "đồng bộ không thành công"),
    "rated": ("đánh giá", "đã đánh giá"),
    "retracted": ("rút lại sự kiện", "hủy sự kiện"),
    "aliased": ("ghi nhận mã khác", "trùng hồ sơ", "đổi mã hồ sơ"),
}

NAMES = Names(
    field="dossier_code",
    also="same_as",
    numbered=r"^(?P<unit>[A-Z0-9.]+)-(?P<date>\d{6})-(?P<number>\d{3,8})$",
    generations={
        # QĐ 20/2020/QĐ-TTg: H57.132. Before it, QCVN 102:2016/BTTTT: 000.00.19.H47.
        "current": r"[A-Z][0-9]{2}(?:\.[0-9]{1,3})*",
        "former": r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}",
    },
)


def _on_no_calendar(name: str) -> Rule:
    def doc(event: Any) -> Doc:
        code = str(getattr(event, name))
        text = code.split("-")[1]
        return Doc(
            f"sáu số giữa là ngày viết theo năm, tháng, ngày (YYMMDD); {text} không có trên lịch",
            f"its six digits in the middle are a day, YYMMDD; {text} is not on the calendar",
        )

    def allows(event: Any) -> bool:
        code = getattr(event, name)
        return code is None or NAMES.is_whole(code)

    return Rule("no_such_day", name, allows, NAMES.are_whole(name), doc)


_SAME = Rule(
    "same_code",
    "same_as",
    lambda event: event.same_as is None or event.same_as != event.dossier_code,
    pl.col("same_as").is_null() | (pl.col("same_as") != pl.col("dossier_code")),
    Doc(
        "trùng với mã của chính hồ sơ này; hãy ghi mã kia của cùng hồ sơ",
        "is this dossier's own code; give the other code of the same dossier",
    ),
)

DUE_DAYS_MAX = timedelta(days=20 * 366)  # no procedure takes as long: the year is misspelt
TOO_FAR = Doc(
    "sau thời điểm xảy ra hơn 20 năm: năm viết sai, hoặc hệ thống ghi vậy khi không có ngày hẹn;"
    " hãy ghi đúng năm, hoặc bỏ trống",
    "is more than 20 years after it happened: the year is misspelt, or a system writes so for no"
    " due date; give the right year, or leave it out",
)
_IN_TIME = Rule(
    "outside_range",
    "due_at",
    lambda event: event.due_at is None or event.due_at - event.occurred_at <= DUE_DAYS_MAX,
    pl.col("due_at").is_null()
    | (pl.col("due_at") - pl.col("occurred_at") <= DUE_DAYS_MAX // timedelta(microseconds=1)),
    TOO_FAR,
)


class Dossier(Event):
    """Something happened to one dossier."""

    spec: ClassVar[Spec] = Spec(
        name="dossier",
        title=Doc("Hồ sơ một cửa", "One-stop dossier"),
        owner="Văn phòng UBND tỉnh",
        legal_basis="NĐ 118/2025/NĐ-CP",
        personal_data="none",
        key=("dossier_code",),
        entity=("dossier_code",),
        occurred="occurred_at",
        units=("received_by", "resolved_by"),
        needs={
            # Not due_at: where the source has none, a dossier is neither late nor on time.
            "received": ("received_by", "procedure_code", "service_level", "channel"),
            "due_changed": ("due_at",),
            "rated": ("satisfied",),
            "retracted": ("retracts",),
            "aliased": ("same_as",),
        },
        rules=(_on_no_calendar("dossier_code"), _on_no_calendar("same_as"), _SAME, _IN_TIME),
        retracting_kind="retracted",
        deadlines=("due_at",),
        stamp="sent_for",
        names=NAMES,
    )

    dossier_code: Annotated[
        DossierCode, Doc("Mã hồ sơ", "Dossier code", example="H57.132-230517-0001")
    ]
    kind: Annotated[
        Kind, Doc("Việc đã xảy ra với hồ sơ", "What happened to the dossier"), Coded(KINDS)
    ]
    occurred_at: Annotated[Instant, Doc("Thời điểm xảy ra", "When it happened")]
    received_by: Annotated[
        UnitCode | None,
        Doc("Đơn vị tiếp nhận", "Unit that received it", example="H57.132"),
        Coded(listed="units"),
    ] = None
    resolved_by: Annotated[
        UnitCode | None,
        Doc("Đơn vị giải quyết", "Unit that resolves it", example="H57.132"),
        Coded(listed="units"),
    ] = None
    citizen_unit: Annotated[
        UnitCode | None,
        Doc("Đơn vị nơi người nộp cư trú", "Unit where the applicant lives", example="H57.132"),
        Coded(listed="units"),
    ] = None
    procedure_code: Annotated[
        ProcedureCode | None,
        Doc("Mã TTHC", "Procedure code", example="1.005129"),
        Coded(listed="procedures"),
    ] = None
    service_level: Annotated[
        Literal["full", "partial", "information"] | None,
        Doc("Mức độ dịch vụ công: toàn trình, một phần, còn lại", "Service level of the procedure"),
        Coded(
            {
                "full": ("toàn trình",),
                "partial": ("một phần",),
                "information": ("còn lại", "cung cấp thông tin"),
            }
        ),
    ] = None
    channel: Annotated[
        Literal["counter", "online", "post"] | None,
        Doc("Kênh thực hiện: trực tiếp, trực tuyến, bưu chính", "Channel it came by"),
        Coded(
            {
                "counter": ("trực tiếp",),
                "online": ("trực tuyến",),
                "post": ("bưu chính công ích", "bưu chính"),
            }
        ),
    ] = None
    due_at: Annotated[Instant | None, Doc("Ngày hẹn trả", "When the result is due")] = None
    satisfied: Annotated[bool | None, Doc("Người nộp hài lòng", "The applicant was satisfied")] = (
        None
    )
    retracts: Annotated[
        EventId | None,
        Doc("Mã sự kiện bị rút lại", "The event that this one withdraws"),
    ] = None
    sent_for: Annotated[
        Stamp,
        Doc(
            "Các đơn vị mà bên gửi được gửi cho, do trung tâm ghi",
            "Units that its sender may send for, written by the hub",
        ),
    ] = None
    same_as: Annotated[
        DossierCode | None,
        Doc(
            "Mã khác của cùng hồ sơ này",
            "Another code of the same dossier",
            example="000.00.19.H57-230517-0001",
        ),
    ] = None
