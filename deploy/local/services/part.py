"""What every server on loopback is: it starts once, answers, stops, is killed, and is wiped."""

import json
import os
import shutil
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from deploy.local.services.ports import HOST, is_free
from deploy.local.services.process import (
    LOG_TAIL_LINES,
    Process,
    UnavailableError,
    locked,
    process_status,
    wait_until,
    write_whole,
)

# Against a hang alone: on a busy machine a first start takes over a minute.
START_SECONDS_MAX = 300.0
STOP_SECONDS_MAX = 120.0
LOG_BYTES_MAX = 10_000_000
INSTALL = "`make setup-test` installs what is missing"


class Part(ABC):
    """One server, whose data is in `folder/<name>`.

    `ports`: each port by the variable that overrides it; the first is the one clients use.
    """

    name: ClassVar[str]
    setting: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    # For tests, whose servers live for minutes: what pays only in the long run, or when the whole
    # machine loses its power, is left out. What a server has answered outlives its being killed.
    is_brief: ClassVar[bool] = False

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
        with locked(self.root / f"{self.name}.lock"):
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
        with locked(self.root / f"{self.name}.lock"):
            self._end(self.stop_signal)

    def kill(self) -> None:
        """End it as a crash would."""
        with locked(self.root / f"{self.name}.lock"):
            self._end(signal.SIGKILL)

    def wipe(self) -> None:
        """Stop it and delete its data."""
        with locked(self.root / f"{self.name}.lock"):
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
            if not is_free(port):
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
        status = process_status(pid)
        assert status is not None, "a child stays until it is reaped"
        record = {"pid": pid, "started": status.started, "ports": self.ports}
        write_whole(self._record_path, json.dumps(record))
        return Process(pid, status.started)

    def _await(self, process: Process) -> bool:
        """Wait until it answers; False if it has ended instead."""
        if not wait_until(lambda: not process.is_alive or self._answers(), START_SECONDS_MAX):
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
            wait_until(lambda: not process.is_alive, STOP_SECONDS_MAX)
        family = [*family, *self._family()]
        for member in family:
            member.send(signal.SIGKILL)
        if not wait_until(lambda: not any(m.is_alive for m in family), STOP_SECONDS_MAX):
            raise UnavailableError(f"{self.name} of {self.folder} does not end")
        self._record_path.unlink(missing_ok=True)
