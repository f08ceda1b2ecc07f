"""HOBO: text that Onset's HOBOware exports (HOBOware User's Guide, Exporting Data).

The first line is the plot's title; the next names the columns: `Date Time, GMT+07:00`, then each
series as `High Range, μS/cm (LGR S/N: 20567890, SEN S/N: 20567890)`. Dates are
`mm/dd/yy hh:mm:ss AM` as the program writes them unless it was set otherwise; of dates that are
written in another way, as by a sheet program, nothing says the order. Columns such as
`Coupler Attached` and `End Of File` tell of the logger.
"""

import re
from collections.abc import Sequence

from connectors.loggers.export import Export, Format, Line, offset_in, table_at
from connectors.loggers.quantities import measured

_SERIAL = re.compile(r"\(?\b(?:LGR )?S/N: ?(\d+)")
_AS_SET_AT_FIRST = re.compile(r"\d{2}/\d{2}/\d{2} \d{2}:\d{2}:\d{2} [AP]M")
_TITLE = re.compile(r'"?Plot Title: ?(.*?)"?')


def _is_header(line: Line) -> bool:
    return any(c.startswith("Date Time") for c in line.cells[:2])


def is_own(lines: Sequence[Line]) -> bool:
    """Tell a HOBOware file by the plot's title, or by the serial numbers among its headers."""
    has_title = any(_TITLE.fullmatch(line.text.strip()) for line in lines[:1])
    return (has_title or any("LGR S/N" in line.text for line in lines[:2])) and any(
        _is_header(line) for line in lines[:3]
    )


def read(lines: Sequence[Line]) -> Export:
    """Read the lines of a HOBOware file. Raises `FileError`."""
    at = table_at(lines, _is_header)
    header = lines[at]
    when = next(i for i, c in enumerate(header.cells) if c.startswith("Date Time"))
    series = [(i, c) for i, c in enumerate(header.cells) if i > when and c]
    columns, passed = measured([(i, c, *_parts(c)) for i, c in series])
    serials = [m.group(1) for _, c in series if (m := _SERIAL.search(c))]
    rows = lines[at + 1 :]
    first = next((row.cells[when] for row in rows if when < len(row.cells)), "")
    title = next((m.group(1).strip() for line in lines[:at] if (m := _title(line))), "")
    return Export(
        names=tuple(n for n in (*serials[:1], title) if n),
        times=(when,),
        columns=columns,
        rows=rows,
        offset=offset_in(header.cells[when]),
        dates="month" if _AS_SET_AT_FIRST.fullmatch(first) else None,
        passed=passed,
    )


def _title(line: Line) -> re.Match[str] | None:
    return _TITLE.fullmatch(line.text.strip().rstrip(",;\t"))


def _parts(header: str) -> tuple[str, str]:
    """Part `Temp, °C (LGR S/N: 1, LBL: x)` into its name and its unit."""
    name, _, unit = header.split("(", maxsplit=1)[0].partition(",")
    return name.strip(), unit.strip()


FORMAT = Format("Onset HOBO", is_own, read)
