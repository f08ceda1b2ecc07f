"""A one-stop system over real HTTP that misbehaves as real ones do, by a seed.

    python -m connectors.one_stop.simulator --port 8090 --seed 1 --changes 200 --faults 0.03

It speaks what `upstream.py` asks. `truth` gives the records as they are in the end, so that
whoever reads it can be held against it. For development and tests, on loopback.
"""

import argparse
import json
import random
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.one_stop.simulated import Dossiers, Json
from hub.connecting.struck import Truth, Upstream

HOST = "127.0.0.1"
PAGE_SIZE_MAX = 1000


@dataclass(frozen=True)
class Faults:
    """How often what goes wrong, from 0 to 1.

    Of a record on a page: `lose` (it turns up later), `late` (it is seen after others that changed
    later were, so that the cursor has passed it), `repeat`, `stale` (an earlier state of it comes
    too). Of a page: `reorder`, `busy` (429 with Retry-After), `broken` (500), `cut` (the connection
    ends inside the body), `garbled` (half a body), `hang` (for `hang_seconds`).
    """

    lose: float = 0.0
    late: float = 0.0
    repeat: float = 0.0
    stale: float = 0.0
    reorder: float = 0.0
    busy: float = 0.0
    broken: float = 0.0
    cut: float = 0.0
    garbled: float = 0.0
    hang: float = 0.0
    hang_seconds: float = 2.0

    @classmethod
    def all_at(cls, rate: float, hang_seconds: float = 2.0) -> "Faults":
        """Let everything go wrong at one rate, and pages come in disorder half of the time."""
        every = (rate, rate, rate, rate, 0.5, rate, rate, rate, rate, rate)
        return cls(*every, hang_seconds)


@dataclass
class _Change:
    """An entry of the list of changes; `seen_from` is the number of the request that sees it."""

    code: str
    seen_from: int = 0


@dataclass(frozen=True)
class Asked:
    """One question that was answered with a page, and how many records were on it."""

    parameters: dict[str, str]
    records: int
    has_more: bool


@dataclass
class _Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""


class Simulator:
    """The dossiers, the list of changes, and a server of both that can be stopped and started."""

    def __init__(
        self, seed: int, start: datetime, faults: Faults | None = None, first: int = 1
    ) -> None:
        self.faults = faults or Faults()
        self.dossiers = Dossiers(seed, start, self._touch, first)
        self.asked: list[Asked] = []
        self.requests = 0
        self._chance = random.Random(f"faults {seed}")
        self._changes: list[_Change] = []
        self._times: list[str] = []
        self._owed: list[str] = []
        self._hidden: set[str] = set()
        self._lock = threading.RLock()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self, port: int) -> str:
        """Serve on loopback, on any free port where it is 0; give the URL."""
        self._stopping.clear()
        handler = type("Handler", (_Handler,), {"simulator": self})
        self._server = _Server((HOST, port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return f"http://{HOST}:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Stop serving; the dossiers stay."""
        if self._server is not None and self._thread is not None:
            self._stopping.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop, and not started again."""
        return self._stopping.is_set()

    def advance(self, count: int, step: timedelta | None = None) -> list[str]:
        """Let so many things happen; give the codes of the dossiers."""
        with self._lock:
            return [self.dossiers.advance(step) for _ in range(count)]

    def settle(self) -> None:
        """Let nothing more be lost or late, and mend what was wrong; other faults go on."""
        with self._lock:
            f = self.faults
            rest = (f.reorder, f.busy, f.broken, f.cut, f.garbled, f.hang, f.hang_seconds)
            self.faults = Faults(0.0, 0.0, f.repeat, f.stale, *rest)
            self.dossiers.mend()

    def truth(self) -> list[Json]:
        """Give the records as they are."""
        with self._lock:
            return [dict(r) for r in self.dossiers.records.values()]

    def put(self, record: Json) -> None:
        """Let a record be as it is given, changed at its `NgayCapNhat`."""
        with self._lock:
            code = record["MaHoSo"]
            self.dossiers.records[code] = dict(record)
            self.dossiers.older.setdefault(code, [])
            self._touch(code)

    def lose(self, code: str) -> None:
        """Let a record be on no page until it is found again: whoever reads meanwhile misses it."""
        with self._lock:
            self._hidden.add(code)

    def find(self) -> None:
        """Let what was lost be on pages of spans again; its changes stay passed over."""
        with self._lock:
            self._hidden.clear()

    def _touch(self, code: str) -> None:
        late = self.requests + self._chance.randint(2, 6)
        is_late = self._chance.random() < self.faults.late
        self._changes.append(_Change(code, late if is_late else 0))
        self._times.append(self.dossiers.records[code]["NgayCapNhat"])

    def answer(self, asked: dict[str, str]) -> _Answer:
        """Answer one question, or misbehave."""
        with self._lock:
            self.requests += 1
            chance, f = self._chance, self.faults
            if chance.random() < f.busy:
                return _Answer(429, headers={"Retry-After": "0"})
            if chance.random() < f.broken:
                return _Answer(500)
            fault = next((n for n in ("cut", "garbled", "hang") if self._strikes(n)), "")
            size = min(int(asked.get("so_luong", "100")), PAGE_SIZE_MAX)
            by_span = "den_ngay" in asked
            codes, cursor, has_more = (self._span if by_span else self._after)(asked, size)
            items = self._spoilt(codes)
            if not fault:
                self.asked.append(Asked(asked, len(items), has_more))
            page = {"duLieu": items, "conTroTiep": cursor, "conNua": has_more}
            return _Answer(200, json.dumps(page, ensure_ascii=False).encode(), fault=fault)

    def _strikes(self, fault: str) -> bool:
        return self._chance.random() < float(getattr(self.faults, fault))

    def _after(self, asked: dict[str, str], size: int) -> tuple[list[str], str, bool]:
        """Give what changed after a cursor, or from a time on: places in the list of changes."""
        for code in self._owed:
            self._changes.append(_Change(code))
            self._times.append(self._times[-1])
        self._owed.clear()
        if "con_tro" in asked:
            first = int(asked["con_tro"])
        else:
            since = asked.get("tu_ngay", "")
            first = next((i for i, t in enumerate(self._times) if t >= since), len(self._times))
        page = self._changes[first : first + size]
        until = first + len(page)
        codes = [c.code for c in page if c.seen_from <= self.requests]
        return codes, str(until), until < len(self._changes)

    def _span(self, asked: dict[str, str], size: int) -> tuple[list[str], str, bool]:
        """Give the records updated in a span, by time; the cursor is the last one's place."""
        first, after = asked.get("tu_ngay", ""), asked["den_ngay"]
        places = sorted((r["NgayCapNhat"], c) for c, r in self.dossiers.records.items())
        behind = asked.get("con_tro", "")
        left = [p for p in places if first <= p[0] < after and "/".join(p) > behind]
        cursor = "/".join(left[:size][-1]) if left else behind
        return [c for _, c in left[:size]], cursor, len(left) > size

    def _spoilt(self, codes: list[str]) -> list[Any]:
        items = []
        for code in codes:
            if code in self._hidden:
                continue
            if self._strikes("lose"):
                self._owed.append(code)
                continue
            items.append(self.dossiers.records[code])
            if self._strikes("repeat"):
                items.append(self.dossiers.records[code])
            older = self.dossiers.older[code]
            if older and self._strikes("stale"):
                items.append(self._chance.choice(older))
        if self._strikes("reorder"):
            self._chance.shuffle(items)
        return items

    def hang(self) -> None:
        """Say nothing for as long as the fault lasts, or until the server stops."""
        self._stopping.wait(self.faults.hang_seconds)


class _Server(ThreadingHTTPServer):
    """A thread a connection, none of which outlives the process."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of who was killed while asking; show the rest."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    simulator: Simulator
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer `/hoso`."""
        if self.simulator.is_stopped:  # the connection outlived the server
            self.close_connection = True
            return
        url = urlsplit(self.path)
        if url.path != "/hoso":
            self.send_error(404)
            return
        asked = {k: v[-1] for k, v in parse_qs(url.query).items()}
        answer = self.simulator.answer(asked)
        if answer.fault == "hang":
            self.simulator.hang()
        body = answer.body
        if answer.fault == "garbled":
            body = body[: len(body) // 2]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if answer.fault == "cut":
            body = body[: len(body) // 2]
            self.close_connection = True
        try:
            self.wfile.write(body)
        except ConnectionError:  # who asked is gone
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing on standard error."""


DEMO_DAYS = 30
DEMO_CHANGES = 6_000
DEMO_CHANGE_SECONDS = 0.5


@contextmanager
def demonstrated(_: Path, seed: int, start: int) -> Iterator[dict[str, str]]:
    """Serve a month of dossiers to which something happens twice a second; give the settings.

    `start` counts the starts of one demonstration: the dossiers of each have their own numbers.
    """
    now = datetime.now(UTC)
    begun = now - timedelta(days=DEMO_DAYS)
    simulator = Simulator(seed, begun, Faults.all_at(0.01), 1 + 100_000 * start)
    simulator.advance(DEMO_CHANGES, (now - begun) / DEMO_CHANGES)
    stopping = threading.Event()

    def live() -> None:
        while not stopping.wait(DEMO_CHANGE_SECONDS):
            simulator.advance(1, datetime.now(UTC) - simulator.dossiers.now)

    thread = threading.Thread(target=live, name="one_stop simulator", daemon=True)
    thread.start()
    try:
        yield {"HUB_ONE_STOP_URL": simulator.start(0), "HUB_ONE_STOP_POLL_SECONDS": "1"}
    finally:
        stopping.set()
        thread.join()
        simulator.stop()


STRUCK_DAYS, STRUCK_CHANGES, STRUCK_STEP = 20, 12, timedelta(minutes=1)
STRUCK_FAULTS = {
    "take": Faults(),
    "refuse": Faults(busy=0.5, broken=0.5),
    "hang": Faults(cut=0.2, garbled=0.2, hang=1.0, hang_seconds=1.0),
    "twice": Faults(repeat=0.5, stale=0.5, reorder=0.5, late=0.2, lose=0.2),
}


class _OneStop(Upstream):
    """The API: it answers 429 and 500, hangs, or gives records twice, late, in earlier states."""

    def __init__(self, seed: int) -> None:
        self._simulator = Simulator(seed, datetime.now(UTC) - timedelta(days=STRUCK_DAYS))
        own = {
            "URL": self._simulator.start(0),
            "POLL_SECONDS": "0.2",
            "TIMEOUT_SECONDS": "1",
            "SWEEP_SECONDS": "5",
            "OVERLAP_HOURS": str(24 * (STRUCK_DAYS + 1)),  # what changed in silence is found by it
        }
        super().__init__({f"HUB_ONE_STOP_{name}": value for name, value in own.items()})

    def be(self, manner: str) -> None:
        """Behave so from now on; in the end what was wrong is mended."""
        self._simulator.faults = STRUCK_FAULTS[manner]
        if manner == "take":
            self._simulator.settle()
        super().be(manner)

    def step(self, number: int) -> Truth:
        """Let some things happen to dossiers."""
        self._simulator.advance(STRUCK_CHANGES, STRUCK_STEP)
        return Truth()

    def truth(self) -> Truth:
        """Give all records as they are in the end: how facts stand is by what they say.

        Of what was wrong meanwhile some was seen, some was mended before.
        """
        records = self._simulator.truth()
        page = {"duLieu": records, "conTroTiep": "", "conNua": False}
        return Truth(len(records), None, whole=json.dumps(page).encode())

    def close(self) -> None:
        """Stop serving."""
        super().close()
        self._simulator.stop()


def struck(_: Path, seed: int, __: Mapping[str, str]) -> Upstream:
    """Serve dossiers to which something happens at each step, where faults strike."""
    return _OneStop(seed)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changes", type=int, default=200, help="before it serves")
    parser.add_argument("--changes-per-second", type=float, default=1.0)
    parser.add_argument("--faults", type=float, default=0.0, help="rate of each, 0 to 1")
    given = parser.parse_args()
    faults = Faults.all_at(given.faults) if given.faults else Faults()
    simulator = Simulator(given.seed, datetime.now(UTC) - timedelta(days=20), faults)
    simulator.advance(given.changes)
    print(f"{simulator.start(given.port)}/hoso (stop with Ctrl-C)", flush=True)
    try:
        while True:
            time.sleep(1 / given.changes_per_second)
            simulator.advance(1)
    except KeyboardInterrupt:
        simulator.stop()


if __name__ == "__main__":
    main()
