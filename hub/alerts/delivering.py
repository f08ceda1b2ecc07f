"""Delivering: of each event of an alert it is decided who is told, then they are told.

What is decided is kept before anything is sent, and what is sent is named before it is: a process
that ends in between sends the same again, under the same id. Who is away, refuses or hangs is tried
again, ever later; what was told, what waits and why is in the table `delivery`.
"""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hub.alerts.course import courses
from hub.alerts.messages import KINDS, compose, message_id
from hub.alerts.outlet import AddressError, NotToldError, Outlets
from hub.alerts.quota import UNLIMITED, note_attempt, room_from
from hub.alerts.raised import digest
from hub.alerts.recipients import LIST, Recipient, read_recipients
from hub.alerts.rule import MINUTE_US
from hub.clock import DAY_US, Clock, to_us
from hub.store import deliveries
from hub.store.deliveries import FAILED, NOBODY, SENT, WAITING
from hub.store.store import Store

LOCK = "deliveries"
MESSAGES_AN_HOUR_MAX = 20  # to one recipient through one outlet; what is more is joined
JOINED_MAX = 200
HOUR_US = 60 * MINUTE_US
BACKOFF_US = 5_000_000
BACKOFF_US_MAX = 10 * MINUTE_US
GIVE_UP_US = 3 * DAY_US
AT_ONCE = 8  # recipients that are told at the same time: one that hangs holds up none
Row = Mapping[str, Any]
Target = tuple[str, str]
log = logging.getLogger(__name__)


class Deliverer:
    """Decides and tells, round after round. Safe beside others that do: one of them works."""

    def __init__(
        self,
        store: Store,
        outlets: Outlets,
        url: str,
        clock: Clock,
    ) -> None:
        self._store = store
        self._outlets = outlets
        self._url = url
        self._clock = clock
        self._counting = threading.Lock()

    def round(self) -> int:
        """Decide what is new, tell what is due; count the messages that were taken.

        Raises `StoreUnavailableError`.
        """
        with self._store.alone(LOCK) as is_mine:
            if not is_mine:
                return 0
            now = to_us(self._clock())
            recipients = read_recipients(self._store.listed(LIST), now)
            self._keep(self._decided(recipients, now))
            self._keep(self._escalated(recipients, now))
            self._begin(now)
            return self._tell({(r.name, r.outlet): r for r in recipients}, now)

    def _keep(self, rows: Sequence[Row]) -> None:
        if rows:
            with self._store.administering() as c:
                deliveries.decide(c, rows)

    def _decided(self, recipients: Iterable[Recipient], now: int) -> list[Row]:
        """Decide who is told of each event of which that is not decided; maybe nobody."""
        with self._store.reading() as reading:
            events = deliveries.undecided(reading.connection, tuple(KINDS))
        rows: list[Row] = []
        for event in events:
            # Of what is long past nobody is told, unless it goes on: a store that was lost and
            # made anew from the log would else tell everything again.
            is_told = event["at"] >= now - DAY_US or self._stands(event["alert"])
            wanted = [r for r in recipients if is_told and r.wants(event)]
            rows += _rows(event, wanted, "", now) or [_nobody(event, "", now)]
        return rows

    def _escalated(self, recipients: Sequence[Recipient], now: int) -> list[Row]:
        """Decide who is told that somebody was told of an alert and nobody acknowledged."""
        known = {(r.name, r.outlet): r for r in recipients if r.escalate_minutes and r.escalate_to}
        if not known:
            return []
        with self._store.reading() as reading:
            told = deliveries.since(reading.connection, now - GIVE_UP_US)
            done = {(t["event_id"], t["escalated_to"]) for t in told}
            late = {
                (t["event_id"], by.escalate_to)
                for t in told
                if (by := known.get((t["recipient"], t["outlet"]))) is not None
                and t["due_at"] + (by.escalate_minutes or 0) * MINUTE_US <= now
            }
            events = deliveries.events_of(reading.connection, [e for e, _ in late - done])
        rows: list[Row] = []
        for event_id, role in sorted(late - done):
            event = events[event_id]
            if self._stands(event["alert"], unless_acknowledged=True):
                above = [r for r in recipients if r.role == role]
                rows += _rows(event, above, role, now) or [_nobody(event, role, now)]
        return rows

    def _stands(self, alert: str, *, unless_acknowledged: bool = False) -> bool:
        with self._store.reading() as reading:
            course = courses(reading.alert_events(alert))[alert]
        return course.stands and not (unless_acknowledged and course.acknowledged)

    def _begin(self, now: int) -> None:
        """Fix by which message each delivery that is due is told."""
        with self._store.reading() as reading:
            due = deliveries.waiting(reading.connection, now)
            begun = deliveries.begun(reading.connection, now - HOUR_US)
        fresh = [d for d in due if d["message"] is None]
        for target, rows in _by_target(fresh).items():
            parts = list(_parts(rows, MESSAGES_AN_HOUR_MAX - begun.get(target, 0)))
            if parts:
                with self._store.administering() as c:
                    for ids in parts:
                        deliveries.change(c, ids, message=message_id(ids), begun_at=now, at=now)

    def _tell(self, recipients: Mapping[Target, Recipient], now: int) -> int:
        """Tell all that is due, several recipients at a time; count the messages taken."""
        with self._store.reading() as reading:
            due = deliveries.waiting(reading.connection, now)
        begun = _by_target(d for d in due if d["message"] is not None)
        if not begun:
            return 0
        with ThreadPoolExecutor(min(AT_ONCE, len(begun))) as pool:
            told = [
                pool.submit(self._tell_one, target, recipients.get(target), rows)
                for target, rows in begun.items()
            ]
        return sum(t.result() for t in told)

    def _tell_one(self, target: Target, to: Recipient | None, rows: Sequence[Row]) -> int:
        """Tell one recipient message after message, until one is not taken."""
        messages: dict[str, list[Row]] = {}
        for row in sorted(rows, key=lambda r: (r["tries"], r["decided_at"], r["id"])):
            messages.setdefault(row["message"], []).append(row)
        taken = 0
        for number, parts in enumerate(messages.values()):
            rest = [r for later in list(messages.values())[number + 1 :] for r in later]
            room = self._room(target[1], parts[0]["message"])
            if room is not None:
                full = "hết hạn mức của kênh, chờ lượt | the outlet's quota is used up: it waits"
                self._change([*parts, *rest], try_at=room, last_error=full)
                return taken
            try:
                self._send(target, to, parts)
            except (NotToldError, AddressError) as error:
                self._failed(parts, str(error))
                self._put_off(rest, parts[0]["tries"])
                log.warning("%s (%s): not told: %s", *target, error)
                return taken
            now = to_us(self._clock())
            values = {"state": SENT, "last_error": None, "at": now}
            self._change(parts, tries=parts[0]["tries"] + 1, **values)
            taken += 1
        return taken

    def _room(self, name: str, message: str) -> int | None:
        """Take a place of an outlet's quota; give the instant at which there may be one again."""
        outlet, settings = self._outlets.get(name, (None, None))
        quota = UNLIMITED if outlet is None else outlet.quota(settings)
        if quota == UNLIMITED:
            return None
        with self._counting:
            now = to_us(self._clock())
            room = room_from(self._store, name, quota, now)
            if room > now:
                return room
            note_attempt(self._store, name, message, now)
        return None

    def _send(self, target: Target, to: Recipient | None, rows: Sequence[Row]) -> None:
        if to is None:
            raise NotToldError(
                "không còn trong danh sách người nhận | not in the list of recipients any more"
            )
        if to.outlet not in self._outlets:
            there = ", ".join(self._outlets)
            raise NotToldError(f"không có kênh {to.outlet} | no such outlet; there are {there}")
        outlet, settings = self._outlets[to.outlet]
        with self._store.reading() as reading:
            events = deliveries.events_of(reading.connection, [r["event_id"] for r in rows])
        ordered = sorted(rows, key=lambda r: (events[r["event_id"]]["at"], r["event_id"]))
        message = compose([(r, events[r["event_id"]]) for r in ordered], self._url)
        outlet.send(outlet.write(message, to.address), settings)

    def _failed(self, rows: Sequence[Row], error: str) -> None:
        now, tries = to_us(self._clock()), rows[0]["tries"] + 1
        state = FAILED if now - rows[0]["begun_at"] >= GIVE_UP_US else WAITING
        again = {"tries": tries, "try_at": now + backoff(tries - 1)}
        self._change(rows, state=state, last_error=error, at=now, **again)

    def _put_off(self, rows: Sequence[Row], tries: int) -> None:
        """Let what was not tried wait, too, for as long as what was not taken."""
        self._change(rows, try_at=to_us(self._clock()) + backoff(tries))

    def _change(self, rows: Sequence[Row], **values: Any) -> None:
        if rows:
            with self._store.administering() as c:
                deliveries.change(c, [r["id"] for r in rows], **values)


def backoff(tries: int) -> int:
    """Give how long to wait after so many tries before this one."""
    return min(BACKOFF_US << min(tries, 20), BACKOFF_US_MAX)


def _by_target(rows: Iterable[Row]) -> dict[Target, list[Row]]:
    targets: dict[Target, list[Row]] = {}
    for row in rows:
        targets.setdefault((row["recipient"], row["outlet"]), []).append(row)
    return targets


def _parts(rows: Sequence[Row], slots: int) -> Iterator[list[str]]:
    """Give the deliveries of each message: what is to be joined in one, and what is too much."""
    joined = [r["id"] for r in rows if r["is_joined"]]
    alone = [[r["id"]] for r in rows if not r["is_joined"]]
    parts = [*([joined] if joined else []), *alone]
    if len(parts) > slots > 0:
        parts = [*parts[: slots - 1], [i for part in parts[slots - 1 :] for i in part]]
    for part in parts[: max(slots, 0)]:
        yield part[:JOINED_MAX]


def _rows(event: Row, recipients: Iterable[Recipient], role: str, now: int) -> list[Row]:
    """Write the deliveries of an event to those who are told of it at this hour."""
    rows = []
    for to in recipients:
        due = to.due(event, now)
        if due is not None:
            rows.append(_row(event, (to.name, to.outlet), role, WAITING, now, *due))
    return rows


def _nobody(event: Row, role: str, now: int) -> Row:
    """Write that nobody is told of an event, so that it is seen."""
    return _row(event, ("", ""), role, NOBODY, now, now, is_joined=False)


def _row(
    event: Row, to: Target, role: str, state: str, now: int, due_at: int, is_joined: bool
) -> Row:
    return {
        "id": digest(event["event_id"], *to, role),
        "event_id": event["event_id"],
        "alert": event["alert"],
        "recipient": to[0],
        "outlet": to[1],
        "escalated_to": role,
        "state": state,
        "decided_at": now,
        "due_at": due_at,
        "try_at": due_at,
        "message": None,
        "begun_at": None,
        "is_joined": int(is_joined),
        "tries": 0,
        "last_error": None,
        "at": now,
    }
