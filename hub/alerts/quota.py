"""Quotas: how much may be sent by an outlet in a minute and in a day, and at which hours.

What was tried is kept in the store before it is tried, so that a process that ends and starts
again has used up what it had used up.
"""

import re
from dataclasses import dataclass

from hub.alerts.rule import MINUTE_US
from hub.clock import DAY_US, OFFSET_US
from hub.store import attempts
from hub.store.store import Store

HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
KEPT_US = 2 * DAY_US
RESERVED = 10  # a tenth of a quota is left to officers' alerts


@dataclass(frozen=True)
class Quota:
    """What an outlet bears: messages tried in a minute and in a local day, 0: any.

    `hours` are minutes of the local day, from and until, at which it may be used at all.
    """

    per_minute: int = 0
    per_day: int = 0
    hours: tuple[int, int] | None = None

    def opens_at(self, now: int) -> int:
        """Give the instant from which on it may be used: now, or the beginning of its hours."""
        return now if self.hours is None else begin_of(self.hours, now)

    def less_reserve(self) -> "Quota":
        """Give what is left of it without what is reserved, one message at least."""
        return Quota(_less(self.per_minute), _less(self.per_day), self.hours)


def _less(count: int) -> int:
    return count - -(-count // RESERVED) if count > 1 else count


UNLIMITED = Quota()


def read_hours(text: str) -> tuple[int, int] | None:
    """Read hours of the day such as 06:00-22:00; raise `ValueError`."""
    if not text:
        return None
    match = HOURS.fullmatch(text)
    if match is None:
        raise ValueError("expected hours such as 06:00-22:00")
    first, last = (int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3))
    return first, last


def is_within(hours: tuple[int, int], now: int) -> bool:
    """Tell whether an instant is within hours of the local day, which may go past midnight."""
    minute = (now + OFFSET_US) % DAY_US // MINUTE_US
    first, last = hours
    return first <= minute < last if first < last else minute >= first or minute < last


def begin_of(hours: tuple[int, int], now: int) -> int:
    """Give the next instant within hours of the local day: now, or when they begin."""
    if is_within(hours, now):
        return now
    begins = (now + OFFSET_US) // DAY_US * DAY_US - OFFSET_US + hours[0] * MINUTE_US
    return begins if begins > now else begins + DAY_US


def next_day(now: int) -> int:
    """Give the instant at which the next local day begins."""
    return ((now + OFFSET_US) // DAY_US + 1) * DAY_US - OFFSET_US


def room_from(store: Store, outlet: str, quota: Quota, now: int) -> int:
    """Give the instant from which on an outlet has room for one message more: now, or later."""
    opens = quota.opens_at(now)
    if not quota.per_minute and not quota.per_day:
        return opens
    today = next_day(now) - DAY_US
    with store.reading() as reading:
        tried = attempts.since(reading.connection, outlet, min(today, now - MINUTE_US))
    if quota.per_day and sum(at >= today for at in tried) >= quota.per_day:
        return quota.opens_at(next_day(now))
    minute = sorted(at for at in tried if at > now - MINUTE_US)
    if quota.per_minute and len(minute) >= quota.per_minute:
        return max(opens, minute[-quota.per_minute] + MINUTE_US)
    return opens


def note_attempt(store: Store, outlet: str, message: str, now: int) -> None:
    """Keep that a message is about to be tried; forget what no quota counts any more."""
    with store.administering() as c:
        attempts.note(c, outlet, message, now)
        attempts.forget(c, now - KEPT_US)
