"""Following: change feeds that others publish to Kafka, in Debezium's envelope, into events.

Positions are not the broker's: the next offset of each partition and what was told of each row are
checkpoints of the log, durable together with the events. So a process that dies anywhere reads the
same again and tells the same events. A topic that was made anew is read from its beginning; one of
which records were deleted before they were read stops the feed, by name.

The topic's partitions are read by their offsets, without a consumer group. Nothing is ever written.
"""

import json
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.connecting.envelope import Change, Times, read_change
from hub.connecting.feeds import Connector, Context, Delivery, Load, Record, UpstreamError
from hub.connecting.rowwise import Rowwise, Told
from hub.definitions.admission import Verdict, unreadable
from hub.definitions.again import Again, JsonObject
from hub.definitions.contract import Contract
from hub.definitions.revisions import SchemaRegistryError
from hub.kafka.credentials import Credentials
from hub.kafka.schema_registry import ForeignSchemas
from hub.log.submitting import accepted_at
from hub.operating import metrics
from hub.sheets.mapping import FileMapping

SECONDS_MAX = 10.0
READ_BYTES_MAX = 4 << 20
AT_LAST_US = 4_000_000_000_000_000  # of cases, which are judged as if nothing were yet to come


class ChangesSettings(BaseSettings):
    """Where the change feed is: `HUB_<SOURCE>_<FIELD>`.

    `bootstrap`: the brokers; `topic`: of one table. `batch_records`: of one read; `pause_seconds`:
    between two reads. `times`: what a number of time counts where records have no schema. `ca`,
    `certificate`, `key`, `user`, `password_file`: how the hub shows itself to the brokers.
    `registry`: of schemas, where records are Avro; Confluent's API.
    """

    model_config = SettingsConfigDict(extra="ignore")

    bootstrap: str = Field(examples=["changes.example:9092"])
    topic: str = Field(pattern=r"^[A-Za-z0-9._\-]{1,249}$", examples=["upstream.public.fees"])
    batch_records: int = Field(500, ge=1, le=10_000)
    pause_seconds: float = Field(0, ge=0, le=3600)
    times: Times = ""
    registry: str = Field("", pattern=r"^(https?://.+)?$")
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str = ""
    password_file: Path | None = None

    @field_validator("bootstrap")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for one in value.split(","):
            host, _, port = one.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError("expected host:port,host:port, such as 127.0.0.1:9092")
        return value

    @property
    def credentials(self) -> Credentials:
        """How the hub shows itself."""
        return Credentials(self.ca, self.certificate, self.key, self.user, self.password_file)


@dataclass(frozen=True)
class FollowedTable:
    """A source's change feed: the name of the source, its contract, and how columns are read."""

    source: str
    contract: Contract
    mapping: FileMapping

    def read(self, _: str, content: bytes) -> list[Record]:
        """Read records as lines of JSON, `{"key": …, "value": …}`, into an empty memory."""
        rowwise = Rowwise(self.source, self.contract, self.mapping)
        changes = [_of_line(line, rowwise) for line in content.splitlines() or [b""]]
        return rowwise.fold(changes, {}, AT_LAST_US).records

    def connector(self) -> Connector:
        """Give the connector that follows the table."""
        return Connector(ChangesSettings, self.read, partial(ChangesFeed, self))

    @property
    def again(self) -> Again:
        """Refuse corrections by hand: the row's next change would tell it a second time."""
        return Again(_mend_at_source, lambda _: {})


def _mend_at_source(_: bytes, __: bytes) -> list[JsonObject] | Verdict:
    vi = "hãy sửa dòng này ở hệ thống nguồn; hub sẽ tự nhận thay đổi"
    en = "mend the row at its source; the hub takes the change from there"
    return unreadable("mend_at_source", "", "", vi, en)


def _of_line(line: bytes, rowwise: Rowwise) -> Change | None:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or "value" not in said:
        return read_change(None, line or b" ", rowwise.reading) or read_change(
            None, b" ", rowwise.reading
        )
    parts = (said.get("key"), said["value"])
    key, value = (None if p is None else json.dumps(p).encode() for p in parts)
    return read_change(key, value, rowwise.reading)


class ChangesFeed:
    """Reads a topic by offsets that the log keeps."""

    def __init__(self, of: FollowedTable, settings: ChangesSettings, context: Context) -> None:
        self._of, self._settings, self._context = of, settings, context
        self._consumer: Consumer | None = None
        self._topic_id = ""
        self._at: dict[int, int] = {}
        self._parts: list[int] = []
        # Whether something was read of which it is not known yet that it is durable.
        self._is_handed = False
        self._due = 0.0
        self._load = Load()
        self._rowwise: tuple[str, Rowwise] | None = None
        self._schemas = ForeignSchemas(settings.registry) if settings.registry else None

    def load(self) -> Load:
        """Say what it costs its source, and how much is before it."""
        return self._load

    def close(self) -> None:
        """Close the connection."""
        if self._consumer is not None:
            self._consumer.close()
        self._consumer = None

    def fetch(self, seconds: float) -> Delivery | None:
        """Give what a read brought, waiting at most so long for it; raises `UpstreamError`."""
        wait = self._due - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, seconds))
            if wait > seconds:
                return None
        try:
            consumer = self._consumer or self._connect()
            self._seek(consumer)
            begun = time.monotonic()
            with metrics.UPSTREAM_SECONDS.labels(self._of.source).time():
                messages = consumer.consume(self._settings.batch_records, seconds)
            # From here on, whatever fails before it is durable has it read again.
            self._is_handed = bool(messages)
            self._count(consumer, messages, time.monotonic() - begun)
            return self._delivery([m for m in messages if not _failed(m)])
        except KafkaException as error:
            self.close()
            raise UpstreamError(f"{self._settings.topic}: {error.args[0].str()}") from error
        except SchemaRegistryError as error:
            self.close()
            raise UpstreamError(str(error)) from error
        except TimeoutError as error:
            self.close()
            vi, en = "Kafka không trả lời", "Kafka does not answer"
            raise UpstreamError(f"{self._settings.bootstrap}: {vi} | {en}") from error
        except UpstreamError:
            self.close()
            raise

    def _connect(self) -> Consumer:
        shared = {
            "bootstrap.servers": self._settings.bootstrap,
            "client.id": f"lgsp-hub-{self._of.source}",
            **self._settings.credentials.for_librdkafka(),
        }
        admin = AdminClient(shared)
        asked = admin.describe_topics(
            TopicCollection([self._settings.topic]), request_timeout=SECONDS_MAX
        )
        described = asked[self._settings.topic].result(SECONDS_MAX)
        self._topic_id = str(described.topic_id)
        self._consumer = Consumer(
            {
                **shared,
                "group.id": f"lgsp-hub-{self._of.source}",  # named, and never joined
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "fetch.max.bytes": READ_BYTES_MAX,
                "queued.max.messages.kbytes": READ_BYTES_MAX >> 10,
            }
        )
        self._at = {}
        self._is_handed = False
        self._parts = sorted(p.id for p in described.partitions)
        return self._consumer

    def _checkpoint(self, partition: int) -> str:
        return f"{self._of.source}:at:{self._topic_id}:{partition}"

    def _seek(self, consumer: Consumer) -> None:
        """Read from where the log says, after anything but a delivery that became durable.

        Raises `UpstreamError` where that is deleted.
        """
        names = {p: self._checkpoint(p) for p in self._parts}
        known = self._context.log.checkpoints(list(names.values()))
        wanted = {p: int(known.get(name, -1)) for p, name in names.items()}
        if self._at and not self._is_handed:
            return
        begin = []
        for partition, at in wanted.items():
            where = TopicPartition(self._settings.topic, partition)
            low, high = consumer.get_watermark_offsets(where, SECONDS_MAX)
            if at >= 0 and not low <= at <= high:
                vi = f"bản ghi từ vị trí {at} đã bị xóa khỏi topic trước khi đọc"
                vi += "; hãy cho Debezium chụp lại toàn bảng (incremental snapshot)"
                en = f"records from {at} on were deleted before they were read"
                en += "; have Debezium take a snapshot again"
                raise UpstreamError(f"{self._settings.topic}/{partition}: {vi} | {en}")
            begin.append((partition, low if at < 0 else at))
        self._at, self._is_handed = dict(begin), False
        consumer.assign([TopicPartition(self._settings.topic, p, at) for p, at in begin])

    def _count(self, consumer: Consumer, messages: list[Message], seconds: float) -> None:
        self._load.reads += 1
        self._load.read_seconds += seconds
        self._load.last_rows = len(messages)
        self._due = time.monotonic() + self._settings.pause_seconds
        before = 0
        for partition, at in self._at.items():
            where = TopicPartition(self._settings.topic, partition)
            _, high = consumer.get_watermark_offsets(where, cached=True)
            before += max(0, high - at)
        self._load.waiting = {"records": max(0, before - len(messages))}

    def _delivery(self, messages: list[Message]) -> Delivery | None:
        if not messages:
            self._is_handed = False
            return None
        mapping = self._context.mapping() or self._of.mapping
        if self._rowwise is None or self._rowwise[0] != mapping.digest:
            times = self._settings.times
            schemas = None if self._schemas is None else self._schemas.find
            made = Rowwise(self._of.source, self._of.contract, mapping, times, schemas)
            self._rowwise = (mapping.digest, made)
        rowwise = self._rowwise[1]
        changes = [read_change(m.key(), m.value(), rowwise.reading) for m in messages]
        keys = sorted({c.key for c in changes if c is not None and c.key})
        names = {self._told(key): key for key in keys}
        known = self._context.log.checkpoints(list(names))
        told = {key: Told.load(known.get(name)) for name, key in names.items()}
        at = accepted_at(self._context.clock)
        folded = rowwise.fold(changes, told, at, self._context.ranges())
        points: dict[str, str] = {self._told(k): t.dump() for k, t in folded.told.items()}
        points |= folded.mended
        after = dict(self._at)
        for message in messages:
            partition, offset = message.partition(), message.offset()
            assert partition is not None  # a record that came has its place
            assert offset is not None
            after[partition] = offset + 1
        points |= {self._checkpoint(p): str(at) for p, at in after.items()}

        def acknowledge(_: list[Verdict]) -> None:
            self._at, self._is_handed = after, False

        passed_over = folded.passed_over
        return Delivery(folded.records, points, acknowledge, passed_over=passed_over)

    def _told(self, key: str) -> str:
        return f"{self._of.source}:row:{key}"


def _failed(message: Message) -> bool:
    """Tell whether a read brought an error that passes; raise what does not."""
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    raise KafkaException(error)
