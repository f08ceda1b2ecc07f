"""Connecting: what a feed delivers is judged, made durable, and only then acknowledged to it.

The order is what the promise rests on: read, append, acknowledge. A process that dies in between
reads the same again; event ids are made from what the upstream says, so the same is a repeat.
"""

import hashlib
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from pydantic import ValidationError

from hub.clock import Clock, iso, to_us
from hub.connecting.breaker import Breaker
from hub.connecting.feeds import (
    Delivery,
    Feed,
    JsonObject,
    Loading,
    Record,
    UpstreamError,
)
from hub.definitions.admission import Admitted, Verdict, admit_values, barred
from hub.definitions.barred import find_in_bytes
from hub.definitions.contract import ITEMS_MAX, Contract, Event
from hub.definitions.masking import mask_text
from hub.definitions.originals import Seal
from hub.definitions.ranges import Ranges
from hub.definitions.source import Source
from hub.log.log import Log, LogUnavailableError, Submission
from hub.log.submitting import accepted_at, impossible, make_batches, new_receipt
from hub.operating import metrics
from hub.settings import Settings

FETCH_SECONDS = 1.0
HEARTBEAT_SECONDS = 10.0
RETRY_SECONDS = (0.5, 60.0)  # the first wait and the longest, while something is away
log = logging.getLogger(__name__)
OUTCOMES = ("accepted", "rejected", "refused", "passed_over")
STATES = ("running", "upstream_away", "log_away", "stopped_by_breaker")


def heartbeat_name(source: str) -> str:
    """Name the checkpoint that holds a connector's heartbeat."""
    return f"heartbeat:{source}"


class Connection:
    """Carries what a feed delivers to the log, until told to stop."""

    def __init__(
        self,
        source: Source,
        contract: Contract,
        feed: Feed,
        log: Log,
        clock: Clock,
        settings: Settings,
        seal: Seal,
        ranges: Callable[[], Ranges] = Ranges,
    ) -> None:
        self._ranges = ranges
        self._source = source
        self._contract = contract
        self._feed = feed
        self._log = log
        self._clock = clock
        self._seal = seal
        self._breaker = Breaker(
            settings.breaker_share_max, settings.breaker_in_a_row_max, settings.breaker_seconds
        )
        self.stopping = threading.Event()
        for outcome in OUTCOMES:  # a rate is only of what was there before
            self._count(outcome, 0)
        metrics.UPSTREAM_ERRORS.labels(source.name)
        self._state = self._logged = self._refused = ""
        self._failures = 0
        self._told_at = -HEARTBEAT_SECONDS
        self._lived_at = time.monotonic()

    def is_alive(self, seconds: float) -> bool:
        """Tell whether anything was done lately; an upstream or a log that is away is no stall."""
        return time.monotonic() - self._lived_at < seconds

    def run(self) -> None:
        """Carry deliveries until told to stop."""
        while not self.stopping.is_set():
            wait = self._breaker.wait_seconds(time.monotonic())
            if wait:
                self._tell("stopped_by_breaker", self._refused)
                self.stopping.wait(min(wait, HEARTBEAT_SECONDS))
            else:
                self.step(FETCH_SECONDS)

    def step(self, seconds: float) -> int:
        """Carry one delivery, waiting at most so long for it; give the number of its records."""
        try:
            delivery = self._feed.fetch(seconds)
            if delivery is not None:
                self._carry(delivery)
        except UpstreamError as error:
            metrics.UPSTREAM_ERRORS.labels(self._source.name).inc()
            self._wait("upstream_away", str(error), error.retry_seconds)
            return 0
        except LogUnavailableError as error:
            self._wait("log_away", str(error), None)
            return 0
        self._failures = 0
        if not self._breaker.is_open:
            self._tell("running")
        return 0 if delivery is None else len(delivery.records)

    def _wait(self, state: str, error: str, asked: float | None) -> None:
        """Wait longer after each failure, up to a minute, or as long as the upstream asked."""
        first, longest = RETRY_SECONDS
        self._failures += 1
        wait = min(longest, first * 2 ** min(self._failures - 1, 16))
        # Not all clients of an upstream that comes back are to come back at the same instant.
        wait = asked if asked is not None else wait * random.uniform(0.5, 1)
        self._tell(state, error)
        until = time.monotonic() + wait
        while not self.stopping.is_set() and (left := until - time.monotonic()) > 0:
            self.stopping.wait(min(left, HEARTBEAT_SECONDS))
            self._tell(state, error)

    def _carry(self, delivery: Delivery) -> None:
        at = accepted_at(self._clock)
        judged = judge_arrived(self._contract, delivery.records, at, self._ranges)
        verdicts = [j for j in judged if isinstance(j, Verdict)]
        is_bad = [isinstance(j, Verdict) for j in judged]
        if not self._breaker.allows(is_bad, time.monotonic()):
            self._count("refused", len(judged))
            delivery.refuse(verdicts)
            self._refused = verdicts[-1].message_vi
            self._tell("stopped_by_breaker", self._refused)
            return
        self._lived_at = time.monotonic()  # a large file takes its time
        submissions = self._submissions(delivery.records, judged)
        self._lived_at = time.monotonic()
        if submissions:
            submissions[-1].checkpoints = delivery.checkpoints
            self._log.append(submissions)
        elif delivery.checkpoints:
            self._log.set_checkpoints(delivery.checkpoints)
        delivery.acknowledge(verdicts)
        self._count("accepted", len(judged) - len(verdicts))
        self._count("rejected", len(verdicts))
        self._count("passed_over", delivery.passed_over)

    def _count(self, outcome: str, records: int) -> None:
        metrics.CONNECTOR_RECORDS.labels(self._source.name, outcome).inc(records)

    def _submissions(
        self, records: Sequence[Record], judged: Sequence[list[Event] | Verdict]
    ) -> list[Submission]:
        submissions = []
        name, at = self._source.name, accepted_at(self._clock)
        for start in range(0, len(records), ITEMS_MAX):
            part = list(zip(records, judged, strict=True))[start : start + ITEMS_MAX]
            events = [e for _, j in part if isinstance(j, list) for e in j]
            bad = [(r, j) for r, j in part if isinstance(j, Verdict)]
            if not events and not bad:
                continue
            admitted = Admitted(
                self._contract,
                events,
                list(range(len(events))),
                [j for _, j in bad],
                {j.index: r.original for r, j in bad},
            )
            receipt = new_receipt(at)

            known_by = {j.index: r.known_by or r.original for r, j in bad}

            def named(verdict: Verdict, known_by: dict[int, bytes] = known_by) -> str:
                # By its bytes: what is read again after a crash is the same item.
                return item_name(name, known_by[verdict.index])

            made = make_batches(self._contract, name, admitted, receipt, at, self._seal, named)
            counts = (len(events), len(bad))
            kept = Submission(receipt, name, self._contract.name, at, *counts, list(made))
            submissions.append(kept)
        return submissions

    def _tell(self, state: str, error: str = "") -> None:
        """Leave a heartbeat: at each change, and every few seconds."""
        now = self._lived_at = time.monotonic()
        error = mask_text(error)  # it may repeat what the upstream answered
        # One failure that the next attempt mends is nothing to act on.
        if state != self._logged and self._failures != 1:
            level = logging.INFO if state == "running" else logging.WARNING
            said = {"source": self._source.name, "state": state, "error": error}
            log.log(level, "%s is %s", self._source.name, state, extra=said)
            self._logged = state
        if state == self._state and now - self._told_at < HEARTBEAT_SECONDS:
            return
        self._state, self._told_at = state, now
        for other in STATES:
            metrics.CONNECTOR_STATE.labels(self._source.name, other).set(other == state)
        at = to_us(self._clock())
        metrics.CONNECTOR_HEARTBEAT.labels(self._source.name).set(at / 1e6)
        heartbeat = {"at": iso(at), "state": state, "error": error, **self._load()}
        try:
            name = heartbeat_name(self._source.name)
            self._log.set_checkpoints({name: json.dumps(heartbeat, ensure_ascii=False)})
        except LogUnavailableError:
            # Who watches sees an old heartbeat, which is the truth.
            self._told_at = now - HEARTBEAT_SECONDS / 2

    def _load(self) -> JsonObject:
        """Say what the feed costs its source, where it knows."""
        if not isinstance(self._feed, Loading):
            return {}
        load = self._feed.load()
        for what, count in load.waiting.items():
            metrics.UPSTREAM_WAITING.labels(self._source.name, what).set(count)
        return {"load": load.public()}


def item_name(source: str, known_by: bytes) -> str:
    """Name a rejected item of a connector by the bytes that it is known by."""
    return f"{source}:{hashlib.blake2b(known_by, digest_size=16).hexdigest()}"


Judged = list[list[Event] | Verdict]


def judge(contract: Contract, records: Sequence[Record]) -> Judged:
    """Validate what each record says: its events, or why it is rejected, with its place as index.

    A record of which one event breaks the contract is rejected whole, and kept with its bytes; one
    with content that the contract is barred from likewise, without.
    """
    if contract.spec.bars:
        return [_judge_barred(contract, r) for r in records]
    try:
        said = [e for r in records for e in r.events]
        events = iter(contract.items.validate_json(json.dumps(said)))
    except ValidationError:
        return [_judge_one(contract, r) for r in records]
    return [r.verdict or [next(events) for _ in r.events] for r in records]


def judge_arrived(
    contract: Contract, records: Sequence[Record], at: int, ranges: Callable[[], Ranges]
) -> Judged:
    """Judge records that arrive at `at`: likewise rejected is what cannot be, then."""
    judged = judge(contract, records)
    places = [n for n, j in enumerate(judged) if isinstance(j, list) for _ in j]
    frame = contract.columns([e for j in judged if isinstance(j, list) for e in j])
    for row, verdict in impossible(contract, frame, at, ranges).items():
        place = places[row]
        record = records[place]
        judged[place] = record.said(replace(verdict, index=record.place))
    return judged


def _judge_barred(contract: Contract, record: Record) -> list[Event] | Verdict:
    """Look first for what is barred, in all that came: also in what says nothing of the events."""
    bar = find_in_bytes(contract.spec.bars, record.original)
    return _judge_one(contract, record) if bar is None else barred(bar, record.place)


def _judge_one(contract: Contract, record: Record) -> list[Event] | Verdict:
    if record.verdict is not None:
        return record.verdict
    found = admit_values(contract, record.events)
    if not isinstance(found, Verdict):
        return found
    return record.said(replace(found, index=record.place))
