"""A national service on real HTTP, and a one-stop that drops its messages.

`python -m connectors.national.simulator --folder F --seed S` serves on loopback, drops the messages
of a seed and prints where it listens. The service asks for a session, refuses what lacks a field of
the portal's, is busy at times, answers some later, and keeps what it took. All people are made up.
"""

import argparse
import json
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from connectors.national.published import write_date
from hub.clock import VIETNAM
from hub.connecting.struck import Truth, Upstream

USER, PASSWORD = "h57", "mat-khau-mo-phong"
SESSION_USES = 200
NEEDED = ("MaLinhVuc", "TenTTHC")
UNITS = tuple(f"H57.{n}" for n in range(1, 21))


@dataclass
class Service:
    """What the service has and how it behaves; tests change it while it runs.

    `is_away`: it answers 503. `hold`: it takes a message and does not answer until that is set.
    `forgets`: it takes a message and answers 503, so that it comes again.
    `later`: dossiers of which it answers 202, and takes them when asked so many times.
    """

    dossiers: dict[str, dict[str, Any]] = field(default_factory=dict)
    posts: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    created: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    later: dict[str, int] = field(default_factory=dict)
    progress: list[dict[str, Any]] = field(default_factory=list)
    is_away: bool = False
    forgets: bool = False
    answer_code: Any = "00"
    hold: threading.Event | None = None
    held: threading.Event = field(default_factory=threading.Event)
    sessions: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer a request: a status and JSON."""
        with self.lock:
            if self.is_away:
                return 503, {}
            if path == "/mapi/login":
                return self._login(body)
            session = str(body.get("session"))
            if self.sessions.get(session, 0) <= 0:
                return 401, {"error_code": "401", "message": "phiên hết hạn"}
            self.sessions[session] -= 1
            if body.get("service") == "TraCuuHoSo":
                return 200, self._found(str(body.get("mahoso")))
            self.posts.append(body)
            return self._taken(body)

    def _login(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if (body.get("username"), body.get("password")) != (USER, PASSWORD):
            return 200, {"error_code": 1, "message": "sai tài khoản"}
        session = f"phien-{len(self.sessions)}"
        self.sessions[session] = SESSION_USES
        return 200, {"error_code": 0, "session": session}

    def _found(self, code: str) -> dict[str, Any]:
        if self.later.get(code, 0) > 0:
            self.later[code] -= 1
            return {"error_code": "0", "result": []}
        there = self.dossiers.get(code)
        return {"error_code": "0", "result": [] if there is None else [there]}

    def _taken(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        (item,) = body["data"]
        code = item["MaHoSo"]
        if body["service"] == "CapNhatTienDoHoSoMC":
            self.progress.append(item)
            return 200, {"error_code": "00", "message": "Thành công"}
        if code in self.refused:
            return 200, {"error_code": "-1", "message": self.refused[code]}
        lacks = next((n for n in NEEDED if not item.get(n)), None)
        if lacks:
            return 200, {"error_code": "-1", "message": f"Thiếu trường bắt buộc {lacks}"}
        if str(body.get("isUpdating")).lower() != "true":
            if code in self.dossiers:
                return 200, {"error_code": "-1", "message": "Hồ sơ đã tồn tại"}
            self.created[code] = self.created.get(code, 0) + 1
        self.dossiers[code] = item
        if self.forgets:
            return 503, {}
        if code in self.later:
            return 202, {"error_code": "", "message": "Đang xử lý"}
        return 200, {"error_code": self.answer_code, "message": "Thành công"}


@contextmanager
def served(service: Service, port: int = 0) -> Iterator[str]:
    """Serve on loopback; give the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length))
            service.headers.append(dict(self.headers))
            status, said = service.answer(self.path.partition("?")[0], body)
            if service.hold is not None and body.get("data"):
                service.held.set()
                service.hold.wait(60)
            content = json.dumps(said, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing of requests."""

        def handle(self) -> None:
            with suppress(ConnectionError):  # who asked was killed
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    serve = partial(server.serve_forever, poll_interval=0.02)
    thread = threading.Thread(target=serve, name="national simulator", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def dossier(code: str, status: str, received: datetime, **more: Any) -> dict[str, Any]:
    """Write a dossier as the one-stop synchronises it; `more` are fields in place of these."""
    made = {
        "MaHoSo": code,
        "MaTTHC": "1.005129",
        "TenTTHC": "Cấp bản sao trích lục hộ tịch",
        "MaLinhVuc": "G15-TP03",
        "TenLinhVuc": "Hộ tịch",
        "KenhThucHien": "2",
        "MucDo": "toanTrinh",
        "ChuHoSo": "Nguyễn Văn Mẫu",
        "LoaiDoiTuong": "1",
        "SoGiayToChuHoSo": "000000000000",
        "NgayNopHoSo": write_date(received - timedelta(hours=1)),
        "NgayTiepNhan": write_date(received),
        "NgayHenTra": write_date(received + timedelta(days=7)),
        "TrangThaiHoSo": status,
        "NgayTra": "",
        "NgayKetThucXuLy": "",
        "DonViTiepNhan": code.partition("-")[0],
        "DonViXuLy": code.partition("-")[0],
        "NoiNopHoSo": "1",
        "TaiLieuNop": [],
        "DanhSachLePhi": [],
        "DanhSachHoSoBoSung": [],
        "DanhSachGiayToKetQua": [],
    }
    return {**made, **more}


def message(items: list[dict[str, Any]], *, is_updating: bool = False) -> dict[str, Any]:
    """Write a message of dossiers."""
    updating = "True" if is_updating else "False"
    head = {"madonvi": "H57", "service": "DongBoHoSoMC", "isUpdating": updating}
    return {**head, "data": items}


def drop(folder: Path, name: str, said: dict[str, Any]) -> None:
    """Put a message into a folder: whole, at once."""
    unfinished = folder / f"{name}.json.part"
    unfinished.write_text(json.dumps(said, ensure_ascii=False), "utf-8")
    unfinished.rename(folder / f"{name}.json")


def plan(seed: int, number: int, now: datetime, dossiers: int = 12) -> dict[str, Any]:
    """Make a message of a seed: dossiers of the hours before, some of them wrong."""
    chance = random.Random(f"{seed}/{number}")
    items = []
    for i in range(dossiers):
        received = now - timedelta(minutes=chance.randrange(10, 600))
        code = f"{chance.choice(UNITS)}-{received:%y%m%d}-{(number * dossiers + i) % 99999:05}"
        item = dossier(code, "4", received)
        if chance.random() < 0.1:
            item["MaLinhVuc"] = ""  # the portal refuses it
        if chance.random() < 0.05:
            item["TrangThaiHoSo"] = "12"  # no list has it: it is refused at our door
        items.append(item)
    return message(items)


def account(folder: Path) -> Path:
    """Write the account's password beside a folder; a made-up one."""
    path = folder.with_name(f"{folder.name}.password")
    path.write_text(PASSWORD)
    path.chmod(0o600)
    return path


DEMO_MESSAGES, DEMO_SECONDS = 500, 20.0


@contextmanager
def demonstrated(folder: Path, seed: int, start: int) -> Iterator[dict[str, str]]:
    """Serve, drop a message now and every few seconds, be away at times; give the settings."""
    folder.mkdir(parents=True, exist_ok=True)
    password, service, stopping = account(folder), Service(), threading.Event()

    def live() -> None:
        for number in range(DEMO_MESSAGES):
            drop(folder, f"dong-bo-{start:03}-{number:04}", plan(seed + start, number, _now()))
            service.is_away = number % 10 == 9
            if stopping.wait(DEMO_SECONDS):
                return

    with served(service) as url:
        thread = threading.Thread(target=live, name="one-stop messages", daemon=True)
        thread.start()
        try:
            yield {
                "HUB_NATIONAL_FOLDER": str(folder),
                "HUB_NATIONAL_URL": url,
                "HUB_NATIONAL_USERNAME": USER,
                "HUB_NATIONAL_SECRET_FILE": str(password),
                "HUB_NATIONAL_TELLS_DOSSIERS": "true",
                "HUB_NATIONAL_SETTLE_SECONDS": "1",
            }
        finally:
            stopping.set()
            thread.join()


def _now() -> datetime:
    return datetime.now(VIETNAM)


STRUCK_DOSSIERS = 6
STRUCK_ON = datetime(2025, 9, 1, tzinfo=VIETNAM)


class _Portal(Upstream):
    """The service and the one-stop: it answers 503, hangs, or takes a message and says it did not.

    Messages of which nothing was answered come again, and are to make no second dossier.
    """

    def __init__(self, folder: Path, seed: int, stack: ExitStack) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._seed, self._stack = folder, seed, stack
        self._service, self._refused = Service(), dict[str, str]()
        url = stack.enter_context(served(self._service))
        super().__init__(
            {
                "HUB_NATIONAL_FOLDER": str(folder),
                "HUB_NATIONAL_URL": url,
                "HUB_NATIONAL_USERNAME": USER,
                "HUB_NATIONAL_SECRET_FILE": str(account(folder)),
                "HUB_NATIONAL_TELLS_DOSSIERS": "true",
                "HUB_NATIONAL_SETTLE_SECONDS": "0.5",
                "HUB_NATIONAL_TIMEOUT_SECONDS": "3",
            }
        )

    def be(self, manner: str) -> None:
        """Behave so from now on."""
        self._service.is_away = manner == "refuse"
        self._service.forgets = manner == "twice"
        before, self._service.hold = (
            self._service.hold,
            threading.Event() if manner == "hang" else None,
        )
        if before is not None:
            before.set()
        super().be(manner)

    def step(self, number: int) -> Truth:
        """Drop a message of some dossiers."""
        said = plan(self._seed, number, STRUCK_ON + timedelta(days=number), STRUCK_DOSSIERS)
        drop(self._folder, f"dong-bo-{number:05}", said)
        unknown = [i for i in said["data"] if i["TrangThaiHoSo"] == "12"]
        taken = [i for i in said["data"] if i not in unknown]
        self._refused |= {i["MaHoSo"]: "refused" for i in taken if not i["MaLinhVuc"]}
        truth = Truth(len(taken), len(unknown))
        truth.present["synced_at"] = sum(bool(i["MaLinhVuc"]) for i in taken)
        return truth

    def truth(self) -> Truth:
        """Say beside what the service has, each dossier of it made once."""
        with self._service.lock:
            made = {
                c: "taken" if n == 1 else f"{n} times" for c, n in self._service.created.items()
            }
        found = super().truth()
        found.exchanged = made | self._refused
        return found

    def close(self) -> None:
        """Stop serving."""
        self.be("take")
        super().close()
        self._stack.close()


def struck(folder: Path, seed: int, _: Mapping[str, str]) -> Upstream:
    """Serve, and drop a message at each step, where faults strike."""
    return _Portal(folder, seed, ExitStack())


def main() -> None:
    """Serve, drop the messages of a seed, say where, and go on until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--messages", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=600)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with served(Service()) as url:
        for number in range(given.messages):
            drop(given.folder, f"dong-bo-{number:04}", plan(given.seed, number, _now()))
        print(json.dumps({"url": url, "username": USER, "secret_file": str(account(given.folder))}))
        time.sleep(given.seconds)


if __name__ == "__main__":
    main()
