"""A process by id and start, and what starting one needs: waiting, locking, running to the end."""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

LOG_TAIL_LINES = 20
POLL_SECONDS = 0.05


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
        status = process_status(self.pid)
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


@dataclass(frozen=True)
class ProcessStatus:
    """What /proc/<pid>/stat says; `started` in ticks since the machine did."""

    command: str
    state: str
    started: int


def process_status(pid: int) -> ProcessStatus | None:
    """Read what the kernel says of a process; None where there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name is in brackets and may contain any character.
    head, _, rest = text.rpartition(")")
    fields = rest.split()
    return ProcessStatus(head.partition("(")[2], fields[0], int(fields[19]))


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until a condition holds; False if it does not within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time start or stop a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_whole(path: Path, text: str) -> None:
    """Write a file that is never seen half written."""
    aside = path.with_name(f"{path.name}.new")
    aside.write_text(text)
    aside.replace(path)


def run_to_end(command: list[str], standard_input: str = "") -> None:
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
