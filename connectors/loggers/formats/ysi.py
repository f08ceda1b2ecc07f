"""YSI: measurement files that Kor and KorEXO export, of EXO sondes (EXO User Manual).

Lines about file, sonde and sensors stand above the table, which begins with
`Date (MM/DD/YYYY),Time (HH:mm:ss)`: so the header says the order of the date. Columns are
`Cond µS/cm`, `Sal psu`, `Temp °C` or, of older ones, `°C` alone.
"""

import re
from collections.abc import Sequence

from connectors.loggers.export import Dates, Export, Format, Line, offset_in, table_at, value_after
from connectors.loggers.quantities import measured

_DATE = re.compile(r"Date \(([MDY/.\- ]+)\)", re.IGNORECASE)
_FIRST: dict[str, Dates] = {"M": "month", "D": "day", "Y": "year"}
_ABOUT = ("Time (Fract. Sec)", "Site Name", "Site", "Fault Code")


def _is_header(line: Line) -> bool:
    return bool(line.cells) and _DATE.fullmatch(line.cells[0]) is not None


def is_own(lines: Sequence[Line]) -> bool:
    """Tell a Kor file by what its first line calls it."""
    return bool(lines) and lines[0].text.strip('"').casefold().startswith("kor ")


def read(lines: Sequence[Line]) -> Export:
    """Read the lines of a Kor file. Raises `FileError`."""
    at = table_at(lines, _is_header)
    head, header = lines[:at], lines[at].cells
    match = _DATE.fullmatch(header[0])
    assert match is not None
    headers = [(i, c, *_parts(c)) for i, c in enumerate(header) if i > 1 and c and c not in _ABOUT]
    columns, passed = measured(headers)
    sonde = value_after(head, "Sonde ID", "Sonde SN", "Instrument Serial Number").split(" ")[-1]
    site = header.index("Site Name") if "Site Name" in header else None
    first = next((row.cells for row in lines[at + 1 :] if row.text.strip()), ())
    named = first[site] if site is not None and site < len(first) else ""
    return Export(
        names=tuple(n for n in (sonde, named) if n and not n.startswith("<")),
        times=(0, 1),
        columns=columns,
        rows=lines[at + 1 :],
        offset=offset_in(value_after(head, "Time Zone", "UTC Offset")),
        dates=_FIRST[match.group(1)[0].upper()],
        passed=passed,
    )


def _parts(header: str) -> tuple[str, str]:
    """Part `Cond µS/cm` into its name and its unit; `°C` alone is the temperature."""
    if header == "°C":
        return "Temp", header
    name, _, unit = header.partition(" ")
    return name, unit


FORMAT = Format("YSI EXO", is_own, read)
