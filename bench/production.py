"""Production rate: Kafka to committed figures in PostgreSQL, beside idiomatic Faust.

Starts its own Apache Kafka and PostgreSQL on loopback, fills the dossier topic with a part of the
synthetic year, then lets take turns, on the same topic: a plain Faust worker (an agent per event,
a table, a window), one worker of the hub, three of them. Rates count from the first result seen to
the last, so that starting up is in none of them. Usage: `python -m bench.production [SCALE]
[ROUNDS]` (0.1 and 1 by default).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from deploy.local.services import Kafka, Postgres, free_port
from hub import registry
from hub.clock import system_clock
from hub.demo import SEED, generators
from hub.gateway import publish
from hub.hub import open_hub
from hub.settings import Settings
from hub.topics import Topics, wanted

ROOT = Path(__file__).parents[1]
IDIOMATIC_EVENTS = 30_000
SECONDS_MAX = 1_800


def fill(settings: Settings, scale: float) -> int:
    """Produce the dossier events; count them."""
    contract = registry.contracts()["dossier"]
    total = 0
    with open_hub(settings) as hub:
        for frame in generators()["one_stop"].history(SEED, scale):
            publish(hub.log, contract, "one_stop", frame, system_clock)
            total += len(frame)
            print(f"\rproduced {total:,}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return total


def idiomatic(settings: Settings, folder: Path) -> float:
    """Events a second of the plain worker."""
    command = [sys.executable, "bench/idiomatic.py", settings.kafka_bootstrap, str(folder)]
    done = subprocess.run(
        [*command, str(IDIOMATIC_EVENTS)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS_MAX,
        check=True,
        text=True,
    )
    # Faust's worker writes to standard output too.
    points = [json.loads(x) for x in done.stdout.splitlines() if x.startswith("[") and "," in x]
    (t0, n0), (t1, n1) = points[0], points[-1]
    return float((n1 - n0) / (t1 - t0))


def ours(settings: Settings, workers: int, events: int) -> float:
    """Events a second of the hub's workers, from an empty store."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as c:
        c.exec_driver_sql("DROP SCHEMA public CASCADE")
        c.exec_driver_sql("CREATE SCHEMA public")
    with open_hub(settings):
        pass  # makes the tables
    environment = {
        **os.environ,
        "HUB_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "HUB_DATABASE_URL": settings.database_url,
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "hub.cli", "work"],
            env={**environment, "HUB_LISTEN": f"127.0.0.1:{free_port()}"},
            cwd=ROOT,
        )
        for _ in range(workers)
    ]
    try:
        first: tuple[float, int] | None = None
        deadline = time.monotonic() + SECONDS_MAX
        query = sa.text("SELECT COALESCE(SUM(next_offset), 0) FROM position")
        with engine.connect() as c:
            while True:
                at = int(c.execute(query).scalar_one())
                now = time.monotonic()
                if at and first is None:
                    first = now, at
                if at >= events and first is not None:
                    return (events - first[1]) / (now - first[0])
                if now > deadline or any(p.poll() is not None for p in started):
                    raise RuntimeError("a worker ended or took too long")
                time.sleep(0.05)
    finally:
        engine.dispose()
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def main() -> None:
    """Fill, measure in turns, print rates and ratios."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 0.1
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as folder:
        kafka = Kafka(Path(folder), free_port(), free_port())
        postgres = Postgres(Path(folder), free_port())
        kafka.start()
        postgres.start()
        try:
            settings = Settings(kafka_bootstrap=kafka.address, database_url=postgres.address)
            topics = Topics(kafka.address)
            topics.apply(topics.plan(wanted()), 1)
            topics.close()
            events = fill(settings, scale)
            rates: dict[str, list[float]] = {}
            for number in range(1, rounds + 1):
                plain = idiomatic(settings, Path(folder) / f"idiomatic{number}")
                rates.setdefault("idiomatic Faust, one worker", []).append(plain)
                for workers in (1, 3):
                    rate = ours(settings, workers, events)
                    rates.setdefault(f"the hub, workers: {workers}", []).append(rate)
                print(f"round {number} of {rounds} done", file=sys.stderr)
        finally:
            postgres.stop()
            kafka.stop()
    medians = {name: sorted(found)[len(found) // 2] for name, found in rates.items()}
    bare = medians["idiomatic Faust, one worker"]
    print(f"{events:,} dossier events in 12 partitions, medians of {rounds} rounds")
    for name, rate in medians.items():
        print(f"{name:28} {rate:10,.0f} events/s   {rate / bare:6.1f} times idiomatic Faust")


if __name__ == "__main__":
    main()
