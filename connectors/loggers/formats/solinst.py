"""Solinst: CSV files of Levelogger software (Levelogger User Guide, Data Export).

Labels stand alone in a line, with what they say in the next: `Serial_number:`, `Project ID:`,
`Location:`; then each channel's name with a line `UNIT: …`; then the table, `Date,Time,ms,LEVEL,…`.
Instants are of the logger's clock, which no line says.
"""

from collections.abc import Sequence
from itertools import pairwise

from connectors.loggers.export import Export, Format, Line, table_at
from connectors.loggers.quantities import measured

_SERIAL, _LOCATION, _UNIT = "serial_number", "location", "unit:"


def _label(line: Line) -> str:
    return line.text.strip().rstrip(",;\t").rstrip(":").strip().casefold()


def _is_header(line: Line) -> bool:
    return [c.casefold() for c in line.cells[:2]] == ["date", "time"]


def is_own(lines: Sequence[Line]) -> bool:
    """Tell a Solinst file by its label for the serial number."""
    return any(_label(line) == _SERIAL for line in lines[:5])


def read(lines: Sequence[Line]) -> Export:
    """Read the lines of a Levelogger file. Raises `FileError`."""
    at = table_at(lines, _is_header)
    labels: dict[str, str] = {}
    units: dict[str, str] = {}
    for line, following in pairwise(lines[: at + 1]):
        text = following.text.strip().rstrip(",;\t")
        labels.setdefault(_label(line), text)
        if text.casefold().startswith(_UNIT):
            units[_label(line)] = text[len(_UNIT) :].strip()
    headers = [
        (i, f"{c}, {unit}" if unit else c, c, unit)
        for i, c in enumerate(lines[at].cells)
        if i > 1 and c and c != "ms"
        for unit in (units.get(c.casefold(), ""),)
    ]
    columns, passed = measured(headers)
    return Export(
        names=tuple(n for n in (labels.get(_SERIAL, ""), labels.get(_LOCATION, "")) if n),
        times=(0, 1),
        columns=columns,
        rows=lines[at + 1 :],
        passed=passed,
    )


FORMAT = Format("Solinst Levelogger", is_own, read)
