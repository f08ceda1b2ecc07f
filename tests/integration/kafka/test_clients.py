"""What the hub's three clients and Apache Kafka 4.4 are to each other, as docs/kafka.md has it."""

import asyncio
import re
import struct
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import confluent_kafka
import pytest
from aiokafka import (  # type: ignore[import-untyped]
    AIOKafkaConsumer,
    AIOKafkaProducer,
    TopicPartition,
)
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from kafka import KafkaAdminClient

from deploy.local.services.kafka import Kafka
from hub.kafka.topics import REJECTION_BYTES_MAX
from tests.parts.waiting import SECONDS_MAX, until

ROOT = Path(__file__).parents[3]
LARGE = 30 << 20
TRANSACTIONS = 3
TOPIC = "clients"


@pytest.fixture(scope="module")
def topic(kafka: Kafka) -> Iterator[str]:
    admin = AdminClient({"bootstrap.servers": kafka.address})
    new = NewTopic(TOPIC, 1, 1, config={"max.message.bytes": str(REJECTION_BYTES_MAX)})
    admin.create_topics([new])[TOPIC].result(SECONDS_MAX)
    yield TOPIC
    admin.delete_topics([TOPIC])[TOPIC].result(SECONDS_MAX)


def test_the_table_says_the_versions_that_are_installed() -> None:
    page = (ROOT / "docs" / "kafka.md").read_text("utf-8")
    said = dict(re.findall(r"^\| ([\w -]+) \| ([\d.]+) \|", page, re.MULTILINE))
    pom = (ROOT / "deploy" / "local" / "kafka" / "pom.xml").read_text("utf-8")
    broker = re.search(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([\d.]+)</version>", pom)
    assert broker is not None
    clients = ("confluent-kafka", "aiokafka", "kafka-python", "faust-streaming")
    assert said == {
        "Apache Kafka": broker[1],
        "librdkafka": confluent_kafka.libversion()[0],
        **{name: version(name) for name in clients},
    }


def test_the_broker_has_the_features_that_the_table_names(kafka: Kafka) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=[kafka.address])) as admin:
        features = admin.describe_features()
    names = ("group.version", "transaction.version", "share.version", "streams.version")
    assert [features[n]["finalized"][1] for n in ("metadata.version", *names)] == [33, 1, 2, 2, 1]


def test_a_live_group_of_the_new_protocol_is_dead_to_two_of_three(kafka: Kafka, topic: str) -> None:
    group = "of-kip-848"
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.address,
            "group.id": group,
            "group.protocol": "consumer",
        }
    )
    consumer.subscribe([topic])

    def is_assigned() -> bool:
        consumer.poll(0.1)
        return bool(consumer.assignment())

    async def by_aiokafka() -> tuple[list[str], str, int]:
        client = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
        await client.start()
        try:
            listed = [name for name, _ in await client.list_consumer_groups()]
            ((found,),) = [a.groups for a in await client.describe_consumer_groups([group])]
        finally:
            await client.close()
        code, _, state, *_ = found
        return listed, state, code

    try:
        until(is_assigned, "it is a member")
        admin = AdminClient({"bootstrap.servers": kafka.address})
        told = admin.describe_consumer_groups([group])[group].result(SECONDS_MAX)
        assert (told.state.name, len(told.members)) == ("STABLE", 1)
        listed, state, code = asyncio.run(by_aiokafka())
        assert group in listed
        assert (state, code) == ("Dead", 0)
        with closing(KafkaAdminClient(bootstrap_servers=[kafka.address])) as other:
            found = other.describe_groups([group])[group]
            (one,) = [g for g in other.list_groups() if g["group_id"] == group]
        assert found["group_state"] == "Dead"
        assert "not a classic group" in found["error"]
        assert (one["group_state"], one["group_type"]) == ("Stable", "consumer")
    finally:
        consumer.close()


def test_a_large_record_is_read_by_default_limits(kafka: Kafka, topic: str) -> None:
    producer = Producer(
        {"bootstrap.servers": kafka.address, "message.max.bytes": REJECTION_BYTES_MAX}
    )
    producer.produce(topic, b"x" * LARGE)
    assert producer.flush(SECONDS_MAX) == 0

    async def by_aiokafka() -> int:
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka.address)
        await consumer.start()
        try:
            place = TopicPartition(topic, 0)
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            record = await asyncio.wait_for(consumer.getone(), SECONDS_MAX)
            return len(record.value)
        finally:
            await consumer.stop()

    assert asyncio.run(by_aiokafka()) == LARGE
    consumer = Consumer({"bootstrap.servers": kafka.address, "group.id": "large"})
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    try:
        message = consumer.poll(SECONDS_MAX)
        assert message is not None
        assert message.error() is None
        assert len(message.value() or b"") == LARGE
    finally:
        consumer.close()


def test_transactions_keep_their_epoch_whatever_the_broker_has(kafka: Kafka, topic: str) -> None:
    async def by_aiokafka() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=kafka.address, transactional_id="aiokafka")
        await producer.start()
        try:
            for _ in range(TRANSACTIONS):
                async with producer.transaction():
                    await producer.send_and_wait(topic, b"one")
        finally:
            await producer.stop()

    asyncio.run(by_aiokafka())
    producer = Producer({"bootstrap.servers": kafka.address, "transactional.id": "confluent-kafka"})
    producer.init_transactions(SECONDS_MAX)
    for _ in range(TRANSACTIONS):
        producer.begin_transaction()
        producer.produce(topic, b"one")
        producer.commit_transaction(SECONDS_MAX)
    written = [b for b in batches(kafka.data / f"{topic}-0") if b[2]]
    producers = sorted({number for number, *_ in written})
    assert len(producers) == 2
    for number in producers:
        epochs = [epoch for of, epoch, _ in written if of == number]
        assert epochs == [0] * TRANSACTIONS * 2, "what was sent, and the mark of its end"


def batches(folder: Path) -> Iterator[tuple[int, int, bool]]:
    """Read a partition's files: producer, epoch and whether it is of a transaction, by batch."""
    for file in sorted(folder.glob("*.log")):
        raw, at = file.read_bytes(), 0
        while at < len(raw):
            (size,) = struct.unpack_from(">i", raw, at + 8)
            (attributes,) = struct.unpack_from(">h", raw, at + 21)
            number, epoch = struct.unpack_from(">qh", raw, at + 43)
            yield number, epoch, bool(attributes & 0x10)
            at += 12 + size
