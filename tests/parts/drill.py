"""The drill: a machine is lost, and made again from what was kept elsewhere; is it the same?

Kept are the archive, a backup of the SQL databases (keys, those of originals too, audit log, acts
of repair, what was known when), and the keys that sign receipts. In each profile a small synthetic
year is loaded, a period closed, everything archived and backed up; more is acknowledged, and lost
with the machine. On an empty machine (empty folder, or a new Kafka and PostgreSQL) the backup is
put back and `hub restore` run. Then everything is compared with what was there: records, facts,
cells, ledger, quarantine, originals, receipts, closings, figures, keys. What was lost is sent
again, as its senders would.

Usage: `python -m tests.parts.drill [--scale 0.01] [--profile embedded] [--remove] [--to FOLDER]`;
it prints what is equal, RPO and RTO, and exits 1 where anything differs. `--remove` loses a file of
the archive too: then it must fail. `--to` keeps what was printed, with machine and versions.
"""

import argparse
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from bench import __main__ as bench
from deploy.local.services.kafka import Kafka
from deploy.local.services.part import Part
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.access.keys import Sender
from hub.commands import demonstration
from hub.figures.closing import closings
from hub.figures.official import freeze
from hub.kafka.topics import make_topics
from hub.log.succession import CHECKPOINT
from hub.opening import OpenHub, catch_up, open_hub
from hub.reference.periods import parse_period
from hub.repair.items import Wanted, all_items
from hub.settings import Settings
from hub.store.cuts import latest_cut
from tests.parts.same import digests
from tests.parts.starting import run_hub

SCALE = 0.01
CLOSED = "2023-05"
AFTER = 20  # events that are acknowledged after the archive
COMMAND_SECONDS_MAX = 1_200
KEPT = ("api_key", "repair", "lateness")
Say = Callable[[str], None]
Outcome = Mapping[str, str]


class DrillError(Exception):
    """The drill cannot go on; the message says at which command, and what it wrote."""


class Machine(ABC):
    """A machine with a hub: its settings, what is kept of it elsewhere, and how it comes back."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder

    @property
    @abstractmethod
    def settings(self) -> Settings:
        """The settings of its hub."""

    @abstractmethod
    def start(self) -> None:
        """Start its servers, with nothing in them."""

    @abstractmethod
    def back_up(self, to: Path) -> None:
        """Copy its SQL databases."""

    @abstractmethod
    def put_back(self, kept: Path) -> None:
        """Put back a copy of its SQL databases."""

    @abstractmethod
    def lose(self) -> None:
        """Lose its servers and all that is on its disk."""

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the hub here."""
        settings = {
            "HUB_DATA_DIR": str(self.settings.data_dir),
            "HUB_KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap,
            "HUB_DATABASE_URL": self.settings.database_url,
            "HUB_ARCHIVE_DIR": "",
        }
        given = {**os.environ, **settings, **env}
        return run_hub(*words, env=given, timeout=COMMAND_SECONDS_MAX)

    def must(self, *words: str, **env: str) -> str:
        """Run a command that must succeed; give what it printed."""
        done = self.run(*words, **env)
        if done.returncode:
            shown = f"{done.stdout}\n{done.stderr}".strip()
            raise DrillError(f"hub {' '.join(words)}: exit {done.returncode}\n{shown}")
        return done.stdout


class Embedded(Machine):
    """A folder."""

    @property
    def settings(self) -> Settings:
        """See `Machine.settings`."""
        data_dir = self.folder / "hub"
        return Settings(data_dir=data_dir, kafka_bootstrap="", database_url="", archive_dir=None)

    def start(self) -> None:
        """See `Machine.start`; there are none."""

    def back_up(self, to: Path) -> None:
        """See `Machine.back_up`; SQLite copies a database that is in use."""
        for name in ("store.sqlite3", "audit.sqlite3", "seals.sqlite3"):
            source, copy = (
                sqlite3.connect(self.settings.data_dir / name),
                sqlite3.connect(to / name),
            )
            source.backup(copy)
            source.close()
            copy.close()

    def put_back(self, kept: Path) -> None:
        """See `Machine.put_back`."""
        self.settings.data_dir.mkdir()
        for path in kept.glob("*.sqlite3"):
            shutil.copy(path, self.settings.data_dir)

    def lose(self) -> None:
        """See `Machine.lose`."""
        shutil.rmtree(self.folder)


class Production(Machine):
    """Kafka and PostgreSQL of its own on loopback."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._kafka = Kafka(folder, free_port(), free_port())
        self._postgres = Postgres(folder, free_port())

    @property
    def _parts(self) -> tuple[Part, Part]:
        return self._kafka, self._postgres

    @property
    def settings(self) -> Settings:
        """See `Machine.settings`."""
        return Settings(
            data_dir=self.folder / "hub",
            kafka_bootstrap=self._kafka.address,
            database_url=self._postgres.address,
            archive_dir=None,
        )

    def start(self) -> None:
        """See `Machine.start`."""
        for part in self._parts:
            part.start()

    def back_up(self, to: Path) -> None:
        """See `Machine.back_up`."""
        self._tool("pg_dump", "--format=custom", f"--file={to / 'lgsp.dump'}", self._address)

    def put_back(self, kept: Path) -> None:
        """See `Machine.put_back`."""
        options = ("--no-owner", "--exit-on-error", f"--dbname={self._address}")
        self._tool("pg_restore", *options, str(kept / "lgsp.dump"))

    @property
    def _address(self) -> str:
        return self._postgres.address.replace("+psycopg", "")

    def _tool(self, name: str, *options: str) -> None:
        """Run a program of PostgreSQL, of the newest version, as the server is."""
        found = sorted(
            Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3])
        )
        program = str(found[-1]) if found else name
        done = subprocess.run(
            [program, *options], capture_output=True, text=True, timeout=600, check=False
        )
        if done.returncode:
            raise DrillError(f"{name}: exit {done.returncode}\n{done.stderr}")

    def lose(self) -> None:
        """See `Machine.lose`."""
        for part in self._parts:
            part.kill()
            part.wipe()
        shutil.rmtree(self.folder)


PROFILES: dict[str, type[Machine]] = {"embedded": Embedded, "production": Production}


def outcome(hub: OpenHub) -> Outcome:
    """Digest everything that must be there again, by name."""
    out = dict(digests(hub.store, of_one_log=True))
    for contract in hub.installed.definitions.applied.values():
        out[f"log {contract.topic}"] = _digest(_records(hub, contract.topic))
    topics = [c.topic for c in hub.installed.definitions.applied.values()]
    out["ends of the log"] = _digest((t, hub.log.ends(t)) for t in topics)
    receipts = hub.log.acknowledgements([r.id for r in hub.log.receipts()])
    out["receipts"] = _digest(receipts)
    checkpoints = {n: v for n, v in hub.log.all_checkpoints().items() if n != CHECKPOINT}
    out["checkpoints"] = _digest(sorted(checkpoints.items()))
    with hub.store.reading() as reading:
        opened = all_items(reading, hub.seals().opener(), Wanted())
        out["originals"] = _digest((i.event_id, i.original) for i in opened)
        for table in KEPT:
            out[table] = _digest(sorted(reading.table(table), key=repr))
        cuts = reading.rows("SELECT topic, partition, next_offset, at FROM cut ORDER BY 4, 1, 2, 3")
        out["known when"] = _digest(cuts)
        for closing in closings(reading):
            out[f"closed {closing.period.text}"] = f"{closing.digest} {closing.cut.at}"
        cut = latest_cut(reading)
        assert cut is not None
        book = hub.book(reading)
        now = cut.at
        figures = freeze(book, hub.kpis.values(), parse_period("2023"), cut, now, "drill")
        out["figures 2023"] = _digest([figures["figures"]])
    return out


def _records(hub: OpenHub, topic: str) -> Iterable[object]:
    for partition, end in hub.log.ends(topic).items():
        at = 0
        while at < end:
            for one in hub.log.read(topic, at, partition=partition):
                origins = (one.origins[i] for i in one.origin.tolist())
                columns = (one.offsets.tolist(), origins, one.schema_ids.tolist(), one.datums())
                yield from zip([partition] * len(one.offsets), *columns, strict=True)
                yield from ((partition, refused) for refused in one.refused)
                at = one.following


def _digest(rows: Iterable[object]) -> str:
    state = hashlib.blake2b(digest_size=16)
    count = 0
    for row in rows:
        state.update(repr(row).encode())
        count += 1
    return f"{count} rows {state.hexdigest()}"


def _send(hub: OpenHub, first: int, count: int) -> int:
    """Send dossiers as a department does, with an idempotency key; count those acknowledged."""
    gateway = hub.gateway()
    events = [
        {
            "event_id": f"drill-{i}",
            "dossier_code": f"H57.1-230517-{i:04}",
            "kind": "received",
            "occurred_at": "2023-05-17T08:00:00+07:00",
            "received_by": "H57.1",
            "procedure_code": "1.005129",
            "service_level": "full",
            "channel": "online",
            "due_at": "2023-05-24T17:00:00+07:00",
        }
        for i in range(first, first + count)
    ]
    contract = registry.contracts()["dossier"]
    body = json.dumps([*events, {"event_id": f"bad-{first}"}]).encode()
    key = f"drill-{first}"
    answer = gateway.accept(contract, Sender("drill"), body, idempotency_key=key)
    gateway.close()
    hub.runner.catch_up()
    return int(answer.body["accepted"])


def _fill(machine: Machine, scale: float) -> None:
    """Load a year, as the demo does, send as a department does, close a period, make a key."""
    wanted = demonstration.Demo(demonstration.SEED, scale)
    settings = machine.settings
    if settings.kafka_bootstrap:
        make_topics(settings.kafka_bootstrap, registry.contracts().values())
    with open_hub(settings) as hub:
        demonstration.claim(hub, wanted)
    demonstration.load(settings, wanted)
    with open_hub(settings) as hub:
        hub.runner.catch_up()
        _send(hub, 0, 200)
    machine.must("period", "close", CLOSED, "--by", "drill")
    machine.must("keys", "create", "drill", "--units", "H57.1", "--contracts", "dossier")
    with open_hub(settings) as hub:
        hub.runner.catch_up()


def _restored(machine: Machine, kept: Path) -> float:
    """Put the backup back and restore; give the seconds until figures answer again."""
    begun = time.monotonic()
    machine.put_back(kept)
    shutil.copytree(kept / "signing", machine.settings.signing_keys)
    machine.must("restore", str(kept / "archive"))
    machine.must("kpi", "dossier_received_new", "--period", "2023")
    return time.monotonic() - begun


def _differences(before: Outcome, after: Outcome, names: Iterable[str]) -> list[str]:
    return [
        f"{name}: lost {before.get(name)}, restored {after.get(name)}"
        for name in sorted(names)
        if before.get(name) != after.get(name)
    ]


def drill(
    profile: str, folder: Path, scale: float, seen: list[str], *, is_removed: bool, say: Say
) -> list[str]:
    """Lose a machine of a profile and make it again; name what differs, and add what was `seen`."""
    kept = folder / "kept"
    (kept / "archive").mkdir(parents=True)
    old = PROFILES[profile](folder / "old")
    new = PROFILES[profile](folder / "new")
    try:
        old.start()
        _fill(old, scale)
        say(f"{profile}: filled")
        old.must("archive", HUB_ARCHIVE_DIR=str(kept / "archive"))
        old.back_up(kept)
        shutil.copytree(old.settings.signing_keys, kept / "signing")
        with open_hub(old.settings) as hub:
            before = outcome(hub)
            lost = _send(hub, 10_000, AFTER)
            at_the_end = digests(hub.store)
        old.lose()
        say(f"{profile}: archived, backed up, {lost} events more acknowledged, and lost")
        if is_removed:
            path = sorted((kept / "archive").rglob("*.avro"))[0]
            path.unlink()
            say(f"{profile}: {path.relative_to(kept)} removed")
        new.start()
        seconds = _restored(new, kept)
        say(f"{profile}: restored")
        with open_hub(new.settings) as hub:
            after = outcome(hub)
        differences = _differences(before, after, {*before, *after})
        for name in sorted(before):
            if before[name] == after.get(name):
                seen.append(f"{profile}  equal  {name}  {before[name]}")
        with open_hub(new.settings) as hub:
            catch_up(hub)
            again = _send(hub, 10_000, AFTER)
            sent_again = digests(hub.store)
        differences += _differences(at_the_end, sent_again, {*at_the_end, *sent_again})
        new.must("verify")
        new.must("audit", "verify")
        seen.append(
            f"{profile}  RPO  {lost} events acknowledged after the archive were lost with the"
            f" machine; {again} of them sent again, as by a sender's outbox: equal"
            if not differences
            else f"{profile}  RPO  {lost} events acknowledged after the archive were lost"
        )
        seen.append(f"{profile}  RTO  {seconds:.1f} s until figures answered, of {_total(before)}")
        return [f"{profile}: {line}" for line in differences]
    finally:
        for machine in (old, new):
            if machine.folder.exists():
                machine.lose()


def _total(before: Outcome) -> str:
    """Say how much it was."""
    counts = [int(v.split()[0]) for n, v in before.items() if n.startswith("log ")]
    return f"{sum(counts):,} records"


def main() -> None:
    """Drill, print, exit 1 where anything differs or cannot be restored."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=SCALE)
    parser.add_argument("--profile", choices=PROFILES, action="append")
    parser.add_argument("--remove", action="store_true", help="lose a file of the archive, too")
    parser.add_argument("--to", type=Path, help="a folder in which what was printed is kept")
    given = parser.parse_args()
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {text}", file=sys.stderr, flush=True)

    seen: list[str] = []
    differences = []
    for profile in given.profile or PROFILES:
        with tempfile.TemporaryDirectory(prefix="lgsp-drill-") as folder:
            try:
                differences += drill(
                    profile, Path(folder), given.scale, seen, is_removed=given.remove, say=say
                )
            except DrillError as error:
                differences.append(f"{profile}: {error}")
    seen += [*differences, f"{len(differences)} differences"]
    print("\n".join(seen))
    if given.to is not None:
        given.to.mkdir(parents=True, exist_ok=True)
        described = bench.Machine.here()
        named = f"drill: scale {given.scale:g}, {datetime.now(UTC):%Y-%m-%d}"
        text = "\n".join([named, f"{described}; load {os.getloadavg()[0]:.1f}", "", *seen, ""])
        (given.to / "drill.txt").write_text(text, "utf-8")
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
