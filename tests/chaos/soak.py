"""The soak: a production hub for hours, under live load with peaks, faults, readers and upkeep.

    python -m tests.chaos.soak --hours 2      (or: make soak HOURS=2)

It runs what the fault harness runs (Kafka, PostgreSQL, a gateway, two workers, all on loopback).
In each round of a minute to ten: a peak of twenty times the load, a fault, then `hub verify` of a
sample, or `hub archive`, beside the load; readers ask all the while. The gateway and one worker
live through all of it: what they take must stay flat, and what is kept may grow as events do, by
the rule in `tests/chaos/growth.py`. In the end all figures must be those of a rebuild from nothing.

The last line is the verdict; the exit code is 0 or 1. `--to FOLDER` keeps a page, a picture and
the samples there.
"""

import argparse
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

import psycopg

from tests.chaos.events import BEGIN, STEP
from tests.chaos.growth import MIB, Sample, Sampler, bytes_under, drawn, judge, look_at
from tests.chaos.parts import ChaosError
from tests.chaos.plan import Fault
from tests.chaos.readers import Readers
from tests.chaos.run import Run, held_to_account
from tests.chaos.traffic import Traffic
from tests.parts.same import Say

LOAD_STEP_SECONDS = 2.0  # a step is some hundred events
PEAK = 20
PEAK_SHARE = 0.1  # of a round
FAULT_AT, UPKEEP_AT = 0.3, 0.6  # of a round
ROUND_SECONDS_MIN, ROUND_SECONDS_MAX = 60.0, 600.0
SAMPLES = 360
READERS = 4
SETTLED_MAX_DAYS = 30  # before today, the last day of made-up time
UPKEEP_SECONDS_MAX = 1_800.0
ONE = "worker1"  # the worker that no fault is aimed at
FAULTS = (
    "the broker restarts",
    "a worker is killed",
    "PostgreSQL restarts",
    "all connections to PostgreSQL are dropped",
    "the broker is killed",
    "PostgreSQL is killed",
    "receivers go away",
    "receivers refuse",
)
SIZES = """
SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


class Soak(Run):
    """One soak, in a folder."""

    behind_max = 50_000

    def __init__(self, seed: int, hours: float, folder: Path, say: Say) -> None:
        super().__init__(seed, hours * 60, folder, say)
        seconds = hours * 3600
        self._seconds = seconds
        self._round = min(max(seconds / 12, ROUND_SECONDS_MIN), ROUND_SECONDS_MAX)
        # All of it is to lie in the past: what is ahead of the clock is refused.
        steps = seconds / LOAD_STEP_SECONDS * (1 + PEAK * PEAK_SHARE) + 100
        past = datetime.now(UTC) - timedelta(days=SETTLED_MAX_DAYS) - BEGIN
        self.step = min(STEP, past / steps)
        self.archive = folder / "archive"
        self.archive.mkdir()
        self.marks: list[tuple[float, str]] = []
        self.upkeep: Counter[str] = Counter()
        self._readers: Readers | None = None
        self._traffic: Traffic | None = None
        self._over = threading.Event()
        self.sampler = Sampler(self._look, max(seconds / SAMPLES, 2.0))
        self._begun = time.monotonic()

    def _begin(self) -> None:
        rounds = max(1, round(self._seconds / self._round))
        self._say(f"{rounds} rounds of {self._round:.0f} s, a step is {self.step}")

    def _strike_all(self, traffic: Traffic) -> None:
        """Go through the rounds."""
        self._begun = time.monotonic()
        self._traffic = traffic
        traffic.step_seconds = LOAD_STEP_SECONDS
        self._readers = Readers(self._parts.served.url, READERS)
        self._readers.start()
        sampling = threading.Thread(
            target=self.sampler.run, args=(self._over.wait,), name="sampler", daemon=True
        )
        sampling.start()
        try:
            number = 0
            while (left := self._begun + self._seconds - time.monotonic()) > self._round / 2:
                self._one_round(number, min(self._round, left), traffic)
                number += 1
        finally:
            self._over.set()
            self._readers.stop()
            sampling.join(60)

    def _one_round(self, number: int, seconds: float, traffic: Traffic) -> None:
        begun = time.monotonic()
        traffic.step_seconds = LOAD_STEP_SECONDS / PEAK
        self._wait_until(begun + PEAK_SHARE * seconds, traffic)
        traffic.step_seconds = LOAD_STEP_SECONDS
        self._wait_until(begun + FAULT_AT * seconds, traffic)
        kind = FAULTS[number % len(FAULTS)]
        self.marks.append((time.monotonic() - self._begun, kind))
        # The last of the workers is struck, never the first.
        self._strike(Fault(0.0, kind, 0.99), traffic)
        self._wait_until(begun + UPKEEP_AT * seconds, traffic)
        self._parts.told.be("take")
        self._keep_up(("verify", "--sample", "10%") if number % 2 else ("archive",))
        self._wait_until(begun + seconds, traffic)

    def _keep_up(self, words: tuple[str, ...]) -> None:
        """Do what is done on schedule, beside the load."""
        env = self._parts.environment() | {"HUB_ARCHIVE_DIR": str(self.archive)}
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "hub.cli", *words],
            env=env,
            capture_output=True,
            text=True,
            timeout=UPKEEP_SECONDS_MAX,
            check=False,
        )
        took = time.monotonic() - begun
        last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:]
        self._say(f"hub {words[0]}: exit {done.returncode}, {took:.0f} s: {last}")
        if done.returncode:
            raise ChaosError(f"hub {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        self.upkeep[words[0]] += 1

    def _look(self, sample: Sample) -> None:
        """Look at everything once."""
        parts = self._parts
        if self._traffic is not None:
            sample.events = sum(self._traffic.acknowledged.counted.values())
        if parts.served.process is not None:
            look_at(sample, "gateway", [parts.served.process.pid])
        others = []
        for process in list(parts.workers.running):
            name = parts.workers.names[process.pid]
            if name == ONE:
                look_at(sample, name, [process.pid])
            else:
                others.append(process.pid)
        look_at(sample, "other workers", others)
        for part in (parts.kafka, parts.postgres):
            family = part._family()
            look_at(sample, part.name, [p.pid for p in family])
        try:
            for name, table, indexes in parts.rows(SIZES):
                sample.tables[name] = int(table) / MIB
                sample.tables[f"{name} indexes"] = int(indexes) / MIB
        except psycopg.Error:
            sample.tables = {}  # it is away
        sample.logs = {
            "kafka": bytes_under(parts.kafka.data) / MIB,
            "archive": bytes_under(self.archive) / MIB,
        }

    def _sum_up(self, traffic: Traffic) -> None:
        assert self._readers is not None
        self._sum_up_traffic(traffic)
        counted = self._parts.counted
        ended = [f"{k}: {n}" for k, n in counted.items() if "by itself" in k]
        text = ", ".join(f"{k} {n}" for k, n in sorted(counted.items()))
        self.report.say("faults", text, ended)
        wanted = {"verify", "archive"}
        lacking = sorted(wanted - self.upkeep.keys()) if self._seconds >= 2 * self._round else []
        text = ", ".join(f"hub {k} {n} times" for k, n in self.upkeep.items())
        self.report.say("upkeep beside the load", text, [f"never: {n}" for n in lacking])
        took, answers = self._readers.took, self._readers.answers
        shown = ", ".join(f"{k} {n}" for k, n in sorted(answers.items()))
        slow = quantiles(took, n=100)[98] if len(took) > 1 else 0.0
        text = f"{shown}; median {median(took or [0]) * 1e3:.0f} ms, 99 % {slow * 1e3:.0f} ms"
        odd = {k for k in answers if k.isdigit()} - {"200", "503"}
        wrong = [f"{k}: {answers[k]}" for k in sorted(odd)]
        self.report.say("readers", text, wrong if took else ["none was answered"])
        for name, figures, broken in judge(self.sampler.samples, {"gateway", ONE, "kafka"}):
            self.report.say(name, figures, broken)

    def keep(self, folder: Path, named: str) -> None:
        """Write the page, the picture and the samples."""
        if not self.sampler.samples:
            return
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "soak.svg").write_text(drawn(self.sampler.samples, self.marks, named), "utf-8")
        (folder / "soak.ndjson").write_text(self.sampler.written(), "utf-8")
        lines = [f"- {line}" for line in self.report.lines]
        lines += [f"- **WRONG** {line}" for line in self.report.wrong]
        (folder / "soak.txt").write_text("\n".join([named, "", *lines, ""]), "utf-8")


def main() -> None:
    """Run, report, exit 0 where all holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--to", type=Path, help="a folder for the page, picture and samples")
    given = parser.parse_args()
    named = f"soak: seed {given.seed}, {given.hours:g} hours, {datetime.now(UTC):%Y-%m-%d}"
    runs: list[Soak] = []

    def make(folder: Path, say: Say) -> Run:
        runs.append(Soak(given.seed, given.hours, folder, say))
        return runs[0]

    def kept(_: Run) -> None:
        if given.to is not None:
            runs[0].keep(given.to, named)

    sys.exit(held_to_account(named, given.hours * 3600, make, kept))


if __name__ == "__main__":
    main()
