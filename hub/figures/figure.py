"""A figure: a KPI's answer for one period and one key, from its computation to what people read.

What it says to others is said here once: its fields in their order, what each of them means (the
texts of `/openapi.json` are rendered from that), and which of them make two figures the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from hub.reference.lists import Target

Status = Literal["provisional", "official", "restated"]
ProgressState = Literal["met", "on_course", "behind", "missed"]
Pace = Literal["working_days", "last_year"]
Value = Annotated[
    str | None,
    Field(
        description="numerator / (denominator × scale), làm tròn 0,5 lên, 6 chữ số; null: không có"
        " | half-up to 6 places; null: not available"
    ),
]
Numerator = Annotated[int, Field(description="Tử số | numerator")]
Denominator = Annotated[int, Field(description="Mẫu số | denominator; of a mean the count")]
Met = Annotated[bool | None, Field(description="Đạt chỉ tiêu | whether it meets the target")]
Cut = Annotated[str, Field(description="Vị trí trong nhật ký | positions in the log")]
Instant = Annotated[str | None, Field(json_schema_extra={"format": "date-time"})]


@dataclass(frozen=True)
class Restatement:
    """What a closed period's figure would be now; nothing where there would be none."""

    value: Value = None
    numerator: Numerator | None = None
    denominator: Denominator | None = None
    met: Met = None
    cut: Cut | None = None


@dataclass(frozen=True)
class Lack:
    """A list that a figure needs and that was not loaded."""

    list: Annotated[str, Field(description="Danh mục | the list's name")]
    message_vi: str
    message_en: str


@dataclass(frozen=True)
class Missing:
    """A part of a figure that was not reported: what it is of, and what there is instead."""

    dims: Annotated[Mapping[str, str], Field(description="Phần chưa báo cáo | what it is of")]
    message_vi: str
    message_en: str


@dataclass(frozen=True)
class Became:
    """What a unit became, or a part of it, on the day on which it ended."""

    code: str
    name: str
    kind: str
    weight: str | None
    source: str


@dataclass(frozen=True)
class UnitShown:
    """The unit of a figure by units: its name, since when it is in force, and what became of it."""

    name: str
    level: str
    valid_from: str
    valid_to: str | None
    became: tuple[Became, ...] = ()

    def public(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {**vars(self), "became": [vars(part).copy() for part in self.became]}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "UnitShown":
        """Read what `public` gave."""
        return cls(**{**said, "became": tuple(Became(**part) for part in said["became"])})


@dataclass(frozen=True)
class Progress:
    """How a figure stands against its target; the last three are there for a year's plan."""

    state: Annotated[
        ProgressState,
        Field(
            description="Đạt, đúng tiến độ, chậm tiến độ, không đạt"
            " | met and missed are for good, the others as things stand"
        ),
    ]
    paced_by: Annotated[
        Pace | None,
        Field(description="Tiến độ theo ngày làm việc hay năm trước | how a plan is dealt out"),
    ] = None
    expected: Annotated[
        str | None, Field(description="Kế hoạch đến nay | what is due by now of the plan")
    ] = None
    passed: Annotated[int | None, Field(description="Phần đã qua | the part that has passed")] = (
        None
    )
    whole: Annotated[int | None, Field(description="Trên tổng số | of so many")] = None

    def public(self) -> dict[str, Any]:
        """Give it as JSON."""
        return vars(self).copy()


@dataclass(frozen=True)
class Figure:
    """A figure of one cut: `numerator / (denominator × scale)`, with what it needs to prove itself.

    `closed_at` is there where its period is closed, `restatement` where it is restated, `lacks`
    where a list that it needs was not loaded: then it has no value, and both integers are 0.
    `unit` is there where it is one of several by unit, and the list of units knows it. `missing`
    is there where parts of it were not reported: its completeness is less than 1, or, where what
    was reported may not be added up, it has no value.
    """

    dims: Annotated[
        Mapping[str, str | None], Field(description="Chiều phân tổ | the dimensions asked by")
    ]
    value: Value
    numerator: Numerator
    denominator: Denominator
    scale: Annotated[int, Field(description="Hệ số của mẫu số | factor of the denominator")]
    measure_unit: Annotated[str, Field(description="Đơn vị đo | unit of measure")]
    target: Annotated[
        Target | None, Field(description="Chỉ tiêu của năm | the year's target: op, value")
    ]
    met: Met
    status: Annotated[
        Status,
        Field(description="Tạm tính, chính thức, điều chỉnh | provisional, official, restated"),
    ]
    completeness: Annotated[
        float,
        Field(description="Mức đầy đủ, 0 đến 1 | share of expected source-days that reported"),
    ]
    fresh_at: Annotated[
        Instant, Field(description="Dữ liệu mới nhất lúc | when the latest event was accepted")
    ]
    at: Annotated[Instant, Field(description="Thời điểm của câu hỏi | the instant asked about")]
    cut: Cut
    definition_version: Annotated[
        str, Field(description="Phiên bản định nghĩa | version of the definition")
    ]
    closed_at: Annotated[Instant, Field(description="Chốt lúc | when it was closed")] = None
    restatement: Annotated[
        Restatement | None,
        Field(description="Số liệu bây giờ nếu khác | what it would be now, where another"),
    ] = None
    lacks: Annotated[
        tuple[Lack, ...] | None,
        Field(description="Danh mục chưa nạp | lists that it needs and that were not loaded"),
    ] = None
    unit: Annotated[
        UnitShown | None,
        Field(description="Đơn vị, và nay thành gì | the unit, and what became of it"),
    ] = None
    missing: Annotated[
        tuple[Missing, ...] | None,
        Field(description="Phần chưa báo cáo, tối đa 50 | parts not reported, 50 at most"),
    ] = None
    # It follows from the others, from lists and clock: one that was closed without it is the same.
    progress: Annotated[
        Progress | None,
        Field(description="So với chỉ tiêu năm đến nay | how it stands against the year's target"),
    ] = field(default=None, compare=False)

    # Of KPIs with several versions; a figure that was closed before there was a second is the same.
    version: Annotated[
        str | None,
        Field(description="Tính theo phiên bản nào | by which version of the KPI it is counted"),
    ] = field(default=None, compare=False)
    version_until: Annotated[
        str | None,
        Field(
            description="Từ ngày này trong kỳ có phiên bản khác | another version is in force from"
            " this day of the period on; the whole period is counted by `version`"
        ),
    ] = field(default=None, compare=False)

    def public(self, names: Iterable[str] | None = None) -> dict[str, Any]:
        """Give it as JSON, all of it or some fields; what does not apply to it is left out."""
        public = {name: getattr(self, name) for name in (NAMES if names is None else names)}
        if public.get("target") is not None:
            public["target"] = public["target"].public()
        if public.get("restatement") is not None:
            public["restatement"] = vars(public["restatement"]).copy()
        if public.get("lacks") is not None:
            public["lacks"] = [vars(lack).copy() for lack in public["lacks"]]
        if public.get("unit") is not None:
            public["unit"] = public["unit"].public()
        if public.get("missing") is not None:
            public["missing"] = [{**vars(m), "dims": dict(m.dims)} for m in public["missing"]]
        if public.get("progress") is not None:
            public["progress"] = public["progress"].public()
        for name in _WHERE_IT_APPLIES:
            if public.get(name, public) is None:
                del public[name]
        return public


NAMES = tuple(f.name for f in fields(Figure))
_WHERE_IT_APPLIES = (
    "closed_at", "restatement", "lacks", "unit", "missing", "progress", "version", "version_until"
)  # fmt: skip
# Which fields make two figures the same: for who looks at a page, where the instant asked about
# and the cut move with the clock and with any commit; for who follows the KPI topic, where it is
# no news either that something else came in; for a trial; and for a closed period, which answers
# for its counts.
AS_SHOWN = tuple(n for n in NAMES if n not in {"at", "cut"})
AS_TOLD = tuple(n for n in AS_SHOWN if n != "fresh_at")
AS_TRIED = (
    "value", "numerator", "denominator", "scale", "met", "status", "completeness", "restatement"
)  # fmt: skip
AS_CLOSED = ("numerator", "denominator")


def read_figure(said: Mapping[str, Any]) -> Figure:
    """Read what `public` gave, as a closing keeps it."""
    known = {**said}
    known["target"] = known["target"] and Target.read(known["target"])
    if known.get("restatement") is not None:
        known["restatement"] = Restatement(**known["restatement"])
    if known.get("lacks") is not None:
        known["lacks"] = tuple(Lack(**lack) for lack in known["lacks"])
    if known.get("unit") is not None:
        known["unit"] = UnitShown.read(known["unit"])
    if known.get("missing") is not None:
        known["missing"] = tuple(Missing(**part) for part in known["missing"])
    if known.get("progress") is not None:
        known["progress"] = Progress(**known["progress"])
    return Figure(**known)


@cache
def schema() -> dict[str, Any]:
    """Describe a figure's JSON (JSON Schema 2020-12), for `/openapi.json`."""
    found = TypeAdapter(Figure).json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    found["required"] = [n for n in NAMES if n not in _WHERE_IT_APPLIES]
    return found
