"""The plan of faults: what happens when, a pure function of the seed and the duration."""

import random
from dataclasses import dataclass
from math import ceil

# What ends something with -9, by how often it comes.
KILLS = {
    "a worker is killed": 10,
    "the gateway is killed": 5,
    "the broker is killed": 2,
    "PostgreSQL is killed": 3,
    "PostgreSQL and a worker are killed": 1,
    "the gateway is killed while it tells": 2,
    "connectors are killed": 3,
    "writers are killed": 2,
}
OTHERS = (
    "the broker restarts",
    "PostgreSQL restarts",
    "all connections to PostgreSQL are dropped",
    "a worker is frozen past its session",
    "the gateway's clock steps",
    "a worker's clock steps",
    "receivers refuse",
    "receivers hang",
    "receivers go away",
    "folders go away",
    "writers run twice at once",
    "upstreams refuse",
    "upstreams hang",
    "upstreams say things twice",
)
JOINS, LEAVES = "a worker joins", "a worker leaves"  # by turns, so there are two or three of them
KINDS = (*KILLS, *OTHERS, JOINS, LEAVES)
KILLS_PER_MINUTE = 5.5
OTHERS_EVERY_MINUTES = 4
CLOCK_STEPS_SECONDS = (180, 1_800, 3 * 3_600, 86_400)


@dataclass(frozen=True)
class Fault:
    """One fault: seconds after the traffic began, what, and a number that chooses the rest."""

    at: float
    kind: str
    chance: float

    @property
    def clock_step(self) -> int:
        """By how many seconds a clock is off from then on, if it is one that steps."""
        steps = [s * sign for s in CLOCK_STEPS_SECONDS for sign in (1, -1)]
        return steps[int(self.chance * len(steps))]


def plan(seed: int, minutes: float) -> list[Fault]:
    """Plan the faults of a run: each kind at least once, spread over the whole of it."""
    chance = random.Random(f"faults {seed} {minutes:g}")
    kills = max(ceil(minutes * KILLS_PER_MINUTE), len(KILLS))
    kinds = [*KILLS, *chance.choices(list(KILLS), list(KILLS.values()), k=kills - len(KILLS))]
    times = max(1, round(minutes / OTHERS_EVERY_MINUTES))
    kinds += [kind for kind in (*OTHERS, JOINS, LEAVES) for _ in range(times)]
    chance.shuffle(kinds)
    found = []
    is_joined = False
    for number, drawn in enumerate(kinds):
        kind = drawn
        if kind in (JOINS, LEAVES):
            kind = LEAVES if is_joined else JOINS
            is_joined = not is_joined
        at = (number + chance.random()) / len(kinds) * minutes * 60
        found.append(Fault(round(at, 2), kind, chance.random()))
    return found


def printed(faults: list[Fault]) -> list[str]:
    """Write a plan for people, a line for each fault."""
    return [
        f"{f.at:7.1f} s  {f.kind}{f' by {f.clock_step:+d} s' if 'clock' in f.kind else ''}"
        for f in faults
    ]
