"""Working time: when a dossier is due, by calendar, hours and the policy of its procedure.

By the Civil Code 91/2015/QH13: the day on which a term begins is not counted (article 147), and a
term whose last day is a day off ends on the next working day (article 148). So:

- working days: due at the close of the N-th working day after the day of reception;
- days: due at the close of the N-th day after it, or of the next working day;
- working hours: due when offices have been open for N hours since;
- fixed hours: what is received on a working day before an hour is due at another hour of that day,
  all else at that hour of the next working day.

While somebody is waited for, the clock is paused: what stands between the day of the request and
the day of the answer, that day included, is not counted, and what is waited for at once is not
counted twice. Or it starts anew with the answer. A wait
that begins when the dossier was due already changes nothing. As long as there is no answer, there
is no due date. All of it is computed in columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from hub.clock import DAY_US, EPOCH_DATE, OFFSET_US
from hub.reference.form import Row
from hub.reference.units import EVER

Array = npt.NDArray[np.int64]
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)
_FIRST = (FIRST - EPOCH_DATE).days
NEVER = np.iinfo(np.int64).min
MINUTE_US = 60_000_000
CLOSES_AT = 17 * 60  # where no hours are listed; lateness goes by days alone
# Why there is no due date.
NO_POLICY, WAITING, NO_HOURS, NO_CALENDAR = "no_policy", "waiting", "no_hours", "no_calendar"


def minutes(text: str) -> int:
    """Read an hour of a day, as 07:30, in minutes."""
    return int(text[:2]) * 60 + int(text[3:5])


def day_number(text: str) -> int:
    """Give an ISO date as days since 1970-01-01."""
    return (date.fromisoformat(text) - EPOCH_DATE).days


@dataclass(frozen=True)
class Calendar:
    """The working days of a province: all weekdays, less days off, with what is worked instead."""

    rows: Sequence[Row]

    @cached_property
    def _is_working(self) -> npt.NDArray[np.bool_]:
        days = np.arange(_FIRST, (LAST - EPOCH_DATE).days)
        is_working = (days + 3) % 7 < 5  # 1970-01-01 was a Thursday
        for row in self.rows:
            day = day_number(row["date"]) - _FIRST
            if 0 <= day < len(is_working):
                is_working[day] = row["kind"] == "working"
        return is_working

    @cached_property
    def _counted(self) -> Array:
        return np.cumsum(self._is_working)

    @cached_property
    def _working(self) -> Array:
        return np.flatnonzero(self._is_working) + _FIRST

    @cached_property
    def known_until(self) -> int:
        """The first day of which the calendar says nothing: that of the year after its last row."""
        last = max((row["date"] for row in self.rows), default=FIRST.isoformat())
        return day_number(f"{int(last[:4]) + 1}-01-01")

    def count(self, days: Array) -> Array:
        """Count the working days up to each day, that day included."""
        return self._counted[np.clip(days - _FIRST, 0, len(self._counted) - 1)]

    def day_of(self, counts: Array) -> Array:
        """Give the day with which so many working days are full."""
        return self._working[np.clip(counts - 1, 0, len(self._working) - 1)]

    def is_working(self, days: Array) -> npt.NDArray[np.bool_]:
        """Tell whether offices work on each day."""
        return self._is_working[np.clip(days - _FIRST, 0, len(self._counted) - 1)]

    def forward(self, days: Array) -> Array:
        """Give each day, or the next working day."""
        return np.where(self.is_working(days), days, self.day_of(self.count(days) + 1))


@dataclass(frozen=True)
class Hours:
    """When offices are open on a working day: spans of minutes, in their order."""

    spans: tuple[tuple[int, int], ...]

    @property
    def a_day(self) -> int:
        """How many minutes that is."""
        return sum(end - begin for begin, end in self.spans)

    @property
    def closes_at(self) -> int:
        """The minute at which the day ends."""
        return self.spans[-1][1] if self.spans else CLOSES_AT

    def position(self, calendar: Calendar, at: Array) -> Array:
        """Give how many microseconds offices have been open up to each instant."""
        day, within = _split(at)
        whole = (calendar.count(day) - calendar.is_working(day)) * (self.a_day * MINUTE_US)
        for begin, end in self.spans:
            whole += np.where(
                calendar.is_working(day),
                np.clip(within - begin * MINUTE_US, 0, (end - begin) * MINUTE_US),
                0,
            )
        return whole

    def instant(self, calendar: Calendar, position: Array) -> Array:
        """Give the first instant up to which offices have been open for so long."""
        a_day = self.a_day * MINUTE_US
        full = (position - 1) // a_day  # a day that is just full is not gone beyond
        left = position - full * a_day
        day = calendar.day_of(full + 1)
        minute = np.zeros_like(left)
        for begin, end in self.spans:
            length = (end - begin) * MINUTE_US
            minute = np.where(left > 0, begin * MINUTE_US + np.minimum(left, length), minute)
            left = left - length
        return day * DAY_US - OFFSET_US + minute


def _split(at: Array) -> tuple[Array, Array]:
    """Divide instants into local days, and microseconds within them."""
    day = (at + OFFSET_US) // DAY_US
    return day, at + OFFSET_US - day * DAY_US


@dataclass(frozen=True)
class Policy:
    """How the time of a procedure is counted, as a row of the list says it."""

    counts: str
    amount: int
    before: int
    due_hour: int
    on_supplement: str
    on_payment: str

    @classmethod
    def read(cls, row: Row) -> "Policy":
        """Read a row of the list `clock_policies`."""
        before, due_hour = (minutes(row[n]) if row[n] else 0 for n in ("before", "due_hour"))
        amount = int(row["amount"] or 0)
        return cls(row["counts"], amount, before, due_hour, row["on_supplement"], row["on_payment"])

    def on(self, kind: str) -> str:
        """Say what a wait of a kind does to the clock: pause, restart, go_on."""
        return self.on_supplement if kind == "supplement" else self.on_payment


@dataclass(frozen=True)
class _Ruler:
    """Measures one policy's time, and finds where so much of it ends."""

    policy: Policy
    calendar: Calendar
    hours: Hours

    def position(self, at: Array) -> Array:
        """Give where an instant is on the scale that the policy counts by."""
        if self.policy.counts == "working_hours":
            return self.hours.position(self.calendar, at)
        day, _ = _split(at)
        return self.calendar.count(day) if self.policy.counts == "working_days" else day

    def due(self, begun: Array, paused: Array) -> Array:
        """Give when what began at an instant is due, less what was waited for."""
        policy = self.policy
        day, within = _split(begun)
        if policy.counts == "fixed_hours":
            is_today = self.calendar.is_working(day) & (within < policy.before * MINUTE_US)
            due = np.where(is_today, day, self.calendar.day_of(self.calendar.count(day) + 1))
            return _at(due, policy.due_hour)
        if policy.counts == "working_hours":
            amount = policy.amount * 60 * MINUTE_US
            return self.hours.instant(self.calendar, self.position(begun) + amount + paused)
        end = self.position(begun) + policy.amount + paused
        is_days = policy.counts == "calendar_days"
        due = self.calendar.forward(end) if is_days else self.calendar.day_of(end)
        return _at(due, self.hours.closes_at)

    def is_open(self, due: Array, at: Array) -> npt.NDArray[np.bool_]:
        """Tell whether something was not yet past due at an instant."""
        if self.policy.counts == "working_hours":
            return at <= due
        return _split(at)[0] <= _split(due)[0]


def _at(day: Array, minute: int) -> Array:
    return day * DAY_US - OFFSET_US + minute * MINUTE_US


class WorkingTime:
    """Calendar, hours and policies of a province, as its lists have them."""

    def __init__(self, tables: Mapping[str, Sequence[Row]]) -> None:
        self.calendar = Calendar(tables.get("calendar", ()))
        self._hours = tables.get("hours", ())
        self._policies: dict[str, list[Row]] = {}
        for row in tables.get("clock_policies", ()):
            self._policies.setdefault(row["procedure"], []).append(row)

    def policy(self, procedure: str, day: str) -> Policy | None:
        """Find the policy of a procedure that is in force on a day."""
        listed = self._policies.get(procedure, ())
        return next((Policy.read(row) for row in listed if _is_in_force(row, day)), None)

    def hours(self, unit: str, day: str) -> Hours:
        """Give the hours of a unit on a day: its own, else those of all units."""
        known = [row for row in self._hours if _is_in_force(row, day)]
        own = [row for row in known if row["unit"] == unit] or [r for r in known if not r["unit"]]
        return Hours(tuple(sorted((minutes(r["opens"]), minutes(r["closes"])) for r in own)))

    @cached_property
    def units_with_hours(self) -> list[str]:
        """The units that have hours of their own."""
        return sorted({row["unit"] for row in self._hours})

    @cached_property
    def change_days(self) -> Array:
        """The days on which hours or policies begin or end, as days since 1970-01-01."""
        listed = [*self._hours, *(row for rows in self._policies.values() for row in rows)]
        days = {row[n] for row in listed for n in ("valid_from", "valid_to")} - {""}
        return np.array(sorted(day_number(day) for day in days), np.int64)

    def due(self, dossiers: pl.DataFrame, waits: pl.DataFrame) -> pl.DataFrame:
        """Compute when dossiers are due: `due_at` in microseconds, or none and the `reason`.

        `dossiers`: entity, unit, procedure, received_at. `waits`: entity, kind (supplement,
        payment), begun_at, ended_at or none; instants in microseconds. Rows keep their order.
        """
        received = dossiers["received_at"].to_numpy()
        days, _ = _split(received)
        eras = np.searchsorted(self.change_days, days, side="right")
        numbered = dossiers.with_row_index("~row").with_columns(
            pl.Series("~era", eras),
            pl.Series("~day", days),
            pl.when(pl.col("unit").is_in(self.units_with_hours))
            .then("unit")
            .otherwise(pl.lit(""))
            .alias("~unit"),
        )
        due = np.full(len(dossiers), NEVER)
        reasons = np.full(len(dossiers), NO_POLICY, dtype=object)
        numbered, policies = self._with_policies(numbered)
        by = ("~policy", "~unit", "~era")
        joined = waits.join(numbered.select("entity", "~row", *by), on="entity")
        of_group = joined.sort("~row", "begun_at", "kind").partition_by(by, as_dict=True)
        for key, group in numbered.partition_by(by, as_dict=True).items():
            number, unit, _ = key
            rows = group["~row"].to_numpy().astype(np.int64)
            day = EPOCH_DATE + timedelta(int(_split(received[rows[:1]])[0][0]))
            policy = policies[int(number)]
            if policy is None:
                continue
            hours = self.hours(str(unit), day.isoformat())
            if policy.counts == "working_hours" and not hours.spans:
                reasons[rows] = NO_HOURS
                continue
            ruler = _Ruler(policy, self.calendar, hours)
            asked = of_group.get(key, joined.clear())
            due[rows], reasons[rows] = _with_waits(ruler, rows, received[rows], asked)
        late = _split(due)[0] >= self.calendar.known_until
        reasons[late] = NO_CALENDAR
        due[late] = NEVER
        return dossiers.select("entity").with_columns(
            pl.Series("due_at", due).replace(NEVER, None), pl.Series("reason", reasons, pl.String)
        )

    def _with_policies(self, numbered: pl.DataFrame) -> tuple[pl.DataFrame, list[Policy | None]]:
        """Number policies, as many procedures have the same: a column `~policy`, and what it is."""
        of_era = numbered.group_by("procedure", "~era").agg(pl.col("~day").min())
        known: dict[Policy | None, int] = {}
        numbers = []
        for procedure, _, number in of_era.rows():
            day = EPOCH_DATE + timedelta(number)
            policy = self.policy(str(procedure), day.isoformat())
            numbers.append(known.setdefault(policy, len(known)))
        of_era = of_era.drop("~day").with_columns(pl.Series("~policy", numbers, pl.Int64))
        keys = ["procedure", "~era"]
        joined = numbered.join(of_era, on=keys, how="left", nulls_equal=True, maintain_order="left")
        return joined, list(known)


def _is_in_force(row: Row, day: str) -> bool:
    return row["valid_from"] <= day < (row["valid_to"] or EVER)


def _with_waits(
    ruler: _Ruler, rows: Array, begun: Array, waits: pl.DataFrame
) -> tuple[Array, npt.NDArray[np.object_]]:
    """Compute due instants of rows, wait after wait in their order."""
    begun, paused = begun.copy(), np.zeros_like(begun)
    reached = begun.copy()  # until when waiting was taken off: two waits at once are one
    due = ruler.due(begun, paused)
    is_waiting = np.zeros(len(rows), bool)
    place = {int(row): i for i, row in enumerate(rows)}
    numbered = waits.with_columns(pl.int_range(pl.len()).over("~row").alias("~number"))
    for (_, kind), turn in sorted(numbered.partition_by("~number", "kind", as_dict=True).items()):
        does = ruler.policy.on(str(kind))
        if does == "go_on":
            continue
        at = np.array([place[row] for row in turn["~row"].to_list()], np.int64)
        asked = np.maximum(turn["begun_at"].to_numpy(), reached[at])
        is_open = ruler.is_open(due[at], asked) & ~is_waiting[at]
        is_answered = turn["ended_at"].is_not_null().to_numpy()
        is_waiting[at[is_open & ~is_answered]] = True
        chosen = is_open & is_answered
        at, asked = at[chosen], asked[chosen]
        answered = np.maximum(turn["ended_at"].fill_null(0).to_numpy()[chosen], asked)
        if does == "restart" or ruler.policy.counts == "fixed_hours":
            begun[at], paused[at] = answered, 0
        else:
            paused[at] += ruler.position(answered) - ruler.position(asked)
        reached[at] = answered
        due[at] = ruler.due(begun[at], paused[at])
    reasons = np.where(is_waiting, WAITING, "").astype(object)
    return np.where(is_waiting, NEVER, due), reasons
