"""Alert: what became of an alert, as an event on a topic of its own.

Who tells others follows this topic: each event says by itself what to tell, of whom and where to
look. What was raised, cleared or amended is worked out from the log and the clock; who acknowledged
and what was commented is said by people, and stands nowhere else.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from hub.definitions.contract import Contract, Doc, Event, Instant, Milli, Spec

Name = Annotated[str, StringConstraints(pattern=r"^[^\x00]{0,256}$")]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]{0,2000}$")]
Kind = Literal["raised", "escalated", "acknowledged", "commented", "amended", "cleared"]
Level = Literal["notice", "warning", "critical"]
State = Literal["open", "acknowledged", "cleared", "withdrawn"]


class Alert(Event):
    """Something became of an alert; `event_id` is a digest of what, so a replay makes it again.

    `alert` is a digest of rule, subject and `raised_at`. `raised_at` and `cleared_at` are instants
    of what the data describe, `at` that of what this event tells: for a raised or a cleared one
    theirs, else when it was done. `state` is the alert's after the event. A replayed event tells of
    what is long past, or of what was told under another id (`amends`): nobody is to be told anew.
    """

    spec: ClassVar[Spec] = Spec(
        name="alert",
        title=Doc("Cảnh báo", "Alert"),
        owner="Trung tâm điều hành",
        legal_basis="NĐ 278/2025/NĐ-CP",
        personal_data="none",
        key=("alert",),
        entity=("event_id",),
        occurred="at",
        units=(),
    )

    alert: Annotated[Name, Doc("Mã cảnh báo", "The alert's id")]
    kind: Annotated[Kind, Doc("Việc đã xảy ra", "What became of it")]
    rule: Annotated[Name, Doc("Mã quy tắc", "The rule's id")]
    level: Annotated[Level, Doc("Mức cảnh báo", "How grave it is")]
    owner: Annotated[Name, Doc("Đơn vị phụ trách", "Who is to see to it")]
    subject_kind: Annotated[
        Name, Doc("Loại đối tượng", "What it is about: station, sender, unit, kpi, report")
    ]
    subject: Annotated[Name, Doc("Mã đối tượng", "The code of what it is about")]
    unit: Annotated[Name | None, Doc("Đơn vị liên quan", "The unit concerned")] = None
    state: Annotated[State, Doc("Trạng thái sau đó", "The alert's state after it")]
    at: Annotated[Instant, Doc("Thời điểm", "When")]
    raised_at: Annotated[Instant, Doc("Bắt đầu lúc", "When it began")]
    cleared_at: Annotated[Instant | None, Doc("Kết thúc lúc", "When it ended")] = None
    value: Annotated[Milli | None, Doc("Giá trị xấu nhất", "The worst value so far")] = None
    threshold: Annotated[Milli | None, Doc("Ngưỡng", "The threshold")] = None
    measure_unit: Annotated[Name, Doc("Đơn vị đo", "Unit of measure")]
    text_vi: Annotated[Text, Doc("Lời báo, tiếng Việt", "What to tell, in Vietnamese")]
    text_en: Annotated[Text, Doc("Lời báo, tiếng Anh", "What to tell, in English")]
    link: Annotated[Name, Doc("Đường dẫn", "Path of the page to look at")]
    replayed: Annotated[bool, Doc("Không báo ai nữa", "Whether nobody is to be told")]
    amends: Annotated[Name | None, Doc("Thay cho cảnh báo", "The alert that it stands in for")] = (
        None
    )
    was: Annotated[Text | None, Doc("Trước khi sửa, JSON", "What it was before, JSON")] = None
    by: Annotated[Name | None, Doc("Người thực hiện", "Who did it")] = None
    comment: Annotated[Text | None, Doc("Ghi chú", "What was commented")] = None


ALERT = Contract(Alert)
