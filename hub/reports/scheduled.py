"""Scheduled reports: what is due by the list `report_schedules`; pure.

A period's report is due so many days after it, at an hour. What was due while no hub ran is made
up.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from hub.clock import DAY_US, OFFSET_US, day_of, day_start, iso_day
from hub.reference.periods import Period, bucket_of, parse_period, previous

LIST = "report_schedules"
MADE_UP_DAYS = 92  # a quarter: what was missed longer ago is asked for by hand
HOUR = "07:00"
MINUTE_US = 60_000_000


@dataclass(frozen=True)
class Run:
    """That a report of a period is to be given to somebody; `id` is the same however often."""

    id: str
    name: str
    report: str
    period: Period
    unit: str
    outlet: str
    address: str
    due_at: int


def due_runs(rows: Iterable[Mapping[str, str]], now: int) -> list[Run]:
    """Give what was due by an instant, and not longer ago than is made up for; the oldest first."""
    found = [run for row in rows for run in _runs(row, now)]
    return sorted(found, key=lambda run: (run.due_at, run.id))


def next_run(row: Mapping[str, str], now: int) -> Run | None:
    """Give what of a row of the list is due next, after an instant; None where it has ended."""
    first = max(_day(now), date.fromisoformat(row["valid_from"]))
    # So early that what is due after that day is not passed over, however long after its period.
    period = parse_period(bucket_of(row["every"], first - timedelta(int(row["days_after"]))))
    period = previous(previous(period))
    while True:
        due_at = _due_at(row, period)
        if row.get("valid_to") and iso_day(day_of(due_at)) >= row["valid_to"]:
            return None
        if due_at > now and _is_in_force(row, due_at):
            return _run(row, period, due_at)
        period = parse_period(bucket_of(row["every"], period.end_on))


def _runs(row: Mapping[str, str], now: int) -> Iterator[Run]:
    period = previous(parse_period(bucket_of(row["every"], _day(now))))
    while True:
        due_at = _due_at(row, period)
        if due_at < now - MADE_UP_DAYS * DAY_US:
            return
        if due_at <= now and _is_in_force(row, due_at):
            yield _run(row, period, due_at)
        period = previous(period)


def _due_at(row: Mapping[str, str], period: Period) -> int:
    day = day_start(period.end_on + timedelta(int(row["days_after"]) - 1))
    return day + _minutes(row.get("at_hour") or HOUR) * MINUTE_US


def _is_in_force(row: Mapping[str, str], due_at: int) -> bool:
    day = iso_day(day_of(due_at))
    return row["valid_from"] <= day and (not row.get("valid_to") or day < row["valid_to"])


def _run(row: Mapping[str, str], period: Period, due_at: int) -> Run:
    names = (row["name"], row["report"], period.text, row.get("unit", ""))
    to = (row["outlet"], row.get("address", ""))
    key = hashlib.blake2b("|".join((*names, *to)).encode(), digest_size=16).hexdigest()
    return Run(key, *names[:2], period, names[3], *to, due_at)


def _day(at: int) -> date:
    return date(1970, 1, 1) + timedelta((at + OFFSET_US) // DAY_US)


def _minutes(hour: str) -> int:
    return int(hour[:2]) * 60 + int(hour[3:])
