"""Cursors of the one-stop system: those that come round, and those that end."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.one_stop import rounds
from connectors.one_stop.connector import CONNECTOR, OneStopSettings
from connectors.one_stop.rounds import Rounds
from hub import registry
from hub.access.seals import Seals, open_file
from hub.connecting import connection as connecting
from hub.connecting.connection import Connection, heartbeat_name
from hub.connecting.feeds import Context
from hub.log.sqlite import SqliteLog
from hub.settings import Settings

NOW = datetime(2026, 3, 10, 5, tzinfo=UTC)
Asked = dict[str, str]
Answer = Callable[[Asked], tuple[str | None, bool]]


def record(number: int) -> dict[str, Any]:
    return {
        "MaHoSo": f"H57.132-260304-{number:04}",
        "MaTTHC": "1.005129",
        "KenhThucHien": "2",
        "MucDo": "toanTrinh",
        "NgayTiepNhan": "20260304090000",
        "NgayHenTra": "20260310170000",
        "TrangThaiHoSo": "2",
        "DonViTiepNhan": "H57.132",
        "NgayCapNhat": "20260304090001",
    }


class Upstream:
    """Gives a dossier a page, the number of which is asked for or the next, and a cursor as told.

    A span, which only sweep and history ask for, is empty unless `answer` says so itself.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []

    def page(self, asked: Asked) -> bytes:
        self.asked.append(asked)
        cursor, has_more = self.answer(asked)
        items = [] if "den_ngay" in asked else [record(len(self.asked))]
        page = {"duLieu": items, "conTroTiep": cursor, "conNua": has_more}
        return json.dumps(page).encode()


@contextmanager
def serving(upstream: Upstream) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {k: v[-1] for k, v in parse_qs(urlsplit(self.path).query).items()}
            body = upstream.page(asked)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Carried:
    """A connector over a log, carried for some steps."""

    def __init__(self, folder: Path, url: str, **settings: Any) -> None:
        source = registry.sources()["one_stop"]
        self.log = SqliteLog(folder / "log.sqlite3")
        own = OneStopSettings(url=url, **({"poll_seconds": 0.01, "sweep_seconds": 3600} | settings))
        self.feed = CONNECTOR.open(own, Context(self.log, lambda: NOW))
        contract = registry.contracts()[source.contract]
        self.connection = Connection(
            source,
            contract,
            self.feed,
            self.log,
            lambda: NOW,
            Settings(data_dir=folder),
            Seals(open_file(folder / "seals.sqlite3"), lambda: NOW).seal,
        )

    def step(self, times: int) -> None:
        for _ in range(times):
            self.connection.step(0)

    def heartbeat(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads(self.log.checkpoint(heartbeat_name("one_stop")) or "{}")
        return kept

    def close(self) -> None:
        self.feed.close()
        self.log.close()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that a connection was asked for, which are not waited here."""
    asked: list[float] = []
    kept = Connection._wait

    def wait(self: Connection, state: str, error: str, seconds: float | None) -> None:
        assert seconds is not None, error
        asked.append(seconds)
        kept(self, state, error, 0.0)

    monkeypatch.setattr(connecting.Connection, "_wait", wait)
    monkeypatch.setattr(rounds, "WAIT_SECONDS", (0.01, 0.04))
    return asked


def cycle(of: int) -> Answer:
    """Cursors c0, c1, … that begin again after so many."""

    def answer(asked: Asked) -> tuple[str, bool]:
        if "den_ngay" in asked:
            return "s", False
        place = int(asked.get("con_tro", "c-1")[1:])
        return f"c{(place + 1) % of}", True

    return answer


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_a_cursor_that_comes_round_is_noticed_backs_off_and_is_told(
    tmp_path: Path, waits: list[float], length: int
) -> None:
    upstream = Upstream(cycle(length))
    with serving(upstream) as url:
        carried = Carried(tmp_path, url)
        for _ in range(20_000):  # steps, while the lane's own waits go by
            carried.step(1)
            if len(waits) == 4:
                break
            time.sleep(0.001)
        asked_until_noticed = len(upstream.asked) - len(waits) + 1
        error = carried.heartbeat()
        carried.close()
    assert waits == [0.01, 0.02, 0.04, 0.04]
    assert asked_until_noticed <= 4 * length + 2
    assert error["state"] == "upstream_away"
    assert "con trỏ quay lại 'c" in error["error"]
    assert "the cursor comes round to 'c" in error["error"]
    # What the pages said was read, the one that came round as well.
    assert sum(carried_dossiers(tmp_path)) == len(upstream.asked)


def carried_dossiers(folder: Path) -> list[int]:
    log = SqliteLog(folder / "log.sqlite3")
    accepted = [r.accepted for r in log.receipts()]
    log.close()
    return accepted


@pytest.mark.parametrize("cursor", [None, ""])
def test_more_without_a_cursor_is_told(
    tmp_path: Path, waits: list[float], cursor: str | None
) -> None:
    upstream = Upstream(lambda asked: ("s", False) if "den_ngay" in asked else (cursor, True))
    with serving(upstream) as url:
        carried = Carried(tmp_path, url)
        carried.step(2)
        error = carried.heartbeat()["error"]
        carried.close()
    assert waits == [0.01]
    assert "thiếu con trỏ" in error
    assert carried_dossiers(tmp_path) == [1]


@pytest.mark.parametrize("cursor", [None, ""])
def test_a_last_page_needs_no_cursor(
    tmp_path: Path, waits: list[float], cursor: str | None
) -> None:
    upstream = Upstream(lambda asked: (cursor, False))
    with serving(upstream) as url:
        carried = Carried(tmp_path, url, poll_seconds=3600)
        carried.step(5)
        heartbeat = carried.heartbeat()
        carried.close()
    assert waits == []
    assert (heartbeat["state"], heartbeat["error"]) == ("running", "")
    assert carried_dossiers(tmp_path) == [1]
    assert len(upstream.asked) == 1


def test_a_cursor_that_goes_on_again_is_followed(tmp_path: Path, waits: list[float]) -> None:
    upstream = Upstream(cycle(2))
    with serving(upstream) as url:
        carried = Carried(tmp_path, url)
        while not waits:
            carried.step(1)
        upstream.answer = lambda asked: ("end", False)
        while (json.loads(carried.log.checkpoint("one_stop:live") or "{}"))["cursor"] != "end":
            carried.step(1)
        carried.step(1)
        heartbeat = carried.heartbeat()
        carried.close()
    assert (heartbeat["state"], heartbeat["error"]) == ("running", "")


def test_sweep_goes_on_while_the_cursor_of_live_comes_round(
    tmp_path: Path, waits: list[float]
) -> None:
    upstream = Upstream(cycle(2))
    with serving(upstream) as url:
        carried = Carried(tmp_path, url, sweep_seconds=0.1)
        carried.log.set_checkpoints(
            {
                "one_stop:live": json.dumps({"start": "20260301000000", "cursor": ""}),
                "one_stop:sweep": json.dumps(
                    {"done": "20260301000000", "start": "", "until": "", "cursor": ""}
                ),
            }
        )
        while len(waits) < 3:
            carried.step(1)
        carried.close()
    assert any("den_ngay" in asked for asked in upstream.asked)


@pytest.mark.parametrize("length", range(1, 40))
@pytest.mark.parametrize("before", [0, 1, 5, 30])
def test_a_cycle_of_any_length_is_noticed_and_a_long_line_is_none(length: int, before: int) -> None:
    cursors = [f"once {i}" for i in range(before)]
    line, asked = Rounds(), ""
    for cursor in cursors:
        assert not line.comes_round(asked, cursor, has_more=True)
        asked = cursor
    for number in range(4 * (before + length) + 4):
        cursor = f"again {number % length}"
        if line.comes_round(asked, cursor, has_more=True):
            break
        asked = cursor
    assert line.is_round
    assert number >= length


@pytest.mark.parametrize("back_to", [0, 1, 2, 3])
def test_to_read_pages_again_is_no_round(back_to: int) -> None:
    line = Rounds()
    cursors = ["", "c1", "c2", "c3", "c4"]
    for start in (0, back_to, back_to, 0):
        for asked, cursor in pairwise(cursors[start:]):
            assert not line.comes_round(asked, cursor, has_more=True)
    assert not line.comes_round("c4", "c5", has_more=True)
    assert line.comes_round("c5", "c5", has_more=True)
