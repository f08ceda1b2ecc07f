"""Workers over a real Kafka, whose positions and what they applied stand in a SQLite file.

Run as a program, this file is such a worker.
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
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from faust.types import TP

from hub.worker import transport
from hub.worker.fetched import Fetched
from hub.worker.transport import BatchApp
from tests.parts.starting import start
from tests.parts.waiting import SECONDS_MAX

PROJECT = Path(__file__).parents[3]
SESSION_SECONDS = 6.0
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
            folder / "book.sqlite3", timeout=SECONDS_MAX, isolation_level=None
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
            end = time.monotonic() + SECONDS_MAX
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
        transport.TAKE_SECONDS = 2 * SECONDS_MAX  # so that nothing comes by looking again
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
        assert self.producer.flush(SECONDS_MAX) == 0

    def start(
        self, *topics: str, slow: float = 0, records_max: int = BatchApp.records_max
    ) -> subprocess.Popen[bytes]:
        log = self.folder / f"worker{len(self.workers)}.log"
        command = [self.bootstrap, self.group, str(self.folder), str(slow), str(records_max)]
        with log.open("wb") as out:
            worker = start(__name__, *command, *topics, stdout=out, stderr=out, cwd=PROJECT)
        self.workers.append(worker)
        return worker

    def log(self, worker: subprocess.Popen[bytes]) -> str:
        return (self.folder / f"worker{self.workers.index(worker)}.log").read_text()

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + SECONDS_MAX
        while not condition():
            for worker in self.workers:
                assert worker.poll() in {None, 0, -signal.SIGKILL}, self.log(worker)
            assert time.monotonic() < end, [self.log(worker)[-5000:] for worker in self.workers]
            time.sleep(0.02)

    def all_applied(self) -> bool:
        return self.book.values() == list(range(self.sent))

    def stop(self, worker: subprocess.Popen[bytes]) -> None:
        worker.terminate()
        assert worker.wait(SECONDS_MAX) == 0, self.log(worker)

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        for deleted in self.admin.delete_topics(self.topics).values() if self.topics else ():
            with contextlib.suppress(Exception):
                deleted.result()


if __name__ == "__main__":
    address, name, place, seconds, most, *names = sys.argv[1:]
    work(address, name, Path(place), float(seconds), int(most), *names)
