"""The log: events, durable before they are acknowledged, in topics with partitions and offsets.

What is appended is a submission: what one acknowledgement stands for. What is read are slices. The
embedded log is a SQLite file (`hub.log.sqlite`), the other is Apache Kafka (`hub.kafka.log`); the
same laws hold for both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from hub.log.slices import Slice
from hub.troubles import TroubleError

IDEMPOTENCY_DAYS = 7


class LogUnavailableError(TroubleError):
    """The log could not make an append durable; the sender is to send it again."""


class TopicsError(TroubleError):
    """The topics are not as they must be; the message says which, and what to do."""


class NotInLogError(TroubleError):
    """What is to be read was in the log and is no longer; nothing may go on as if it had not been.

    `place` is topic and partition, `span` what the log holds: its first offset, and the one after
    its last.
    """

    def __init__(self, place: str, offset: int, span: tuple[int, int], more: str = "") -> None:
        self.place = place
        self.offset = offset
        self.span = span
        super().__init__(
            f"{place} cannot be read from offset {offset}: the log holds {span[0]} to {span[1]}"
            " only; "
            + (more or "set HUB_ARCHIVE_DIR to the archive that holds what stood before them")
        )


class IdempotencyConflictError(Exception):
    """An idempotency key came again with another body."""


@dataclass(frozen=True)
class Batch:
    """Records of one topic, sender and schema revision; `ends` are datum ends within `payload`."""

    topic: str
    sender: str
    accepted_at: int
    schema_id: int
    receipt: str
    payload: bytes
    ends: npt.NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many records it holds."""
        return len(self.ends)


@dataclass
class Submission:
    """What one acknowledgement stands for: batches and the receipt, durable together.

    `repeats` is set to the stored answer where the sender's idempotency key was seen before.
    """

    receipt: str
    sender: str
    contract: str
    accepted_at: int
    accepted: int
    rejected: int
    batches: list[Batch]
    answer: str = "{}"
    body_digest: str = ""
    idempotency_key: str | None = None
    # Checkpoints of whoever submits, by name, durable together with the events.
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    # Where its records stand, as `Kept.places`, set when that is known.
    places: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict, init=False)
    repeats: str | None = field(default=None, init=False)
    error: Exception | None = field(default=None, init=False)


@dataclass(frozen=True)
class Receipt:
    """What was acknowledged: by whom sent, under which contract, on which local day, how much.

    The day counts from 1970-01-01.
    """

    id: str
    sender: str
    contract: str
    day: int
    accepted: int
    rejected: int


@dataclass(frozen=True)
class Kept:
    """A receipt with what was answered, and where in the log its records stand.

    `places` are by topic: partition, first offset, the one after the last. Other receipts' records
    may stand in between.
    """

    sender: str
    contract: str
    accepted_at: int
    answer: str
    places: dict[str, list[tuple[int, int, int]]]
    is_spooled: bool = False  # it is in a gateway's spool, and nowhere yet


@dataclass(frozen=True)
class Acknowledgement:
    """A receipt with all that is kept of it, as the archive takes it and `Refill` puts it back."""

    places: dict[str, list[tuple[int, int, int]]]
    id: str
    sender: str
    contract: str
    accepted_at: int
    accepted: int
    rejected: int
    idempotency_key: str | None
    body_digest: str
    answer: str


class Log(Protocol):
    """A log."""

    # Whether producers that are not the hub's can append, so that records must be judged again.
    is_open: bool

    def identity(self, topic: str) -> str:
        """Name the log of a topic; a topic that was deleted and made again is another log."""

    def append(self, submissions: Sequence[Submission]) -> None:
        """Make submissions durable, in order.

        One whose idempotency key is known gets its earlier answer in `repeats`, or an error where
        its body differs, and appends nothing. Raises `LogUnavailableError`.
        """

    def seen(self) -> int | None:
        """Give a number that is another one after anybody else appends; None: it has to be read.

        Of one thread: what it appends itself is no news to it.
        """

    def begins(self, topic: str) -> dict[int, int]:
        """Give, per partition, the offset from which on everything can be read."""

    def ends(self, topic: str) -> dict[int, int]:
        """Give, per partition, the offset that its next record will get."""

    def ends_of(self, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        """Give the ends of several topics, which are asked for at once."""

    def read(
        self,
        topic: str,
        offset: int,
        *,
        partition: int = 0,
        until: int | None = None,
        events_max: int = 100_000,
    ) -> list[Slice]:
        """Read a partition from an offset on, up to about `events_max` records.

        `until` is an offset that is not read. Nothing found: no slices. Raises `NotInLogError`
        where the log begins after the offset.
        """

    def checkpoint(self, name: str) -> str | None:
        """Read a checkpoint."""

    def checkpoints(self, names: Sequence[str]) -> dict[str, str]:
        """Read those of these checkpoints that are set. Raises `LogUnavailableError`."""

    def set_checkpoints(self, values: Mapping[str, str]) -> None:
        """Set checkpoints by themselves, durably. Raises `LogUnavailableError`."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it."""

    def receipts(self) -> list[Receipt]:
        """List what was acknowledged."""

    def receipt(self, name: str) -> Kept | None:
        """Find a receipt by its id."""

    def acknowledged(self) -> dict[str, int]:
        """Count by sender the items of all receipts: everything that was ever acknowledged."""

    def acknowledgements(self, names: Sequence[str]) -> list[Acknowledgement]:
        """Read those of these receipts that are there, whole, in the order of their names."""

    def all_checkpoints(self) -> dict[str, str]:
        """Read every checkpoint."""

    def close(self) -> None:
        """Close what this thread has open."""
