"""Conversions: units exactly, salinity by the values that its scale is defined and checked by."""

from decimal import Decimal

import pytest

from schemas.contracts.reading import UNITS as UNITS_OF_CONTRACT
from schemas.conversions import (
    UNITS,
    ConversionError,
    convert,
    practical_salinity,
    salinity_of,
    unit_of,
)

# From the issue (Hill et al. 1986 below 2), and the point that PSS-78 is defined by: 35 is
# 42.914 mS/cm at 15 °C of IPTS-68, which is 14.99640 °C of ITS-90, at 0 dbar.
PRACTICAL = [
    ("2.0", "28", "0.955"),
    ("0.1", "28", "0.043"),
    ("42.914", "14.99640", "35.000"),
    ("0", "28", "0.000"),
]


@pytest.mark.parametrize(("conductivity", "celsius", "expected"), PRACTICAL)
def test_practical_salinity_has_the_values_of_its_scale(
    conductivity: str, celsius: str, expected: str
) -> None:
    assert f"{practical_salinity(Decimal(conductivity), Decimal(celsius)):.3f}" == expected


def test_salinity_in_g_per_l_is_practical_salinity_times_1_002() -> None:
    assert salinity_of(Decimal("42.914"), Decimal("14.99640")) == Decimal("35.070")
    # 0.95460 * 1.002 = 0.95651
    assert salinity_of(Decimal("2.0"), Decimal(28)) == Decimal("0.957")


@pytest.mark.parametrize(
    ("conductivity", "celsius"),
    [("2.0", "35.1"), ("2.0", "-2.1"), ("80", "15"), ("-0.001", "28")],
)
def test_outside_of_the_formula_nothing_is_computed(conductivity: str, celsius: str) -> None:
    with pytest.raises(ConversionError) as refused:
        salinity_of(Decimal(conductivity), Decimal(celsius))
    assert refused.value.rule == "outside_formula"
    assert refused.value.vi != refused.value.en


CONVERTED = [
    ("conductivity", "12345", "\u00b5S/cm", "12.345", "mS/cm"),
    ("conductivity", "12345", "\u03bcS/cm", "12.345", "mS/cm"),
    ("conductivity", "12345", "uS/cm", "12.345", "mS/cm"),
    ("conductivity", "12.345", "dS/m", "12.345", "mS/cm"),
    ("conductivity", "1.2345", "S/m", "12.345", "mS/cm"),
    ("salinity", "10", "PSU", "10.020", "g/L"),
    ("salinity", "4", "‰", "4.000", "g/L"),
    ("salinity", "4", "ppt", "4.000", "g/L"),
    ("salinity", "1250", "mg/L", "1250.000", "mg/L"),
    ("water_level", "123.4", "cm", "1.234", "m"),
    ("temperature", "28.1", "Deg C", "28.100", "degC"),
    ("ph", "7.9", "", "7.900", "pH"),
    # To the thousandth, half to even: a half is not always rounded up.
    ("conductivity", "1.5", "uS/cm", "0.002", "mS/cm"),
    ("conductivity", "2.5", "uS/cm", "0.002", "mS/cm"),
]


@pytest.mark.parametrize(("quantity", "value", "written", "expected", "named"), CONVERTED)
def test_units_are_converted_exactly(
    quantity: str, value: str, written: str, expected: str, named: str
) -> None:
    unit = unit_of(quantity, written)
    assert unit is not None
    assert (str(convert(Decimal(value), unit)), unit.unit) == (expected, named)


@pytest.mark.parametrize(
    ("quantity", "written"),
    [("conductivity", "mS"), ("conductivity", "g/L"), ("salinity", "%"), ("temperature", "°F")],
)
def test_a_unit_of_something_else_is_not_known(quantity: str, written: str) -> None:
    assert unit_of(quantity, written) is None


def test_every_unit_is_one_of_the_contract() -> None:
    assert UNITS.keys() == UNITS_OF_CONTRACT.keys()
    for quantity, units in UNITS.items():
        assert {u.unit for u in units.values()} <= set(UNITS_OF_CONTRACT[quantity])
