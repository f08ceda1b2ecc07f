"""The Faust application: one agent per topic applies whole batches to the store.

Faust is the runtime: group membership, agents, web, metrics, signals. Positions are in SQL, moved
by compare-and-swap in the transaction that applies a batch; no table, window or commit of Faust's
holds anything. A batch is applied off the event loop. What is wrong with the data is quarantined;
any other error stops the worker, which then ends with a status that is not 0.

Run it as `hub work`, or as people know it: `faust -A stream_jobs.app worker`.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar

import faust
from faust.types import TP, StreamT
from faust.web import Request, Response, View

from hub import registry
from hub.apply.applier import Applier
from hub.clock import system_clock
from hub.definitions.contract import Contract
from hub.kafka import wire
from hub.log.log import LogUnavailableError, TopicsError
from hub.log.slices import Slice
from hub.opening import open_kafka_log
from hub.operating import metrics
from hub.operating.logs import log_as_json
from hub.settings import Settings, read_settings
from hub.store.store import FencedError, Store, StoreUnavailableError
from hub.worker.publisher import Publisher
from hub.worker.transport import BatchApp, Fetched

T = TypeVar("T")
log = logging.getLogger(__name__)
GROUP = "lgsp-hub"
RETRY_SECONDS = (0.2, 5.0)  # the first wait and the longest, while the database is away
PROBE_SECONDS = 5.0
PUBLISH_SECONDS_MIN = 1.0
PUBLISH_SECONDS_MAX = 60.0
APPLYING_MAX = 2  # transactions at a time, of all topics: while one is written, one is folded
EVENTS_PER_TRANSACTION_MAX = 60_000
TRANSACTIONS_PER_TOPIC_MAX = 2  # while one waits for the database, another is folded
# A small transaction takes nearly as long as one of all partitions. After one they come back one by
# one: were the first applied alone, all others would wait for it, and come late again and again.
GATHER_SECONDS = (0.005, 0.020)  # wait so long for others, and for those on their way at most
BULK_EVENTS = 5_000  # with as many waiting, what is on its way is worth so long a wait
GATHER_BULK_SECONDS = 0.1
PARTITIONS_AT_ONCE_MAX = 12


class Work:
    """What a worker does with batches: applies them, or says where to go on."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.database_url, registry.facts())
        self.log = open_kafka_log(settings, self.store)
        self.store.check_definitions()
        self.contracts = {c.topic: c for c in registry.applied().values()}
        self._identities = {t: self.log.identity(t) for t in self.contracts}
        self._applier = Applier(
            self.store, self._identities.__getitem__, system_clock, has_listeners=True
        )
        self.publisher = Publisher(self.store, self.log, system_clock)
        self.stopping = threading.Event()
        # Faust wants a folder; nothing of the hub's is in it.
        self.folder = TemporaryDirectory(prefix="lgsp-work-", ignore_cleanup_errors=True)
        # When each partition's position last moved, or had nothing to move to.
        self._moved: dict[TP, tuple[int, float]] = {}

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
            waiting = list(left.values())
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
                    log.info("fenced: %s/%d is at %d, not at %d", *tp, position, left[tp].first)
                    del left[tp]
                fenced |= moved
            else:
                metrics.EVENTS_APPLIED.labels(contract.topic).inc(sum(s.count for s in waiting))
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
                    log.warning("the database is away: %s", error)
                if self.stopping.wait(wait):
                    raise
                wait = min(2 * wait, RETRY_SECONDS[1])
            else:
                if wait != RETRY_SECONDS[0]:
                    log.info("the database is back")
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
                log.warning("figures cannot be published: %s", error)
            self.stopping.wait(PROBE_SECONDS)

    def check_logs(self) -> None:
        """Look every few seconds whether topics are still the ones that positions speak of.

        Raises `TopicsError` where one was deleted and made again: its offsets mean other records.
        """
        while not self.stopping.wait(PROBE_SECONDS):
            for topic, identity in self._identities.items():
                try:
                    self.log.ends(topic)
                except LogUnavailableError:
                    break
                if self.log.identity(topic) != identity:
                    raise TopicsError(f"{topic} was deleted and made again; start anew")

    def stalled(self, tps: Collection[TP]) -> list[TP]:
        """Name assigned partitions that have something to apply and do not move.

        Where Kafka or the database cannot be asked nothing is known, and nothing named.
        """
        try:
            positions = self._positions(tps)
            ends = {t: self.log.ends(t) for t in {tp.topic for tp in tps}}
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
        self.folder.cleanup()
        self.log.close()
        self.store.close()


def slice_of(contract: Contract, fetched: Fetched) -> Slice:
    """Put fetched records into columns."""
    span = (fetched.first, fetched.following)
    return wire.slice_of(contract, fetched.partition, span, fetched.records())


class Worker(faust.Worker):
    """Faust's worker with the hub's logs.

    Without its spinner, which would have every library write debug records.
    """

    def _setup_logging(self) -> None:
        log_as_json()
        self.spinner = None


def create_app(settings: Settings) -> BatchApp:
    """Make the application; the work begins when its worker starts."""
    work = Work(settings)
    app = BatchApp(
        GROUP,
        positions=work.positions,
        broker=[f"lgsp://{b}" for b in settings.kafka_bootstrap.split(",")],
        datadir=Path(work.folder.name),
        broker_session_timeout=settings.session_seconds,
        web_host=settings.host,
        web_bind=settings.host,
        web_port=settings.port,
        worker_redirect_stdouts=False,
        Worker=Worker,
    )
    pools = Pools(
        ThreadPoolExecutor(1, thread_name_prefix="read"),
        ThreadPoolExecutor(APPLYING_MAX, thread_name_prefix="apply"),
    )
    for topic in work.contracts:
        _add_agent(app, work, pools, topic)
    _add_pages(app, work)

    @app.task  # type: ignore[untyped-decorator]
    async def publish() -> None:
        await asyncio.get_running_loop().run_in_executor(None, work.publish)

    @app.task  # type: ignore[untyped-decorator]
    async def check_logs() -> None:
        await asyncio.get_running_loop().run_in_executor(None, work.check_logs)

    @app.on_before_shutdown.connect
    async def stop(*_: object, **__: object) -> None:
        work.stopping.set()

    return app


class Pools(NamedTuple):
    """Threads beside the event loop: what is read waits for no transaction."""

    reading: ThreadPoolExecutor
    applying: ThreadPoolExecutor


class Together:
    """Applies what waits of one topic together, so that a transaction serves many partitions."""

    def __init__(self, app: BatchApp, work: Work, pool: ThreadPoolExecutor, topic: str) -> None:
        self._app = app
        self._work = work
        self._pool = pool
        self._topic = topic
        self._waiting: list[tuple[Slice, asyncio.Future[int | None]]] = []
        self._applying: set[asyncio.Task[None]] = set()
        self._applied_slices = 0
        self._gathering_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def apply(self, one: Slice) -> int | None:
        """Apply a slice with what else waits; where it was fenced, give where to go on from."""
        done: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        self._begin()
        return await done

    def _begin(self) -> None:
        while self._waiting and len(self._applying) < TRANSACTIONS_PER_TOPIC_MAX:
            waiting = sum(one.count for one, _ in self._waiting)
            if self._applying and waiting < EVENTS_PER_TRANSACTION_MAX // 2:
                return  # the next transaction is the better for every event that it waits for
            if waiting < EVENTS_PER_TRANSACTION_MAX and not self._is_gathered(waiting):
                return
            self._gathering_since = None
            taken, total = [], 0
            while self._waiting and total < EVENTS_PER_TRANSACTION_MAX:
                taken.append(self._waiting.pop(0))
                total += taken[-1][0].count
            self._applied_slices += len(taken)
            self._applying.add(asyncio.create_task(self._apply(taken)))

    def _is_gathered(self, waiting: int) -> bool:
        """Tell whether to wait for no others; else this is asked again in a moment."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._gathering_since is None:
            self._gathering_since = now
        spent = now - self._gathering_since
        least, most = (0, GATHER_BULK_SECONDS) if waiting >= BULK_EVENTS else GATHER_SECONDS
        # What an agent has in hand, and neither waits here nor is applied, is being read.
        known = len(self._waiting) + self._applied_slices
        is_whole = self._app.in_hand(self._topic) <= known
        if spent >= most or (spent >= least and is_whole):
            return True
        if self._timer is None:
            self._timer = loop.call_later(GATHER_SECONDS[0], self._look_again)
        return False

    def _look_again(self) -> None:
        self._timer = None
        self._begin()

    async def _apply(self, taken: list[tuple[Slice, asyncio.Future[int | None]]]) -> None:
        loop = asyncio.get_running_loop()
        slices = [one for one, _ in taken]
        try:
            # A shard of its own: no other worker has the lowest of this one's partitions.
            held = self._app.consumer.assignment()
            mine = [tp.partition for tp in held if tp.topic == self._topic]
            shard = min(mine, default=slices[0].partition)
            positions = await loop.run_in_executor(self._pool, self._work.apply, slices, shard)
        except Exception as error:
            # Each agent that waits raises it, and the first of them stops the worker.
            for _, done in taken:
                if not done.done():
                    done.set_exception(error)
        else:
            for (_, done), position in zip(taken, positions, strict=True):
                if not done.done():
                    done.set_result(position)
        this = asyncio.current_task()
        assert this is not None
        self._applying.discard(this)
        self._applied_slices -= len(taken)
        self._begin()


def _add_agent(app: BatchApp, work: Work, pools: Pools, topic: str) -> None:
    together = Together(app, work, pools.applying, topic)
    contract = work.contracts[topic]

    @app.agent(app.batches(topic), name=f"apply {topic}", concurrency=PARTITIONS_AT_ONCE_MAX)
    async def apply(stream: StreamT[Fetched]) -> None:
        loop = asyncio.get_running_loop()
        async for fetched in stream:
            one = await loop.run_in_executor(pools.reading, slice_of, contract, fetched)
            app.unpacked(fetched)
            position = await together.apply(one)
            if position is not None:
                await app.rewind(fetched.topic, fetched.partition, position)


def _add_pages(app: BatchApp, work: Work) -> None:
    @app.page("/healthz")
    async def healthz(self: View, request: Request) -> Response:
        """Say whether positions move; Kafka being away is no reason to be restarted."""
        tps = [tp for tp in app.consumer.assignment() if tp.topic in work.contracts]
        stalled = await asyncio.to_thread(work.stalled, tps)
        named = [f"{tp.topic}/{tp.partition}" for tp in stalled]
        status = 503 if stalled else 200
        return self.json({"partitions": len(tps), "stalled": named}, status=status)

    @app.page("/metrics")
    async def show_metrics(self: View, request: Request) -> Response:
        """Give the metrics in Prometheus' text format."""
        text, content_type = metrics.rendered()
        # As a header: the argument takes no charset.
        return self.bytes(text, headers={"Content-Type": content_type})


def run(settings: Settings) -> None:
    """Run a worker until it is told to stop; ends the process."""
    app = create_app(settings)
    app.Worker().execute_from_commandline()


def __getattr__(name: str) -> faust.App:
    """Make the application when Faust's command asks for it, from the environment."""
    if name != "app":
        raise AttributeError(name)
    return create_app(read_settings())
