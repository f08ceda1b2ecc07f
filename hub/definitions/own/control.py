"""Control: acts that decide about figures, as events of a topic of their own.

A period is closed, a list of reference data is loaded, or a sender declares totals of what it sent.
Of the last, `period` is the contract, `rows` the declaration and `closed_by` who declared; whose
totals they are is the sender of the record.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from hub.definitions.contract import Contract, Doc, Event, Instant, Spec

Name = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,128}$")]
Kind = Literal["period_closed", "list_loaded", "totals_declared"]


class Control(Event):
    """A period was closed: its figures as they stood at a cut of the log are official.

    `cut`, `figures` and `silent` are JSON: offsets by log, topic and partition; a KPI's figures;
    sources that had not reported, with the days that they owed.

    Or a list was loaded: `period` is then its name, `rows` its rows as JSON, `digest` theirs, and
    what only a closing has is empty, as every revision of the schema wants it to be there.
    """

    spec: ClassVar[Spec] = Spec(
        name="control",
        title=Doc("Chốt số liệu, nạp danh mục", "Closing of a period, loading of a list"),
        owner="Trung tâm điều hành",
        legal_basis="Luật Thống kê 89/2015/QH13",
        personal_data="none",
        key=("period",),
        entity=("event_id",),
        occurred="closed_at",
        units=(),
    )

    kind: Annotated[Kind, Doc("Loại việc", "What was done")]
    period: Annotated[Name, Doc("Kỳ", "The period")]
    closed_at: Annotated[Instant, Doc("Thời điểm chốt", "When it was closed")]
    closed_by: Annotated[Name, Doc("Người chốt", "Who closed it")]
    cut: Annotated[str, Doc("Vị trí trong nhật ký", "The positions in the log")]
    figures: Annotated[str, Doc("Số liệu chính thức", "The official figures")]
    silent: Annotated[str, Doc("Nguồn chưa báo cáo", "Sources that had not reported")]
    digest: Annotated[Name, Doc("Mã băm của số liệu", "Digest of the figures")]
    rows: Annotated[str | None, Doc("Các dòng của danh mục", "The rows of the list")] = None


CONTROL = Contract(Control)
