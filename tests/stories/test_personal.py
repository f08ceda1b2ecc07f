"""Nothing personal past the door: what was sent is found nowhere but in its sender's own answers.

Marked values are pushed in by every way there is; then everything that was written is searched:
log, store, archive, backups, audit log, answers, standard output and error, access log, metrics.
"""

import base64
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from connectors.one_stop.connector import CONNECTOR as ONE_STOP
from connectors.one_stop.connector import OneStopSettings
from connectors.payments.connector import CONNECTOR as PAYMENTS
from connectors.payments.connector import PaymentsSettings
from connectors.salinity.reading import read as read_message
from hub import registry
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context, Feed
from hub.opening import open_hub
from hub.settings import Settings
from stream_jobs.worked import received
from tests.parts import loopback
from tests.stories.conftest import Served
from tests.unit.connecting.test_connection import ListFeed
from tests.unit.connectors.test_one_stop_cursors import Upstream, record, serving

NAME, OTHER = "Nguyễn Thị Mốc Dấu", "MỐC-KHÔNG-AI-BIẾT"
CITIZEN, OLD_CITIZEN, PHONE = "079203004711", "024714711", "0912347119"
MAIL, STREET = "moc.dau@vidu.vn", "số 47 ngõ Mốc Dấu"
MARKS = (NAME, NAME.upper(), OTHER, CITIZEN, OLD_CITIZEN, PHONE, MAIL, STREET)
TEXT = f"gọi {PHONE}, CCCD {CITIZEN}, CMND {OLD_CITIZEN}, {MAIL}, {NAME}"
PERSON: dict[str, Any] = {
    "Họ tên": NAME,
    "nguoi_nop": {"ho_ten": NAME, "dia_chi": STREET},
    "cccd": CITIZEN,
    "ghi_chu": [OTHER, TEXT],
    "email": MAIL,
}
AT = datetime(2026, 3, 10, 5, tzinfo=UTC)


def spellings(mark: str) -> Iterator[bytes]:
    """Give a text as it may stand in a file: plain, escaped, as UTF-16, within base64."""
    plain = mark.encode()
    yield plain
    yield json.dumps(mark)[1:-1].encode()
    yield mark.encode("utf-16-le")
    for shift in range(3):
        # Whatever stands before and after it: without the letters that it shares with others.
        written = base64.b64encode(b"\0" * shift + plain)
        rest = (shift + len(plain)) % 3
        yield written[(0, 2, 3)[shift] : len(written) - (0, 3, 2)[rest]]


def leaks(data: bytes) -> list[str]:
    return [m for m in MARKS if any(s in data for s in spellings(m))]


def bodies() -> Iterator[tuple[str, str, bytes, dict[str, str]]]:
    """Give what departments send: contract or path, and the body, wrong in many ways."""
    good = received("A", "2023-05-02")
    wrong: list[Any] = [
        good | PERSON,
        *(good | {n: v} for n, v in PERSON.items()),
        *(good | {n: TEXT} for n in good if n != "event_id"),
        *(good | {n: {"ho_ten": NAME}} for n in good),
        *(good | {"channel": name} for name in (NAME, NAME.upper())),
        good | {"channel": f"Họ tên: {OTHER}; địa chỉ: {STREET}"},
        good | {"dossier_code": int(CITIZEN)},
        good | {TEXT: 1},
        NAME,
        [PERSON],
    ]
    yield "events/dossier", "json", json.dumps(wrong, ensure_ascii=False).encode(), {}
    yield "events/dossier", "escaped", json.dumps(wrong).encode(), {}
    lines = [
        json.dumps(good),
        json.dumps(good | PERSON),
        f'{{"Họ tên": "{NAME}", "cccd": {CITIZEN}',
    ]
    yield "events/dossier", "ndjson", "\n".join(lines).encode(), {}
    yield "events/dossier", "no json", f'{{"Họ tên": "{NAME}"'.encode(), {}
    yield "events/dossier", "no utf-8", NAME.encode() + b"\xff", {}
    event = {"specversion": "1.0", "id": "c", "source": "/x", "type": "t", "data": wrong[0]}
    kind = {"content-type": "application/cloudevents+json"}
    yield "events/dossier", "cloudevent", json.dumps(event).encode(), kind
    binary = {"ce-specversion": "1.0", "ce-id": "b", "ce-source": "/x", "ce-type": "t"}
    yield "events/dossier", "binary", json.dumps(wrong[0]).encode(), binary
    reading = {"event_id": "r", "station_code": "ST01", "quantity": TEXT, "value": TEXT}
    yield "events/reading", "reading", json.dumps([reading, reading | PERSON]).encode(), {}
    for name, data in files():
        yield "files/payment", name, data, {}
    yield f"events/{CITIZEN}", "no contract", b"{}", {}


HEADER = ("Đơn vị báo cáo", "Dịch vụ được thanh toán", "Hình thức", "Địa bàn", "Kỳ thống kê",
          "Số giao dịch", "Số khách hàng", "Số tiền", "Lần điều chỉnh", "Mã sự kiện")  # fmt: skip
ROW = ("NH01", "electricity", "cashless", "H57", "2023-05", "5", "5", "150000000", "0", "x1")


def files() -> Iterator[tuple[str, bytes]]:
    """Give tables with columns that nobody knows, cells that are off, notes and signatures."""
    table = [
        (f"Người lập biểu: {NAME}", *[""] * 11),
        (*HEADER, "Họ tên", "CCCD", ""),
        (*ROW, NAME, CITIZEN, OTHER),
        (NAME, *ROW[:-1], CITIZEN, PHONE, OTHER),
        *((*ROW[:i], TEXT, *ROW[i + 1 :], NAME, CITIZEN, "") for i in range(len(ROW))),
        (*ROW, NAME, CITIZEN, "", OTHER),
        ("Tổng cộng", *[""] * 9, NAME, CITIZEN, PHONE),
        (f"Kế toán trưởng: {OTHER}", *[""] * 11),
    ]
    for mark in (";", ","):
        rows = (mark.join(f'"{c}"' for c in row) for row in table)
        yield f"csv {mark}", "\n".join(rows).encode()
    yield "csv of no header", "\n".join(";".join(row) for row in table[2:6]).encode()
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in table:
        sheet.append(row)
    other = book.create_sheet("Ghi chú")
    other.append([NAME, CITIZEN])
    data = io.BytesIO()
    book.save(data)
    yield "xlsx", data.getvalue()


def push_by_connectors(folder: Path, drop: Path) -> None:
    """Bring the same by the drop folder, by MQTT's messages and by the one-stop system."""
    drop.mkdir()
    columns = "Đơn vị báo cáo;Dịch vụ;Hình thức;Địa bàn;Kỳ;Số giao dịch;Số khách hàng;Số tiền;CCCD"
    rows = [f"NH01;điện;{TEXT};H57;2023-05;1;1;1;{CITIZEN}", f"{NAME};x;y;z;{PHONE};1;1;1;{OTHER}"]
    (drop / "tháng 5.csv").write_text("\n".join([columns, *rows]), "utf-8")
    messages = [
        read_message("lgsp/tram/ST01/man", json.dumps(said, ensure_ascii=False).encode())
        for said in (
            [{"tg": TEXT, "gt": 1, "dv": "g/L", "nguoi_do": NAME}],
            [{"tg": "20260301080000", "gt": TEXT, "dv": "g/L"}],
            [{"tg": "20260301080000", "gt": 1, "dv": TEXT, "cl": {"ho_ten": NAME}}],
            NAME,
            [NAME, {"ho_ten": NAME}],
        )
    ]
    messages.append(read_message("lgsp/tram/ST01/man", f'{{"tg": "{NAME}'.encode()))
    messages.append(read_message(f"lgsp/tram/ST01/{PHONE}", b'{"tg": 1}'))
    odd = record(2) | {"NguoiNop": NAME, "SoCCCD": CITIZEN, "DiaChi": STREET, "NgayTra": TEXT}
    odd |= dict.fromkeys(("MaTTHC", "KenhThucHien", "MucDo", "DonViXuLy", "NgayDongBo"), TEXT)
    odd |= {"DonViCongDan": NAME, "DanhGia": {"HaiLong": TEXT, "NgayDanhGia": PHONE}}
    page = {"duLieu": [odd, record(3) | {"MaHoSo": TEXT}, NAME], "conTroTiep": "1", "conNua": False}

    class Odd(Upstream):
        def page(self, asked: dict[str, str]) -> bytes:
            return json.dumps(page).encode()

    with (
        open_hub(Settings(data_dir=folder, breaker_share_max=1), check=False) as hub,
        serving(Odd(lambda _: ("1", False))) as url,
    ):
        context = Context(hub.log, lambda: AT)
        feeds: dict[str, Feed] = {
            "payments": PAYMENTS.open(PaymentsSettings(folder=drop, settle_seconds=0), context),
            "salinity": ListFeed(*messages),
            "one_stop": ONE_STOP.open(OneStopSettings(url=url, poll_seconds=0.01), context),
        }
        for name, feed in feeds.items():
            source = registry.sources()[name]
            contract, seal = hub.contracts[source.contract], hub.seals().seal
            connection = Connection(source, contract, feed, hub.log, lambda: AT, hub.settings, seal)
            for _ in range(len(messages) + 1):
                connection.step(0.5)
            feed.close()
    for path in drop.rglob("*"):
        if path.is_file() and path.name.endswith((".loi.csv", ".ghi-chu.txt")):
            assert leaks(path.read_bytes()) == [], path.name


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Served]:
    """A hub whose output is kept in files."""
    served = Served(tmp_path / "kept" / "hub")
    served.env |= {
        "HUB_ACCESS_LOG": "-",
        "HUB_ARCHIVE_DIR": str(tmp_path / "kept" / "archive"),
        "HUB_BREAKER_IN_A_ROW_MAX": "100000",
    }
    yield served
    if served.process is not None and served.process.poll() is None:
        served.kill()


@pytest.mark.slow
def test_nothing_about_a_person_is_found_anywhere(hub: Served, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    hub.folder.mkdir(parents=True)
    keys = {
        "payer": hub.create_key("payer", "--all", "--contracts", "payment"),
        "officer": hub.create_key("officer", "--all", "--officer"),
        "tester": hub.create_key(),
    }
    with (kept / "out.log").open("wb") as out, (kept / "err.log").open("wb") as err:
        hub.start(stdout=out, stderr=err)
        agent = {"Authorization": f"Bearer {hub.key}", "User-Agent": f"tool {PHONE}"}
        for path, name, body, headers in bodies():
            for tail in ("?dry_run=1", ""):
                answer = loopback.post(
                    f"{hub.url}/v1/{path}{tail}", content=body, headers={**agent, **headers}
                )
                assert leaks(answer.content) == [], (name, answer.text)
                assert answer.status_code in (200, 202, 400, 404, 422), (name, answer.text)
        push_by_connectors(hub.folder, tmp_path / "drop")
        hub.settle()
        _look(hub, keys)
        _repair(hub, keys)
        for path in ("/metrics", "/v1/sources", "/v1/sources/payments/valid", f"/v1/{PHONE}/x"):
            assert leaks(hub.get(path).content) == [], path
    for words in ("archive", "verify", "rebuild", "quarantine list --items", "audit list"):
        done = hub.run(*words.split())
        assert done.returncode == 0, (words, done.stderr)
        assert leaks((done.stdout + done.stderr).encode()) == [], words
    _back_up(hub.folder, kept)
    hub.stop()
    searched = [p for p in kept.rglob("*") if p.is_file()]
    assert {"log.sqlite3", "store.sqlite3", "seals.sqlite3", "err.log"} <= {
        p.name for p in searched
    }
    assert any("archive" in p.parts for p in searched)
    assert {p.name: found for p in searched if (found := leaks(p.read_bytes()))} == {}


def _look(hub: Served, keys: dict[str, str]) -> None:
    """See what was sent with its sender's key and an officer's, and with no other."""
    seen: dict[str, list[str]] = {}
    for who, key in {**keys, "": ""}.items():
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        said = b""
        for offset in range(0, 500, 100):
            asked = f"{hub.url}/v1/quarantine?offset={offset}"
            said += loopback.get(asked, headers=headers, timeout=60).content
        for contract in ("dossier", "payment"):
            rows = f"{hub.url}/v1/quarantine/rows/{contract}"
            said += loopback.get(rows, headers=headers, timeout=60).content
        seen[who] = leaks(said)
    assert seen == {"payer": [], "": [], "tester": [*MARKS], "officer": [*MARKS]}
    audit = hub.run("audit", "list", "--actor", "officer").stdout
    assert audit.count("originals seen") >= 2
    assert hub.run("audit", "list", "--actor", "tester").stdout.count("originals seen") == 0


def _repair(hub: Served, keys: dict[str, str]) -> None:
    """Correct an item to one that is right, discard another with a reason that says too much."""
    headers = {"Authorization": f"Bearer {keys['officer']}"}
    hub.run("quarantine", "list")  # what a later record mended is closed, and the rest stays open
    asked = f"{hub.url}/v1/quarantine?sender=tester&contract=dossier&state=open"
    listed = loopback.get(asked, headers=headers).json()["items"]
    first = next(i["event_id"] for i in listed if i["field"] == "Họ tên")
    second, third = [i["event_id"] for i in listed if i["event_id"] != first][:2]
    fix = {"id": first, "changes": dict.fromkeys(PERSON)}
    path = f"{hub.url}/v1/quarantine"
    assert loopback.post(f"{path}/fix", json=fix, headers=headers).status_code == 200
    sent = loopback.post(f"{path}/replay", json={"ids": [first]}, headers=headers)
    assert list(sent.json()["receipts"]) == [first]
    wrong = {"id": third, "changes": {"Họ tên": NAME}}
    refused = loopback.post(f"{path}/fix", json=wrong, headers=headers)
    assert (refused.status_code, leaks(refused.content)) == (422, [])
    absent = {"ids": [NAME, PHONE], "reason": "x"}
    assert leaks(loopback.post(f"{path}/discard", json=absent, headers=headers).content) == []
    gone = {"ids": [second], "reason": TEXT}
    assert loopback.post(f"{path}/discard", json=gone, headers=headers).status_code == 200
    receipt = first.partition(":")[0]
    assert leaks(hub.get(f"/v1/receipts/{receipt}").content) == []
    assert leaks(hub.get(f"/v1/receipts/{receipt}/errors.csv").content) == []


def _back_up(folder: Path, to: Path) -> None:
    for path in folder.glob("*.sqlite3"):
        copy = to / f"backup-{path.name}"
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
