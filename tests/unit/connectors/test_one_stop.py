"""Reading a dossier's record, remembering what was told of it, and where each lane goes next."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from connectors.one_stop.codes import Lists
from connectors.one_stop.connector import OneStopSettings
from connectors.one_stop.lanes import History, Sweep, started
from connectors.one_stop.memory import SERIES_MAX, Memory
from connectors.one_stop.reading import Snapshot, read, read_items
from connectors.one_stop.upstream import BYTES_MAX, RETRY_SECONDS_MAX, Upstream
from hub.connecting.feeds import UpstreamError
from hub.definitions.admission import Verdict

NOW = datetime(2026, 3, 10, 5, tzinfo=UTC)  # noon in Vietnam
RECORD: dict[str, Any] = {
    "MaHoSo": "H57.132-260304-0583",
    "MaTTHC": "1.005129",
    "KenhThucHien": "2",
    "MucDo": "toanTrinh",
    "NgayNopHoSo": "20260304080000",
    "NgayTiepNhan": "20260304090000",
    "NgayHenTra": "20260310170000",
    "TrangThaiHoSo": "2",
    "DonViTiepNhan": "H57.132",
    "NgayCapNhat": "20260304090001",
}


def only(source: str = "national", **other: Any) -> Snapshot:
    (snapshot,) = read_items([RECORD | other], Lists(source))
    return snapshot


def findings(snapshot: Snapshot) -> list[Verdict]:
    return [r.verdict for r in snapshot.findings if r.verdict is not None]


def told(memory: Memory, **other: Any) -> list[dict[str, Any]]:
    record = RECORD | other
    read_one = only(**other)
    memory_before = memory.dump()
    assert Memory.load(memory_before).dump() == memory_before
    at, unread = record["NgayCapNhat"], read_one.unread
    return [dict(e) for e in memory.tell(record["MaHoSo"], at, read_one.events, unread)]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [e["kind"] for e in events]


def standing(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    gone = {e.get("retracts") for e in events}
    return [e for e in events if e["event_id"] not in gone and e["kind"] != "retracted"]


def test_what_is_not_read_is_not_kept() -> None:
    snapshot = only(
        KenhThucHien="9",
        ChuHoSo="MẪU",
        DanhGia={"HaiLong": True, "NguoiDanhGia": "MẪU", "NgayDanhGia": "20260305080000"},
        DanhSachHoSoBoSung=[{"NgayBoSung": "20260305080000", "NguoiNop": "MẪU"}, "MẪU"],
        DonViXuLy={"CanBo": "MẪU"},
    )
    assert {v.field for v in findings(snapshot)} == {"KenhThucHien", "DanhSachHoSoBoSung[1]"}
    assert not any("MẪU" in r.original.decode() for r in snapshot.records)
    wrong = only(KenhThucHien=["MẪU"] * 9)
    assert not any("MẪU" in r.original.decode() for r in wrong.records)
    long = only(MaHoSo="A" * 10**6)
    assert [v.rule for v in findings(long)] == ["too_long"]
    assert all(len(r.original) < 1000 for r in long.records)


def test_a_fact_has_one_name_whenever_it_is_read() -> None:
    first, later = only(), only(NgayCapNhat="20260305000000", TrangThaiHoSo="4")
    assert [e["event_id"] for e in first.events] == [e["event_id"] for e in later.events]
    other = only(NgayHenTra="20260311170000")
    assert first.events[0]["event_id"] == other.events[0]["event_id"]
    assert first.events[1]["event_id"] != other.events[1]["event_id"]


def test_codes_are_those_of_the_source_and_the_day() -> None:
    assert only("example_numeric", KenhThucHien="0", MucDo=2).events[1]["channel"] == "counter"
    (wrong,) = findings(only("national", KenhThucHien="0"))
    assert (wrong.rule, wrong.value) == ("unmapped_code", "0")
    assert "2026-03-04" in wrong.message_vi


def test_a_due_date_left_behind_is_not_the_due_date() -> None:
    entry = {
        "NgayBoSung": "20260306080000",
        "NgayHenTraTruoc": "20260310170000",
        "NgayHenTraMoi": "20260312170000",
    }
    events = only(DanhSachHoSoBoSung=[entry], NgayHenTra="20260310170000").events
    assert events[-1]["due_at"] == "2026-03-12T17:00:00+07:00"
    events = only(DanhSachHoSoBoSung=[entry], NgayHenTra="20260313170000").events
    assert events[-1]["due_at"] == "2026-03-13T17:00:00+07:00"
    assert events[1]["due_at"] == "2026-03-10T17:00:00+07:00"


@pytest.mark.parametrize("given", [b"\xff", b'{"duLieu": [{"MaHoSo": "\\ud800"}]}', b"[" * 10**5])
def test_any_bytes_are_read(given: bytes) -> None:
    assert all(r.verdict is not None for r in read("input.json", given))
    assert [v.field for v in findings(only(DonViTiepNhan="\ud800"))] == ["DonViTiepNhan"]


def test_a_fact_is_told_once_and_withdrawn_when_it_is_no_longer_stated() -> None:
    memory = Memory()
    assert kinds(told(memory)) == ["registered", "received"]
    assert told(memory, NgayCapNhat="20260305000000") == []
    ended = {"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20260306080000"}
    (resolved,) = told(memory, NgayCapNhat="20260306080001", **ended)
    (back,) = told(memory, NgayCapNhat="20260307080000", TrangThaiHoSo="4")
    assert (back["kind"], back["retracts"]) == ("retracted", resolved["event_id"])
    assert back["occurred_at"] == "2026-03-07T08:00:00+07:00"
    (again,) = told(memory, NgayCapNhat="20260308080000", **ended)
    assert again["event_id"] != resolved["event_id"]
    assert {**again, "event_id": "", "recorded_at": ""} == {
        **resolved,
        "event_id": "",
        "recorded_at": "",
    }
    (back_again,) = told(memory, NgayCapNhat="20260309080000", TrangThaiHoSo="4")
    assert back_again["retracts"] == again["event_id"]
    (third,) = told(memory, NgayCapNhat="20260309090000", **ended)
    assert len({resolved["event_id"], again["event_id"], third["event_id"]}) == 3


def test_a_late_page_says_nothing_of_what_is_newer() -> None:
    memory = Memory()
    told(memory, NgayCapNhat="20260306000000", NgayHenTra="20260311170000")
    assert told(memory) == []
    # Of one instant the one read last counts: what moved in silence has no other sign.
    moved = told(memory, NgayCapNhat="20260306000000", NgayHenTra="20260312170000")
    assert kinds(moved) == ["retracted", "received"]


def test_a_later_synchronisation_does_not_undo_an_earlier_one() -> None:
    memory = Memory()
    told(memory)
    first = {"NgayDongBo": "20260305080000", "DongBoThanhCong": True}
    again = {"NgayDongBo": "20260307080000", "DongBoThanhCong": False}
    assert kinds(told(memory, NgayCapNhat="20260305080001", **first)) == ["synced"]
    assert kinds(told(memory, NgayCapNhat="20260307080001", **again)) == ["sync_failed"]
    assert told(memory, NgayCapNhat="20260308080001", **again) == []
    corrected = told(memory, NgayCapNhat="20260309080001", **first)
    assert kinds(corrected) == ["retracted"]
    assert kinds(told(memory, NgayCapNhat="20260309080002")) == ["retracted"]


def test_an_upstream_that_tries_for_days_is_told_so_many_times() -> None:
    memory = Memory()
    told(memory)
    at = datetime(2026, 3, 5)
    found = []
    for number in range(3 * SERIES_MAX):
        tried = f"{at + timedelta(minutes=number):%Y%m%d%H%M%S}"
        found += told(memory, NgayCapNhat=tried, NgayDongBo=tried, DongBoThanhCong=False)
    assert kinds(found) == ["sync_failed"] * SERIES_MAX
    tried = "20260309080000"
    assert kinds(told(memory, NgayCapNhat=tried, NgayDongBo=tried, DongBoThanhCong=True)) == [
        "synced"
    ]


def test_the_due_date_that_stands_is_the_one_recorded_last() -> None:
    memory = Memory()
    entry = {
        "NgayBoSung": "20260306080000",
        "NgayHenTraTruoc": "20260310170000",
        "NgayHenTraMoi": "20260312170000",
    }
    supplemented = {"DanhSachHoSoBoSung": [entry], "NgayHenTra": "20260312170000"}
    events = told(memory)
    events += told(memory, NgayCapNhat="20260306080001", **supplemented)
    # The channel is corrected afterwards: that reception is recorded after the supplement.
    events += told(memory, NgayCapNhat="20260307080000", KenhThucHien="1", **supplemented)
    due = [e for e in standing(events) if "due_at" in e]
    due.sort(key=lambda e: (e["recorded_at"], e["occurred_at"]))
    assert kinds(due) == ["received", "due_changed"]
    assert due[-1]["due_at"] == "2026-03-12T17:00:00+07:00"


def test_a_sweep_overlaps_with_the_one_before_however_long_ago() -> None:
    live, sweep = started(NOW, 48)
    assert live.asks() == {"tu_ngay": "20260308120000"}
    assert sweep.due(NOW + timedelta(seconds=3599), 3600, 48) is None
    begun = sweep.due(NOW + timedelta(hours=72), 3600, 48)
    assert begun is not None
    assert begun.asks() == {"tu_ngay": "20260308120000", "den_ngay": "20260313120000"}
    behind = begun.after("c1", has_more=True)
    assert behind.due(NOW, 3600, 48) == behind == Sweep.load(behind.dump())
    assert behind.asks()["con_tro"] == "c1"
    assert behind.after("c2", has_more=False) == Sweep(done="20260313120000")


def test_history_goes_month_by_month_to_where_live_began() -> None:
    history = History.of(date(2025, 12, 15), "20260210120000", "")
    spans = []
    while history is not None:
        spans.append((history.asks()["tu_ngay"], history.asks()["den_ngay"]))
        done = history.after("", has_more=False)
        history = History.of(date(2025, 12, 15), "20260210120000", done.dump())
    assert spans == [
        ("20251215000000", "20260101000000"),
        ("20260101000000", "20260201000000"),
        ("20260201000000", "20260210120000"),
    ]
    earlier = History.of(date(2025, 11, 1), "20260210120000", done.dump())
    assert earlier is not None
    assert earlier.asks()["tu_ngay"] == "20251101000000"


@pytest.mark.parametrize(
    ("name", "value"),
    [("url", "ftp://x"), ("code_source", "nobody"), ("page_size", "0"), ("overlap_hours", "0")],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as found:
        OneStopSettings(**({"url": "http://x"} | {name: value}))  # type: ignore[arg-type]
    assert found.value.errors()[0]["loc"] == (name,)


class Fixed(BaseHTTPRequestHandler):
    """Answers as it was told."""

    status: ClassVar[int] = 200
    headers_out: ClassVar[dict[str, str]] = {}
    body: ClassVar[bytes] = b""
    seen: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Authorization"]))
        self.send_response(self.status)
        for name, value in self.headers_out.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        try:
            self.wfile.write(self.body)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    monkeypatch.setattr(Fixed, "seen", [])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Fixed)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    upstream = Upstream(f"http://127.0.0.1:{server.server_port}/", "t0ken", 5, lambda: NOW)
    yield upstream
    upstream.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("status", "said", "wait"),
    [
        (429, "7", 7.0),
        (503, "Tue, 10 Mar 2026 05:00:30 GMT", 30.0),
        (503, "Tue, 10 Mar 2026 04:00:00 GMT", 0.0),
        (429, "9" * 400, RETRY_SECONDS_MAX),
        (429, "soon", None),
        (500, "7", None),
        (404, "7", None),
    ],
)
def test_the_upstream_is_waited_for_as_it_asks(
    fixed: Upstream, monkeypatch: pytest.MonkeyPatch, status: int, said: str, wait: float | None
) -> None:
    monkeypatch.setattr(Fixed, "status", status)
    monkeypatch.setattr(Fixed, "headers_out", {"Retry-After": said})
    with pytest.raises(UpstreamError, match=f"HTTP {status}") as found:
        fixed.page({"con_tro": "a/b c"})
    assert found.value.retry_seconds == wait
    assert Fixed.seen == [("/hoso?con_tro=a%2Fb+c", "Bearer t0ken")]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b" " * (BYTES_MAX + 1), "bytes"),
        (b"<html>", "not JSON"),
        (json.dumps({"duLieu": [], "conTroTiep": 7, "conNua": False}).encode(), "conTroTiep"),
        (json.dumps({"duLieu": [], "conTroTiep": "7"}).encode(), "conNua"),
        (json.dumps({"duLieu": [0] * 20_001, "conTroTiep": "7", "conNua": False}).encode(), "more"),
    ],
)
def test_what_is_no_page_is_the_upstreams_trouble(
    fixed: Upstream, monkeypatch: pytest.MonkeyPatch, body: bytes, says: str
) -> None:
    monkeypatch.setattr(Fixed, "body", body)
    with pytest.raises(UpstreamError, match=says):
        fixed.page({})
