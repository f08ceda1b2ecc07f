"""Slices: consecutive records of one topic partition as they are read from a log, in columns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Origin:
    """What records of one acknowledgement share: who sent them, when they were accepted, where.

    `accepted_at` is in microseconds since the epoch; `receipt` is empty where there was none.
    """

    sender: str
    accepted_at: int
    receipt: str


@dataclass(frozen=True)
class Refused:
    """A record whose value is no datum of its contract: kept with its bytes, never decoded."""

    offset: int
    origin: Origin
    rule: str
    value: bytes


@dataclass(frozen=True)
class Slice:
    """What stands between two positions of a partition, gaps in the offsets included.

    `first` is the position before it and `following` the one after; `offsets`, `schema_ids` and
    `origin` (an index into `origins`) have one entry a record, as has `ends`, where each datum ends
    within `payload`. `is_admitted` says that a gateway checked every datum against its contract.
    """

    topic: str
    partition: int
    first: int
    following: int
    offsets: Ints
    schema_ids: Ints
    origins: list[Origin]
    origin: Ints
    payload: bytes
    ends: Ints
    refused: tuple[Refused, ...] = ()
    is_admitted: bool = False

    @property
    def count(self) -> int:
        """How many records it holds, refused ones included."""
        return len(self.ends) + len(self.refused)

    def datums(self) -> list[bytes]:
        """Cut the payload into its datums."""
        ends = self.ends.tolist()
        return [self.payload[a:b] for a, b in zip([0, *ends], ends, strict=False)]


@dataclass(frozen=True)
class Joined:
    """The records of several slices of one topic, one after another; `partition` is per record."""

    topic: str
    offsets: Ints
    partition: Ints
    schema_ids: Ints
    origins: list[Origin]
    origin: Ints
    payload: bytes
    ends: Ints
    refused: list[tuple[int, Refused]]
    is_admitted: bool

    @property
    def starts(self) -> Ints:
        """Where each datum starts."""
        return np.concatenate([np.zeros(1, np.int64), self.ends[:-1]])[: len(self.ends)]


def join(slices: list[Slice]) -> Joined:
    """Join slices of one topic."""
    sizes = [len(s.payload) for s in slices]
    shifts = np.cumsum([0, *sizes[:-1]])
    origins: list[Origin] = []
    indexes = []
    for s in slices:
        indexes.append(s.origin + len(origins))
        origins += s.origins
    return Joined(
        topic=slices[0].topic,
        offsets=np.concatenate([s.offsets for s in slices]),
        partition=np.repeat([s.partition for s in slices], [len(s.ends) for s in slices]),
        schema_ids=np.concatenate([s.schema_ids for s in slices]),
        origins=origins,
        origin=np.concatenate(indexes),
        payload=b"".join(s.payload for s in slices),
        ends=np.concatenate([s.ends + a for s, a in zip(slices, shifts, strict=True)]),
        refused=[(s.partition, r) for s in slices for r in s.refused],
        is_admitted=all(s.is_admitted for s in slices),
    )
