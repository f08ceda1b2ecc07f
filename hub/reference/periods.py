"""Calendar periods in Asia/Ho_Chi_Minh, half-open.

Written `2023 2023-H1 2023-Q1 2023-05 2023-W07 2023-05-17`.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from hub.clock import day_start

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


def before(period: Period) -> Period:
    """Give the period of the same kind that ends where this one begins."""
    start, text = period.start_on, period.text
    if "W" in text:
        year, week, _ = (start - timedelta(7)).isocalendar()
        return parse_period(f"{year}-W{week:02}")
    if len(text) == len("2023-05-17"):
        return parse_period((start - timedelta(1)).isoformat())
    length = _months(period)
    year, number = _shift(start, -length)
    kinds = {12: "", 6: f"-H{number // 6 + 1}", 3: f"-Q{number // 3 + 1}", 1: f"-{number:02}"}
    return parse_period(f"{year:04}{kinds[length]}")


def year_before(period: Period) -> Period | None:
    """Give the same period of the year before; None where it had none (29/2, a week 53)."""
    year, rest = period.text[:4], period.text[4:]
    try:
        return parse_period(f"{int(year) - 1:04}{rest}")
    except ValueError:
        return None
