"""What bad records cost: a topic in which some records are wrong, read, judged and applied.

Anybody may produce to Kafka. What one foreign program writes wrongly must not slow what all others
send: with 5 % of records bad, at most twice the time. Batches are made as for `stages`: events of
dossiers as Kafka has them, of twelve partitions, of which so many, drawn at random, are spoiled in
one of four ways. Applying is that of a worker, into PostgreSQL; `judged` is reading, decoding and
judging alone. Usage: `python -m bench.bad [EVENTS]`.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.section import Row, Section, Target, middle
from bench.stages import PER_TRANSACTION, batches, slices_of
from bench.topic import SENDERS, make
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.apply import intake
from hub.apply.applier import Applier
from hub.clock import system_clock
from hub.definitions import avro, revisions
from hub.kafka.records import WireBatch
from hub.log.slices import join
from hub.store.store import Store

EVENTS = 120_000
SHARES = (0.01, 0.05)
ROUNDS = 3
SLOWER_MAX = 2.0
UNKNOWN_ID = 999_999
Spoil = Callable[[bytes], bytes]


def not_avro(_: bytes) -> bytes:
    """Write what is no datum at all, as a program does that sends JSON."""
    return b'{"event_id": "2023-0001", "kind": "received"}'


def unknown_schema(value: bytes) -> bytes:
    """Name a schema that the contract does not have."""
    return avro.wire(UNKNOWN_ID, value[avro.WIRE_HEADER.size :])


def truncated(value: bytes) -> bytes:
    """Leave out the last third."""
    return value[: len(value) * 2 // 3]


def inadmissible(value: bytes) -> bytes:
    """Write a whole datum whose kind is none of the contract's."""
    plain = revisions.latest("dossier").plain
    event = avro.read_one(plain, value[avro.WIRE_HEADER.size :])
    _, schema_id = avro.WIRE_HEADER.unpack_from(value)
    return avro.wire(schema_id, avro.write_one(plain, event | {"kind": "forgotten"}))


KINDS: dict[str, Spoil] = {
    "no Avro": not_avro,
    "unknown schema": unknown_schema,
    "truncated": truncated,
    "breaks its contract": inadmissible,
}


def spoil(values: list[bytes], how: Spoil, share: float) -> list[bytes]:
    """Spoil so large a share of values, drawn at random."""
    r = random.Random(len(values))
    for at in r.sample(range(len(values)), round(len(values) * share)):
        values[at] = how(values[at])
    return values


class Rates:
    """Reads, judges and applies the same events, spoiled in one way or another."""

    def __init__(self, address: str, events: int) -> None:
        self._contract = registry.definitions().contract("dossier")
        frame = make(events, 1)["dossier"].drop("at")
        self._frames = list(frame.iter_slices(PER_TRANSACTION))
        self.events = frame.height
        self._store = Store(address, registry.definitions())
        self._store.check_definitions()

    def wired(self, how: Spoil, share: float) -> list[list[list[WireBatch]]]:
        """Write all events as a broker keeps them."""
        spoiled = partial(spoil, how=how, share=share)
        return [batches(self._contract, SENDERS["dossier"], f, spoiled) for f in self._frames]

    def measure(self, wired: list[list[list[WireBatch]]]) -> tuple[float, float]:
        """Give events a second: judged alone, and applied from nothing."""
        self._store.clear_derived()
        self._store.check_definitions()
        applier = Applier(self._store, lambda _: "bench", system_clock, has_listeners=True)
        following: dict[tuple[str, int], int] = {}
        judged = applied = 0.0
        for one in wired:
            before = dict(following)
            begun = time.perf_counter()
            slices = slices_of(self._contract, one, following)
            intake.take(self._contract, join(slices))
            judged += time.perf_counter() - begun
            begun = time.perf_counter()
            slices = slices_of(self._contract, one, dict(before))
            applier.apply(self._contract, slices)
            applied += time.perf_counter() - begun
        return self.events / judged, self.events / applied

    def close(self) -> None:
        """Close the store."""
        self._store.close()


def measure(events: int = EVENTS) -> Section:
    """Measure each way to be wrong, in turns."""
    cases: dict[tuple[str, float], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as folder:
        postgres = Postgres(Path(folder), free_port())
        try:
            postgres.start()
            rates = Rates(postgres.address, events)
            wired = {("", 0.0): rates.wired(not_avro, 0.0)}
            wired |= {(k, s): rates.wired(how, s) for k, how in KINDS.items() for s in SHARES}
            for number in range(ROUNDS):
                for case, one in wired.items():
                    cases.setdefault(case, []).append(rates.measure(one))
                print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
            rates.close()
        finally:
            postgres.kill()
            postgres.wipe()
    judged, applied = (
        {c: middle([r[i] for r in runs]) for c, runs in cases.items()} for i in (0, 1)
    )
    none = ("", 0.0)
    rows = [Row("no bad records", applied[none], "events/s", f"judged alone: {judged[none]:,.0f}")]
    for kind, share in list(cases)[1:]:
        rate, alone = applied[kind, share], judged[kind, share]
        note = f"judged alone: {alone:,.0f}; {applied[none] / rate:.2f} times as slow"
        rows.append(Row(f"{share:.0%} {kind}", rate, "events/s", note))
    worst = max(applied[none] / rate for rate in applied.values())
    rows.append(
        Row("without bad records ÷ the slowest", worst, "times", "", Target(most=SLOWER_MAX))
    )
    return Section(
        title="What bad records cost",
        about="Events of dossiers, some of them wrong; one process without overlap, PostgreSQL.",
        settings={"events": rates.events, "per transaction": PER_TRANSACTION, "rounds": ROUNDS},
        rows=rows,
        raw={f"{share:.0%} {kind}": runs for (kind, share), runs in cases.items()},
    )


def main() -> None:
    """Print the rows."""
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS).printed())


if __name__ == "__main__":
    main()
