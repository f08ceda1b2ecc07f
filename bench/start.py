"""Start and take-over: how soon a hub serves, and how soon another worker does what a dead one did.

Start: seconds from starting `hub serve` until `/readyz` answers 200, on an empty folder, on one
with events, and on Kafka with PostgreSQL; medians.

Take-over: PostgreSQL holds so many dossiers, two workers apply a steady trickle of events that
resolve some of them, in all partitions; one worker is ended by kill -9. Seconds until every
partition is current again: beyond where its log ended at the kill, and no further behind it than
one was at most in the five seconds before. Nobody tells Kafka of the death: the worker's session
has to run out first (`HUB_SESSION_SECONDS`).

Usage: `python -m bench.start [DOSSIERS] [ROUNDS]` (1,000,000 and 3 by default); `measure` gives
the same as a `Section`.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
import psycopg

from bench.hubs import ROOT, Process, assigned, plain_environment, servers, serving, working
from bench.section import Row, Section, Target, middle
from bench.state import CHUNK, DOSSIER, Loader, events
from hub import registry
from hub.clock import system_clock
from hub.commands.demonstration import SEED, generators
from hub.kafka.topics import wanted
from hub.log.slices import Ints
from hub.log.submitting import append_columns
from hub.opening import OpenHub, catch_up, open_hub
from hub.settings import Settings
from hub.store.store import Store

STARTS = 5
START_MOST = 1.5  # s
EVENTS_SCALE = 0.01  # of the synthetic year: some 40,000 events
TAKE_OVER_MOST = 10.0  # s
TRICKLE, TRICKLE_SECONDS = 200, 0.1  # events a second, sent so often
TRICKLE_EVENTS = 60_000  # at most
SAMPLE_SECONDS = 0.05
BEFORE_SECONDS = 5.0
SECONDS_MAX = 90.0
IMPORTS = "import hub.cli, hub.http.app, hub.http.protocol"


def starts(settings: Settings) -> list[float]:
    """Start `hub serve` again and again; give the seconds."""
    found = []
    for _ in range(STARTS):
        with serving(settings) as (_, took):
            found.append(took)
    return found


def starts_empty(folder: Path) -> list[float]:
    """Start it on a new folder each time."""
    found = []
    for number in range(STARTS):
        with serving(Settings(data_dir=folder / f"empty{number}")) as (_, took):
            found.append(took)
    return found


def importing() -> list[float]:
    """Give the seconds that Python takes to import what `hub serve` needs."""
    found = []
    for _ in range(STARTS):
        begun = time.perf_counter()
        command = [sys.executable, "-c", IMPORTS]
        subprocess.run(command, cwd=ROOT, env=plain_environment(), check=True, timeout=60)
        found.append(time.perf_counter() - begun)
    return found


def load_some(settings: Settings) -> None:
    """Put some of the synthetic year into an embedded hub, and apply it."""
    with open_hub(settings) as hub:
        for frame in generators()["one_stop"].history(SEED, EVENTS_SCALE):
            append_columns(hub.log, DOSSIER, "one_stop", frame, system_clock)
        catch_up(hub)


def chunk_of(number: int) -> Ints:
    """Number the dossiers of a chunk."""
    return np.arange(number * CHUNK, (number + 1) * CHUNK)


def fill(settings: Settings, dossiers: int) -> int:
    """Apply receptions of so many dossiers, past the log; give how many chunks they were."""
    store = Store(settings.database_url, registry.definitions())
    store.check_definitions()
    loader = Loader(store)
    chunks = -(-dossiers // CHUNK)
    for chunk in range(chunks):
        loader.send(chunk_of(chunk), "received")
        print(f"\r{(chunk + 1) * CHUNK:,} dossiers", end="", file=sys.stderr)
    print(file=sys.stderr)
    store.close()
    # Else the server would do so by itself, at any time in what is measured.
    url = settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return chunks


@contextmanager
def trickling(hub: OpenHub, chunks: int) -> Iterator[None]:
    """Resolve dossiers, here and there among all that are held, at a steady rate."""
    each = -(-TRICKLE_EVENTS // chunks)
    some = [events(chunk_of(c), "resolved").sample(min(each, CHUNK), seed=c) for c in range(chunks)]
    frame = pl.concat(some).sample(fraction=1, shuffle=True, seed=0)
    stopping = threading.Event()
    failed: list[Exception] = []

    def send() -> None:
        size = round(TRICKLE * TRICKLE_SECONDS)
        due = time.perf_counter()
        try:
            for start in range(0, len(frame), size):
                append_columns(
                    hub.log, DOSSIER, "one_stop", frame[start : start + size], system_clock
                )
                due += TRICKLE_SECONDS
                if stopping.wait(max(0.0, due - time.perf_counter())):
                    return
            raise RuntimeError("the trickle ran dry")
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=send, name="trickle", daemon=True)
    thread.start()
    try:
        yield
        if failed:
            raise failed[0]
    finally:
        stopping.set()
        thread.join(SECONDS_MAX)


class Lags:
    """Says how far each partition of the dossiers' topic is behind its log, in records."""

    def __init__(self, hub: OpenHub) -> None:
        self._hub = hub
        self._identity = hub.log.identity(DOSSIER.topic)

    def ends(self) -> dict[int, int]:
        """Give where each partition's log ends."""
        return self._hub.log.ends(DOSSIER.topic)

    def positions(self) -> dict[int, int]:
        """Give where each partition stands in SQL."""
        with self._hub.store.reading() as reading:
            return reading.positions(self._identity, DOSSIER.topic)

    def sample(self) -> tuple[float, dict[int, int], dict[int, int]]:
        """Give the moment, the positions and the lags."""
        ends, positions = self.ends(), self.positions()
        behind = {p: max(0, end - positions.get(p, 0)) for p, end in ends.items()}
        return time.perf_counter(), positions, behind


@dataclass
class TakeOver:
    """One take-over: seconds from the kill; lags in records."""

    partitions: int  # that the dead worker had, of all topics
    resumed: float  # every partition has moved beyond where its log ended at the kill
    current: float
    lag_before: int  # at most, of one partition
    lag_most: int


def take_over(lags: Lags, victim: tuple[int, Process]) -> TakeOver:
    """Kill a worker, and wait until another has caught up with what it left."""
    held = assigned(victim[0])
    before: dict[int, int] = {}
    until = time.perf_counter() + BEFORE_SECONDS
    while time.perf_counter() < until:
        for partition, lag in lags.sample()[2].items():
            before[partition] = max(lag, before.get(partition, 0))
        time.sleep(SAMPLE_SECONDS)
    victim[1].kill()
    killed = time.perf_counter()
    ends = lags.ends()
    lag_before = max(before.values())
    resumed: float | None = None
    most = 0
    while True:
        at, positions, behind = lags.sample()
        if at - killed > SECONDS_MAX:
            raise RuntimeError(f"not current again: {behind}")
        most = max(most, *behind.values())
        if resumed is None and all(positions.get(p, 0) > end for p, end in ends.items()):
            resumed = at
        if resumed is not None and max(behind.values()) <= lag_before:
            return TakeOver(held, resumed - killed, at - killed, lag_before, most)
        time.sleep(SAMPLE_SECONDS)


def settled(workers: list[tuple[int, Process]], lags: Lags) -> None:
    """Wait until workers share all partitions, and stand at the ends of the log."""
    topics = {c.topic for c in registry.definitions().applied.values()}
    total = sum(t.partitions for t in wanted(registry.contracts().values()) if t.name in topics)
    deadline = time.perf_counter() + SECONDS_MAX
    calm = 0
    while calm < 10:
        shares = [assigned(port) for port, _ in workers]
        behind = sum(lags.sample()[2].values())
        is_shared = all(shares) and sum(shares) == total and behind < TRICKLE
        calm = calm + 1 if is_shared else 0
        if time.perf_counter() > deadline:
            raise RuntimeError(f"workers have {shares} of {total} partitions, {behind} behind")
        time.sleep(0.2)


def take_overs(settings: Settings, hub: OpenHub, chunks: int, rounds: int) -> list[TakeOver]:
    """Kill a worker in each round, and start another for the next."""
    lags = Lags(hub)
    found = []
    with trickling(hub, chunks), ExitStack() as stack:
        workers = [stack.enter_context(working(settings)) for _ in range(2)]
        for number in range(rounds):
            settled(workers, lags)
            found.append(take_over(lags, workers.pop(0)))
            print(f"{number + 1} of {rounds}: {found[-1]}", file=sys.stderr)
            if number + 1 < rounds:
                workers.append(stack.enter_context(working(settings)))
    return found


def measure(dossiers: int = 1_000_000, rounds: int = 3) -> Section:
    """Measure starts, then take-overs."""
    kinds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as name:
        folder = Path(name)
        importing()  # so that everything is compiled, and in the memory of the machine
        kinds["embedded, empty"] = starts_empty(folder)
        filled = Settings(data_dir=folder / "filled")
        load_some(filled)
        kinds["embedded, with events"] = starts(filled)
    imports = importing()
    with servers() as (_, _, settings):
        with open_hub(settings):
            pass  # makes the tables
        kinds["Kafka and PostgreSQL"] = starts(settings)
        chunks = fill(settings, dossiers)
        with open_hub(settings) as hub:
            overs = take_overs(settings, hub, chunks, rounds)
    rows = [
        Row(f"start: {kind}", middle(found), "s", _spread(found), Target(most=START_MOST))
        for kind, found in kinds.items()
    ]
    rows.append(Row("start: of it, Python's imports", middle(imports), "s", _spread(imports)))
    resumed = middle([o.resumed for o in overs])
    rows.append(
        Row(
            f"take-over, sessions of {settings.session_seconds:g} s",
            middle([o.current for o in overs]),
            "s",
            f"every partition moves again after {resumed:.1f} s",
            Target(most=TAKE_OVER_MOST),
        )
    )
    misses = []
    if any(row.is_met is False for row in rows[: len(kinds)]):
        misses.append(
            "importing takes most of a start: a seventh of it goes if no garbage is collected"
            " meanwhile, and where Kafka is the log a tenth is its second client, for topics"
        )
    if any(row.is_met is False for row in rows[len(kinds) :]):
        misses.append(
            "a worker's death is noticed when its session (HUB_SESSION_SECONDS) ends, so long after"
            " its last heartbeat; 6 s is the least that a broker's own settings allow"
        )
    return Section(
        "Start and take-over",
        "From starting `hub serve` to `/readyz`; from kill -9 of one of two workers until every"
        " partition is current again.",
        {
            "starts": STARTS,
            "dossiers": chunks * CHUNK,
            "rounds": rounds,
            "events_per_second": TRICKLE,
        },
        rows,
        {
            "start_seconds": kinds,
            "import_seconds": imports,
            "take_overs": [asdict(o) for o in overs],
        },
        misses,
    )


def _spread(found: list[float]) -> str:
    return f"{min(found):.2f} to {max(found):.2f}"


def main() -> None:
    """Measure and print the rows."""
    dossiers = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    print(measure(dossiers, rounds).printed())


if __name__ == "__main__":
    main()
