"""The same synthetic year through both profiles, compared digest for digest.

Contracts whose sources have no synthetic year take part by events that their cases make, every
connector by what it reads of its upstream's bytes. Compared is also what is written for others of
it: tables of the warehouse, open data, reports.

The production profile runs with three workers over twelve partitions on real Kafka and PostgreSQL,
while (unless told otherwise) a worker joins, one is killed, one is frozen past its session and
thawed, the broker restarts and PostgreSQL restarts. Usage:
`python -m tests.parts.same [--scale 1] [--calm]`; exits 1 and names what differs.
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.commands import demonstration
from hub.connecting.connection import judge
from hub.definitions.contract import Contract
from hub.kafka.topics import Topics, wanted
from hub.log.log import LogUnavailableError
from hub.log.submitting import append_columns
from hub.opening import OpenHub, open_hub
from hub.settings import Settings
from hub.store.differences import fact_columns, tables
from hub.store.store import Store
from hub.store.troubles import StoreUnavailableError
from tests.parts.derived import derived
from tests.parts.small import admitted_frame
from tests.parts.starting import start_hub
from tests.parts.varied import varied

SESSION_SECONDS = 6
SECONDS_MAX = 3_600
THINGS = 500  # of each contract that has no synthetic year
Say = Callable[[str], None]


def digests(store: Store, *, of_one_log: bool = False) -> dict[str, str]:
    """Digest what the tables say, whatever the order in which it came and the shard it is in.

    Of one and the same log they must also agree on repeats and on where rejected records stand.
    """
    out = {}
    with store.reading() as reading:
        columns = fact_columns(store.facts)
        for name, said in tables(reading, store.facts, columns):
            if name == "heard" and not of_one_log:
                continue  # two logs were not filled at the same time
            rows = iter(said)
            if name == "quarantine" and not of_one_log:
                # Named by where it stands, rejected when it was, sealed with its own nonce: each
                # log has its own.
                rows = iter(sorted(((), v[:2] + v[4:-1]) for _, v in said))
            elif name == "ledger" and not of_one_log:
                # Sent again by a load that was cut off, an event is a repeat: all others agree.
                rows = (r for r in said if r[0][2] != "duplicate")
            out[name] = _digest((*k, *v) for k, v in rows)
    return out


def _digest(rows: Iterator[tuple[object, ...]]) -> str:
    state = hashlib.blake2b(digest_size=16)
    count = 0
    for row in rows:
        state.update(repr(tuple(row)).encode())
        count += 1
    return f"{count} rows {state.hexdigest()}"


class Workers:
    """Worker processes of one production hub."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        own: Callable[[str], dict[str, str]] = lambda _: {},
    ) -> None:
        """`own` gives what a worker finds in its environment beside, by the worker's name."""
        self._own = own
        self._environment = {
            **os.environ,
            "HUB_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "HUB_DATABASE_URL": settings.database_url,
            "HUB_SESSION_SECONDS": str(SESSION_SECONDS),
        }
        self._folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.names: dict[int, str] = {}
        self.addresses: dict[int, str] = {}
        self._count = 0

    def start(self) -> subprocess.Popen[bytes]:
        """Start one more."""
        self._count += 1
        name = f"worker{self._count}"
        listen = f"127.0.0.1:{free_port()}"
        with (self._folder / f"{name}.log").open("wb") as out:
            env = {**self._environment, **self._own(name), "HUB_LISTEN": listen}
            process = start_hub("work", env=env, stdout=out, stderr=out)
        self.names[process.pid], self.addresses[process.pid] = name, listen
        self.running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End one with -9."""
        process.kill()
        process.wait()
        self.running.remove(process)

    def check(self) -> None:
        """Raise where one ended by itself."""
        for process in self.running:
            if process.poll() is not None:
                raise RuntimeError(f"a worker ended with {process.returncode}:\n{self.logs()}")

    def logs(self) -> str:
        """Give the ends of what workers wrote."""
        logs = sorted(self._folder.glob("worker*.log"))
        return "\n".join(f"{p.name}\n{p.read_text(errors='replace')[-4_000:]}" for p in logs)

    def stop(self) -> list[int]:
        """Ask all to end; give their exit codes."""
        for process in self.running:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        codes = [process.wait(60) for process in self.running]
        self.running = []
        return codes


def _load(settings: Settings, wanted_demo: demonstration.Demo) -> Iterator[None]:
    """Load in a process of its own, started again as often as it is cut off."""
    process = demonstration.start_load(settings, wanted_demo)
    for _ in range(1_000_000):
        if not process.is_alive():
            if process.exitcode == 0:
                return
            process = demonstration.start_load(settings, wanted_demo)
        yield


def _claim(hub: OpenHub, wanted_demo: demonstration.Demo) -> None:
    """Mark the log as this demo's; begin it with events of contracts that have no year."""
    demonstration.claim(hub, wanted_demo)
    of_years = {registry.sources()[name].contract for name in demonstration.generators()}
    chance, at = random.Random(wanted_demo.seed), datetime(2023, 5, 17, 1, tzinfo=UTC)
    for name, contract in registry.contracts().items():
        if name not in of_years:
            stories = (varied(name).story(chance, i, at) for i in range(THINGS))
            events = [e | {"event_id": f"e{i}"} for i, e in enumerate(chain(*stories))]
            frame = admitted_frame(contract, [*events, *events[::7]])
            append_columns(hub.log, contract, "s", frame, hub.clock)
    for name, contract, taken in _read():
        append_columns(hub.log, contract, name, contract.columns(taken), hub.clock)


def _read() -> Iterator[tuple[str, Contract, list[Any]]]:
    """Let each connector read the bytes of its cases; give what the hub takes of them."""
    for name, connector in registry.connectors().items():
        contract = registry.contracts()[registry.sources()[name].contract]
        folder = resources.files("connectors") / name / "cases"
        inputs = (f for c in folder.iterdir() if c.is_dir() for f in c.iterdir())
        given = sorted((f for f in inputs if f.name.startswith("input")), key=str)
        judged = (judge(contract, connector.read(f.name, f.read_bytes())) for f in given)
        events = [e for listed in judged for j in listed if isinstance(j, list) for e in j]
        assert events, f"the cases of {name} have nothing to take"
        yield name, contract, events


def _embedded(folder: Path, wanted_demo: demonstration.Demo, say: Say) -> dict[str, str]:
    settings = Settings(data_dir=folder, kafka_bootstrap="", database_url="")
    with open_hub(settings) as hub:
        _claim(hub, wanted_demo)
    demonstration.load(settings, wanted_demo)
    with open_hub(settings) as hub:
        hub.runner.catch_up()
        say("embedded: applied")
        return digests(hub.store) | derived(hub)


def _applied(hub: OpenHub) -> int:
    try:
        return sum(hub.applying.positions().values())
    except (StoreUnavailableError, LogUnavailableError):
        return -1


def _is_done(hub: OpenHub) -> bool:
    try:
        return not any(hub.applying.lag().values())
    except (StoreUnavailableError, LogUnavailableError):
        return False


def production(
    settings: Settings,
    parts: tuple[Kafka, Postgres],
    folder: Path,
    wanted_demo: demonstration.Demo,
    *,
    is_calm: bool,
    say: Say,
) -> dict[str, str]:
    """Load and apply in the production profile; give the digests."""
    kafka, postgres = parts
    total = wanted_demo.total()
    workers = Workers(settings, folder)

    def kill() -> None:
        workers.kill(workers.running[-1])
        workers.start()

    def freeze() -> None:
        frozen = workers.running[0]
        frozen.send_signal(signal.SIGSTOP)
        time.sleep(SESSION_SECONDS + 4)  # the session must end: the one wait that is the point
        frozen.send_signal(signal.SIGCONT)

    def restart_broker() -> None:
        kafka.stop()
        kafka.start()

    def restart_postgres() -> None:
        postgres.stop()
        postgres.start()

    plan: list[tuple[float, str, Callable[[], object]]] = [
        (0.05, "a worker joins", workers.start),
        (0.20, "a worker is killed", kill),
        (0.35, "a worker is frozen and thawed", freeze),
        (0.55, "the broker restarts", restart_broker),
        (0.75, "PostgreSQL restarts", restart_postgres),
    ]
    if is_calm:
        workers.start()
        plan = []
    with open_hub(settings) as hub:
        _claim(hub, wanted_demo)
        workers.start()
        workers.start()
        begun = time.monotonic()
        try:
            loading = _load(settings, wanted_demo)
            while True:
                is_loading = next(loading, "done") is None
                applied = _applied(hub)
                if plan and applied >= plan[0][0] * total:
                    _, name, fault = plan.pop(0)
                    say(f"{applied:,} of {total:,}: {name}")
                    fault()
                workers.check()
                if not is_loading and not plan and _is_done(hub):
                    break
                if time.monotonic() - begun > SECONDS_MAX:
                    raise RuntimeError(f"not done in time: {hub.applying.lag()}")
                time.sleep(0.1)
        finally:
            codes = workers.stop()
        if any(codes):
            raise RuntimeError(f"workers ended with {codes}:\n{workers.logs()}")
        took = time.monotonic() - begun
        say(f"production: {total:,} events in {took:.0f} s")
        return digests(hub.store) | derived(hub)


@contextmanager
def parts(folder: Path) -> Iterator[tuple[Kafka, Postgres]]:
    """Run Kafka and PostgreSQL of one's own."""
    kafka, postgres = Kafka(folder, free_port(), free_port()), Postgres(folder, free_port())
    try:
        kafka.start()
        postgres.start()
        yield kafka, postgres
    finally:
        postgres.stop()
        kafka.stop()


def compare(folder: Path, scale: float, *, is_calm: bool, say: Say) -> list[str]:
    """Run both profiles; name what differs."""
    wanted_demo = demonstration.Demo(demonstration.SEED, scale)
    embedded = _embedded(folder / "embedded", wanted_demo, say)
    with parts(folder) as (kafka, postgres):
        settings = Settings(kafka_bootstrap=kafka.address, database_url=postgres.address)
        topics = Topics(kafka.address)
        topics.apply(topics.plan(wanted(registry.contracts().values())), 1)
        topics.close()
        found = production(
            settings, (kafka, postgres), folder, wanted_demo, is_calm=is_calm, say=say
        )
    assert registry.facts().keys() == {n.removeprefix("fact ") for n in found if "fact " in n}
    names = sorted(embedded.keys() | found.keys())
    return [
        f"{n}: embedded {embedded.get(n)}, production {found.get(n)}"
        for n in names
        if embedded.get(n) != found.get(n)
    ]


def main() -> None:
    """Compare, print, exit 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--calm", action="store_true", help="without faults")
    given = parser.parse_args()
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {text}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="lgsp-same-") as folder:
        differences = compare(Path(folder), given.scale, is_calm=given.calm, say=say)
    for line in differences:
        print(line)
    print(f"{len(differences)} differences")
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
