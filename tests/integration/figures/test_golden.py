"""The golden pack through both profiles, in two orders of arrival.

What the embedded hub and real Kafka and PostgreSQL make of it is the same, and is what the plain
reading says: every cell of every day, figures, reports and lists. HUB_TEST_GOLDEN says of how many
dossiers it is made, by default of few enough to be quick.
"""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from deploy.local.services.kafka import Kafka
from hub import registry
from hub.apply.runner import Runner
from hub.kafka.log import KafkaLog
from hub.log.log import Log
from hub.log.sqlite import SqliteLog
from hub.store.store import Store
from tests.parts import against, stores
from tests.parts.against import Asked, Golden
from tests.parts.same import digests
from tests.parts.small import NOW

COUNT = int(os.environ.get("HUB_TEST_GOLDEN", "8000"))
PARTITIONS = 3


@pytest.fixture(scope="module")
def pack() -> Golden:
    """The whole pack."""
    return Golden.made(COUNT)


@pytest.fixture
def kafka_log(kafka: Kafka, store: Store, new_topics: Callable[[int], None]) -> Iterator[KafkaLog]:
    """A log in Kafka, with several partitions."""
    new_topics(PARTITIONS)
    opened = KafkaLog(kafka.address, store)
    yield opened
    opened.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[tuple[SqliteLog, Store]]:
    """A log and a store in SQLite."""
    log = SqliteLog(tmp_path / "log.sqlite3")
    store = Store(stores.store_url(tmp_path), registry.definitions())
    store.check_definitions()
    yield log, store
    store.close()
    log.close()


def arrive(log: Log, store: Store, pack: Golden, order: str, size: int) -> None:
    """Deliver the pack in an order, in requests of a size, and apply it."""
    against.deliver(log, against.in_order(pack.frame(), order), size)
    assert Runner(log, store, None, lambda: NOW).catch_up() == len(pack.sent)


def differences(pack: Golden, store: Store) -> Iterator[str]:
    """Name where a hub's answers are not those of the pack."""
    with store.reading() as reading:
        book = pack.book(reading)
        yield from against.cell_differences(pack, reading)
        for kpi in against.KPIS:
            months = [Asked(kpi, year, "month") for year in ("2024", "2025", "2026")]
            questions = [*months, *against.brief_questions(kpi)]
            yield from against.figure_differences(pack, book, questions)
        for report in registry.reports():
            for asked in against.report_questions(report):
                yield from against.report_differences(pack, book, asked)
        for asked in against.LISTS:
            yield from against.list_differences(pack, book, asked)


def brief_differences(pack: Golden, store: Store) -> Iterator[str]:
    """Do so by fewer questions: what they are asked of was compared row by row."""
    with store.reading() as reading:
        book = pack.book(reading)
        yield from against.cell_differences(pack, reading)
        for kpi in against.KPIS:
            yield from against.figure_differences(pack, book, against.brief_questions(kpi))
        for report in registry.reports():
            asked = Asked(report, "2025-07", role="resolved_by")
            yield from against.report_differences(pack, book, asked)
        yield from against.list_differences(pack, book, against.LISTS[0])


@pytest.mark.slow
def test_in_both_profiles_and_any_order_the_hub_is_the_pack(
    pack: Golden, embedded: tuple[SqliteLog, Store], kafka_log: KafkaLog, store: Store
) -> None:
    arrive(*embedded, pack, "forwards", 20_000)
    assert list(islice(differences(pack, embedded[1]), 9)) == []
    arrive(kafka_log, store, pack, "by chance", 7_919)
    both = digests(embedded[1]), digests(store)
    assert both[0] == both[1]
    assert list(islice(brief_differences(pack, store), 9)) == []
