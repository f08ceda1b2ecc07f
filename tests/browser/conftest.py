"""One real hub with a small demo year, and one real Chromium, for all browser tests."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = os.environ.get("HUB_CHROMIUM", "/usr/bin/chromium")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY_SECONDS_MAX = 60.0
LOAD_SECONDS_MAX = 240.0


@dataclass(frozen=True)
class Hub:
    """A running hub: where it answers, and the key of a sender called TEST."""

    url: str
    key: str

    def get(self, path: str) -> dict[str, Any]:
        """The JSON body of one read."""
        with urlopen(self.url + path, timeout=30) as answer:
            return cast(dict[str, Any], json.load(answer))

    def post(self, path: str, body: object) -> int:
        """Sends JSON with the key and returns the status."""
        request = Request(
            self.url + path,
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=30) as answer:
            return cast(int, answer.status)


@dataclass
class Screen:
    """A page that was opened, and every complaint its browser made."""

    page: Page
    complaints: list[str] = field(default_factory=list)


def _until(is_so: Callable[[], bool], seconds_max: float, hub: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + seconds_max
    while not is_so():
        assert hub.poll() is None, f"the hub ended with {hub.returncode}"
        assert time.monotonic() < deadline, f"not so after {seconds_max} s"
        time.sleep(0.1)


def _is_ready(url: str) -> bool:
    try:
        with urlopen(url + "/readyz", timeout=5) as answer:
            return cast(int, answer.status) == 200
    except (URLError, OSError):
        return False


def _is_loaded(url: str) -> bool:
    """Whether the stream says that the demo year is in: all loaded, or no progress to tell."""
    with urlopen(url + "/v1/stream?period=2023&seconds=5&limit=2", timeout=30) as answer:
        kind = ""
        has_figures = False
        for raw in answer:
            line = raw.decode().rstrip("\r\n")
            if line.startswith("event:"):
                kind = line.removeprefix("event:").strip()
            elif line.startswith("data:"):
                body = json.loads(line.removeprefix("data:"))
                if kind == "progress" and body["loaded"] < body["total"]:
                    return False
                has_figures = has_figures or (kind == "figures" and bool(body["figures"]))
    return has_figures


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """The demo at a hundredth of its size, fully loaded."""
    data_dir = tmp_path_factory.mktemp("hub")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    env = os.environ | {"HUB_DATA_DIR": str(data_dir), "HUB_LISTEN": listen}
    url = f"http://{listen}"
    said = Path(data_dir.parent) / f"{data_dir.name}.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub.cli", "demo", "--scale", "0.01"],
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _until(lambda: _is_ready(url), READY_SECONDS_MAX, process)
            _until(lambda: _is_loaded(url), LOAD_SECONDS_MAX, process)
            made = subprocess.run(
                [sys.executable, "-m", "hub.cli", "keys", "create", "TEST"],
                env=env,
                capture_output=True,
                text=True,
                check=True,
            )
            yield Hub(url=url, key=made.stdout.strip().splitlines()[-1])
        except AssertionError as error:
            error.add_note(said.read_text(errors="replace")[-4000:])
            raise
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The installed Chromium; nothing is downloaded."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def show(chromium: Browser, hub: Hub) -> Iterator[Callable[..., Screen]]:
    """Opens the page at a size and with a query, each time with an empty local storage.

    When the test ends, no opened page may have complained: no console error, no uncaught
    exception, nothing the content security policy refused.
    """
    opened: list[Screen] = []

    def open_page(query: str = "?period=2023", width: int = 1440, height: int = 900) -> Screen:
        context = chromium.new_context(viewport={"width": width, "height": height})
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation', (event) =>"
            " console.error('refused by policy: ' + event.violatedDirective + ' ' + event.blockedURI))"
        )
        screen = Screen(context.new_page())
        screen.page.on(
            "console",
            lambda said: screen.complaints.append(said.text) if said.type == "error" else None,
        )
        screen.page.on("pageerror", lambda error: screen.complaints.append(str(error)))
        screen.page.goto(hub.url + "/" + query)
        opened.append(screen)
        return screen

    yield open_page
    complaints = [complaint for screen in opened for complaint in screen.complaints]
    for screen in opened:
        screen.page.context.close()
    assert complaints == []
