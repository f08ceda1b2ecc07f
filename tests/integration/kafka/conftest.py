"""Logs in Kafka, empty, and a producer that is not the hub."""

from collections.abc import Callable, Iterator

import pytest

from deploy.local.services.kafka import Kafka
from hub.kafka.log import KafkaLog
from hub.store.store import Store
from tests.parts.foreign import Foreign
from tests.parts.on_kafka import PARTITIONS


@pytest.fixture
def log(kafka: Kafka, store: Store, new_topics: Callable[[int], None]) -> Iterator[KafkaLog]:
    """An empty log of one partition."""
    new_topics(1)
    opened = KafkaLog(kafka.address, store)
    yield opened
    opened.close()


@pytest.fixture
def wide(kafka: Kafka, store: Store, new_topics: Callable[[int], None]) -> Iterator[KafkaLog]:
    """An empty log of several partitions."""
    new_topics(PARTITIONS)
    opened = KafkaLog(kafka.address, store)
    yield opened
    opened.close()


@pytest.fixture
def foreign(kafka: Kafka) -> Foreign:
    return Foreign(kafka.address)
