"""Faust as the runtime of stream jobs that take whole batches and keep their positions in SQL.

Faust hands records over one by one, and keeps what was done as offsets committed to the broker:
gaps in the offsets stall that, and a failed or unfinished event can be committed. Here each fetch
of a partition reaches the agent as one `Fetched`, nothing is ever committed to the broker, and a
partition is read from where `BatchApp.positions` says, each time it is assigned.

The agent gets at most one `Fetched` of a partition at a time: the next is handed over after the
agent asked for another. So after `BatchApp.rewind` nothing older of that partition arrives. What
comes meanwhile, where it is little, is put together, so that the next holds all of it.
"""

import asyncio
import contextlib
import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

import aiokafka  # type: ignore[import-untyped]
import faust
from aiokafka.consumer.fetcher import (  # type: ignore[import-untyped]
    Fetcher,
    FetchError,
    FetchResult,
)
from aiokafka.coordinator.assignors.roundrobin import (  # type: ignore[import-untyped]
    RoundRobinPartitionAssignor,
)
from aiokafka.errors import (  # type: ignore[import-untyped]
    ConsumerStoppedError,
    KafkaConnectionError,
    OffsetOutOfRangeError,
)
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, EventT, Message, StreamT, TopicT
from faust.types.transports import TPorTopicSet
from faust.types.tuples import ConsumerMessage
from mode import CrashingSupervisor, ServiceT

from hub.kafka.credentials import IN_CLEAR, Credentials
from hub.kafka.reader import renew
from hub.worker.fetched import Fetched
from hub.worker.fetching import RETRY_MS, Membership, forget, keep_batches_whole, pace, take

FETCH_BYTES_MAX = 16 << 20  # of one answer of the broker
PARTITION_BYTES_MAX = 1 << 20  # of one partition in it, some 20,000 events; its first batch always
FETCH_WAIT_MS = 50  # a partition that becomes free waits this long at most for the fetch under way
STOP_SECONDS_MAX = 2.0
TAKE_SECONDS = 1.0  # how often errors of the group are looked for while nothing arrives
TAKE_RECORDS = 10_000  # as many are handed over at a time, so the first do not wait for the last
# Of a partition in hand the fetcher holds one answer, and asks for no more: what came first would
# be all of the next `Fetched`, and the rest wait for the one after. So it is taken over, if little.
AHEAD_RECORDS_MAX = 1_000


class PositionError(RuntimeError):
    """A partition cannot be read from where it should; the message says which and why."""


class _Taken(NamedTuple):
    """A `Fetched` on its way to the agent; void when `placement` is no longer the current one."""

    placement: int
    tp: TP
    fetched: Fetched


class Thread(driver.AIOKafkaConsumerThread):
    """aiokafka's consumer, on a loop of its own: heartbeats go on while batches are applied.

    What begins with `_` is touched in that loop only.
    """

    app: "BatchApp"
    consumer: "Consumer"
    placement: int = 0  # counts; what was handed over under an earlier one is void

    def __post_init__(self) -> None:
        super().__post_init__()
        self._placed: set[TP] = set()
        self._undone: dict[TP, Fetched] = {}
        self._ahead: dict[TP, Fetched] = {}
        self._waiter: asyncio.Future[None] | None = None
        self._membership = Membership()

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        conf = self.app.conf
        consumer = aiokafka.AIOKafkaConsumer(
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            check_crcs=True,
            fetch_max_bytes=FETCH_BYTES_MAX,
            max_partition_fetch_bytes=PARTITION_BYTES_MAX,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            retry_backoff_ms=RETRY_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            **self.app.credentials.for_python(),
        )
        pace(consumer._client)
        renew(consumer._client, self.app.credentials)
        return consumer

    async def on_start(self) -> None:
        """Open the consumer once a broker answers: it may go away while a worker starts."""
        while not self.should_stop:
            with contextlib.suppress(KafkaConnectionError):  # of which aiokafka has told the log
                await super().on_start()
                return
            await self._ensure_consumer()._client.close()
            await asyncio.sleep(RETRY_MS / 1000)

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Join the group for these topics; `LookupError` if the broker has not all of them."""
        client = self._ensure_consumer()._client
        cluster = await self.call_thread(client.fetch_all_metadata)
        if absent := set(topics) - cluster.topics():
            raise LookupError(f"the broker has no topic {', '.join(sorted(absent))}")
        await super().subscribe(topics)

    def close(self) -> None:
        """Nothing: Faust would close the consumer on a loop that is not its own."""

    async def on_thread_stop(self) -> None:
        """Leave the group and close, in a bounded time even if the broker is away or rebalances."""
        # aiokafka lets the cancellation of a fetch that waits to be tried again escape
        with contextlib.suppress(asyncio.CancelledError, TimeoutError):
            await asyncio.wait_for(super().on_thread_stop(), STOP_SECONDS_MAX)
        if self._consumer is not None:
            await self._consumer._client.close()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Hand over nothing more of them."""
        self._void()
        self._membership.before_joining(self._ensure_consumer()._coordinator)
        await super().on_partitions_revoked(revoked)

    def _void(self) -> None:
        self.placement += 1
        self._placed.clear()
        self._undone.clear()
        self._ahead.clear()

    async def displace(self) -> tuple[int, set[TP]]:
        """Void what was handed over; the new placement and the partitions to place."""
        self._void()
        self._membership.joined(self._ensure_consumer()._coordinator)
        return self.placement, self.assignment()

    async def place(self, placement: int, positions: Mapping[TP, int]) -> None:
        """Let partitions be read from there, unless they were voided since."""
        if placement != self.placement:
            return
        fetcher: Fetcher = self._ensure_consumer()._fetcher
        # What came of one partition and waits keeps no other from being fetched.
        fetcher._prefetch_backoff = 0
        for tp, position in positions.items():
            fetcher.seek_to(tp, position)
            self._placed.add(tp)
        gc.collect()  # what was fetched before and not taken; it is in cycles, see `forget`

    async def rewind(self, tp: TP, position: int) -> bool:
        """Read a partition from there next; `False` if it is not, or not yet, placed here."""
        if tp not in self._placed:
            return False
        fetcher: Fetcher = self._ensure_consumer()._fetcher
        forget(fetcher, tp)
        self._ahead.pop(tp, None)
        fetcher.seek_to(tp, position)
        return True

    def release(self, tp: TP, fetched: Fetched) -> None:
        """The agent is done with it (called from any thread)."""
        with contextlib.suppress(RuntimeError):  # the loop is closed at the end of the worker
            self.thread_loop.call_soon_threadsafe(self._release, tp, fetched)

    def wake(self) -> None:
        """Look again for what can be handed over (called from any thread)."""
        with contextlib.suppress(RuntimeError):  # as above
            self.thread_loop.call_soon_threadsafe(self._wake)

    def _release(self, tp: TP, fetched: Fetched) -> None:
        if self._undone.get(tp) is fetched:
            del self._undone[tp]
            self._mark_alive()
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _mark_alive(self) -> None:
        with self._ensure_consumer()._fetcher._subscriptions.fetch_context():
            pass  # aiokafka leaves the group when this was not done for `max_poll_interval`

    async def take(self) -> list[_Taken]:
        """What can be handed over now; waits `TAKE_SECONDS` for something.

        Raises what stops the worker: `PositionError`, `KafkaError` of the fetcher or the group.
        """
        consumer = self._ensure_consumer()
        fetcher: Fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        consumer._coordinator.check_errors()
        if fetcher.error_future.done():
            fetcher.error_future.result()
        try:
            deadline = self.thread_loop.time() + TAKE_SECONDS
            while not (taken := list(self._pick(fetcher))):
                self._waiter = fetcher._create_fetch_waiter()
                await asyncio.wait([self._waiter], timeout=deadline - self.thread_loop.time())
                if not self._waiter.done():
                    self._waiter.cancel()
                    break
                self._waiter.result()
        except OffsetOutOfRangeError as error:
            ((tp, position),) = error.args[0].items()
            begin = (await consumer.beginning_offsets([tp]))[tp]
            end = (await consumer.end_offsets([tp]))[tp]
            raise PositionError(
                f"{tp.topic}[{tp.partition}] cannot be read from {position}: "
                f"the broker has only {begin} to {end}; run `hub rebuild`, which applies what was"
                " before them from the archive (HUB_ARCHIVE_DIR)"
            ) from error
        if taken or not (self._undone or self.consumer.in_hand):
            self._mark_alive()
        return taken

    def _pick(self, fetcher: Fetcher) -> Iterator[_Taken]:
        undone = sum(f.count for f in self._undone.values() if f.batches)
        ahead = sum(f.count for f in self._ahead.values())
        picked = 0
        for tp in dict.fromkeys((*fetcher._records, *self._ahead)):
            if undone >= self.app.records_undone_max or picked >= TAKE_RECORDS:
                return
            if tp not in self._placed:
                continue
            is_free = tp not in self._undone
            if not is_free and undone + ahead >= AHEAD_RECORDS_MAX:
                continue
            before = self._ahead.get(tp)
            result = fetcher._records.get(tp)
            if isinstance(result, FetchError):
                if picked:
                    return  # what was picked first; the error is still there the next time
                if is_free and before is None:
                    result.check_raise()
            elif result is not None:
                most = self.app.records_max if is_free else AHEAD_RECORDS_MAX
                self._take_over(fetcher, tp, result, most - (before.count if before else 0))
            fetched = self._ahead.get(tp)
            ahead += (fetched.count if fetched else 0) - (before.count if before else 0)
            if fetched is not None and is_free:
                self._undone[tp] = self._ahead.pop(tp)
                ahead -= fetched.count
                undone += fetched.count
                picked += max(fetched.count, 1)
                yield _Taken(self.placement, tp, fetched)

    def _take_over(self, fetcher: Fetcher, tp: TP, result: FetchResult, records_max: int) -> None:
        """Put what was fetched of a partition behind what is ahead of it, up to so many records."""
        if records_max <= 0:
            return
        later = take(fetcher, tp, result, records_max)
        if later is not None:
            before = self._ahead.get(tp)
            self._ahead[tp] = before.and_then(later) if before else later


class _InHand(faust.Sensor):
    """Tells the consumer when the agent takes a batch in hand, and when it asks for the next."""

    def __init__(self, consumer: "Consumer") -> None:
        super().__init__()
        self.consumer = consumer

    def on_stream_event_in(
        self, tp: TP, offset: int, stream: StreamT[Any], event: EventT[Any]
    ) -> None:
        """The agent gets it now."""
        if isinstance(event.value, Fetched):
            self.consumer.on_in_hand(tp, event.value)

    def on_stream_event_out(
        self,
        tp: TP,
        offset: int,
        stream: StreamT[Any],
        event: EventT[Any],
        state: dict[str, Any] | None = None,
    ) -> None:
        """The agent is done with it."""
        if isinstance(event.value, Fetched):
            self.consumer.on_done(tp, event.value)


class Consumer(driver.Consumer):
    """Faust's consumer: hands over batches, places partitions, and commits nothing."""

    app: "BatchApp"
    _thread: Thread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.in_hand: dict[TP, Fetched] = {}
        self._to_place: dict[TP, int] = {}
        self._nothing_in_hand = asyncio.Event()
        self._nothing_in_hand.set()
        self.app.sensors.add(_InHand(self))

    def _new_consumer_thread(self) -> Thread:
        return Thread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                for taken in await self._thread.call_thread(self._thread.take):
                    if taken.placement == self._thread.placement:
                        await self.callback(self._message(taken))
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    def _message(self, taken: _Taken) -> Message:
        self.app.monitor.track_tp_end_offset(taken.tp, taken.fetched.end)
        return ConsumerMessage(
            *taken.tp,
            offset=taken.fetched.first,
            timestamp=cast(float, None),
            timestamp_type=0,
            headers=None,
            key=None,
            value=cast(bytes, taken.fetched),
            checksum=None,
            tp=taken.tp,
            generation_id=self.app.consumer_generation_id,
        )

    def on_in_hand(self, tp: TP, fetched: Fetched) -> None:
        """The agent got it."""
        self.in_hand[tp] = fetched
        self._nothing_in_hand.clear()

    def on_done(self, tp: TP, fetched: Fetched) -> None:
        """The agent asked for another, or failed: the partition may be handed over again."""
        if self.in_hand.get(tp) is fetched:
            del self.in_hand[tp]
        if not self.in_hand:
            self._nothing_in_hand.set()
        self._thread.release(tp, fetched)
        if (placement := self._to_place.pop(tp, None)) is not None:
            self.add_future(self._place(placement, {tp}))

    async def perform_seek(self) -> None:
        """Nothing: Faust would seek what was committed."""

    def resume_flow(self) -> None:
        """Place what is assigned; Faust calls it at the end of a rebalance, its queues empty."""
        super().resume_flow()
        self.add_future(self._place_assigned())

    async def _place_assigned(self) -> None:
        placement, tps = await self._thread.call_thread(self._thread.displace)
        # the position of what is still being applied here may move yet
        self._to_place = dict.fromkeys(tps & self.in_hand.keys(), placement)
        await self._place(placement, tps - self.in_hand.keys())

    async def _place(self, placement: int, tps: Collection[TP]) -> None:
        if not tps:
            return
        positions = await self.loop.run_in_executor(None, self.app.positions, tps)
        for tp in tps:
            if positions.get(tp, -1) < 0:
                raise PositionError(f"{tp.topic}[{tp.partition}] was given no position")
        at = {tp: positions[tp] for tp in tps}
        await self._thread.call_thread(self._thread.place, placement, at)

    async def rewind(self, tp: TP, position: int) -> bool:
        """As `BatchApp.rewind`."""
        return cast(bool, await self._thread.call_thread(self._thread.rewind, tp, position))

    async def wait_empty(self) -> None:
        """Wait a bounded time for what the agents have in hand.

        What is not done by then is done again by who reads it next, from the position in SQL.
        """
        limit = self.app.stop_seconds_max if self.app.should_stop else self.app.revoke_seconds_max
        ends = [
            asyncio.ensure_future(self._nothing_in_hand.wait()),
            asyncio.ensure_future(self.app._crashed.wait()),  # an agent that failed never ends
        ]
        await asyncio.wait(ends, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()

    async def commit(
        self, topics: TPorTopicSet | None = None, start_new_transaction: bool = True
    ) -> bool:
        """Commit nothing."""
        return False

    async def verify_all_partitions_active(self) -> None:
        """Nothing: Faust would look for commits."""


class Silent(driver.Producer):
    """Produces nothing, and opens no connection for it: the hub's publisher has its own."""

    async def on_start(self) -> None:
        """Nothing to open, nor to close."""

    on_stop = on_start


class Transport(driver.Transport):
    """Faust's transport with this consumer; an entry point makes it known as `lgsp://host:port`."""

    Consumer = Consumer
    Producer = Silent


class _Whole(faust.Schema[None, Fetched]):
    """Leaves the `Fetched` as it is."""

    def loads_key(self, app: Any, message: Message, **_: Any) -> None:
        """No key: a batch has many."""

    def loads_value(self, app: Any, message: Message, **_: Any) -> Fetched:
        """The value, as it is."""
        return cast(Fetched, message.value)


class BatchApp(faust.App):
    """A Faust app whose agents over `batches(...)` get `Fetched`.

    `positions`: blocking; where each of the partitions is to be read from. What it raises stops
    the worker, as does what an agent raises; the worker then ends with a status that is not 0.
    """

    records_max = 20_000  # of a `Fetched`, and up to one wire batch more
    records_undone_max = 30_000  # with as many in hand and waiting, no further `Fetched` is made
    revoke_seconds_max = 5.0  # a rebalance waits this long for what is in hand
    stop_seconds_max = 20.0  # and the end so long

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        positions: Callable[[Collection[TP]], Mapping[TP, int]],
        credentials: Credentials = IN_CLEAR,
        **settings: Any,
    ) -> None:
        keep_batches_whole()
        self.positions = positions
        self.credentials = credentials
        defaults: dict[str, Any] = {
            "agent_supervisor": CrashingSupervisor,  # others skip the event that failed
            "broker_session_timeout": 10.0,
            "broker_heartbeat_interval": 1.0,  # also how late a worker learns of a rebalance
            "broker_rebalance_timeout": 20.0,
            "broker_request_timeout": 30.0,
            "broker_max_poll_interval": 300.0,  # a batch in hand longer loses its partitions
            "topic_allow_declare": False,
            "topic_disable_leader": True,
            "stream_wait_empty": True,
        }
        super().__init__(id, **(defaults | settings))

    def batches(self, *topics: str) -> TopicT:
        """What an agent reads these topics as; one agent for a topic."""
        return self.topic(*topics, schema=_Whole(), acks=False)

    def in_hand(self, topic: str) -> int:
        """Count the partitions of a topic of which the agents have something in hand."""
        return sum(tp.topic == topic for tp in cast(Consumer, self.consumer).in_hand)

    def unpacked(self, fetched: Fetched) -> None:
        """Let go of the bytes of what was read: others may be handed over in its place."""
        fetched.batches.clear()
        cast(Consumer, self.consumer)._thread.wake()

    async def rewind(self, topic: str, partition: int, position: int) -> bool:
        """Have a partition read from there next, whatever was fetched already.

        `False` if it is not assigned here, or about to be placed by `positions` anyway.
        """
        return await cast(Consumer, self.consumer).rewind(TP(topic, partition), position)
