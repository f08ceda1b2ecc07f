"""One real hub with a small demo year, and one real Chromium, for all browser tests.

Chromium is Debian's without its window: a page takes half of the processor that it takes in a
whole browser that hides one (1.3 s for 2.8), and is drawn by the same engine.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.parts.demos import SCALE, demo_copy
from tests.parts.pictures import keep_picture
from tests.parts.starting import run_hub, start_hub
from tests.parts.waiting import SECONDS_MAX

CHROMIUM = os.environ.get("HUB_CHROMIUM", "/usr/bin/chromium-headless-shell")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Several browsers and servers share two cores: what is waited for comes, if not at once.
expect.set_options(timeout=30_000)
READY_SECONDS_MAX = 60.0
LOAD_SECONDS_MAX = 240.0


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


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return cast(int, free.getsockname()[1])


def _make_key(env: dict[str, str]) -> str:
    made = run_hub("keys", "create", "TEST", "--all", env=env, timeout=SECONDS_MAX)
    made.check_returncode()
    return made.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="package")
def hub_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of the hub under test: a copy of the demo year and a free port."""
    return os.environ | {
        "HUB_DATA_DIR": str(demo_copy(tmp_path_factory)[0]),
        "HUB_LISTEN": f"127.0.0.1:{_free_port()}",
    }


@pytest.fixture(scope="package")
def hub_url(hub_env: dict[str, str]) -> Iterator[str]:
    """Where the demo answers, with its year loaded before it starts."""
    url = f"http://{hub_env['HUB_LISTEN']}"
    said = Path(hub_env["HUB_DATA_DIR"]).with_suffix(".log")
    with said.open("wb") as log:
        words = ("demo", "--scale", SCALE)
        process = start_hub(*words, env=hub_env, stdout=log, stderr=subprocess.STDOUT)
        try:
            _until(lambda: _is_ready(url), READY_SECONDS_MAX, process)
            _until(lambda: _is_loaded(url), LOAD_SECONDS_MAX, process)
        except AssertionError as error:
            error.add_note(said.read_text(errors="replace")[-4000:])
            raise
        else:
            yield url
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="package")
def hub_key(hub_env: dict[str, str], hub_url: str) -> str:
    """The key of a sender called TEST, made while the hub runs."""
    return _make_key(hub_env)


class Elsewhere:
    """An empty hub that others than its own machine could reach, and a key for it."""

    def __init__(self, folder: Path) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._env = os.environ | {"HUB_DATA_DIR": str(folder), "HUB_LISTEN": f"0.0.0.0:{port}"}
        self.start()
        self.key = _make_key(self._env)

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self._process = start_hub("serve", env=self._env)
        _until(lambda: _is_ready(self.url), READY_SECONDS_MAX, self._process)

    def run(self, *words: str) -> None:
        """Run a command beside it; raise where that fails."""
        run_hub(*words, env=self._env, timeout=SECONDS_MAX).check_returncode()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    """A hub as it stands in a cluster: it listens on all addresses, so reading needs a key."""
    hub = Elsewhere(tmp_path / "data")
    yield hub
    hub.kill()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The installed Chromium; nothing is downloaded."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def keep() -> Callable[..., None]:
    """Keeps what a page shows as the picture of a question, where `make questions` says where.

    It shows the page from its top, or from what a selector names.
    """
    folder = os.environ.get("HUB_TEST_PICTURES")

    def kept(page: Page, name: str, top: str = "body") -> None:
        if folder is not None:
            page.mouse.move(0, 0)
            keep_picture(page, Path(folder) / f"{name}.png", top)

    return kept


@pytest.fixture
def forgiven() -> list[str]:
    """Parts of console errors that the test itself provokes."""
    return []


@pytest.fixture
def show(chromium: Browser, hub_url: str, forgiven: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens the page at a size and with a query, each time with an empty local storage.

    When the test ends, no opened page may have complained: no console error, no uncaught
    exception, nothing the content security policy refused.
    """
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def open_page(
        query: str = "?period=2023", width: int = 1440, height: int = 900, path: str = ""
    ) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation', (event) =>"
            " console.error(`policy refused ${event.violatedDirective} ${event.blockedURI}`))"
        )
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{hub_url}/{path}{query}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    unforgiven = [said for said in complaints if not any(part in said for part in forgiven)]
    assert unforgiven == []
