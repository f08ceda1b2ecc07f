"""The log in Apache Kafka: idempotent production acknowledged by all replicas, whole reads.

Offsets may have gaps (transaction markers, compaction) and anybody who is allowed may produce, so
that records are judged again when they are read. Receipts and checkpoints are in the store's
database.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from hub.clock import iso
from hub.definitions import revisions
from hub.definitions.avro import WIRE_HEADER
from hub.definitions.installed import Definitions
from hub.kafka import wire
from hub.kafka.credentials import IN_CLEAR, Credentials
from hub.kafka.topics import REJECTION_BYTES_MAX, Topics
from hub.log.log import (
    Acknowledgement,
    Batch,
    Kept,
    LogUnavailableError,
    NotInLogError,
    Receipt,
    Submission,
)
from hub.log.slices import Slice
from hub.operating import tracing
from hub.store.receipts import Receipts
from hub.store.store import Store

if TYPE_CHECKING:
    from hub.kafka.reader import Reader

DELIVERY_SECONDS_MAX = 60
READ_SECONDS_MAX = 30
ANSWER_SECONDS_MAX = 10  # a little more than it takes a cluster to see that a broker is gone


class KafkaLog:
    """The topics of one Kafka cluster, with receipts in a store."""

    is_open = True

    def __init__(
        self,
        bootstrap: str,
        store: Store,
        delivery_seconds: int | None = None,
        credentials: Credentials = IN_CLEAR,
    ) -> None:
        self._bootstrap = bootstrap
        self.credentials = credentials
        self._shown: tuple[int, ...] = ()  # the credentials' stamp when the producer was opened
        self._kept_out = ""  # why the broker does not let the producer in
        self._delivery_seconds = delivery_seconds or DELIVERY_SECONDS_MAX
        self._receipts = Receipts(store)
        self._definitions = store.definitions
        self.topics = Topics(bootstrap, credentials)
        self._producer: Producer | None = None
        self._reader: Reader | None = None
        self._produce_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._topics_lock = threading.Lock()
        self._away: str | None = None  # why the brokers did not answer the last time

    def identity(self, topic: str) -> str:
        """Name the log of a topic by cluster and topic id."""
        with self._asking() as topics:
            return topics.identity(topic)

    def seen(self) -> None:
        """See `Log.seen`: brokers are asked."""

    def begins(self, topic: str) -> dict[int, int]:
        """Give, per partition, the first offset that is not deleted."""
        with self._asking() as topics:
            return topics.begins(topic)

    def ends(self, topic: str) -> dict[int, int]:
        """Give, per partition, the offset that its next record will get."""
        return self.ends_of([topic])[topic]

    def ends_of(self, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        """See `Log.ends_of`."""
        with self._asking() as asked:
            return asked.ends(topics)

    @contextmanager
    def _asking(self) -> Iterator[Topics]:
        """Give the topics to one who asks at a time.

        While brokers are away one tries, and whoever comes meanwhile is told so at once: each would
        hold a thread for as long as a try takes, and no figure would be read without one.
        """
        if not self._topics_lock.acquire(blocking=False):
            if (away := self._away) is None:
                self._topics_lock.acquire()
                if (away := self._away) is not None:
                    self._topics_lock.release()
            if away is not None:
                raise LogUnavailableError(away)
        try:
            yield self.topics
        except LogUnavailableError as error:
            self._away = str(error)
            raise
        else:
            self._away = None
        finally:
            self._topics_lock.release()

    def append(self, submissions: Sequence[Submission]) -> None:
        """Make submissions durable, in order; receipts are kept when all replicas have the events.

        Where that fails, some of the events may be in the log: sent again, they are repeats.
        """
        with self._receipts.writing(submissions) as fresh:
            batches = [(number, b) for number, s in enumerate(fresh) for b in s.batches]
            records = _records([b for _, b in batches], self._definitions)
            of = [number for number, b in batches for _ in range(b.count)]
            spans = [_Spans() for _ in fresh]
            self.produce(records, [spans[i].extend for i in of])
            for s, span in zip(fresh, spans, strict=True):
                s.places = span.places()

    def produce(
        self,
        records: Sequence["Record"],
        placed: Sequence[Callable[[Message], None]] | None = None,
    ) -> None:
        """Produce records and wait until all replicas have them; raise `LogUnavailableError`.

        `placed` is called, for each of them, with where it stands.
        """
        if not records:
            return
        with self._produce_lock:
            producer = self._open_producer()
            failed: list[KafkaError] = []

            def delivered(
                error: KafkaError | None, message: Message, tell: Callable[[Message], None] | None
            ) -> None:
                if error is not None:
                    failed.append(error)
                elif tell is not None:
                    tell(message)

            try:
                for i, (topic, at, key, value, headers) in enumerate(records):
                    told = partial(delivered, tell=placed[i] if placed is not None else None)
                    while True:
                        try:
                            producer.produce(
                                topic,
                                value,
                                key,
                                timestamp=at // 1000,
                                headers=headers,
                                callback=told,
                            )
                            break
                        except BufferError:
                            producer.poll(0.1)
                left = producer.flush(self._delivery_seconds + 10)
            except KafkaException as error:
                self._producer = None
                why = _why(error.args[0], records, self.credentials)
                raise LogUnavailableError(why) from error
            if failed or left:
                if left or any(e.fatal() for e in failed):
                    self._producer = None
                raise LogUnavailableError(
                    _why(failed[0], records, self.credentials)
                    if failed and not self._kept_out
                    else self._kept_out or f"{left} not delivered"
                )

    def _open_producer(self) -> Producer:
        stamp = self.credentials.stamp()
        if self._producer is None or self._shown != stamp:
            settings = producer_settings(self._bootstrap, self._delivery_seconds, self.credentials)
            try:
                self._producer = Producer({**settings, "error_cb": self._hear})
            except KafkaException as error:  # a key is there before its certificate, for a moment
                raise LogUnavailableError(str(error)) from error
            self._shown, self._kept_out = stamp, ""
        return self._producer

    def _hear(self, error: KafkaError) -> None:
        if error.code() in _KEPT_OUT:
            self._kept_out = _kept_out(error, self.credentials)

    def read(
        self,
        topic: str,
        offset: int,
        *,
        partition: int = 0,
        until: int | None = None,
        events_max: int = 100_000,
    ) -> list[Slice]:
        """Read a partition from an offset on, as one slice of up to about `events_max` records.

        Raises `LogUnavailableError`; `NotInLogError` where what stood there is deleted.
        """
        end = min(self.ends(topic)[partition], until if until is not None else 1 << 62)
        if offset >= end:
            return []
        # What reads is needed by those who apply, and takes its time to be loaded.
        from hub.kafka.reader import OutsideError, Reader  # noqa: PLC0415

        with self._read_lock:
            if self._reader is None:
                self._reader = Reader(self._bootstrap, self.credentials)
            try:
                records, following = self._reader.read(
                    topic, partition, (offset, end), events_max, READ_SECONDS_MAX
                )
            except OutsideError as error:
                self._check_begin(topic, partition, offset)
                raise LogUnavailableError(str(error)) from error
        contract = self._definitions.of_topic(topic)
        return [wire.slice_of(contract, partition, (offset, following), records)]

    def _check_begin(self, topic: str, partition: int, at: int) -> None:
        """Raise `NotInLogError` where a partition begins after an offset."""
        begin = self.begins(topic)[partition]
        if at < begin:
            span = (begin, self.ends(topic)[partition])
            raise NotInLogError(f"{topic}/{partition}", at, span)

    def checkpoint(self, name: str) -> str | None:
        """Read a checkpoint."""
        return self._receipts.checkpoint(name)

    def checkpoints(self, names: Sequence[str]) -> dict[str, str]:
        """Read those of these checkpoints that are set."""
        return self._receipts.checkpoints(names)

    def set_checkpoints(self, values: Mapping[str, str]) -> None:
        """Set checkpoints by themselves, durably."""
        self._receipts.set_checkpoints(values)

    @property
    def is_empty(self) -> bool:
        """Whether no event is in any topic."""
        contracts = self._definitions.contracts.values()
        ends = self.ends_of(c.topic for c in contracts)
        return not any(any(partitions.values()) for partitions in ends.values())

    def receipt(self, name: str) -> Kept | None:
        """Find a receipt by its id."""
        return self._receipts.find(name)

    def receipts(self) -> list[Receipt]:
        """List what was acknowledged."""
        return self._receipts.listed()

    def acknowledged(self) -> dict[str, int]:
        """Count by sender the items of all receipts."""
        return self._receipts.acknowledged()

    def acknowledgements(self, names: Sequence[str]) -> list[Acknowledgement]:
        """Read those of these receipts that are there, whole, in the order of their names."""
        return self._receipts.acknowledgements(names)

    def all_checkpoints(self) -> dict[str, str]:
        """Read every checkpoint."""
        return self._receipts.all_checkpoints()

    def close(self) -> None:
        """Deliver what is waiting and close the connections."""
        if self._producer is not None:
            self._producer.flush(DELIVERY_SECONDS_MAX)
            self._producer = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self.topics.close()


def producer_settings(
    bootstrap: str, delivery_seconds: int, credentials: Credentials
) -> dict[str, Any]:
    """Give the settings by which whatever the hub says is produced."""
    return {
        "bootstrap.servers": bootstrap,
        "client.id": "lgsp-hub",
        "acks": "all",
        "enable.idempotence": True,
        "partitioner": "murmur2_random",  # as Java's; librdkafka's own differs
        "compression.type": "lz4",
        "linger.ms": 2,
        "reconnect.backoff.max.ms": 1000,
        # Of a broker that hangs with its connections open, librdkafka would wait a minute for an
        # answer; another one leads by then, and what is sent twice stands there once.
        "socket.timeout.ms": ANSWER_SECONDS_MAX * 1000,
        "batch.size": 1 << 20,
        "message.max.bytes": REJECTION_BYTES_MAX,
        "message.timeout.ms": delivery_seconds * 1000,
        "queue.buffering.max.messages": 200_000,
        "queue.buffering.max.kbytes": 256 << 10,
        "log_level": 2,
        **credentials.for_librdkafka(),
    }


# topic, accepted at (in microseconds), key, value, headers
Record = tuple[str, int, bytes, bytes, list[tuple[str, str | bytes | None]]]


# What a broker says of an instant too far ahead: of a record alone, and of one among others.
_INVALID = {KafkaError.INVALID_TIMESTAMP, KafkaError.INVALID_RECORD}


_KEPT_OUT = {KafkaError._AUTHENTICATION, KafkaError._SSL}


def _kept_out(error: KafkaError, credentials: Credentials) -> str:
    """Say that a broker does not let us in, and which settings say who we are."""
    return (
        f"máy chủ Kafka không cho {credentials.shown} vào; xem HUB_KAFKA_USER,"
        " HUB_KAFKA_PASSWORD_FILE, HUB_KAFKA_CA |"
        f" Kafka does not let {credentials.shown} in; see HUB_KAFKA_USER, HUB_KAFKA_PASSWORD_FILE,"
        f" HUB_KAFKA_CA ({error.str()})"
    )


def _why(error: KafkaError, records: Sequence[Record], credentials: Credentials) -> str:
    """Say why records were not taken, and what to do where we know."""
    if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        topics = ", ".join(sorted({topic for topic, *_ in records}))
        return (
            f"{credentials.shown} không có quyền ghi {topics}; `hub topics rights` cho biết thiếu"
            " gì |"
            f" {credentials.shown} may not write {topics}; `hub topics rights` says what is missing"
        )
    if error.code() not in _INVALID:
        return str(error)
    topic, at, *_ = max(records, key=lambda r: r[1])
    return (
        f"{topic} does not take what was accepted up to {iso(at)}, by this machine's clock; where"
        " that is ahead of the broker's clock, run `hub topics apply`, by which topics take any"
        " instant, and set the clock right"
    )


class _Spans:
    """Where the records of one submission stand."""

    def __init__(self) -> None:
        self._spans: dict[tuple[str, int], tuple[int, int]] = {}

    def extend(self, message: Message) -> None:
        """Take in where one of them stands."""
        place, offset = (str(message.topic()), int(message.partition() or 0)), message.offset()
        assert offset is not None, place
        first, end = self._spans.get(place, (offset, offset))
        self._spans[place] = (min(first, offset), max(end, offset + 1))

    def places(self) -> dict[str, list[tuple[int, int, int]]]:
        """Give them by topic."""
        out: dict[str, list[tuple[int, int, int]]] = {}
        for (topic, partition), span in sorted(self._spans.items()):
            out.setdefault(topic, []).append((partition, *span))
        return out


def _records(batches: Sequence[Batch], definitions: Definitions) -> list[Record]:
    """Make the records of batches, in their order; those of one schema are decoded together."""
    together: dict[int, list[Batch]] = {}
    for batch in batches:
        together.setdefault(batch.schema_id, []).append(batch)
    named: dict[int, Iterator[tuple[str, str]]] = {}
    for schema_id, those in together.items():
        contract = definitions.contract(revisions.by_id(schema_id).name)
        payload, count = b"".join(b.payload for b in those), sum(b.count for b in those)
        keys, ids = wire.keys_and_ids(contract, schema_id, payload, count)
        named[schema_id] = zip(keys, ids, strict=True)
    records: list[Record] = []
    for batch in batches:
        head = WIRE_HEADER.pack(0, batch.schema_id)
        shared = wire.headers(batch.topic, wire.SENDERS + batch.sender, batch.receipt)
        if trace := tracing.source_of(batch.receipt):
            shared.append((tracing.HEADER, trace.encode()))
        start = 0
        for end in batch.ends.tolist():
            key, event_id = next(named[batch.schema_id])
            value = head + batch.payload[start:end]
            headers: list[tuple[str, str | bytes | None]] = [*shared, ("ce_id", event_id.encode())]
            records.append((batch.topic, batch.accepted_at, key.encode(), value, headers))
            start = end
    return records
