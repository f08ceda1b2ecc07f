"""Rejection: an item that broke its contract, its original sealed, and the reason."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from hub.definitions.contract import Contract, Doc, Event, Instant, Spec

Name = Annotated[str, StringConstraints(pattern=r"^[^\x00]{0,256}$")]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]{0,2000}$")]


class Rejection(Event):
    """An item that broke its contract; `event_id` is its request or receipt, and its index."""

    spec: ClassVar[Spec] = Spec(
        name="quarantine",
        title=Doc("Bản ghi bị từ chối", "Rejected item"),
        owner="Trung tâm điều hành",
        legal_basis="NĐ 278/2025/NĐ-CP",
        personal_data="as sent",
        key=("event_id",),
        entity=("event_id",),
        occurred="rejected_at",
        units=(),
    )

    contract: Annotated[Name, Doc("Hợp đồng dữ liệu", "The contract it was sent under")]
    rejected_at: Annotated[Instant, Doc("Thời điểm từ chối", "When it was rejected")]
    index: Annotated[
        Annotated[int, Field(ge=0, le=2**31)], Doc("Vị trí trong lần gửi", "Its index")
    ]
    rule: Annotated[Name, Doc("Quy tắc bị vi phạm", "The rule it broke")]
    field: Annotated[Name, Doc("Trường dữ liệu", "The field")]
    value: Annotated[Text, Doc("Giá trị đã gửi", "The value that was sent")]
    message_vi: Annotated[Text, Doc("Lý do, tiếng Việt", "The reason, in Vietnamese")]
    message_en: Annotated[Text, Doc("Lý do, tiếng Anh", "The reason, in English")]
    original: Annotated[str, Doc("Dữ liệu gốc, base64", "The original bytes, in base64")]


REJECTION = Contract(Rejection)
