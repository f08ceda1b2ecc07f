"""Cuts: positions in the log at one instant, which name what was known then."""

import json
from dataclasses import dataclass

Place = tuple[str, str, int]  # log, topic, partition


@dataclass(frozen=True)
class Cut:
    """Where apply stood at an instant: the next offset of each partition of each log."""

    at: int
    positions: dict[Place, int]


def write_cut(cut: Cut) -> str:
    """Write a cut as JSON."""
    listed = [[*place, n] for place, n in sorted(cut.positions.items())]
    return json.dumps({"at": cut.at, "positions": listed})


def read_cut(text: str) -> Cut:
    """Read what `write_cut` wrote; `ValueError`, `KeyError`, `TypeError` for others."""
    said = json.loads(text)
    positions = {(str(log), str(topic), int(p)): int(n) for log, topic, p, n in said["positions"]}
    return Cut(int(said["at"]), positions)
