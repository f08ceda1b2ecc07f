"""A producer that is not the hub's: confluent-kafka as anybody would set it up."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from hub import registry
from hub.definitions import avro, revisions
from tests.parts.by_hand import datum
from tests.parts.small import Json

SECONDS_MAX = 30
Headers = Sequence[tuple[str, bytes | None]]


class Foreign:
    """Produces to Kafka without the hub; with a `transactional_id`, in transactions."""

    def __init__(self, bootstrap: str, transactional_id: str = "") -> None:
        settings: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "message.max.bytes": 8 << 20,
            "linger.ms": 0,
        }
        if transactional_id:
            settings["transactional.id"] = transactional_id
        self.producer = Producer(settings)
        if transactional_id:
            self.producer.init_transactions(SECONDS_MAX)

    def send(
        self,
        topic: str,
        value: bytes | None,
        key: str | None = None,
        headers: Headers = (),
        *,
        partition: int = -1,
        timestamp: int = 0,
    ) -> tuple[int, int]:
        """Produce one record; give the partition and the offset where it stands."""
        stands: list[tuple[int, int]] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            assert error is None, error
            stands.append((message.partition() or 0, message.offset() or 0))

        self.producer.produce(
            topic,
            value,
            key,
            partition=partition,
            headers=list(headers),
            timestamp=timestamp,
            on_delivery=delivered,
        )
        assert self.producer.flush(SECONDS_MAX) == 0
        return stands[0]


def wire_values(name: str, item: Json) -> dict[str, Any]:
    """Give the wire values of an event as it is posted, without the hub's own encoder."""
    contract = registry.definitions().contract(name)
    return contract.wire(contract.item.validate_json(json.dumps(item)))


def record(name: str, wire: dict[str, Any], **longer: Any) -> bytes:
    """Write a record's value: Confluent's head, then the datum."""
    contract = registry.definitions().contract(name)
    return avro.wire(revisions.latest(name).schema_id, datum(contract, wire, **longer))


def everything(
    bootstrap: str, topic: str, begins: Mapping[int, int] | None = None
) -> list[Message]:
    """Read a topic whole, as any consumer would, partition after partition.

    Of a partition in `begins`, only what stands from that offset on.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "anybody",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 10,  # else each end is waited for
        }
    )
    try:
        partitions = consumer.list_topics(topic, SECONDS_MAX).topics[topic].partitions
        found = []
        for partition in partitions:
            consumer.assign([TopicPartition(topic, partition, (begins or {}).get(partition, 0))])
            while True:
                message = consumer.poll(SECONDS_MAX)
                assert message is not None, f"nothing came from {topic}/{partition}"
                error = message.error()
                if error is not None:
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    break
                found.append(message)
        return found
    finally:
        consumer.close()
