"""Reading: one measured value of one station (số đo trạm quan trắc).

A value that counts, unlike one that its sender calls suspect (3), failed (4) or missing (9), must
be one that can be: what a logger writes when it has none is refused as such, and so is what no
water has. It is refused rather than flagged, as only who measured knows what is true: he may send
it again with its flag, or say that it is missing, `quality` 9 without a value.

Where a value was converted, what the device wrote stands beside it: `raw_value` in `raw_unit`, with
the `formula`, and the `raw_temperature` that it took.
"""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from hub.definitions.coded import Coded
from hub.definitions.contract import Absent, Doc, Event, Instant, Milli, Ranged, Rule, Spec

StationCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Z0-9]+([.\-][A-Z0-9]+)*$", max_length=64)
]


def _is_integer(value: object) -> object:
    """Refuse `true` and `1.0`, which Python holds to be equal to 1."""
    if type(value) is not int:
        raise PydanticCustomError("int_type", "not an integer")
    return value


# A number or a word such as NAN, and a unit: too short for anything about a person.
RawValue = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,24}$")]
RawUnit = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,16}$")]
# Said here as a type, and computed in `schemas.conversions`.
Formula = Literal["pss78", "psu"]
Quality = Annotated[Literal[1, 2, 3, 4, 9], BeforeValidator(_is_integer)]
QUANTITIES = {
    "salinity": ("độ mặn",),
    "water_level": ("mực nước",),
    "temperature": ("nhiệt độ", "nhiệt độ nước"),
    "ph": ("độ pH", "pH"),
    "conductivity": ("độ dẫn điện",),
    "dissolved_oxygen": ("oxy hòa tan", "ôxy hòa tan", "DO"),
}
UNITS = {
    "salinity": ("g/L", "mg/L"),
    "water_level": ("m",),
    "temperature": ("degC",),
    "ph": ("pH",),
    "conductivity": ("mS/cm",),
    "dissolved_oxygen": ("mg/L",),
}


def _unit_said(e: Any) -> Doc:
    right = UNITS[e.quantity][0]
    vi = f"không hợp với đại lượng {QUANTITIES[e.quantity][0]}, ví dụ {right}"
    return Doc(vi, f"the unit does not fit the quantity {e.quantity}, such as {right} does")


UNIT_FITS = Rule(
    name="unit_mismatch",
    field="unit",
    allows=lambda e: e.unit in UNITS[e.quantity],
    column=pl.any_horizontal(
        (pl.col("quantity") == quantity) & pl.col("unit").is_in(units)
        for quantity, units in UNITS.items()
    ),
    doc=_unit_said,
)
# What can be, anywhere, in the quantity's first unit: the gross range of QARTOD (US IOOS, Manual
# for Real-Time Quality Control of In-situ Temperature and Salinity Data, 2020). Practical salinity
# is defined up to 42 (UNESCO, PSS-78); levels hold from under the sea to the highest reservoir. A
# province narrows them by its list `ranges`.
RANGES = {
    "salinity": (0, 42),
    "water_level": (-20, 1_500),
    "temperature": (-2, 45),
    "ph": (0, 14),
    "conductivity": (0, 85),
    "dissolved_oxygen": (0, 30),
}
# What loggers write in the place of a value: Campbell (7999, 6999), the nines of others, the ends
# of 16 bits, and the DS18B20 when it is cut off (-127) or was just switched on (85). A salinity in
# mg/L may well be 6999: there only what is out of range is refused.
_NINES = [d / 1000 for d in (999_000, 999_900, 999_990, 999_999)]
_NINES += [9_000 + n for n in _NINES] + [99_999, 999_999]
_OVER = [*_NINES, 99.9, 99.99, 99.999, 6_999, 7_999, 8_888, 32_767, 65_535]
_UNDER = [-n for n in (*_OVER, 99, 32_768)]
_OF_PROBES = {"temperature": (-127, 85)}
GOOD_MAX = 2
_value, _unit, _quantity = pl.col("value"), pl.col("unit"), pl.col("quantity")
_counts = pl.col("quality").fill_null(GOOD_MAX) <= GOOD_MAX
_is_mg = (_quantity == "salinity") & (_unit == "mg/L")
_HOW = Doc(
    "để báo thiếu số liệu, bỏ trống giá trị và ghi cờ chất lượng, ví dụ 9",
    "to say that it is missing, leave the value out and flag it, such as by quality 9",
)


def _thousandths(values: Any) -> list[int]:
    return [round(n * 1000) for n in values]


def _is_counted(e: Any) -> bool:
    return e.value is not None and (e.quality is None or e.quality <= GOOD_MAX)


def _own_unit(e: Any) -> Decimal:
    """Give a value in its quantity's first unit."""
    return Decimal(e.value) / 1000 if (e.quantity, e.unit) == ("salinity", "mg/L") else e.value


def _is_code(e: Any) -> bool:
    milli = round(e.value * 1000)
    is_over = milli in _thousandths(_OVER) and (e.quantity, e.unit) != ("salinity", "mg/L")
    of_probe = milli in _thousandths(_OF_PROBES.get(e.quantity, ()))
    return is_over or of_probe or milli in _thousandths(_UNDER)


def _code_said(_: Any) -> Doc:
    vi = f"là mã thiết bị ghi khi không có số liệu, không phải số đo; {_HOW.vi}"
    en = f"is what a logger writes when it has no value, no reading; {_HOW.en}"
    return Doc(vi, en)


def _range_said(e: Any) -> Doc:
    low, high = RANGES[e.quantity]
    unit = UNITS[e.quantity][0]
    such = (low + high) // 2
    vi = f"({e.unit}) ngoài khoảng có thể có của {QUANTITIES[e.quantity][0]}, {low}–{high}"
    vi += f" {unit}; hãy kiểm tra đơn vị đo và cảm biến; số đo nghi ngờ hoặc hỏng thì gửi với cờ"
    vi += f" chất lượng 3 hoặc 4; ví dụ {such} {unit}"
    en = f"({e.unit}) is outside of what {e.quantity} can be, {low}–{high} {unit}; "
    en += "check unit and probe; send what is suspect or failed with quality 3 or 4"
    en += f"; such as {such} {unit}"
    return Doc(vi, en)


NOT_MISSING = Rule(
    name="required",
    field="value",
    allows=lambda e: e.value is not None or e.quality == 9,
    column=pl.lit(value=True),  # on the wire there is always one
    doc=Doc(f"thiếu trường bắt buộc; {_HOW.vi}", f"a required field is missing; {_HOW.en}"),
)
NO_CODE = Rule(
    name="missing_code",
    field="value",
    allows=lambda e: not _is_counted(e) or not _is_code(e),
    column=~_counts
    | ~(
        _value.is_in(_thousandths(_UNDER))
        | (_value.is_in(_thousandths(_OVER)) & ~_is_mg)
        | pl.any_horizontal(
            (_quantity == q) & _value.is_in(_thousandths(codes)) for q, codes in _OF_PROBES.items()
        )
    ),
    doc=_code_said,
)
IN_RANGE = Rule(
    name="outside_range",
    field="value",
    allows=lambda e: (
        not _is_counted(e) or RANGES[e.quantity][0] <= _own_unit(e) <= RANGES[e.quantity][1]
    ),
    column=~_counts
    | pl.any_horizontal(
        (_quantity == quantity)
        & _value.is_between(
            low * pl.when(_is_mg).then(1_000_000).otherwise(1_000),
            high * pl.when(_is_mg).then(1_000_000).otherwise(1_000),
        )
        for quantity, (low, high) in RANGES.items()
    ),
    doc=_range_said,
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
        rules=(UNIT_FITS, NOT_MISSING, NO_CODE, IN_RANGE),
        ranged=Ranged(
            field="value",
            quantity="quantity",
            place="station_code",
            at="measured_at",
            value=pl.when(_is_mg).then(_value / 1000).otherwise(_value),
            units={quantity: units[0] for quantity, units in UNITS.items()},
            counts=_counts,
        ),
    )

    station_code: Annotated[
        StationCode, Doc("Mã trạm", "Station code", example="ST01"), Coded(listed="stations")
    ]
    measured_at: Annotated[Instant, Doc("Thời điểm đo", "When it was measured")]
    quantity: Annotated[
        Literal["salinity", "water_level", "temperature", "ph", "conductivity", "dissolved_oxygen"],
        Doc("Đại lượng đo", "What was measured"),
        Coded(QUANTITIES),
    ]
    value: Annotated[
        Milli | None,
        Doc("Giá trị, tối đa ba số lẻ; trên đường truyền là phần nghìn", "Value, in thousandths"),
        Absent(0, _HOW),
    ] = None
    unit: Annotated[
        Literal["g/L", "m", "degC", "pH", "mS/cm", "mg/L"],
        Doc("Đơn vị đo", "Unit of the value"),
        Coded({"g/L": ("g/l", "‰"), "degC": ("độ C", "°C", "oC"), "mg/L": ("mg/l",)}),
    ]
    quality: Annotated[
        Quality | None,
        Doc(
            "Cờ chất lượng QARTOD: 1 tốt, 2 chưa đánh giá, 3 nghi ngờ, 4 hỏng, 9 thiếu",
            "QARTOD flag: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing",
            ("Cờ chất lượng", "Cờ", "Chất lượng", "QARTOD", "QC", "Flag", "Quality flag"),
        ),
        Coded(
            {
                "1": ("tốt",),
                "2": ("chưa đánh giá",),
                "3": ("nghi ngờ",),
                "4": ("hỏng",),
                "9": ("thiếu", "không có số liệu"),
            }
        ),
    ] = None
    revised_at: Annotated[
        Instant | None, Doc("Thời điểm hiệu chỉnh số đo", "When the value was revised")
    ] = None
    raw_value: Annotated[
        RawValue | None,
        Doc("Trị số gốc thiết bị ghi, trước quy đổi", "What the device wrote, before conversion"),
    ] = None
    raw_unit: Annotated[
        RawUnit | None, Doc("Đơn vị gốc của thiết bị", "Unit that the device wrote it in")
    ] = None
    raw_temperature: Annotated[
        Milli | None,
        Doc(
            "Nhiệt độ nước dùng để quy đổi, °C",
            "Temperature of the water that the conversion took, °C",
        ),
    ] = None
    formula: Annotated[
        Formula | None,
        Doc(
            "Công thức quy đổi: pss78 độ dẫn điện sang độ mặn, psu thang thực hành sang g/L",
            "Formula of the conversion: pss78 from conductivity, psu from practical salinity",
        ),
        Coded({"pss78": ("độ dẫn điện sang độ mặn",), "psu": ("thang thực hành sang g/L",)}),
    ] = None
