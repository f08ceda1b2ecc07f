"""What one fetch of a partition brought, on its way from the broker to the agent."""

from dataclasses import dataclass, replace

from hub.kafka.records import WireBatch, read
from hub.kafka.wire import Records


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one fetch of a partition brought; it may hold no records, when only the position moved.

    `first`: the position before; the `following` of the one before it, or where it was placed.
    `following`: the position after, beyond gaps of transaction marks, aborted or compacted records.
    `end`: the end of the partition as the broker told it then; `end - following` is the lag.
    `count`: of the records, and of those before `first` that the broker sent with them.
    """

    topic: str
    partition: int
    first: int
    following: int
    end: int
    count: int
    batches: list[WireBatch]

    def and_then(self, later: "Fetched") -> "Fetched":
        """Join it with what follows in the same partition."""
        return replace(
            later,
            first=self.first,
            count=self.count + later.count,
            batches=[*self.batches, *later.batches],
        )

    def records(self) -> Records:
        """Read the records; takes two seconds a million."""
        return read(self.batches, self.first)
