"""Ten thousand stations, a reading a minute each, through Mosquitto: nothing is lost on the way.

    python -m tests.parts.stations --stations 10000 --minutes 10      (or: make mqtt)

A real Mosquitto, `hub connect salinity` as a process over an embedded hub, and as many connections
as there are stations. Meanwhile the connector is killed with -9 and started again, stays away for
more than a minute, and the broker restarts, also while readings wait in it and no connector runs.
In the end what the hub holds is held against what was measured, reading by reading. The last line
is the verdict; the exit code is 0 or 1. `--seconds 2` lets a minute take two seconds;
`--queued 1000` gives the broker Mosquitto's own default, and must lose.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from connectors.salinity import doctor
from connectors.salinity.broker import BrokerSettings
from deploy.local.services.mosquitto import Mosquitto
from deploy.local.services.ports import HOST, free_port
from hub import registry
from hub.clock import iso, system_clock, to_us
from hub.connecting.connection import heartbeat_name
from hub.opening import open_hub
from hub.proof.verify import verify
from hub.settings import Settings
from tests.parts import lists
from tests.parts.crowd import Crowd, truth
from tests.parts.starting import start_hub
from tests.parts.waiting import until

SHOWN_MAX = 5
WORK_SECONDS_MAX = 90.0
SETTLE_SECONDS_MAX = 600.0
QUIET_SECONDS = 5.0
FILES_BESIDE = 200  # that a process has open beside its connections


@dataclass(frozen=True)
class Trouble:
    """From a share of the run on: the connector is killed and stays away for so many minutes (None:
    it is left alone), and meanwhile the broker restarts.
    """

    share: float
    away: float | None = 0.0
    is_restart: bool = False


TROUBLES = (
    Trouble(0.12),
    Trouble(0.22, away=1.3),
    Trouble(0.45, away=None, is_restart=True),
    Trouble(0.55),
    Trouble(0.68, away=1.0, is_restart=True),
    Trouble(0.93, away=0.1),
)


@dataclass
class Outcome:
    """What came of a run: lines for people, and what is wrong."""

    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Queued(Mosquitto):
    """A broker that keeps so many messages for a client that is away; None: as `make services`."""

    def __init__(self, folder: Path, queued_max: int | None) -> None:
        super().__init__(folder, free_port())
        self._queued_max = queued_max

    def _lines(self) -> dict[str, object]:
        lines = super()._lines() | {"sys_interval": 1}
        if self._queued_max is None:
            return lines
        return lines | {"max_queued_messages": self._queued_max}


class Run:
    """One run, in a folder."""

    def __init__(
        self, folder: Path, stations: int, minutes: int, seconds: float, queued_max: int | None
    ) -> None:
        self.outcome = Outcome()
        self._stations, self._minutes, self._seconds = stations, minutes, seconds
        self._broker = Queued(folder / "services", queued_max)
        self._settings = Settings(data_dir=folder / "hub")
        self._connector: subprocess.Popen[bytes] | None = None
        self._crowd: Crowd | None = None
        self._dropped = 0
        self._begun = time.monotonic()
        # What was in the log when the connector started, and when that was.
        self._before, self._started_at = 0, ""

    def all(self) -> Outcome:
        """Do all of it; whatever happens, nothing of it still runs afterwards."""
        with ExitStack() as stack:
            stack.callback(self._broker.wipe)
            self._broker.start()
            with open_hub(self._settings):
                """Make log and store."""
            stack.callback(self._kill)
            self._start()
            until(self._is_heard, "the connector has subscribed")
            asyncio.run(self._happen())
            self._count_dropped()
            assert self._connector is not None
            self._connector.terminate()
            self._connector.wait(60)
            self._connector = None
            self._check()
        return self.outcome

    async def _happen(self) -> None:
        """Let the stations measure while things go wrong, until all is in the log."""
        crowd = self._crowd = Crowd(HOST, self._broker.port, self._stations)
        try:
            await crowd.connect(SETTLE_SECONDS_MAX)
            self._say(f"{crowd.connected:,} stations are connected")
            troubles = asyncio.create_task(self._troubles())
            for minute in range(self._minutes):
                await crowd.measure(minute, self._seconds)
                self._say(
                    f"minute {minute + 1}: {(minute + 1) * self._stations:,} measured,"
                    f" {crowd.unconfirmed:,} unconfirmed, {await self._in_log():,} in the log"
                )
            await troubles
            await crowd.confirm(SETTLE_SECONDS_MAX)
            await self._settled()
            self._say(f"{crowd.lost:,} connections were lost and made again")
        finally:
            crowd.close()

    async def _troubles(self) -> None:
        """Let each trouble meet a connector at work; one that comes late puts off the others."""
        whole, begun = self._minutes * self._seconds, time.monotonic()
        for trouble in TROUBLES:
            await asyncio.sleep(max(0.0, begun + trouble.share * whole - time.monotonic()))
            await self._works()
            back = time.monotonic()
            if trouble.away is not None:
                back += trouble.away * self._seconds
                await asyncio.to_thread(self._kill)
            if trouble.is_restart:
                await asyncio.to_thread(self._broker_restarts)
            if trouble.away is not None:
                await asyncio.sleep(max(0.0, back - time.monotonic()))
                await asyncio.to_thread(self._start)

    async def _works(self) -> None:
        """Wait until the connector has brought something since it started: it is met at work.

        Where all is measured and here there is no more work, and it is met at rest.
        """
        deadline, whole = time.monotonic() + WORK_SECONDS_MAX, self._stations * self._minutes
        while time.monotonic() < deadline:
            now = await self._in_log()
            if now > self._before or now >= whole:
                return
            await asyncio.sleep(0.05)

    def _broker_restarts(self) -> None:
        self._count_dropped()
        self._broker.stop()
        self._broker.start()
        self._say("  the broker restarted" + ("" if self._connector else ", no connector ran"))

    def _start(self) -> None:
        env = {
            **os.environ,
            "HUB_DATA_DIR": str(self._settings.data_dir),
            "HUB_SALINITY_URL": self._broker.address,
        }
        self._before, self._started_at = self._count(), iso(to_us(system_clock())) or ""
        self._connector = start_hub("connect", "salinity", env=env)

    def _kill(self) -> None:
        if self._connector is not None:
            self._connector.kill()
            self._connector.wait(60)
            self._connector = None
            self._say("  the connector is killed with -9")

    def _is_heard(self) -> bool:
        with open_hub(self._settings, check=False) as hub:
            return hub.log.checkpoint("session:salinity") is not None

    def _count_dropped(self) -> None:
        """Ask the broker what it dropped; a restart forgets that."""
        self._dropped += doctor.dropped(BrokerSettings(url=self._broker.address)) or 0

    async def _in_log(self) -> int:
        return await asyncio.to_thread(self._count)

    def _count(self) -> int:
        with open_hub(self._settings, check=False) as hub:
            return sum(hub.log.ends(registry.contracts()["reading"].topic).values())

    async def _settled(self) -> None:
        """Wait until nothing more comes, though the connector runs; raises `TimeoutError`."""
        before, since = -1, time.monotonic()
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            while time.monotonic() - since < QUIET_SECONDS:
                now = await self._in_log()
                if now != before or not await asyncio.to_thread(self._is_running):
                    before, since = now, time.monotonic()
                await asyncio.sleep(0.5)

    def _is_running(self) -> bool:
        with open_hub(self._settings, check=False) as hub:
            told = json.loads(hub.log.checkpoint(heartbeat_name("salinity")) or "{}")
        return bool(told.get("state") == "running" and told["at"] > self._started_at)

    def _check(self) -> None:
        """Hold what the hub has against what was measured."""
        wanted = truth(self._stations, self._minutes)
        with open_hub(self._settings) as hub:
            hub.runner.catch_up()
            with hub.store.reading() as reading:
                rows = reading.rows("SELECT station_code, measured_at, milli FROM fact_reading")
                ledger: dict[str, int] = dict(
                    reading.rows("SELECT class, SUM(count) FROM ledger GROUP BY 1")
                )
            differing = verify(hub.log, hub.store, lists.installed()).differences
        found = {(s, at): milli for s, at, milli in rows}
        lost = sorted(wanted.keys() - found.keys())
        wrong = self.outcome.wrong
        wrong += [f"lost: {s} at {at}" for s, at in lost[:SHOWN_MAX]]
        wrong += [f"lost in all: {len(lost):,}"] if lost else []
        wrong += [f"other: {k}" for k in found if wanted.get(k) != found[k]][:SHOWN_MAX]
        wrong += [f"the broker dropped {self._dropped:,}"] if self._dropped else []
        wrong += [
            f"{name}: {ledger[name]}" for name in ledger if name not in ("applied", "duplicate")
        ]
        wrong += [f"verify: {d}" for d in differing[:SHOWN_MAX]]
        again = int(ledger.get("duplicate", 0))
        self._say(
            f"{len(wanted):,} measured, {len(found):,} stored, {len(lost):,} lost,"
            f" {again:,} came again and counted once; the broker dropped {self._dropped:,}"
        )

    def _say(self, text: str) -> None:
        self.outcome.lines.append(text)
        print(f"{time.monotonic() - self._begun:6.1f} s  {text}", flush=True)


def main() -> int:
    """Run, print the verdict; give the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60.0, help="that a minute takes")
    parser.add_argument("--queued", type=int, help="messages that the broker keeps for who is away")
    asked = parser.parse_args()
    _, files_max = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = asked.stations + FILES_BESIDE
    if wanted > files_max:
        print(f"{wanted:,} open files are needed; ulimit -Hn is {files_max:,}", file=sys.stderr)
        return 1
    # The broker is given as many: it needs one for each station, and hangs up where it has none.
    resource.setrlimit(resource.RLIMIT_NOFILE, (files_max, files_max))
    with tempfile.TemporaryDirectory(prefix="lgsp-stations-") as name:
        run = Run(Path(name), asked.stations, asked.minutes, asked.seconds, asked.queued)
        wrong = run.all().wrong
    for line in wrong:
        print(f"WRONG {line}")
    is_good = "nothing is lost" if not wrong else f"{len(wrong)} things are wrong"
    print(f"stations: {asked.stations:,}, {asked.minutes} minutes: {is_good}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
