"""Kafka, PostgreSQL, a schema registry and an MQTT broker on loopback, for developers and tests.

    python deploy/local/services.py ACTION [kafka] [postgres] [registry] [mosquitto]

ACTION is start, stop, kill, wipe, status or fetch. Without names, `start` means all but the
registry, any other action all four. `start` prints the settings that point a hub at what runs.
Data is in `.hub-services/` of the project (`HUB_SERVICES_DIR`); the jars there are shared by all
data folders of a clone. Ports: `HUB_KAFKA_PORT`, `HUB_KAFKA_CONTROLLER_PORT`, `HUB_POSTGRES_PORT`,
`HUB_REGISTRY_PORT`, `HUB_MQTT_PORT`.
"""

import argparse
import base64
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import pwd
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

HERE = Path(__file__).resolve().parent
PROJECT_DATA = HERE.parents[1] / ".hub-services"
LIBS = PROJECT_DATA / "libs"
HOST = "127.0.0.1"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
POLL_SECONDS = 0.05
LOG_BYTES_MAX = 10_000_000
LOG_TAIL_LINES = 20
JAVA_MIN = 17
POSTGRES_MIN = 15
MOSQUITTO_MIN = 2
INSTALL = "`make setup-test` installs what is missing"


class UnavailableError(RuntimeError):
    """A part cannot be started or stopped; the message says why and what to do."""


@dataclass(frozen=True)
class Process:
    """A process, told from a later one with the same id by when it started."""

    pid: int
    started: int

    @property
    def is_alive(self) -> bool:
        """Whether it runs; one that has ended is reaped if it was a child of this process."""
        status = _status(self.pid)
        if status is None or status.started != self.started:
            return False
        if status.state in "ZX":
            # Its first thread has ended; while others have not, its files and ports are held.
            with contextlib.suppress(OSError):
                if len(os.listdir(f"/proc/{self.pid}/task")) > 1:
                    return True
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Part(ABC):
    """One server, whose data is in `folder/<name>`.

    `ports`: each port by the variable that overrides it; the first is the one clients use.
    """

    name: ClassVar[str]
    setting: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path, ports: Mapping[str, int]) -> None:
        self.root = Path(folder).absolute()
        self.folder = self.root / self.name
        self.data = self.folder / "data"
        self.log = self.folder / f"{self.name}.log"
        self.ports = dict(ports)
        self.port = next(iter(self.ports.values()))
        self._record_path = self.folder / f"{self.name}.pid"

    @property
    @abstractmethod
    def address(self) -> str:
        """The value of the hub's setting."""

    @abstractmethod
    def fetch(self) -> None:
        """Bring the programs, or say what to install."""

    @abstractmethod
    def _prepare(self) -> None:
        """Write the configuration, and empty data where there is none."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The server; what it is wrapped in must keep the process id."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it answers requests; that a port is open is not enough."""

    @property
    def is_running(self) -> bool:
        """Whether the process that was started here still runs."""
        return self.process is not None

    @property
    def status(self) -> str:
        """Whether it runs and where, in words."""
        recorded = self._recorded()
        if recorded is None:
            return "stopped"
        if recorded[1] != self.ports:
            return f"runs, with other ports: {recorded[1]}"
        return f"runs at {self.address}"

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        with _locked(self.root / f"{self.name}.lock"):
            recorded = self._recorded()
            if recorded is not None and recorded[1] != self.ports:
                raise UnavailableError(
                    f"{self.name} of {self.folder} already runs, with {recorded[1]}; stop it first"
                )
            # What runs may be ending: by a signal that somebody has just sent.
            if recorded is None or not self._await(recorded[0]):
                process = self._launch()
                if not self._await(process):
                    raise self._failed("ended")

    def stop(self) -> None:
        """Let it end in order, and kill what is left."""
        with _locked(self.root / f"{self.name}.lock"):
            self._end(self.stop_signal)

    def kill(self) -> None:
        """End it as a crash would."""
        with _locked(self.root / f"{self.name}.lock"):
            self._end(signal.SIGKILL)

    def wipe(self) -> None:
        """Stop it and delete its data."""
        with _locked(self.root / f"{self.name}.lock"):
            self._end(self.stop_signal)
            if self.folder.exists():
                shutil.rmtree(self.folder)

    def _recorded(self) -> tuple[Process, dict[str, int]] | None:
        """The process of the pid file with its ports, if it still runs."""
        try:
            record = json.loads(self._record_path.read_text())
        except FileNotFoundError:
            return None
        process = Process(record["pid"], record["started"])
        return (process, record["ports"]) if process.is_alive else None

    @property
    def process(self) -> Process | None:
        """The process that was started here, while it runs."""
        recorded = self._recorded()
        return recorded[0] if recorded is not None else None

    def _family(self) -> list[Process]:
        """All processes of the server, also those that have lost their parent."""
        process = self.process
        return [process] if process is not None else []

    def _launch(self) -> Process:
        self.fetch()
        self._end(signal.SIGKILL)
        for variable, port in self.ports.items():
            if not _is_free(port):
                raise UnavailableError(
                    f"port {port} of {HOST} is taken by another program: {self.name} cannot start."
                    f" {variable} sets another port"
                )
        self.folder.mkdir(parents=True, exist_ok=True)
        self._prepare()
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.unlink()
        command = self._command()
        log_flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        # Not `subprocess`: the server outlives this process, with nobody to wait for it.
        pid = os.posix_spawn(
            command[0],
            command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self.log), log_flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigdef=[signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE],
        )
        status = _status(pid)
        assert status is not None, "a child stays until it is reaped"
        record = {"pid": pid, "started": status.started, "ports": self.ports}
        _write(self._record_path, json.dumps(record))
        return Process(pid, status.started)

    def _await(self, process: Process) -> bool:
        """Wait until it answers; False if it has ended instead."""
        if not _wait(lambda: not process.is_alive or self._answers(), START_SECONDS_MAX):
            raise self._failed(f"does not answer within {START_SECONDS_MAX:.0f} s")
        return process.is_alive

    def _failed(self, what: str) -> UnavailableError:
        """Clear away what was started, and show the end of its log."""
        self._end(signal.SIGKILL)
        tail = self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return UnavailableError("\n".join([f"{self.name} {what}; the end of {self.log}:", *tail]))

    def _end(self, number: signal.Signals) -> None:
        process, family = self.process, self._family()
        if process is not None and number != signal.SIGKILL:
            process.send(number)
            _wait(lambda: not process.is_alive, STOP_SECONDS_MAX)
        family = [*family, *self._family()]
        for member in family:
            member.send(signal.SIGKILL)
        if not _wait(lambda: not any(m.is_alive for m in family), STOP_SECONDS_MAX):
            raise UnavailableError(f"{self.name} of {self.folder} does not end")
        self._record_path.unlink(missing_ok=True)


class JavaPart(Part):
    """A server in Java; Maven fetches it as its `pom.xml` says."""

    goal: ClassVar[str]
    main: ClassVar[str]
    heap: ClassVar[str]

    # Where a first run writes down, as it ends, which classes it has loaded.
    _recorded_classes: Path | None = None

    @abstractmethod
    def _twin(self, folder: Path) -> "JavaPart":
        """Another one, on free ports."""

    def fetch(self) -> None:
        """Fetch what is missing, and run it once so that later starts take half the time."""
        if self._recorded_classes is not None or self._classes().exists():
            return
        classes = self._classes()
        with (
            _locked(LIBS / f"{self.name}-classes.lock"),
            tempfile.TemporaryDirectory(dir=LIBS) as aside,
        ):
            if classes.exists():
                return
            first = self._twin(Path(aside))
            first._recorded_classes = Path(aside, "classes.jsa")
            try:
                first.start()
            finally:
                first.stop()
            # Java takes an empty file for none: better a slow start than this at every start.
            first._recorded_classes.touch()
            first._recorded_classes.rename(classes)

    def _jars(self) -> Path:
        """The jars, fetched once per version of the `pom.xml`."""
        pom = HERE / self.name / "pom.xml"
        folder = LIBS / f"{self.name}-{_digest(pom.read_bytes())}"
        if folder.exists():
            return folder
        with (
            _locked(LIBS / f"{self.name}.lock"),
            tempfile.TemporaryDirectory(dir=LIBS) as aside,
        ):
            if folder.exists():
                return folder
            maven = shutil.which("mvn")
            if maven is None:
                raise UnavailableError(f"Maven is needed to fetch {self.name}; {INSTALL}")
            made = Path(aside, "jars")
            _run(
                [
                    maven,
                    "-q",
                    "-B",
                    f"--file={pom}",
                    f"dependency:{self.goal}",
                    "-DincludeScope=runtime",
                    f"-DoutputDirectory={made}",
                ]
            )
            for archive in made.glob("*.tar.gz"):
                _run(["tar", "-xzf", str(archive), "-C", str(made)])
                archive.unlink()
            made.rename(folder)
        return folder

    def _classes(self) -> Path:
        return self._jars() / f"classes-{_digest(_java().build.encode())}.jsa"

    def _java(self, *options: str) -> list[str]:
        """Java up to the class to run."""
        recorded = self._recorded_classes
        return [
            _java().path,
            "-XX:+UseSerialGC",
            "-Xlog:cds=off",
            "-Xlog:cds+dynamic=off",
            f"-XX:SharedArchiveFile={self._classes()}"
            if recorded is None
            else f"-XX:ArchiveClassesAtExit={recorded}",
            *options,
            "-cp",
            f"{self._jars()}/*",
        ]

    def _options(self) -> list[str]:
        return []

    def _arguments(self) -> list[str]:
        return []

    def _command(self) -> list[str]:
        options = [
            f"-Xms{self.heap}",
            f"-Xmx{self.heap}",
            "-XX:+ExitOnOutOfMemoryError",
            f"-XX:ErrorFile={self.folder / 'crash-%p.log'}",
            *self._options(),
        ]
        return [*self._java(*options), self.main, *self._arguments()]


class Kafka(JavaPart):
    """A broker that is its own controller (KRaft)."""

    name = "kafka"
    setting = "HUB_KAFKA_BOOTSTRAP"
    goal = "copy-dependencies"
    main = "kafka.Kafka"
    heap = "512m"

    def __init__(self, folder: Path, port: int = 19092, controller_port: int = 19093) -> None:
        super().__init__(
            folder, {"HUB_KAFKA_PORT": port, "HUB_KAFKA_CONTROLLER_PORT": controller_port}
        )
        self._controller_port = controller_port
        self._configuration = self.folder / "server.properties"
        self._logging = f"-Dlog4j2.configurationFile={HERE / self.name / 'log4j2.properties'}"

    @property
    def address(self) -> str:
        """The bootstrap server."""
        return f"{HOST}:{self.port}"

    def _twin(self, folder: Path) -> "Kafka":
        return Kafka(folder, free_port(), free_port())

    def _prepare(self) -> None:
        client, controller = f"{HOST}:{self.port}", f"{HOST}:{self._controller_port}"
        lines = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{client}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.data,
            # Topics are made by whoever owns them, as in production.
            "auto.create.topics.enable": "false",
            # One broker has one replica to offer; few partitions start and recover sooner.
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
            # After a crash a broker waits until its last session has run out: 9 s by default.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            # The default is a quarter of the heap.
            "log.cleaner.dedupe.buffer.size": 32 << 20,
        }
        _write(self._configuration, "".join(f"{k}={v}\n" for k, v in lines.items()))
        if not (self.data / "meta.properties").exists():
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            _run(
                [
                    *self._java(self._logging, "-XX:TieredStopAtLevel=1"),
                    "kafka.tools.StorageTool",
                    "format",
                    "--ignore-formatted",
                    f"--cluster-id={cluster_id}",
                    f"--config={self._configuration}",
                ]
            )

    def _options(self) -> list[str]:
        return [self._logging]

    def _arguments(self) -> list[str]:
        return [str(self._configuration)]

    def _answers(self) -> bool:
        """Ask for the live brokers: this one is among them once it may serve."""
        try:
            with socket.create_connection((HOST, self.port), timeout=2) as connection:
                # Metadata v4 of no topic: key, version, correlation, no client id, topics, create.
                request = struct.pack(">hhihib", 3, 4, 1, -1, 0, 0)
                connection.sendall(struct.pack(">i", len(request)) + request)
                with connection.makefile("rb") as answer:
                    (size,) = struct.unpack(">i", answer.read(4))
                    _correlation, _throttle, brokers = struct.unpack_from(">iii", answer.read(size))
        except (OSError, struct.error):
            return False
        return bool(brokers)


class Registry(JavaPart):
    """Apicurio Registry, spoken to as Confluent's; its schemas are in a file."""

    name = "registry"
    setting = "HUB_SCHEMA_REGISTRY_URL"
    goal = "copy"
    main = "io.quarkus.runner.GeneratedMain"
    heap = "256m"

    _PATH: ClassVar[str] = "/apis/ccompat/v7"

    def __init__(self, folder: Path, port: int = 18081) -> None:
        super().__init__(folder, {"HUB_REGISTRY_PORT": port})

    @property
    def address(self) -> str:
        """The URL of the API."""
        return f"http://{HOST}:{self.port}{self._PATH}"

    def _twin(self, folder: Path) -> "Registry":
        return Registry(folder, free_port())

    def _prepare(self) -> None:
        self.data.mkdir(exist_ok=True)

    def _options(self) -> list[str]:
        settings = {
            "quarkus.http.host": HOST,
            "quarkus.http.port": self.port,
            "quarkus.http.access-log.enabled": "false",
            'quarkus.log.category."io.apicurio".level': "WARN",
            # By default a crash may lose the last half second.
            "apicurio.datasource.url": f"jdbc:h2:file:{self.data / 'registry'};WRITE_DELAY=0",
            "apicurio.datasource.jdbc.initial-size": 2,
            "apicurio.datasource.jdbc.min-size": 2,
        }
        return [f"-D{name}={value}" for name, value in settings.items()]

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", f"{self._PATH}/subjects")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Postgres(Part):
    """A PostgreSQL cluster of its own, from Debian's package."""

    name = "postgres"
    setting = "HUB_DATABASE_URL"
    # Fast shutdown; by SIGTERM it would wait until every client has gone.
    stop_signal = signal.SIGINT

    def __init__(self, folder: Path, port: int = 15432) -> None:
        super().__init__(folder, {"HUB_POSTGRES_PORT": port})

    @property
    def address(self) -> str:
        """The database's URL."""
        return f"postgresql+psycopg://lgsp@{HOST}:{self.port}/lgsp"

    def fetch(self) -> None:
        """Check that the server's programs are there."""
        self._bin()

    def _bin(self) -> Path:
        """The folder of the programs that fit the data: the newest, where there is none."""
        found = {
            int(p.parts[-3]): p.parent
            for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")
            if p.parts[-3].isdigit() and int(p.parts[-3]) >= POSTGRES_MIN
        }
        if not found:
            raise UnavailableError(f"PostgreSQL {POSTGRES_MIN} or later is needed; {INSTALL}")
        version_path = self.data / "PG_VERSION"
        version = int(version_path.read_text()) if version_path.exists() else max(found)
        if version not in found:
            raise UnavailableError(
                f"{self.data} is of PostgreSQL {version}, which is not installed;"
                f" wipe it or install postgresql-{version}"
            )
        return found[version]

    def _prepare(self) -> None:
        if self.data.exists():
            return
        user = self._user()
        # Made aside and renamed, so that data that is there is complete.
        made = self.folder / "data.new"
        if made.exists():
            shutil.rmtree(made)
        made.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(made, "postgres", "postgres")
        _run(
            [
                *user,
                str(self._bin() / "initdb"),
                f"--pgdata={made}",
                "--username=postgres",
                "--auth=trust",
                "--locale=C.UTF-8",
                "--encoding=UTF8",
            ]
        )
        (made / "pg_hba.conf").write_text(f"host all all {HOST}/32 trust\n")
        _run(
            [
                *user,
                str(self._bin() / "postgres"),
                "--single",
                "-D",
                str(made),
                "-c",
                "exit_on_error=true",
                "postgres",
            ],
            "CREATE ROLE lgsp LOGIN CREATEDB\nCREATE DATABASE lgsp OWNER lgsp\n",
        )
        made.rename(self.data)

    def _user(self) -> list[str]:
        """What runs a program as who may run the server, which root may not.

        The data may be below a folder that only root can pass; then the server is given the
        right to pass it, and no other.
        """
        if os.geteuid() != 0:
            return []
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise UnavailableError("setpriv (Debian's util-linux) is needed to leave root")
        switch = [setpriv, "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        # Containers often withhold the first right and leave the second, wider one.
        for right in ("", "+dac_read_search", "+dac_override"):
            tried = [
                *switch,
                *([f"--inh-caps={right}", f"--ambient-caps={right}"] if right else []),
            ]
            probe = [*tried, "test", "-d", f"{self.folder}/."]
            if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
                return tried
        raise UnavailableError(
            f"the user postgres cannot reach {self.folder}; HUB_SERVICES_DIR sets another folder"
        )

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": "",
            # For a laptop with two cores; what makes a commit durable stays as it is.
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "wal_compression": "lz4",
            "checkpoint_timeout": "15min",
        }
        return [
            *self._user(),
            str(self._bin() / "postgres"),
            "-D",
            str(self.data),
            *(f"--{name}={value}" for name, value in settings.items()),
        ]

    def _answers(self) -> bool:
        ask = [
            str(self._bin() / "pg_isready"),
            "-q",
            f"--host={HOST}",
            f"--port={self.port}",
            "--username=lgsp",
        ]
        return subprocess.run(ask, capture_output=True, check=False).returncode == 0

    def _family(self) -> list[Process]:
        """Each server process works in the data folder, in a session of its own."""
        found = super()._family()
        for entry in Path("/proc").iterdir():
            status = _status(int(entry.name)) if entry.name.isdigit() else None
            if status is None or status.command != "postgres":
                continue
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == self.data.resolve():
                    found.append(Process(int(entry.name), status.started))
        return found


class Mosquitto(Part):
    """An MQTT broker of its own, from Debian's package."""

    name = "mosquitto"
    setting = "HUB_SALINITY_URL"

    def __init__(self, folder: Path, port: int = 11883) -> None:
        super().__init__(folder, {"HUB_MQTT_PORT": port})
        self._configuration = self.folder / "mosquitto.conf"

    @property
    def address(self) -> str:
        """The broker's URL."""
        return f"mqtt://{HOST}:{self.port}"

    def fetch(self) -> None:
        """Check that the program is there."""
        self._program()

    def _program(self) -> str:
        # /usr/sbin is not in the path of every user.
        found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if found is None:
            raise UnavailableError(f"Mosquitto {MOSQUITTO_MIN} or later is needed; {INSTALL}")
        told = subprocess.run([found, "-h"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"mosquitto version (\d+)", told)
        if version is None or int(version[1]) < MOSQUITTO_MIN:
            raise UnavailableError(
                f"Mosquitto {MOSQUITTO_MIN} or later is needed; {found} is"
                f" {told.partition(chr(10))[0] or 'none'}"
            )
        return found

    def _prepare(self) -> None:
        self.data.mkdir(exist_ok=True)
        lines = {
            "listener": f"{self.port} {HOST}",
            "allow_anonymous": "true",
            # Started by root it would become a user who may not enter this folder.
            "user": pwd.getpwuid(os.geteuid()).pw_name,
            "persistence": "true",
            "persistence_location": f"{self.data}/",
            # Each second: at each change, a queue of thousands is written whole thousands of times.
            # So a crash may lose the last second, an orderly stop nothing.
            "autosave_interval": 1,
            # What waits for one client that is away; the default of 1,000 drops the rest unsaid.
            "max_queued_messages": 200_000,
            "max_queued_bytes": 128 << 20,
            "max_packet_size": 256 << 10,
            "log_dest": "stdout",
            "connection_messages": "false",
        }
        text = "".join(f"{k} {v}\n" for k, v in lines.items())
        text += "".join(f"log_type {kind}\n" for kind in ("error", "warning", "notice"))
        _write(self._configuration, text)

    def _command(self) -> list[str]:
        return [self._program(), "-c", str(self._configuration)]

    def _answers(self) -> bool:
        """Connect: the broker says whether it takes the connection."""
        try:
            with socket.create_connection((HOST, self.port), timeout=2) as connection:
                # MQTT 5, clean start, 10 s to live, no properties, no client id.
                asked = b"\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x00"
                connection.sendall(bytes([0x10, len(asked)]) + asked)
                with connection.makefile("rb") as answer:
                    kind, _length, _flags, reason = answer.read(4)
                connection.sendall(b"\xe0\x00")
        except (OSError, ValueError):
            return False
        return (kind, reason) == (0x20, 0)


@dataclass(frozen=True)
class _Status:
    """What /proc/<pid>/stat says; `started` in ticks since the machine did."""

    command: str
    state: str
    started: int


def _status(pid: int) -> _Status | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name is in brackets and may contain any character.
    head, _, rest = text.rpartition(")")
    fields = rest.split()
    return _Status(head.partition("(")[2], fields[0], int(fields[19]))


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time start or stop a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(path: Path, text: str) -> None:
    """Write a file that is never seen half written."""
    aside = path.with_name(f"{path.name}.new")
    aside.write_text(text)
    aside.replace(path)


def _run(command: list[str], standard_input: str = "") -> None:
    """Run a program to its end; its output matters only when it fails."""
    ended = subprocess.run(
        command,
        input=standard_input,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # A server's user may not enter the folder that this process is in.
        cwd="/",
        check=False,
    )
    if ended.returncode != 0:
        tail = ended.stdout.splitlines()[-LOG_TAIL_LINES:]
        raise UnavailableError("\n".join([f"failed: {' '.join(command)}", *tail]))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do, so that connections that have just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Find a port that is free and that no outgoing connection is given by the kernel."""
    while True:
        port = random.randrange(20_000, 32_000)
        if _is_free(port):
            return port


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:12]


@dataclass(frozen=True)
class _Java:
    path: str
    build: str


def _java() -> _Java:
    """The Java to use: the environment's, before the path's."""
    home = os.environ.get("JAVA_HOME")
    path = str(Path(home, "bin", "java")) if home else shutil.which("java")
    needed = f"Java {JAVA_MIN} or later is needed"
    if path is None or not Path(path).exists():
        raise UnavailableError(f"{needed}; {INSTALL}")
    build = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', build)
    if version is None or int(version[1]) < JAVA_MIN:
        raise UnavailableError(f"{needed}; {path} is {build.partition(chr(10))[0] or 'none'}")
    return _Java(path, build)


def parts(environment: Mapping[str, str] = os.environ) -> dict[str, Part]:
    """All parts, where the environment puts them."""

    def port(variable: str, default: int) -> int:
        text = environment.get(variable) or str(default)
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise UnavailableError(f"{variable}={text!r}: expected a port")
        return int(text)

    folder = Path(environment.get("HUB_SERVICES_DIR") or PROJECT_DATA)
    found: list[Part] = [
        Kafka(folder, port("HUB_KAFKA_PORT", 19092), port("HUB_KAFKA_CONTROLLER_PORT", 19093)),
        Postgres(folder, port("HUB_POSTGRES_PORT", 15432)),
        Registry(folder, port("HUB_REGISTRY_PORT", 18081)),
        Mosquitto(folder, port("HUB_MQTT_PORT", 11883)),
    ]
    return {part.name: part for part in found}


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("action", choices=["start", "stop", "kill", "wipe", "status", "fetch"])
    parser.add_argument("parts", nargs="*", metavar="kafka|postgres|registry|mosquitto")
    arguments = parser.parse_args()
    try:
        known = parts()
        unknown = sorted(set(arguments.parts) - set(known))
        if unknown:
            parser.error(f"unknown: {', '.join(unknown)}; expected {', '.join(known)}")
        started = ["kafka", "postgres", "mosquitto"]
        default = started if arguments.action == "start" else list(known)
        for part in (known[name] for name in arguments.parts or default):
            _act(part, arguments.action)
    except UnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _act(part: Part, action: str) -> None:
    if action == "status":
        print(f"{part.name}: {part.status}")
        return
    getattr(part, action)()
    if action == "start":
        print(f"export {part.setting}={part.address}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
