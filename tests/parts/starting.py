"""Starts `hub` commands, each a process of its own, without importing everything for each.

To import what a command needs takes two seconds of a core, and tests start hundreds. One process,
the starter, imports it once; asked for a command it forks, and the fork runs the command's `main`
with the arguments, environment and files that it is given, as a new interpreter would. The fork is
a child of whoever asked: it is waited for, signalled and killed as any other.

Nothing that a command computes is kept for the next one.
"""

import array
import atexit
import ctypes
import importlib
import json
import os
import pkgutil
import runpy
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

HUB = "hub.cli"
FOUND = ("hub.http", "hub.commands", "schemas", "stream_jobs", "connectors", "outlets")
PR_SET_CHILD_SUBREAPER = 36
LENGTH_BYTES = 4
# Variables that a process reads as it begins: where they differ, there is another starter.
READ_FIRST = ("PYTHON", "LD_", "OPENBLAS_", "OMP_")
# In pytest's processes; what runs for minutes by itself starts its commands as people do.
is_forking = False


def start_hub(
    *words: str, env: Mapping[str, str] | None = None, **more: Any
) -> "subprocess.Popen[Any]":
    """Start a command; `more` is what `subprocess.Popen` takes of files, texts and folder."""
    return start(HUB, *words, env=env, **more)


def start(
    module: str, *words: str, env: Mapping[str, str] | None = None, **more: Any
) -> "subprocess.Popen[Any]":
    """Start any module that is a program and imports much of what commands do."""
    given = dict(os.environ if env is None else env)
    command = [sys.executable, "-m", module, *words]
    # A library that is preloaded may set itself up as its process begins, not as it forks.
    is_forked = is_forking and "LD_PRELOAD" not in given
    return (_Forked if is_forked else subprocess.Popen)(command, env=given, **more)


def run_hub(
    *words: str, env: Mapping[str, str] | None = None, timeout: float, **more: Any
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end; give what it wrote, as text."""
    pipe = subprocess.PIPE
    with start_hub(*words, env=env, stdout=pipe, stderr=pipe, text=True, **more) as process:
        try:
            out, errors = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


class _Forked(subprocess.Popen[Any]):
    """A process that the starter forks."""

    def _execute_child(self, args: list[str], *given: Any) -> None:
        cwd, env = given[4:6]
        ends = given[9:15]  # of the pipes to its standard files: what it has, and what we keep
        files = [f if f != -1 else n for n, f in enumerate((ends[0], ends[3], ends[5]))]
        read_first = {n: v for n, v in env.items() if n.startswith(READ_FIRST)}
        asked = {"module": args[2], "words": args[3:], "env": env, "cwd": cwd and os.fspath(cwd)}
        self.pid = _starter(tuple(read_first.items())).fork(asked, files)
        self._child_created = True
        self._close_pipe_fds(*ends)  # type: ignore[attr-defined]


class _Starter:
    """The process that forks; it ends when its socket does."""

    def __init__(self, read_first: Mapping[str, str]) -> None:
        # Whose parent has ended becomes a child of this process, not of the system's first one.
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        self._lock = Lock()
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                env={n: v for n, v in os.environ.items() if not n.startswith(READ_FIRST)}
                | dict(read_first),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        atexit.register(self._close)

    def fork(self, asked: dict[str, Any], files: list[int]) -> int:
        """Fork once; give the process id."""
        text = json.dumps(asked).encode()
        with self._lock:
            socket.send_fds(self._socket, [len(text).to_bytes(LENGTH_BYTES, "little")], files)
            self._socket.sendall(text)
            answer = self._socket.recv(LENGTH_BYTES, socket.MSG_WAITALL)
        assert len(answer) == LENGTH_BYTES, "the starter ended"
        return int.from_bytes(answer, "little")

    def _close(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def _starter(read_first: tuple[tuple[str, str], ...]) -> _Starter:
    return _Starter(dict(read_first))


def _serve(connection: socket.socket) -> dict[str, Any] | None:
    """Fork as often as asked; return in each fork what it is to run, in the starter nothing."""
    while True:
        size = array.array("i").itemsize * 3
        head, files, _flags, _address = socket.recv_fds(connection, LENGTH_BYTES, size)
        if not head:
            return None
        length = int.from_bytes(head, "little")
        asked: dict[str, Any] = json.loads(connection.recv(length, socket.MSG_WAITALL))
        # The process between ends at once, so that the command's parent is who asked.
        reading, writing = os.pipe()
        between = os.fork()
        if between:
            os.close(writing)
            for file in files:
                os.close(file)
            os.waitpid(between, 0)
            connection.sendall(os.read(reading, LENGTH_BYTES))
            os.close(reading)
            continue
        if pid := os.fork():
            os.write(writing, pid.to_bytes(LENGTH_BYTES, "little"))
            os._exit(0)
        for number, file in enumerate(files):
            os.dup2(file, number)
        for file in {*files, reading, writing, connection.fileno()} - {0, 1, 2}:
            os.close(file)
        connection.detach()
        return asked


def _import_all(package: str) -> None:
    """Import the modules that commands find by the names of files, as they would."""
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        if found.ispkg:
            _import_all(found.name)
        elif not found.name.endswith(".__main__"):
            importlib.import_module(found.name)


def main() -> None:
    """Import what commands import, then serve."""
    import gc  # noqa: PLC0415

    import alembic.command  # noqa: F401, PLC0415
    import faust  # noqa: F401, PLC0415

    import hub.cli  # noqa: PLC0415
    import hub.http.serving  # noqa: PLC0415
    import hub.kafka.log  # noqa: PLC0415
    import hub.worker.transport  # noqa: PLC0415

    if "PYTHONPATH" not in os.environ:  # else it is another tree, whose files tests alter
        for room in FOUND:
            _import_all(room)
    gc.freeze()
    asked = _serve(socket.socket(fileno=int(sys.argv[1])))
    if asked is None:
        return
    os.environ.clear()
    os.environ.update(asked["env"])
    if asked["cwd"] is not None:
        os.chdir(asked["cwd"])
    sys.argv = [asked["module"], *asked["words"]]
    if asked["module"] != HUB:
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)
        return
    sys.argv[0] = "hub"
    # Processes that the command spawns import what they find here as its program.
    sys.modules["__main__"] = hub.cli
    hub.cli.main()


if __name__ == "__main__":
    main()
