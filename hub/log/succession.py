"""Succession: which log a restored log goes on from, so that places in the old one keep a meaning.

A log that was made again has an identity of its own, and the same records at the same offsets. What
was written before names the older log: the cuts of closed periods, positions and cuts of a store
that came from a backup. A checkpoint of the new log says from which it was restored, topic by
topic, up to which offsets, and by which line of which manifest.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from hub.log.cut import Cut
from hub.log.log import Log

CHECKPOINT = "succession"


@dataclass(frozen=True)
class Restored:
    """That the log of a topic goes on from a predecessor's offsets.

    `followings` are, by partition, the offset after the last one that was restored; `manifest` is
    the digest of the archive's last line then.
    """

    log: str
    topic: str
    predecessor: str
    followings: dict[int, int]
    manifest: str
    restored_at: int


class Succession:
    """What is known of older logs, the newest restoration last."""

    def __init__(self, restored: Iterable[Restored] = ()) -> None:
        self.restored = tuple(restored)
        self._by_log = {(r.log, r.topic): r for r in self.restored}
        self._after = {(r.predecessor, r.topic): r.log for r in self.restored}

    def ancestors(self, log: str, topic: str) -> list[Restored]:
        """List how a topic's log came to be, the latest restoration first."""
        steps: list[Restored] = []
        while (step := self._by_log.get((log, topic))) is not None and step not in steps:
            steps.append(step)
            log = step.predecessor
        return steps

    def latest(self, log: str, topic: str) -> str:
        """Name the log that goes on from this one; itself, where none does."""
        for _ in self.restored:
            log = self._after.get((log, topic), log)
        return log

    def brought_up(self, cut: Cut) -> Cut:
        """Name the same cut by the logs that go on from those it names."""
        positions = {
            (self.latest(log, topic), topic, partition): n
            for (log, topic, partition), n in cut.positions.items()
        }
        return replace(cut, positions=positions)

    def written(self) -> str:
        """Write it as the text of its checkpoint."""
        return json.dumps([asdict(r) for r in self.restored])


def read_restored(said: Mapping[str, object]) -> Restored:
    """Read a restoration as JSON has it; `TypeError` for something else."""
    followings = said.get("followings")
    if not isinstance(followings, dict):
        raise TypeError("followings")
    offsets = {int(p): int(n) for p, n in followings.items()}
    return Restored(**{**said, "followings": offsets})  # type: ignore[arg-type]


def succession_of(log: Log) -> Succession:
    """Read what a log says of where it came from. Raises `LogUnavailableError`."""
    text = log.checkpoint(CHECKPOINT)
    return Succession(read_restored(said) for said in json.loads(text)) if text else Succession()
