"""Dossier: something happened to one dossier (hồ sơ thủ tục hành chính)."""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from hub.definitions.choices import Choices
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

UNITS = Choices(of="units")
# The ten statuses of the portal as it words them, and what else can happen.
KINDS = Choices(
    {
        "registered": Doc("Mới đăng ký", "Registered"),
        "received": Doc("Được tiếp nhận", "Received", ("Tiếp nhận", "Đã tiếp nhận")),
        "refused": Doc("Không được tiếp nhận", "Refused", ("Từ chối tiếp nhận",)),
        "processing": Doc("Đang xử lý", "In process"),
        "supplement_requested": Doc("Yêu cầu bổ sung giấy tờ", "Supplement requested"),
        "payment_requested": Doc("Yêu cầu thực hiện nghĩa vụ tài chính", "Payment requested"),
        "withdrawn": Doc("Công dân yêu cầu rút", "Withdrawn by the applicant"),
        "stopped": Doc("Dừng xử lý", "Stopped"),
        "resolved": Doc("Đã xử lý xong", "Resolved"),
        "returned": Doc("Đã trả kết quả", "Result returned"),
        "supplemented": Doc("Đã bổ sung giấy tờ", "Supplemented"),
        "due_changed": Doc("Đổi ngày hẹn trả", "Due date changed"),
        "synced": Doc("Đã đồng bộ lên Cổng quốc gia", "Synced to the national portal"),
        "sync_failed": Doc("Đồng bộ bị lỗi", "Sync failed"),
        "rated": Doc("Đã đánh giá hài lòng", "Rated"),
        "retracted": Doc("Rút lại sự kiện", "Event retracted"),
    }
)
LEVELS = Choices(
    {
        "full": Doc("Toàn trình", "Full online"),
        "partial": Doc("Một phần", "Partly online"),
        "information": Doc("Còn lại", "Information only", ("Cung cấp thông tin",)),
    }
)
CHANNELS = Choices(
    {
        "counter": Doc("Trực tiếp", "At the counter"),
        "online": Doc("Trực tuyến", "Online"),
        "post": Doc("Bưu chính", "By post", ("Bưu chính công ích",)),
    }
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
        },
        retracting_kind="retracted",
        deadlines=("due_at",),
        stamp="sent_for",
        numbered=r"^(?P<unit>[A-Z0-9.]+)-(?P<date>\d{6})-(?P<number>\d{3,8})$",
    )

    dossier_code: Annotated[
        DossierCode, Doc("Mã hồ sơ", "Dossier code", example="H57.132-230517-0001")
    ]
    kind: Annotated[Kind, Doc("Việc đã xảy ra với hồ sơ", "What happened to the dossier"), KINDS]
    occurred_at: Annotated[Instant, Doc("Thời điểm xảy ra", "When it happened")]
    received_by: Annotated[
        UnitCode | None, Doc("Đơn vị tiếp nhận", "Unit that received it", example="H57.132"), UNITS
    ] = None
    resolved_by: Annotated[
        UnitCode | None, Doc("Đơn vị giải quyết", "Unit that resolves it", example="H57.132"), UNITS
    ] = None
    citizen_unit: Annotated[
        UnitCode | None,
        Doc("Đơn vị nơi người nộp cư trú", "Unit where the applicant lives", example="H57.132"),
        UNITS,
    ] = None
    procedure_code: Annotated[
        ProcedureCode | None,
        Doc("Mã TTHC", "Procedure code", example="1.005129"),
        Choices(of="procedures"),
    ] = None
    service_level: Annotated[
        Literal["full", "partial", "information"] | None,
        Doc("Mức độ dịch vụ công: toàn trình, một phần, còn lại", "Service level of the procedure"),
        LEVELS,
    ] = None
    channel: Annotated[
        Literal["counter", "online", "post"] | None,
        Doc("Kênh thực hiện: trực tiếp, trực tuyến, bưu chính", "Channel it came by"),
        CHANNELS,
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
