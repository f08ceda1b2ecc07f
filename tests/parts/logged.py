"""A month of three loggers, in their own formats, with what goes wrong in months.

Hours are counted from 2026-03-01T00:00+07:00; there are 744. All values are chosen by hand:

- ST01, TOA5, salinity in g/L: 1.000 to 1.110 in steps of 0.010, every twelve hours anew. Hour 100
  is a spike of 9.000; hours 200 to 209 are missing, and hour 400 is NAN.
- ST02, HOBO, conductivity in µS/cm at 28 °C: 2000.0 in even hours and 2100.0 in odd ones. From hour
  300 to 320 the sensor is stuck at 2000.0; hour 500 is there twice, with 2050.0 after 2000.0.
- ST03, In-Situ, practical salinity: 1.00 and 0.01 more each hour, a drift.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from hub.reference.form import Row

HOURS = 744
STUCK = range(300, 321)
DEVICES = {"30125": "ST01", "20567890": "ST02", "512345": "ST03"}
_FOREVER = {"valid_from": "2021-01-01", "valid_to": "", "source": "test"}
_TOA5 = (
    '"TOA5","Cua song 1","CR300","30125","CR310.Std.11","CPU:a.CR300","11873","Hourly"',
    '"TIMESTAMP","RECORD","Sal_Avg","BattV_Min"',
    '"TS","RN","g/L","Volts"',
    '"","","Avg","Min"',
)
_HOBO = (
    '"Plot Title: Cua song 2"',
    '"#","Date Time, GMT+07:00","High Range, μS/cm (LGR S/N: 20567890, SEN S/N: 20567890)"'
    ',"Temp, °C (LGR S/N: 20567890, SEN S/N: 20567890)"',
)
_INSITU = (
    "Location Properties",
    "Location Name = Cua song 3",
    "Report Properties",
    "Time Offset = +07:00:00",
    "Device SN = 512345",
    "Date Time,Salinity (PSU) (512345)",
)
Months = list[tuple[Sequence[str], list[str]]]


def at(hour: int) -> datetime:
    """Give the local time of an hour of the month."""
    return datetime(2026, 3, 1) + timedelta(hours=hour)


def months() -> Months:
    """Write the lines of the three files: the head, and the rows."""
    return [(_TOA5, list(_campbell())), (_HOBO, list(_onset())), (_INSITU, list(_insitu()))]


def _campbell() -> Iterator[str]:
    for i in range(HOURS):
        value = "9.000" if i == 100 else '"NAN"' if i == 400 else f"{1 + (i % 12) / 100:.3f}"
        if i not in range(200, 210):
            yield f'"{at(i):%Y-%m-%d %H:%M:%S}",{i},{value},12.7'


def _onset() -> Iterator[str]:
    for i in range(HOURS):
        value = "2100.0" if i % 2 and i not in STUCK else "2000.0"
        for said in (value, "2050.0") if i == 500 else (value,):
            yield f"{i},{at(i):%m/%d/%y %I:%M:%S %p},{said},28.00"


def _insitu() -> Iterator[str]:
    for i in range(HOURS):
        yield f"{at(i):%Y-%m-%d %H:%M:%S},{1 + i / 100:.2f}"


def files(seed: int | None = None) -> list[bytes]:
    """Give the three files; of a seed, in pieces of all sizes that come in any order."""
    if seed is None:
        return ["\n".join([*head, *rows, ""]).encode() for head, rows in months()]
    chance = random.Random(seed)
    pieces = []
    for head, rows in months():
        parts = chance.randint(2, 9)
        of = [chance.randrange(parts) for _ in rows]
        for part in set(of):
            some = [row for row, p in zip(rows, of, strict=True) if p == part]
            pieces.append("\n".join([*head, *some, ""]).encode())
    chance.shuffle(pieces)
    return pieces


def lists() -> dict[str, list[Row]]:
    """Give the lists: which device is where, and the thresholds of the three stations."""

    def threshold(station: str, test: str, value: str, hours: str) -> Row:
        of = {"quantity": "salinity", "station": station, "test": test}
        return {**of, "threshold": value, "hours": hours, **_FOREVER}

    return {
        "devices": [{"device": d, "station": s, **_FOREVER} for d, s in DEVICES.items()],
        "thresholds": [
            threshold("ST01", "spike", "1", "2"),
            threshold("ST01", "rate", "2", "2"),
            threshold("ST02", "flat_line", "0", "6"),
        ],
    }


def ranges() -> dict[str, list[Row]]:
    """Give the list of ranges: no more than 4.5 g/L at ST03."""
    row = {"quantity": "salinity", "station": "ST03", "low": "0", "high": "4.5", **_FOREVER}
    return {"ranges": [row]}
