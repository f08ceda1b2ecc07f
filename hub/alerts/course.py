"""Courses: what became of each alert, how it stands by that, and how that is told as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from hub.alerts.raised import decimal
from hub.alerts.rule import Rule
from hub.clock import iso
from hub.definitions.own.alert import Level

Event = Mapping[str, Any]
SAID = ("acknowledged", "commented")  # by people; all else is worked out
STATES = ("open", "acknowledged", "cleared", "withdrawn")


@dataclass
class Course:
    """An alert with all events of it: the last that was worked out says how it stands."""

    events: list[Event] = field(default_factory=list)
    # Its first acknowledgement, or that of the alert it stands in for.
    acknowledged: Event | None = None

    @property
    def last(self) -> Event:
        """The last event that was worked out."""
        return next(e for e in reversed(self.events) if e["kind"] not in SAID)

    def count(self, kind: str) -> int:
        """Count its events of a kind."""
        return sum(e["kind"] == kind for e in self.events)

    @property
    def state(self) -> str:
        """Say how it stands: open, acknowledged, cleared or withdrawn."""
        state = str(self.last["state"])
        return "acknowledged" if state == "open" and self.acknowledged else state

    @property
    def stands(self) -> bool:
        """Tell whether it goes on, acknowledged or not."""
        return self.state in STATES[:2]

    @property
    def escalated_at(self) -> int | None:
        """Tell when it escalated."""
        at = next((e["at"] for e in self.events if e["kind"] == "escalated"), None)
        ends = [self.last["cleared_at"], self.acknowledged["at"] if self.acknowledged else None]
        is_over = at is not None and any(end is not None and end <= at for end in ends)
        return None if at is None or is_over else int(at)

    def public(self, rules: Mapping[str, Rule]) -> dict[str, Any]:
        """Say how it stands. Nothing of it hangs on when it was looked at."""
        last, rule, acknowledged = self.last, rules.get(self.last["rule"]), self.acknowledged
        return {
            "id": last["alert"],
            "rule": last["rule"],
            "title_vi": rule.title.vi if rule else last["rule"],
            "title_en": rule.title.en if rule else last["rule"],
            "level": last["level"],
            "owner": last["owner"],
            "dims": {last["subject_kind"]: last["subject"]},
            "unit": last["unit"],
            "status": self.state,
            "raised_at": iso(last["raised_at"]),
            "cleared_at": iso(last["cleared_at"]),
            "escalated_at": iso(self.escalated_at),
            "acknowledged_at": iso(acknowledged["at"]) if acknowledged else None,
            "acknowledged_by": acknowledged["by"] if acknowledged else None,
            "figure": {
                "value": _decimal(last["value"]),
                "threshold": _decimal(last["threshold"]),
                "measure_unit": last["measure_unit"],
            },
            "text_vi": last["text_vi"],
            "text_en": last["text_en"],
            "link": last["link"],
            "comments": [
                {"at": iso(e["at"]), "by": e["by"], "comment": e["comment"]}
                for e in self.events
                if e["comment"]
            ],
        }

    def history(self) -> list[dict[str, Any]]:
        """List what became of it, event by event; of an amended one what it was before."""
        names = ("kind", "state", "by", "comment", "amends", "was", "text_vi", "text_en")
        return [
            {
                "id": e["event_id"],
                "at": iso(e["at"]),
                **{n: e[n] for n in names},
                "cleared_at": iso(e["cleared_at"]),
                "value": _decimal(e["value"]),
                "replayed": bool(e["replayed"]),
            }
            for e in self.events
        ]


def courses(events: Iterable[Event]) -> dict[str, Course]:
    """Fold events, in the order of the log, into how each alert stands, by its id."""
    alerts: dict[str, Course] = {}
    for event in events:
        alert = alerts.setdefault(event["alert"], Course())
        alert.events.append(event)
        if event["kind"] == "acknowledged" and alert.acknowledged is None:
            alert.acknowledged = event
        before = alerts.get(event["amends"] or "")
        if before is not None and alert.acknowledged is None:
            alert.acknowledged = before.acknowledged
    return alerts


def count_open(alerts: Mapping[str, Course]) -> dict[tuple[str, str], int]:
    """Count alerts that stand by level, and whether they are acknowledged ("yes" or "no")."""
    count = {(level, state): 0 for level in get_args(Level) for state in ("yes", "no")}
    for alert in alerts.values():
        if alert.state in STATES[:2]:
            count[alert.last["level"], "yes" if alert.acknowledged else "no"] += 1
    return count


def listed(alerts: Mapping[str, Course]) -> list[Course]:
    """Put alerts in order: the latest first."""
    by_subject = sorted(alerts.values(), key=lambda a: (a.last["rule"], a.last["subject"]))
    return sorted(by_subject, key=lambda a: a.last["raised_at"], reverse=True)


def _decimal(milli: int | None) -> str | None:
    return None if milli is None else decimal(milli)
