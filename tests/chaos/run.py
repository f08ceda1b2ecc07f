"""One run of the fault harness: traffic, faults, rest, and the account of it all.

`Run` strikes as the plan says; what strikes otherwise, and longer, goes by the same beginning and
end. `held_to_account` runs one in a folder of its own, prints what was found, and leaves nothing.
"""

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Protocol, TypeVar

from hub.log.log import LogUnavailableError
from hub.opening import OpenHub, open_hub
from hub.store.troubles import StoreUnavailableError
from tests.chaos import checks, disk, watch
from tests.chaos.checks import Report
from tests.chaos.connected import Connected
from tests.chaos.events import STEP
from tests.chaos.parts import ChaosError, Parts
from tests.chaos.plan import OTHERS, Fault, plan, printed
from tests.chaos.traffic import Traffic
from tests.chaos.written import Written
from tests.parts.same import Say

PROGRESS_SECONDS = 10
BEHIND_MAX = 5_000  # events
POLL_SECONDS = 0.2
# Of the faults, so many wait until something is applied, at most so long.
WORKING_SHARE = 0.7
WORK_SECONDS_MAX = 20.0
# Beyond the minutes asked for: faults that take longer than planned, and all that comes after them.
EXTRA_SECONDS_MAX = 1_800.0
SETTLE_SECONDS_MAX = 400.0
FROZEN = OTHERS[3]


class Run:
    """One run, in a folder."""

    behind_max = BEHIND_MAX
    step = STEP

    def __init__(self, seed: int, minutes: float, folder: Path, say: Say) -> None:
        self.report = Report()
        self._seed = seed
        self._minutes = minutes
        self._folder = folder
        self._say = say
        self._plan: list[Fault] = []
        self._parts = Parts(folder, say)
        self._struck = 0
        self._quiet = threading.Event()

    def all(self) -> Report:
        """Do all of it; whatever happens, nothing of it still runs afterwards."""
        self._begin()
        traffic = None
        progress = None
        try:
            self._parts.start()
            traffic = Traffic(
                self._seed,
                self._folder,
                self._parts.served.url,
                self._parts.served.key,
                self._parts.settings.kafka_bootstrap,
                self.step,
            )
            progress = threading.Thread(target=self._progress, args=(traffic,), daemon=True)
            progress.start()
            traffic.start()
            self._strike_all(traffic)
            self._settle(traffic)
            found = checks.check(self._parts, traffic)
            self.report.lines += found.lines
            self.report.wrong += found.wrong
            self._sum_up(traffic)
        finally:
            self._quiet.set()
            if progress is not None:
                progress.join(PROGRESS_SECONDS)
            if traffic is not None:
                traffic.give_up()
            self._parts.close()
        return self.report

    def _begin(self) -> None:
        """Say what is to come, and do what needs no traffic."""
        self._plan = plan(self._seed, self._minutes)
        for line in printed(self._plan):
            self._say(f"plan {line}")
        parts = self._parts
        parts.connected = Connected(self._folder, parts.settings, self._seed, self._say)
        parts.written = Written(self._folder / "written", parts.settings, self._seed, self._say)
        disk.fill(self._folder / "embedded", self._seed, self.report)
        self._say(self.report.lines[-1])

    def _strike_all(self, traffic: Traffic) -> None:
        begun = time.monotonic()
        for fault in self._plan:
            self._wait_until(begun + fault.at, traffic)
            if fault.chance < WORKING_SHARE:
                self._wait_for_work(traffic)
            self._strike(fault, traffic)
        self._wait_until(begun + self._minutes * 60, traffic)

    def _wait_for_work(self, traffic: Traffic) -> None:
        """Give the hub some time to come back, so that not all faults meet one that is starting."""
        before = -1
        deadline = time.monotonic() + WORK_SECONDS_MAX
        while time.monotonic() < deadline:
            now = self._parts.applied()
            if -1 < before < now:
                return
            before = now if before < 0 else before
            self._wait_until(time.monotonic() + POLL_SECONDS, traffic)

    def _strike(self, fault: Fault, traffic: Traffic) -> None:
        begun = time.monotonic()
        by = f" by {fault.clock_step:+d} s" if "clock" in fault.kind else ""
        self._say(f"fault {self._struck + 1} of {len(self._plan)}: {fault.kind}{by}")
        traffic.put(self._parts.told.reading())
        if self._parts.connected is not None:
            self._parts.connected.go_on()
        self._parts.strike(fault)
        self._struck += 1
        took = time.monotonic() - begun
        if took > PROGRESS_SECONDS:
            self._say(f"  took {took:.0f} s")

    def _wait_until(self, at: float, traffic: Traffic) -> None:
        while time.monotonic() < at:
            self._parts.restart_ended()
            if traffic.is_done:
                raise ChaosError(f"the traffic ended: {traffic.surprises}")
            time.sleep(POLL_SECONDS)

    def _settle(self, traffic: Traffic) -> None:
        """Let the traffic end and everything be applied."""
        self._say("faults are over: clocks are set right, what is left is sent and applied")
        self._parts.right_clocks()
        traffic.stop()
        if self._parts.written is not None:
            self._parts.written.rest()
        deadline = time.monotonic() + SETTLE_SECONDS_MAX

        def wait(what: str) -> None:
            if time.monotonic() > deadline:
                raise ChaosError(f"not within {SETTLE_SECONDS_MAX:.0f} s: {what}")
            self._parts.restart_ended()
            time.sleep(POLL_SECONDS)

        while not traffic.is_done:
            wait(f"all is acknowledged; answers: {dict(traffic.answers)}")
        connected = self._parts.connected
        if connected is not None:
            connected.rest(wait, self._parts.ahead())
        with open_hub(self._parts.settings) as hub:
            self._until_applied(hub, wait)
            while connected is not None and (left := _left(connected, hub)):
                wait(f"all that upstreams have is here; {left}")
            if connected is not None:
                connected.end()
            self._until_applied(hub, wait)
        self._parts.stop_hub()
        # What workers told others as they ended stands in a topic too.
        with open_hub(self._parts.settings) as hub:
            hub.runner.catch_up()
        written = self._parts.written
        settings = self._parts.settings
        self._parts.told.finish(settings if written is None else written.settings(settings))
        if written is not None:
            written.finish()

    def _until_applied(self, hub: OpenHub, wait: Callable[[str], None]) -> None:
        while True:
            try:
                lag = hub.applying.lag()
            except (StoreUnavailableError, LogUnavailableError) as error:
                wait(f"asked for the lag: {error}")
                continue
            if not any(lag.values()):
                return
            wait(f"all is applied; lag {lag}")

    def _progress(self, traffic: Traffic) -> None:
        for second in count(1):
            if self._quiet.wait(1):
                return
            acknowledged = sum(traffic.acknowledged.counted.values())
            applied = self._parts.applied()
            traffic.is_held = 0 <= applied < acknowledged - self.behind_max
            if second % PROGRESS_SECONDS == 0:
                self._say(
                    f"{traffic.sent['events']:,} sent, {acknowledged:,} acknowledged,"
                    f" {applied:,} applied, {self._struck} faults,"
                    f" {self._parts.counted['kill -9']} kill -9"
                )

    def _sum_up(self, traffic: Traffic) -> None:
        self._sum_up_faults()
        self._sum_up_traffic(traffic)

    def _sum_up_faults(self) -> None:
        counted = self._parts.counted
        wrong = [f"{f.kind}: planned and not done" for f in self._plan if not counted[f.kind]]
        text = ", ".join(f"{kind} {n}" for kind, n in sorted(counted.items()))
        self.report.say("faults", f"{self._struck}: {text}", wrong)
        frozen = counted[FROZEN]
        caught = len(self._parts.fenced)
        text = f"{frozen} frozen, of which {caught} thawed and fenced; fenced in all:"
        wrong = [] if caught else ["no worker that was frozen was fenced afterwards"]
        self.report.say("fences", f"{text} {self._parts.fences()} times, as workers say", wrong)

    def _sum_up_traffic(self, traffic: Traffic) -> None:
        shares = {k: n for k, n in sorted(traffic.events.counted.items()) if k != "made"}
        made = traffic.events.counted["made"]
        text = ", ".join(f"{k} {n} ({n / made:.2%})" for k, n in shares.items())
        self.report.say("events", f"{made:,} made: {text}", [])
        sent, acknowledged = traffic.sent, traffic.acknowledged.counted
        text = ", ".join(f"{w}: {sent[w]:,} sent, {acknowledged[w]:,} acknowledged" for w in WAYS)
        text += f", {len(traffic.acknowledged.rejected)} rejected"
        self.report.say("traffic", text, [] if sent["events"] else ["nothing was sent"])
        text = ", ".join(f"{a} {n}" for a, n in sorted(traffic.answers.items()))
        self.report.say("answers of the gateway", text, traffic.surprises)


WAYS = ("gateway", "foreign")


def _left(connected: Connected, hub: OpenHub) -> list[str]:
    """Say what of upstreams is still on the way, if anything is."""
    found = connected.check(hub)
    return [f"{name}: {w}" for name, (_, wrong) in found.items() for w in wrong[:1]]


class Account(Protocol):
    """What is held to account: it does all of it, and its report says what was found."""

    report: Report

    def all(self) -> Report:
        """Do all of it; nothing of it still runs afterwards."""


A = TypeVar("A", bound=Account)


def held_to_account(
    named: str, seconds: float, make: Callable[[Path, Say], A], kept: Callable[[A], None] | None
) -> int:
    """Do a run in a folder of its own and print what was found; give the exit code.

    `kept` is given the run before its folder goes, whatever came of it.
    """
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {text}", flush=True)

    def leave(*_: object) -> None:
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, leave)
    folder = Path(tempfile.mkdtemp(prefix="lgsp-chaos-"))
    os.environ[watch.MARK] = str(folder)
    watchdog = watch.start(folder, seconds + EXTRA_SECONDS_MAX)
    wrong = ["it did not come to its end"]
    try:
        run = make(folder, say)
        try:
            wrong = run.all().wrong
        finally:
            if kept is not None:
                kept(run)
        for line in run.report.lines:
            print(line)
    except (ChaosError, AssertionError) as error:
        wrong = [str(error)]
    finally:
        watch.done(watchdog)
        left = watch.marked(folder)
        if left:
            wrong.append(f"processes were left: {left}")
        for line in wrong:
            print(f"WRONG {line}")
        if wrong:
            print(f"logs and data are in {folder}")
        else:
            shutil.rmtree(folder)
        is_good = "all holds" if not wrong else f"{len(wrong)} things are wrong"
        print(f"{named}: {is_good}", flush=True)
    return int(bool(wrong))
