"""Minutes recounted: how long things took, in plain Python, for verify to compare with.

Day after day is walked through, one thing at a time, by the lists as they are written; nothing is
shared with what counts in columns but the lists and the marks of waits.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from hub.clock import VIETNAM, to_us
from hub.definitions.fact import ENDED, GOES_ON, PAYMENT, SUPPLEMENT, SUPPLEMENTED
from hub.reference.form import Row
from hub.store.reading import Row as Found

MINUTE_US = 60_000_000
# What is waited for by what asks for it, and the marks that end it.
_ANSWERS = {
    SUPPLEMENT: ("supplement", (SUPPLEMENTED, GOES_ON, ENDED)),
    PAYMENT: ("payment", (GOES_ON, ENDED)),
}
Span = tuple[int, int]


class Minutes:
    """Counts minutes by the lists of a province."""

    def __init__(self, tables: Mapping[str, Sequence[Row]]) -> None:
        self._days = {row["date"]: row["kind"] for row in tables["calendar"]}
        self._last_year = max(self._days)[:4] if self._days else ""
        self._hours = tables["hours"]
        self._policies = tables["clock_policies"]

    def of(self, rows: Iterable[Found]) -> dict[str, int | None]:
        """Count, by entity, of rows (entity, unit, procedure, begun, ended, what was waited for).

        None where hours or calendar say nothing.
        """
        return {str(row[0]): self._spent(*row[1:]) for row in rows}

    def _spent(
        self, unit: str | None, procedure: str, begun: int, ended: int, waited: str | None
    ) -> int | None:
        ended = max(begun, ended)
        if _local(ended).strftime("%Y") > self._last_year:
            return None
        day = _local(begun).date().isoformat()
        hours = self._hours_of(unit, day)
        if not hours:
            return None
        pauses: list[Span] = []
        for kind, since, answered in self._waits(waited):
            does = self._does(procedure, kind, day)
            until = ended if answered is None else min(answered, ended)
            if does != "go_on" and since < ended:
                pauses.append((since, until))
            if does == "restart" and since < ended:
                begun = max(begun, until)
        spent = self._open(begun, ended, hours)
        for since, until in _apart(pauses):
            spent -= self._open(max(since, begun), until, hours)
        return spent // MINUTE_US

    def _waits(self, waited: str | None) -> Iterator[tuple[str, int, int | None]]:
        marks = [(int(mark[:-1]), mark[-1]) for mark in (waited or "").split(",") if mark]
        for place, (at, asking) in enumerate(marks):
            if asking in _ANSWERS:
                kind, ending = _ANSWERS[asking]
                yield kind, at, next((t for t, mark in marks[place:] if mark in ending), None)

    def _hours_of(self, unit: str | None, day: str) -> list[tuple[time, time]]:
        known = [row for row in self._hours if _is_in_force(row, day)]
        has_own = any(row["unit"] == unit for row in self._hours)
        mine = [row for row in known if has_own and row["unit"] == unit]
        chosen = mine or [row for row in known if not row["unit"]]
        return [(time.fromisoformat(r["opens"]), time.fromisoformat(r["closes"])) for r in chosen]

    def _does(self, procedure: str, kind: str, day: str) -> str:
        for row in self._policies:
            if row["procedure"] == procedure and _is_in_force(row, day):
                return row[f"on_{kind}"]
        return "pause"

    def _open(self, begun: int, ended: int, hours: list[tuple[time, time]]) -> int:
        """Count the microseconds that offices are open in a span."""
        if ended <= begun:
            return 0
        total = 0
        day, last = _local(begun).date(), _local(ended).date()
        while day <= last:
            if self._is_worked(day):
                for opens, closes in hours:
                    a, b = (to_us(datetime.combine(day, t, VIETNAM)) for t in (opens, closes))
                    total += max(0, min(b, ended) - max(a, begun))
            day += timedelta(1)
        return total

    def _is_worked(self, day: date) -> bool:
        kind = self._days.get(day.isoformat())
        return day.weekday() < 5 if kind is None else kind == "working"


def _is_in_force(row: Row, day: str) -> bool:
    return row["valid_from"] <= day and (not row["valid_to"] or day < row["valid_to"])


def _local(us: int) -> datetime:
    return datetime.fromtimestamp(us // 1_000_000, VIETNAM)


def _apart(spans: list[Span]) -> list[Span]:
    """Join spans that overlap, so that each instant is in one."""
    joined: list[Span] = []
    for begun, ended in sorted(spans):
        if joined and begun <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], ended)
        else:
            joined.append((begun, ended))
    return joined
