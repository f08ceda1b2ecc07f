"""Flagging: quality control once more, value by value in plain Python, for verify to compare with.

It shares with `hub.definitions.thresholds` what the tests mean, and no code of them.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from hub.clock import day_of, iso_day
from hub.definitions.thresholds import FLAT_VALUES_MIN, HOUR_US, Threshold

Value = tuple[int, str, int]  # when, the entity, thousandths


def recount_flags(
    rows: Iterable[Sequence[Any]], thresholds: Sequence[Threshold]
) -> set[tuple[str, str]]:
    """Give (entity, test) of values that are flagged; rows as in `thresholds.SERIES`."""
    series: dict[tuple[str, str], list[Value]] = {}
    for entity, place, quantity, at, value in rows:
        series.setdefault((place, quantity), []).append((at, entity, value))
    tests = sorted({c.test for c in thresholds})
    flagged = set()
    for (place, quantity), values in series.items():
        values.sort()
        for i, (at, entity, _) in enumerate(values):
            for test in tests:
                threshold = _in_force(thresholds, test, quantity, place, iso_day(day_of(at)))
                if threshold is not None and _is_flagged(values, i, threshold):
                    flagged.add((entity, test))
    return flagged


def _in_force(
    thresholds: Sequence[Threshold], test: str, quantity: str, place: str, day: str
) -> Threshold | None:
    """Find the threshold of a test: the station's own, else the one for all."""
    of_all = None
    for c in thresholds:
        if (c.test, c.quantity) == (test, quantity) and c.valid_from <= day < c.valid_to:
            if c.station == place:
                return c
            if c.station is None:
                of_all = c
    return of_all


def _is_flagged(values: list[Value], i: int, threshold: Threshold) -> bool:
    at, _, value = values[i]
    before = values[i - 1] if i else None
    after = values[i + 1] if i + 1 < len(values) else None
    if threshold.test == "gross_range":
        return value < threshold.low or value > threshold.high
    if before is None or (at - before[0] > threshold.window and threshold.test != "flat_line"):
        return False
    if threshold.test == "rate":
        return abs(value - before[2]) * HOUR_US > threshold.low * (at - before[0])
    if threshold.test == "spike":
        if after is None or after[0] - at > threshold.window:
            return False
        up, down = value - before[2], value - after[2]
        return (up > 0) == (down > 0) and min(abs(up), abs(down)) > threshold.low
    stretch = [value]
    for (later, _, _), (earlier, _, said) in pairwise(reversed(values[: i + 1])):
        if later <= at - threshold.window:
            break
        if earlier < at - 2 * threshold.window:
            return False
        stretch.append(said)
        if earlier <= at - threshold.window:
            return len(stretch) >= FLAT_VALUES_MIN and max(stretch) - min(stretch) <= threshold.low
    return False
