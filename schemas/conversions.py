"""Conversions: a value in the unit that a device writes becomes one in the contract's unit.

Units of one thing are converted exactly, by decimal numbers; a unit that is not listed is refused.
Two conversions follow a formula, which the event then names:

`pss78`: practical salinity by the Practical Salinity Scale 1978 (UNESCO Technical Papers in Marine
Science 36, 1981), below 2 by Hill, Dauphinee and Woods 1986, from conductivity in mS/cm and
temperature in °C at the surface (0 dbar), as TEOS-10's `gsw.SP_from_C` computes it (IOC, SCOR and
IAPSO 2010, IOC Manuals and Guides 56); then as `psu`.
`psu`: practical salinity becomes g/L, 1 PSU being 1.002 g/L here.

‰ and ppt stand for g/L, as the province's figures say them (4 ‰ is 4 g/L).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

import gsw

from schemas.contracts.reading import Formula

G_PER_L_PER_PSU = Decimal("1.002")
# Where the formula is defined: up to 42 of salinity, from -2 to 35 °C (UNESCO 1981; Hill 1986
# holds from 0 °C, and is continuous below).
CELSIUS_MIN, CELSIUS_MAX = Decimal(-2), Decimal(35)
PRACTICAL_MAX = 42
PSS78: Formula = "pss78"
PSU: Formula = "psu"
_THOUSANDTH = Decimal("0.001")
# Room for the largest double, 1E+308: what loggers write for no value may be 9.96921E+36.
_ROOMY = Context(prec=320)
_MICRO = ("µ", "μ", "u")  # the micro sign, the Greek letter, and what stands for both


@dataclass(frozen=True)
class Unit:
    """What a unit is in the contract: times `factor` it is in the contract's `unit`."""

    unit: str
    factor: Decimal = Decimal(1)
    formula: Formula | None = None


class ConversionError(ValueError):
    """A value cannot be converted: the rule that it breaks, and why in both languages."""

    def __init__(self, rule: str, vi: str, en: str) -> None:
        super().__init__(en)
        self.rule, self.vi, self.en = rule, vi, en


def _thousandth(*names: str) -> dict[str, Unit]:
    return {name: Unit("mS/cm", Decimal("0.001")) for name in names}


_METRES = {
    "m": Unit("m"),
    "meter": Unit("m"),
    "meters": Unit("m"),
    "cm": Unit("m", Decimal("0.01")),
    "mm": Unit("m", Decimal("0.001")),
}
_CELSIUS = dict.fromkeys(("degc", "°c", "c", "deg c", "deg_c", "celsius", "oc"), Unit("degC"))
# By quantity, then by the unit as it is written, in small letters.
UNITS: Mapping[str, Mapping[str, Unit]] = {
    "salinity": {
        **dict.fromkeys(("g/l", "‰", "ppt", "0/00", "o/oo"), Unit("g/L")),
        "mg/l": Unit("mg/L"),
        **dict.fromkeys(("psu", "pss", "pss-78"), Unit("g/L", G_PER_L_PER_PSU, PSU)),
    },
    "conductivity": {
        "ms/cm": Unit("mS/cm"),
        "ds/m": Unit("mS/cm"),
        "s/m": Unit("mS/cm", Decimal(10)),
        **_thousandth(*(f"{micro}s/cm" for micro in _MICRO)),
    },
    "temperature": _CELSIUS,
    "water_level": _METRES,
    "ph": dict.fromkeys(("ph", "", "units", "ph units"), Unit("pH")),
    "dissolved_oxygen": {"mg/l": Unit("mg/L")},
}


def unit_of(quantity: str, written: str) -> Unit | None:
    """Find what a written unit is of a quantity; None where it is not known for it."""
    return UNITS.get(quantity, {}).get(" ".join(written.split()).casefold().replace("μ", "µ"))


def convert(value: Decimal, unit: Unit) -> Decimal:
    """Give a value in the contract's unit, to its thousandth (half to even)."""
    return rounded(value * unit.factor)


def rounded(value: Decimal) -> Decimal:
    """Round to what the contract keeps: thousandths, half to even."""
    return value.quantize(_THOUSANDTH, ROUND_HALF_EVEN, _ROOMY)


def practical_salinity(conductivity: Decimal, celsius: Decimal) -> float:
    """Compute practical salinity (PSS-78) of conductivity in mS/cm and temperature in °C, 0 dbar.

    Raises `ConversionError` outside of where the formula is defined.
    """
    if not CELSIUS_MIN <= celsius <= CELSIUS_MAX:
        raise ConversionError(
            "outside_formula",
            f"nhiệt độ {celsius} °C ngoài phạm vi của PSS-78, {CELSIUS_MIN} đến {CELSIUS_MAX} °C",
            f"{celsius} °C is outside of PSS-78, which is defined from {CELSIUS_MIN} to"
            f" {CELSIUS_MAX} °C",
        )
    salinity = float(gsw.SP_from_C(float(conductivity), float(celsius), 0.0))
    if conductivity < 0 or math.isnan(salinity) or salinity > PRACTICAL_MAX:
        raise ConversionError(
            "outside_formula",
            f"độ dẫn điện {conductivity} mS/cm ở {celsius} °C ngoài phạm vi của PSS-78, độ mặn 0"
            f" đến {PRACTICAL_MAX}",
            f"{conductivity} mS/cm at {celsius} °C is outside of PSS-78, which is defined for"
            f" salinities from 0 to {PRACTICAL_MAX}",
        )
    return salinity


def salinity_of(conductivity: Decimal, celsius: Decimal) -> Decimal:
    """Give salinity in g/L of conductivity in mS/cm and temperature in °C, to its thousandth.

    Raises `ConversionError` outside of where the formula is defined.
    """
    practical = Decimal(repr(practical_salinity(conductivity, celsius)))
    return rounded(practical * G_PER_L_PER_PSU)
