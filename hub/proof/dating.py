"""Dating: when things are due, once more, day by day in plain Python, for verify to compare with.

It shares with `hub.reference.working` what the lists mean, and no code of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from hub.definitions.fact import ENDED, GOES_ON, PAYMENT, SUPPLEMENT, SUPPLEMENTED, Clocked
from hub.reference.form import Row

_VIETNAM = timezone(timedelta(hours=7))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(1)
_NONE = timedelta(0)
_ANSWERS = {SUPPLEMENT: (SUPPLEMENTED, GOES_ON, ENDED), PAYMENT: (GOES_ON, ENDED)}
_Spans = list[tuple[time, time]]
_Wait = tuple[datetime, str, datetime | None]


class Dating:
    """Says when one thing is due, by the lists that a book has."""

    def __init__(self, tables: Mapping[str, Sequence[Row]]) -> None:
        self._kinds = {row["date"]: row["kind"] for row in tables.get("calendar", ())}
        self._last_year = max((day[:4] for day in self._kinds), default="2000")
        self._hours = tables.get("hours", ())
        self._policies = tables.get("clock_policies", ())

    def due(self, clocked: Clocked, fact: Mapping[str, Any]) -> int | None:
        """Give the instant, in microseconds, at which a thing is due; none where none is known.

        `fact` has the columns that `clocked` names, and `unit` and `procedure` as it says.
        """
        begun = _local(fact[clocked.begun])
        policy = _in_force(self._policies, "procedure", fact["procedure"], begun.date())
        if not policy:
            return None
        spans = self._spans(fact["unit"], begun.date())
        if policy[0]["counts"] == "working_hours" and not spans:
            return None
        due = self._after_waits(policy[0], spans, begun, _waits(clocked, fact))
        if due is None or due.date().isoformat()[:4] > self._last_year:
            return None
        return (due - _EPOCH) // timedelta(microseconds=1)

    def _spans(self, unit: str, day: date) -> _Spans:
        rows = _in_force(self._hours, "unit", unit, day) or _in_force(self._hours, "unit", "", day)
        return sorted(
            (time.fromisoformat(r["opens"]), time.fromisoformat(r["closes"])) for r in rows
        )

    def _after_waits(
        self, policy: Row, spans: _Spans, begun: datetime, waits: list[_Wait]
    ) -> datetime | None:
        paused: list[tuple[datetime, datetime]] = []
        due = self._end(policy, spans, begun, paused)
        reached = begun
        for asked, mark, answered in waits:
            does = policy["on_supplement" if mark == SUPPLEMENT else "on_payment"]
            if does == "go_on":
                continue
            since = max(asked, reached)
            is_by_hours = policy["counts"] == "working_hours"
            if since > due if is_by_hours else since.date() > due.date():
                continue
            if answered is None:
                return None
            reached = until = max(answered, since)
            if does == "restart" or policy["counts"] == "fixed_hours":
                begun, paused = until, []
            else:
                paused.append((since, until))
            due = self._end(policy, spans, begun, paused)
        return due

    def _end(
        self,
        policy: Row,
        spans: _Spans,
        begun: datetime,
        paused: list[tuple[datetime, datetime]],
    ) -> datetime:
        """Count a term to its end, a day or a stretch of hours after another."""
        counts = policy["counts"]
        day = begun.date()
        if counts == "fixed_hours":
            is_today = self._is_working(day) and begun.time() < time.fromisoformat(policy["before"])
            due = day if is_today else self._next(day)
            return _at(due, time.fromisoformat(policy["due_hour"]))
        if counts == "working_hours":
            left = timedelta(hours=int(policy["amount"]))
            left += sum((self._open(spans, a, b) for a, b in paused), _NONE)
            return self._after(spans, begun, left)
        is_counted = self._is_working if counts == "working_days" else _is_any
        left_days = int(policy["amount"])
        left_days += sum(_days(a.date(), b.date(), is_counted) for a, b in paused)
        for _ in range(left_days):
            day += _DAY
            while not is_counted(day):
                day += _DAY
        while not self._is_working(day):
            day += _DAY
        return _at(day, spans[-1][1] if spans else time(17))

    def _is_working(self, day: date) -> bool:
        kind = self._kinds.get(day.isoformat())
        return day.weekday() < 5 if kind is None else kind == "working"

    def _next(self, day: date) -> date:
        day += _DAY
        while not self._is_working(day):
            day += _DAY
        return day

    def _stretches(self, spans: _Spans, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Give when offices are open from an instant on."""
        day = since.date()
        while True:
            for opens, closes in spans if self._is_working(day) else ():
                begin, end = _at(day, opens), _at(day, closes)
                if end > since:
                    yield max(begin, since), end
            day += _DAY

    def _open(self, spans: _Spans, since: datetime, until: datetime) -> timedelta:
        """Count how long offices are open between two instants."""
        total = _NONE
        for begin, end in self._stretches(spans, since):
            if begin >= until:
                break
            total += min(end, until) - begin
        return total

    def _after(self, spans: _Spans, since: datetime, left: timedelta) -> datetime:
        """Give the first instant up to which offices have been open for so long."""
        for begin, end in self._stretches(spans, since):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise AssertionError


def _waits(clocked: Clocked, fact: Mapping[str, Any]) -> list[_Wait]:
    """Read what was waited for, from each request that was not yet waited for to its answer."""
    marks = [(_local(int(m[:-1])), m[-1]) for m in (fact[clocked.waits] or "").split(",") if m]
    ended = fact[clocked.ended]
    waits: list[_Wait] = []
    for asking, answers in _ANSWERS.items():
        since: datetime | None = None
        for at, mark in marks:
            if ended is not None and at > _local(ended):
                break
            if mark == asking and since is None:
                since = at
            elif mark in answers and since is not None:
                waits.append((since, asking, at))
                since = None
        if since is not None:
            waits.append((since, asking, None))
    return sorted(waits, key=lambda wait: wait[:2])


def _in_force(rows: Sequence[Row], column: str, value: str, day: date) -> list[Row]:
    text = day.isoformat()
    return [
        row
        for row in rows
        if row[column] == value and row["valid_from"] <= text < (row["valid_to"] or "9999")
    ]


def _days(after: date, until: date, is_counted: Callable[[date], bool]) -> int:
    """Count days after one, up to another."""
    return sum(is_counted(after + _DAY * i) for i in range(1, (until - after).days + 1))


def _is_any(_: date) -> bool:
    return True


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, _VIETNAM)


def _local(us: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=us)).astimezone(_VIETNAM)
