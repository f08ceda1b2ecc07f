"""Sources: who is expected to report, of what, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from hub.definitions.again import Again

Cadence = Literal["daily", "working_day", "monthly", "yearly"]


@dataclass(frozen=True)
class Source:
    """A source of events and its schedule.

    `name` is also the sender that its connector publishes as; empty, it may be anybody. `party` is
    who or what it owes events of (a bank, a station, a receiving unit); empty, of whomever.
    One `cadence` step (a day, a working day, a month, a year; Asia/Ho_Chi_Minh) is *due* with at
    least `events_per_due` events, from the day `since` on, before the day `until` (none: always).
    `only` gives contract fields that have one value in all of its events, such as `quantity`: a
    KPI about another value is owed nothing by it.
    `silence_hours_max` is how long it may be silent before it is late, where the cadence is too
    coarse to say so. A step is due by the end of the day `due_days` after its last: until then it
    is not late, though figures lack it; None: nobody said by when. `again` reads what of its
    records was rejected, once corrected.
    """

    name: str
    contract: str
    title_vi: str
    title_en: str
    owner: str
    cadence: Cadence
    events_per_due: int = 1
    since: date | None = None
    until: date | None = None
    only: Mapping[str, str] = field(default_factory=dict)
    silence_hours_max: float | None = None
    party: str = ""
    due_days: int | None = None
    again: Again | None = field(default=None, compare=False, repr=False)

    @property
    def silence_seconds_max(self) -> int:
        """How long the source may be silent before it is late: one step, and half a one of grace.

        A working day may be followed by a long weekend.
        """
        if self.silence_hours_max is not None:
            return int(self.silence_hours_max * 3600)
        days = {"daily": 1.5, "working_day": 5, "monthly": 46, "yearly": 548}
        return int(days[self.cadence] * 86_400)

    @property
    def debtor(self) -> str:
        """Who owes: the sender, or the party where it may be sent by anybody."""
        return self.name or self.party

    @property
    def label(self) -> str:
        """Name the duty's debtor in full: sender, party."""
        return "/".join(filter(None, (self.name, self.party)))

    def concerns(self, only: Mapping[str, str]) -> bool:
        """Tell whether its events may have these values."""
        return all(self.only.get(name, value) == value for name, value in only.items())
