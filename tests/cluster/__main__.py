"""A Kubernetes control plane on loopback takes the project's manifests, and rolls them out.

    python -m tests.cluster      (or: make cluster)

etcd is Debian's; the API server, controllers, scheduler and kwok are built from Go modules, once,
which takes up to an hour, and are kept outside the project (`$XDG_CACHE_HOME/lgsp-hub/cluster`).
Pods run nothing: what is shown is what the server, the controllers and the scheduler make of the
manifests. The last line is the verdict; the exit code is 0 or 1; `--to FOLDER` keeps what was said.
"""

import argparse
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.services.process import UnavailableError
from tests.chaos.checks import Report
from tests.cluster import giving
from tests.cluster.plant import Plant
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


def run(folder: Path, say: Said) -> Report:
    """Do all of it; nothing of it still runs afterwards."""
    report = Report()
    with Plant(folder, say) as plant:
        version = plant.api.get("/version")["gitVersion"]
        say(f"Kubernetes {version} at {plant.address}; {memory(plant)}")
        giving.take_space(plant.api, report)
        giving.take_definitions(plant.api, report, say)
        giving.dry_run(plant.api, report)
        giving.slips(plant.api, report)
        giving.rights(plant.api, report)
        rolling = Rolling(plant, report)
        for act in (
            rolling.install,
            rolling.upgrade,
            rolling.scale,
            rolling.drain,
            rolling.failed_migration,
            rolling.way_back,
            rolling.rebuild,
            rolling.nightly,
        ):
            said = len(report.lines)
            act()
            for line in report.lines[said:]:
                say(line)
        say(memory(plant))
    return report


def memory(plant: Plant) -> str:
    """Say how much memory each part holds."""
    each = {part.name: part.memory_mib for part in plant.parts}
    return f"memory {sum(each.values())} MiB: " + ", ".join(f"{n} {m}" for n, m in each.items())


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--to", type=Path, help="a folder to keep what was said in")
    arguments = parser.parse_args()
    say = Said()
    say(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory(prefix="cluster-") as folder:
        try:
            report = run(Path(folder), say)
        except UnavailableError as error:
            print(error, file=sys.stderr)
            return 1
    say("")
    for line in (*report.lines, *report.wrong):
        say(line)
    say("all holds" if not report.wrong else f"{len(report.wrong)} do not hold")
    if arguments.to is not None:
        arguments.to.mkdir(parents=True, exist_ok=True)
        text = "\n".join(say.lines) + "\n"
        (arguments.to / "cluster.txt").write_text(text, "utf-8")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
