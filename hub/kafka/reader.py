"""Reading a partition from anywhere, by whole record batches, one request at a time.

What the broker sends is read into columns as it is (`hub.kafka.records`): to be given records one
by one takes longer than all that is done with them afterwards.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from aiokafka.client import AIOKafkaClient  # type: ignore[import-untyped]
from aiokafka.errors import (  # type: ignore[import-untyped]
    CorruptRecordException,
    KafkaError,
    LeaderNotAvailableError,
    OffsetOutOfRangeError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition  # type: ignore[import-untyped]

from hub.kafka.credentials import Credentials
from hub.kafka.records import WireBatch, WireBatches, between, read
from hub.kafka.wire import Records
from hub.log.log import LogUnavailableError
from hub.settings import SettingsError

logger = logging.getLogger(__name__)
T = TypeVar("T")
ANSWER_BYTES_MAX = 8 << 20
LEAST_BYTES = 64 << 10
RECORD_BYTES = 100.0  # as long as nothing was read
WAIT_MS = 100  # the broker waits for so long where there is nothing yet
ANSWER_MS_MAX = 10_000
READ_COMMITTED = 1


class OutsideError(LookupError):
    """A partition has nothing at this offset: it is deleted, or yet to come."""


class Reader:
    """Reads the partitions of a cluster. Its client lives on a loop in a thread of its own."""

    def __init__(self, bootstrap: str, credentials: Credentials) -> None:
        self._bootstrap = bootstrap.split(",")
        self._credentials = credentials
        self._client: AIOKafkaClient | None = None
        self._record_bytes = RECORD_BYTES  # that the last ones took, compressed
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="kafka-reader", daemon=True
        )
        self._thread.start()

    def read(
        self, topic: str, partition: int, span: tuple[int, int], most: int, silent_seconds: float
    ) -> tuple[Records, int]:
        """Read from the first offset of a span on, up to its end or so many records.

        Gives the position after them, too, beyond gaps in the offsets. Raises `OutsideError`;
        `LogUnavailableError` where nothing comes for so long, or what comes is damaged.
        """
        first, end = span
        at = first
        batches: list[WireBatch] = []
        left = most
        silent_since = time.monotonic()
        try:
            while at < end and left > 0:
                size = max(min(int(left * self._record_bytes), ANSWER_BYTES_MAX), LEAST_BYTES)
                try:
                    found, following = self._run(self._fetch(topic, partition, at, size))
                except OffsetOutOfRangeError as error:
                    raise OutsideError(f"{topic}/{partition}: {at}") from error
                if following > at:
                    silent_since = time.monotonic()
                elif time.monotonic() - silent_since > silent_seconds:
                    raise LogUnavailableError(f"{topic}/{partition}: nothing came from {at} on")
                batches += found
                left -= sum(b.count for b in found)
                at = following
            records = read(batches, first, end)
            if len(records.offsets) > most:
                at = int(records.offsets[most])
                records = between(records, first, at)
            return records, min(at, end)
        except CorruptRecordException as error:
            raise LogUnavailableError(f"{topic}/{partition}: {error}") from error

    def close(self) -> None:
        """Close the connections, and end the thread."""
        if self._client is not None:
            self._run(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _fetch(
        self, topic: str, partition: int, at: int, size: int
    ) -> tuple[list[WireBatch], int]:
        """Ask once; while the broker is away or another one leads, that gives nothing."""
        try:
            client = await self._connected()
            await client.add_topic(topic)
            node = client.cluster.leader_for_partition(TopicPartition(topic, partition))
            if node is None or node < 0:
                raise LeaderNotAvailableError
            asked = [(topic, [(partition, at, size)])]
            request = FetchRequest(WAIT_MS, 1, size, READ_COMMITTED, asked)
            answer = await client.send(node, request)
            ((_, ((_, code, _, *more),)),) = answer.topics
            if code:
                raise for_code(code)
        except OffsetOutOfRangeError:
            raise
        except KafkaError:
            await asyncio.sleep(WAIT_MS / 1000)
            if self._client is not None:
                self._client.force_metadata_update()
            return [], at
        wire = WireBatches(more[-1])
        batches, following = committed(wire, _aborted(answer.API_VERSION, more), at)
        if count := sum(b.count for b in batches):
            self._record_bytes = wire.size_in_bytes() / count
        return batches, following

    async def _connected(self) -> AIOKafkaClient:
        if self._client is None:
            client = AIOKafkaClient(
                bootstrap_servers=self._bootstrap,
                client_id="lgsp-hub",
                request_timeout_ms=ANSWER_MS_MAX,
                **self._credentials.for_python(),
            )
            renew(client, self._credentials)
            try:
                await client.bootstrap()
            except BaseException:
                await client.close()
                raise
            self._client = client
        return self._client


def _aborted(version: int, more: list[Any]) -> list[tuple[int, int]]:
    """Find in what an answer says of a partition which producers aborted what, from where on."""
    return (more[2] if version >= 11 else more[-2]) or []


def committed(
    wire: WireBatches, aborted: Iterable[tuple[int, int]], at: int
) -> tuple[list[WireBatch], int]:
    """Give the batches of an answer that were committed, and the position after all of them.

    `aborted` are producers, each with the first offset of a transaction that it aborted.
    """
    waiting = sorted(aborted, key=lambda one: one[1], reverse=True)
    gone: set[int] = set()
    batches = []
    while wire.has_next():
        batch = wire.next_batch()
        while waiting and waiting[-1][1] <= batch.base_offset:
            gone.add(waiting.pop()[0])
        if batch.is_control:
            if batch.is_abort:
                gone.discard(batch.producer_id)
        elif not (batch.is_transactional and batch.producer_id in gone):
            batches.append(batch)
        at = batch.next_offset
    return batches, at


def renew(client: AIOKafkaClient, credentials: Credentials) -> None:
    """Have a client read its credentials anew for a connection, where their files changed.

    aiokafka keeps what it was made with for as long as it lives.
    """
    connect = client._get_conn
    stamp = credentials.stamp()

    async def renewed(*given: Any, **named: Any) -> Any:
        nonlocal stamp
        try:
            if stamp != (now := credentials.stamp()):
                stamp, shown = now, credentials.for_python()
                client._ssl_context = shown.get("ssl_context")
                client._sasl_plain_password = shown.get("sasl_plain_password")
        except SettingsError as error:  # a key is there before its certificate, for a moment
            logger.warning("credentials are as they were: %s", error)
        return await connect(*given, **named)

    client._get_conn = renewed
