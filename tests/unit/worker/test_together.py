"""Slices of one topic are applied together: what waits, and what is on its way."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from faust.types import TP

from hub.log.slices import Slice
from hub.worker.together import BULK_EVENTS, EVENTS_PER_TRANSACTION_MAX, Together

TOPIC = "lgsp.reading.v1"
HALF = EVENTS_PER_TRANSACTION_MAX // 2


def slice_of(partition: int, count: int) -> Slice:
    zeros = np.zeros(count, np.int64)
    return Slice(TOPIC, partition, 0, count, zeros, zeros, [], zeros, b"", zeros)


class Worker:
    """What `Together` asks of its application and has done, transaction by transaction."""

    def __init__(self) -> None:
        self.on_its_way = 0  # partitions that agents have in hand and that do not wait yet
        self.handed = 0
        self.applied: list[list[int]] = []
        self.may_end = threading.Event()
        self.may_end.set()
        self.error: Exception | None = None
        assignment = {TP(TOPIC, p) for p in range(12)}
        self.consumer = SimpleNamespace(assignment=lambda: assignment)

    def in_hand(self, topic: str) -> int:
        assert topic == TOPIC
        return self.handed + self.on_its_way

    def apply(self, slices: list[Slice], shard: int) -> list[int | None]:
        assert shard == 0
        self.applied.append([s.partition for s in slices])
        assert self.may_end.wait(10)
        if self.error is not None:
            raise self.error
        return [s.partition for s in slices]


def run(work: Callable[[Worker, Callable[[Slice], "asyncio.Task[Any]"]], Awaitable[None]]) -> None:
    """Run a story in a loop, with a worker and a way to hand it a slice."""

    async def tell() -> None:
        worker = Worker()
        with ThreadPoolExecutor(2) as pool:
            app: Any = worker
            together = Together(app, app, pool, TOPIC)

            async def hand(one: Slice) -> int | None:
                worker.handed += 1
                try:
                    return await together.apply(one)
                finally:
                    worker.handed -= 1

            try:
                await work(worker, lambda one: asyncio.create_task(hand(one)))
            finally:
                worker.may_end.set()

    asyncio.run(tell())


def test_what_comes_at_the_same_moment_is_one_transaction() -> None:
    async def story(worker: Worker, hand: Any) -> None:
        assert await asyncio.gather(*(hand(slice_of(p, 10)) for p in range(3))) == [0, 1, 2]
        assert worker.applied == [[0, 1, 2]]

    run(story)


@pytest.mark.parametrize("count", [10, BULK_EVENTS])
def test_what_is_on_its_way_is_waited_for(count: int) -> None:
    async def story(worker: Worker, hand: Any) -> None:
        worker.on_its_way = 1
        first = hand(slice_of(0, count))
        for _ in range(5):
            await asyncio.sleep(0)
        assert worker.applied == []
        worker.on_its_way = 0
        await asyncio.gather(first, hand(slice_of(1, count)))
        assert worker.applied == [[0, 1]]

    run(story)


@pytest.mark.parametrize("count", [10, BULK_EVENTS])
def test_what_does_not_come_is_not_waited_for_without_end(count: int) -> None:
    async def story(worker: Worker, hand: Any) -> None:
        worker.on_its_way = 1
        assert await hand(slice_of(0, count)) == 0

    run(story)


def test_a_whole_transaction_waits_for_nothing() -> None:
    async def story(worker: Worker, hand: Any) -> None:
        worker.on_its_way = 1
        worker.may_end.clear()
        hand(slice_of(0, EVENTS_PER_TRANSACTION_MAX))
        await asyncio.sleep(0)
        while not worker.applied:  # only the thread is waited for
            await asyncio.sleep(0)
        assert worker.applied == [[0]]

    run(story)


def test_beside_another_only_a_large_one_begins() -> None:
    async def story(worker: Worker, hand: Any) -> None:
        worker.may_end.clear()
        first = hand(slice_of(0, EVENTS_PER_TRANSACTION_MAX))
        while not worker.applied:
            await asyncio.sleep(0)
        small = hand(slice_of(1, HALF - 1))
        await asyncio.sleep(0)
        assert worker.applied == [[0]]
        large = hand(slice_of(2, 1))
        while len(worker.applied) < 2:
            await asyncio.sleep(0)
        assert worker.applied == [[0], [1, 2]]
        worker.may_end.set()
        await asyncio.gather(first, small, large)

    run(story)


def test_what_stops_one_stops_all_that_were_applied_with_it() -> None:
    async def story(worker: Worker, hand: Any) -> None:
        worker.error = RuntimeError("the disk is full")
        both = [hand(slice_of(p, 10)) for p in range(2)]
        found = await asyncio.gather(*both, return_exceptions=True)
        assert found == [worker.error, worker.error]
        worker.error = None
        assert await hand(slice_of(2, 10)) == 2

    run(story)
