"""A dry season is replayed, on a clock that the replay drives, and its alerts are compared.

    python -m tests.parts.replay --profiles embedded,production    (or: make season)

The season at full speed and day by day, one week of it at 1,000 and 10,000 times its own speed,
hour by hour and at full speed, in both profiles: each time in a hub of its own, with a worker that
is killed with -9 in between. The lists must be the same bytes. The last line is the verdict; the
exit code is 0 or 1. A week at 1,000 times its own speed takes ten minutes.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from connectors.salinity import synthetic
from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.alerts.course import courses, listed
from hub.alerts.telling import as_of
from hub.clock import VIETNAM, from_us, to_us
from hub.kafka.topics import make_topics
from hub.log.submitting import append_columns
from hub.opening import OpenHub, applied, open_hub
from hub.settings import Settings
from tests.parts.starting import start_hub
from tests.parts.waiting import until

HOUR = timedelta(hours=1)
BEGIN = datetime(2023, 1, 1, tzinfo=VIETNAM)
SEASON = BEGIN, BEGIN + timedelta(days=140)
WEEK = datetime(2023, 3, 1, tzinfo=VIETNAM), datetime(2023, 3, 8, tzinfo=VIETNAM)
SEED = 2023
# On time a reading comes a minute after it was measured; those between come when they do.
DELAY_US = 60_000_000
PROFILES = ("embedded", "production")
Span = tuple[datetime, datetime]


@dataclass
class Driven:
    """A clock that the replay drives."""

    now: datetime

    def __call__(self) -> datetime:
        """Tell the present instant."""
        return self.now


def readings(span: Span) -> pl.DataFrame:
    """Give a span's readings in the order in which they came, with when (`~came`)."""
    scale = (span[1] - BEGIN) / timedelta(days=365) + 0.001
    frame = pl.concat(list(synthetic.history(SEED, scale)))
    start, end = map(to_us, span)
    came = (pl.col("measured_at").cum_max() + DELAY_US).alias("~came")
    frame = frame.filter(pl.col("measured_at").is_between(start, end - 1)).with_columns(came)
    return frame.filter(pl.col("~came") < end)


class Worker:
    """A worker of a hub; killed, another one takes its place."""

    def __init__(self, settings: Settings) -> None:
        self._env = {
            **os.environ,
            "HUB_DATA_DIR": str(settings.data_dir),
            "HUB_SESSION_SECONDS": "30",
        }
        if settings.kafka_bootstrap:
            self._env["HUB_KAFKA_BOOTSTRAP"] = settings.kafka_bootstrap
            self._env["HUB_DATABASE_URL"] = settings.database_url
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        env = {**self._env, "HUB_LISTEN": f"127.0.0.1:{free_port()}"}
        return start_hub("work", env=env)

    def kill(self) -> None:
        """End it with -9."""
        self._process.kill()
        self._process.wait(60)

    def kill_and_start(self) -> None:
        """End it with -9, and start another one."""
        self.kill()
        self._process = self._start()


def replay(
    settings: Settings, span: Span, step: timedelta | None, speed: float | None = None
) -> str:
    """Replay a span, step by step or at once; give the list of its alerts, as JSON text.

    `speed` is how many times faster than it happened; None: as fast as it goes. The list that was
    told is held against one that is worked out of the log alone.
    """
    frame, driven = readings(span), Driven(span[0])
    step = step or span[1] - span[0]
    steps = round((span[1] - span[0]) / step)
    contract, begun = registry.contracts()["reading"], time.monotonic()
    with ExitStack() as stack:
        hub = stack.enter_context(open_hub(settings, driven))
        worker = Worker(settings)
        stack.callback(worker.kill)
        teller = hub.teller()
        for number in range(1, steps + 1):
            before, now = (to_us(span[0] + step * n) for n in (number - 1, number))
            driven.now = from_us(now)
            rows = frame.filter(pl.col("~came").is_between(before, now - 1)).drop("~came")
            if len(rows):
                append_columns(hub.log, contract, "salinity", rows, driven)
            if number == max(1, steps // 2):
                worker.kill_and_start()
            if speed is not None:
                wait = (step * number).total_seconds() / speed - (time.monotonic() - begun)
                time.sleep(max(0.0, wait))
            is_last = number == steps
            if is_last or speed is None or number % 4 == 0:
                until(applied(hub, contract), "readings are applied")
                until(lambda: teller.round() == 0, "nothing is new about alerts")
        told = _list(hub)
        with hub.store.reading() as reading:
            rules = registry.alert_rules()
            alone = as_of(rules.values(), hub.book(reading), to_us(driven()))
            shown = [a.public(rules) for a in listed(alone)]
            assert all(e["replayed"] for e in reading.alert_events()), "somebody would be told"
    assert told == json.dumps(shown, ensure_ascii=False), "what was told is not what the log has"
    return told


def _list(hub: OpenHub) -> str:
    rules = registry.alert_rules()
    with hub.store.reading() as reading:
        alerts = listed(courses(reading.alert_events()))
    shown = [a.public(rules) for a in alerts if a.state != "withdrawn"]
    return json.dumps(shown, ensure_ascii=False)


@contextmanager
def empty(*, is_production: bool) -> Iterator[Settings]:
    """Give the settings of an empty hub of a profile, its parts running."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        if not is_production:
            yield Settings(data_dir=folder)
            return
        parts = Kafka(folder, free_port(), free_port()), Postgres(folder, free_port())
        for part in parts:
            stack.callback(part.kill)
            part.start()
        kafka, postgres = parts
        make_topics(kafka.address, registry.contracts().values())
        yield Settings(
            data_dir=folder, kafka_bootstrap=kafka.address, database_url=postgres.address
        )


def main() -> int:
    """Replay and compare; give the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profiles", default=",".join(PROFILES))
    parser.add_argument("--speeds", default="10000,1000")
    parser.add_argument("--week-only", action="store_true")
    asked = parser.parse_args()
    profiles = asked.profiles.split(",")
    if unknown := set(profiles) - set(PROFILES):
        parser.error(f"unknown: {unknown}; expected {', '.join(PROFILES)}")
    wanted: list[tuple[str, Span, timedelta | None, float | None]] = [
        ("week at once", WEEK, None, None),
        ("week by the hour", WEEK, HOUR, None),
    ]
    for times in (float(text) for text in asked.speeds.split(",") if text):
        wanted.append((f"week at {times:,.0f} times", WEEK, HOUR, times))
    if not asked.week_only:
        wanted.append(("season at once", SEASON, None, None))
        wanted.append(("season by the day", SEASON, timedelta(days=1), None))
    lists: dict[str, set[str]] = {}
    for profile in profiles:
        for name, span, step, speed in wanted:
            with empty(is_production=profile == "production") as settings:
                text = replay(settings, span, step, speed)
            lists.setdefault(name.split()[0], set()).add(text)
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            alerts = len(json.loads(text))
            print(f"{profile}, {name}: {alerts} alerts, sha256 {digest}", flush=True)
    differing = [name for name, texts in lists.items() if len(texts) > 1]
    verdict = f"differing: {', '.join(differing)}" if differing else "the same bytes"
    print(f"season: {', '.join(profiles)}: {verdict}", flush=True)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
