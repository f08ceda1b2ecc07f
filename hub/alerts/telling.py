"""Telling: what is new about alerts becomes events of their topic, and nothing is told twice.

What log and clock have is held against what was told; the difference is appended. A process that
ends in between makes the same events again, with the same ids. It is looked at nothing before all
that the log holds is applied: what the hub itself has not read yet is nobody's silence.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from hub.alerts.course import SAID, Course, Event, courses
from hub.alerts.episodes import Rules
from hub.alerts.raised import Raised, digest, find, find_all
from hub.alerts.rule import Rule
from hub.clock import DAY_US, Clock, iso, system_clock, to_us
from hub.definitions.masking import mask_text
from hub.definitions.own.alert import ALERT
from hub.figures.book import Book
from hub.log.log import Log, Submission
from hub.log.submitting import encode, new_receipt
from hub.operating import metrics
from hub.store.reading import Reading
from hub.store.store import Store

LOCK = "alerts"
SENDER = "hub-alerts"
REPLAYED_US = DAY_US  # of what is older nobody is told: it was loaded, or is replayed
EVENTS_AT_ONCE = 2_000


class Teller:
    """Holds alerts against what was told, round after round. Safe beside others that do."""

    def __init__(
        self,
        log: Log,
        store: Store,
        book: Callable[[Reading], Book],
        rules: Mapping[str, Rule],
        clock: Clock,
    ) -> None:
        self._log = log
        self._store = store
        self._book = book
        self._rules = rules
        self._clock = clock
        self._found: dict[str, tuple[Any, list[Raised]]] = {}
        self._settled: Any = None  # what there was when there was nothing new

    def round(self) -> int | None:
        """Append what is new; count the events. None: it is not time yet, or others are at it.

        Raises `LogUnavailableError`, `StoreUnavailableError`.
        """
        with self._store.alone(LOCK) as is_mine:
            now = to_us(self._clock())
            topics = [c.topic for c in self._store.definitions.applied.values()]
            ends = self._log.ends_of(topics)
            if not is_mine:
                return None
            with self._store.reading() as reading:
                for topic, partitions in ends.items():
                    at = reading.positions(self._log.identity(topic), topic)
                    if any(at.get(p, 0) < end for p, end in partitions.items()):
                        return None
                state = self._state(reading, now)
                if state == self._settled:
                    return 0
                book = self._book(reading)
                found = [f for rule in self._rules.values() for f in self._of(rule, book, now)]
                known = courses(reading.alert_events())
            told = list(news(found, known, now, to_us(system_clock())))
            for first in range(0, len(told), EVENTS_AT_ONCE):
                append(self._log, told[first : first + EVENTS_AT_ONCE], now)
        for event in told:
            metrics.ALERT_EVENTS.labels(event["kind"]).inc()
        metrics.ALERTS_AT.set(now / 1e6)
        self._settled = None if told else state
        return len(told)

    def _state(self, reading: Reading, now: int) -> Any:
        instants = [rule.instant(now) for rule in self._rules.values()]
        return reading.totals(), reading.build(), instants

    def _of(self, rule: Rule, book: Book, now: int) -> list[Raised]:
        """Find a rule's alerts, or take those found of the same data at the same instant."""
        totals = {t: n for t, n in book.reading.totals().items() if t != ALERT.topic}
        contract = rule.series.contract
        data = book.reading.touched(contract, "9999") if contract else totals
        lists = [r[0] for r in book.reading.lists()]
        state = rule.instant(now), data, lists, book.reading.build()
        kept = self._found.get(rule.id)
        if kept is None or kept[0] != state:
            kept = self._found[rule.id] = state, find(rule, book, now)
        return kept[1]


def news(
    found: Sequence[Raised], known: Mapping[str, Course], now: int, wall: int
) -> Iterable[dict[str, Any]]:
    """Give the events by which what was told becomes what is: by their instants.

    `wall` is the machine's own clock: where a replay drives `now`, what it brings about is old.
    """
    there = {f.id: f for f in found}
    gone = {n: a for n, a in known.items() if n not in there and a.last["state"] != "withdrawn"}
    events: list[dict[str, Any]] = []
    for found_id, one in there.items():
        before = known.get(found_id)
        if before is None:
            amends = _in_place_of(one, gone)
            events += _raised(one, amends)
        else:
            amends = before.events[0]["amends"]
            events += _changed(one, before, now)
        events += _escalated(one, before, known.get(amends or ""), now)
    events += [_withdrawn(alert, now) for alert in gone.values()]
    for event in sorted(events, key=lambda e: (e["at"], e["alert"])):
        is_old = event.pop("~old", event["at"]) < max(now, wall) - REPLAYED_US
        yield {**event, "replayed": is_old or event["amends"] is not None}


def as_of(rules: Iterable[Rule], book: Book, now: int, by: Rules = "then") -> dict[str, Course]:
    """Work out how alerts stand at an instant, with what people had said of them by then."""
    found = find_all(rules, book, now, by)
    names = {f.id for f in found}
    acts = [e for e in book.reading.alert_events() if e["kind"] in SAID and e["at"] <= now]
    told = news(found, {}, now, now)
    return courses([*told, *(e for e in acts if e["alert"] in names)])


def append(log: Log, events: Sequence[Mapping[str, Any]], now: int) -> None:
    """Append events of alerts; raise `LogUnavailableError`."""
    frame = pl.DataFrame(
        [{"recorded_at": None, **e} for e in events],
        schema={f.name: f.dtype for f in ALERT.fields},
    )
    receipt, at = new_receipt(now), now // 1000 * 1000
    batch = encode(ALERT, SENDER, frame, receipt, at)
    log.append([Submission(receipt, SENDER, ALERT.name, at, len(events), 0, [batch])])


def said(alert: Course, kind: str, by: str, comment: str | None, now: int) -> dict[str, Any]:
    """Make the event of what somebody says of an alert: acknowledged or commented.

    The comment is masked where it seems to be about a person.
    """
    assert kind in SAID, kind
    shown = mask_text(comment) if comment else None
    event_id = digest(alert.last["alert"], kind, by, now, shown)
    state = alert.last["state"]
    if state == "open" and (kind == "acknowledged" or alert.acknowledged is not None):
        state = "acknowledged"
    own = {"event_id": event_id, "kind": kind, "at": now, "by": by, "comment": shown}
    return {**_same(alert.last), **own, "state": state, "was": None, "replayed": False}


def _same(last: Event) -> dict[str, Any]:
    """Take from an event what others of its alert say, too."""
    return {f.name: last[f.name] for f in ALERT.fields if f.name != "recorded_at"} | {
        "amends": None
    }


def _event(raised: Raised, kind: str, at: int, number: int, **more: Any) -> dict[str, Any]:
    """Make an event; `number` tells apart those of one kind."""
    rule, episode, text = raised.rule, raised.episode, raised.text()
    return {
        "event_id": digest(raised.id, kind, number),
        "alert": raised.id,
        "kind": kind,
        "rule": rule.id,
        "level": rule.level,
        "owner": rule.owner,
        "subject_kind": rule.subject_kind,
        "subject": episode.subject,
        "unit": raised.unit,
        "state": "open" if episode.cleared_at is None else "cleared",
        "at": at,
        "raised_at": episode.raised_at,
        "cleared_at": episode.cleared_at,
        "value": raised.value,
        "threshold": episode.threshold,
        "measure_unit": rule.measure_unit,
        "text_vi": text.vi,
        "text_en": text.en,
        "link": raised.link(),
        "amends": None,
        "was": None,
        "by": None,
        "comment": None,
        **more,
    }


def _raised(raised: Raised, before: str | None) -> list[dict[str, Any]]:
    episode = raised.episode
    still = replace(raised, episode=replace(episode, cleared_at=None))
    events = [_event(still, "raised", episode.raised_at, 0, amends=before)]
    if episode.cleared_at is not None:
        events.append(_event(raised, "cleared", episode.cleared_at, 0))
    return events


def _changed(raised: Raised, before: Course, now: int) -> list[dict[str, Any]]:
    """Say what is other about an alert than was told: it cleared, or is amended."""
    last = before.last
    is_acknowledged = before.acknowledged is not None and raised.episode.cleared_at is None
    state = {"state": "acknowledged"} if is_acknowledged else {}
    event = _event(raised, "amended", now, before.count("amended"), **state)
    names = ("cleared_at", "value", "threshold", "level")
    if last["state"] != "withdrawn" and all(last[n] == event[n] for n in names):
        return []
    is_over = raised.episode.cleared_at is not None and last["cleared_at"] is None
    if last["state"] != "withdrawn" and is_over:
        at, number = raised.episode.cleared_at or now, before.count("cleared")
        return [_event(raised, "cleared", at, number)]
    return [event | {"was": _was(last), "~old": raised.episode.cleared_at or now}]


def _escalated(
    raised: Raised, before: Course | None, amended: Course | None, now: int
) -> list[dict[str, Any]]:
    """Say that an alert escalates, once; `amended` is the alert that it stands in for."""
    at = raised.escalates_at()
    if at is None or at > now:
        return []
    if before is not None:
        acknowledged = before.acknowledged
        if acknowledged is not None and acknowledged["at"] <= at:
            return []
        if before.count("escalated"):
            return []
    still = replace(raised, episode=replace(raised.episode, cleared_at=None))
    was_told = amended is not None and amended.count("escalated")
    amends = amended.last["alert"] if amended is not None and was_told else None
    return [_event(still, "escalated", at, 0, amends=amends)]


def _withdrawn(alert: Course, now: int) -> dict[str, Any]:
    """Say of an alert that was told that log and clock have it no more."""
    last = alert.last
    vi = f"Rút lại theo dữ liệu đến sau: {last['text_vi']}"
    en = f"Withdrawn by later data: {last['text_en']}"
    own = {
        "event_id": digest(last["alert"], "amended", alert.count("amended")),
        "kind": "amended",
        "state": "withdrawn",
        "at": now,
        "was": _was(last),
        "by": None,
        "comment": None,
        "text_vi": vi[:2000],
        "text_en": en[:2000],
        "~old": last["cleared_at"] or now,
    }
    return {**_same(last), **own}


def _was(last: Event) -> str:
    """Write what an alert was before it is amended."""
    before = {
        "state": last["state"],
        "cleared_at": iso(last["cleared_at"]),
        "value": last["value"],
        "threshold": last["threshold"],
        "level": last["level"],
    }
    return json.dumps(before)


def _in_place_of(one: Raised, gone: Mapping[str, Course]) -> str | None:
    """Name the alert that was told of the same and is no more: it began at another instant."""
    ever = 2**63
    for name, alert in gone.items():
        last, mine = alert.last, one.episode
        is_same = (last["rule"], last["subject"]) == (one.rule.id, mine.subject)
        begins = last["raised_at"] < (mine.cleared_at or ever)
        if is_same and begins and mine.raised_at < (last["cleared_at"] or ever):
            return name
    return None
