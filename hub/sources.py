"""Sources: who is expected to report, of what, and how often."""

from dataclasses import dataclass
from typing import Literal

Cadence = Literal["daily", "working_day", "monthly", "yearly"]


@dataclass(frozen=True)
class Source:
    """A source of events and its schedule.

    `name` is also the sender that its connector publishes as. One `cadence` step (a day, a working
    day, a month, a year; Asia/Ho_Chi_Minh) is *due* with at least `events_per_due` events.
    """

    name: str
    contract: str
    title_vi: str
    title_en: str
    owner: str
    cadence: Cadence
    events_per_due: int = 1

    @property
    def silence_seconds_max(self) -> int:
        """How long the source may be silent before it is late: one step, and half a one of grace.

        A working day may be followed by a long weekend.
        """
        days = {"daily": 1.5, "working_day": 5, "monthly": 46, "yearly": 548}
        return int(days[self.cadence] * 86_400)
