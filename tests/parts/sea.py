"""A sea of the tests' own: salinity that no model of the hub was made from, and its faults."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from hub.clock import DAY_US, VIETNAM, to_us
from hub.water.stations import HOUR_US, Floats, Ints, Series

# Constituents of a tide at the mouth: period in hours, height in m, lag in radians.
TIDE = (
    (12.4206, 0.9, 0.0),
    (12.0, 0.35, 0.7),
    (12.6583, 0.17, 0.3),
    (11.9672, 0.1, 0.8),
    (23.9345, 0.6, 1.1),
    (25.8193, 0.45, 2.0),
    (24.0659, 0.2, 0.9),
)


def instant(text: str) -> datetime:
    """Read a local instant."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def series_of(last: int, values: Sequence[float | None]) -> Series:
    """Make hours up to a last one; none is missing."""
    pairs = [
        (last - (len(values) - 1 - n) * HOUR_US, v) for n, v in enumerate(values) if v is not None
    ]
    return Series(np.array([at for at, _ in pairs], np.int64), np.array([v for _, v in pairs]))


def sea(start: datetime, until: datetime, seed: int) -> Series:
    """Make hours of a station: salt rises with the water's height by a curve that is no line.

    The season has its height in the middle of March, a river's flow comes and goes within weeks,
    and a sensor is off by 3 % each time.
    """
    chance = np.random.default_rng(seed)
    at = np.arange(to_us(start), to_us(until), HOUR_US, dtype=np.int64)
    river = np.convolve(np.cumsum(chance.normal(0, 0.01, len(at))), np.ones(72) / 72, "same")
    fresh = np.exp(0.25 * (river - river.mean()))
    high = 1 / (1 + np.exp(-1.3 * _height(at)))
    noise = np.exp(chance.normal(0, 0.03, len(at)))
    return Series(at, np.round(12 * _season(at) * fresh * high * noise, 3))


def _season(at: Ints) -> Floats:
    days = (at - to_us(instant("2026-03-17"))) / DAY_US % 365.25
    apart = np.minimum(days, 365.25 - days)
    season: Floats = 0.02 + 0.98 * np.exp(-((apart / 42) ** 2))
    return season


def _height(at: Ints) -> Floats:
    hours = at / HOUR_US
    height: Floats = np.sum(
        [h * np.cos(2 * np.pi * hours / period - lag) for period, h, lag in TIDE], axis=0
    )
    return height
