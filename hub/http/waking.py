"""Waking: who follows figures is woken by a commit, and does not look once a second."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

LOOK_SECONDS = 0.05


class Waking:
    """Wakes all who wait once the number of commits is another; one looks for them all."""

    def __init__(self, commits: Callable[[], int]) -> None:
        self._commits = commits
        self._waiting: set[asyncio.Future[None]] = set()
        self._looking: asyncio.Task[None] | None = None

    async def wait(self, seen: int, seconds: float) -> None:
        """Wait until the number of commits is not the one `seen`, at most so many seconds."""
        if self._commits() != seen:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(seen))
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(waiter, seconds)
        finally:
            self._waiting.discard(waiter)

    async def _look(self, seen: int) -> None:
        while self._waiting:
            await asyncio.sleep(LOOK_SECONDS)
            if self._commits() == seen:
                continue
            seen = self._commits()
            for waiter in self._waiting:
                if not waiter.done():
                    waiter.set_result(None)
