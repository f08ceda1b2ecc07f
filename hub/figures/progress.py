"""Progress: how a figure stands against its year's target, as the year goes on.

A year's volume is held against the part of the plan that is due by now: the plan dealt out over the
working days of the year, or as last year went. All else, shares for one, is held against the target
itself. While a year lasts nothing that may still change is called met or missed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from hub.clock import DAY_US, day_of, day_start
from hub.figures.book import Ask, Book
from hub.figures.figure import Pace, Progress, ProgressState
from hub.figures.terms import Sums
from hub.reference.lists import Aim, Target
from hub.reference.periods import Period, parse_period

PROVINCE = "province"
YEAR_LETTERS = len("2023")


@dataclass(frozen=True)
class Passed:
    """How much of a year's plan is due by now: so many of all, by what."""

    paced_by: Pace
    passed: int
    whole: int


def judge(target: Target, numerator: int, divisor: int, *, is_over: bool) -> Progress:
    """Hold a figure against the target itself."""
    is_met = target.is_met(numerator, divisor)
    if is_over:
        return Progress("met" if is_met else "missed")
    return Progress("on_course" if is_met else "behind")


def judge_plan(target: Target, volume: int, passed: Passed, *, is_over: bool) -> Progress:
    """Hold a volume against a year's plan, as much of it as is due.

    What is to be reached is met once it is, what is not to be exceeded is missed once it was.
    """
    due = target.value * passed.passed / passed.whole
    said = Target(target.op, due)
    is_met = target.is_met(volume, 1)
    state: ProgressState
    if is_over or is_met != target.is_ceiling:
        state = "met" if is_met else "missed"
    else:
        state = "on_course" if said.is_met(volume, 1) else "behind"
    written = str(due.quantize(Decimal("0.1"), ROUND_HALF_UP))
    return Progress(state, passed.paced_by, written, passed.passed, passed.whole)


@dataclass
class Aims:
    """The targets of one question's figures, and how each stands.

    `sums` sums the KPI for another period, up to an instant, by the same keys. `unit` names the
    dimension of units, `wanted` the unit that the question is filtered by; what is cut in another
    way (`is_cut`), as by channel, has no target.
    """

    kpi: str
    book: Book
    ask: Ask
    is_volume: bool
    sums: Callable[[Period, int], Sums]
    unit: str | None
    wanted: str | None
    is_cut: bool

    def of(self, dims: Mapping[str, str | None]) -> Aim | None:
        """Find the target of a figure: of the province, or of the unit that it is about.

        A plan is of its year, so that no shorter period has one.
        """
        code = dims.get(self.unit or "") or self.wanted
        if self.is_cut or (code is None and self.unit in dims):
            return None
        level = PROVINCE if code is None else self._level(code)
        aim = self.book.reference.aim(self.kpi, self.ask.period, level, code or "")
        is_plan = aim is not None and aim.pace and self.is_volume
        return None if is_plan and len(self.ask.period.text) != YEAR_LETTERS else aim

    def _level(self, code: str) -> str:
        """Give the level of a unit as it was at the end of the period; none of an unknown one."""
        units, last = self.book.reference.units, self.ask.period.end_on - timedelta(1)
        unit = None if units is None else units.named(code, last.isoformat())
        return "" if unit is None else unit.level

    def progress(
        self, aim: Aim | None, key: tuple[str | None, ...], n: int, divisor: int
    ) -> Progress | None:
        """Say how a figure stands against its target, if it has one."""
        if aim is None:
            return None
        is_over = self.ask.at >= self.ask.period.end
        passed = self._passed(aim.pace, key) if aim.pace and self.is_volume else None
        if passed is None:
            return judge(aim.target, n, divisor, is_over=is_over)
        return judge_plan(aim.target, n, passed, is_over=is_over)

    def _passed(self, pace: str, key: tuple[str | None, ...]) -> Passed | None:
        if pace == "last_year":
            upto, whole = (sums.get(key, 0) for sums in self._last_year)
            if whole:
                return Passed("last_year", upto, whole)
        # Where there is no last year, working days say it.
        upto, whole = self._working_days
        return Passed("working_days", upto, whole) if whole else None

    @cached_property
    def _working_days(self) -> tuple[int, int]:
        """Count the working days that are over, and all of the year."""
        reference, period = self.book.reference, self.ask.period
        days = [date.fromisoformat(day) for day in period.days()]
        worked = [day for day in days if reference.is_working_day(day)]
        today = day_of(self.ask.until)
        over = [day for day in worked if day_of(day_start(day)) < today]
        return len(over), len(worked)

    @cached_property
    def _last_year(self) -> tuple[Sums, Sums]:
        """Sum last year up to the end of the day that was yesterday then, and all of it."""
        last = parse_period(str(int(self.ask.period.text) - 1))
        gone = (self.ask.until - self.ask.period.start) // DAY_US
        upto = min(day_start(last.start_on + timedelta(int(gone))), last.end)
        return self.sums(last, upto), self.sums(last, last.end)
