"""The watchdog of a chaos run: a process that outlives it and leaves nothing of it behind.

It waits for the end of the run's life, which it sees by a pipe, however that came. A run that takes
too long it ends itself. Every process of a run finds the run's folder in its environment.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from deploy.local.services.kafka import Kafka
from deploy.local.services.part import Part
from deploy.local.services.postgres import Postgres

MARK = "LGSP_CHAOS_FOLDER"
SHARED_MEMORY = Path("/dev/shm")


def marked(folder: Path) -> list[int]:
    """Find the processes of the run in this folder, but for those that look."""
    mine = f"{MARK}={folder}".encode()
    here = {os.getpid(), os.getppid()}
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in here:
            continue
        with contextlib.suppress(OSError):
            if mine in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def forget_clock(pid: int) -> None:
    """Remove what libfaketime leaves of a process that was killed."""
    for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        (SHARED_MEMORY / name).unlink(missing_ok=True)


def leave_nothing(folder: Path) -> list[int]:
    """End whatever still runs of the run in this folder; give the ids of what did."""
    parts: list[Part] = [Kafka(folder), Postgres(folder)]  # its files say which processes it has
    for part in parts:
        if part.is_running:
            part.stop()
    left = marked(folder)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        forget_clock(pid)
    return left


def start(folder: Path, seconds_max: float) -> subprocess.Popen[bytes]:
    """Start the watchdog of this process; it is told by `done` that all is well."""
    command = [sys.executable, "-m", "tests.chaos.watch", str(folder)]
    return subprocess.Popen(
        [*command, str(os.getpid()), str(seconds_max)],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is not for it
    )


def done(watchdog: subprocess.Popen[bytes]) -> None:
    """Let the watchdog look once more, and wait for it."""
    assert watchdog.stdin is not None
    watchdog.stdin.close()
    watchdog.wait(60)


def main() -> None:
    """Wait, then clear away."""
    folder, pid, seconds_max = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    is_over, _, _ = select.select([sys.stdin], [], [], seconds_max)
    if not is_over:
        print(f"chaos: not over after {seconds_max:.0f} s; ended", file=sys.stderr, flush=True)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    leave_nothing(folder)


if __name__ == "__main__":
    main()
