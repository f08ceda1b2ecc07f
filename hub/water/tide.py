"""Tide: the form of a station's salinity by the phases of the tide, and how well that foretells.

Salt has a season: a station has fifty times as much in March as in October, and its tide swings as
much more. So harmonic analysis is not of the salinity but of its ratio to the mean of the tidal day
around it (24 h 50 min, the level), which has no season; what is foretold is the level, going on as
it went since the last spring tide, times the ratio of the hour asked. How far that goes wrong is
measured, not derived: on weeks that the analysis has not seen, by how many days ahead, beside the
naive forecast "as 24 h 50 min ago".

K1 and P1, and S2 and K2, are 183 days apart by one turn: with less they cannot be told from one
another, so less is refused. `utide` (Codiga 2011) gives the frequencies and the fit.

Salinities are g/L, instants microseconds at whole hours, ratios have no unit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hub.clock import DAY_US
from hub.water.stations import GAP_US, HOUR_US, LUNAR_DAY_US, Floats, Ints, Series

CONSTITUENTS = ("M2", "S2", "N2", "K2", "K1", "O1", "P1", "Q1", "M4", "MS4")
LEARNT_DAYS = 400  # how far back values are looked at: a season and the one before
SPAN_DAYS_MIN = 183
HOURS_MIN = 60 * 24
LEVEL_MIN = 0.1  # g/L: below, a logger's steps are as large as the tide
LEVEL_HOURS, LEVEL_HOURS_MIN = 25, 23
LEVEL_LEAST = 0.01  # g/L: from less no growth is told
GROWTH_HOURS = 354  # 14.77 days, from spring tide to spring tide
AHEAD_DAYS = 7
HELD_BACK_DAYS = 28  # on how many days, one after another, a forecast is tried
ERRORS_MIN = HELD_BACK_DAYS * 24 // 2  # of each day ahead
COVERED = 0.95  # of the errors of a trial an interval holds as many
SWING_HOURS = 75  # three tidal days
SWING_MIN, SWING_MAX = 0.5, 2.0
HOUR_DAYS = HOUR_US / DAY_US

REASONS = {
    "no_values": ("chưa có số đo được tính", "no value that counts"),
    "gap": (
        "24 giờ 50 phút vừa qua thiếu số đo được tính",
        "values that count are missing of the last 24 h 50 min",
    ),
    "short": (
        "cần nửa năm số đo, và 60 ngày có mặn, trước năm tuần dùng để thử",
        "half a year of values, and 60 days with salt, are needed before the five weeks of trial",
    ),
    "untried": ("chưa thử được dự báo trên các tuần giữ lại", "too few held-back hours to try it"),
    "swing": (
        "biên độ triều khác hẳn mọi khi: xem cảm biến (bám bẩn, trôi, đứng)",
        "the tide does not swing as it did: see to the sensor (fouled, drifting, stuck)",
    ),
}


@dataclass(frozen=True)
class Errors:
    """What a trial on held-back weeks gave: `wide` is the error by day ahead, a share of the level.

    It is one for both sides, since a trial of a rising season tells little of a falling one, and
    no narrower than that of the day before. `mean` and `naive` are mean absolute errors in g/L of
    the forecast and of the naive one, over the same hours.
    """

    wide: Floats
    mean: float
    naive: float
    hours: int


@dataclass(frozen=True)
class Forecast:
    """Salinity at the whole hours to come, and the upper end of its interval.

    The interval reaches as far below what is expected.
    """

    at: Ints
    expected: Floats
    high: Floats
    errors: Errors


class UntoldError(Exception):
    """Nothing can be foretold; `reason` is one of `REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Hourly:
    """A series at whole hours, NaN where nothing is known, and its level over tidal days."""

    at: Ints
    grams: Floats
    level: Floats  # of the tidal day that ends at the hour

    @property
    def around(self) -> Floats:
        """The level of the tidal day with the hour in its middle."""
        half = LEVEL_HOURS // 2
        return np.concatenate([self.level[half:], np.full(half, np.nan)])

    def levels(self, origins: Ints) -> Floats:
        """Give what levels become in the hours after some places, if they go on as they went.

        Rows are places, columns hours ahead. How they went is since 14.77 days before, over which
        spring and neap tides even out; where nothing is known of then, they stay.
        """
        steps = np.arange(1, AHEAD_DAYS * 24 + 1)
        level = self.level[origins]
        before = np.where(
            origins >= GROWTH_HOURS, self.level[(origins - GROWTH_HOURS).clip(0)], np.nan
        )
        before = np.where(np.isnan(before), level, before)
        growth = np.log(np.maximum(level, LEVEL_LEAST) / np.maximum(before, LEVEL_LEAST))
        # A level is that of the middle of its tidal day.
        gone: Floats = level[:, None] * np.exp(
            growth[:, None] * (steps + LEVEL_HOURS // 2) / GROWTH_HOURS
        )
        return gone

    def part(self, start: int, until: int) -> "Hourly":
        """Give the hours from one place up to another."""
        return Hourly(self.at[start:until], self.grams[start:until], self.level[start:until])


def hourly(series: Series, at: int) -> Hourly:
    """Take a series at the whole hours up to the last that has a value before an instant.

    Raises `UntoldError` where there is none, or it is too long ago.
    """
    known = series.within(at - LEARNT_DAYS * DAY_US, at + 1)
    if not len(known.at):
        raise UntoldError("no_values")
    first = -(-int(known.at[0]) // HOUR_US) * HOUR_US
    last = int(known.at[-1]) // HOUR_US * HOUR_US
    if at - int(known.at[-1]) > GAP_US:
        raise UntoldError("gap")
    hours = np.arange(first, last + 1, HOUR_US, dtype=np.int64)
    grams = known.around(hours)
    return Hourly(hours, grams, _means(grams))


def _means(grams: Floats) -> Floats:
    """Give the mean of the `LEVEL_HOURS` up to each hour, NaN where too few are known."""
    is_known = ~np.isnan(grams)
    sums = np.concatenate([[0.0], np.cumsum(np.where(is_known, grams, 0.0))])
    counts = np.concatenate([[0], np.cumsum(is_known)])
    upto = np.arange(1, len(grams) + 1)
    since = (upto - LEVEL_HOURS).clip(0)
    count = counts[upto] - counts[since]
    means = (sums[upto] - sums[since]) / np.maximum(count, 1)
    return np.where(count >= LEVEL_HOURS_MIN, means, np.nan)


def learn(known: Hourly) -> Any:
    """Fit the constituents to the ratio of hours to their level. Raises `UntoldError`."""
    import utide  # noqa: PLC0415 (takes a second to import, and only windows need it)

    level = known.around
    fits = ~np.isnan(known.grams) & (level >= LEVEL_MIN)  # NaN is not
    at, ratio = known.at[fits], known.grams[fits] / level[fits]
    if len(at) < HOURS_MIN or at[-1] - at[0] < SPAN_DAYS_MIN * DAY_US:
        raise UntoldError("short")
    # Nodal corrections need a latitude and change a ratio by less than its noise within a year.
    return utide.solve(
        at / DAY_US,
        ratio,
        epoch="1970-01-01",
        lat=0.0,
        nodal=False,
        trend=False,
        method="ols",
        conf_int="none",
        phase="raw",
        constit=list(CONSTITUENTS),
        verbose=False,
    )


def ratios(learnt: Any, at: Ints) -> Floats:
    """Give the ratio to the level at instants, by what was learnt."""
    import utide  # noqa: PLC0415

    told = utide.reconstruct(at / DAY_US, learnt, epoch="1970-01-01", verbose=False)
    return np.maximum(np.asarray(told.h, np.float64), 0.0)


def try_out(series: Series, known: Hourly) -> Errors:
    """Foretell held-back weeks day by day, by what was learnt of the time before them."""
    steps = np.arange(1, AHEAD_DAYS * 24 + 1)
    origins = len(known.at) - 1 - AHEAD_DAYS * 24 - np.arange(HELD_BACK_DAYS) * 24
    if origins[-1] < 0:
        raise UntoldError("short")
    learnt = learn(known.part(0, int(origins[-1]) + 1))
    places = origins[:, None] + steps
    level = known.levels(origins)
    ratio = ratios(learnt, known.at)[places]
    apart = level * ratio - known.grams[places]
    tides = -(-steps * HOUR_US // LUNAR_DAY_US)
    naive = series.around((known.at[places] - tides * LUNAR_DAY_US).ravel()).reshape(apart.shape)
    shares = np.abs(apart / np.maximum(level, LEVEL_MIN)).reshape(-1, AHEAD_DAYS, 24)
    by_day = [day[~np.isnan(day)] for day in shares.transpose(1, 0, 2).reshape(AHEAD_DAYS, -1)]
    if min(map(len, by_day)) < ERRORS_MIN:
        raise UntoldError("untried")
    wide = np.maximum.accumulate([np.quantile(day, COVERED) for day in by_day])
    both = ~np.isnan(apart) & ~np.isnan(naive)
    return Errors(
        wide,
        float(np.abs(apart[both]).mean()),
        float(np.abs(naive - known.grams[places])[both].mean()),
        int(both.sum()),
    )


def foretell(series: Series, at: int) -> Forecast:
    """Foretell the hours after the last value before an instant. Raises `UntoldError`."""
    known = hourly(series, at)
    last = int(known.at[-1])
    if np.isnan(known.level[-1]) or series.has_gap(at - LUNAR_DAY_US, at):
        raise UntoldError("gap")
    errors = try_out(series, known)
    learnt = learn(known)
    if not SWING_MIN <= swing(known, ratios(learnt, known.at[-SWING_HOURS:])) <= SWING_MAX:
        raise UntoldError("swing")
    steps = np.arange(1, AHEAD_DAYS * 24 + 1)
    ahead = last + steps * HOUR_US
    level = known.levels(np.array([len(known.at) - 1]))[0]
    expected = level * ratios(learnt, ahead)
    error = np.maximum(level, LEVEL_MIN) * errors.wide[(steps - 1) // 24]
    return Forecast(ahead, expected, expected + error, errors)


def swing(known: Hourly, foreseen: Floats) -> float:
    """Tell how much the tide swung of late, of how much it should: 1 is as ever.

    It is the slope of the ratios measured over those foreseen, of the last three tidal days. A
    sensor that is fouled or stuck swings less; one that reads c more than there is at a level of L
    swings by L / (L + c), one that reads c less by L / (L - c).
    """
    hours = len(foreseen)
    level = known.level[-hours:]
    measured = known.grams[-hours:] / level
    both = ~np.isnan(measured)
    if not both.any():
        return 0.0
    apart = foreseen[both] - foreseen[both].mean()
    spread = float((apart**2).sum())
    return float((apart * measured[both]).sum()) / spread if spread else 0.0
