"""What is taken over from aiokafka's fetcher is what it would give itself, and its insides stand.

Where one of these fails after an update of aiokafka or Faust, `hub.worker.fetching` and
`hub.worker.transport` are to be read against the new version before anything else.
"""

import ast
import asyncio
import random
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]
from aiokafka.client import AIOKafkaClient  # type: ignore[import-untyped]
from aiokafka.conn import AIOKafkaConnection  # type: ignore[import-untyped]
from aiokafka.consumer import fetcher as theirs  # type: ignore[import-untyped]
from aiokafka.consumer.group_coordinator import (  # type: ignore[import-untyped]
    GroupCoordinator,
)
from aiokafka.consumer.subscription_state import (  # type: ignore[import-untyped]
    SubscriptionState,
)
from aiokafka.record.default_records import (  # type: ignore[import-untyped]
    DefaultRecordBatchBuilder,
)
from aiokafka.record.memory_records import MemoryRecords  # type: ignore[import-untyped]
from aiokafka.structs import BrokerMetadata  # type: ignore[import-untyped]
from crc32c import crc32c
from faust import App
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from hub.kafka.records import WireBatches, read
from hub.worker import fetching, transport
from hub.worker.fetching import Membership, keep_batches_whole, pace, take

PLACE = TP("t", 0)
SENT_WITH_TRANSACTIONS, CONTROL = 0x10, 0x20
Values = list[tuple[int, bytes | None]]  # by offset

# What the hub reaches for inside aiokafka and Faust, by the class that has it.
OF_CLASSES: list[tuple[type, set[str]]] = [
    (theirs.Fetcher, {"_create_fetch_waiter", "_notify", "seek_to", "error_future"}),
    (theirs.FetchResult, {"check_assignment"}),
    (theirs.FetchError, {"check_raise"}),
    (theirs.PartitionRecords, {"_consume_aborted_up_to"}),
    (AIOKafkaClient, {"_get_conn", "_metadata_update", "fetch_all_metadata", "close"}),
    (GroupCoordinator, {"check_errors"}),
    (SubscriptionState, {"fetch_context"}),
    (
        driver.AIOKafkaConsumerThread,
        {
            "_create_worker_consumer",
            "_ensure_consumer",
            "call_thread",
            "close",
            "on_partitions_revoked",
            "on_thread_stop",
            "subscribe",
        },
    ),
    (
        driver.Consumer,
        {
            "_drain_messages",
            "_new_consumer_thread",
            "commit",
            "perform_seek",
            "resume_flow",
            "verify_all_partitions_active",
            "wait_empty",
        },
    ),
]
WAITED_SECONDS_MAX = 60.0  # against a hang alone
OF_INSTANCES = {
    "fetcher": {
        "_closed",
        "_prefetch_backoff",
        "_records",
        "_subscriptions",
        "_wait_consume_future",
    },
    "result": {"_assignment", "_partition_records"},
    "records": {"_aborted_producers", "_records", "_records_iterator", "next_fetch_offset"},
    "consumer": {"_client", "_closed", "_coordinator", "_fetcher"},
    "app": {"_crashed"},
    "connection": {"_request_timeout"},
    "coordinator": {"_rebalance_timeout_ms", "_session_timeout_ms", "member_id"},
}


@pytest.fixture(autouse=True)
def unchanged_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theirs, "MemoryRecords", MemoryRecords)


def batch(base: int, values: list[bytes], attributes: int = 0, producer: int = -1) -> bytes:
    """Write one batch as the broker keeps it."""
    is_transactional = bool(attributes & SENT_WITH_TRANSACTIONS)
    builder = DefaultRecordBatchBuilder(2, 0, is_transactional, producer, 0, 0, 1 << 20)
    for offset, value in enumerate(values):
        key = struct.pack(">hh", 0, 0) if attributes & CONTROL else None  # an abort marker
        assert builder.append(offset, 1, key, value, []) is not None
    raw = bytearray(builder.build())
    raw[0:8] = struct.pack(">q", base)
    raw[21:23] = struct.pack(">h", attributes)
    raw[17:21] = struct.pack(">I", crc32c(bytes(raw[21:])))
    return bytes(raw)


def answer(r: random.Random) -> tuple[bytes, list[tuple[int, int]], int]:
    """Make what a broker sends: batches, transactions that were aborted, and the end."""
    raw, aborted, at = b"", [], 0
    for _ in range(r.randint(1, 12)):
        at += r.choice([0, 0, 3])  # what was compacted
        values = [r.randbytes(3) for _ in range(r.randint(1, 4))]
        kind = r.choice(["plain", "plain", "committed", "aborted"])
        if kind == "plain":
            raw += batch(at, values)
        else:
            producer = r.choice([7, 8])
            raw += batch(at, values, SENT_WITH_TRANSACTIONS, producer)
        at += len(values)
        if kind == "aborted":
            aborted.append((producer, at - len(values)))
            raw += batch(at, [b""], SENT_WITH_TRANSACTIONS | CONTROL, producer)
            at += 1
    return raw, aborted, at


async def fetched(raw: bytes, aborted: list[tuple[int, int]], end: int) -> theirs.Fetcher:
    """Give a fetcher that a broker answered."""
    response = SimpleNamespace(API_VERSION=4, topics=[("t", [(0, 0, end, end, aborted, raw)])])

    async def send(*_: object) -> Any:
        return response

    client = SimpleNamespace(_loop=asyncio.get_running_loop(), _metadata_max_age_ms=1000, send=send)
    subscriptions = SubscriptionState()
    subscriptions.assign_from_user([PLACE])
    assignment = subscriptions.subscription.assignment
    assignment.state_value(PLACE).seek(0)
    fetcher = theirs.Fetcher(client, subscriptions, isolation_level="read_committed")
    fetcher._fetch_task.cancel()  # it would ask again
    request = SimpleNamespace(topics=[("t", [(0, 0, 1 << 20)])])
    assert await fetcher._proc_fetch_request(assignment, 0, request)
    return fetcher


async def as_they_read(*sent: Any) -> tuple[Values, int]:
    fetcher = await fetched(*sent)
    result = fetcher._records[PLACE]
    values = [(r.offset, r.value) for r in result.getall()]
    return values, result._assignment.state_value(PLACE).position


async def as_we_take(records_max: int, *sent: Any) -> tuple[Values, int]:
    keep_batches_whole()
    fetcher = await fetched(*sent)
    values: Values = []
    following = 0
    while PLACE in fetcher._records:
        result = fetcher._records[PLACE]
        assert isinstance(result._partition_records._records, WireBatches)
        taken = take(fetcher, PLACE, result, records_max)
        assert taken is not None
        assert taken.first == following
        following = taken.following
        records = read(taken.batches)
        values += zip(records.offsets.tolist(), records.values, strict=True)
        assert taken.count == len(records.offsets)
        assert taken.end == sent[-1]
        assert result._assignment.state_value(PLACE).position == following
    return values, following


@pytest.mark.parametrize("seed", range(30))
def test_what_is_taken_is_what_the_client_reads(seed: int) -> None:
    r = random.Random(seed)
    sent = answer(r)
    assert asyncio.run(as_they_read(*sent)) == asyncio.run(as_we_take(r.randint(1, 9), *sent))


def test_what_is_of_another_position_is_not_taken() -> None:
    async def moved() -> None:
        keep_batches_whole()
        fetcher = await fetched(batch(0, [b"a"]), [], 1)
        result = fetcher._records[PLACE]
        result._assignment.state_value(PLACE).seek(1)
        assert take(fetcher, PLACE, result, 10) is None
        assert PLACE not in fetcher._records

    asyncio.run(moved())


@pytest.mark.slow
def test_nothing_is_changed_by_an_import() -> None:
    program = (
        "from aiokafka.consumer import fetcher\n"
        "from hub.worker.transport import BatchApp\n"
        "print(fetcher.MemoryRecords.__module__)\n"
        "BatchApp('a', positions=lambda _: {})\n"
        "print(fetcher.MemoryRecords.__module__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [MemoryRecords.__module__, WireBatches.__module__], done.stderr


@pytest.mark.parametrize(("owner", "names"), OF_CLASSES, ids=lambda p: getattr(p, "__name__", ""))
def test_what_is_relied_on_is_where_it_was(owner: type, names: set[str]) -> None:
    assert sorted(n for n in names if not hasattr(owner, n)) == []


def test_what_instances_have_is_where_it_was() -> None:
    async def instances() -> dict[str, object]:
        keep_batches_whole()
        fetcher = await fetched(batch(0, [b"a"]), [], 1)
        result = fetcher._records[PLACE]
        consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1")
        client = AIOKafkaClient(bootstrap_servers="127.0.0.1:1")
        coordinator = GroupCoordinator(client, SubscriptionState())
        coordinator._coordination_task.cancel()
        return {
            "coordinator": coordinator,
            "fetcher": fetcher,
            "result": result,
            "records": result._partition_records,
            "consumer": consumer,
            "app": App("a"),
            "connection": AIOKafkaConnection("127.0.0.1", 1),
        }

    known = asyncio.run(instances())
    for name, attributes in OF_INSTANCES.items():
        assert sorted(a for a in attributes if not hasattr(known[name], a)) == [], name


def test_who_was_let_go_asks_for_twice_the_time_up_to_what_kafka_takes_for_right() -> None:
    """Sessions of 6 s become 12, 24 and 45 s; who joins for the first time, or again, keeps its."""
    group: Any = SimpleNamespace(
        member_id="", _session_timeout_ms=6_000, _rebalance_timeout_ms=20_000
    )
    membership = Membership()
    asked = []
    for known_as in ("a", "a", "b", "c", "c", "d", "e"):
        # The group knows it no more before it joins as another one.
        group.member_id = known_as if known_as == group.member_id else ""
        membership.before_joining(group)
        asked.append((group._session_timeout_ms // 1000, group._rebalance_timeout_ms // 1000))
        group.member_id = known_as
        membership.joined(group)
    assert asked == [(6, 20), (6, 20), (12, 40), (24, 80), (24, 80), (45, 90), (45, 90)]


def test_a_longer_session_that_was_asked_for_is_kept() -> None:
    group: Any = SimpleNamespace(
        member_id="a", _session_timeout_ms=60_000, _rebalance_timeout_ms=120_000
    )
    membership = Membership()
    membership.joined(group)
    group.member_id = ""
    membership.before_joining(group)
    assert (group._session_timeout_ms, group._rebalance_timeout_ms) == (60_000, 120_000)


def test_who_takes_connections_and_answers_nothing_is_waited_for_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hold it of a broker that hangs: as aiokafka is, it would wait for its requests' timeout."""
    monkeypatch.setattr(fetching, "ANSWER_SECONDS_MAX", 0.2)

    async def connected(address: str) -> tuple[object, bool]:
        client = AIOKafkaClient(bootstrap_servers=address, request_timeout_ms=600_000)
        pace(client)
        host, port = address.split(":")
        client.cluster._brokers = {0: BrokerMetadata(0, host, int(port), None)}
        before = client._md_update_waiter
        try:
            found = await asyncio.wait_for(client._get_conn(0), WAITED_SECONDS_MAX)
            return found, before.done()
        finally:
            await client.close()

    with socket.create_server(("127.0.0.1", 0)) as hanging:
        name = "{}:{}".format(*hanging.getsockname())
        # It gives up, and looks anew for who leads.
        assert asyncio.run(connected(name)) == (None, True)


def reached_for(path: Path) -> Iterator[str]:
    """Name the private attributes of others that a module reaches for."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            is_own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if not is_own and not node.attr.startswith("__"):
                yield node.attr


def test_whatever_is_reached_for_is_listed_here() -> None:
    ours = {"_thread"}
    listed = ours.union(*(names for _, names in OF_CLASSES), *OF_INSTANCES.values())
    for module in (transport, fetching):
        assert set(reached_for(Path(str(module.__file__)))) <= listed
