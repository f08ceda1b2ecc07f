"""Readings of a logger's file: each measured cell is one, and salinity is computed where it is not.

A cell becomes the contract's unit; what the logger wrote stays beside it (`raw_value`, `raw_unit`).
Where a row has conductivity and temperature and the file no salinity, that is a further reading. A
word such as NAN, and the codes that loggers write when they have no value, become a reading of
quality 9 without a value; an empty cell is none.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from statistics import median_low
from typing import Any

from connectors.loggers.devices import Device, Devices, on_day
from connectors.loggers.export import Export, Format, Line, Measured, lines_of
from connectors.loggers.formats import formats
from connectors.loggers.instants import check_order, check_parts, local_instant
from hub.clock import VIETNAM, to_us
from hub.definitions.admission import Verdict, unreadable
from hub.definitions.faults import is_word_for_nothing
from hub.definitions.masking import Kind, mask_text
from hub.sheets.table import FileError, Row
from hub.sheets.tabular import TableRead, whole_file
from hub.sheets.understood import PassedOver, Understood, UnderstoodColumn
from hub.sheets.vietnamese import WrittenError
from schemas.contracts.reading import QUANTITIES
from schemas.conversions import PSS78, ConversionError, convert, salinity_of

MISSING = 9
# What loggers write in the place of a value: Campbell's -7999, 7999 and 6999, the others' -9999.
# In microsiemens 7999 may be a value; that it is the code is the safer of two mistakes.
CODES = frozenset(map(Decimal, (-7999, 7999, 6999, -6999, -9999)))
_WORDS = frozenset(["INF", "+INF", "-INF", "INFINITY"])
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?([eE][+-]?\d{1,2})?")
_COMMA = re.compile(r"[+-]?\d{1,15},\d{1,15}")
_RAW = re.compile(r"[!-~]{1,24}")
_STATION = re.compile(r"[A-Z0-9]+([.\-][A-Z0-9]+)*")


def format_of(data: bytes) -> Format | None:
    """Find the format of a file by its first lines; None where it is no logger's."""
    try:
        lines = lines_of(data[:20_000])
    except FileError:
        return None
    return next((f for f in formats() if f.is_own(lines)), None)


def read_export(data: bytes, listed: Iterable[Mapping[str, str]] | None) -> TableRead:
    """Read a logger's file: a row of values, or a verdict, for each reading.

    `listed` are the rows of the list of devices. Without them a file's own name for
    its station is taken for the station's code.
    """
    understood = Understood()
    try:
        lines = lines_of(data)
        known = next((f for f in formats() if f.is_own(lines)), None)
        if known is None:
            names = ", ".join(f.name for f in formats())
            vi = f"không nhận ra định dạng của thiết bị nào ({names})"
            raise FileError("unknown_format", vi, f"no logger's format is recognised ({names})")
        export = known.read(lines)
        devices = None if listed is None else Devices(listed)
        rows = list(_Reader(export, devices, understood).rows())
        if not rows:
            vi, en = "tệp không có số đo nào", "there is no reading in the file"
            raise FileError("empty", vi, en)
    except FileError as error:
        return TableRead([whole_file(data, error)], Understood())
    return TableRead(rows, understood)


@dataclass(frozen=True)
class _Place:
    """Where and when a row was measured, and its line."""

    line: Line
    station: str
    at: datetime


@dataclass(frozen=True)
class _Item:
    """A reading of a row, or why a cell of it is refused; `header` is its column's."""

    line: Line
    header: str
    values: dict[str, Any]
    verdict: Verdict | None = None

    @property
    def original(self) -> bytes:
        """The row's bytes, after what tells this reading from the row's others."""
        said = self.verdict.rule if self.verdict else self.values["quantity"]
        return f"{self.header}\n{said}\n{self.line.text}".encode()


class _Reader:
    """Reads the rows of one export."""

    def __init__(self, export: Export, devices: Devices | None, understood: Understood) -> None:
        self._export = export
        self._understood = understood
        self._devices = self._listed(devices)
        self._column = {c.quantity: c for c in export.columns}
        has_parts = {"conductivity", "temperature"} <= self._column.keys()
        self._is_derived = has_parts and "salinity" not in self._column

    def _listed(self, devices: Devices | None) -> list[Device]:
        """Find the rows of the list that are of this device. Raises `FileError` where none is."""
        names = self._export.names
        if devices is None:
            codes = [n for n in reversed(names) if _STATION.fullmatch(n)]
            return [Device(n, n, "", "9999") for n in codes[:1]] or self._unknown()
        return devices.known(names) or self._unknown()

    def _unknown(self) -> list[Device]:
        names = ", ".join(self._export.names) or "–"
        vi = f"danh mục devices không có thiết bị {names}; hãy thêm số hiệu và mã trạm của nó"
        en = f"the list devices has no device {names}; add its serial number and station"
        raise FileError("unknown_device", vi, en, value=names)

    def rows(self) -> Iterator[Row]:
        """Read the rows; say in `understood` what was taken for what. Raises `FileError`."""
        self._say_columns()
        order = self._devices[0].dates or self._export.dates
        if order is not None:
            check_parts([self._when(line) for line in self._export.rows], order)
        placed = list(self._placed())
        instants = [p.at for p in placed if isinstance(p, _Place)]
        if order != "year":
            check_order(instants, order)
        self._say_gaps(instants)
        self._understood.written = self._written
        place = 0
        for row in placed:
            for item in [row] if isinstance(row, _Item) else self._of_row(row):
                verdict = item.verdict and replace(item.verdict, index=place)
                self._understood.cells[place] = (item.line.number, item.header)
                yield Row(item.line.number, item.original, _plain(item.values), verdict, {}, place)
                place += 1

    def _placed(self) -> Iterator["_Place | _Item"]:
        """Say of each row when and at which station it was measured, or why that is not known."""
        texts = self._export
        needed = {*texts.times, *(c.at for c in texts.columns)}
        for line in texts.rows:
            if not any(c for c in line.cells):
                continue
            when = self._when(line)
            if line.is_cut:
                vi = "dòng cuối thiếu ô và không có dấu hết dòng: tệp bị cắt; hãy xuất lại cả tệp"
                en = "the last line lacks cells and its end: the file was cut; export it again"
                yield _refused(line, "", WrittenError("cut_off", vi, en), when, "instant")
                continue
            if not any(line.cells[i] for i in needed - {*texts.times} if i < len(line.cells)):
                vi = f"bỏ qua dòng {line.number}: không có số đo"
                en = f"passed over: row {line.number}, it has no measured value"
                self._pass("row", line.number, mask_text(line.text), vi, en)
                continue
            try:
                yield self._place(line, when)
            except WrittenError as error:
                yield _refused(line, "", error, when, "instant")

    def _written(self, place: int, field: str) -> str:
        """Give what a reading's cell says, or its time, as the logger wrote it, masked."""
        number, header = self._understood.cells[place]
        line = self._lines[number]
        if field == "measured_at":
            return mask_text(self._when(line), "instant")
        column = next((c for c in self._export.columns if c.header == header), None)
        if field != "value" or column is None or column.at >= len(line.cells):
            return ""
        return mask_text(line.cells[column.at], "number")

    @cached_property
    def _lines(self) -> dict[int, Line]:
        return {line.number: line for line in self._export.rows}

    def _when(self, line: Line) -> str:
        """Give what a row says of its time."""
        return " ".join(line.cells[i] for i in self._export.times if i < len(line.cells))

    def _place(self, line: Line, when: str) -> _Place:
        listed = self._devices[0]
        local = local_instant(when, listed.dates or self._export.dates)
        device = on_day(self._devices, local.date())
        if device is None:
            day = local.date().isoformat()
            vi = f"ngày {day} danh mục devices không cho biết thiết bị {listed.name} ở trạm nào"
            en = f"the list devices does not say where the device {listed.name} was on {day}"
            raise WrittenError("unknown_device", vi, en)
        offset = self._export.offset
        if offset is None:
            offset = device.offset
        zone = VIETNAM if offset is None else timezone(offset)
        return _Place(line, device.station, local.replace(tzinfo=zone).astimezone(VIETNAM))

    def _of_row(self, place: _Place) -> Iterator["_Item"]:
        cells = place.line.cells
        values: dict[str, Decimal | None] = {}
        for column in self._export.columns:
            cell = cells[column.at] if column.at < len(cells) else ""
            if not cell:
                continue
            try:
                number = read_number(cell, place.line.has_commas)
            except WrittenError as error:
                yield _refused(place.line, column.header, error, cell, "number")
                continue
            values[column.quantity] = number
            yield _Item(place.line, column.header, _event(place, column, cell, number))
        if self._is_derived and {"conductivity", "temperature"} <= values.keys():
            yield self._derived(place, values)

    def _derived(self, place: _Place, values: Mapping[str, Decimal | None]) -> "_Item":
        """Compute salinity of a row's conductivity and temperature."""
        conductivity, temperature = self._column["conductivity"], self._column["temperature"]
        cell = place.line.cells[conductivity.at]
        event = _named(place, "salinity") | {
            "unit": "g/L",
            **_raw(cell),
            "raw_unit": conductivity.written,
            "formula": PSS78,
        }
        written, celsius = values["conductivity"], values["temperature"]
        if written is None or celsius is None:
            return _Item(place.line, conductivity.header, event | {"quality": MISSING})
        degrees = convert(celsius, temperature.unit)
        event["raw_temperature"] = degrees
        try:
            event["value"] = salinity_of(written * conductivity.unit.factor, degrees)
        except ConversionError as error:
            refused = WrittenError(error.rule, error.vi, error.en)
            return _refused(place.line, conductivity.header, refused, cell, "number")
        return _Item(place.line, conductivity.header, event)

    def _say_columns(self) -> None:
        export = self._export
        first = next((row.cells for row in export.rows if any(row.cells)), ())
        for column in export.columns:
            cell = first[column.at] if column.at < len(first) else ""
            names, unit = (mask_text(column.header), column.quantity), (column.unit.unit,) * 2
            called = QUANTITIES[column.quantity][0]
            self._understood.columns.append(
                UnderstoodColumn("", *names, called, *_example(column, cell), unit)
            )
        for header in map(mask_text, export.passed):
            vi, en = f"bỏ qua cột “{header}”", f"passed over: column “{header}”"
            self._pass("column", 0, header, vi, en)

    def _say_gaps(self, instants: Sequence[datetime]) -> None:
        """Name the hours that are missing, and those that are there twice."""
        steps = [b - a for a, b in pairwise(instants)]
        usual = median_low([s for s in steps if s > timedelta()] or [timedelta(hours=1)])
        for (before, after), step in zip(pairwise(instants), steps, strict=True):
            a, b = before.isoformat(), after.isoformat()
            if step > usual * 1.5:
                self._pass("gap", 0, a, f"không có dòng nào giữa {a} và {b}",
                           f"there is no row between {a} and {b}")  # fmt: skip
            elif step <= timedelta():
                self._pass("repeated", 0, b, f"thời điểm {b} đứng sau {a}: giờ bị lặp lại",
                           f"{b} stands after {a}: an hour is repeated")  # fmt: skip

    def _pass(self, what: str, number: int, text: str, vi: str, en: str) -> None:
        self._understood.passed.append(PassedOver(what, "", number, text, vi, en))


def read_number(cell: str, has_commas: bool = False) -> Decimal | None:
    """Read a logger's number; None for what stands there when it has no value.

    `has_commas`: what stands before decimals may be a comma. Raises `WrittenError`.
    """
    bare = cell.strip().strip('"')
    if bare.upper() in _WORDS or is_word_for_nothing(bare):
        return None
    if has_commas and _COMMA.fullmatch(bare):
        bare = bare.replace(",", ".")
    if not _NUMBER.fullmatch(bare):
        vi, en = "không phải một số", "not a number"
        raise WrittenError("not_a_number", vi, en)
    number = Decimal(bare)
    return None if number in CODES else number


def _example(column: Measured, cell: str) -> tuple[str, str]:
    """Give a cell, and what it is read as."""
    try:
        number = read_number(cell)
    except WrittenError:
        return "", ""
    as_read = "cờ 9 | quality 9" if number is None else str(convert(number, column.unit))
    return mask_text(cell, "number"), as_read


def _named(place: _Place, quantity: str) -> dict[str, Any]:
    """Name a reading without its value: two values for one instant are a conflict, not two."""
    text = f"{place.station}|{quantity}|{to_us(place.at)}"
    return {
        "event_id": hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
        "station_code": place.station,
        "measured_at": place.at.isoformat(),
        "quantity": quantity,
    }


def _raw(cell: str) -> dict[str, str]:
    """Keep a cell as it is written, where it is a number or a word in plain letters."""
    return {"raw_value": cell} if _RAW.fullmatch(cell) else {}


def _event(place: _Place, column: Measured, cell: str, number: Decimal | None) -> dict[str, Any]:
    unit = column.unit
    event = _named(place, column.quantity) | {"unit": unit.unit} | _raw(cell)
    if column.written:
        event["raw_unit"] = column.written
    if unit.formula is not None:
        event["formula"] = unit.formula
    if number is None:
        return event | {"quality": MISSING}
    return event | {"value": convert(number, unit)}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Write decimals as JSON does; three decimals are exact so."""
    return {k: float(v) if isinstance(v, Decimal) else v for k, v in values.items()}


def _refused(line: Line, header: str, error: WrittenError, cell: str, kind: Kind) -> _Item:
    vi, en = f"dòng {line.number}: {error.vi}", f"row {line.number}: {error.en}"
    return _Item(line, header, {}, unreadable(error.rule, header, cell, vi, en, 0, kind))
