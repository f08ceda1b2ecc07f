"""Faults: for how long nothing is accepted, figures are not fresh, and nobody reads.

A sender sends an event every tenth of a second, the same again until it is acknowledged; a reader
asks for the figure as often. Each fault is made, lasts `LASTS` seconds, and is mended; then it is
waited until figures are fresh again. Counted are, from its beginning on, the whole of gaps of over
`GAP_SECONDS` between events acknowledged, between answers, and between answers that were fresh:
that count all that was acknowledged `FRESH_SECONDS` before. What a machine does without a fault is
the first row: on a busy one some of the seconds are its own.

Usage: `python -m bench.faults`; `measure` gives the same as a `Section`.
"""

import json
import os
import ssl
import sys
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path

import httpx

from bench.section import Row, Section
from deploy.local.services.ports import free_port
from deploy.local.services.registry import Registry
from stream_jobs.worked import received
from tests.chaos import watch
from tests.chaos.disk import NO_LIMIT, _largest, _limit
from tests.chaos.parts import GATEWAY, Parts
from tests.parts.authority import Authority
from tests.stories.conftest import Served

LASTS = 10.0
BEFORE_SECONDS = 3.0
PAUSE_SECONDS = 0.1
GAP_SECONDS, FRESH_SECONDS = 1.0, 2.0
ANSWER_SECONDS_MAX = 5.0
WELL_SECONDS_MAX = 180.0
FULL_BYTES = 4_096  # that a file may grow by when its disk is as good as full
QUESTION = "/v1/kpis/dossier_received_new?period=2023"
CALM = "calm"
# What is timed of each fault, in words.
FAULTS = {
    "kafka": "the broker is killed, and back after the time",
    "store": "PostgreSQL is killed, and back after the time",
    "registry": "the schema registry is killed, and back after the time",
    "mail": "who is to be told of alerts hangs for the time",
    "disk": "files may not grow for the time; embedded",
    "clock": "the gateway's clock is an hour behind for the time",
    "certificate": "the server shows one that has ended, then a new one; embedded",
    "alone": "kill -9 of the one process that is the hub, started again at once; embedded",
}
NOT_TIMED = {
    "link": "72 hours for who is cut off, none for others: shown on a moved clock",
    "broker": "timed by `make brokers`, on three brokers",
    "brokers": "timed by `make brokers`, on three brokers",
    "failover": "as long as who promotes the standby takes",
    "crowd": "as long as the others stay",
}


@dataclass
class Probe:
    """One sender and one reader; the moments at which each was answered, and what was counted."""

    url: Callable[[], str]
    key: str
    verify: Callable[[], object] = bool
    accepted: list[float] = field(default_factory=list)
    reads: list[tuple[float, int]] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    # Of its events no other probe's may have the ids: they would be repeats, and count for nothing.
    number: int = field(default_factory=count().__next__)

    @contextmanager
    def running(self) -> Iterator["Probe"]:
        """Send and read all the while."""
        over = threading.Event()
        threads = [
            threading.Thread(target=self._repeat, args=(over, work), daemon=True)
            for work in (self._send, self._read)
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            over.set()
            for thread in threads:
                thread.join(2 * ANSWER_SECONDS_MAX)

    def _repeat(self, over: threading.Event, work: Callable[[], None]) -> None:
        while not over.wait(PAUSE_SECONDS):
            try:
                work()
            except (httpx.TransportError, OSError) as error:
                self._count(type(error).__name__)

    def _count(self, status: str) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def _send(self) -> None:
        event = received(f"P{self.number}-{len(self.accepted)}", "2023-05-17")
        answer = httpx.post(
            f"{self.url()}/v1/events/dossier",
            content=json.dumps([event]),
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=ANSWER_SECONDS_MAX,
            verify=self.verify(),  # type: ignore[arg-type]
        )
        self._count(str(answer.status_code))
        if answer.status_code == 202:
            self.accepted.append(time.monotonic())

    def _read(self) -> None:
        answer = httpx.get(
            f"{self.url()}{QUESTION}",
            timeout=ANSWER_SECONDS_MAX,
            verify=self.verify(),  # type: ignore[arg-type]
        )
        if answer.status_code == 200:
            figures = answer.json()["figures"]
            self.reads.append((time.monotonic(), int(figures[0]["numerator"]) if figures else 0))

    def fresh(self, before: int) -> list[float]:
        """Give the moments of answers that were fresh; `before` was counted as it began."""
        return [
            at
            for at, count in self.reads
            if count - before >= bisect_right(self.accepted, at - FRESH_SECONDS)
        ]


def without(moments: Sequence[float], begun: float, ended: float) -> float:
    """Add up the gaps between moments, within a span, that are longer than is usual."""
    inside = [begun, *(m for m in moments if begun <= m <= ended), ended]
    gaps = [b - a for a, b in pairwise(inside)]
    return sum(g for g in gaps if g > GAP_SECONDS)


@dataclass(frozen=True)
class Outage:
    """One fault: seconds without each, and the seconds from its beginning until all was well."""

    acceptance: float
    fresh: float
    reads: float
    lasted: float
    statuses: dict[str, int]


def outage(
    served: Served,
    strike: Callable[[], None],
    mend: Callable[[], None],
    *,
    lasts: float = LASTS,
    url: str = "",
    verify: Callable[[], object] = bool,
) -> Outage:
    """Make one fault beside a sender and a reader."""
    probe = Probe(lambda: url or served.url, served.key, verify)
    before = _counted(probe)
    with probe.running():
        time.sleep(BEFORE_SECONDS)
        begun = time.monotonic()
        strike()
        time.sleep(max(0.0, begun + lasts - time.monotonic()))
        mend()
        mended = time.monotonic()
        while not (_last(probe.accepted) > mended and _last(probe.fresh(before)) > mended):
            if time.monotonic() - mended > WELL_SECONDS_MAX:
                raise RuntimeError(f"not well again: {probe.statuses}")
            time.sleep(PAUSE_SECONDS)
        ended = time.monotonic()
    return Outage(
        without(probe.accepted, begun, ended),
        without(probe.fresh(before), begun, ended),
        without([at for at, _ in probe.reads], begun, ended),
        ended - begun,
        probe.statuses,
    )


def _last(moments: Sequence[float]) -> float:
    return moments[-1] if moments else 0.0


def _counted(probe: Probe) -> int:
    """Count what is in the figure, once it stands still."""
    before, deadline = -1, time.monotonic() + WELL_SECONDS_MAX
    while time.monotonic() < deadline:
        probe._read()
        now = probe.reads[-1][1] if probe.reads else -1
        if now == before:
            probe.reads.clear()
            return now
        before = now
        time.sleep(GAP_SECONDS)
    raise RuntimeError("the figure does not stand still")


def _nothing() -> None:
    pass


def of_production(folder: Path) -> dict[str, Outage]:
    """Strike Kafka, PostgreSQL, a gateway and two workers."""
    seen: dict[str, Outage] = {}
    parts = Parts(folder, lambda text: print(text, file=sys.stderr, flush=True))
    registry = Registry(folder, free_port())
    served = parts.served
    try:
        registry.start()
        served.env["HUB_SCHEMA_REGISTRY_URL"] = registry.address
        parts.workers._environment["HUB_SCHEMA_REGISTRY_URL"] = registry.address
        parts.start()

        def see(name: str, strike: Callable[[], None], mend: Callable[[], None]) -> None:
            parts.restart_ended()
            seen[name] = outage(served, strike, mend)
            print(name, seen[name], file=sys.stderr, flush=True)

        parts._working(1)
        see(CALM, _nothing, _nothing)
        see("kafka, no spool", parts.kafka.kill, parts.kafka.start)
        see("store, no spool", parts.postgres.kill, parts.postgres.start)
        served.stop()
        served.env["HUB_SPOOL_DIR"] = str(folder / "spool")
        parts.start_gateway()
        see("kafka, a spool", parts.kafka.kill, parts.kafka.start)
        see("store, a spool", parts.postgres.kill, parts.postgres.start)
        see("registry", registry.kill, registry.start)
        see("mail", lambda: _hang(parts), lambda: parts.told.be("take"))
        see("clock", lambda: parts.set_clock(GATEWAY, -3_600), parts.right_clocks)
    finally:
        registry.kill()
        parts.close()
    return seen


def _hang(parts: Parts) -> None:
    parts.told.be("hang")
    parts.served.post("reading", [parts.told.reading().event])


def of_embedded(folder: Path) -> dict[str, Outage]:
    """Strike one process that is a whole hub."""
    seen = {}
    served = Served(folder / "hub")
    served.folder.mkdir(parents=True)
    served.create_key()
    served.start()

    def again() -> None:
        served.kill()
        served.start()

    def fill() -> None:
        _limit(served, _largest(served) + FULL_BYTES)

    def make_room() -> None:
        _limit(served, NO_LIMIT)
        if httpx.get(f"{served.url}/readyz", timeout=60).status_code != 200:
            again()  # as its runbook says

    try:
        seen["alone"] = outage(served, again, _nothing, lasts=0.0)
        seen["disk"] = outage(served, fill, make_room)
        seen["certificate"] = _of_certificate(served, folder)
    finally:
        if served.process is not None:
            served.kill()
    return seen


def _of_certificate(served: Served, folder: Path) -> Outage:
    province = Authority(folder, "province")
    context = ssl.create_default_context(cafile=str(province.file))
    url = served.url.replace("http:", "https:")

    def show(pair: tuple[Path, Path]) -> None:
        served.env |= {"HUB_TLS_CERTIFICATE": str(pair[0]), "HUB_TLS_KEY": str(pair[1])}
        served.stop()
        served.launch()
        deadline = time.monotonic() + WELL_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{url}/healthz", verify=False, timeout=5)
                return
            except httpx.TransportError:
                time.sleep(PAUSE_SECONDS)

    show(province.issue("good"))
    ended = province.issue("ended", datetime.now(UTC) - timedelta(days=1))
    renewed = province.issue("renewed")
    return outage(
        served, lambda: show(ended), lambda: show(renewed), url=url, verify=lambda: context
    )


def measure() -> Section:
    """Time each fault once."""
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as name:
        folder = Path(name)
        os.environ[watch.MARK] = name
        watchdog = watch.start(folder, 3_600)
        try:
            seen = of_production(folder) | of_embedded(folder / "embedded")
        finally:
            watch.done(watchdog)
    rows = [
        Row(
            name,
            o.acceptance,
            "s without acceptance",
            f"{o.fresh:.1f} s without fresh figures, {o.reads:.1f} s without reads;"
            f" {o.lasted:.1f} s until all was well; {FAULTS.get(name.split(',')[0], 'no fault')}",
        )
        for name, o in seen.items()
    ]
    return Section(
        "Faults",
        "For how long nothing was accepted, figures were not fresh, nobody could read, by fault;"
        " what is guaranteed in each is in docs/faults.md.",
        {"lasts": LASTS, "gap": GAP_SECONDS, "fresh within": FRESH_SECONDS},
        rows,
        {name: vars(o) for name, o in seen.items()},
        [f"not timed here: {name}: {why}" for name, why in NOT_TIMED.items()],
    )


def main() -> None:
    """Measure and print the rows."""
    print(measure().printed())


if __name__ == "__main__":
    main()
