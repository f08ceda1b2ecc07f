"""The hub's side: workers that apply everything in the topics, from an empty store."""

import time
from contextlib import ExitStack
from dataclasses import dataclass

import sqlalchemy as sa

from bench import processes
from bench.hubs import applied, running
from bench.topic import Expected
from deploy.local.services.kafka import Kafka
from deploy.local.services.part import Part
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub.opening import open_hub
from hub.settings import Settings

POLL_SECONDS = 0.05
SECONDS_MAX = 1_800


class WorkerError(RuntimeError):
    """A worker ended, took too long, or what it wrote is wrong."""


@dataclass(frozen=True)
class Run:
    """One run: events a second, and what it took of the machine.

    The rate counts from when every worker has applied something, and without what is applied by
    then: starting up is not in it.
    """

    events_per_second: float
    workers: int
    worker_seconds: float  # of the processors, starting up included
    postgres_seconds: float
    kafka_seconds: float
    peak_mib: float  # of the worker that took most


def pids(part: Part) -> list[int]:
    """List a server's processes."""
    recorded = part.process
    return processes.family(recorded.pid) if recorded else []


def empty(settings: Settings) -> None:
    """Leave nothing of the store but its tables."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as c:
        c.exec_driver_sql("DROP SCHEMA public CASCADE")
        c.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    with open_hub(settings):
        pass  # makes the tables


def measure(
    kafka: Kafka, postgres: Postgres, settings: Settings, expected: Expected, workers: int
) -> Run:
    """Apply all, from nothing, and check that all of it was applied. Raises `WorkerError`."""
    empty(settings)
    before = processes.seconds(pids(postgres)), processes.seconds(pids(kafka))
    events = expected.total_events
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT")
    query = sa.text("SELECT COALESCE(SUM(next_offset), 0) FROM position")
    deadline = time.monotonic() + SECONDS_MAX
    first: tuple[float, int] | None = None
    with ExitStack() as stack, engine.connect() as c:
        ports = [free_port() for _ in range(workers)]
        started = [stack.enter_context(running("work", settings, port)) for port in ports]
        while True:
            at = int(c.execute(query).scalar_one())
            now = time.monotonic()
            if first is None and all(applied(port) for port in ports):
                first = now, at
            if first is not None and at >= events:
                break
            if now > deadline or any(p.poll() is not None for p in started):
                raise WorkerError("a worker ended or took too long")
            time.sleep(POLL_SECONDS)
        run = Run(
            (events - first[1]) / (now - first[0]),
            workers,
            processes.seconds(p.pid for p in started),
            processes.seconds(pids(postgres)) - before[0],
            processes.seconds(pids(kafka)) - before[1],
            max(processes.peak_mib(p.pid) for p in started),
        )
        received = c.execute(
            sa.text("SELECT SUM(count) FROM ledger WHERE class <> 'quarantined'")
        ).scalar_one()
        if int(received) != events:
            raise WorkerError(f"of {events} events {received} are in the ledger")
    engine.dispose()
    return run


def sizes(kafka: Kafka, settings: Settings, expected: Expected) -> dict[str, dict[str, float]]:
    """Give, by contract, bytes an event in Kafka and bytes a fact in PostgreSQL, with indexes.

    Under `cells`: bytes of all cells by event.
    """
    found: dict[str, dict[str, float]] = {}
    engine = sa.create_engine(settings.database_url)
    with engine.connect() as c:

        def relation(name: str) -> int:
            return int(c.execute(sa.text(f"SELECT pg_total_relation_size('{name}')")).scalar_one())

        for topic, events in expected.events.items():
            name = topic.split(".")[1]
            segments = kafka.data.rglob(f"{topic}-*/*.log")
            facts = c.execute(sa.text(f"SELECT COUNT(*) FROM fact_{name}")).scalar_one()
            found[name] = {
                "kafka": sum(s.stat().st_size for s in segments) / events,
                "fact": relation(f"fact_{name}") / facts,
                "events": events / facts,
            }
        found["cells"] = {"event": relation("cell") / expected.total_events}
    engine.dispose()
    return found
