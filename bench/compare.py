"""The whole path beside its peers: the same topics, broker, database and two cores, in turns.

Each round runs the hub with one, two and three workers, then every peer once; figures are medians
over rounds. Peers in `SLOW` are measured on fewer events, and one that took longer than
`SLOW_SECONDS` once: else the slowest takes longer than all others. At the end `hub verify` holds
the hub's tables against the log. Usage: `python -m bench.compare [EVENTS] [ROUNDS] [PEER ...]`.
"""

import os
import subprocess
import sys
import time
from dataclasses import asdict

from bench import limits, workers
from bench.hubs import servers
from bench.peers.run import BUILT, PEERS
from bench.peers.run import measure as measure_peer
from bench.section import Row, Section, Target, middle
from bench.topic import Expected, fill
from deploy.local.services.kafka import Kafka
from deploy.local.services.postgres import Postgres
from hub.settings import Settings

EVENTS = 1_000_000
SEED = 1
WORKERS = (1, 2, 3)
SLOW = ("faust", "faust-fastest", "quix", "bytewax")
SLOW_EVENTS = 60_000
SLOW_SECONDS = 30
RATIOS = {"flink": 1.25, "kafka-streams": 2.5, "faust": 100.0}
READING = Target(most=60)
TITLES = {
    "faust": "idiomatic Faust: agents, `group_by`, windowed tables in RocksDB",
    "faust-fastest": "Faust at its fastest: not keyed anew, plain tables in memory",
    "kafka-streams": "Kafka Streams, exactly once",
    "kafka-streams-alo": "Kafka Streams, at least once",
    "quix": "Quix Streams",
    "flink": "Apache Flink, exactly once",
    "bytewax": "Bytewax",
}
# Both cores are busy: what is missing to a target is time of the processor, and goes here.
MISSES = [
    "worker and PostgreSQL keep both cores busy, nearly as much each, and the number of rows"
    " costs most: of facts, each with its indexes, and of cells. What would help, most first:"
    " facts appended without an index and compacted later (a bare COPY has none), and readers"
    " that look into both; numbers in the place of names as keys of cells",
    "a worker's memory is its libraries' (some 200 MiB), two transactions of up to 60,000"
    " events, what waits before them, and what glibc keeps rather than giving it back: smaller"
    " transactions and giving back at once take some 130 MiB less and a tenth longer",
]


def measure(events: int = EVENTS, rounds: int = 3, names: tuple[str, ...] = ()) -> Section:
    """Run all in turns."""
    chosen = names or tuple(PEERS)
    for name in chosen:
        PEERS[name].prepare(BUILT)
    runs: dict[int, list[workers.Run]] = {n: [] for n in WORKERS}
    rates: dict[str, list[float]] = {name: [] for name in chosen if name not in SLOW}
    slow: dict[str, list[float]] = {name: [] for name in chosen if name in SLOW}
    copies: list[tuple[float, float, int]] = []
    with servers() as (kafka, postgres, settings):
        expected = fill(settings, events, SEED)
        for number in range(1, rounds + 1):
            for count in WORKERS:
                runs[count].append(workers.measure(kafka, postgres, settings, expected, count))
                _say(f"round {number}", f"hub, workers: {count}", runs[count][-1].events_per_second)
            copies.append(limits.copy_rows(settings.database_url))
            _in_turn(rates, kafka, postgres, expected, number)
        consumed = limits.consume(settings.kafka_bootstrap, list(expected.events))
        held = workers.sizes(kafka, settings, expected)
        _verify(settings)
    if slow:
        with servers() as (kafka, postgres, settings):
            fewer = fill(settings, min(events, SLOW_EVENTS), SEED)
            for number in range(1, rounds + 1):
                _in_turn(slow, kafka, postgres, fewer, number)
    return _section(expected, rounds, runs, rates | slow, copies, consumed, held)


def _in_turn(
    rates: dict[str, list[float]],
    kafka: Kafka,
    postgres: Postgres,
    expected: Expected,
    number: int,
) -> None:
    """Run each of these peers once more, but for those that took too long before."""
    for name, found in rates.items():
        if found and expected.total_events / found[-1] > SLOW_SECONDS:
            continue
        found.append(measure_peer(PEERS[name], kafka.address, postgres.address, expected))
        _say(f"round {number}", TITLES[name], found[-1])


def _verify(settings: Settings) -> None:
    """Hold the tables against the log; raise `CalledProcessError` where they differ."""
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "hub.cli", "verify"],
        env={
            **os.environ,
            "HUB_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "HUB_DATABASE_URL": settings.database_url,
            "HUB_DATA_DIR": str(settings.data_dir),
        },
        check=True,
        stdout=subprocess.DEVNULL,
    )
    print(f"verify: no difference ({time.monotonic() - begun:.0f} s)", file=sys.stderr)


def _section(
    expected: Expected,
    rounds: int,
    runs: dict[int, list[workers.Run]],
    rates: dict[str, list[float]],
    copies: list[tuple[float, float, int]],
    consumed: float,
    held: dict[str, dict[str, float]],
) -> Section:
    events = expected.total_events
    ours = {n: middle([r.events_per_second for r in found]) for n, found in runs.items()}
    theirs = {name: middle(found) for name, found in rates.items()}
    one = runs[1][0]
    rows = [
        Row(
            "the hub, 1 worker",
            ours[1],
            "events/s",
            f"per million events {one.worker_seconds * 1e6 / events:.1f} s of processor in the"
            f" worker (starting up included), {one.postgres_seconds * 1e6 / events:.1f} s in"
            f" PostgreSQL, {one.kafka_seconds * 1e6 / events:.1f} s in Kafka",
        )
    ]
    rows += [
        Row(
            f"the hub, {n} workers",
            ours[n],
            "events/s",
            f"efficiency {ours[n] / ours[1] / n:.2f}: all share two cores with both servers",
        )
        for n in WORKERS[1:]
    ]
    rows += [
        Row(
            TITLES[name],
            rate,
            "events/s",
            f"the hub is {ours[1] / rate:.1f} times as fast; {PEERS[name].cannot}"
            + (f" Measured on {min(events, SLOW_EVENTS):,} events." if name in SLOW else ""),
        )
        for name, rate in theirs.items()
    ]
    bare, indexed = (middle([events / c[i] for c in copies]) for i in (0, 1))
    rows += [
        Row("bare COPY of the same fact rows", bare, "events/s", "no index, no cells, no fold"),
        Row("COPY of them with the tables' indexes", indexed, "events/s"),
        Row("consumption alone", consumed, "events/s", "confluent-kafka, nothing done with it"),
    ]
    best = max(ours, key=ours.__getitem__)
    note = f"workers: {best}, the best of one to three"
    for name, least in RATIOS.items():
        if name in theirs:
            ratio, said = ours[best] / theirs[name], TITLES[name].partition(":")[0]
            rows.append(Row(f"hub ÷ {said}", ratio, "times", note, Target(least=least)))
    reading = held["reading"]["fact"]
    rows.append(Row("a reading in PostgreSQL, with indexes", reading, "bytes", "", READING))
    rows.append(Row("hub ÷ bare COPY", ours[1] / bare, "times", "", Target(least=0.5)))
    peak = max(r.peak_mib for found in runs.values() for r in found)
    rows.append(Row("memory of a worker at most", peak, "MiB", "", Target(most=400)))
    return Section(
        title="Whole path: Kafka → committed figures in PostgreSQL",
        about="The hub with every guarantee on; peers compute three tallies of the same events.",
        settings={"events": expected.events, "rounds": rounds, "seed": SEED, "partitions": 12},
        rows=rows,
        raw={
            "hub": {n: [asdict(r) for r in found] for n, found in runs.items()},
            "peers": rates,
            "copy": copies,
            "consumed": consumed,
            "bytes": held,
        },
        misses=MISSES if any(row.is_met is False for row in rows) else [],
    )


def _say(*what: object) -> None:
    *words, rate = what
    print(*words, f"{rate:,.0f} events/s", file=sys.stderr)


def main() -> None:
    """Print the rows."""
    given = sys.argv[1:]
    events = int(given[0]) if given else EVENTS
    rounds = int(given[1]) if len(given) > 1 else 3
    print(measure(events, rounds, tuple(given[2:])).printed())


if __name__ == "__main__":
    main()
