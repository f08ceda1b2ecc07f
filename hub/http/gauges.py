"""Gauges of what log and store hold, read when a server is scraped, a few seconds old at most."""

import json
import logging
import threading
import time
from datetime import datetime
from itertools import product

from hub.alerts.course import count_open, courses
from hub.archive.log import ArchivedLog
from hub.archive.manifest import ArchiveError
from hub.clock import to_us
from hub.connecting.connection import STATES, heartbeat_name
from hub.figures.silence import silences
from hub.figures.terms import RECEIVED
from hub.log.log import LogUnavailableError
from hub.opening import OpenHub
from hub.operating import metrics
from hub.proof.verify import SAMPLE_STATEMENT, STATEMENT
from hub.repair import items as rejections
from hub.store import deliveries, exchanges
from hub.store.troubles import StoreUnavailableError

log = logging.getLogger(__name__)
FRESH_SECONDS = 5.0
# Counting what was ever acknowledged reads every receipt.
REMAINDER_SECONDS = 60.0
UNTOLD_MAX = 1000  # whose ages are followed
_CLEARED = (
    metrics.LAG_EVENTS,
    metrics.LEDGER_EVENTS,
    metrics.SOURCE_SILENT,
    metrics.SOURCE_SILENCE_MAX,
    metrics.SOURCE_LAG,
    metrics.ARCHIVED,
    metrics.QUARANTINE_OPEN,
    metrics.ALERTS_OPEN,
    metrics.DELIVERIES,
    metrics.DELIVERY_OVERDUE,
)

# Who cannot be asked, by what says so.
_PARTS = {"log": LogUnavailableError, "store": StoreUnavailableError}


class Gauges:
    """Keeps the gauges of one hub."""

    def __init__(self, hub: OpenHub) -> None:
        self._hub = hub
        self._lock = threading.Lock()
        self._read_at = self._counted_at = -1e9
        # What waits to be told, and since when that is known.
        self._untold: dict[str, float] = {}

    def refresh(self) -> None:
        """Read what is not fresh; where log or store cannot be asked, nothing is claimed."""
        with self._lock:
            now = time.monotonic()
            if now - self._read_at < FRESH_SECONDS:
                return
            self._read_at = now
            for gauge in _CLEARED:
                gauge.clear()  # not known is neither zero nor what it last was
            away: BaseException | None = None
            try:
                is_due = now - self._counted_at >= REMAINDER_SECONDS
                self._read(count=is_due)
                if is_due:
                    self._counted_at = now
            except (LogUnavailableError, StoreUnavailableError, ArchiveError) as error:
                log.warning("the gauges cannot be read: %s", error)
                # Receipts of the log are in the store: what says that it is the log may be that.
                is_store = isinstance(error.__cause__, StoreUnavailableError)
                away = error.__cause__ if is_store else error
            for part, trouble in _PARTS.items():
                metrics.AWAY.labels(part).set(isinstance(away, trouble))

    def _read(self, *, count: bool) -> None:
        hub = self._hub
        applied_topics = [c.topic for c in hub.installed.definitions.applied.values()]
        topics = {t: hub.log.identity(t) for t in applied_topics}
        # In this order, and positions as of the ledger: what is acknowledged or applied meanwhile
        # can only make the remainder smaller.
        acknowledged = hub.log.acknowledged() if count else {}
        with hub.store.reading() as reading:
            applied = {t: sum(reading.positions(i, t).values()) for t, i in topics.items()}
            ledger = reading.rows(
                "SELECT contract, class, sender, SUM(count) FROM ledger GROUP BY 1, 2, 3"
            )
            horizons = reading.rows("SELECT sender, MAX(horizon) FROM heard GROUP BY 1")
            rejected = rejections.waiting(reading)
            repaired, seconds = rejections.time_to_fix(reading)
            waiting = reading.rows(
                "SELECT (SELECT COUNT(*) FROM notice)"
                " + (SELECT COUNT(*) FROM figure WHERE is_published = 0)"
            )
            courses_now = courses(reading.alert_events())
            delivered = deliveries.counted(reading.connection)
            exchanged = exchanges.counted(reading.connection)
            untold = reading.rows(
                "SELECT * FROM (SELECT event_id FROM notice ORDER BY event_id LIMIT :n) AS notices"
                " UNION ALL SELECT * FROM (SELECT key || ' ' || revision FROM figure"
                " WHERE is_published = 0"
                " ORDER BY key LIMIT :n) AS figures",
                n=UNTOLD_MAX,
            )
        ends = hub.log.ends_of(applied)
        lag = {t: sum(ends[t].values()) - at for t, at in applied.items()}
        for topic, events in lag.items():
            metrics.LAG_EVENTS.labels(topic).set(events)
        # Every class of every contract is there from the first scrape on, so that the first burst
        # of one is a growth and not a beginning.
        contracts = [c.name for c in hub.installed.definitions.contracts.values()]
        counted: dict[tuple[str, str], int] = {}
        known: dict[str, int] = {}
        for contract, name, sender, events in ledger:
            counted[contract, name] = counted.get((contract, name), 0) + int(events)
            known[sender] = known.get(sender, 0) + int(events)
        for key in dict.fromkeys([*product(contracts, RECEIVED), *counted]):
            metrics.LEDGER_EVENTS.labels(*key).set(counted.get(key, 0))
        if count:
            # By sender: who produces to topics past the gateway has events and no receipts, and
            # those must not stand for what another one is missing.
            missing = sum(max(0, n - known.get(sender, 0)) for sender, n in acknowledged.items())
            metrics.LEDGER_REMAINDER.set(max(0, missing - sum(lag.values())))
        for contract, sender, items in rejected:
            metrics.QUARANTINE_OPEN.labels(contract, sender).set(items)
        metrics.REPAIRED.set(repaired)
        metrics.REPAIR_SECONDS.set(seconds)
        metrics.UNPUBLISHED.set(int(waiting[0][0]))
        now = time.monotonic()
        self._untold = {name: self._untold.get(name, now) for (name,) in untold}
        metrics.UNPUBLISHED_SECONDS.set(now - min(self._untold.values(), default=now))
        for (level, state), alerts in count_open(courses_now).items():
            metrics.ALERTS_OPEN.labels(level, state).set(alerts)
        self._read_deliveries(delivered)
        _read_exchanges(exchanged)
        self._read_sources({sender: int(horizon) for sender, horizon in horizons})
        self._read_statement()
        self._read_archive(list(lag))

    def _read_deliveries(self, counted: list[tuple[str, str, int, int, int]]) -> None:
        now = to_us(self._hub.clock())
        for outlet, state, number, due_at, _ in counted:
            if not outlet:  # nobody was to be told
                continue
            metrics.DELIVERIES.labels(outlet, state).set(number)
            if state == deliveries.WAITING:
                metrics.DELIVERY_OVERDUE.labels(outlet).set(max(0, now - due_at) / 1e6)

    def _read_sources(self, horizons: dict[str, int]) -> None:
        now = to_us(self._hub.clock())
        with self._hub.store.reading() as reading:
            book = self._hub.book(reading)
            silent = silences(book, now)
            senders = dict.fromkeys(s.name for s in book.sources.values() if s.name)
        for label, silence in silent.items():
            metrics.SOURCE_SILENCE_MAX.labels(label).set(silence.source.silence_seconds_max)
            if silence.silent_us is not None:
                metrics.SOURCE_SILENT.labels(label).set(silence.silent_us / 1e6)
        beats = self._hub.log.checkpoints([heartbeat_name(n) for n in senders])
        for name in senders:
            if name in horizons:
                metrics.SOURCE_LAG.labels(name).set(max(0, now - horizons[name]) / 1e6)
            beat = beats.get(heartbeat_name(name))
            if beat is not None:
                heartbeat = json.loads(beat)
                told_at = datetime.fromisoformat(heartbeat["at"]).timestamp()
                metrics.CONNECTOR_HEARTBEAT.labels(name).set(told_at)
                for state in STATES:
                    metrics.CONNECTOR_STATE.labels(name, state).set(state == heartbeat["state"])

    def _read_archive(self, topics: list[str]) -> None:
        if isinstance(self._hub.log, ArchivedLog):
            for topic, following in self._hub.log.archived(topics).items():
                metrics.ARCHIVED.labels(topic).set(following)

    def _read_statement(self) -> None:
        said = self._hub.log.checkpoints([STATEMENT, SAMPLE_STATEMENT])
        statements = {name: json.loads(text) for name, text in said.items()}
        if statements:
            metrics.VERIFY_DIFFERENCES.set(sum(s["differences"] for s in statements.values()))
        for name, gauge in (
            (STATEMENT, metrics.VERIFY_AT),
            (SAMPLE_STATEMENT, metrics.VERIFY_SAMPLE_AT),
        ):
            if name in statements:
                gauge.set(datetime.fromisoformat(statements[name]["at"]).timestamp())


def _read_exchanges(counted: list[tuple[str, str, int]]) -> None:
    """Set how many messages of each source stand how; states that none is in any more are 0."""
    for source in {source for source, _, _ in counted}:
        for state in exchanges.STATES:
            metrics.EXCHANGES.labels(source, state).set(0)
    for source, state, number in counted:
        metrics.EXCHANGES.labels(source, state).set(number)
