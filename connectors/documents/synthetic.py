"""The synthetic year of papers: the published shares of 2023 by level, all counts invented.

A count is already a sum, so there are some thousands of them at any scale, and the published
shares hold in the smallest demo: 89, 88 and 83 of a hundred, exactly.
"""

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import polars as pl

from hub.clock import VIETNAM, to_us

# Units of the demo's lists by level, and of a hundred papers how many are handled online.
UNITS = {
    "province": [f"H57.{n}" for n in range(1, 21)],
    "district": [f"H57.{n}" for n in range(21, 32)],
    "commune": [f"H57.{n}" for n in range(32, 141)],
}
ONLINE_PERCENT = {"province": 89, "district": 88, "commune": 83}
# A level's papers of a month, for each of its units.
HUNDREDS_A_UNIT = {"province": 6, "district": 5, "commune": 1}
YEAR = 2023
FRAME_ROWS = 20_000
RESTATED_EVERY = 40
DEFECTS_MAX = 2
Row = tuple[str, str, str, int, int, int, int]
SCHEMA = {
    "unit": pl.String,
    "level": pl.String,
    "day": pl.String,
    "revision": pl.Int64,
    "handled": pl.Int64,
    "handled_online": pl.Int64,
    "recorded_at": pl.Int64,
}


def _days(chance: random.Random, month: int) -> date:
    """Draw a working day of a month."""
    while True:
        day = date(YEAR, month, chance.randrange(1, 29))
        if day.weekday() < 5:
            return day


def _rows(seed: int) -> Iterator[Row]:
    chance, numbers = random.Random(seed), count()
    for level, units in UNITS.items():
        for month in range(1, 13):
            # What units lack of the level's share others have over: the sum is exact.
            shifts = [chance.randrange(-9, 10) for _ in range(len(units) // 2)]
            shifts += [-s for s in shifts] + [0] * (len(units) % 2)
            for unit, shift in zip(units, shifts, strict=True):
                handled = 100 * HUNDREDS_A_UNIT[level]
                online = ONLINE_PERCENT[level] * HUNDREDS_A_UNIT[level] + shift
                day = _days(chance, month)
                at = to_us(datetime(day.year, day.month, day.day, 17, tzinfo=VIETNAM))
                name = (unit, level, day.isoformat())
                if next(numbers) % RESTATED_EVERY == 0:
                    yield (*name, 0, handled - 3, online - 3, at)
                    yield (*name, 1, handled, online, at + 2 * 86_400_000_000)
                else:
                    yield (*name, 0, handled, online, at)


def total(scale: float) -> int:
    """Count what `history` yields, the same at any positive `scale`."""
    _check(scale)
    return sum(1 for _ in _rows(0))


def history(seed: int, scale: float) -> Iterator[pl.DataFrame]:
    """Yield the counts of 2023, at most 20,000 rows a frame; `scale` changes nothing here."""
    _check(scale)
    frame = pl.DataFrame(list(_rows(seed)), schema=SCHEMA, orient="row")
    ids = "VB23-" + pl.Series(range(frame.height)).cast(pl.String).str.zfill(6)
    yield from frame.with_columns(event_id=ids).sort("recorded_at").iter_slices(FRAME_ROWS)


def _check(scale: float) -> None:
    if not scale > 0:
        raise ValueError(f"scale must be positive, not {scale}")


# What each defect changes in an acceptable count; None leaves the field out.
_DEFECTS: tuple[dict[str, object], ...] = (
    {"handled_online": 999},
    {"do_mat": "Mật"},
    {"day": "17/05/2023"},
)


def defects(seed: int, scale: float) -> list[dict[str, object]]:
    """Make JSON-shaped items that break the contract: 1 or 2."""
    items: list[dict[str, object]] = []
    for number in range(max(1, min(DEFECTS_MAX, round(DEFECTS_MAX * scale)))):
        item = _counted(f"LOI23-VB-{number}", "H57.1", "province", "2023-05-17", 0, 100)
        items.append(item | _DEFECTS[(seed + number) % len(_DEFECTS)])
    return items


def _counted(
    name: str, unit: str, level: str, day: str, revision: int, handled: int
) -> dict[str, Any]:
    return {
        "event_id": name,
        "unit": unit,
        "level": level,
        "day": day,
        "revision": revision,
        "handled": handled,
        "handled_online": handled * ONLINE_PERCENT[level] // 100,
    }


LIVE_SECONDS = 45.0


def live(seed: int, clock: Callable[[], datetime]) -> Iterator[dict[str, object]]:
    """Yield counts of today without end, which grow through the day.

    A revision is the local time of day in milliseconds, so it also grows over a restart. There are
    no districts any more.
    """
    units = [(u, level) for level in ("province", "commune") for u in UNITS[level]]
    random.Random(seed).shuffle(units)
    for number in count():
        at = clock().astimezone(VIETNAM)
        unit, level = units[number % len(units)]
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        revision = (at - midnight) // timedelta(milliseconds=1)
        day = f"{at:%Y-%m-%d}"
        handled = revision // 600_000  # one in ten minutes
        name = f"VB-{at:%Y%m%d%H%M%S%f}-{number}"
        counted = _counted(name, unit, level, day, revision, handled)
        yield counted | {"recorded_at": at.isoformat()}
