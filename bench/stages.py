"""Where the time goes: stages of applying, one batch after another in this process, on PostgreSQL.

Batches are as a worker makes them: records as Kafka has them, of twelve partitions, judged again.
Nothing overlaps here, so the stages add up; a worker folds one batch while another is written.
Usage: `python -m bench.stages [EVENTS]`.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
from aiokafka.record.default_records import (  # type: ignore[import-untyped]
    DefaultRecordBatchBuilder,
)

from bench import processes
from bench.section import Row, Section
from bench.topic import SENDERS, make
from bench.workers import pids
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.apply import entities, fold, intake
from hub.apply.applier import Applier
from hub.clock import system_clock, to_us
from hub.definitions import avro
from hub.definitions.contract import Contract
from hub.kafka import wire
from hub.kafka.records import WireBatch, read
from hub.log.slices import Slice
from hub.log.submitting import encode
from hub.store.store import Store
from hub.store.writing import Writing

EVENTS = 500_000
PARTITIONS = 12
PER_TRANSACTION = 60_000
WIRE_RECORDS = 2_000
LZ4 = 3
STAGES: dict[str, list[tuple[Any, str]]] = {
    "read states": [(entities, "read_stored")],
    "decode and judge": [(intake, "take")],
    "drop repeats": [(fold, "find_repeats")],
    "fold, was and is": [(fold, "fold_twice")],
    "stored events": [(entities, "fact_rows")],
    "cells": [(entities, "cell_rows")],
    "arrivals, lateness, heard": [
        (entities, "arrival_rows"),
        (entities, "lateness_rows"),
        (entities, "heard_each"),
    ],
    "write facts": [(Writing, "write_facts")],
    "write cells": [(Writing, "write_cells")],
    "write ledger, cut, position": [
        (Writing, n)
        for n in (
            "swap_positions",
            "keep_cut",
            "add_ledger",
            "add_arrivals",
            "add_lateness",
            "hear",
        )
    ],
}


class Watch:
    """Adds up the seconds that stages take."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function so that its time counts for a stage."""

        def run(*given: Any, **named: Any) -> Any:
            with self.of(stage):
                return work(*given, **named)

        return run

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Count the time inside for a stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0) + time.perf_counter() - begun


def batches(
    contract: Contract,
    sender: str,
    frame: pl.DataFrame,
    spoil: Callable[[list[bytes]], list[bytes]] = list,
) -> list[list[WireBatch]]:
    """Write events as a broker keeps them, per partition; `spoil` may change some values."""
    now = to_us(system_clock())
    head = wire.headers(contract.topic, wire.SENDERS + sender, "r")
    frame = contract.conform(frame)
    partition = frame.select(contract.entity.hash(1) % PARTITIONS).to_series()
    out = []
    for number in range(PARTITIONS):
        own = frame.filter(partition == number)
        batch = encode(contract, sender, own, "r", now)
        ends = batch.ends.tolist()
        datums = [batch.payload[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        values = spoil([avro.wire(batch.schema_id, datum) for datum in datums])
        ids = own["event_id"].to_list()
        made = []
        for start in range(0, len(values), WIRE_RECORDS):
            builder = DefaultRecordBatchBuilder(2, LZ4, False, -1, -1, -1, 1 << 30)
            chosen = zip(ids[start:], values[start : start + WIRE_RECORDS], strict=False)
            for offset, (event_id, value) in enumerate(chosen):
                said = [*head, (wire.EVENT_ID, event_id.encode())]
                builder.append(offset, now // 1000, event_id.encode(), value, said)
            made.append(WireBatch(memoryview(bytes(builder.build()))))
        out.append(made)
    return out


def measure(events: int = EVENTS) -> Section:
    """Apply all and time the stages."""
    frames = make(events, 1)
    rounds = max(1, events // PER_TRANSACTION)
    watch = Watch()
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as folder:
        postgres = Postgres(Path(folder), free_port())
        postgres.start()
        store = Store(postgres.address, registry.definitions())
        store.check_definitions()
        applier = Applier(store, lambda _: "bench", system_clock, has_listeners=True)
        following: dict[tuple[str, int], int] = {}
        took = server = own = 0.0
        try:
            for number in range(rounds):
                for name, frame in frames.items():
                    contract = registry.definitions().contract(name)
                    first, end = (frame.height * i // rounds for i in (number, number + 1))
                    wired = batches(contract, SENDERS[name], frame[first:end].drop("at"))
                    before = processes.seconds(pids(postgres)), time.process_time()
                    begun = time.perf_counter()
                    with ExitStack() as stack:
                        for stage, functions in STAGES.items():
                            for place, function in functions:
                                work = watch.timed(stage, getattr(place, function))
                                stack.enter_context(patch.object(place, function, work))
                        with watch.of("read Kafka's batches"):
                            slices = slices_of(contract, wired, following)
                        applier.apply(contract, slices)
                    took += time.perf_counter() - begun
                    own += time.process_time() - before[1]
                    server += processes.seconds(pids(postgres)) - before[0]
                print(f"{(number + 1) * 100 // rounds} %", file=sys.stderr)
        finally:
            store.close()
            postgres.kill()
            postgres.wipe()
    per = 1e6 / events
    watch.seconds["the rest: joins, commit"] = took - sum(watch.seconds.values())
    rows = [
        Row(stage, seconds * per, "µs/event", f"{seconds / took:.0%}")
        for stage, seconds in sorted(watch.seconds.items(), key=lambda s: -s[1])
    ]
    rows += [
        Row("all stages", took * per, "µs/event", f"{events / took:,.0f} events/s, no overlap"),
        Row("processor, this process", own * per, "µs/event"),
        Row("processor, PostgreSQL", server * per, "µs/event"),
    ]
    return Section(
        title="Where the time goes",
        about="Seconds by the clock of each stage, per event, in one process without overlap.",
        settings={"events": events, "per transaction": PER_TRANSACTION},
        rows=rows,
        raw={"seconds": watch.seconds, "took": took, "own": own, "server": server},
    )


def slices_of(
    contract: Contract, wired: list[list[WireBatch]], following: dict[tuple[str, int], int]
) -> list[Slice]:
    out = []
    for partition, one in enumerate(wired):
        if not one:
            continue
        first = following.get((contract.name, partition), 0)
        records = read(one)
        count = len(records.offsets)
        records = records._replace(offsets=np.arange(first, first + count))
        out.append(wire.slice_of(contract, partition, (first, first + count), records))
        following[contract.name, partition] = first + count
    return out


def main() -> None:
    """Print the rows."""
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS).printed())


if __name__ == "__main__":
    main()
