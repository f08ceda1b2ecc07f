"""Instants and days.

Inside, an instant is an integer: microseconds since 1970-01-01T00:00:00Z. A day is an ISO date,
the calendar day in Asia/Ho_Chi_Minh, which has been UTC+7 without daylight saving since 1975.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7), "+07")
OFFSET_US = 7 * 3_600_000_000
DAY_US = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DATE = date(1970, 1, 1)

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Tell the present instant, aware, in UTC."""
    return datetime.now(UTC)


def to_us(instant: datetime) -> int:
    """Turn an aware datetime into microseconds since the epoch, exactly."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """Turn microseconds since the epoch into a datetime with the offset +07:00."""
    return (EPOCH + timedelta(microseconds=us)).astimezone(VIETNAM)


def iso(us: int | None) -> str | None:
    """Write an instant as ISO 8601 with its offset."""
    return None if us is None else from_us(us).isoformat()


def day_of(us: int) -> int:
    """Give the local day of an instant, as days since 1970-01-01."""
    return (us + OFFSET_US) // DAY_US


def day_start(day: date) -> int:
    """Give the first microsecond of a local day."""
    return (day - EPOCH_DATE).days * DAY_US - OFFSET_US


def iso_day(day: int) -> str:
    """Write a day, counted from 1970-01-01, as an ISO date."""
    return (EPOCH_DATE + timedelta(days=day)).isoformat()
