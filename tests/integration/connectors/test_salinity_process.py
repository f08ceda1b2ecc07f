"""`hub connect salinity` as a process: killed again and again, bounded in memory.

`HUB_TEST_KILLS` sets how often it is killed.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.salinity.connector import SalinitySettings, StationFeed
from connectors.salinity.simulator import Loggers, play, script
from hub.connecting.connection import heartbeat_name
from hub.opening import OpenHub
from tests.integration.connectors.stations import await_in_log, check, connection, has_all, in_log
from tests.parts.starting import start_hub
from tests.parts.waiting import until

KILLS = int(os.environ.get("HUB_TEST_KILLS", "8"))
# The connector as it is, but killed when what it read is durable and not yet acknowledged.
DIES_BEFORE_ACKNOWLEDGING = """
import os, signal, sys
from connectors.salinity.upstream import Upstream
Upstream.acknowledge = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from hub.cli import main
sys.argv = ["hub", "connect", "salinity"]
main()
"""


# --- the connector as a process -----------------------------------------------------------------


class Connected:
    """`hub connect salinity` as a process, over the folder of a hub."""

    def __init__(self, hub: OpenHub, own: SalinitySettings, **more: str) -> None:
        self._hub = hub
        self._env = {
            **os.environ,
            "HUB_DATA_DIR": str(hub.settings.data_dir),
            "HUB_SALINITY_URL": own.url,
            "HUB_SALINITY_CLIENT_ID": own.client_id,
            **more,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        self.process = (
            subprocess.Popen([sys.executable, *arguments], env=self._env)
            if arguments
            else start_hub("connect", "salinity", env=self._env)
        )

    def await_running(self) -> None:
        def is_running() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, "it ended"
            told = self._hub.log.checkpoint(heartbeat_name("salinity"))
            return told is not None and json.loads(told)["state"] == "running"

        until(is_running, "the connector runs")

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)
            self.process = None

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(30) == 0
        self.process = None

    def memory_max_kib(self) -> int:
        assert self.process is not None
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.partition("VmHWM:")[2].split()[0])


@pytest.fixture
def connected(hub: OpenHub, own: SalinitySettings) -> Iterator[Callable[..., Connected]]:
    started = []

    def make(**more: str) -> Connected:
        found = Connected(hub, own, **more)
        started.append(found)
        return found

    yield make
    for one in started:
        one.kill()


def test_a_connector_that_is_killed_again_and_again_loses_and_doubles_nothing(
    hub: OpenHub, connected: Callable[..., Connected], loggers: Loggers
) -> None:
    chance = random.Random(20260301)
    made = script(seed=5, stations=12, hours=max(24, 6 * KILLS))
    running = connected(HUB_SALINITY_BATCH_MAX="7")
    running.start()
    running.await_running()
    allowed = threading.Semaphore(0)
    share = len(made.messages) // (KILLS + 1)

    def publish() -> None:
        for message in made.messages:
            allowed.acquire()
            loggers.publish(message)
        loggers.confirm()

    publishing = threading.Thread(target=publish, daemon=True)
    publishing.start()
    for _ in range(KILLS):
        wanted = in_log(hub) + chance.randrange(1, share // 2)
        allowed.release(share)
        await_in_log(hub, wanted)
        running.kill()
        running.start()
    # And killed for certain between the log and the acknowledgement.
    running.kill()
    before = in_log(hub)
    allowed.release(len(made.messages))
    running.start("-c", DIES_BEFORE_ACKNOWLEDGING)
    assert running.process is not None
    assert running.process.wait(60) == -signal.SIGKILL
    assert in_log(hub) > before
    running.start()
    until(lambda: has_all(hub, made), "all are in the log")
    publishing.join(60)
    assert not publishing.is_alive()
    running.stop()
    check(hub, made, least_repeats=1)


def test_the_hour_of_five_thousand_stations_is_counted_in_bounded_memory(
    hub: OpenHub, connected: Callable[..., Connected], loggers: Loggers
) -> None:
    running = connected()
    running.start()
    running.await_running()
    before = running.memory_max_kib()
    made = script(seed=1, stations=5_000, hours=1, has_faults=False)
    play(loggers, made.messages)
    await_in_log(hub, 5_000)
    after = running.memory_max_kib()
    running.stop()
    check(hub, made)
    assert after - before < 64 * 1024, f"{before} KiB, then {after} KiB"


def test_the_simulator_tells_what_it_published(
    hub: OpenHub, open_feed: Callable[..., StationFeed], own: SalinitySettings
) -> None:
    running = connection(hub, open_feed())
    command = ["-m", "connectors.salinity.simulator", "--url", own.url, "--seed", "2"]
    run = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    made = script(seed=2, stations=12, hours=24)
    assert run.stderr == ""
    assert run.stdout.startswith(f"{len(made.messages)} messages: {made.distinct} readings")
    until(lambda: running.step(0.2) >= 0 and has_all(hub, made), "all are in the log")
    until(lambda: running.step(0.2) == 0, "nothing is left")
    check(hub, made)
