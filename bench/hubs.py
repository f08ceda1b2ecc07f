"""Hubs in processes of their own, for what is measured from outside of them.

`servers()` runs Kafka and PostgreSQL on loopback with the hub's topics, and gives the settings that
point a hub at them; `serving` and `working` run `hub serve` and `hub work` in such a setting, or
`hub serve` alone on an embedded one. All end with their `with`.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.kafka.topics import Topics, wanted
from hub.settings import Settings

ROOT = Path(__file__).parents[1]
READY_SECONDS_MAX = 60.0
END_SECONDS_MAX = 30.0
ASK_SECONDS = 0.005  # between two questions whether it is ready
Process = subprocess.Popen[bytes]
_APPLIED = "hub_events_applied_total{"


class Servers(NamedTuple):
    """Kafka, PostgreSQL, and the settings of a hub on them."""

    kafka: Kafka
    postgres: Postgres
    settings: Settings


@contextmanager
def servers() -> Iterator[Servers]:
    """Run Kafka and PostgreSQL with nothing in them but topics."""
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        kafka, postgres = Kafka(folder, free_port(), free_port()), Postgres(folder, free_port())
        for part in (kafka, postgres):
            stack.callback(part.kill)  # in order would take longer: nothing of it is kept
            part.start()
        topics = Topics(kafka.address)
        topics.apply(topics.plan(wanted(registry.contracts().values())), 1)
        topics.close()
        settings = Settings(
            data_dir=folder / "hub",
            kafka_bootstrap=kafka.address,
            database_url=postgres.address,
        )
        yield Servers(kafka, postgres, settings)


def plain_environment() -> dict[str, str]:
    """Give the environment without what would change what is measured.

    Settings of a hub are none of it, nor is compiling the project anew at each start.
    """
    named = ("HUB_", "PYTHONDONTWRITEBYTECODE")
    return {k: v for k, v in os.environ.items() if not k.startswith(named)}


def image_environment() -> dict[str, str]:
    """Read what the image tells allocators (`deploy/Dockerfile`)."""
    lines = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    said = next(line for line in lines if line.startswith("ENV MALLOC"))
    return dict(pair.split("=", 1) for pair in said.split()[1:])


def _environment(settings: Settings, port: int) -> dict[str, str]:
    own = {
        "HUB_DATA_DIR": str(settings.data_dir),
        "HUB_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_SESSION_SECONDS": f"{settings.session_seconds:g}",
        "HUB_LISTEN": f"127.0.0.1:{port}",
    }
    return plain_environment() | image_environment() | own


@contextmanager
def running(command: str, settings: Settings, port: int) -> Iterator[Process]:
    """Run a command of the hub, as the image runs it; show its last words where this fails."""
    arguments = [sys.executable, "-m", "hub.cli", command]
    with tempfile.TemporaryFile() as said:
        env = _environment(settings, port)
        process = subprocess.Popen(arguments, env=env, cwd=ROOT, stdout=said, stderr=said)
        is_well = False
        try:
            yield process
            is_well = True
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(END_SECONDS_MAX)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if not is_well:
                said.seek(0)
                print(said.read()[-4_000:].decode(errors="replace"), file=sys.stderr)


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[int, float]]:
    """Run `hub serve`; give its port, and the seconds until `/readyz` answered 200."""
    with served(settings) as (port, seconds, _):
        yield port, seconds


@contextmanager
def served(settings: Settings) -> Iterator[tuple[int, float, Process]]:
    """Run `hub serve`, as `serving` does; give its process, too."""
    port = free_port()
    begun = time.perf_counter()
    with running("serve", settings, port) as process:
        while not _answers(port, "/readyz"):
            _check(process, begun)
            time.sleep(ASK_SECONDS)
        yield port, time.perf_counter() - begun, process


@contextmanager
def working(settings: Settings) -> Iterator[tuple[int, Process]]:
    """Run `hub work`; give its port and its process once it has partitions to apply."""
    port = free_port()
    begun = time.perf_counter()
    with running("work", settings, port) as process:
        while not assigned(port):
            _check(process, begun)
            time.sleep(0.1)
        yield port, process


def _check(process: Process, begun: float) -> None:
    if process.poll() is not None or time.perf_counter() - begun > READY_SECONDS_MAX:
        raise RuntimeError("it ended, or was not ready in time")


def assigned(port: int) -> int:
    """Count the partitions that the worker at a port has."""
    answer = _answers(port, "/healthz")
    return int(answer.partition(b'"partitions":')[2].split(b",")[0] or 0)


def applied(port: int) -> float:
    """Give how many events the worker at a port has applied."""
    lines = _answers(port, "/metrics").decode().splitlines()
    return sum(float(x.rpartition(" ")[2]) for x in lines if x.startswith(_APPLIED))


def _answers(port: int, path: str) -> bytes:
    """Ask; give the answer's bytes where its status is 200, else none."""
    question = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(question.encode())
            with connection.makefile("rb") as stream:
                answer = stream.read()
    except OSError:
        return b""
    return answer if answer.startswith(b"HTTP/1.1 200") else b""
