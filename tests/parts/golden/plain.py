"""Reads the rules dossier by dossier: from what was sent to what one dossier is.

Sources: design sections 5 and 8 (identity, order, retraction, the interval), decisions 0007
(edges), 0025, 0035 (waits) and 0036 (procedures with a suffix). Instants are whole microseconds
since 1970, days are days since 1970 in Vietnam.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache, cached_property
from typing import Any

Json = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 (read aloud: universal time)
DAY = 86_400_000_000
SEVEN_HOURS = 7 * 3_600_000_000
# As the contract lists them: of two things at one time the one that is listed later counts.
RANKS = (
    *("registered", "received", "refused", "processing", "supplement_requested"),
    *("payment_requested", "withdrawn", "stopped", "resolved", "returned", "supplemented"),
    *("due_changed", "synced", "sync_failed", "rated", "retracted", "aliased"),
)
ENDS = ("refused", "withdrawn", "stopped", "resolved")
DECIDED = ("resolved", "returned")


@cache
def instant(text: str) -> int:
    """Read an instant as microseconds."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def day_of(at: int) -> int:
    """Give the day in Vietnam on which an instant is."""
    return (at + SEVEN_HOURS) // DAY


def midnight(day: int) -> int:
    """Give the first instant of a day in Vietnam."""
    return day * DAY - SEVEN_HOURS


def number_of(day: date) -> int:
    """Give a day as days since 1970."""
    return (day - EPOCH.date()).days


@dataclass(frozen=True)
class Dossier:
    """What one dossier is, once all that was sent about it is known.

    `due` is the day on which it is due, None without a due date; `waits` are what was waited for,
    by kind, from when until when. `first_at` is the first thing known of one that nobody received.
    `computed_at` and `minutes` are the due date that working time says, and how long it took; they
    are None until a calendar was looked at, as is `due_at` where none was sent.
    """

    code: str
    received_at: int | None
    received_by: str | None
    resolved_by: str | None
    citizen_unit: str | None
    procedure: str | None
    service_level: str | None
    channel: str | None
    due_at: int | None
    ended_at: int | None
    end_kind: str | None
    synced_at: int | None
    rated_at: int | None
    is_satisfied: bool | None
    first_at: int | None
    waits: tuple[tuple[str, int, int | None], ...]
    computed_at: int | None = None
    minutes: int | None = None

    @cached_property
    def due(self) -> int | None:
        """The day on which it is due."""
        return None if self.due_at is None else day_of(self.due_at)

    @cached_property
    def left_at(self) -> int | None:
        """When it left what is there: it cannot leave before it came."""
        if self.ended_at is None or self.received_at is None:
            return None
        return max(self.ended_at, self.received_at)

    def is_there(self, at: int) -> bool:
        """Tell whether it had come before an instant, and had not left before it."""
        left = self.left_at
        came = self.received_at is not None and self.received_at < at
        return came and (left is None or left >= at)

    def is_overdue(self, at: int) -> bool:
        """Tell whether it is there on a day after the one on which it was due."""
        return self.is_there(at) and self.due is not None and day_of(at) > self.due


def fold(code: str, sent: Iterable[tuple[str, Json]]) -> Dossier:
    """Read all that was sent about one dossier, in whatever order; the same said twice is once."""
    return read(code, live(sent))


def live(sent: Iterable[tuple[str, Json]]) -> list[Json]:
    """Give what counts of all that was sent about one dossier, least first."""
    by_name = {(sender, event["event_id"]): event for sender, event in sent}
    gone = {
        (sender, event["retracts"])
        for (sender, _), event in by_name.items()
        if event["kind"] == "retracted"
    }
    listed = [
        (
            instant(event.get("recorded_at", event["occurred_at"])),
            instant(event["occurred_at"]),
            RANKS.index(event["kind"]),
            *name,
        )
        for name, event in by_name.items()
        if name not in gone and event["kind"] != "retracted"
    ]
    return [by_name[name[3], name[4]] for name in sorted(listed)]


def read(code: str, events: list[Json]) -> Dossier:
    """Read live events, least first; where several say a thing, the last counts."""
    last: dict[str, Any] = {}
    reception: Mapping[str, Any] = {}
    for event in events:
        kind = event["kind"]
        if kind == "received":
            reception = event
        if kind in ("received", "due_changed") and "due_at" in event:
            last["due"] = instant(event["due_at"])
        for name in ("resolved_by", "citizen_unit"):
            last[name] = event.get(name, last.get(name))
        if kind == "rated":
            last["rated"] = event
    ends = [e for e in events if e["kind"] in ENDS]
    if not any(e["kind"] == "resolved" for e in events):
        ends = [e for e in events if e["kind"] in (*ENDS, "returned")]
    synced = [instant(e["occurred_at"]) for e in events if e["kind"] == "synced"]
    rated = last.get("rated")
    times = [instant(e["occurred_at"]) for e in events]
    ended_at = instant(ends[-1]["occurred_at"]) if ends else None
    procedure = reception.get("procedure_code")
    return Dossier(
        code=code,
        received_at=instant(reception["occurred_at"]) if reception else None,
        received_by=reception.get("received_by"),
        resolved_by=last.get("resolved_by"),
        citizen_unit=last.get("citizen_unit"),
        procedure=None if procedure is None else ".".join(procedure.split(".")[:2]),
        service_level=reception.get("service_level"),
        channel=reception.get("channel"),
        due_at=last.get("due"),
        ended_at=ended_at,
        end_kind=ends[-1]["kind"] if ends else None,
        synced_at=min(synced) if synced else None,
        rated_at=instant(rated["occurred_at"]) if rated else None,
        is_satisfied=rated["satisfied"] if rated else None,
        first_at=min(times) if times else None,
        waits=waits_of(events, ended_at),
    )


def waits_of(events: list[Json], ended: int | None) -> tuple[tuple[str, int, int | None], ...]:
    """Find what was asked of the citizen and when it came; asked again before it came is one wait.

    What is asked for after the end is no wait. Processing at the instant of a request came before.

    A supplement comes with `supplemented`, or with processing that goes on, or with an end; of a
    payment the contract says nothing, so processing that goes on tells of it.
    """
    answers = {
        "supplement_requested": ("supplement", {"supplemented", "processing"}),
        "payment_requested": ("payment", {"processing"}),
    }
    out: dict[tuple[str, int | None], int] = {}
    for event in events:
        if event["kind"] not in answers:
            continue
        name, kinds = answers[event["kind"]]
        begun = instant(event["occurred_at"])
        if ended is not None and begun > ended:
            continue
        came = [
            at
            for e in events
            if e["kind"] in kinds | {*ENDS, "returned"}
            and (at := instant(e["occurred_at"])) >= begun + (e["kind"] == "processing")
        ]
        answered = min(came) if came else None
        out[name, answered] = min(begun, out.get((name, answered), begun))
    return tuple(sorted(((n, b, a) for (n, a), b in out.items()), key=lambda w: (w[1], w[0])))


def by_code(sent: Iterable[tuple[str, Json]]) -> dict[str, list[tuple[str, Json]]]:
    """Part what was sent by the code that it is about, codes in order."""
    parted: dict[str, list[tuple[str, Json]]] = {}
    for sender, event in sent:
        parted.setdefault(event["dossier_code"], []).append((sender, event))
    return dict(sorted(parted.items()))
