"""Figure: a KPI's figure as it stands on the KPI topic, for whoever follows it there."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from hub.definitions.contract import Contract, Doc, Event, Instant, Spec

Name = Annotated[str, StringConstraints(pattern=r"^[^\x00]{0,256}$")]
Whole = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]


class Figure(Event):
    """A figure of one cut; of several under one key, the highest revision stands.

    `event_id` is the revision in hexadecimal; `dims` are `name=value` pairs joined by commas.
    """

    spec: ClassVar[Spec] = Spec(
        name="kpi",
        title=Doc("Số liệu chỉ số", "Figure of a KPI"),
        owner="Trung tâm điều hành",
        legal_basis="QĐ 766/QĐ-TTg",
        personal_data="none",
        key=("kpi", "period", "dims"),
        entity=("kpi", "period", "dims"),
        occurred="at",
        units=(),
    )

    kpi: Annotated[Name, Doc("Mã chỉ số", "The KPI's id")]
    period: Annotated[Name, Doc("Kỳ", "The period")]
    dims: Annotated[Name, Doc("Chiều phân tổ", "The dimensions")]
    revision: Annotated[Whole, Doc("Lần sửa; lớn hơn là mới hơn", "Greater is newer")]
    value: Annotated[Name | None, Doc("Giá trị, số thập phân", "The value, in decimals")] = None
    numerator: Annotated[Whole, Doc("Tử số", "Numerator")]
    denominator: Annotated[Whole, Doc("Mẫu số", "Denominator")]
    scale: Annotated[Whole, Doc("Hệ số của mẫu số", "Factor of the denominator")]
    measure_unit: Annotated[Name, Doc("Đơn vị đo", "Unit of measure")]
    target_op: Annotated[Name | None, Doc("Phép so với chỉ tiêu", "How it meets a target")] = None
    target_value: Annotated[Name | None, Doc("Chỉ tiêu", "The target")] = None
    met: Annotated[bool | None, Doc("Đạt chỉ tiêu", "Whether it meets the target")] = None
    status: Annotated[Name, Doc("Trạng thái số liệu", "Status of the figure")]
    completeness: Annotated[Name, Doc("Mức đầy đủ, 0 đến 1", "Completeness, 0 to 1")]
    fresh_at: Annotated[
        Instant | None, Doc("Dữ liệu mới nhất lúc", "When the latest event was accepted")
    ] = None
    at: Annotated[Instant, Doc("Thời điểm của câu hỏi", "The instant asked about")]
    cut: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[^\x00]{0,2000}$")],
        Doc("Vị trí trong nhật ký", "The positions in the log"),
    ]
    definition_version: Annotated[Name, Doc("Phiên bản định nghĩa", "Version of the definition")]


FIGURE = Contract(Figure)
