"""Reading: one measured value of one station (số đo trạm quan trắc)."""

from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from hub.definitions.contract import Doc, Event, Instant, Milli, Rule, Spec

StationCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Z0-9]+([.\-][A-Z0-9]+)*$", max_length=64)
]


def _is_integer(value: object) -> object:
    """Refuse `true` and `1.0`, which Python holds to be equal to 1."""
    if type(value) is not int:
        raise PydanticCustomError("int_type", "not an integer")
    return value


Quality = Annotated[Literal[1, 2, 3, 4, 9], BeforeValidator(_is_integer)]
UNITS = {
    "salinity": ("g/L", "mg/L"),
    "water_level": ("m",),
    "temperature": ("degC",),
    "ph": ("pH",),
    "conductivity": ("mS/cm",),
    "dissolved_oxygen": ("mg/L",),
}
UNIT_FITS = Rule(
    name="unit_mismatch",
    field="unit",
    allows=lambda e: e.unit in UNITS[e.quantity],
    column=pl.any_horizontal(
        (pl.col("quantity") == quantity) & pl.col("unit").is_in(units)
        for quantity, units in UNITS.items()
    ),
    doc=Doc("đơn vị đo không hợp với đại lượng", "the unit does not fit the quantity"),
)


class Reading(Event):
    """One measured value of one station."""

    spec: ClassVar[Spec] = Spec(
        name="reading",
        title=Doc("Số đo quan trắc", "Station reading"),
        owner="Sở Nông nghiệp và Môi trường",
        legal_basis="NĐ 278/2025/NĐ-CP",
        personal_data="none",
        key=("station_code",),
        entity=("station_code", "quantity", "measured_at"),
        occurred="measured_at",
        units=(),
        stations=("station_code",),
        order_first=("revised_at",),
        rules=(UNIT_FITS,),
    )

    station_code: Annotated[StationCode, Doc("Mã trạm", "Station code", example="ST01")]
    measured_at: Annotated[Instant, Doc("Thời điểm đo", "When it was measured")]
    quantity: Annotated[
        Literal["salinity", "water_level", "temperature", "ph", "conductivity", "dissolved_oxygen"],
        Doc("Đại lượng đo", "What was measured"),
    ]
    value: Annotated[
        Milli,
        Doc("Giá trị, tối đa ba số lẻ; trên đường truyền là phần nghìn", "Value, in thousandths"),
    ]
    unit: Annotated[
        Literal["g/L", "m", "degC", "pH", "mS/cm", "mg/L"], Doc("Đơn vị đo", "Unit of the value")
    ]
    quality: Annotated[
        Quality | None,
        Doc(
            "Cờ chất lượng QARTOD: 1 tốt, 2 chưa đánh giá, 3 nghi ngờ, 4 hỏng, 9 thiếu",
            "QARTOD flag: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing",
            ("Cờ chất lượng", "Cờ", "Chất lượng", "QARTOD", "QC", "Flag", "Quality flag"),
        ),
    ] = None
    revised_at: Annotated[
        Instant | None, Doc("Thời điểm hiệu chỉnh số đo", "When the value was revised")
    ] = None
