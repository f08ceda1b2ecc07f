"""Recipients: who is told of an event of an alert, and when. Pure, by the list `recipients`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from hub.alerts.quota import begin_of, is_within
from hub.clock import day_of, iso_day
from hub.definitions.own.alert import Level

LIST = "recipients"
URGENT = ("raised", "escalated")  # critical ones wake people who are told the rest in the morning
ESCALATED = "escalated"  # the level of who is told of escalations alone


@dataclass(frozen=True)
class Recipient:
    """A row of the list. `hours` are minutes of the day, from and until; None: all day.

    `otherwise` is what is done out of hours: digest, at_once or nothing.
    """

    name: str
    role: str
    unit: str
    level_from: str
    hours: tuple[int, int] | None
    otherwise: str
    outlet: str
    address: str
    escalate_minutes: int | None
    escalate_to: str

    def wants(self, event: Mapping[str, Any]) -> bool:
        """Tell whether this one is told of an event at all, whatever the hour."""
        if self.unit not in ("", event["unit"], event["owner"]):
            return False
        if self.level_from == ESCALATED:
            return bool(event["kind"] == ESCALATED)
        levels = get_args(Level)
        return bool(levels.index(event["level"]) >= levels.index(self.level_from))

    def due(self, event: Mapping[str, Any], now: int) -> tuple[int, bool] | None:
        """Tell when to tell of an event, and whether with others; None: not at all."""
        if self.hours is None or self.otherwise == "at_once" or is_within(self.hours, now):
            return now, False
        if self.otherwise == "nothing":
            return None
        if event["level"] == "critical" and event["kind"] in URGENT:
            return now, False
        return begin_of(self.hours, now), True


def read_recipients(rows: Iterable[Mapping[str, str]], now: int) -> list[Recipient]:
    """Read those of the list that are in force on the day of an instant."""
    day = iso_day(day_of(now))
    return [
        _recipient(r)
        for r in rows
        if r["valid_from"] <= day and (not r.get("valid_to") or day < r["valid_to"])
    ]


def _recipient(row: Mapping[str, str]) -> Recipient:
    first, last = row.get("from_hour", ""), row.get("until_hour", "")
    hours = (_minute(first or "00:00"), _minute(last or "24:00")) if first or last else None
    minutes = row.get("escalate_minutes", "")
    return Recipient(
        name=row["name"],
        role=row["role"],
        unit=row["unit"],
        level_from=row["level_from"],
        hours=hours,
        otherwise=row.get("otherwise", "") or "digest",
        outlet=row["outlet"],
        address=row["address"],
        escalate_minutes=int(minutes) if minutes else None,
        escalate_to=row.get("escalate_to", ""),
    )


def _minute(hour: str) -> int:
    return int(hour[:2]) * 60 + int(hour[3:])
