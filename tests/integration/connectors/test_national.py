"""The national service on real HTTP: what it acknowledges is synced, once, through any crash."""

import hashlib
import hmac
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.national.connector import CONNECTOR, NationalSettings
from connectors.national.service import National
from connectors.national.simulator import (
    PASSWORD,
    USER,
    Service,
    account,
    dossier,
    drop,
    message,
    served,
)
from hub import registry
from hub.clock import DAY_US, to_us
from hub.connecting import exchanging, folder
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context, UpstreamError
from hub.log.sqlite import SqliteLog
from hub.opening import open_hub
from hub.proof.explain import explain
from hub.settings import Settings
from hub.store import exchanges
from hub.store.exchanges import Exchanges
from hub.store.store import Store
from hub.store.troubles import StoreUnavailableError
from tests.conftest import Hub
from tests.parts.crash_points import Points, Touched, carried, every_point
from tests.parts.starting import start_hub
from tests.parts.waiting import until

CODE = "H57.3-251204-0001"
PERSON = "Nguyễn Văn Mẫu"
WAIT = timedelta(minutes=11)  # longer than the longest wait between two tries


@pytest.fixture
def service() -> Service:
    return Service()


class Side:
    """Both sides: a hub with the folder of the one-stop, and the national service."""

    def __init__(self, hub: Hub, service: Service, url: str, home: Path) -> None:
        self.hub = hub
        self.service = service
        self.folder = home / "messages"
        self.folder.mkdir(exist_ok=True)
        self.own = NationalSettings(
            folder=self.folder,
            url=url,
            username=USER,
            secret_file=account(self.folder),
            tells_dossiers=True,
            settle_seconds=0,
            timeout_seconds=5,
        )
        self.numbers = 0

    def connection(self, **changed: Any) -> Connection:
        """Begin anew, as another process would."""
        own = self.own.model_copy(update=changed)
        context = Context(
            self.hub.log, lambda: self.hub.now, exchanges=Exchanges(self.hub.store, UpstreamError)
        )
        source = registry.sources()["national"]
        contract = registry.contracts()["dossier"]
        settings = Settings(data_dir=self.hub.folder, breaker_share_max=0.9)
        made = Connection(
            source,
            contract,
            CONNECTOR.open(own, context),
            self.hub.log,
            lambda: self.hub.now,
            settings,
            self.hub.seals.seal,
        )
        made.stopping.set()  # so that it does not wait after an error
        return made

    def put(self, *items: dict[str, Any], updates: bool = False) -> None:
        self.numbers += 1
        drop(self.folder, f"m-{self.numbers:03}", message([*items], is_updating=updates))

    def carry(self, steps: int = 4, **changed: Any) -> None:
        """Let the connector do what is to be done now, and apply what it told."""
        running = self.connection(**changed)
        for _ in range(steps):
            running.step(0.01)
        running._feed.close()
        self.hub.runner.catch_up()

    def rows(self) -> list[dict[str, Any]]:
        with self.hub.store.reading() as reading:
            return sorted(
                exchanges.listed(reading.connection, {}, 100, 0), key=lambda r: r["number"]
            )

    def acts(self, row: dict[str, Any]) -> list[str]:
        with self.hub.store.reading() as reading:
            return [a["act"] for a in exchanges.acts_of(reading.connection, [row["id"]])[row["id"]]]

    def synced(self) -> tuple[int, int]:
        at = (self.hub.now + timedelta(seconds=1)).isoformat()
        (figure,) = self.hub.kpi("dossier_sync_share", at, period="2026")
        return figure["numerator"], figure["denominator"]

    def kinds(self, code: str) -> list[str]:
        with self.hub.store.reading() as reading:
            events = explain(self.hub.book(reading), f"dossier/{code}")["events"]
        return sorted(e["kind"] for e in events if e["kind"].startswith("sync"))


@pytest.fixture
def side(service: Service, tmp_path: Path) -> Iterator[Side]:
    home = tmp_path / "hub"
    home.mkdir()
    hub = Hub(home)
    with served(service) as url:
        yield Side(hub, service, url, tmp_path)
    hub.close()


def one(side: Side, status: str = "4", code: str = CODE, **more: Any) -> dict[str, Any]:
    return dossier(code, status, side.hub.now - timedelta(days=42), **more)


def test_only_an_acknowledgement_makes_a_dossier_synced(side: Side) -> None:
    side.service.is_away = True
    side.put(one(side))
    side.carry()
    assert side.synced() == (0, 1)
    (row,) = side.rows()
    assert (row["state"], row["entity"], row["sender"]) == ("sending", CODE, "H57")
    assert "HTTP 503" in row["last_error"]
    side.service.is_away = False
    side.hub.now += WAIT
    side.carry()
    assert side.synced() == (1, 1)
    assert side.kinds(CODE) == ["synced"]
    (row,) = side.rows()
    assert (row["state"], row["answer_code"], row["is_told"]) == ("taken", "00", 1)
    assert side.acts(row) == ["taken_in", "sent", "put_off", "sent", "taken"]
    assert row["receiver"] == "127.0.0.1"
    assert "278/2025" in row["legal_basis"]
    assert row["purpose"]


def test_a_try_is_traced_and_signed(side: Side, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("bi-mat\n")
    side.service.answer_code = "77"
    side.put(one(side, "9"), updates=True)
    for _ in range(3):
        side.carry(signing_file=secret)
        side.hub.now += WAIT
    (row,) = side.rows()
    sent = [h for h in side.service.headers if h["X-Hub-Id"] == row["id"]]
    traces = {h["traceparent"].split("-")[1] for h in sent}
    assert traces == {row["trace_id"]}
    assert len({h["traceparent"] for h in sent}) == row["tries"] == len(side.service.posts) == 3
    body = side.service.posts[-1]
    assert body["madonvi"] == "H57"
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    digest = hmac.new(b"bi-mat", f"{row['id']}.".encode() + raw, hashlib.sha256).hexdigest()
    assert sent[-1]["X-Hub-Signature-256"] == f"sha256={digest}"


def test_a_refusal_says_why_and_a_correction_mends_it(side: Side) -> None:
    side.put(one(side, MaLinhVuc=""))
    side.carry()
    assert side.synced() == (0, 1)
    assert side.kinds(CODE) == ["sync_failed"]
    (row,) = side.rows()
    words = exchanges.why(row)
    assert words.vi == "bên nhận từ chối (-1: Thiếu trường bắt buộc MaLinhVuc)"
    assert words.en.startswith("the receiver refused it (-1: ")
    side.put(one(side))
    side.carry()
    assert side.synced() == (1, 1)
    first, second = side.rows()
    assert (first["state"], first["corrected_by"]) == ("corrected", second["id"])
    assert (second["state"], second["number"]) == ("taken", 2)
    assert side.acts(first) == ["taken_in", "sent", "refused", "corrected"]


def test_what_comes_again_is_sent_once(side: Side) -> None:
    side.put(one(side))
    side.carry()
    side.put(one(side), one(side, code="H57.3-251204-0002"))
    side.carry()
    side.carry()
    assert side.service.created == {CODE: 1, "H57.3-251204-0002": 1}
    assert len(side.service.posts) == 2
    assert side.kinds(CODE) == ["synced"]
    assert list((side.folder / "waiting").iterdir()) == []


def test_messages_of_a_dossier_are_sent_in_their_order(side: Side) -> None:
    side.service.is_away = True
    side.put(one(side, "4"), updates=True)
    for _ in range(6):  # the first waits for minutes by then
        side.carry()
        side.hub.now += WAIT
    side.carry()
    side.service.is_away = False
    for status in ("5", "4", "9"):
        side.put(one(side, status), updates=True)
    side.carry(8)
    assert side.service.posts == []
    for _ in range(5):
        side.hub.now += WAIT
        side.carry(8)
    sent = [p["data"][0]["TrangThaiHoSo"] for p in side.service.posts]
    assert sent == ["4", "5", "4", "9"]
    assert side.service.dossiers[CODE]["TrangThaiHoSo"] == "9"


def test_what_is_answered_later_is_asked_for(side: Side) -> None:
    side.service.later = {CODE: 2}
    side.put(one(side))
    side.carry()
    assert side.rows()[0]["state"] == "pending"
    assert side.synced() == (0, 1)
    for _ in range(3):
        side.hub.now += WAIT
        side.carry()
    assert side.rows()[0]["state"] == "taken"
    assert side.synced() == (1, 1)
    assert len(side.service.posts) == 1


def test_an_answer_that_no_list_has_settles_nothing(side: Side) -> None:
    side.service.answer_code = "42"
    side.put(one(side))
    side.carry(2)
    (row,) = side.rows()
    assert (row["state"], row["answer_code"]) == ("sending", None)
    assert "42" in row["last_error"]
    assert side.synced() == (0, 1)
    # It is asked whether the dossier is there, and not made a second time.
    side.hub.now += WAIT
    side.carry()
    assert side.rows()[0]["state"] == "taken"
    assert side.service.created == {CODE: 1}


def test_what_is_not_taken_for_three_days_is_given_up(side: Side) -> None:
    side.service.is_away = True
    side.put(one(side))
    side.carry()
    side.hub.now += timedelta(days=4)
    side.carry()
    (row,) = side.rows()
    assert row["state"] == "given_up"
    assert "HTTP 503" in exchanges.why(row).vi
    assert side.kinds(CODE) == ["sync_failed"]
    side.service.is_away = False
    drop(side.folder, "again", {**message([one(side)]), "lan": 2})
    side.carry()
    assert [r["state"] for r in side.rows()] == ["corrected", "taken"]


def test_a_wrong_item_is_refused_at_our_door_and_the_others_go_on(side: Side) -> None:
    side.put(one(side), one(side, "12", "H57.3-251204-0002"), one(side, code="sai mã"))
    side.carry()
    assert set(side.service.created) == {CODE}
    with side.hub.store.reading() as reading:
        rules = sorted(r[0] for r in reading.rows("SELECT rule FROM quarantine"))
    assert rules == ["malformed", "unmapped_code"]
    assert len(list((side.folder / "failed").glob("*.loi.csv"))) == 1


def test_a_session_that_lapsed_is_asked_for_anew(side: Side) -> None:
    running = side.connection()
    side.put(one(side))
    for _ in range(4):
        running.step(0.01)
    side.service.sessions.clear()
    side.put(one(side, "9"), updates=True)
    for _ in range(4):
        running.step(0.01)
    assert [r["state"] for r in side.rows()] == ["taken", "taken"]


def test_progress_is_sent_and_makes_nothing_synced(side: Side) -> None:
    at = "20251204080000"
    said = {"MaHoSo": CODE, "NguoiXuLy": PERSON, "ThoiDiemXuLy": at, "TrangThai": "4"}
    drop(side.folder, "p", {"service": "CapNhatTienDoHoSoMC", "madonvi": "H57", "data": [said]})
    side.carry()
    assert side.service.progress == [said]
    assert side.kinds(CODE) == []


def test_no_person_is_in_log_ledger_or_answers(side: Side) -> None:
    side.service.refused = {CODE: "Hồ sơ của SĐT 0912345678 không hợp lệ"}
    wrong = one(side, "12", "H57.3-251204-0003")  # set aside with its bytes, sealed
    side.put(one(side), one(side, code="H57.3-251204-0002"), wrong)
    side.carry()
    files = [p for p in side.hub.folder.rglob("*.sqlite3*") if p.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert PERSON.encode() not in content, path
        assert b"0912345678" not in content, path
    assert list((side.folder / "waiting").iterdir()) == []
    assert (side.folder / "waiting").stat().st_mode & 0o77 == 0


def test_a_ledger_that_was_lost_is_made_again_from_what_waits(side: Side) -> None:
    side.service.is_away = True
    side.put(one(side))
    side.carry()
    with side.hub.store.administering() as c:
        c.exec_driver_sql("DELETE FROM exchange")
        c.exec_driver_sql("DELETE FROM exchange_act")
    side.service.is_away = False
    side.carry()
    assert [r["state"] for r in side.rows()] == ["taken"]
    assert side.synced() == (1, 1)


def test_what_was_settled_long_ago_is_forgotten_and_still_not_sent_twice(side: Side) -> None:
    side.put(one(side, MaLinhVuc=""))
    side.carry()
    side.put(one(side))
    side.carry()
    side.service.is_away = True
    side.put(one(side, code="H57.3-251204-0002"))
    side.carry()
    before = to_us(side.hub.now) - DAY_US
    assert exchanges.thin(side.hub.store, before) == 0
    assert [len(side.acts(r)) for r in side.rows() if r["entity"] == CODE] == [4, 3]
    side.hub.now += timedelta(days=2)
    assert exchanges.thin(side.hub.store, to_us(side.hub.now) - DAY_US) == 1
    waiting, taken = sorted(side.rows(), key=lambda r: str(r["state"]))
    assert (taken["state"], taken["number"], side.acts(taken)) == ("taken", 2, [])
    assert side.acts(waiting) == ["taken_in", "sent", "put_off"]
    side.service.is_away = False
    drop(side.folder, "again", {**message([one(side)]), "lan": 2})
    side.carry()
    assert side.service.created[CODE] == 1
    assert side.synced() == (2, 2)


def test_while_the_store_is_away_nothing_is_sent_and_nothing_lost(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    side.put(one(side))
    running = side.connection()

    @contextmanager
    def away(_: Store) -> Iterator[None]:
        raise StoreUnavailableError("away")
        yield

    with monkeypatch.context() as patched:
        patched.setattr(Store, "administering", away)
        for _ in range(3):
            running.step(0.01)
    assert side.service.posts == []
    side.carry()
    assert side.synced() == (1, 1)
    assert side.service.created == {CODE: 1}


TOUCHED: Touched = [
    (SqliteLog, "append"),
    (SqliteLog, "set_checkpoints"),
    (folder.Folder, "_move"),
    (exchanging, "_write"),
    (Exchanges, "take"),
    (Exchanges, "act"),
    (Exchanges, "told"),
    (National, "send"),
    (National, "ask"),
]


def test_any_cut_has_one_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = Points(monkeypatch, TOUCHED)

    def run(name: str) -> None:
        home = tmp_path / name
        home.mkdir()
        service = Service()
        with served(service) as url:
            hub = Hub(home)
            first = Side(hub, service, url, home)
            first.put(one(first), one(first, code="H57.3-251204-0002", MaLinhVuc=""))
            codes = sorted((CODE, "H57.3-251204-0002"))
            lives = [hub]

            def carry() -> None:
                lives.append(again := Hub(home))
                again.now += WAIT * len(lives)
                side = Side(again, service, url, home)
                for _ in range(3):
                    side.carry()
                    again.now += WAIT

            carried(points, carry)
            last = Side(lives[-1], service, url, home)
            last.hub.runner.catch_up()
            assert service.created == {CODE: 1}
            assert [last.kinds(c) for c in codes] == [["synced"], ["sync_failed"]]
            assert sorted(r["state"] for r in last.rows()) == ["refused", "taken"]
            assert last.synced() == (1, 2)
            for opened in lives:
                opened.close()

    every_point(points, run, {"append": 2, "take": 1, "act": 4, "told": 1, "send": 2, "_write": 2})


def test_a_process_killed_between_sending_and_the_answer(
    side: Side, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """kill -9 while the service has the message and has not answered: made once, synced once."""
    side.service.hold = threading.Event()
    side.put(one(side))
    own = tmp_path / "killed"
    monkeypatch.setenv("HUB_DATA_DIR", str(own))
    monkeypatch.setenv("HUB_NATIONAL_FOLDER", str(side.folder))
    monkeypatch.setenv("HUB_NATIONAL_URL", side.own.url)
    monkeypatch.setenv("HUB_NATIONAL_USERNAME", USER)
    monkeypatch.setenv("HUB_NATIONAL_SECRET_FILE", str(side.own.secret_file))
    monkeypatch.setenv("HUB_NATIONAL_TELLS_DOSSIERS", "true")
    monkeypatch.setenv("HUB_NATIONAL_SETTLE_SECONDS", "0")
    process = start_hub("connect", "national", stderr=subprocess.DEVNULL)
    assert side.service.held.wait(120)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    side.service.hold.set()
    side.service.hold = None
    again = start_hub("connect", "national", stderr=subprocess.DEVNULL)

    def states() -> list[tuple[str, int]]:
        with open_hub(Settings(data_dir=own)) as hub, hub.store.reading() as reading:
            rows = exchanges.listed(reading.connection, {}, 10, 0)
            return [(r["state"], r["is_told"]) for r in rows]

    until(lambda: states() == [("taken", 1)], "the message is taken and told", 120)
    again.send_signal(signal.SIGTERM)
    assert again.wait(60) == 0
    assert side.service.created == {CODE: 1}
    assert len(side.service.posts) == 1


def test_a_wrong_password_is_said_and_sends_nothing(side: Side) -> None:
    side.own.secret_file.write_text(PASSWORD + "x")
    side.put(one(side))
    side.carry()
    (row,) = side.rows()
    assert side.service.posts == []
    assert "đăng nhập không được" in row["last_error"]
    assert PASSWORD not in row["last_error"]
