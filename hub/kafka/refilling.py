"""Refilling: empty topics get back what an archive holds, every record at its old offset.

Where records are missing between two offsets, something stood there that is no record: aborted
records, the marker of a transaction, a notice of the hub's own. Such gaps are made again by
transactions: one that is aborted takes an offset for each of its records and one for its marker;
where the gap is a single offset, the record before it is committed in a transaction of its own.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from hub.definitions import avro, datums
from hub.definitions.contract import Contract
from hub.definitions.installed import Definitions
from hub.kafka import wire
from hub.kafka.log import DELIVERY_SECONDS_MAX, KafkaLog, producer_settings
from hub.log.log import Acknowledgement, LogUnavailableError, Receipt, TopicsError
from hub.log.refill import NotEmptyError, WrongProfileError
from hub.log.slices import Origin, Slice
from hub.store.receipts import Receipts
from hub.store.store import Store

TRANSACTION = "lgsp-hub-restore"
MARKER_SECONDS_MAX = 60
POLL_SECONDS = 0.002
FILLER = b"lgsp-hub: aborted"
_Place = tuple[str, int]  # topic, partition
# offset, accepted at (in microseconds), key, value, headers
_Put = tuple[int, int, bytes | None, bytes | None, list[tuple[str, str | bytes | None]]]


@contextmanager
def refilling(log: KafkaLog, bootstrap: str, store: Store) -> Iterator["KafkaRefill"]:
    """Open what puts records back into topics; nobody may produce to them meanwhile.

    Raises `NotEmptyError` where a topic ever held a record, `TopicsError` where one is missing.
    """
    ends = log.ends_of(c.topic for c in store.definitions.applied.values())
    filled = sorted(topic for topic, at in ends.items() if any(at.values()))
    if filled:
        raise NotEmptyError(
            f"{filled[0]} đã có bản ghi: chỉ khôi phục vào chủ đề mới; xoá chủ đề rồi chạy lại |"
            f" {filled[0]} holds records: a log is restored into new topics only; delete the topic,"
            " then run this again"
        )
    yield KafkaRefill(log, bootstrap, store, ends)


class KafkaRefill:
    """See `Refill`. `lost` are receipts of a backup whose records the archive does not hold."""

    def __init__(
        self,
        log: KafkaLog,
        bootstrap: str,
        store: Store,
        partitions: Mapping[str, Mapping[int, int]],
    ) -> None:
        self._log = log
        self._definitions: Definitions = store.definitions
        self._receipts = Receipts(store)
        self._partitions = partitions
        settings = producer_settings(bootstrap, DELIVERY_SECONDS_MAX, log.credentials)
        self._plain = Producer(settings)
        self._in_transaction = Producer({**settings, "transactional.id": TRANSACTION})
        self._is_begun = False
        # By partition: how far it is filled, how far it is to be, and the record that waits until
        # it is known what follows it.
        self._ends: dict[_Place, int] = {}
        self._wanted: dict[_Place, int] = {}
        self._held: dict[_Place, _Put] = {}
        self.lost: list[Receipt] = []

    def put(self, whole: Slice) -> None:
        """See `Refill.put`."""
        place = (whole.topic, whole.partition)
        if whole.is_admitted:
            raise WrongProfileError(
                "kho lưu trữ này của một hub không có Kafka; hãy bỏ HUB_KAFKA_BOOTSTRAP |"
                " this archive is of a hub without Kafka; unset HUB_KAFKA_BOOTSTRAP"
            )
        if whole.partition not in self._partitions[whole.topic]:
            raise TopicsError(
                f"{whole.topic} có {len(self._partitions[whole.topic])} phân vùng, kho lưu trữ có"
                f" phân vùng {whole.partition}: tạo lại chủ đề với --partitions lớn hơn |"
                f" {whole.topic} has {len(self._partitions[whole.topic])} partitions, the archive"
                f" holds partition {whole.partition}: make the topic again with more --partitions"
            )
        assert whole.first == self._wanted.get(place, 0), place
        run: list[_Put] = []
        for record in _records(self._definitions.of_topic(whole.topic), whole):
            held = self._held.get(place)
            if held is not None and record[0] == held[0] + 1:
                run.append(held)
            else:
                self._produce(place, run)
                run = []
                self._close_gap(place, record[0])
            self._held[place] = record
        self._produce(place, run)
        self._wanted[place] = whole.following

    def acknowledge(self, kept: Sequence[Acknowledgement]) -> None:
        """See `Refill.acknowledge`."""
        self._receipts.put_back(kept)

    def set_checkpoints(self, values: Mapping[str, str]) -> None:
        """See `Refill.set_checkpoints`; first the last gaps are closed."""
        for place, end in self._wanted.items():
            self._close_gap(place, end)
        ends: dict[str, dict[int, int]] = {}
        for (topic, partition), end in self._wanted.items():
            ends.setdefault(topic, {})[partition] = end
        for topic, wanted in ends.items():
            there = self._log.ends(topic)
            if any(there[p] != end for p, end in wanted.items()):
                raise _changed(topic)
        self.lost = self._receipts.take_back(ends)
        self._receipts.replace_checkpoints(values)

    def _close_gap(self, place: _Place, until: int) -> None:
        """Put the record that waits, and what is no record up to an offset."""
        held = self._held.pop(place, None)
        gap = until - (self._ends.get(place, 0) if held is None else held[0] + 1)
        if held is not None and gap != 1:
            self._produce(place, [held])
        if gap == 1:
            if held is None:
                raise TopicsError(
                    f"{place[0]}/{place[1]}: không thể để trống vị trí 0 |"
                    f" {place[0]}/{place[1]}: nothing can be made to stand at offset 0"
                )
            self._transact(place, [held], until, is_kept=True)
        elif gap > 1:
            at = self._ends.get(place, 0)
            fillers: list[_Put] = [(o, 0, None, FILLER, []) for o in range(at, until - 1)]
            self._transact(place, fillers, until, is_kept=False)

    def _transact(
        self, place: _Place, records: Sequence[_Put], until: int, *, is_kept: bool
    ) -> None:
        """Put records in a transaction, whose marker is then the last offset before `until`."""
        producer = self._in_transaction
        try:
            if not self._is_begun:
                producer.init_transactions(MARKER_SECONDS_MAX)
                self._is_begun = True
            producer.begin_transaction()
            self._produce(place, records, producer)
            end = producer.commit_transaction if is_kept else producer.abort_transaction
            end(MARKER_SECONDS_MAX)
        except KafkaException as error:
            raise LogUnavailableError(str(error)) from error
        # The broker writes the marker a little later; what comes next must not stand before it.
        deadline = time.monotonic() + MARKER_SECONDS_MAX
        while (there := self._log.ends(place[0])[place[1]]) < until:
            if time.monotonic() > deadline:
                raise LogUnavailableError(f"{place[0]}/{place[1]}: no marker at {until - 1}")
            time.sleep(POLL_SECONDS)
        if there != until:
            raise _changed(place[0])
        self._ends[place] = until

    def _produce(
        self, place: _Place, records: Sequence[_Put], producer: Producer | None = None
    ) -> None:
        """Produce records to a partition, and make sure that each stands where it is to."""
        if not records:
            return
        producer = producer or self._plain
        topic, partition = place
        flaws: list[Exception] = []

        def delivered(expected: int, error: KafkaError | None, message: Message) -> None:
            if error is not None:
                flaws.append(LogUnavailableError(str(error)))
            elif message.offset() != expected:
                flaws.append(_changed(topic))

        try:
            for offset, at, key, value, headers in records:
                while True:
                    try:
                        producer.produce(
                            topic,
                            value,
                            key,
                            partition=partition,
                            # Up, as it is cut off when it is read; 0 would mean now.
                            timestamp=-(-at // 1000) or -1,
                            headers=headers,
                            on_delivery=partial(delivered, offset),
                        )
                        break
                    except BufferError:
                        producer.poll(0.1)
            left = producer.flush(DELIVERY_SECONDS_MAX + 10)
        except KafkaException as error:
            raise LogUnavailableError(str(error)) from error
        if flaws or left:
            raise flaws[0] if flaws else LogUnavailableError(f"{left} not delivered")
        self._ends[place] = records[-1][0] + 1


def _changed(topic: str) -> TopicsError:
    return TopicsError(
        f"có bên khác ghi vào {topic} trong lúc khôi phục; xoá chủ đề, dừng bên ghi, rồi chạy lại |"
        f" somebody else produced to {topic} meanwhile; delete the topics, stop who produces, and"
        " run this again"
    )


def _records(contract: Contract, whole: Slice) -> list[_Put]:
    """Make records of a slice, in the order of their offsets."""
    shared = [_headers(whole.topic, origin) for origin in whole.origins]
    datums = whole.datums()
    named = _named(contract, whole)
    columns = (whole.offsets.tolist(), whole.origin.tolist(), whole.schema_ids.tolist())
    records: list[_Put] = []
    for i, (offset, origin, schema_id) in enumerate(zip(*columns, strict=True)):
        key, event_id = named[i]
        headers = list(shared[origin])
        if event_id is not None:
            headers.append((wire.EVENT_ID, event_id.encode()))
        value = avro.wire(schema_id, datums[i])
        at = whole.origins[origin].accepted_at
        records.append((offset, at, None if key is None else key.encode(), value, headers))
    for r in whole.refused:
        value_there = None if r.rule == "no_value" else r.value
        headers = _headers(whole.topic, r.origin)
        records.append((r.offset, r.origin.accepted_at, None, value_there, headers))
    return sorted(records, key=lambda record: record[0])


def _headers(topic: str, origin: Origin) -> list[tuple[str, str | bytes | None]]:
    return [*wire.headers(topic, wire.SENDERS + origin.sender, origin.receipt)]


def _named(contract: Contract, whole: Slice) -> list[tuple[str | None, str | None]]:
    """Give the key and event id of each record; none of what does not decode."""
    named: list[tuple[str | None, str | None]] = [(None, None)] * len(whole.offsets)
    own = datums.by_schema(whole.schema_ids, whole.payload, whole.ends)
    for place, plain, payload, ends in own:
        frame, rows = datums.decode_whole(plain, payload, ends)
        names = zip(*wire.keys_and_ids_of(contract, frame), strict=True)
        for i, name in zip(place[rows].tolist(), names, strict=True):
            named[i] = name
    return named
