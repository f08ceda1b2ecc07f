"""Issuing: of each event of an alert it is decided which people are told, then they are told.

As with officers, what is decided is kept before anything is sent, in one transaction for all whom
an event is told; what is said is kept before it is sent for the first time, and a repeat is the
same words under the same id. Before each try it is looked whether it is still to be told at all.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.alerts.course import Course, courses
from hub.alerts.delivering import GIVE_UP_US, backoff
from hub.alerts.outlet import AddressError, NeverToldError, NotToldError, Outlets, ShutError
from hub.alerts.quota import UNLIMITED, Quota, next_day, note_attempt, room_from
from hub.alerts.raised import digest
from hub.alerts.rule import MINUTE_US
from hub.bulletins.approval import Approval, Key, is_approved, read_approvals
from hub.bulletins.content import compose, digest_of, message_of, read_content, write_content
from hub.bulletins.occasion import BEGINS, LIST, Occasion, addressed, read_occasions
from hub.bulletins.subscriber import Subscriber, SubscribersError, read_subscribers
from hub.bulletins.wording import LIST as WORDINGS
from hub.bulletins.wording import Wording, WordingError, read_wordings
from hub.clock import DAY_US, Clock, day_of, iso_day, to_us
from hub.reference.units import Units, units_of
from hub.store import deliveries
from hub.store.deliveries import DROPPED, FAILED, NOBODY, SENT, WAITING
from hub.store.store import Store

LOCK = "bulletins"  # not that of officers: they do not wait for an outlet of people that hangs
ROUND_SECONDS = 5.0  # then it is looked again what came meanwhile, and what is approved
ROWS_MAX = 2_000
IN_A_ROW_MAX = 3  # so many who are not taken, one after another: it is the outlet, not they
Row = Mapping[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lists:
    """What is in force at an instant, of which it is decided who is told what."""

    occasions: Sequence[Occasion]
    wordings: Mapping[Key, Wording]
    approvals: Mapping[Key, Approval]
    subscribers: Sequence[Subscriber]
    units: Units | None
    stations: Mapping[str, str]
    day: str
    by_code: Mapping[Key, Subscriber] = field(default_factory=dict)

    def occasion_of(self, row: Row, event: Row) -> Occasion | None:
        """Find the occasion by which a delivery is, where there still is one."""
        for occasion in self.occasions:
            of = (occasion.outlet, occasion.wording)
            is_same = of == (row["outlet"], row["wording"]) and occasion.fits(event)
            if is_same and row["area"] in {occasion.area, *self._below(occasion.area)}:
                return occasion
        return None

    def _below(self, area: str) -> frozenset[str]:
        return frozenset() if self.units is None else self.units.below(area, self.day)


@dataclass(frozen=True)
class Verdict:
    """What becomes of a delivery now: its state, from when on if it waits, and why."""

    state: str
    why: str = ""
    at: int = 0


def read_lists(store: Store, subscribers: Sequence[Subscriber], now: int) -> Lists:
    """Read what is in force at an instant. Raises `StoreUnavailableError`."""
    with store.reading() as reading:
        approvals = read_approvals(reading)
    tables = {n: store.listed(n) for n in ("units", "lineage", "stations")}
    day = iso_day(day_of(now))
    stations = {
        r["code"]: r.get("name_vi", "")
        for r in tables["stations"]
        if r["valid_from"] <= day and (not r["valid_to"] or day < r["valid_to"])
    }
    return Lists(
        read_occasions(store.listed(LIST), now),
        read_wordings(store.listed(WORDINGS), now),
        approvals,
        subscribers,
        units_of(tables) if tables["units"] else None,
        stations,
        day,
        {(s.code, s.outlet): s for s in subscribers},
    )


def quota_for_people(outlets: Outlets, name: str) -> Quota:
    """Give what an outlet bears of bulletins: what is left for them where officers use it, too."""
    outlet, settings = outlets.get(name, (None, None))
    if outlet is None:
        return UNLIMITED
    quota = outlet.quota(settings)
    return quota if outlet.for_people else quota.less_reserve()


class Issuer:
    """Decides and tells, round after round. Safe beside others that do: one of them works."""

    def __init__(
        self,
        store: Store,
        outlets: Outlets,
        subscribers_file: Path | None,
        clock: Clock,
    ) -> None:
        self._store = store
        self._outlets = outlets
        self._file = subscribers_file
        self._clock = clock
        self._read: tuple[object, list[Subscriber]] = (None, [])
        self._shut: dict[str, int] = {}  # how often each outlet was shut, one time after another
        self._said = ""  # what was last complained of, so that it is once

    def round(self) -> int:
        """Decide what is new, tell what is due; count the messages that were taken.

        Raises `StoreUnavailableError`.
        """
        with self._store.alone(LOCK) as is_mine:
            if not is_mine:
                return 0
            now = to_us(self._clock())
            if not self._store.listed(LIST) and not self._is_due(now):
                return 0
            try:
                subscribers = self._subscribers()
            except SubscribersError as error:
                # Nobody is decided on by half a file, and nobody is dropped for it.
                self._complain(str(error))
                return 0
            lists = read_lists(self._store, subscribers, now)
            self._decide(lists, now)
            return self._tell(lists, now)

    def _is_due(self, now: int) -> bool:
        with self._store.reading() as reading:
            return bool(deliveries.due_bulletins(reading.connection, now, 1))

    def _subscribers(self) -> list[Subscriber]:
        """Read the file where it is another than it was. Raises `SubscribersError`."""
        try:
            found = None if self._file is None else self._file.stat()
        except OSError:
            found = None  # reading it says what is wrong
        is_as = None if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)
        if is_as is None or is_as != self._read[0]:
            self._read = is_as, read_subscribers(self._file)
        return self._read[1]

    def _complain(self, text: str) -> None:
        if text != self._said:
            log.error("bulletins: nobody is told: %s", text)
        self._said = text

    def _decide(self, lists: Lists, now: int) -> None:
        """Decide who is told of each event of which that is not decided; maybe nobody."""
        rules = sorted({p.rule for p in lists.occasions})
        if not rules:
            return
        with self._store.reading() as reading:
            kinds = sorted({p.kind for p in lists.occasions})
            events = deliveries.unissued(reading.connection, rules, kinds)
        for event in events:
            occasions = [p for p in lists.occasions if p.fits(event)]
            if not occasions:
                continue
            is_told = event["at"] >= now - DAY_US or self._course(event["alert"]).stands
            to = addressed(event, occasions, lists.subscribers, lists.units, lists.day)
            rows = [
                _row(event, occasion, one, self._due_at(occasion, event, now), now)
                for occasion, one in to
                if is_told
            ]
            with self._store.administering() as c:
                deliveries.decide(c, rows or [_nobody(event, occasions[0], now)])

    def _due_at(self, occasion: Occasion, event: Row, now: int) -> int:
        """Give when people may be told at the earliest: after that it is late."""
        hours = quota_for_people(self._outlets, occasion.outlet)
        return max(occasion.opens_at(event["level"], now), hours.opens_at(now))

    def _course(self, alert: str) -> Course:
        with self._store.reading() as reading:
            return courses(reading.alert_events(alert))[alert]

    def _tell(self, lists: Lists, now: int) -> int:
        """Tell what is due, outlet by outlet, for a few seconds; count the messages taken."""
        with self._store.reading() as reading:
            due = deliveries.due_bulletins(reading.connection, now, ROWS_MAX)
        by_outlet: dict[str, list[Row]] = {}
        for row in due:
            by_outlet.setdefault(row["outlet"], []).append(row)
        until = time.monotonic() + ROUND_SECONDS
        if not by_outlet:
            return 0
        with ThreadPoolExecutor(len(by_outlet)) as pool:  # one that hangs holds up no other
            own = (self._store, self._outlets, lists, self._shut, self._clock)
            taken = [
                pool.submit(_Telling(*own).all, name, rows, until)
                for name, rows in by_outlet.items()
            ]
        return sum(t.result() for t in taken)


class _Telling:
    """One round of telling: what is known of each alert is read once."""

    def __init__(
        self,
        store: Store,
        outlets: Outlets,
        lists: Lists,
        shut: dict[str, int],
        clock: Clock,
    ) -> None:
        self._store = store
        self._outlets = outlets
        self._lists = lists
        self._shut = shut
        self._clock = clock
        self._alerts: dict[str, tuple[Course, list[Row]]] = {}

    def all(self, name: str, rows: Sequence[Row], until: float) -> int:
        """Tell what is due by one outlet, until it is shut, used up, or the time is over."""
        taken = in_a_row = 0
        put_aside: dict[tuple[str, str], tuple[Verdict, list[Row]]] = {}
        for number, row in enumerate(rows):
            if time.monotonic() >= until:
                break
            now = to_us(self._clock())
            verdict = self._judge(row, now)
            if verdict.state != SENT:
                # Of thousands that wait for the same it is noted at once.
                put_aside.setdefault((verdict.state, verdict.why), (verdict, []))[1].append(row)
                continue
            room = room_from(self._store, name, quota_for_people(self._outlets, name), now)
            if room > now:
                full = "hết hạn mức của kênh, chờ lượt | the outlet's quota is used up: it waits"
                self._note(rows[number:], Verdict(WAITING, full, room), now)
                break
            state, is_shut = self._try(row, now)
            taken += state == SENT
            in_a_row = in_a_row + 1 if state == WAITING else 0
            if is_shut is not None or in_a_row >= IN_A_ROW_MAX:
                why = "kênh đang không nhận, chờ cùng tin trước | the outlet takes nothing for now"
                at = is_shut or now + backoff(row["tries"])
                self._note(rows[number + 1 :], Verdict(WAITING, why, at), now)
                break
        for verdict, aside in put_aside.values():
            self._note(aside, verdict, to_us(self._clock()))
        return taken

    def _judge(self, row: Row, now: int) -> Verdict:
        """Tell whether a delivery is to be tried now (SENT), waits, or is no longer to be told."""
        event, course, told = self._of(row)
        occasion = self._lists.occasion_of(row, event)
        if occasion is None:
            return Verdict(
                DROPPED, "danh mục bulletins không còn dòng này | no occasion for it any more"
            )
        if (row["recipient"], row["outlet"]) not in self._lists.by_code:
            return Verdict(DROPPED, "không còn trong tệp người nhận | not in the subscribers' file")
        if (why := _is_over(row, event, course, told)) is not None:
            return Verdict(DROPPED, why)
        wording = self._lists.wordings.get((row["wording"], row["outlet"]))
        approval = self._lists.approvals.get((row["wording"], row["outlet"]))
        begun = row["bulletin"] is not None
        if approval is None or (
            not begun and (wording is None or not is_approved(wording, self._lists.approvals))
        ):
            why = f"mẫu {row['wording']} chưa được duyệt | this wording is not approved"
            return self._waits(row, why, now)
        opens = max(
            occasion.opens_at(event["level"], now),
            quota_for_people(self._outlets, row["outlet"]).opens_at(now),
        )
        if opens > now:
            return Verdict(WAITING, "giờ yên lặng | quiet hours", opens)
        return Verdict(SENT)

    def _waits(self, row: Row, why: str, now: int) -> Verdict:
        """Let a delivery wait for what people have to mend; not for ever."""
        is_late = now - row["due_at"] >= GIVE_UP_US
        return Verdict(FAILED if is_late else WAITING, why, now + MINUTE_US)

    def _of(self, row: Row) -> tuple[Row, Course, list[Row]]:
        """Give the event of a delivery, what became of its alert, and who was told of that."""
        alert = row["alert"]
        if alert not in self._alerts:
            with self._store.reading() as reading:
                course = courses(reading.alert_events(alert))[alert]
                told = deliveries.told_people(reading.connection, alert)
            self._alerts[alert] = course, list[Row](told)
        course, heard = self._alerts[alert]
        event = next(e for e in course.events if e["event_id"] == row["event_id"])
        return event, course, heard

    def _try(self, row: Row, now: int) -> tuple[str, int | None]:
        """Tell one; give what became of it, and until when the outlet is shut, where it is."""
        name = row["outlet"]
        try:
            if name not in self._outlets:
                there = ", ".join(self._outlets)
                raise NotToldError(f"không có kênh {name} | no such outlet; there are {there}")
            outlet, settings = self._outlets[name]
            bulletin = self._begun(row, now)
            to = self._lists.by_code[row["recipient"], name]
            begun_at = row["begun_at"] or now
            message = message_of(row["id"], read_content(bulletin), begun_at)
            written = outlet.write(message, to.address)
            note_attempt(self._store, name, row["id"], now)
            outlet.send(written, settings)
        except WordingError as error:
            return self._note([row], self._waits(row, f"{error.vi} | {error.en}", now), now), None
        except AddressError as error:
            return self._note([row], Verdict(FAILED, str(error)), now), None
        except NeverToldError as error:
            return self._note([row], Verdict(FAILED, str(error)), now), None
        except NotToldError as error:
            after = to_us(self._clock())
            until = self._opens_again(error, name, after)
            at = until or after + backoff(row["tries"])
            is_late = after - row["due_at"] >= GIVE_UP_US
            log.warning("%s (%s): not told: %s", row["recipient"], name, error)
            verdict = Verdict(FAILED if is_late else WAITING, str(error), at)
            return self._note([row], verdict, after), until
        self._shut.pop(name, None)
        return self._note([row], Verdict(SENT), to_us(self._clock())), None

    def _opens_again(self, error: NotToldError, name: str, now: int) -> int | None:
        if not isinstance(error, ShutError):
            return None
        quota = quota_for_people(self._outlets, name)
        if error.until == "day":
            return quota.opens_at(next_day(now))
        opens = quota.opens_at(now)
        if error.until == "hours" and opens > now:
            return opens
        times = self._shut[name] = self._shut.get(name, 0) + 1
        return now + backoff(times - 1)

    def _begun(self, row: Row, now: int) -> str:
        """Keep what is said before it is tried for the first time, and each try; give what is said.

        Raises `WordingError`.
        """
        values: dict[str, Any] = {"tries": row["tries"] + 1, "at": now}
        kept: dict[str, Any] | None = None
        if row["bulletin"] is None:
            event, course, _ = self._of(row)
            of = course.last if event["kind"] in BEGINS else event
            key = (row["wording"], row["outlet"])
            wording, approval = self._lists.wordings[key], self._lists.approvals[key]
            station = self._lists.stations.get(event["subject"], "")
            own = (row["area"], station, self._lists.units, self._lists.day)
            content = write_content(compose(wording, of, *own))
            kept = {
                "id": digest_of(content, wording.digest),
                "wording": wording.name,
                "outlet": wording.outlet,
                "wording_digest": wording.digest,
                "approved_by": approval.approved_by,
                "area": row["area"],
                "content": content,
                "at": now,
            }
            values |= {"bulletin": kept["id"], "message": row["id"], "begun_at": now}
        with self._store.administering() as c:
            if kept is not None:
                deliveries.keep_bulletin(c, kept)
            deliveries.change(c, [row["id"]], **values)
            digest_kept = row["bulletin"] if kept is None else kept["id"]
            return str(deliveries.bulletin_of(c, digest_kept)["content"])

    def _note(self, rows: Sequence[Row], verdict: Verdict, now: int) -> str:
        """Keep what became of deliveries; give that."""
        values: dict[str, Any] = {"state": verdict.state, "last_error": verdict.why or None}
        if verdict.state == WAITING:
            values["try_at"] = verdict.at
        for first in range(0, len(rows), deliveries.IDS_AT_ONCE):
            ids = [r["id"] for r in rows[first : first + deliveries.IDS_AT_ONCE]]
            with self._store.administering() as c:
                deliveries.change(c, ids, **values, at=now)
        return verdict.state


def _is_over(row: Row, event: Row, course: Course, tellings: Sequence[Row]) -> str | None:
    """Say why a delivery is not to be told any more, by what became of its alert; None: it is.

    That something begins is told as long as it goes on. That it ended, or is other than was said,
    is told to those alone who may have heard that it began.
    """
    if event["kind"] in BEGINS:
        if course.stands:
            return None
        return "cảnh báo đã hết trước khi báo | the alert had ended before it could be told"
    mine = (
        t
        for t in tellings
        if t["kind"] in BEGINS
        and (t["recipient"], t["outlet"]) == (row["recipient"], row["outlet"])
    )
    if any(t["state"] == SENT or (t["tries"] and t["state"] != FAILED) for t in mine):
        return None
    return "chưa được báo lúc bắt đầu | was not told of its begin"


def _row(event: Row, occasion: Occasion, to: Subscriber, due_at: int, now: int) -> dict[str, Any]:
    return {
        "id": digest(event["event_id"], to.code, to.outlet, "bulletin"),
        "event_id": event["event_id"],
        "alert": event["alert"],
        "recipient": to.code,
        "outlet": to.outlet,
        "escalated_to": "",
        "state": WAITING,
        "decided_at": now,
        "due_at": due_at,
        "try_at": now,
        "message": None,
        "begun_at": None,
        "is_joined": 0,
        "tries": 0,
        "last_error": None,
        "at": now,
        "wording": occasion.wording,
        "area": to.area,
        "bulletin": None,
    }


def _nobody(event: Row, occasion: Occasion, now: int) -> dict[str, Any]:
    """Write that nobody is told of an event, so that it is seen."""
    row = _row(event, occasion, Subscriber("", occasion.area, "", ""), now, now)
    return {**row, "state": NOBODY}
