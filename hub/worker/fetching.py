"""aiokafka's fetcher, as it hands over whole batches, and its group: what relies on their insides.

Its public face gives records one by one, which costs more than all that comes after.
"""

import asyncio
import logging
from typing import Any

import aiokafka  # type: ignore[import-untyped]
from aiokafka.client import ConnectionGroup  # type: ignore[import-untyped]
from aiokafka.consumer import fetcher as theirs  # type: ignore[import-untyped]
from aiokafka.consumer.fetcher import (  # type: ignore[import-untyped]
    Fetcher,
    FetchResult,
    PartitionRecords,
)
from faust.types import TP

from hub.kafka.records import WireBatch, WireBatches
from hub.worker.fetched import Fetched

ANSWER_SECONDS_MAX = 10.0
SESSION_MS_MAX = 45_000
COMING_BACK_MS_MAX = 90_000
RETRY_MS = 500  # while the broker is away; each try of each task is a line in the log
log = logging.getLogger(__name__)


def keep_batches_whole() -> None:
    """Have the consumers of this process leave what the broker sends as it is.

    A thread beside the event loop reads it. Consumers that others open here need `take`, too.
    """
    theirs.MemoryRecords = WireBatches


def take(fetcher: Fetcher, tp: TP, result: FetchResult, records_max: int) -> Fetched | None:
    """Take what was fetched of a partition, up to so many records; None where nothing is new.

    Once all of it is taken the fetcher asks for more.
    """
    source = result._partition_records
    fetched = None
    if result.check_assignment(tp):
        state = result._assignment.state_value(tp)
        first = source.next_fetch_offset
        batches = _unpack(source, records_max)
        following = source.next_fetch_offset
        state.consumed_to(following)
        if following > first:
            count = sum(b.count for b in batches)
            end = state.highwater
            fetched = Fetched(tp.topic, tp.partition, first, following, end, count, batches)
            if source._records.has_next():
                fetcher._records.move_to_end(tp)
                return fetched
    del fetcher._records[tp]
    fetcher._notify(fetcher._wait_consume_future)
    return fetched


def forget(fetcher: Fetcher, tp: TP) -> None:
    """Break the cycle that would keep the bytes of what was fetched and will not be taken."""
    if isinstance(result := fetcher._records.get(tp), FetchResult):
        result._partition_records._records_iterator = None


def _unpack(source: PartitionRecords, records_max: int) -> list[WireBatch]:
    """The next batches of a partition, until they hold `records_max` records or more.

    As `PartitionRecords` itself does, but a wire batch at a time.
    """
    batches: list[WireBatch] = []
    source._records_iterator = None  # unused, and a cycle that would keep the bytes of the answer
    wire: WireBatches = source._records
    while sum(b.count for b in batches) < records_max and wire.has_next():
        batch = wire.next_batch()
        source._consume_aborted_up_to(batch.base_offset)
        if batch.is_control:
            if batch.is_abort:
                source._aborted_producers.discard(batch.producer_id)
        elif not (batch.is_transactional and batch.producer_id in source._aborted_producers):
            batches.append(batch)
        source.next_fetch_offset = batch.next_offset
    return batches


def pace(client: aiokafka.client.AIOKafkaClient) -> None:
    """Have a client wait before it looks for a broker again, and not for long for one that hangs.

    aiokafka's fetcher asks for metadata in a circle, without a pause, while no broker answers.
    """
    update = client._metadata_update

    async def paced(*given: Any) -> bool:
        is_done: bool = await update(*given)
        if not is_done:
            await asyncio.sleep(RETRY_MS / 1000)
        return is_done

    client._metadata_update = paced
    _hurry(client)


def _hurry(client: aiokafka.client.AIOKafkaClient) -> None:
    """Have a client wait no longer than `ANSWER_SECONDS_MAX` for a broker that hangs.

    Its connections stay open, so that nothing else tells; by then another one leads. A group's
    coordinator answers only when all its members have come: it is given its time.
    """
    connect = client._get_conn

    async def hurried(node: Any, *, group: Any = ConnectionGroup.DEFAULT, **more: Any) -> Any:
        try:
            found = connect(node, group=group, **more)
            connection = await asyncio.wait_for(found, ANSWER_SECONDS_MAX)
        except TimeoutError:
            client.force_metadata_update()
            return None
        if connection is not None and group == ConnectionGroup.DEFAULT:
            connection._request_timeout = ANSWER_SECONDS_MAX
        return connection

    client._get_conn = hurried


class Membership:
    """A worker's place in its group: whoever was let go for silence may be silent for longer.

    A session of a few seconds has the partitions of a dead worker taken over soon. On a machine
    that is slow or busy one that lives is silent for as long, is let go, comes back and makes all
    others begin again: together they apply next to nothing. So it asks for twice the session and
    twice the time to come back, each time that it was let go, up to what Kafka itself takes for
    right (KIP-735), until it is started again.
    """

    def __init__(self) -> None:
        self._member = ""

    def joined(self, coordinator: Any) -> None:
        """Keep as whom the group knows this worker."""
        self._member = coordinator.member_id

    def before_joining(self, coordinator: Any) -> None:
        """Ask for more time where the group does not know it any more."""
        if not self._member or coordinator.member_id == self._member:
            return
        session, coming_back = coordinator._session_timeout_ms, coordinator._rebalance_timeout_ms
        coordinator._session_timeout_ms = max(session, min(2 * session, SESSION_MS_MAX))
        coordinator._rebalance_timeout_ms = max(
            coming_back, min(2 * coming_back, COMING_BACK_MS_MAX)
        )
        log.warning(
            "the group let this worker go: its session is %.0f s now, not %.0f",
            coordinator._session_timeout_ms / 1000,
            session / 1000,
        )
        self._member = ""
