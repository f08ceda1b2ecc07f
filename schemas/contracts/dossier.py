"""Dossier: something happened to one dossier (hồ sơ thủ tục hành chính)."""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from hub.definitions.coded import Coded
from hub.definitions.contract import Doc, Event, EventId, Instant, Spec, Stamp, UnitCode

DossierCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9.\-]{1,64}$")]
ProcedureCode = Annotated[str, StringConstraints(pattern=r"^[0-9]\.[0-9]{6}$")]
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
}


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
        },
        retracting_kind="retracted",
        deadlines=("due_at",),
        stamp="sent_for",
        numbered=r"^(?P<unit>[A-Z0-9.]+)-(?P<date>\d{6})-(?P<number>\d{3,8})$",
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
