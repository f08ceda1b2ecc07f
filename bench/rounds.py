"""Rounds: pieces of work done in turn, so that what else the machine does meets all of them."""

import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.section import middle

ROUNDS = 3


@dataclass
class Took:
    """What a piece of work took in each round, in seconds: by the clock, and of the processors."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The median by the clock."""
        return middle(self.wall)

    def time(self, work: Callable[[], object]) -> None:
        """Do the work once more."""
        wall, processor = time.perf_counter(), time.process_time()
        work()
        self.wall.append(time.perf_counter() - wall)
        self.processor.append(time.process_time() - processor)

    def as_json(self) -> dict[str, list[float]]:
        """Give it for a section's raw figures."""
        return {
            "seconds": [round(n, 4) for n in self.wall],
            "processor_seconds": [round(n, 4) for n in self.processor],
        }


def alternate(works: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, Took]:
    """Do each piece of work in turn, so many times."""
    took = {name: Took() for name in works}
    for number in range(1, rounds + 1):
        for name, work in works.items():
            took[name].time(work)
        told(number, rounds)
    return took


def told(number: int, rounds: int) -> None:
    """Tell who waits that a round is done."""
    print(f"round {number} of {rounds} done", file=sys.stderr)


def settings(events: int, seed: int, rounds: int, *packages: str) -> dict[str, Any]:
    """Say what decides figures: events, seed, rounds, machine, versions."""
    return {
        "events": events,
        "seed": seed,
        "rounds": rounds,
        "processors": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
    }
