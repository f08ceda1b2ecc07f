"""State: what remembering every event costs, per million dossiers, and whether the rate stays.

Applies made-up dossiers, each received and, a chunk later, resolved, to a PostgreSQL of its own.
Prints at each size: bytes in SQL by table and per dossier, resident memory of the process, events
a second over the chunks since the last size. Usage:
`python -m bench.state [DOSSIERS ...]` (100,000 and 1,000,000 by default; 10000000 takes a while).
"""

import json
import resource
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from deploy.local.services import Postgres, free_port
from hub import registry
from hub.apply import Applier
from hub.clock import VIETNAM, system_clock, to_us
from hub.gateway import encode
from hub.slices import Origin, slice_of_one
from hub.store import Store

CHUNK = 50_000
PARTITIONS = 12
DOSSIER = registry.contracts()["dossier"]
START = to_us(datetime(2023, 1, 1, tzinfo=VIETNAM))
HOUR_US = 3_600_000_000
_ONLY_RECEIVED = ("received_by", "procedure_code", "service_level", "channel", "due_at")


def events(chunk: int, kind: str) -> pl.DataFrame:
    """Make one event for each dossier of a chunk; chunks follow on each other through a year."""
    numbers = np.arange(chunk * CHUNK, (chunk + 1) * CHUNK)
    unit = pl.format("H57.{}", pl.col("n") % 60)
    at = START + pl.col("n") % 8_760 * HOUR_US
    columns: dict[str, Any] = {
        "dossier_code": pl.format("H57.{}-{}", pl.col("n") % 60, pl.col("n")),
        "event_id": pl.format("{}-{}", pl.lit(kind), pl.col("n")),
        "kind": pl.lit(kind),
        "occurred_at": at if kind == "received" else at + 100 * HOUR_US,
        "received_by": unit,
        "resolved_by": unit if kind == "resolved" else None,
        "procedure_code": pl.format("1.{}", pl.col("n") % 900 + 100_000),
        "service_level": pl.lit("full"),
        "channel": pl.when(pl.col("n") % 3 == 0)
        .then(pl.lit("online"))
        .otherwise(pl.lit("counter")),
        "due_at": at + 120 * HOUR_US,
    }
    if kind != "received":
        columns |= dict.fromkeys(_ONLY_RECEIVED)
    made = {
        f.name: pl.lit(None, f.dtype) if columns.get(f.name) is None else columns[f.name]
        for f in DOSSIER.fields
    }
    return pl.DataFrame({"n": numbers}).select(**made)


class Loader:
    """Applies chunks, each in the partition of its own dossiers."""

    def __init__(self, store: Store) -> None:
        self._applier = Applier(store, lambda _: "bench", system_clock)
        self._following = dict.fromkeys(range(PARTITIONS), 0)

    def apply(self, chunk: int, kind: str) -> None:
        partition = chunk % PARTITIONS
        now = to_us(system_clock())
        batch = encode(DOSSIER, "one_stop", events(chunk, kind), "r", now)
        place = (partition, self._following[partition])
        datums = (batch.payload, batch.ends)
        origin = Origin("one_stop", now, "r")
        one = slice_of_one(DOSSIER.topic, place, origin, batch.schema_id, datums)
        self._following[partition] = one.following
        self._applier.apply(DOSSIER, [one])


def bytes_of(store: Store, names: list[str]) -> dict[str, int]:
    with store.reading() as reading:
        return {n: int(reading.rows(f"SELECT pg_total_relation_size('{n}')")[0][0]) for n in names}


def main() -> None:
    """Load up to each size and print what it costs."""
    sizes = sorted(int(s) for s in sys.argv[1:]) or [100_000, 1_000_000]
    with tempfile.TemporaryDirectory() as folder:
        postgres = Postgres(Path(folder), free_port())
        try:
            postgres.start()
            store = Store(postgres.address, registry.facts())
            store.check_definitions()
            loader = Loader(store)
            chunk = 0
            for size in sizes:
                begun, first = time.perf_counter(), chunk
                while chunk * CHUNK < size:
                    loader.apply(chunk, "received")
                    if chunk:
                        loader.apply(chunk - 1, "resolved")
                    chunk += 1
                    print(f"\r{chunk * CHUNK:,} dossiers", end="", file=sys.stderr)
                took = time.perf_counter() - begun
                count = chunk * CHUNK
                held = bytes_of(store, ["fact_dossier", "cell", "cut", "ledger", "lateness"])
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
                said = {
                    "dossiers": count,
                    "bytes": held,
                    "bytes_per_dossier": round(sum(held.values()) / count),
                    "resident_bytes_max": memory,
                    "events_per_second": round(2 * (chunk - first) * CHUNK / took),
                }
                print(json.dumps(said), flush=True)
            store.close()
        finally:
            postgres.kill()
            postgres.wipe()


if __name__ == "__main__":
    main()
