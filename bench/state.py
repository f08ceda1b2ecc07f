"""State: what remembering every event costs, per dossier, and whether the rate stays.

Applies made-up dossiers to a PostgreSQL of its own: each is received and, a chunk later, resolved;
besides, some dossiers of any age are rated, so that what is not in any cache is read and written
too. From each size on, the rate over the next chunks is taken. Usage:
`python -m bench.state [DOSSIERS ...]` (100,000, 1,000,000 and 3,000,000 by default).
"""

import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.section import Row, Section, Target
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.apply.applier import Applier
from hub.clock import VIETNAM, system_clock, to_us
from hub.log.slices import Ints, Origin, slice_of_one
from hub.log.submitting import encode
from hub.store.store import Store

SIZES = (100_000, 1_000_000, 3_000_000)
CHUNK = 50_000
MEASURED_CHUNKS = 10
OLD = 5_000  # dossiers of any age that are rated with each chunk
PARTITIONS = 12
BYTES_MOST = 250  # a dossier, cells included
DOSSIER = registry.contracts()["dossier"]
START = to_us(datetime(2023, 1, 1, tzinfo=VIETNAM))
HOUR_US = 3_600_000_000
AFTER_H = {"received": 0, "resolved": 100, "rated": 300}
_ONLY_RECEIVED = ("received_by", "procedure_code", "service_level", "channel", "due_at")


def events(numbers: Ints, kind: str) -> pl.DataFrame:
    """Make one event for each of these dossiers; they follow on each other through a year."""
    unit = pl.format("H57.{}", pl.col("n") % 60)
    at = START + pl.col("n") % 8_760 * HOUR_US
    columns: dict[str, Any] = {
        "dossier_code": pl.format("H57.{}-{}", pl.col("n") % 60, pl.col("n")),
        "event_id": pl.format("{}-{}", pl.lit(kind), pl.col("n")),
        "kind": pl.lit(kind),
        "occurred_at": at + AFTER_H[kind] * HOUR_US,
        "received_by": unit,
        "resolved_by": unit if kind == "resolved" else None,
        "procedure_code": pl.format("1.{}", pl.col("n") % 900 + 100_000),
        "service_level": pl.lit("full"),
        "channel": pl.when(pl.col("n") % 3 == 0)
        .then(pl.lit("online"))
        .otherwise(pl.lit("counter")),
        "due_at": at + 120 * HOUR_US,
        "satisfied": pl.lit(value=True) if kind == "rated" else None,
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
        self._rng = np.random.default_rng(1)
        self.applied = 0

    def apply(self, chunk: int) -> None:
        """Apply a chunk: new dossiers, those before resolved, some of any age rated."""
        new = np.arange(chunk * CHUNK, (chunk + 1) * CHUNK)
        self.send(new, "received")
        if chunk:
            self.send(new - CHUNK, "resolved")
            self.send(np.unique(self._rng.integers(0, chunk * CHUNK, OLD)), "rated")

    def send(self, numbers: Ints, kind: str) -> None:
        """Apply one event of each of these dossiers, each in its dossier's partition."""
        now = to_us(system_clock())
        partition = numbers // CHUNK % PARTITIONS
        slices = []
        for own in np.unique(partition).tolist():
            batch = encode(DOSSIER, "one_stop", events(numbers[partition == own], kind), "r", now)
            place = (own, self._following[own])
            datums = (batch.payload, batch.ends)
            origin = Origin("one_stop", now, "r")
            one = slice_of_one(DOSSIER.topic, place, origin, batch.schema_id, datums)
            self._following[own] = one.following
            self.applied += one.count
            slices.append(one)
        self._applier.apply(DOSSIER, slices)


def bytes_of(store: Store, names: list[str]) -> dict[str, int]:
    with store.reading() as reading:
        return {n: int(reading.rows(f"SELECT pg_total_relation_size('{n}')")[0][0]) for n in names}


def measure(sizes: Sequence[int] = SIZES) -> Section:
    """Load up to each size and some chunks beyond; say what it costs."""
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as folder:
        postgres = Postgres(Path(folder), free_port())
        try:
            postgres.start()
            store = Store(postgres.address, registry.definitions())
            store.check_definitions()
            loader = Loader(store)
            chunk = 0
            for size in sizes:
                while chunk * CHUNK < size:
                    loader.apply(chunk)
                    chunk += 1
                    print(f"\r{chunk * CHUNK:,} dossiers", end="", file=sys.stderr)
                held = bytes_of(store, ["fact_dossier", "cell", "cut", "ledger", "lateness"])
                begun, before = time.perf_counter(), loader.applied
                for _ in range(MEASURED_CHUNKS):
                    loader.apply(chunk)
                    chunk += 1
                took = time.perf_counter() - begun
                found.append(
                    {
                        "dossiers": size,
                        "bytes": held,
                        "bytes_per_dossier": round(sum(held.values()) / size),
                        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
                        "events_per_second": (loader.applied - before) / took,
                    }
                )
            store.close()
        finally:
            postgres.kill()
            postgres.wipe()
    rows = [
        Row(
            f"applied beyond {f['dossiers']:,} dossiers",
            f["events_per_second"],
            "events/s",
            f"{f['bytes_per_dossier']} bytes a dossier in SQL, indexes included; this process had"
            f" {f['peak_mib']} MiB at most",
        )
        for f in found
    ]
    least, most = found[0], found[-1]
    bytes_each, target = most["bytes_per_dossier"], Target(most=BYTES_MOST)
    rows.append(Row("a dossier in PostgreSQL, with indexes", bytes_each, "bytes", "", target))
    rows.append(
        Row(
            f"rate at {most['dossiers']:,} dossiers ÷ at {least['dossiers']:,}",
            most["events_per_second"] / least["events_per_second"],
            "times",
            target=Target(least=0.7),
        )
    )
    return Section(
        title="What state costs",
        about="Each dossier received and resolved, some of any age rated; one process, PostgreSQL.",
        settings={"chunk": CHUNK, "rated with each": OLD, "chunks measured": MEASURED_CHUNKS},
        rows=rows,
        raw={"sizes": found},
    )


def main() -> None:
    """Print the rows."""
    print(measure(sorted(int(s) for s in sys.argv[1:]) or SIZES).printed())


if __name__ == "__main__":
    main()
