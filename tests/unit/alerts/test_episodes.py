"""Episodes of a series, worked out by hand."""

import itertools
from datetime import datetime

import polars as pl

from hub.alerts.episodes import episodes
from hub.alerts.rule import SERIES, Limits
from hub.clock import to_us

HOUR = 3_600_000_000
START = to_us(datetime.fromisoformat("2023-03-01T00:00:00+07:00"))
LIMITS = (Limits(over=4000, clear=3500, for_minutes=60, quiet_minutes=180),)


def series(*values: int | None, subject: str = "A") -> pl.DataFrame:
    """Give a value each hour; None where there is none."""
    rows = [
        (subject, START + n * HOUR, value, None, None)
        for n, value in enumerate(values)
        if value is not None
    ]
    return pl.DataFrame(rows, schema=SERIES, orient="row")


def found(points: pl.DataFrame, hours: float, limits: tuple[Limits, ...] = LIMITS) -> list[object]:
    """Give begin and end in hours, and the worst value, of the episodes up to an hour."""
    return [
        (
            (e.raised_at - START) / HOUR,
            None if e.cleared_at is None else (e.cleared_at - START) / HOUR,
            e.worst,
        )
        for e in episodes(points, limits, START + int(hours * HOUR))
    ]


def test_between_both_thresholds_it_stays_as_it_was() -> None:
    values = series(3900, 4000, 3700, 3400)
    assert found(values, 1.9) == []  # one value, and an hour is wanted
    assert found(values, 2) == [(1, None, 4000)]
    assert found(values, 3) == [(1, None, 4000)]
    assert found(values, 5.9) == [(1, None, 4000)]  # not quiet for three hours yet
    assert found(values, 6) == [(1, 3, 4000)]


def test_over_again_before_it_was_quiet_is_the_same_episode() -> None:
    values = series(4000, 4100, 3000, 3000, 4500, 4200, 3000)
    assert found(values, 20) == [(0, 6, 4500)]
    later = series(4000, 4100, 3000, 3000, 3000, 4500, 4200, 3000)
    assert found(later, 20) == [(0, 2, 4100), (5, 7, 4500)]


def test_a_silent_station_is_not_said_to_be_safe() -> None:
    assert found(series(4000, 4100, None), 500) == [(0, None, 4100)]


def test_the_order_of_points_says_nothing() -> None:
    rows = series(4000, 4100, 3000, 4500, 4600, 3000).rows()
    orders = itertools.islice(itertools.permutations(rows), 0, 720, 37)
    lists = [found(pl.DataFrame(o, schema=SERIES, orient="row"), 12) for o in orders]
    assert lists == [[(0, 5, 4600)]] * len(lists)


def test_each_day_is_judged_by_its_own_limits_or_all_by_todays() -> None:
    limits = (Limits(over=4000, clear=4000), Limits(over=2000, clear=2000, since="2023-03-02"))
    hours = [0, 30]
    rows = [("A", START + h * HOUR, 3000, None, None) for h in hours]
    points = pl.DataFrame(rows, schema=SERIES, orient="row")
    until = START + 40 * HOUR
    then = episodes(points, limits, until, "then")
    now = episodes(points, limits, until, "now")
    assert [(e.raised_at - START) // HOUR for e in then] == [30]
    assert [(e.raised_at - START) // HOUR for e in now] == [0]
    assert (then[0].threshold, now[0].threshold) == (2000, 2000)


def test_subjects_are_apart() -> None:
    both = pl.concat([series(4000, 4100, subject="B"), series(3000, 3000, subject="A")])
    assert [e.subject for e in episodes(both, LIMITS, START + 9 * HOUR)] == ["B"]
