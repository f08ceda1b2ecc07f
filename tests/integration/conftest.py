"""Real parts for tests: servers on free ports, started once, stopped whatever happens.

The fixtures give the parts themselves, so that a test may kill one and start it again.
"""

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka.admin import AdminClient

from deploy.local.services.kafka import Kafka
from deploy.local.services.mosquitto import Mosquitto
from deploy.local.services.part import Part
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.kafka.topics import Topics, wanted
from hub.store.store import Store
from tests.parts.province import Province
from tests.parts.waiting import until

_numbers = count()


@pytest.fixture(scope="session")
def _ends_in_order() -> Iterator[None]:
    """Let SIGTERM, which `timeout` sends, end the tests as Ctrl-C does: servers outlive us."""

    def leave(*_: object) -> None:
        pytest.exit("told to stop", 143)

    before = signal.signal(signal.SIGTERM, leave)
    yield
    signal.signal(signal.SIGTERM, before)


def _running(part: Part) -> Iterator[Any]:
    try:
        part.start()
        yield part
    finally:
        part.kill()  # in order would take longer: nothing of it is kept
        part.wipe()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory, _ends_in_order: None) -> Iterator[Kafka]:
    """A broker that runs; who stops it starts it again."""
    yield from _running(Kafka(tmp_path_factory.mktemp("services"), free_port(), free_port()))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, _ends_in_order: None) -> Iterator[Postgres]:
    """A PostgreSQL that runs; who stops it starts it again."""
    yield from _running(Postgres(tmp_path_factory.mktemp("services"), free_port()))


@pytest.fixture(scope="session")
def mosquitto(
    tmp_path_factory: pytest.TempPathFactory, _ends_in_order: None
) -> Iterator[Mosquitto]:
    """An MQTT broker that runs; who stops it starts it again."""
    yield from _running(Mosquitto(tmp_path_factory.mktemp("services"), free_port()))


def bare_schema(postgres: Postgres) -> str:
    """Make an empty schema; give the URL of a database of which one sees that schema alone."""
    return _schema(postgres, "CREATE SCHEMA {name}")


def new_schema(postgres: Postgres) -> str:
    """Do so with the tables of a store in it: to migrate takes longer than most tests do."""
    return _schema(postgres, _tables(postgres))


def _schema(postgres: Postgres, script: str) -> str:
    name = f"s{next(_numbers)}"
    with psycopg.connect(postgres.address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(script.replace("{name}", name).encode())
    return f"{postgres.address}?options=-csearch_path%3D{name}"


@cache
def _tables(postgres: Postgres) -> str:
    """Give the script that makes a store's tables, and what stands in them, in a schema."""
    url = bare_schema(postgres)
    store = Store(url, registry.definitions())
    store.check_definitions()
    store.close()
    name = url.rpartition("%3D")[2]
    dump = subprocess.run(
        [
            *(postgres.program("pg_dump"), f"--schema={name}", "--inserts", "--no-owner"),
            postgres.address.replace("+psycopg", ""),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    # Lines with a backslash are for the program that reads dumps.
    script = "\n".join(line for line in dump.splitlines() if not line.startswith("\\"))
    return re.sub(rf"\b{name}\b", "{name}", script)


@pytest.fixture
def database_url(postgres: Postgres) -> str:
    """The URL of a database with an empty store in it."""
    return new_schema(postgres)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store in PostgreSQL."""
    opened = Store(database_url, registry.definitions())
    opened.check_definitions()
    yield opened
    opened.close()


def delete_topics(kafka: Kafka) -> None:
    """Delete all topics of the hub, and wait until they are gone."""
    admin = AdminClient({"bootstrap.servers": kafka.address})

    def left() -> list[str]:
        return [t for t in admin.list_topics(timeout=30).topics if t.startswith("lgsp.")]

    if found := left():
        for gone in admin.delete_topics(found).values():
            gone.result(30)
        until(lambda: not left(), "the topics are deleted")


def make_topics(kafka: Kafka, partitions: int) -> None:
    """Make the hub's topics as `hub topics apply` does, and wait until they can be written."""
    topics = Topics(kafka.address)
    try:
        topics.apply(topics.plan(wanted(registry.contracts().values(), partitions)), 1)
    finally:
        topics.close()
    admin = AdminClient({"bootstrap.servers": kafka.address})
    names = {t.name: t.partitions for t in wanted(registry.contracts().values(), partitions)}

    def led() -> bool:
        there = admin.list_topics(timeout=30).topics
        return all(
            name in there
            and len(there[name].partitions) == size
            and all(p.leader >= 0 for p in there[name].partitions.values())
            for name, size in names.items()
        )

    until(led, "every partition has a leader")


@pytest.fixture
def new_topics(kafka: Kafka) -> Callable[[int], None]:
    """Make the topics anew, with so many partitions."""

    def make(partitions: int) -> None:
        delete_topics(kafka)
        make_topics(kafka, partitions)

    return make


@pytest.fixture
def topics(new_topics: Callable[[int], None]) -> None:
    """Empty topics, with three partitions."""
    new_topics(3)


@pytest.fixture
def province(kafka: Kafka, topics: None, database_url: str, tmp_path: Path) -> Iterator[Province]:
    opened = Province(kafka, database_url, tmp_path)
    yield opened
    opened.close()
