"""A production hub to be struck: Kafka, PostgreSQL, a gateway, workers, each on its own clock."""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.kafka.topics import Topics, wanted
from hub.opening import open_hub
from hub.settings import Settings
from tests.chaos.connected import WAIT_SECONDS_MAX, Connected
from tests.chaos.plan import Fault
from tests.chaos.told import Told
from tests.chaos.watch import forget_clock
from tests.chaos.written import AWAY, KILLED, TWICE, Written
from tests.parts import loopback
from tests.parts.same import SESSION_SECONDS, Say, Workers
from tests.stories.conftest import Served

GATEWAY = "gateway"
WORKERS_MIN = 2
WORKING_SECONDS_MAX = 300.0
LEAVE_SECONDS_MAX = 60.0
REFUSED_AHEAD_SECONDS = 3_600
AHEAD_SECONDS = 6.0  # of which nothing can be acknowledged
IN_HAND_SECONDS_MAX = 10.0
TAKEN_OVER_SECONDS_MAX = 300.0
FENCED_SECONDS_MAX = 20.0
FREEZES_MAX = 4


class ChaosError(RuntimeError):
    """The run cannot go on; the message says why."""


def faketime() -> Path:
    """Find the library that lets a process have a clock of its own."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        raise ChaosError("libfaketime is needed; `make setup-test` installs it")
    return found[0]


def _compiled(folder: Path) -> Path:
    """Compile what libfaketime lacks."""
    source, library = Path(__file__).with_name("clock.c"), folder / "clock.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise ChaosError("a C compiler is needed; `make setup-test` installs it") from None
    except subprocess.CalledProcessError as error:
        raise ChaosError(f"{source} does not compile:\n{error.stderr}") from None
    return library


class Parts:
    """The parts of one hub. `counted` says what was done to them."""

    def __init__(self, folder: Path, say: Say) -> None:
        self.folder = folder
        self.counted: Counter[str] = Counter()
        self.kafka = Kafka(folder, free_port(), free_port())
        self.postgres = Postgres(folder, free_port())
        self.settings = Settings(
            kafka_bootstrap=self.kafka.address, database_url=self.postgres.address
        )
        self.fenced: list[str] = []  # of those that were frozen
        self._say = say
        self._clocks = folder / "clocks"
        self._clocks.mkdir()
        self._libraries = f"{_compiled(folder)}:{faketime()}"
        self.workers = Workers(self.settings, folder, self._own)
        self.told = Told(folder)
        self.connected: Connected | None = None
        self.written: Written | None = None
        self.served = Served(folder / GATEWAY)
        self.served.folder.mkdir()
        self.served.env |= {
            "HUB_KAFKA_BOOTSTRAP": self.kafka.address,
            "HUB_DATABASE_URL": self.postgres.address,
            **self.told.env,
        }
        self._faults: dict[str, Callable[[Fault], None]] = {
            "a worker is killed": lambda f: self.kill_worker(f.chance),
            "the gateway is killed": lambda _: self._kill_gateway(),
            "the broker is killed": lambda _: self._kill(self.kafka),
            "PostgreSQL is killed": lambda _: self._kill(self.postgres),
            "PostgreSQL and a worker are killed": self._kill_both,
            "the gateway is killed while it tells": lambda _: self._kill_telling(),
            "the broker restarts": lambda _: self._restart(self.kafka),
            "PostgreSQL restarts": lambda _: self._restart(self.postgres),
            "all connections to PostgreSQL are dropped": lambda _: self._drop_connections(),
            "a worker is frozen past its session": self._freeze,
            "the gateway's clock steps": self._step_gateway,
            "a worker's clock steps": self._step_worker,
            "receivers refuse": lambda _: self.told.until_met("refuse"),
            "receivers hang": lambda _: self.told.until_met("hang"),
            "receivers go away": lambda _: self.told.be("away"),
            "connectors are killed": lambda _: self._kill_connectors(),
            "writers are killed": lambda _: self._strike_writers(KILLED),
            "folders go away": lambda _: self._strike_writers(AWAY),
            "writers run twice at once": lambda _: self._strike_writers(TWICE),
            "upstreams refuse": lambda _: self._upstreams("refuse"),
            "upstreams hang": lambda _: self._upstreams("hang"),
            "upstreams say things twice": lambda _: self._upstreams("twice"),
            "a worker joins": lambda _: self._start_worker(),
            "a worker leaves": self._leave,
        }

    def start(self) -> None:
        """Start all of it, with topics, tables and a key to send by."""
        self.kafka.start()
        self.postgres.start()
        topics = Topics(self.kafka.address)
        topics.apply(topics.plan(wanted(registry.contracts().values())), 1)
        topics.close()
        self.served.create_key("chaos")
        if self.written is not None:
            self.served.env |= self.written.env
            for name, text in self.written.lists.items():
                (self.told.lists / f"{name}.csv").write_text(text, "utf-8")
        with open_hub(self.settings) as hub:
            self.told.load(hub)
        # Not before: the key is made by the machine's own clock.
        self.served.env |= self._own(GATEWAY)
        self.start_gateway()
        for _ in range(WORKERS_MIN):
            self._start_worker()
        if self.connected is not None:
            self.connected.start()
        if self.written is not None:
            self.written.start()

    def strike(self, fault: Fault) -> None:
        """Do one fault; when it returns, what was ended runs again or is starting."""
        self._faults[fault.kind](fault)
        self.counted[fault.kind] += 1

    def rows(self, sql: str, *given: Any) -> list[tuple[Any, ...]]:
        """Ask the database, by a connection of one's own."""
        with self._connected() as c:
            cursor = c.execute(sql, given)
            return cursor.fetchall() if cursor.description else []

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        url = self.postgres.address.replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True, application_name="chaos", connect_timeout=10)

    def applied(self) -> int:
        """Count what is applied of the contracts' topics; -1 where it cannot be asked."""
        try:
            query = "SELECT COALESCE(SUM(next_offset), 0) FROM position"
            return int(self.rows(query)[0][0])
        except psycopg.Error:
            return -1

    def _own(self, name: str) -> dict[str, str]:
        """What a process finds in its environment: its clock, and its name in the database."""
        clock = self._clocks / name
        if not clock.exists():
            clock.write_text("+0\n")
        return {
            "PGAPPNAME": name,
            "LD_PRELOAD": self._libraries,
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONFAULTHANDLER": "1",  # of one that does not end we want to see what it is at
        }

    def set_clock(self, name: str, seconds: int) -> None:
        """Let a process's clock be off by so much from now on."""
        aside = self._clocks / f".{name}"
        aside.write_text(f"{seconds:+d}\n")
        aside.replace(self._clocks / name)

    def right_clocks(self) -> None:
        """Set all clocks right."""
        for name in [GATEWAY, *self.workers.names.values()]:
            self.set_clock(name, 0)

    def start_gateway(self) -> None:
        """Start the gateway and wait until it is ready."""
        with (self.folder / "gateway.log").open("ab") as out:
            self.served.start(stderr=out, stdout=out)

    def _start_worker(self) -> None:
        process = self.workers.start()
        self._say(f"  {self.workers.names[process.pid]} starts")

    def _one(self, chance: float) -> subprocess.Popen[bytes]:
        running = self.workers.running
        return running[int(chance * len(running))]

    def kill_worker(self, chance: float) -> None:
        """Kill one, and start another in its place."""
        self._end_worker(self._one(chance))
        self._start_worker()

    def _end_worker(self, process: subprocess.Popen[bytes]) -> None:
        self.workers.kill(process)
        forget_clock(process.pid)
        self._killed()

    def _killed(self) -> None:
        self.counted["kill -9"] += 1

    def _kill_gateway(self) -> None:
        assert self.served.process is not None
        pid = self.served.process.pid
        self.served.kill()
        forget_clock(pid)
        self._killed()
        self.start_gateway()

    def _kill_telling(self) -> None:
        """Kill it while receivers hang; then they take what comes."""
        self.told.until_met("hang")
        self._kill_gateway()
        self.told.be("take")

    def _kill_connectors(self) -> None:
        assert self.connected is not None
        self.counted["kill -9"] += self.connected.kill()

    def _strike_writers(self, mode: str) -> None:
        assert self.written is not None
        self.written.strike(mode)

    def _upstreams(self, manner: str) -> None:
        assert self.connected is not None
        self.connected.be(manner)

    def ahead(self) -> dict[str, str]:
        """What a process finds in its environment whose clock is ahead."""
        env = self._own("ahead")
        self.set_clock("ahead", WAIT_SECONDS_MAX)
        return env

    def _kill(self, part: Kafka | Postgres) -> None:
        part.kill()
        self._killed()
        part.start()

    def _restart(self, part: Kafka | Postgres) -> None:
        part.stop()
        part.start()

    def _kill_both(self, fault: Fault) -> None:
        self.postgres.kill()
        self._killed()
        self._end_worker(self._one(fault.chance))
        self.postgres.start()
        self._start_worker()

    def _drop_connections(self) -> None:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
        names = [GATEWAY, *self.workers.names.values()]
        names += [] if self.connected is None else self.connected.upstreams
        names += [] if self.written is None else self.written.writers
        dropped = [self.rows(query, name) for name in names]
        self._say(f"  {sum(map(len, dropped))} connections")

    def _step_gateway(self, fault: Fault) -> None:
        """Set the clock wrong; the broker refuses what is stamped more than an hour ahead."""
        self.set_clock(GATEWAY, fault.clock_step)
        if fault.clock_step > REFUSED_AHEAD_SECONDS:
            time.sleep(AHEAD_SECONDS)
            self.set_clock(GATEWAY, 0)

    def _step_worker(self, fault: Fault) -> None:
        name = self.workers.names[self._one(fault.chance).pid]
        self.set_clock(name, fault.clock_step)

    def _working(self, at_least: int) -> list[subprocess.Popen[bytes]]:
        """Wait until so many workers have partitions; give those."""

        deadline = time.monotonic() + WORKING_SECONDS_MAX
        while True:
            found = [p for p in self.workers.running if self._partitions(p)]
            if len(found) >= at_least:
                return found
            if time.monotonic() > deadline:
                raise ChaosError(f"{at_least} workers do not come to work:\n{self.workers.logs()}")
            self.restart_ended()
            time.sleep(0.1)

    def _partitions(self, process: subprocess.Popen[bytes]) -> int | None:
        """Ask a worker how many it has; None of one that is still starting."""
        url = f"http://{self.workers.addresses[process.pid]}/healthz"
        try:
            return int(loopback.get(url, timeout=5).json()["partitions"])
        except (httpx.TransportError, ValueError):
            return None

    def _leave(self, fault: Fault) -> None:
        working = self._working(1)
        leaving = working[int(fault.chance * len(working))]
        self._let_end([leaving])

    def _freeze(self, fault: Fault) -> None:
        """Freeze a worker past its session; until one was fenced in this run, some times again.

        On a slow machine one that has thawed may hear that its partitions are no longer its own
        before its database is back, and then tries nothing.
        """
        for _ in range(FREEZES_MAX):
            self._freeze_once(fault)
            if self.fenced:
                return

    def _freeze_once(self, fault: Fault) -> None:
        """Freeze a worker with something in hand until others have done it, then thaw it.

        To catch it so, all positions are held for a moment; then its connections go, as those of a
        machine that is gone do.
        """
        working = self._working(2)
        victim = working[int(fault.chance * len(working))]
        name = self.workers.names[victim.pid]
        before = self._log(name).count("fenced: ")
        with self._connected() as c, c.transaction():
            # The table, not its rows: workers lock those in an order of their own.
            c.execute("LOCK TABLE position IN SHARE ROW EXCLUSIVE MODE")
            rows = c.execute("SELECT topic, partition, next_offset FROM position")
            held = {(topic, partition): at for topic, partition, at in rows}
            waits = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
            waits += " AND wait_event_type = 'Lock'"
            # An own connection: what a transaction sees of others' activity stands still.
            is_caught = _soon(lambda: self.rows(waits, name), IN_HAND_SECONDS_MAX)
            victim.send_signal(signal.SIGSTOP)
            self.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = %s",
                name,
            )
        ends = self._ends()
        time.sleep(SESSION_SECONDS + 2)  # the session must end: the one wait that is the point
        # What others have moved on, the frozen one has in hand from an older position.
        behind = {place: at for place, at in held.items() if at < ends.get(place, 0)}
        _soon(lambda: self._has_moved(behind), TAKEN_OVER_SECONDS_MAX)
        victim.send_signal(signal.SIGCONT)

        def is_fenced() -> bool:
            return self._log(name).count("fenced: ") > before

        if is_caught and _soon(is_fenced, FENCED_SECONDS_MAX):
            self.fenced.append(name)
        was = "had a batch in hand" if is_caught else "had nothing in hand"
        self._say(f"  {name} {was}; {'fenced' if is_fenced() else 'not fenced'}")

    def _ends(self) -> dict[tuple[str, int], int]:
        topics = Topics(self.kafka.address)
        try:
            names = [c.topic for c in registry.contracts().values()]
            return {(t, p): n for t, ends in topics.ends(names).items() for p, n in ends.items()}
        finally:
            topics.close()

    def _has_moved(self, held: dict[tuple[str, int], int]) -> bool:
        rows = self.rows("SELECT topic, partition, next_offset FROM position")
        now = {(topic, partition): at for topic, partition, at in rows}
        return all(now[place] > at for place, at in held.items())

    def _log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def restart_ended(self) -> None:
        """Start again what ended by itself, as a supervisor would; it is counted and said."""
        if self.connected is not None:
            self.connected.restart_ended()
        for process in list(self.workers.running):
            if process.poll() is not None:
                name = self.workers.names[process.pid]
                self._by_itself(name, process.returncode, self._log(name))
                self.workers.running.remove(process)
                self._start_worker()
        gateway = self.served.process
        if gateway is None or gateway.poll() is not None:
            code = None if gateway is None else gateway.returncode
            self._by_itself(GATEWAY, code, self._log(GATEWAY))
            self.start_gateway()

    def _by_itself(self, name: str, code: int | None, log: str) -> None:
        self.counted[f"{'the gateway' if name == GATEWAY else 'a worker'} ended by itself"] += 1
        last = (log.strip().splitlines() or [""])[-1]
        self._say(f"  {name} ended by itself with {code}: {last[:300]}")

    def fences(self) -> int:
        """Count how often workers were fenced, as they say."""
        logs = sorted(self.folder.glob("worker*.log"))
        return sum(p.read_text(errors="replace").count("fenced: ") for p in logs)

    def stop_hub(self) -> None:
        """Let workers and gateway end in order, once they have started."""
        for process in self.workers.running:
            _soon(lambda p=process: self._partitions(p) is not None, WORKING_SECONDS_MAX)  # type: ignore[misc]
        self._let_end(list(self.workers.running))
        self.served.stop()

    def _let_end(self, leaving: list[subprocess.Popen[bytes]]) -> None:
        """Tell workers to end; each must, with all being well."""
        for process in leaving:
            process.terminate()
        for process in leaving:
            name = self.workers.names[process.pid]
            try:
                code = process.wait(LEAVE_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGABRT)
                process.wait()
                raise ChaosError(f"{name} does not end; its threads are in its log") from None
            self.workers.running.remove(process)
            forget_clock(process.pid)
            if code:
                raise ChaosError(f"{name} ended with {code}:\n{self._log(name)[-4_000:]}")

    def close(self) -> None:
        """End everything, whatever state it is in."""
        self.told.close()
        if self.connected is not None:
            self.connected.close()
        if self.written is not None:
            self.written.close()
        for process in list(self.workers.running):
            self.workers.kill(process)
            forget_clock(process.pid)
        if self.served.process is not None:
            pid = self.served.process.pid
            self.served.kill()
            forget_clock(pid)
        self.postgres.stop()
        self.kafka.stop()

    def environment(self) -> dict[str, str]:
        """What a command finds in its environment: this hub, and the machine's own clock."""
        return {
            **os.environ,
            "HUB_KAFKA_BOOTSTRAP": self.kafka.address,
            "HUB_DATABASE_URL": self.postgres.address,
        }


def _soon(condition: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
