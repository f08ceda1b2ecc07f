"""What a worker does with Faust's batches; the command `hub work` is `hub/commands/work.py`.

It applies batches and publishes what changed. Positions are in SQL, moved by compare-and-swap in
the transaction that applies a batch. While the database is away, work is tried again; an error that
is not the data's ends the worker.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from typing import TypeVar

from faust.types import TP

from hub.apply.applier import Applier
from hub.clock import system_clock
from hub.definitions.contract import Contract
from hub.figures.installed import Installed
from hub.kafka import wire
from hub.log.log import LogUnavailableError, TopicsError
from hub.log.slices import Slice
from hub.log.succession import succession_of
from hub.opening import check_logs, open_kafka_log
from hub.operating import metrics, tracing
from hub.settings import Settings
from hub.store.store import Store
from hub.store.troubles import FencedError, StoreUnavailableError
from hub.worker.fetched import Fetched
from hub.worker.publisher import Publisher

T = TypeVar("T")
logger = logging.getLogger(__name__)
RETRY_SECONDS = (0.2, 5.0)  # the first wait and the longest, while the database is away
PROBE_SECONDS = 5.0
PUBLISH_SECONDS_MIN = 1.0
PUBLISH_SECONDS_MAX = 60.0


class Work:
    """What a worker does with batches: applies them, or says where to go on."""

    def __init__(self, settings: Settings, installed: Installed) -> None:
        self.settings = settings
        self.store = Store(settings.database_url, installed.definitions)
        self.log = open_kafka_log(settings, self.store)
        self.store.succession = succession_of(self.log)
        self.store.check_definitions()
        check_logs(self.log, self.store)
        self.contracts = {c.topic: c for c in installed.definitions.applied.values()}
        self._identities = {t: self.log.identity(t) for t in self.contracts}
        self._applier = Applier(
            self.store, self._identities.__getitem__, system_clock, has_listeners=True
        )
        self.publisher = Publisher(self.store, self.log, installed, system_clock)
        self.stopping = threading.Event()
        # Faust wants a folder, and puts nothing into it that is read again: all workers here have
        # the same, so that one that is killed leaves none behind.
        self.folder = Path(gettempdir()) / f"lgsp-work-{os.getuid()}"
        metrics.begin({c.name: topic for topic, c in self.contracts.items()})
        # When each partition's position last moved, or had nothing to move to.
        self._moved: dict[TP, tuple[int, float]] = {}
        self._ends: dict[str, dict[int, int]] = {}

    def positions(self, tps: Collection[TP]) -> Mapping[TP, int]:
        """Say where partitions are to be read from: where the store stands."""
        return self._while_away(lambda: self._positions(tps))

    def _positions(self, tps: Collection[TP]) -> dict[TP, int]:
        with self.store.reading() as reading:
            known = {t: reading.positions(self._identities[t], t) for t, _ in tps}
        return {tp: known[tp.topic].get(tp.partition, 0) for tp in tps}

    def apply(self, slices: list[Slice], shard: int) -> list[int | None]:
        """Apply slices of one topic; give, for each that was fenced, the position to go on from.

        Once told to stop it begins nothing any more: what is left is read again by who follows.
        """
        contract = self.contracts[slices[0].topic]
        left = {TP(s.topic, s.partition): s for s in slices}
        fenced: dict[TP, int] = {}
        while left and not self.stopping.is_set():
            waiting, begun = list(left.values()), tracing.now()
            try:
                with metrics.APPLY_SECONDS.time():
                    self._while_away(partial(self._applier.apply, contract, waiting, shard))
            except FencedError:
                # Somebody else applied some of it; or this did, and the database went before it
                # said so. What is where it was is tried again.
                now = self.positions(left)
                moved = {tp: now[tp] for tp, one in left.items() if now[tp] != one.first}
                if not moved:
                    raise
                for tp, position in moved.items():
                    metrics.FENCED.labels(contract.topic).inc()
                    logger.info("fenced: %s/%d is at %d, not at %d", *tp, position, left[tp].first)
                    del left[tp]
                fenced |= moved
            else:
                metrics.EVENTS_APPLIED.labels(contract.topic).inc(sum(s.count for s in waiting))
                tracing.note_applied(
                    contract.topic, (o.receipt for s in waiting for o in s.origins), begun
                )
                left = {}
        return [fenced.get(TP(s.topic, s.partition)) for s in slices]

    def _while_away(self, work: Callable[[], T]) -> T:
        """Do work, again and again while the database is away, until told to stop."""
        wait = RETRY_SECONDS[0]
        while True:
            try:
                done = work()
            except StoreUnavailableError as error:
                if wait == RETRY_SECONDS[0]:
                    logger.warning("the database is away: %s", error)
                if self.stopping.wait(wait):
                    raise
                wait = min(2 * wait, RETRY_SECONDS[1])
            else:
                if wait != RETRY_SECONDS[0]:
                    logger.info("the database is back")
                return done

    def publish(self) -> None:
        """Publish rounds of changes for as long as this process leads, until told to stop."""
        while not self.stopping.is_set():
            try:
                with self.publisher.leading() as connection:
                    while connection is not None and not self.stopping.is_set():
                        begun = time.monotonic()
                        metrics.PUBLISHED.inc(self.publisher.round(connection))
                        # A twentieth of one core goes into figures, more where they take so long
                        # that others would hear of them minutes late.
                        took = time.monotonic() - begun
                        self.stopping.wait(
                            min(max(PUBLISH_SECONDS_MIN, 19 * took), PUBLISH_SECONDS_MAX)
                        )
            except (StoreUnavailableError, LogUnavailableError) as error:
                # Both come back; what was noted is told then.
                logger.warning("figures cannot be published: %s", error)
            self.stopping.wait(PROBE_SECONDS)

    def check_logs(self) -> None:
        """Look every few seconds whether topics are still the ones that positions speak of.

        Raises `TopicsError` where one was deleted and made again: its offsets mean other records.
        """
        while not self.stopping.wait(PROBE_SECONDS):
            try:
                self._ends = self.log.ends_of(self._identities)
            except LogUnavailableError:
                self._ends = {}
                continue
            for topic, identity in self._identities.items():
                if self.log.identity(topic) != identity:
                    raise TopicsError(f"{topic} was deleted and made again; start anew")

    def stalled(self, tps: Collection[TP]) -> list[TP]:
        """Name assigned partitions that have something to apply and do not move.

        Where Kafka or the database cannot be asked nothing is known, and nothing named. The ends
        are those that `check_logs` saw last: who asks whether it lives waits for seconds only.
        """
        try:
            positions = self._positions(tps)
            ends = self._ends or self.log.ends_of(self._identities)
        except (StoreUnavailableError, LogUnavailableError):
            return []
        now = time.monotonic()
        found = []
        for tp in tps:
            at, end = positions[tp], ends[tp.topic][tp.partition]
            before, since = self._moved.get(tp, (-1, now))
            if at != before or at >= end:
                self._moved[tp] = (at, now)
            elif now - since > self.settings.stall_seconds:
                found.append(tp)
        return found

    def close(self) -> None:
        """Close log and store."""
        self.log.close()
        self.store.close()


def open_work(settings: Settings, installed: Installed) -> Work:
    """Open the work; while log or store is away it is tried again, until the process is ended.

    A worker that is started together with both, or after a power cut, waits for them.
    """
    wait = RETRY_SECONDS[0]
    while True:
        try:
            return Work(settings, installed)
        except (LogUnavailableError, StoreUnavailableError) as error:
            if wait == RETRY_SECONDS[0]:
                logger.warning("the worker waits for its log and its store: %s", error)
            time.sleep(wait)
            wait = min(2 * wait, RETRY_SECONDS[1])


def slice_of(contract: Contract, fetched: Fetched) -> Slice:
    """Put fetched records into columns."""
    span = (fetched.first, fetched.following)
    return wire.slice_of(contract, fetched.partition, span, fetched.records())
