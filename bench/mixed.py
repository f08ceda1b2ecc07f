"""Questions while events are applied: 200 mixed ones a second beside 20,000 events a second.

On the production profile, all on one machine: Kafka, PostgreSQL, one `hub serve`, one `hub work`,
a process that produces and one that asks. Both keep to their pace in an open loop: an answer's time
(ms) counts from when its question was due, and what is applied is told by the positions that were
committed. Events are those of `bench.topic`, the first `BASE` of which are applied before. Rounds
without questions and with them take turns, each with its warm-up.

Usage: `python -m bench.mixed [ROUNDS] [SECONDS]` (2 rounds of 10 s by default).
"""

import asyncio
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import polars as pl
import sqlalchemy as sa

from bench.hubs import servers, serving, working
from bench.section import Row, Section, Target, middle
from bench.topic import CHUNK, SENDERS, interleaved, make
from hub import registry
from hub.clock import system_clock
from hub.log.submitting import append_columns
from hub.opening import open_hub
from hub.settings import Settings
from tests.parts.pushing import Pusher

BASE = 400_000
EVENTS_PER_SECOND, QUESTIONS_PER_SECOND = 20_000, 200
STEPS_PER_SECOND = 10
WARM_SECONDS = 3.0
WAIT_SECONDS_MAX = 600.0
CONNECTIONS = 64
SEED = 1
P99_MOST_MS, APPLIED_LEAST = 250.0, 0.8
POSITIONS = "SELECT COALESCE(SUM(next_offset), 0) FROM position"


@dataclass(frozen=True)
class Asking(Pusher):
    """Asks these questions in turn."""

    questions: tuple[str, ...] = ()

    async def _ask(self, reader: Any, writer: Any, number: int, body: bytes) -> int:
        path = self.questions[number % len(self.questions)]
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        size = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(size)
        return int(answer[9:12])


def questions() -> tuple[str, ...]:
    """Write the mix: of each KPI a year, a month and each split; shares of one unit; the board."""
    asked = []
    for kpi in registry.installed().kpis.values():
        if kpi.contract is None:
            continue
        path = f"/v1/kpis/{kpi.id}"
        asked += [f"{path}?period=2021", f"{path}?period=2021-03"]
        asked += [f"{path}?period=2021&by={name}" for name in kpi.dimensions]
        if kpi.contract == "dossier":
            asked += [f"{path}?period=2021&channel=online&by=unit", f"{path}/facts?period=2021-02"]
    boards = [f"/v1/kpis?period=2021-0{month}" for month in range(1, 7)]
    step = len(asked) // len(boards)
    for number, board in enumerate(boards):
        asked.insert(number * (step + 1), board)
    return tuple(asked)


def parts(total: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the seeded events in parts, each of one contract; `CHUNK` events are three parts."""
    yield from interleaved(make(total, SEED))


def produce(settings: Settings, total: int, first: int, count: int, paced: bool) -> float:
    """Produce so many chunks from the `first` on, evenly if paced; give the seconds it took.

    Runs in a process of its own.
    """
    chunks = islice(parts(total), first * len(SENDERS), (first + count) * len(SENDERS))
    made = list(chunks)
    steps = STEPS_PER_SECOND * CHUNK // EVENTS_PER_SECOND
    begun = time.monotonic()
    with open_hub(settings) as hub:
        for number in range(count):
            own = made[number * len(SENDERS) : (number + 1) * len(SENDERS)]
            for step in range(steps):
                if paced:
                    due = begun + (number + step / steps) * CHUNK / EVENTS_PER_SECOND
                    time.sleep(max(due - time.monotonic(), 0))
                for name, frame in own:
                    start, stop = (frame.height * i // steps for i in (step, step + 1))
                    contract = registry.definitions().contract(name)
                    part = frame[start:stop]
                    append_columns(hub.log, contract, SENDERS[name], part, system_clock)
    return time.monotonic() - begun


def ask(port: int, seconds: float) -> tuple[list[float], list[int]]:
    """Ask for so long; give the times (s) of what was due after the warm-up, and the statuses."""
    asking = Asking("127.0.0.1", port, "", "", CONNECTIONS, questions=questions())
    run = asking.push(lambda _: b"", seconds=WARM_SECONDS + seconds, rate=QUESTIONS_PER_SECOND)
    told = asyncio.run(run)
    late = [t for t in told if t.number >= WARM_SECONDS * QUESTIONS_PER_SECOND]
    due = round(seconds * QUESTIONS_PER_SECOND)
    # What was due and could not be sent in time waited for all of it, at the least.
    times = [t.seconds for t in late] + [seconds] * (due - len(late))
    return times, [t.status for t in told]


@dataclass
class Found:
    """What one round came to: events applied a second, and what answers took (s)."""

    applied: float
    answers: list[float]
    statuses: list[int]


def measure(rounds: int = 2, seconds: float = 10.0) -> Section:
    """Measure both in turns."""
    chunks = -(-round((WARM_SECONDS + seconds) * EVENTS_PER_SECOND) // CHUNK)
    base = BASE // CHUNK
    total = (base + 2 * rounds * chunks) * CHUNK
    found: dict[bool, list[Found]] = {False: [], True: []}
    context = multiprocessing.get_context("spawn")
    with (
        servers() as (_, _, settings),
        serving(settings) as (port, _),
        working(settings),
        ProcessPoolExecutor(2, mp_context=context) as pool,
    ):
        engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT")
        pool.submit(produce, settings, total, 0, base, False).result()
        _wait(engine, base * CHUNK)
        first = base
        for number in range(rounds):
            for is_asked, so_far in found.items():
                sending = pool.submit(produce, settings, total, first, chunks, True)
                first += chunks
                _wait(engine, (first - chunks) * CHUNK + 1)
                asking = pool.submit(ask, port, seconds) if is_asked else None
                time.sleep(WARM_SECONDS)
                before, at = _position(engine), time.monotonic()
                time.sleep(seconds - 1)  # its last events are not held up by nothing to follow
                applied = (_position(engine) - before) / (time.monotonic() - at)
                answers, statuses = asking.result() if asking else ([], [])
                so_far.append(Found(applied, answers, statuses))
                sending.result()
                _wait(engine, first * CHUNK)
                print(f"round {number + 1}: {applied:,.0f} events/s", file=sys.stderr)
        engine.dispose()
    return _section(found, rounds, seconds)


def _position(engine: sa.Engine) -> int:
    with engine.connect() as c:
        return int(c.execute(sa.text(POSITIONS)).scalar_one())


def _wait(engine: sa.Engine, events: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while _position(engine) < events:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{events:,} events were not applied")
        time.sleep(0.05)


def _section(found: dict[bool, list[Found]], rounds: int, seconds: float) -> Section:
    without, beside = (middle([f.applied for f in found[b]]) for b in (False, True))
    p50, p99 = (
        middle([1000 * sorted(f.answers)[int(share * len(f.answers))] for f in found[True]])
        for share in (0.5, 0.99)
    )
    statuses = [s for f in found[True] for s in f.statuses]
    good = sum(s == 200 for s in statuses)
    rows = [
        Row("answers, p50", p50, "ms", f"{good:,} of {len(statuses):,} answered by 200"),
        Row("answers, p99", p99, "ms", "", Target(most=P99_MOST_MS)),
        Row("applied without questions", without, "events/s"),
        Row("applied beside them", beside, "events/s"),
        Row("beside ÷ without", beside / without, "times", "", Target(least=APPLIED_LEAST)),
        Row("questions not answered", len(statuses) - good, "questions", "", Target(most=0)),
    ]
    missed = any(row.is_met is False for row in rows)
    return Section(
        "Questions while events are applied",
        f"{QUESTIONS_PER_SECOND} mixed questions a second beside {EVENTS_PER_SECOND:,} events a"
        " second offered; production profile, one gateway and one worker.",
        {
            "rounds": rounds,
            "seconds": seconds,
            "questions": len(questions()),
            "events before": BASE,
            "seed": SEED,
        },
        rows,
        raw={
            ("beside" if b else "without"): [vars(f) for f in those] for b, those in found.items()
        },
        misses=[
            "what asks, applies, produces and stores shares two cores: a question costs its pass"
            " over the facts or cells that it reads, in the gateway or in the database"
        ]
        if missed
        else [],
    )


def main() -> None:
    """Print the rows."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    print(measure(rounds, seconds).printed())


if __name__ == "__main__":
    main()
