"""The synthetic year of the salinity stations: no real station, no measured value.

Salt comes up with the tide, twice a day, in the dry season, and less the farther from the sea.
"""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

import numpy as np
import numpy.typing as npt
import polars as pl

from hub.clock import VIETNAM, to_us

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# The demo's volumes at scale 1: every hour of 2023 at every station, but for the gaps below.
HOURS = 8_760
FROM_SEA_KM = np.array([3, 6, 10, 14, 18, 23, 28, 33, 39, 45, 52, 60])
STATIONS = [f"ST{n + 1:02}" for n in range(len(FROM_SEA_KM))]

FRAME_ROWS = 20_000
DEFECTS_MAX = 30
HOUR_S = 3_600
DAY_S = 86_400
START_S = to_us(datetime(2023, 1, 1, tzinfo=VIETNAM)) // 1_000_000

PATCHY_STATION = 6
DEAD_STATION, DEAD_HOURS = 9, range(5_400, 5_400 + 7 * 24)
STUCK_STATION, STUCK_HOURS = 3, range(3_000, 3_000 + 3 * 24)
GOOD, SUSPECT, FAIL, MISSING = 1, 3, 4, 9


def salinity_milligrams_per_litre(station: Ints, at_s: Ints) -> Ints:
    """Compute the salt of stations (numbers from 0) at instants in seconds since the epoch."""
    hours = at_s / HOUR_S
    year_part = (at_s - START_S) / DAY_S % 365.25
    apart = np.minimum(np.abs(year_part - 75), 365.25 - np.abs(year_part - 75))
    season = 0.03 + 0.97 * np.exp(-((apart / 42) ** 2))
    lag = FROM_SEA_KM[station] / 25
    half_day = np.sin(2 * np.pi * (hours - lag) / 12.42)
    day = np.sin(2 * np.pi * (hours - lag) / 23.93 + 0.8)
    spring = 0.8 + 0.2 * np.sin(2 * np.pi * hours / (14.77 * 24))
    highest = 21.0 * np.exp(-FROM_SEA_KM[station] / 24)
    salt: Ints = (1000 * highest * season * spring * (0.55 + 0.3 * half_day + 0.15 * day)).astype(
        np.int64
    )
    return np.maximum(salt, 0)


def _is_sent(hours: int) -> Bools:
    """Say which hours reach us, by station and hour: one station loses 3 %, one dies for a week."""
    sent = np.ones((len(STATIONS), hours), np.bool_)
    hour = np.arange(hours)
    sent[PATCHY_STATION, hour * 7_919 % 100 < 3] = False
    sent[DEAD_STATION, np.isin(hour, DEAD_HOURS)] = False
    return sent


def _hours(scale: float) -> int:
    if not scale > 0:
        raise ValueError(f"scale must be positive, not {scale}")
    return max(1, round(HOURS * scale))


def total(scale: float) -> int:
    """Count the readings that `history` yields at `scale`."""
    return int(_is_sent(_hours(scale)).sum())


def history(seed: int, scale: float) -> Iterator[pl.DataFrame]:
    """Yield hourly readings from 1/1/2023 in arrival order, at most 20,000 rows a frame.

    A smaller scale is fewer hours. `value` is in thousandths of g/L, `measured_at` in microseconds.
    """
    rng = np.random.default_rng(seed)
    station, hour = np.nonzero(_is_sent(_hours(scale)))
    measured = START_S + hour * HOUR_S
    noise = rng.normal(1, 0.03, len(hour))
    value = (salinity_milligrams_per_litre(station, measured) * noise).astype(np.int64)
    quality = np.full(len(hour), GOOD)

    is_spike = rng.random(len(hour)) < 0.002
    value[is_spike], quality[is_spike] = value[is_spike] * 3 + 500, SUSPECT
    is_stuck = (station == STUCK_STATION) & np.isin(hour, STUCK_HOURS)
    value[is_stuck], quality[is_stuck] = 2_345, FAIL
    is_missing = rng.random(len(hour)) < 0.001
    value[is_missing], quality[is_missing] = 0, MISSING

    is_delayed = rng.random(len(hour)) < 0.01
    arrival = measured + np.where(is_delayed, rng.exponential(2 * DAY_S, len(hour)) + HOUR_S, 60)
    order = np.lexsort((station, arrival))
    for start in range(0, len(order), FRAME_ROWS):
        rows = order[start : start + FRAME_ROWS]
        codes = pl.Series(STATIONS).gather(station[rows])
        yield pl.DataFrame(
            {
                "event_id": codes + "-23-" + pl.Series(hour[rows]).cast(pl.String).str.zfill(5),
                "station_code": codes,
                "measured_at": measured[rows] * 1_000_000,
                "quantity": pl.repeat("salinity", len(rows), eager=True),
                "value": value[rows],
                "unit": pl.repeat("g/L", len(rows), eager=True),
                "quality": quality[rows],
            }
        )


# What each defect changes in an acceptable reading; None leaves the field out.
_DEFECTS: tuple[dict[str, object], ...] = (
    {"value": 4.1234},
    {"value": "4,12"},
    {"measured_at": "2023-03-15T06:00:00"},
    {"quantity": "do_man"},
    {"unit": "ppt"},
    {"quality": 7},
    {"station_code": "trạm 1"},
    {"measured_at": None},
    {"pin": 12.6},
)


def defects(seed: int, scale: float) -> list[dict[str, object]]:
    """Make JSON-shaped items that break the contract, as loggers do: 1 to 30."""
    rng = random.Random(seed)
    items: list[dict[str, object]] = []
    for number in range(max(1, min(DEFECTS_MAX, round(DEFECTS_MAX * scale)))):
        at = datetime(2023, 1, 1, tzinfo=VIETNAM) + timedelta(hours=rng.randrange(HOURS))
        item = _reading(rng.randrange(len(STATIONS)), at, f"LOI23-{number:06}")
        item |= _DEFECTS[number % len(_DEFECTS)]
        items.append({name: value for name, value in item.items() if value is not None})
    return items


def _reading(station: int, at: datetime, event_id: str) -> dict[str, object]:
    seconds = np.array([to_us(at) // 1_000_000])
    return {
        "event_id": event_id,
        "station_code": STATIONS[station],
        "measured_at": at.isoformat(),
        "quantity": "salinity",
        "value": int(salinity_milligrams_per_litre(np.array([station]), seconds)[0]) / 1000,
        "unit": "g/L",
        "quality": GOOD,
    }


# A reading every five seconds, one station after another.
LIVE_SECONDS = 5.0


def live(seed: int, clock: Callable[[], datetime]) -> Iterator[dict[str, object]]:
    """Yield the present hour of every station, then readings of now, station after station.

    The caller paces: a round of all stations every five minutes. Values follow from station and
    instant alone, so a restart repeats them; identifiers hold the clock's microsecond.
    """
    first = random.Random(seed).randrange(len(STATIONS))
    for number in count():
        at = clock().astimezone(VIETNAM)
        event_id = f"TR-{at:%Y%m%d%H%M%S%f}-{number}"
        if number < len(STATIONS):
            at = at.replace(minute=0, second=0, microsecond=0)
        yield _reading((first + number) % len(STATIONS), at, event_id)
