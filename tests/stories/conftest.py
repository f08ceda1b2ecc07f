"""A real `hub serve`, in a process and a folder of its own."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from tests.parts import lists, loopback
from tests.parts.starting import run_hub, start_hub
from tests.parts.waiting import SECONDS_MAX


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


class Served:
    """A folder with a hub in it, served or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "HUB_DATA_DIR": str(folder),
            "HUB_REFERENCE_DIR": str(lists.FOLDER),
            "HUB_LISTEN": f"127.0.0.1:{self.port}",
            "HUB_REQUESTS_PER_SECOND_MAX": "100000",
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.key = ""

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return run_hub(*command, env=self.env, timeout=SECONDS_MAX)

    def create_key(self, name: str = "tester", *options: str) -> str:
        made = self.run("keys", "create", name, *(options or ("--all",)))
        assert made.returncode == 0, made.stderr
        self.key = made.stdout.splitlines()[-1]
        return self.key

    def start(
        self,
        is_ready: int = 200,
        stderr: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> None:
        """Start serving; wait until `/readyz` answers so."""
        process = self.launch(stderr, stdout)
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                if loopback.get(f"{self.url}/readyz", timeout=60).status_code == is_ready:
                    return
            except httpx.TransportError:
                assert process.poll() is None, "hub serve ended"
                time.sleep(0.02)
        raise AssertionError("hub serve was not ready in time")

    def launch(
        self, stderr: IO[bytes] | None = None, stdout: IO[bytes] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start serving; wait for nothing."""
        assert self.process is None or self.process.poll() is not None, "it is served already"
        self.process = start_hub("serve", env=self.env, stdout=stdout, stderr=stderr)
        return self.process

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(SECONDS_MAX) == 0
            self.process = None

    def post(self, contract: str, body: Any, **headers: str) -> httpx.Response:
        return loopback.post(
            f"{self.url}/v1/events/{contract}",
            content=body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}"} | headers,
            timeout=SECONDS_MAX,
        )

    def get(self, path: str, **parameters: str) -> httpx.Response:
        return loopback.get(f"{self.url}{path}", params=parameters or None, timeout=SECONDS_MAX)

    def figure(self, kpi: str, **parameters: str) -> dict[str, Any]:
        """Ask for the one figure of a question, once everything acknowledged is applied."""
        self.settle()
        found = loopback.get(f"{self.url}/v1/kpis/{kpi}", params=parameters).json()["figures"]
        assert len(found) == 1, found
        figure: dict[str, Any] = found[0]
        return figure

    def settle(self) -> None:
        deadline = time.monotonic() + SECONDS_MAX
        while any(loopback.get(f"{self.url}/readyz").json()["lag_events"].values()):
            assert time.monotonic() < deadline, "still behind"
            time.sleep(0.02)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    hub = Served(tmp_path / "hub")
    hub.create_key()
    hub.start()
    yield hub
    if hub.process is not None and hub.process.poll() is None:
        hub.kill()
