"""Feedback: what happened to one matter that citizens reported (phản ánh, kiến nghị; 1022)."""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from hub.definitions.coded import Coded
from hub.definitions.contract import Doc, Event, EventId, Instant, Spec
from hub.definitions.fields import NamedId
from schemas.barred import CITIZEN, LetteredCode

# A keyed digest of 16 bytes, which no number of a person looks like.
Pseudonym = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Topic = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,31}$")]
CHANNELS = {
    "app": ("ứng dụng di động", "ứng dụng"),
    "hotline": ("tổng đài 1022", "tổng đài", "1022"),
    "portal": ("cổng thông tin", "cổng phản ánh", "website"),
}
KINDS = {
    "received": ("tiếp nhận",),
    "assigned": ("chuyển xử lý", "phân công"),
    "answered": ("trả lời", "đã trả lời"),
    "rated": ("đánh giá",),
    "reopened": ("mở lại",),
    "retracted": ("rút lại sự kiện",),
}


class Feedback(Event):
    """Something happened to one matter; forms of one person about it, by any channel, are one."""

    spec: ClassVar[Spec] = Spec(
        name="feedback",
        title=Doc("Phản ánh, kiến nghị", "Field feedback"),
        owner="Trung tâm giám sát, điều hành",
        legal_basis="NĐ 278/2025/NĐ-CP",
        personal_data="pseudonym",
        key=("feedback_code",),
        entity=("feedback_code",),
        occurred="occurred_at",
        units=("unit",),
        needs={
            "received": ("channel", "topic"),
            "assigned": ("unit",),
            "rated": ("satisfied",),
            "retracted": ("retracts",),
        },
        retracting_kind="retracted",
        deadlines=("due_at",),
        bars=(CITIZEN,),
    )

    event_id: Annotated[
        NamedId,
        Doc(
            "Mã sự kiện, không phải số điện thoại",
            "Identifier, not a telephone number",
            example="pa-2025-0001",
        ),
    ]
    feedback_code: Annotated[
        Pseudonym,
        Doc(
            "Mã vụ việc: băm có khóa, làm tại nơi tiếp nhận",
            "The matter: a keyed digest, made where it is received",
            example="0aafb0104a7448ce742c36f9b1e6dce3",
        ),
    ]
    kind: Annotated[
        Literal["received", "assigned", "answered", "rated", "reopened", "retracted"],
        Doc("Việc đã xảy ra", "What happened"),
        Coded(KINDS),
    ]
    occurred_at: Annotated[Instant, Doc("Thời điểm xảy ra", "When it happened")]
    channel: Annotated[
        Literal["app", "hotline", "portal"] | None,
        Doc("Kênh tiếp nhận", "App, hotline 1022, or portal"),
        Coded(CHANNELS),
    ] = None
    topic: Annotated[Topic | None, Doc("Lĩnh vực", "Topic", example="environment")] = None
    unit: Annotated[
        LetteredCode | None,
        Doc("Đơn vị xử lý", "Unit that is to answer", example="H57.132"),
        Coded(listed="units"),
    ] = None
    due_at: Annotated[
        Instant | None,
        Doc("Hạn trả lời", "When the answer is due; where none is sent, working time says it"),
    ] = None
    satisfied: Annotated[bool | None, Doc("Hài lòng", "Whether they are satisfied")] = None
    retracts: Annotated[
        EventId | None,
        Doc("Mã sự kiện bị rút lại", "The event that this one withdraws"),
    ] = None
