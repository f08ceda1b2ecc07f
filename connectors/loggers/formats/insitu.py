"""In-Situ: CSV files of VuSitu and Win-Situ, of Aqua TROLL and Level TROLL loggers.

Properties stand above the table, as `Device SN = 512345` (VuSitu) or `Serial Number,512345`
(Win-Situ), with the offset of the clock as `Time Offset = +07:00:00`; the table begins with
`Date Time` or `Date and Time`, and names its columns `Actual Conductivity (µS/cm) (512345)`.
"""

import re
from collections.abc import Sequence

from connectors.loggers.export import Export, Format, Line, offset_in, table_at, value_after
from connectors.loggers.quantities import measured

_FIRST = ("location properties", "report properties", "report date")
_WHEN = ("date time", "date and time")
_COLUMN = re.compile(r"([^()]+?)\s*\(([^()]*)\)(?:\s*\(\d+\))?")


def _is_header(line: Line) -> bool:
    return bool(line.cells) and line.cells[0].casefold() in _WHEN


def is_own(lines: Sequence[Line]) -> bool:
    """Tell an In-Situ file by the heading of its properties."""
    first = next((line.text.strip().strip('"').casefold() for line in lines if line.text), "")
    return first.startswith(_FIRST)


def read(lines: Sequence[Line]) -> Export:
    """Read the lines of a VuSitu or Win-Situ file. Raises `FileError`."""
    at = table_at(lines, _is_header)
    head = lines[:at]
    headers = []
    for i, header in enumerate(lines[at].cells):
        if i and header:
            match = _COLUMN.fullmatch(header)
            name, unit = match.groups() if match else (header, "")
            headers.append((i, header, name, unit))
    columns, passed = measured(headers)
    serial = value_after(head, "Device SN", "Serial Number")
    location = value_after(head, "Location Name", "Site")
    return Export(
        names=tuple(n for n in (serial, location) if n),
        times=(0,),
        columns=columns,
        rows=lines[at + 1 :],
        offset=offset_in(value_after(head, "Time Offset", "Time Zone")),
        passed=passed,
    )


FORMAT = Format("In-Situ", is_own, read)
