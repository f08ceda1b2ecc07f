"""The demo: a labelled synthetic year, from the sources' own generators, through the whole hub.

Every event goes through contract, log, fold and cells. The load is a connector like any other: it
appends with a checkpoint in the same transaction, so that a stopped load goes on where it was.

With connectors there is no load: simulated upstreams run, and the real connectors read them.
"""

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from types import ModuleType

from hub import places, registry
from hub.access.keys import Sender
from hub.clock import system_clock
from hub.log.log import Log
from hub.log.submitting import append_columns
from hub.opening import DEMO_MARK, OpenHub, load_province, open_hub
from hub.settings import Settings
from hub.troubles import TroubleError

SEED = 2023
DEFECTS_PER_POST_MAX = 100
STARTS = "demo:starts"
SINCE_DAYS = 60  # how far back connectors load history


class OtherEventsError(TroubleError):
    """The folder holds events that this demo did not make."""


@dataclass(frozen=True)
class Demo:
    """Which synthetic data: a year of a seed and scale (1 is the full one), or live connectors."""

    seed: int
    scale: float
    has_connectors: bool = False

    @property
    def mark(self) -> str:
        """What the log remembers of it."""
        said: dict[str, object] = {"seed": self.seed, "scale": self.scale}
        return json.dumps(said | {"connectors": True} if self.has_connectors else said)

    def total(self) -> int:
        """Count the events of the history, rejected ones included."""
        return sum(
            synthetic.total(self.scale) + len(synthetic.defects(self.seed, self.scale))
            for synthetic in generators().values()
        )


def generators() -> dict[str, ModuleType]:
    """Find the sources that can make a synthetic year."""
    return _beside("synthetic")


def simulators() -> dict[str, ModuleType]:
    """Find the sources whose upstream can be simulated."""
    return _beside("simulator")


def lacking() -> dict[str, str]:
    """Say of simulated upstreams that cannot run here what they lack, such as a broker."""
    asked = {n: getattr(made, "lacks", str)() for n, made in simulators().items()}
    return {name: what for name, what in asked.items() if what}


def _beside(part: str) -> dict[str, ModuleType]:
    return {
        name: module
        for name in registry.sources()
        if (module := registry.beside_source(name, part)) is not None
    }


@contextmanager
def connected(hub: OpenHub, demo: Demo) -> Iterator[dict[str, dict[str, str]]]:
    """Run a simulated upstream of every source that can run here; give connectors' settings."""
    start = int(hub.log.checkpoint(STARTS) or 0)
    hub.log.set_checkpoints({STARTS: str(start + 1)})
    folder = hub.settings.data_dir.absolute() / "upstreams"
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(made.demonstrated(folder / name, demo.seed, start))
            for name, made in simulators().items()
            if name not in lacking()
        }


def claim(hub: OpenHub, demo: Demo) -> None:
    """Mark the log as the demo's, and load its province's lists.

    Raises `OtherEventsError` where it holds anything else.
    """
    mark = hub.log.checkpoint(DEMO_MARK)
    if mark is None and not hub.log.is_empty:
        raise OtherEventsError("the folder holds events that are not the demo's")
    if mark is not None and mark != demo.mark:
        raise OtherEventsError(f"the folder holds another demo: {mark}, asked for {demo.mark}")
    hub.log.set_checkpoints({DEMO_MARK: demo.mark})
    load_province(hub, places.demo_reference_folder(), "hub demo")


def is_loaded(log: Log) -> bool:
    """Tell whether every source's history is in the log."""
    return all(log.checkpoint(f"demo:{name}") == "all" for name in generators())


def load(settings: Settings, demo: Demo) -> None:
    """Append what is missing of every source's history, then its rejected items."""
    with open_hub(settings) as hub:
        gateway = hub.gateway()
        for name, synthetic in generators().items():
            contract = registry.contracts()[registry.sources()[name].contract]
            done = hub.log.checkpoint(f"demo:{name}") or "0"
            if done == "all":
                continue
            for number, frame in enumerate(synthetic.history(demo.seed, demo.scale), 1):
                if number > int(done):
                    point = {f"demo:{name}": str(number)}
                    append_columns(hub.log, contract, name, frame, hub.clock, point)
            defects = synthetic.defects(demo.seed, demo.scale)
            for at in range(0, len(defects), DEFECTS_PER_POST_MAX):
                body = json.dumps(defects[at : at + DEFECTS_PER_POST_MAX]).encode()
                # The idempotency key keeps a load that goes on from sending them twice.
                gateway.accept(contract, Sender(name), body, f"demo-defects-{at}")
            hub.log.set_checkpoints({f"demo:{name}": "all"})
        gateway.close()


def _load_in_child(settings: Settings, demo: Demo, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)  # whoever started the load is gone

    threading.Thread(target=watch, daemon=True).start()
    load(settings, demo)


def start_load(settings: Settings, demo: Demo) -> BaseProcess:
    """Load in a process of its own, so that generating and applying use a core each."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(
        target=_load_in_child, args=(settings, demo, os.getpid()), name="load", daemon=True
    )
    process.start()
    return process


def follow_load(hub: OpenHub, process: BaseProcess | None, report: Callable[[int], None]) -> int:
    """Wait until the history is applied, reporting the events applied; give their number.

    Raises `RuntimeError` where the load or the runner failed.
    """
    while True:
        is_alive = process is not None and process.is_alive()
        applied = sum(hub.applying.positions().values())
        report(applied)
        if hub.applying.failure is not None:
            raise RuntimeError(f"applying failed: {hub.applying.failure!r}")
        if not is_alive and not sum(hub.applying.lag().values()):
            break
        time.sleep(0.1)
    if process is not None and process.exitcode:
        raise RuntimeError(f"loading failed with exit code {process.exitcode}")
    return applied


def tell_alerts(hub: OpenHub) -> None:
    """Find the alerts of what is loaded, and wait until nothing is new about them."""
    teller = hub.teller()
    while teller.round() != 0:
        time.sleep(0.1)


def keep_flowing(hub: OpenHub, demo: Demo, stopping: threading.Event) -> None:
    """Send live synthetic events until told to stop."""
    gateway = hub.gateway()
    flows = {
        name: synthetic.live(demo.seed, system_clock) for name, synthetic in generators().items()
    }
    paces: dict[str, float] = {n: made.LIVE_SECONDS for n, made in generators().items()}
    due = dict.fromkeys(flows, time.monotonic())
    while not stopping.wait(max(0.0, min(due.values()) - time.monotonic())):
        name = min(due, key=lambda n: due[n])
        contract = registry.contracts()[registry.sources()[name].contract]
        gateway.accept(contract, Sender(name), json.dumps(next(flows[name])).encode())
        due[name] = time.monotonic() + paces[name]
    gateway.close()
