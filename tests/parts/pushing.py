"""A department that sends many small requests, keeps to a rate, and sends again what failed."""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

RETRY_SECONDS = 0.05
DOWN = (OSError, asyncio.IncompleteReadError, ConnectionError)


@dataclass(frozen=True)
class Told:
    """What one request was told: its number, the last status, since it was due (s), tries."""

    number: int
    status: int
    seconds: float
    tries: int


@dataclass(frozen=True)
class Pusher:
    """Sends to one address with one key, over so many connections."""

    host: str
    port: int
    path: str
    key: str
    connections: int = 32
    # Each request has an idempotency key, and is sent again until it is answered by another status.
    again: tuple[int, ...] = ()

    async def push(
        self,
        body: Callable[[int], bytes],
        *,
        seconds: float = math.inf,
        requests: float = math.inf,
        rate: float | None = None,
        first: int = 0,
        told: list[Told] | None = None,
    ) -> list[Told]:
        """Send bodies, numbered on from `first`, for so long or so many: at a rate, or at once.

        With a rate (1/s) a request is due when it is, however late those before it were answered;
        what is not sent when the time is over is not sent.
        `told` is filled as answers come.
        """
        numbers = count(first)
        told = [] if told is None else told
        begun = time.perf_counter()

        async def work() -> None:
            stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
            while True:
                number = next(numbers)
                now = time.perf_counter()
                due = now if rate is None else begun + (number - first) / rate
                if max(due, now) - begun >= seconds or number - first >= requests:
                    break
                if due > now:
                    await asyncio.sleep(due - now)
                status, tries, text = 0, 0, body(number)
                while not status or status in self.again:
                    if tries:
                        await asyncio.sleep(RETRY_SECONDS)
                    tries += 1
                    try:
                        if stream is None:
                            stream = await asyncio.open_connection(self.host, self.port)
                        status = await self._ask(*stream, number, text)
                    except DOWN:
                        if not self.again:
                            raise
                        if stream is not None:
                            stream[1].close()
                        stream = None
                told.append(Told(number, status, time.perf_counter() - due, tries))
            if stream is not None:
                stream[1].close()
                with suppress(OSError):
                    await stream[1].wait_closed()

        async with asyncio.TaskGroup() as group:
            for _ in range(self.connections):
                group.create_task(work())
        return told

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int, body: bytes
    ) -> int:
        named = f"Idempotency-Key: {self.path}-{number}\r\n" if self.again else ""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {self.key}"
            f"\r\nContent-Type: application/json\r\n{named}Content-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        size = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(size)
        return int(answer[9:12])


def quantile(told: list[Told], share: float) -> float:
    """Give the time (s) within which so many of the requests were answered."""
    times = sorted(t.seconds for t in told)
    return times[min(len(times) - 1, int(share * len(times)))]
