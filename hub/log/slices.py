"""Slices: consecutive records of one topic partition as they are read from a log, in columns."""

from dataclasses import dataclass, replace

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

    def between(self, first: int, following: int) -> "Slice":
        """Cut out what stands between two positions within it."""
        a, b = (int(i) for i in np.searchsorted(self.offsets, (first, following)))
        start = int(self.ends[a - 1]) if a else 0
        stop = int(self.ends[b - 1]) if b else 0
        return replace(
            self,
            first=first,
            following=following,
            offsets=self.offsets[a:b],
            schema_ids=self.schema_ids[a:b],
            origin=self.origin[a:b],
            payload=self.payload[start:stop],
            ends=self.ends[a:b] - start,
            refused=tuple(r for r in self.refused if first <= r.offset < following),
        )

    def datums(self) -> list[bytes]:
        """Cut the payload into its datums."""
        ends = self.ends.tolist()
        return [self.payload[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def slice_of_one(
    topic: str, place: tuple[int, int], origin: Origin, schema_id: int, datums: tuple[bytes, Ints]
) -> Slice:
    """Make the slice of one acknowledged batch.

    `place` is (partition, first offset), and `datums` one after another, with where each ends.
    """
    partition, first = place
    payload, ends = datums
    count = len(ends)
    return Slice(
        topic=topic,
        partition=partition,
        first=first,
        following=first + count,
        offsets=np.arange(first, first + count),
        schema_ids=np.full(count, schema_id, np.int64),
        origins=[origin],
        origin=np.zeros(count, np.int64),
        payload=payload,
        ends=ends,
        is_admitted=True,
    )


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
