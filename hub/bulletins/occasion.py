"""Occasions: of which alerts the people of which commune are told, and when. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from hub.alerts.quota import begin_of
from hub.bulletins.subscriber import Subscriber
from hub.clock import day_of, iso_day
from hub.definitions.own.alert import Level
from hub.reference.units import Units

LIST = "bulletins"
BEGINS = ("raised", "escalated")  # what tells that something goes on; all else tells of its change


@dataclass(frozen=True)
class Occasion:
    """A row of the list. `quiet` are minutes of the local day in which nobody is told, from, until.

    An alert of the level `passes`, or graver, is told in them all the same; none where it is empty.
    """

    rule: str
    kind: str
    subject: str
    area: str
    outlet: str
    wording: str
    quiet: tuple[int, int] | None
    passes: str

    def fits(self, event: Mapping[str, Any]) -> bool:
        """Tell whether an event of an alert is to be told by it."""
        return (
            self.rule == event["rule"]
            and self.kind == event["kind"]
            and self.subject in ("", event["subject"])
        )

    def opens_at(self, level: str, now: int) -> int:
        """Give the instant from which on people may be told: now, or the end of the quiet hours."""
        levels = get_args(Level)
        if self.quiet is None or (self.passes and levels.index(level) >= levels.index(self.passes)):
            return now
        first, last = self.quiet
        return begin_of((last, first), now)


def read_occasions(rows: Iterable[Mapping[str, str]], now: int) -> list[Occasion]:
    """Read those in force on the day of an instant, in the order of the list."""
    day = iso_day(day_of(now))
    return [
        Occasion(
            *(r["rule"], r["kind"], r["subject"], r["area"], r["outlet"], r["wording"]),
            _quiet(r),
            r.get("passes", ""),
        )
        for r in rows
        if r["valid_from"] <= day and (not r.get("valid_to") or day < r["valid_to"])
    ]


def _quiet(row: Mapping[str, str]) -> tuple[int, int] | None:
    first, last = row.get("quiet_from", ""), row.get("quiet_until", "")
    if not first and not last:
        return None
    hours = (_minute(first or "00:00"), _minute(last or "00:00"))
    return None if hours[0] == hours[1] else hours


def _minute(hour: str) -> int:
    return int(hour[:2]) * 60 + int(hour[3:])


def addressed(
    event: Mapping[str, Any],
    occasions: Iterable[Occasion],
    subscribers: Collection[Subscriber],
    units: Units | None,
    day: str,
) -> list[tuple[Occasion, Subscriber]]:
    """Give who is told of an event, by which occasion: each once by an outlet, the first counting.

    An occasion for a unit tells all who are in it or in a unit below it.
    """
    found: dict[tuple[str, str], tuple[Occasion, Subscriber]] = {}
    for occasion in occasions:
        if not occasion.fits(event):
            continue
        below = units.below(occasion.area, day) if units is not None else frozenset()
        for to in subscribers:
            if to.outlet == occasion.outlet and (to.area == occasion.area or to.area in below):
                found.setdefault((to.code, to.outlet), (occasion, to))
    return list(found.values())
