"""Counts terms on a calendar, day by day and minute by minute, as a clerk would.

By the Civil Code (articles 147, 148) and decisions 0031, 0035 and 0038: the day of reception is not
counted, nor is that of an answer; a term of days that ends on a day off ends on the next working
day. A wait that begins when the dossier was past due changes nothing; while nobody has answered
there is no due date. What several waits have in common is taken off once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from tests.parts.golden.plain import EPOCH, Dossier, day_of, midnight

MINUTE = 60_000_000
Row = dict[str, str]


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


@dataclass(frozen=True)
class Clock:
    """A province's calendar, hours and policies, as its lists say them."""

    days: dict[date, str]
    hours: tuple[Row, ...]
    policies: dict[str, Row]

    @classmethod
    def of(cls, lists: dict[str, list[Row]]) -> "Clock":
        """Read the lists."""
        days = {date.fromisoformat(r["date"]): r["kind"] for r in lists["calendar"]}
        policies = {r["procedure"]: r for r in lists["clock_policies"]}
        return cls(days, tuple(lists["hours"]), policies)

    def __hash__(self) -> int:
        return id(self)

    @cache  # noqa: B019 (a calendar lives as long as its tests)
    def works(self, day: int) -> bool:
        """Tell whether offices work on a day."""
        at = EPOCH.date() + timedelta(days=day)
        return self.days.get(at, "" if at.weekday() < 5 else "holiday") in ("", "working")

    def knows(self, day: int) -> bool:
        """Tell whether the calendar says anything of the year of a day."""
        return (EPOCH.date() + timedelta(days=day)).year <= max(self.days).year

    @cache  # noqa: B019 (as above)
    def spans(self, unit: str | None) -> list[tuple[int, int]]:
        """Give when a unit is open on a working day, in minutes: its own hours, or all units'."""
        own = [r for r in self.hours if r["unit"] == unit] or [
            r for r in self.hours if not r["unit"]
        ]
        return sorted((_minute(r["opens"]), _minute(r["closes"])) for r in own)

    def working_days(self, day: int, number: int) -> int:
        """Give the last of so many working days after a day."""
        while number > 0:
            day += 1
            number -= self.works(day)
        return day

    def count(self, after: int, upto: int) -> int:
        """Count the working days after one day up to another, that one included."""
        return sum(self.works(day) for day in range(after + 1, upto + 1))

    def open_spans(self, unit: str | None, at: int) -> Iterator[tuple[int, int]]:
        """Give the stretches in which a unit is open, from an instant on."""
        day = day_of(at)
        while True:
            for begin, end in self.spans(unit) if self.works(day) else ():
                first, last = (midnight(day) + m * MINUTE for m in (begin, end))
                if last > at:
                    yield max(first, at), last
            day += 1

    def open_for(self, unit: str | None, begun: int, until: int) -> int:
        """Say for how long a unit was open between two instants."""
        total = 0
        for first, last in self.open_spans(unit, begun):
            if first >= until:
                return total
            total += min(last, until) - first
        raise AssertionError

    def after_open(self, unit: str | None, begun: int, length: int) -> int:
        """Give the instant up to which a unit was open for so long."""
        for first, last in self.open_spans(unit, begun):
            if length <= last - first:
                return first + length
            length -= last - first
        raise AssertionError


@dataclass
class Term:
    """The term of one dossier, as it goes: when it began, and what of it was waited for."""

    clock: Clock
    policy: Row
    unit: str | None
    begun: int
    paused: int = 0
    taken_off: int = 0  # up to when waits are taken off already

    def due(self) -> int:
        """Give when it ends."""
        clock, counts = self.clock, self.policy["counts"]
        day, within = day_of(self.begun), self.begun - midnight(day_of(self.begun))
        amount = int(self.policy["amount"] or 0)
        if counts == "working_hours":
            return clock.after_open(self.unit, self.begun, amount * 60 * MINUTE + self.paused)
        if counts == "fixed_hours":
            is_today = clock.works(day) and within < _minute(self.policy["before"]) * MINUTE
            day = day if is_today else clock.working_days(day, 1)
            return midnight(day) + _minute(self.policy["due_hour"]) * MINUTE
        if counts == "calendar_days":
            day += amount + self.paused
            day = day if clock.works(day) else clock.working_days(day, 1)
        else:
            day = clock.working_days(day, amount + self.paused)
        return midnight(day) + clock.spans(self.unit)[-1][1] * MINUTE

    def is_past(self, at: int) -> bool:
        """Tell whether it had ended before an instant; of days, before its day."""
        if self.policy["counts"] == "working_hours":
            return at > self.due()
        return day_of(at) > day_of(self.due())

    def wait(self, kind: str, asked: int, answered: int | None) -> bool:
        """Take a wait into account; tell whether the term can go on."""
        does = self.policy[f"on_{kind}"]
        asked = max(asked, self.begun)
        if does == "go_on" or self.is_past(asked):
            return True
        if answered is None:
            return False
        asked = max(asked, self.taken_off)
        answered = self.taken_off = max(answered, asked)
        if does == "restart" or self.policy["counts"] == "fixed_hours":
            self.begun, self.paused = answered, 0
        elif self.policy["counts"] == "working_hours":
            self.paused += self.clock.open_for(self.unit, asked, answered)
        elif self.policy["counts"] == "calendar_days":
            self.paused += day_of(answered) - day_of(asked)
        else:
            self.paused += self.clock.count(day_of(asked), day_of(answered))
        return True


def unit_of(d: Dossier) -> str | None:
    """By whose hours a dossier is counted: who is to resolve it, else who received it."""
    return d.resolved_by or d.received_by


def computed_due(d: Dossier, clock: Clock) -> int | None:
    """Say when a dossier is due by its procedure's policy; None where that is not known."""
    policy = clock.policies.get(d.procedure or "")
    if policy is None or d.received_at is None:
        return None
    term = Term(clock, policy, unit_of(d), d.received_at)
    for kind, asked, answered in d.waits:
        if not term.wait(kind, asked, answered):
            return None
    due = term.due()
    return due if clock.knows(day_of(due)) else None


def minutes(d: Dossier, clock: Clock) -> int | None:
    """Say for how many minutes its office was open while it was handled and not waited for.

    A policy that goes on takes nothing off, one that restarts all up to the answer; whoever has no
    policy is paused. Past due or not is no matter.
    """
    if d.received_at is None or d.left_at is None or not clock.knows(day_of(d.left_at)):
        return None
    policy = clock.policies.get(d.procedure or "", {})
    stretches = [(d.received_at, d.left_at)]
    for kind, asked, answered in d.waits:
        does = policy.get(f"on_{kind}", "pause")
        until = d.left_at if answered is None else min(answered, d.left_at)
        since = -(10**18) if does == "restart" else asked
        if does == "go_on" or asked >= d.left_at:
            continue
        cut = [((a, min(b, since)), (max(a, until), b)) for a, b in stretches]
        stretches = [(a, b) for parts in cut for a, b in parts if a < b]
    return sum(clock.open_for(unit_of(d), a, b) for a, b in stretches) // MINUTE


def clocked(d: Dossier, clock: Clock) -> Dossier:
    """Look at the calendar: a dossier is due as was sent, else as is computed (decision 0035)."""
    computed = computed_due(d, clock)
    due = computed if d.due_at is None else d.due_at
    return replace(d, due_at=due, computed_at=computed, minutes=minutes(d, clock))
