"""Together: slices of one topic's partitions that wait are applied in one transaction.

A small transaction takes nearly as long as one of all partitions. After one they come back one by
one: were the first applied alone, all others would wait for it, and come late again and again.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from hub.log.slices import Slice
from hub.worker.transport import BatchApp
from hub.worker.work import Work

APPLYING_MAX = 2  # transactions at a time, of all topics: while one is written, one is folded
EVENTS_PER_TRANSACTION_MAX = 60_000
TRANSACTIONS_PER_TOPIC_MAX = 2  # while one waits for the database, another is folded
GATHER_SECONDS = (0.005, 0.020)  # wait so long for others, and for those on their way at most
BULK_EVENTS = 5_000  # with as many waiting, what is on its way is worth so long a wait
GATHER_BULK_SECONDS = 0.1


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
