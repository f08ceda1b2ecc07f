"""TOA5: tables of Campbell Scientific's loggers, as LoggerNet writes them.

Four lines stand above the rows (LoggerNet manual, appendix B): station and logger, with `TOA5` in
the first cell and the serial number in the fourth; names of columns; units; how each was taken.
Instants are of the logger's clock, which no line says; dates begin with the year.
"""

from collections.abc import Sequence

from connectors.loggers.export import Export, Format, Line
from connectors.loggers.quantities import measured
from hub.sheets.table import FileError

HEAD = 4


def is_own(lines: Sequence[Line]) -> bool:
    """Tell a TOA5 file by its first cell."""
    return bool(lines) and list(lines[0].cells[:1]) == ["TOA5"]


def read(lines: Sequence[Line]) -> Export:
    """Read the lines of a TOA5 file. Raises `FileError`."""
    if len(lines) < HEAD or "TIMESTAMP" not in lines[1].cells:
        vi, en = "thiếu dòng tiêu đề của TOA5", "lines of the head of TOA5 are missing"
        raise FileError("missing_header", vi, en)
    head, names, units = (line.cells for line in lines[:3])
    when = names.index("TIMESTAMP")
    headers = [
        (at, f"{name}, {unit}" if unit else name, name, unit)
        for at, name in enumerate(names)
        if name not in ("TIMESTAMP", "RECORD")
        for unit in (units[at] if at < len(units) else "",)
    ]
    columns, passed = measured(headers)
    station, serial = (head[at] if at < len(head) else "" for at in (1, 3))
    return Export(
        names=tuple(n for n in (serial, station) if n),
        times=(when,),
        columns=columns,
        rows=lines[HEAD:],
        dates="year",
        passed=passed,
    )


FORMAT = Format("Campbell TOA5", is_own, read)
