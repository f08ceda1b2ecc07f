"""Embedded rate: events through contract, log, fold and cells, beside bare ways to store the bytes.

Prints events a second and ratios, taken side by side on the same synthetic events. Usage:
`python -m bench.embedded [scale]` (0.05 by default).
"""

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from hub import registry
from hub.clock import system_clock
from hub.demo import SEED, generators
from hub.gateway import encode, publish
from hub.hub import open_hub
from hub.settings import Settings

ROUNDS = 3


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def append_bare(path: Path, payloads: list[bytes]) -> None:
    """Append the same bytes to a bare SQLite table, each batch durable by itself."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE batch (id INTEGER PRIMARY KEY, payload BLOB)")
    for payload in payloads:
        connection.execute("INSERT INTO batch (payload) VALUES (?)", (payload,))
    connection.close()


def one_round(frames: list[pl.DataFrame], folder: Path) -> dict[str, float]:
    contract = registry.contracts()["dossier"]
    conformed = [contract.conform(f) for f in frames]
    payloads = [encode(contract, "one_stop", f, "r", 0).payload for f in conformed]
    took = {"bare SQLite append": timed(lambda: append_bare(folder / "bare", payloads))}
    with open_hub(Settings(data_dir=folder)) as hub:

        def load() -> None:
            for frame in frames:
                publish(hub.log, contract, "one_stop", frame, system_clock)

        took["contract and log"] = timed(load)
        took["fold, facts, cells"] = timed(hub.runner.catch_up)
    took["whole path"] = took["contract and log"] + took["fold, facts, cells"]
    return took


def main() -> None:
    """Run the rounds and print medians."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 0.05
    frames = list(generators()["one_stop"].history(SEED, scale))
    events = sum(len(f) for f in frames)
    rounds: list[dict[str, float]] = []
    for number in range(1, ROUNDS + 1):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(one_round(frames, Path(folder)))
        print(f"round {number} of {ROUNDS} done", file=sys.stderr)
    bare = "bare SQLite append"
    medians = {name: sorted(r[name] for r in rounds)[ROUNDS // 2] for name in rounds[0]}
    print(f"{events:,} dossier events, medians of {ROUNDS} alternating rounds")
    for name, seconds in medians.items():
        ratio = medians[bare] / seconds
        print(f"{name:22} {events / seconds:12,.0f} events/s   {ratio:6.3f} of bare append")


if __name__ == "__main__":
    main()
