"""Devices: at which station a logger stood on a day, by the province's list, and its settings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from connectors.loggers.export import Dates, offset_in
from hub.sheets.table import FileError

EVER = "9999-12-31"


@dataclass(frozen=True)
class Device:
    """A row of the list: the station, and what the device's files do not say themselves."""

    name: str
    station: str
    valid_from: str
    valid_to: str
    offset: timedelta | None = None
    dates: Dates | None = None


class Devices:
    """The list of devices, by serial number or by the name that a device gives its station.

    Raises `FileError` where a row of it cannot be read.
    """

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        self._by_name: dict[str, list[Device]] = {}
        for row in rows:
            device = Device(
                row["device"],
                row["station"],
                row["valid_from"],
                row["valid_to"] or EVER,
                _offset(row),
                cast("Dates | None", row.get("dates") or None),
            )
            self._by_name.setdefault(device.name, []).append(device)

    def known(self, names: Sequence[str]) -> list[Device]:
        """Give the rows of the first of these names that the list knows, on whatever day."""
        return next((self._by_name[n] for n in names if n in self._by_name), [])


def _offset(row: Mapping[str, str]) -> timedelta | None:
    """Read the offset of a device's clock. Raises `FileError` where it is none."""
    written = row.get("clock") or ""
    offset = offset_in(written)
    if written and offset is None:
        vi = f"danh mục devices, thiết bị {row['device']}: múi giờ phải viết như +07:00"
        en = f"the list devices, device {row['device']}: an offset is written as +07:00"
        raise FileError("malformed_time", vi, en, value=written)
    return offset


def on_day(devices: Iterable[Device], day: date) -> Device | None:
    """Give the row that is in force on a day."""
    said = day.isoformat()
    return next((d for d in devices if d.valid_from <= said < d.valid_to), None)
