"""Calendar periods in Asia/Ho_Chi_Minh, half-open.

Written `2023 2023-H1 2023-Q1 2023-05 2023-W07 2023-05-17`.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from hub.clock import day_start

BUCKETS = ("day", "week", "month", "quarter", "year")  # the finest first
FORMS = "2023 2023-H1 2023-Q1 2023-05 2023-W07 2023-05-17"
_SHAPE = re.compile(
    r"(?P<y>[0-9]{4})(?:-(?:H(?P<h>[12])|Q(?P<q>[1-4])|W(?P<w>[0-9]{2})|(?P<m>[0-9]{2})(?:-(?P<d>[0-9]{2}))?))?"
)


@dataclass(frozen=True)
class Period:
    """A calendar period: from the day `start_on` up to, not including, `end_on`."""

    text: str
    start_on: date
    end_on: date

    @property
    def start(self) -> int:
        """The period's first instant, in microseconds."""
        return day_start(self.start_on)

    @property
    def end(self) -> int:
        """The first instant after the period, in microseconds."""
        return day_start(self.end_on)

    def days(self) -> list[str]:
        """List the ISO dates of the period."""
        length = (self.end_on - self.start_on).days
        return [(self.start_on + timedelta(days=i)).isoformat() for i in range(length)]

    def parts(self) -> list["Period"]:
        """Split into the next finer periods that statistics are reported by: months or days.

        A day has no parts.
        """
        if (self.end_on - self.start_on).days == 1:
            return []
        if self.start_on.day == 1 and self.end_on.day == 1 and _months(self) > 1:
            return [month(*_shift(self.start_on, i)) for i in range(_months(self))]
        return [Period(day, d := date.fromisoformat(day), d + timedelta(1)) for day in self.days()]


def month(year: int, number: int) -> Period:
    """Give a calendar month."""
    start = date(year, number, 1)
    return Period(f"{year:04}-{number:02}", start, date(*_shift(start, 1), 1))


def between(first: str, last: str) -> Period:
    """Read the days from one to another, both in it; raise `ValueError` for what is no such days.

    It is written `2023-03-05..2023-04-10`.
    """
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    if not date.min < start <= end < date(9999, 1, 1):
        raise ValueError(f"{first} to {last} are no days to count")
    return Period(f"{start}..{end}", start, end + timedelta(1))


def previous(period: Period) -> Period:
    """Give the period of the same kind before one: the quarter before, or as many days before."""
    last = period.start_on - timedelta(1)
    kind = _kind(period.text)
    if kind is None:
        return between(str(last - (period.end_on - period.start_on) + timedelta(1)), str(last))
    if kind == "half":
        return parse_period(f"{last.year:04}-H{1 if last.month < 7 else 2}")
    return parse_period(bucket_of(kind, last))


def year_before(period: Period) -> Period:
    """Give the same period of the year before; what that year has not (a week 53) is its last."""
    year = period.start_on.year - 1
    kind = _kind(period.text)
    if kind == "week":
        in_year, number = int(period.text[:4]) - 1, int(period.text[-2:])
        last = date(in_year, 12, 28).isocalendar().week  # the 28th is always in the last week
        return parse_period(f"{in_year:04}-W{min(number, last):02}")
    if kind in ("half", "quarter", "month", "year"):
        return parse_period(f"{year:04}{period.text[4:]}")
    last_on = period.end_on - timedelta(1)
    first, last_day = (_in_year(day, day.year - 1) for day in (period.start_on, last_on))
    return between(str(first), str(last_day)) if kind is None else parse_period(str(first))


def _in_year(day: date, year: int) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return date(year, 2, 28) if is_leap_day else day.replace(year=year)


def _kind(text: str) -> str | None:
    """Name what a period is one of; None for days from one to another."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    named = {"h": "half", "q": "quarter", "w": "week", "d": "day", "m": "month"}
    return next((kind for letter, kind in named.items() if match[letter]), "year")


def split(period: Period, bucket: str) -> list[Period]:
    """Split a period by one of `BUCKETS`; raise `ValueError` where it does not consist of them.

    Weeks are whole, and of the period that has their Thursday: so a year has just the weeks that
    ISO 8601 numbers in it, though its first and last one may reach over its ends.
    """
    if bucket == "day":
        days = (date.fromisoformat(day) for day in period.days())
        return [Period(day.isoformat(), day, day + timedelta(1)) for day in days]
    if bucket == "week":
        days = (date.fromisoformat(day) for day in period.days())
        return [parse_period(bucket_of("week", day)) for day in days if day.isoweekday() == 4]
    start, parts = period.start_on, []
    while start < period.end_on:
        part = parse_period(bucket_of(bucket, start))
        if part.start_on != start or part.end_on > period.end_on:
            raise ValueError(f"{period.text} does not consist of whole parts by {bucket}")
        parts.append(part)
        start = part.end_on
    return parts


def bucket_of(bucket: str, day: date) -> str:
    """Name the day, week, month, quarter or year that a day is in."""
    if bucket == "week":
        year, week, _ = day.isocalendar()
        return f"{year:04}-W{week:02}"
    if bucket == "quarter":
        return f"{day.year:04}-Q{(day.month + 2) // 3}"
    return day.isoformat()[: {"day": 10, "month": 7, "year": 4}[bucket]]


def parse_period(text: str) -> Period:
    """Read a period; raise `ValueError` for anything that is not one.

    Weeks are those of ISO 8601: they begin on Monday.
    """
    match = _SHAPE.fullmatch(text)
    if not match or int(match["y"]) < 1 or int(match["y"]) > 9998:
        raise ValueError(f"not a period: {text!r}; write one like {FORMS}")
    y = int(match["y"])
    if match["h"]:
        return _months_from(text, y, 6 * int(match["h"]) - 5, 6)
    if match["q"]:
        return _months_from(text, y, 3 * int(match["q"]) - 2, 3)
    if match["w"]:
        start = date.fromisocalendar(y, int(match["w"]), 1)
        return Period(text, start, start + timedelta(7))
    if match["d"]:
        start = date.fromisoformat(text)
        return Period(text, start, start + timedelta(1))
    if match["m"]:
        return _months_from(text, y, int(match["m"]), 1)
    return _months_from(text, y, 1, 12)


def _months_from(text: str, year: int, number: int, length: int) -> Period:
    start = date(year, number, 1)
    return Period(text, start, date(*_shift(start, length), 1))


def _shift(day: date, months: int) -> tuple[int, int]:
    index = day.year * 12 + day.month - 1 + months
    return index // 12, index % 12 + 1


def _months(period: Period) -> int:
    a, b = period.start_on, period.end_on
    return (b.year - a.year) * 12 + b.month - a.month
