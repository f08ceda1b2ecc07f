"""Quantities: what a column of a logger's file holds, by its name."""

import re
from collections.abc import Sequence

from connectors.loggers.export import Measured
from hub.sheets.table import FileError
from hub.sheets.vietnamese import key
from schemas.contracts.reading import QUANTITIES
from schemas.conversions import UNITS, unit_of

# By the name without case, marks and what a logger's program adds to it. Conductivity that was
# compensated to 25 °C (specific conductance) is another quantity, and is not read as this one.
_NAMES = {
    "conductivity": "cond|conductivity|actualconductivity|ec|ctcond|condct|waterec|highrange"
    "|lowrange|fullrange|highrangecond|lowrangecond|dodan|dodandien",
    "temperature": "temp|temperature|watertemp|watertemperature|tempwater|wtemp|temperaturec|tempc"
    "|watertempc|cttemp|nhietdo|nhietdonuoc",
    "salinity": "sal|salinity|doman",
    "water_level": "level|waterlevel|lvl|stage|wl|sensordepth|mucnuoc",
    "ph": "ph|phunits",
    "dissolved_oxygen": "odo|do|dissolvedoxygen|odoconc|doconc|domgl|odomgl|rdoconcentration"
    "|doconcentration|oxy|oxyhoatan",
}
_QUANTITIES = {name: q for q, names in _NAMES.items() for name in names.split("|")}
# How a value was taken of an interval: means and samples are values, ends of it are not.
_TAKEN = re.compile(r"_(avg|smp|med)$|\(\d+\)$", re.IGNORECASE)
# A unit by which a column is of another quantity, such as saturation instead of concentration.
_OF_OTHERS = re.compile(r"%.*|mv", re.IGNORECASE)


def quantity_of(name: str) -> str | None:
    """Find the quantity that a column's name says; None where the contract has none such."""
    return _QUANTITIES.get(key(_TAKEN.sub("", _TAKEN.sub("", name.strip()))))


def measured(headers: Sequence[tuple[int, str, str, str]]) -> tuple[list[Measured], list[str]]:
    """Part columns (place, header, name, unit) into those that are read and headers of the rest.

    Raises `FileError` where two hold one quantity, where none is known, and for a unit that is not.
    """
    columns: list[Measured] = []
    passed = []
    for at, header, name, unit in headers:
        quantity = quantity_of(name)
        if quantity is None or _OF_OTHERS.fullmatch(unit):
            passed.append(header)
            continue
        twin = next((c for c in columns if c.quantity == quantity), None)
        if twin is not None:
            both = f"{twin.header}, {header}"
            vi = f"hai cột cùng một đại lượng ({QUANTITIES[quantity][0]}); hãy xuất tệp chỉ với"
            vi += " một cột"
            en = f"two columns hold one quantity ({quantity}); export the file with one of them"
            raise FileError("duplicate_header", vi, en, value=both)
        known_unit = unit_of(quantity, unit)
        if known_unit is None:
            listed = ", ".join(filter(None, UNITS[quantity]))
            vi = f"cột “{header}”: đơn vị không đổi được cho {QUANTITIES[quantity][0]}; nhận"
            vi += f" {listed}"
            en = f"column “{header}”: no unit of {quantity} that can be converted; known: {listed}"
            raise FileError("unknown_unit", vi, en, value=unit)
        columns.append(Measured(at, header, quantity, unit, known_unit))
    if not columns:
        known = ", ".join(_NAMES)
        vi = f"không cột nào là đại lượng đã biết ({known})"
        en = f"no column holds a known quantity ({known})"
        raise FileError("missing_header", vi, en, value=", ".join(h for _, h, _, _ in headers))
    return columns, passed
