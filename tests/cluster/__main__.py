"""A Kubernetes control plane on loopback takes the project's manifests, and rolls them out.

    python -m tests.cluster      (or: make cluster; --only fake, real or policies for one of them)

etcd is Debian's; API server, controllers, scheduler, kubelet, kube-proxy and kwok are built from Go
modules, once, which takes up to an hour, and kept outside the project
(`$XDG_CACHE_HOME/lgsp-hub/cluster`). `fake`: three nodes that run nothing take the province; it
shows what server, controllers and scheduler make of the manifests. `real`: as root, a kubelet in a
network of its own runs the image of `make image` in pods, beside Kafka and PostgreSQL, under
traffic through a Service. `policies`: as root, such a node enforces NetworkPolicies, and pods try.
After each nothing of it may be left on this machine. The last line of each is the verdict; the exit
code is 0 or 1; `--to FOLDER` keeps what was said.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from deploy.local.services.java import jars_of
from deploy.local.services.kafka import Kafka
from deploy.local.services.process import UnavailableError
from tests.chaos.checks import Report
from tests.cluster import apart, giving, node
from tests.cluster.built import build, kubernetes
from tests.cluster.plant import Plant
from tests.cluster.policies import Policies
from tests.cluster.real import Real
from tests.cluster.rolling import Rolling


class Said:
    """What is printed is kept too."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._begun = time.monotonic()

    def __call__(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        self.lines.append(f"[{time.monotonic() - self._begun:5.0f} s] {text}")
        print(self.lines[-1], flush=True)


def fake(folder: Path, report: Report, say: Said) -> None:
    """Give the province to nodes that run nothing; nothing of it still runs afterwards."""
    with Plant(folder, say) as plant:
        say(f"Kubernetes {plant.api.get('/version')['gitVersion']}; {memory(plant)}")
        rolling = Rolling(plant, report)
        acts: list[Callable[[], None]] = [
            partial(giving.take_space, plant.api, report),
            partial(giving.take_definitions, plant.api, report, say),
            partial(giving.dry_run, plant.api, report),
            partial(giving.slips, plant.api, report),
            partial(giving.rights, plant.api, report),
            rolling.install,
            rolling.upgrade,
            rolling.scale,
            rolling.drain,
            rolling.failed_migration,
            rolling.way_back,
            rolling.rebuild,
            rolling.nightly,
        ]
        for act in acts:
            lines, wrong = len(report.lines), len(report.wrong)
            try:
                act()
            except AssertionError as error:  # what it waits for did not come
                report.say(str(getattr(act, "__name__", act)), str(error), [str(error)])
            for line in (*report.lines[lines:], *report.wrong[wrong:]):
                say(line)
        say(memory(plant))


def real(folder: Path, report: Report, say: Said) -> None:
    """Run the image in pods of this machine, where it can."""
    why = node.lacks() or apart.lacks()
    if why:
        say(f"no pod runs here: {why}")
        return
    _fetch(say)
    jars_of(Kafka.name, Kafka.goal)
    with apart.own_network(), Plant(folder, say) as plant:
        giving.take_space(plant.api, report)
        Real(plant, report, say).all()
        say(memory(plant))


def policies(folder: Path, report: Report, say: Said) -> None:
    """Have pods try what policies let through, where a node and its rules can be had."""
    why = node.lacks() or apart.lacks()
    if why:
        say(f"no policy is tried here: {why}")
        return
    _fetch(say)
    router = build("kube-router", say)
    with apart.own_network(), Plant(folder, say) as plant:
        giving.take_space(plant.api, report)
        Policies(plant, router, report, say).all()
        say(memory(plant))


def _fetch(say: Said) -> None:
    """Have all that is built and fetched: in the cluster's own network there is no registry."""
    kubernetes(say)
    build("kwok", say)
    node.sources()


def memory(plant: Plant) -> str:
    """Say how much memory each part holds."""
    each = {part.name: part.memory_mib for part in plant.parts}
    return f"memory {sum(each.values())} MiB: " + ", ".join(f"{n} {m}" for n, m in each.items())


PARTS = {"fake": fake, "real": real, "policies": policies}


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--to", type=Path, help="a folder to keep what was said in")
    parser.add_argument("--only", action="append", choices=list(PARTS))
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # however it is ended, it leaves nothing running
        signal.signal(number, lambda *_: sys.exit(1))
    wrong, before = 0, node.left_behind(Path("/nowhere"))
    with tempfile.TemporaryDirectory(prefix="cluster-") as folder:
        for name in arguments.only or list(PARTS):
            report, say = Report(), Said()
            now, load = datetime.now(UTC), os.getloadavg()[0]
            say(f"{name}: {now:%Y-%m-%d %H:%M} UTC; {os.cpu_count()} cores, load {load:.1f}")
            try:
                PARTS[name](Path(folder, name), report, say)
            except UnavailableError as error:
                print(error, file=sys.stderr)
                return 1
            except AssertionError as error:  # what it waits for did not come
                report.say(name, str(error), [str(error)])
                say(report.lines[-1])
            left = [found for found in node.left_behind(Path(folder)) if found not in before]
            report.say("left behind", "; ".join(left) or "nothing", left)
            say(report.lines[-1])
            say("all holds" if not report.wrong else f"{len(report.wrong)} do not hold")
            wrong += len(report.wrong)
            if arguments.to is not None:
                arguments.to.mkdir(parents=True, exist_ok=True)
                (arguments.to / f"{name}.txt").write_text("\n".join(say.lines) + "\n", "utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
