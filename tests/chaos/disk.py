"""A full disk under the embedded hub: a real `hub serve` whose files may not grow.

The limit is that of the process on the size of its files, set and lifted from outside, as anybody
may do it to a child. While it is full the hub refuses; what it acknowledged stays, nothing is half
there, and with room again it goes on.
"""

import json
import resource
import sqlite3
from pathlib import Path

import httpx
import polars as pl

from hub import registry
from hub.opening import open_hub
from hub.proof.verify import verify
from hub.settings import Settings
from hub.store.states import contents
from tests.chaos.checks import Report
from tests.chaos.events import Events
from tests.parts import lists
from tests.parts.small import Json, admitted_frame, in_this_process
from tests.parts.waiting import until
from tests.stories.conftest import Served

ROOM_BYTES = 300_000
ROUNDS = 3
STEPS_MAX = 400
ITEMS = 300
NO_LIMIT = resource.RLIM_INFINITY


def fill(folder: Path, seed: int, report: Report) -> None:
    """Fill the disk under a hub, several times, then hold it against what it acknowledged."""
    folder.mkdir()
    served = Served(folder / "hub")
    served.create_key("chaos")
    sent = _Sent(served, seed)
    try:
        for number in range(ROUNDS):
            _start(served, folder)
            sent.some()
            _limit(served, _largest(served) + ROOM_BYTES)
            sent.until_refused()
            if number % 2:
                served.kill()  # with the disk still full
                _start(served, folder)
            else:
                _limit(served, NO_LIMIT)
            sent.again()
            sent.some()
            served.kill()
    finally:
        if served.process is not None:
            served.kill()
    _check(served.folder, sent, report)


def _start(served: Served, folder: Path) -> None:
    with (folder / "serve.log").open("ab") as out:
        served.start(stderr=out, stdout=out)


def _limit(served: Served, size: int) -> None:
    assert served.process is not None
    _, hard = resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def _largest(served: Served) -> int:
    return max(p.stat().st_size for p in served.folder.glob("log.sqlite3*"))


class _Sent:
    """What is sent, and what was acknowledged of it."""

    def __init__(self, served: Served, seed: int) -> None:
        self.acknowledged: list[Json] = []
        self.refused = 0
        self._served = served
        self._events = Events(seed)
        self._left: tuple[str, list[Json]] = ("", [])
        self._numbers = 0

    def _post(self, key: str, items: list[Json]) -> bool:
        try:
            answer = self._served.post("dossier", items, **{"Idempotency-Key": key})
        except httpx.TransportError:
            return False
        if answer.status_code == 202:
            self.acknowledged += items
            return True
        assert answer.status_code == 503, answer.text
        self.refused += 1
        return False

    def _next(self) -> tuple[str, list[Json]]:
        self._numbers += 1
        return f"disk-{self._numbers}", [self._events.valid("dossier") for _ in range(ITEMS)]

    def some(self) -> None:
        """Send while there is room."""
        for _ in range(3):
            assert self._post(*self._next())

    def until_refused(self) -> None:
        """Send until the disk is full."""
        for _ in range(STEPS_MAX):
            self._left = self._next()
            if not self._post(*self._left):
                return
        raise AssertionError("the disk did not fill")

    def again(self) -> None:
        """Send what was refused, until it is taken."""
        until(lambda: self._post(*self._left), "there is room again")


def _check(folder: Path, sent: _Sent, report: Report) -> None:
    wrong = []
    for path in sorted(folder.glob("*.sqlite3")):
        with sqlite3.connect(path) as c:
            (said,) = c.execute("PRAGMA integrity_check").fetchone()
        if said != "ok":
            wrong.append(f"{path.name}: {said}")
    dossier = registry.contracts()["dossier"]
    with open_hub(Settings(data_dir=folder, kafka_bootstrap="", database_url="")) as hub:
        hub.runner.catch_up()
        with in_this_process():
            wrong += verify(hub.log, hub.store, lists.installed()).differences
        with hub.store.reading() as reading:
            rows = list(reading.stored(hub.store.facts["dossier"], ""))
        stored = contents(dossier, rows)
    frame = admitted_frame(dossier, sent.acknowledged)
    expected = set(frame.select(pl.lit("chaos"), *frame.columns).iter_rows())
    if stored != expected:
        wrong.append(f"{len(expected - stored)} lost, {len(stored - expected)} never acknowledged")
    text = f"filled {ROUNDS} times, {sent.refused} refusals, {len(expected):,} acknowledged events"
    report.say("full disk, embedded", json.dumps(text)[1:-1], wrong)
