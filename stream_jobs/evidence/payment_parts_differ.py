"""Does a payment statistic say another sum than its parts: its months, its days, its places?"""

from collections.abc import Iterator
from functools import cache
from operator import itemgetter

import polars as pl

from hub.definitions.contract import Doc
from hub.reference.periods import Period, parse_period
from hub.reports.evidence import Looked, Rule, Shown
from stream_jobs.worked import paid

# What may be added over periods and over places; customers are distinct within a period only.
_OVER_TIME = ("transactions", "amount_vnd")
_OVER_PLACES = (*_OVER_TIME, "customers")
_KEY = ("reporter", "service", "method", "area")
Key = tuple[str, ...]
Numbers = dict[str, int]
Statistics = dict[Key, dict[str, Numbers]]
_SCHEMA = {
    "unit": pl.String(),
    "at": pl.Int64(),
    "entities": pl.List(pl.String),
    "parts": pl.String(),
    **{n: pl.Int64() for name in _OVER_PLACES for n in (name, f"{name}_of_parts")},
}


@cache
def _period(text: str) -> Period:
    return parse_period(text)


@cache
def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.text for part in _period(text).parts())


def _known(by_period: dict[str, Numbers], text: str) -> Numbers | None:
    """Give what is said of a period: by itself, else by its parts, if all are there."""
    return by_period[text] if text in by_period else _of_parts(by_period, text)


def _of_parts(by_period: dict[str, Numbers], text: str) -> Numbers | None:
    parts = [_known(by_period, part) for part in _parts(text)]
    return _added([part for part in parts if part is not None], len(parts), _OVER_TIME)


def _added(parts: list[Numbers], wanted: int, names: tuple[str, ...]) -> Numbers | None:
    """Add parts up; None where there are none, or some are missing."""
    if not parts or len(parts) < wanted:
        return None
    return {name: sum(part[name] for part in parts) for name in names}


def _pairs(statistics: Statistics, looked: Looked) -> Iterator[tuple[Key, str, str, Numbers]]:
    """Give of each statistic what its parts add up to, and which parts these are."""
    for key, by_period in statistics.items():
        for text in by_period:
            months = _of_parts(by_period, text)
            if months is not None:
                yield key, text, f"{_parts(text)[0]} – {_parts(text)[-1]}", months
            for places in looked.places(key[-1], _period(text)):
                there = [statistics.get((*key[:-1], place), {}).get(text) for place in places]
                named = [numbers for numbers in there if numbers is not None]
                summed = _added(named, len(places), _OVER_PLACES)
                if summed is not None:
                    yield key, text, f"{min(places)} – {max(places)}", summed


def find(looked: Looked) -> pl.DataFrame:
    """Name statistics whose parts are all there and add up to something else."""
    statistics: Statistics = {}
    for row in looked.facts.drop_nulls("reporter").iter_rows(named=True):
        by_period = statistics.setdefault(itemgetter(*_KEY)(row), {})
        by_period[row["period"]] = {name: row[name] for name in _OVER_PLACES}
    rows = []
    for key, text, parts, summed in _pairs(statistics, looked):
        whole = statistics[key][text]
        differing = {name: n for name, n in summed.items() if n != whole[name]}
        if differing:
            rows.append(
                {
                    "unit": key[-1],
                    "at": _period(text).end - 1,  # a period is told of when it is over
                    "entities": ["|".join((*key, text))],
                    "parts": parts,
                    **{name: whole[name] for name in differing},
                    **{f"{name}_of_parts": n for name, n in differing.items()},
                }
            )
    return pl.DataFrame(rows, _SCHEMA)


def _told(period: str, amount: int, area: str, customers: int = 1) -> dict[str, object]:
    return paid("cashless", period, customers=customers, amount=amount, area=area)


RULE = Rule(
    title=Doc("Tổng không bằng các phần cộng lại", "Parts do not add up to the whole"),
    meaning=Doc(
        "Thống kê của một kỳ hoặc một địa bàn khác tổng các kỳ con hoặc địa bàn con, khi có đủ các"
        " phần",
        "The statistic of a period or place is another sum than those of all of its parts",
    ),
    find=find,
    contract="payment",
    examples=(
        Shown(
            why="28 days of 10 are 280: H57.21 says 290 for February, H57.22 says 280. Of H57.23 a"
            " day is missing, and nothing is said of it.",
            events=[
                *(
                    _told(f"2025-02-{day:02}", 10, area)
                    for area in ("H57.21", "H57.22", "H57.23")
                    for day in range(1, 28 if area == "H57.23" else 29)
                ),
                *(
                    _told("2025-02", amount, area, customers=28)
                    for area, amount in (("H57.21", 290), ("H57.22", 280), ("H57.23", 999))
                ),
            ],
            period="2025-02",
            named=("DIENLUC|electricity|cashless|H57.21|2025-02",),
        ),
    ),
)
