"""The whole benchmark: every section in a process of its own, then `bench/RESULTS.md`.

Usage: `python -m bench [--brief] [SECTION ...]` (all by default). Each section leaves what it
found, raw figures included, in `bench/results/SECTION.json`; after each of them the page is written
anew from whatever stands there, so that one that fails, or takes too long, costs itself alone.
`--brief` runs each once with next to nothing, to see that all of them run: what it finds is printed
and put into `.hub-bench/brief/`, as these are no figures.
"""

import importlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.section import Section

HERE = Path(__file__).parent
BRIEFLY = HERE.parent / ".hub-bench" / "brief"
# In the order of the page; each is a module with `measure()`.
SECTIONS = (
    "compare",
    "model",
    "stages",
    "bad",
    "limits",
    "questions",
    "embedded",
    "rebuilding",
    "rebuilding_production",
    "freshness",
    "mixed",
    "gateway",
    "state",
    "start",
    "faults",
    "reports",
    "page",
)
PACKAGES = ("polars", "pyarrow", "faust-streaming", "aiokafka", "psycopg", "fastavro", "duckdb")
LOAD_MAX = 0.5
QUIET_SECONDS_MAX = 120
SECTION_SECONDS_MAX = 3_000
END_SECONDS_MAX = 60  # for a section that is told to end to end what it started
# What each is given where it is only to be seen to run; those that are not here are short.
BRIEF: dict[str, dict[str, Any]] = {
    "compare": {"events": 20_000, "rounds": 1},
    "stages": {"events": 20_000},
    "bad": {"events": 12_000},
    "limits": {"events": 20_000, "rounds": 1},
    "questions": {"scale": 0.01},
    "embedded": {"events": 20_000, "rounds": 1},
    "rebuilding": {"events": 20_000, "rounds": 1},
    "rebuilding_production": {"events": 20_000},
    "freshness": {"rounds": 1, "seconds": 3.0},
    "mixed": {"rounds": 1, "seconds": 2.0},
    "gateway": {"seconds": 0.5},
    "state": {"sizes": (50_000,)},
    "start": {"dossiers": 20_000, "rounds": 1},
    "reports": {"scale": 0.01},
    "page": {"scale": 0.005},
}


@dataclass(frozen=True)
class Machine:
    """What was measured on."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    versions: dict[str, str]

    @classmethod
    def here(cls) -> "Machine":
        """Describe this machine."""
        cpu = Path("/proc/cpuinfo").read_text()
        models = [x.partition(":")[2].strip() for x in cpu.splitlines() if x.startswith("model na")]
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        said = {"Python": platform.python_version()} | {p: version(p) for p in PACKAGES}
        for name, command in (("Java", ["java", "-version"]), ("PostgreSQL", ["postgres", "-V"])):
            said[name] = _first_line(command)
        return cls(
            models[0] if models else "unknown",
            os.cpu_count() or 0,
            round(memory, 1),
            platform.platform(),
            said,
        )

    def __str__(self) -> str:
        """Say it in a line, with the versions."""
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        hardware = f"{self.processor}, {self.cores} cores, {self.memory_gib} GiB"
        return f"{hardware}, {self.system}; {versions}"


def _first_line(command: list[str]) -> str:
    paths = [os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    environment = {**os.environ, "PATH": os.pathsep.join(paths)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return (done.stdout or done.stderr).splitlines()[0]


def run(name: str, folder: Path, given: dict[str, Any]) -> None:
    """Measure a section in this process and keep what it found below a folder."""
    begun, machine = time.monotonic(), Machine.here()  # first: it fails where something is missing
    found: Section = importlib.import_module(f"bench.{name}").measure(**given)
    said = found.as_json() | {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "took_seconds": round(time.monotonic() - begun),
        "machine": vars(machine),
    }
    results = folder / "results"
    results.mkdir(parents=True, exist_ok=True)
    text = json.dumps(said, ensure_ascii=False, indent=1) + "\n"
    aside = results / f"{name}.aside"
    aside.write_text(text, "utf-8")
    aside.replace(results / f"{name}.json")


def page(folder: Path = HERE) -> str:
    """Write the page from what every section found."""
    files = {name: folder / "results" / f"{name}.json" for name in SECTIONS}
    found = {n: json.loads(f.read_text("utf-8")) for n, f in files.items() if f.is_file()}
    targets = [
        (said["title"], row) for said in found.values() for row in said["rows"] if row["target"]
    ]
    met = sum(bool(row["is_met"]) for _, row in targets)
    out = [
        "# What was measured",
        "",
        "Written by `make bench`; raw figures are in `bench/results/`. All of it on one machine,",
        "its cores shared by broker, database, senders and what is measured; medians of rounds in",
        "turns.",
        "",
        f"Of {len(targets)} targets {met} are met.",
        "",
        *_table(("Target", "Figure", "Must be", "Met"), [_judged(*t) for t in targets]),
    ]
    for said in found.values():
        machine = said["machine"]
        settings = ", ".join(f"{k}: {_shown(v)}" for k, v in said["settings"].items())
        rows = [
            (row["name"], f"{_number(row['value'])} {row['unit']}", row["note"])
            for row in said["rows"]
        ]
        out += ["", f"## {said['title']}", "", said["about"], ""]
        out += [*_table(("", "Figure", "Beside it"), rows), ""]
        out += [f"- {miss}" for miss in said["misses"]]
        out += [""] if said["misses"] else []
        versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
        out.append(
            f"<sub>{said['at']}, {said['took_seconds']} s; {settings}. {machine['processor']},"
            f" {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']};"
            f" {versions}.</sub>"
        )
    return "\n".join(out) + "\n"


def _judged(title: str, row: dict[str, Any]) -> tuple[str, ...]:
    figure = f"{_number(row['value'])} {row['unit']}"
    return (f"{row['name']} ({title})", figure, row["target"], "yes" if row["is_met"] else "**no**")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(x.replace("|", "\\|") for x in line) + " |" for line in lines]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{k} {_shown(v)}" for k, v in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> int:
    """Run the sections that are named, or all; write the page after each."""
    # Told to end, it ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    given = sys.argv[1:]
    is_brief = "--brief" in given
    folder = BRIEFLY if is_brief else HERE
    if given[:1] == ["--one"]:
        run(given[1], folder, BRIEF.get(given[1], {}) if is_brief else {})
        return 0
    names = [name for name in given if name != "--brief"] or SECTIONS
    unknown = set(names) - set(SECTIONS)
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; expected {', '.join(SECTIONS)}")
    failed = []
    for number, name in enumerate(names, 1):
        if not is_brief:
            _wait_until_quiet()
        print(f"== {number}/{len(names)} {name}", file=sys.stderr, flush=True)
        if not _is_run(name, ["--brief"] if is_brief else []):
            failed.append(name)
            print(f"== {name} failed; what it found before stays", file=sys.stderr, flush=True)
        (folder / "RESULTS.md").write_text(page(folder), "utf-8")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _is_run(name: str, options: list[str]) -> bool:
    """Measure a section in a process of its own; tell whether it came to its end in time."""
    # A process for each: what one leaves in memory slows none that follows.
    command = [sys.executable, "-m", "bench", "--one", name, *options]
    with subprocess.Popen(command) as process:
        try:
            return process.wait(SECTION_SECONDS_MAX) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_quiet() -> None:
    """Wait a while until what ran before has stopped using the machine."""
    deadline = time.monotonic() + QUIET_SECONDS_MAX
    while os.getloadavg()[0] > LOAD_MAX and time.monotonic() < deadline:
        time.sleep(2)


if __name__ == "__main__":
    raise SystemExit(main())
