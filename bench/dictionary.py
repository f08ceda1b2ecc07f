"""Trains what stored events are packed by, from those of the demo year.

Usage: `python -m bench.dictionary STORE.sqlite3` writes `schemas/dictionaries/`. Stores that were
packed by another dictionary are then to be made anew by `hub rebuild`.
"""

import sys
from pathlib import Path

import zstandard

from hub import registry
from hub.store.packing import LEVEL
from hub.store.store import Store

ROOT = Path(__file__).resolve().parents[1]
BYTES = 4_096  # four times as many pack as well
SAMPLES = 8_000


def main() -> None:
    """Train a dictionary for each contract of which the store holds enough."""
    store = Store(f"sqlite:///{sys.argv[1]}", registry.definitions())
    with store.reading() as reading:
        for contract, fact in store.facts.items():
            states = [row[3] for row in reading.stored(fact, "ORDER BY entity")]
            if len(states) < SAMPLES:
                continue
            samples = states[:: len(states) // SAMPLES]
            trained = zstandard.train_dictionary(BYTES, samples, level=LEVEL)
            path = ROOT / "schemas" / "dictionaries" / f"{contract}.zdict"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(trained.as_bytes())
    store.close()


if __name__ == "__main__":
    main()
