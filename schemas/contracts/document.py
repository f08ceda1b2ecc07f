"""Document: how many papers a unit handled on a day, and how many online (văn bản)."""

from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from hub.definitions.coded import Coded
from hub.definitions.contract import Count, Doc, Event, Rule, Spec
from hub.definitions.fields import Day, PlainId
from schemas.barred import PAPER_CONTENT, STATE_SECRET, LetteredCode

# NQ 202/2025/QH15: from this day on there are no districts.
DISTRICTS_UNTIL = "2025-07-01"
_RULES = (
    Rule(
        "part_exceeds_whole",
        "handled_online",
        lambda e: e.handled_online <= e.handled,
        pl.col("handled_online") <= pl.col("handled"),
        Doc(
            "nhiều hơn tổng số văn bản đã xử lý",
            "is more than all papers that were handled",
        ),
    ),
    Rule(
        "no_districts",
        "level",
        lambda e: e.level != "district" or e.day < DISTRICTS_UNTIL,
        (pl.col("level") != "district") | (pl.col("day") < DISTRICTS_UNTIL),
        Doc(
            "không còn cấp huyện từ 1/7/2025 (NQ 202/2025/QH15)",
            "there are no districts from 1 July 2025 on (NQ 202/2025/QH15)",
        ),
    ),
)


class Document(Event):
    """How many papers a unit handled on a day; a higher revision replaces it."""

    spec: ClassVar[Spec] = Spec(
        name="document",
        title=Doc("Số liệu xử lý văn bản", "Papers handled"),
        owner="Văn phòng UBND tỉnh",
        legal_basis="NĐ 30/2020/NĐ-CP",
        personal_data="none",
        key=("unit",),
        entity=("unit", "level", "day"),
        occurred="day",
        units=("unit",),
        order_first=("revision",),
        rules=_RULES,
        bars=(STATE_SECRET, PAPER_CONTENT),
    )

    event_id: Annotated[
        PlainId, Doc("Mã sự kiện, không phải số văn bản", "Identifier, not the number of a paper")
    ]
    unit: Annotated[
        LetteredCode,
        Doc(
            "Đơn vị",
            "Unit that handled them",
            ("Cơ quan", "Mã đơn vị", "Mã định danh"),
            example="H57.1",
        ),
        Coded(listed="units"),
    ]
    level: Annotated[
        Literal["province", "district", "commune"],
        Doc("Cấp", "Level of government", ("Cấp chính quyền",)),
        Coded(
            {
                "province": ("tỉnh", "cấp tỉnh"),
                "district": ("huyện", "cấp huyện"),
                "commune": ("xã", "cấp xã"),
            }
        ),
    ]
    day: Annotated[Day, Doc("Ngày", "Day", ("Ngày xử lý", "Ngày báo cáo"), example="2023-05-17")]
    revision: Annotated[
        Annotated[int, Field(ge=0, le=2**31 - 1)],
        Doc("Lần điều chỉnh; số lớn nhất được tính", "The highest counts", ("Lần báo cáo",)),
    ]
    handled: Annotated[
        Count,
        Doc("Số văn bản đã xử lý", "Papers handled", ("Tổng số văn bản xử lý", "Văn bản đã xử lý")),
    ]
    handled_online: Annotated[
        Count,
        Doc(
            "Số văn bản xử lý trên môi trường mạng",
            "Of them, handled online",
            ("Xử lý trực tuyến", "Xử lý trên môi trường mạng"),
        ),
    ]
