"""Whole batches, and positions from SQL, on a real Kafka and whatever happens to the workers.

Run as a program, this file is the worker: a Faust app whose book of positions is a SQLite file.
"""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from faust.types import TP

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import free_port
from hub.worker import transport
from hub.worker.fetched import Fetched
from hub.worker.transport import BatchApp

PROJECT = Path(__file__).parents[3]
SESSION_SECONDS = 6.0
WAIT_SECONDS = 60.0
GATHERED = 4


class Batch(NamedTuple):
    """A row of what was applied."""

    pid: int
    topic: str
    partition: int
    first: int
    following: int
    values: list[int]


class Book:
    """Positions, and what was applied in the same transactions."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(
            folder / "book.sqlite3", timeout=WAIT_SECONDS, isolation_level=None
        )
        self.connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
            "CREATE TABLE IF NOT EXISTS position"
            " (topic TEXT, partition INT, at INT, PRIMARY KEY (topic, partition));"
            "CREATE TABLE IF NOT EXISTS batch"
            " (pid INT, topic TEXT, partition INT, first INT, following INT, vals TEXT)"
        )

    def positions(self) -> dict[tuple[str, int], int]:
        rows = self.connection.execute("SELECT topic, partition, at FROM position")
        return {(topic, partition): at for topic, partition, at in rows}

    def place(self, topic: str, partition: int, at: int) -> None:
        self.connection.execute("REPLACE INTO position VALUES (?, ?, ?)", (topic, partition, at))

    def apply(self, fetched: Fetched) -> int | None:
        """The position that it should have begun at, if another."""
        self.connection.execute("BEGIN IMMEDIATE")
        with self.connection:
            at = self.positions().get((fetched.topic, fetched.partition), 0)
            if at != fetched.first:
                return at
            self.place(fetched.topic, fetched.partition, fetched.following)
            values = json.dumps([int(value or b"") for value in fetched.records().values])
            where = fetched.topic, fetched.partition, fetched.first, fetched.following
            self.connection.execute(
                "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?)", (os.getpid(), *where, values)
            )
        return None

    def batches(self) -> list[Batch]:
        rows = self.connection.execute("SELECT * FROM batch ORDER BY rowid").fetchall()
        return [Batch._make((*row[:-1], json.loads(row[-1]))) for row in rows]

    def values(self) -> list[int]:
        return sorted(value for batch in self.batches() for value in batch.values)

    def pids(self, after: int = 0) -> set[int]:
        return {batch.pid for batch in self.batches()[after:]}

    def check_contiguous(self) -> None:
        at: dict[tuple[str, int], int] = {}
        for batch in self.batches():
            assert at.get((batch.topic, batch.partition), 0) == batch.first < batch.following
            at[batch.topic, batch.partition] = batch.following


def work(
    bootstrap: str, group: str, folder: Path, slow: float, records_max: int, *topics: str
) -> None:
    """The worker; each batch takes it `slow` seconds."""

    def positions(tps: Collection[TP]) -> Mapping[TP, int]:
        if (folder / "no_positions").exists():
            raise OSError("the book is closed")
        written = Book(folder).positions()
        print("placed", len(tps), flush=True)
        return {tp: written.get((tp.topic, tp.partition), 0) for tp in tps}

    def hold_on() -> None:
        """Keep a batch in hand until so many other records have come, where that is asked for."""
        with contextlib.suppress(FileNotFoundError):
            wanted = int((folder / "hold").read_text())
            (folder / "hold").unlink()
            end = time.monotonic() + WAIT_SECONDS
            while (
                sum(f.count for f in list(cast(Any, app.consumer)._thread._ahead.values())) < wanted
            ):
                assert time.monotonic() < end
                time.sleep(0.01)

    def apply(fetched: Fetched) -> int | None:
        offsets = fetched.records().offsets.tolist()
        assert offsets == sorted(set(offsets))
        assert all(fetched.first <= offset < fetched.following for offset in offsets)
        print("applying", flush=True)
        hold_on()
        time.sleep(slow)
        if (folder / "poison").exists():
            raise ValueError("poison")
        return Book(folder).apply(fetched)

    app = BatchApp(
        group,
        positions=positions,
        broker=f"lgsp://{bootstrap}",
        broker_session_timeout=SESSION_SECONDS,
        datadir=str(folder / f"faust-{os.getpid()}"),
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    app.records_max = records_max

    gathered = asyncio.Event()
    waiting = 0

    async def gather(fetched: Fetched) -> None:
        """Wait, without the records' bytes, until others wait too."""
        nonlocal waiting
        fetched.records()
        app.unpacked(fetched)
        waiting += 1
        print("gathered", waiting, flush=True)
        if waiting == GATHERED:
            gathered.set()
        await gathered.wait()

    if (folder / "gather").exists():
        transport.TAKE_SECONDS = 2 * WAIT_SECONDS  # so that nothing comes by looking again
        app.records_undone_max = 1

    @app.agent(app.batches(*topics), concurrency=GATHERED if (folder / "gather").exists() else 1)
    async def agent(stream: Any) -> None:
        async for fetched in stream:
            if (folder / "gather").exists():
                await gather(fetched)
                continue
            at = await asyncio.get_running_loop().run_in_executor(None, apply, fetched)
            if at is not None:
                print("fenced", fetched.topic, fetched.partition, fetched.first, at, flush=True)
                await app.rewind(fetched.topic, fetched.partition, at)

    app.Worker(loglevel="INFO").execute_from_commandline()


class Bench:
    """A broker, a group with topics and a book of its own, and its workers."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.bootstrap, self.folder = bootstrap, folder
        self.suffix = uuid.uuid4().hex[:8]
        self.group = f"group-{self.suffix}"
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        self.producer = Producer({"bootstrap.servers": bootstrap, "batch.num.messages": 500})
        self.topics: list[str] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.sent = 0
        self.book = Book(folder)

    def topic(self, name: str, partitions: int) -> str:
        topic = f"{name}-{self.suffix}"
        self.admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result()
        self.topics.append(topic)
        return topic

    def send(self, topic: str, count: int, partitions: int) -> None:
        """Records whose values count up over all of them."""
        for _ in range(count):
            value = str(self.sent).encode()
            self.producer.produce(topic, value, partition=self.sent % partitions)
            self.sent += 1
            self.producer.poll(0)
        assert self.producer.flush(WAIT_SECONDS) == 0

    def start(
        self, *topics: str, slow: float = 0, records_max: int = BatchApp.records_max
    ) -> subprocess.Popen[bytes]:
        log = self.folder / f"worker{len(self.workers)}.log"
        command = [sys.executable, "-m", "tests.integration.worker.test_transport"]
        command += [self.bootstrap, self.group, str(self.folder), str(slow), str(records_max)]
        with log.open("wb") as out:
            worker = subprocess.Popen([*command, *topics], stdout=out, stderr=out, cwd=PROJECT)
        self.workers.append(worker)
        return worker

    def log(self, worker: subprocess.Popen[bytes]) -> str:
        return (self.folder / f"worker{self.workers.index(worker)}.log").read_text()

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while not condition():
            for worker in self.workers:
                assert worker.poll() in {None, 0, -signal.SIGKILL}, self.log(worker)
            assert time.monotonic() < end, [self.log(worker)[-5000:] for worker in self.workers]
            time.sleep(0.05)

    def all_applied(self) -> bool:
        return self.book.values() == list(range(self.sent))

    def stop(self, worker: subprocess.Popen[bytes]) -> None:
        worker.terminate()
        assert worker.wait(10) == 0, self.log(worker)

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        for deleted in self.admin.delete_topics(self.topics).values() if self.topics else ():
            with contextlib.suppress(Exception):
                deleted.result()


@pytest.fixture
def bench(kafka: Kafka, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(kafka.address, tmp_path)
    yield bench
    bench.close()


def test_a_backlog_comes_in_few_whole_batches_and_nothing_is_committed(bench: Bench) -> None:
    topic = bench.topic("backlog", 3)
    bench.send(topic, 60_000, 3)
    worker = bench.start(topic)
    bench.until(bench.all_applied)
    bench.book.check_contiguous()
    assert len(bench.book.batches()) <= 12

    bench.send(topic, 1, 3)
    bench.until(bench.all_applied)
    began = time.monotonic()
    bench.stop(worker)
    assert time.monotonic() - began < 3
    asked = [ConsumerGroupTopicPartitions(bench.group)]
    committed = bench.admin.list_consumer_group_offsets(asked)[bench.group].result()
    assert committed.topic_partitions == []


def test_what_was_read_makes_room_for_others_at_once(bench: Bench) -> None:
    (bench.folder / "gather").touch()
    topic = bench.topic("gather", GATHERED)
    bench.send(topic, 1_000, GATHERED)
    worker = bench.start(topic)
    bench.until(lambda: f"gathered {GATHERED}" in bench.log(worker))


def test_what_comes_while_a_batch_is_in_hand_is_handed_over_together(bench: Bench) -> None:
    topic = bench.topic("ahead", 1)
    (bench.folder / "hold").write_text("50")
    bench.send(topic, 1, 1)
    worker = bench.start(topic)
    bench.until(lambda: "applying" in bench.log(worker))
    for _ in range(5):
        bench.send(topic, 10, 1)
    bench.until(bench.all_applied)
    assert [batch.values for batch in bench.book.batches()] == [[0], list(range(1, 51))]
    bench.book.check_contiguous()


def test_what_came_ahead_is_handed_over_however_much_it_is(bench: Bench) -> None:
    topic = bench.topic("large", 1)
    (bench.folder / "hold").write_text(str(BatchApp.records_undone_max))
    bench.send(topic, 1, 1)
    worker = bench.start(topic)
    bench.until(lambda: "applying" in bench.log(worker))
    settings = {"bootstrap.servers": bench.bootstrap, "batch.num.messages": 50_000}
    bench.producer = Producer(settings | {"linger.ms": 1000})  # one batch on the wire
    bench.send(topic, BatchApp.records_undone_max + 5_000, 1)
    bench.until(bench.all_applied)
    bench.book.check_contiguous()


def test_what_came_ahead_is_void_when_its_partition_is_rewound(bench: Bench) -> None:
    topic = bench.topic("void", 1)
    bench.send(topic, 10, 1)
    worker = bench.start(topic)
    bench.until(bench.all_applied)
    (bench.folder / "hold").write_text("20")
    bench.book.place(topic, 0, 5)
    bench.send(topic, 1, 1)
    bench.until(lambda: bench.log(worker).count("applying") == 2)
    bench.send(topic, 20, 1)
    bench.until(lambda: bench.book.positions() == {(topic, 0): 31})
    assert bench.book.batches()[-1].values == list(range(5, 31))
    assert bench.log(worker).count("fenced") == 1


def test_killed_amid_a_backlog_it_goes_on_where_sql_is(bench: Bench) -> None:
    topic = bench.topic("killed", 4)
    bench.send(topic, 40_000, 4)
    worker = bench.start(topic, slow=0.1, records_max=1000)
    bench.until(lambda: len(bench.book.batches()) > 9)
    worker.kill()
    worker.wait()
    assert not bench.all_applied()
    another = bench.start(topic)
    bench.until(bench.all_applied)
    bench.book.check_contiguous()
    assert "fenced" not in bench.log(another)


def test_workers_share_all_topics_join_and_leave(bench: Bench) -> None:
    topics = [bench.topic("left", 12), bench.topic("right", 12)]

    def apply_more(workers: int) -> None:
        before = len(bench.book.batches())
        for topic in topics:
            bench.send(topic, 240, 12)
        bench.until(bench.all_applied)
        assert len(bench.book.pids(before)) == workers

    one = bench.start(*topics)
    bench.until(lambda: "placed 24" in bench.log(one))
    apply_more(1)
    two = bench.start(*topics)
    bench.until(lambda: "placed 12" in bench.log(one) and "placed 12" in bench.log(two))
    apply_more(2)
    three = bench.start(*topics)
    bench.until(lambda: all("placed 8" in bench.log(worker) for worker in bench.workers))
    apply_more(3)
    bench.stop(one)
    bench.until(lambda: bench.log(two).count("placed 12") == 2)
    bench.until(lambda: bench.log(three).count("placed 12") == 1)
    apply_more(2)
    bench.book.check_contiguous()
    assert not any("fenced" in bench.log(worker) for worker in bench.workers)


def test_frozen_beyond_its_session_a_worker_comes_back(bench: Bench) -> None:
    topic = bench.topic("frozen", 8)
    one, two = bench.start(topic), bench.start(topic)
    bench.until(lambda: "placed 4" in bench.log(one) and "placed 4" in bench.log(two))
    two.send_signal(signal.SIGSTOP)
    bench.send(topic, 800, 8)
    bench.until(bench.all_applied)  # after the session of the other has ended
    assert bench.book.pids() == {one.pid}
    two.send_signal(signal.SIGCONT)
    bench.until(lambda: bench.log(two).count("placed 4") == 2)
    bench.send(topic, 800, 8)
    bench.until(bench.all_applied)
    assert bench.book.pids() == {one.pid, two.pid}
    bench.book.check_contiguous()


def test_an_apply_longer_than_the_session_keeps_its_partition(bench: Bench) -> None:
    topic = bench.topic("long", 1)
    bench.send(topic, 10, 1)
    worker = bench.start(topic, slow=SESSION_SECONDS + 3)
    bench.until(bench.all_applied)
    assert bench.log(worker).count("placed") == 1


def test_stopped_amid_an_apply_it_ends_after_it(bench: Bench) -> None:
    topic = bench.topic("amid", 1)
    bench.send(topic, 10, 1)
    worker = bench.start(topic, slow=2)
    bench.until(lambda: "applying" in bench.log(worker))
    bench.stop(worker)
    assert bench.all_applied()


def test_a_rebalance_waits_for_what_is_in_hand(bench: Bench) -> None:
    topic = bench.topic("waits", 1)
    bench.send(topic, 10, 1)
    one = bench.start(topic, slow=4)
    bench.until(lambda: "applying" in bench.log(one))
    two = bench.start(topic)
    bench.until(lambda: "Joined group" in bench.log(two))
    assert bench.all_applied()


def test_only_what_transactions_committed_comes_and_marks_leave_no_lag(bench: Bench) -> None:
    topic = bench.topic("transactions", 1)
    settings = {"bootstrap.servers": bench.bootstrap, "transactional.id": topic}
    producer = Producer(settings)
    producer.init_transactions(WAIT_SECONDS)
    worker = bench.start(topic)
    for value, ends in ((1, True), (2, False), (3, True), (4, False)):
        producer.begin_transaction()
        for _ in range(100):
            producer.produce(topic, str(value).encode(), partition=0)
        producer.flush(WAIT_SECONDS)
        if ends:
            producer.commit_transaction(WAIT_SECONDS)
        else:
            producer.abort_transaction(WAIT_SECONDS)
    bench.until(lambda: bench.book.positions().get((topic, 0)) == 404)
    assert bench.book.values() == [1] * 100 + [3] * 100
    bench.book.check_contiguous()
    bench.stop(worker)


def test_rewound_a_partition_is_read_from_there_and_from_nowhere_else(bench: Bench) -> None:
    topic = bench.topic("rewound", 2)
    bench.send(topic, 1000, 2)
    worker = bench.start(topic, slow=0.1, records_max=1000)
    bench.until(bench.all_applied)
    before = len(bench.book.batches())
    bench.book.place(topic, 0, 123)  # amid what was one batch on the wire
    bench.send(topic, 20_000, 2)
    bench.until(lambda: bench.book.positions() == {(topic, 0): 10_500, (topic, 1): 10_500})
    later = [batch for batch in bench.book.batches()[before:] if batch.partition == 0]
    assert later[0].first == 123
    assert [value for batch in later for value in batch.values] == list(range(246, 21_000, 2))
    assert bench.log(worker).count("fenced") == 1
    bench.stop(worker)


@pytest.mark.parametrize("position", [100, 0])
def test_a_position_that_the_log_does_not_have_stops_the_worker(
    bench: Bench, position: int
) -> None:
    topic = bench.topic("range", 1)
    bench.send(topic, 50, 1)
    if position < 50:
        deleted = bench.admin.delete_records([TopicPartition(topic, 0, 20)])
        for done in deleted.values():
            done.result()
    bench.book.place(topic, 0, position)
    worker = bench.start(topic)
    assert worker.wait(WAIT_SECONDS) == 1
    assert f"{topic}[0] cannot be read from {position}: the broker has only " in bench.log(worker)
    assert "run `hub rebuild`" in bench.log(worker)
    assert bench.book.batches() == []


def test_what_an_agent_raises_stops_the_worker_and_skips_nothing(bench: Bench) -> None:
    topic = bench.topic("poison", 1)
    bench.send(topic, 50, 1)
    (bench.folder / "poison").touch()
    worker = bench.start(topic)
    assert worker.wait(WAIT_SECONDS) == 1
    assert "ValueError: poison" in bench.log(worker)
    bench.workers.remove(worker)
    (bench.folder / "poison").unlink()
    bench.start(topic)
    bench.until(bench.all_applied)


def test_without_positions_nothing_is_read(bench: Bench) -> None:
    topic = bench.topic("closed", 1)
    bench.send(topic, 50, 1)
    (bench.folder / "no_positions").touch()
    worker = bench.start(topic)
    assert worker.wait(WAIT_SECONDS) == 1
    assert "the book is closed" in bench.log(worker)
    assert bench.book.batches() == []


def test_a_topic_that_is_not_there_stops_the_worker(bench: Bench) -> None:
    worker = bench.start(bench.topic("there", 1), "not-there")
    assert worker.wait(WAIT_SECONDS) == 1
    assert "the broker has no topic not-there" in bench.log(worker)


def test_after_a_crash_of_the_broker_it_goes_on_by_itself(tmp_path: Path) -> None:
    kafka = Kafka(tmp_path / "kafka", free_port(), free_port())
    kafka.start()
    bench = Bench(kafka.address, tmp_path)
    try:
        topic = bench.topic("broker", 4)
        worker = bench.start(topic)
        bench.send(topic, 400, 4)
        bench.until(bench.all_applied)
        away = time.monotonic()
        kafka.kill()
        bench.until(lambda: "Marking the coordinator dead" in bench.log(worker))
        kafka.start()
        # Looking for it all the while, without a pause, would take a core.
        looked = bench.log(worker).count("Unable to update metadata")
        assert looked < 10 + 2 * (time.monotonic() - away)
        bench.send(topic, 400, 4)
        bench.until(bench.all_applied)
        kafka.kill()
        began = time.monotonic()
        bench.stop(worker)
        assert time.monotonic() - began < 5
    finally:
        kafka.wipe()
        for worker in bench.workers:
            worker.kill()
            worker.wait()


if __name__ == "__main__":
    address, name, place, seconds, most, *names = sys.argv[1:]
    work(address, name, Path(place), float(seconds), int(most), *names)
