"""What is barred enters by no way: not into figures, and not among what is rejected, sealed or not.

Papers of the three classes of state secrets, and what papers say, are sent by every way there is;
then everything that was written, and all that an officer with every right may see, is searched.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import Workbook

from hub import registry
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context
from hub.opening import open_hub
from hub.settings import Settings
from stream_jobs.worked import document
from tests.parts import loopback
from tests.stories.conftest import Served
from tests.stories.test_personal import spellings

MARK = "Mốc-bốn-bảy"
SLOW = 60.0  # seconds
AT = datetime(2026, 3, 10, 5, tzinfo=UTC)
GOOD = document("H57.1", "province", "2023-05-17", 12, 11)
HEADER = ("Đơn vị", "Cấp", "Ngày", "Số văn bản đã xử lý", "Số văn bản xử lý trên môi trường mạng")
ROW = ("H57.2", "Cấp tỉnh", "17/05/2023", "5", "4")


def holds_mark(data: bytes) -> bool:
    return any(s in data for s in spellings(MARK))


def pushed() -> Iterator[Any]:
    """Give items that bear a class or what a paper says, and the mark beside it."""
    for name, value in (
        *(("do_mat", c) for c in ("Mật", "TỐI MẬT", "tuyet mat", "A", 1)),
        *(("securityLevel", "secret"), ("trich_yeu", MARK), ("soKyHieu", f"12/{MARK}")),
        ("noi_dung", {"van_ban": [MARK]}),
    ):
        yield {**GOOD, name: value, "ghi_chu": MARK}
    for field in GOOD:
        yield {**GOOD, field: f"Tuyệt mật {MARK}"}
    yield [f"tối mật {MARK}"]


def tables() -> Iterator[tuple[str, bytes]]:
    """Give files in which rows, columns, notes and names of sheets give secrets away."""
    rows = [
        (*HEADER, "Độ mật", "Ghi chú"),
        (*ROW, "Không", ""),
        (*ROW[:3], "3", "1", "Tối mật", MARK),
        (f"Mật {MARK}", *ROW[1:], "", ""),
        (*ROW[:4], f"tuyệt mật {MARK}", "", ""),
        ("x", *ROW[1:], "B", MARK),
    ]
    yield "rows.csv", "\n".join(";".join(r) for r in rows).encode()
    book = Workbook(write_only=True)
    sheet = book.create_sheet("So lieu")
    for row in rows:
        sheet.append(row)
    out = BytesIO()
    book.save(out)
    yield "rows.xlsx", out.getvalue()
    table = [";".join(HEADER), ";".join(ROW)]
    yield "above.csv", "\n".join([f"TUYỆT MẬT {MARK};;;;", *table]).encode()
    yield "below.csv", "\n".join([*table, f"Nơi nhận: hồ sơ tối mật {MARK};;;;"]).encode()
    yield "no columns.csv", f"Số mật;Trích yếu\n1;{MARK}\n2;{MARK}\n".encode()
    yield "titles.csv", "\n".join([f"{table[0]};Trích yếu", f"{table[1]};{MARK}"]).encode()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Served]:
    """A hub whose output is kept in files."""
    served = Served(tmp_path / "kept" / "hub")
    served.env |= {"HUB_ACCESS_LOG": "-", "HUB_BREAKER_IN_A_ROW_MAX": "100000"}
    served.env["HUB_ARCHIVE_DIR"] = str(tmp_path / "kept" / "archive")
    served.folder.mkdir(parents=True)
    yield served
    if served.process is not None and served.process.poll() is None:
        served.kill()


def post(url: str, **sent: Any) -> Any:
    """Send, and again where a busy machine could not make it durable in time."""
    return until_taken(lambda: loopback.post(url, timeout=SLOW, **sent))


def until_taken(send: Callable[[], httpx.Response]) -> httpx.Response:
    """Send until the answer is not that it is to be sent again."""
    deadline = time.monotonic() + SLOW
    while (answer := send()).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


def test_what_is_barred_is_found_nowhere_whoever_looks(hub: Served, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    officer = hub.create_key("officer", "--all", "--officer")
    headers = {"Authorization": f"Bearer {hub.create_key()}"}
    with (kept / "out.log").open("wb") as out, (kept / "err.log").open("wb") as err:
        hub.start(stdout=out, stderr=err)
        items = list(pushed())
        events = f"{hub.url}/v1/events/document"
        sent = post(events, json=[GOOD, *items], headers=headers)
        rules = [v["rule"] for v in sent.json()["rejected"]]
        assert (sent.json()["accepted"], len(rules)) == (1, len(items))
        assert set(rules) == {"state_secret", "paper_content"}
        lines = "\n".join(json.dumps(i, ensure_ascii=False) for i in [GOOD, *items])
        broken = f'{lines}\n{{"do_mat": "Mật {MARK}'
        cut = post(events, content=broken.encode(), headers=headers)
        assert {v["rule"] for v in cut.json()["rejected"]} == set(rules)
        answers = [sent, cut]
        for name, data in tables():
            for path in (f"files/document?name={name}", "files/document?dry_run=1"):
                url = f"{hub.url}/v1/{path}"
                answers.append(post(url, content=data, headers=headers))
            url = f"{hub.url}/v1/mappings/document/propose"
            answers.append(post(url, content=data, headers=headers))
        answers += mapped(hub, headers)
        assert [a.text for a in answers if holds_mark(a.content)] == []
        assert {a.status_code for a in answers} <= {200, 202, 400, 422}
        dropped(hub.folder, tmp_path / "drop")
        hub.settle()
        asked = {"Authorization": f"Bearer {officer}"}
        listed = b""
        for path in ("quarantine?state=open", "quarantine/rows/document"):
            listed += loopback.get(f"{hub.url}/v1/{path}", headers=asked, timeout=60).content
        assert b"state_secret" in listed
        assert not holds_mark(listed)
    for words in ("archive", "verify", "quarantine list --items"):
        done = hub.run(*words.split())
        assert done.returncode == 0, (words, done.stderr)
        assert not holds_mark((done.stdout + done.stderr).encode()), words
    figure = hub.get("/v1/kpis/document_handled?period=2023").json()["figures"][0]
    assert figure["numerator"] == 12 + 5  # of the rows none but the one that says that it is none
    hub.stop()
    searched = [p for p in kept.rglob("*") if p.is_file()]
    assert {"log.sqlite3", "store.sqlite3"} <= {p.name for p in searched}
    assert [p.name for p in searched if holds_mark(p.read_bytes())] == []


def mapped(hub: Served, headers: dict[str, str]) -> list[Any]:
    """Try to confirm mappings that would let secrets in."""
    answers = []
    for more in (
        {"columns": [{"header": f"Độ mật {MARK}", "field": "level"}]},
        {"columns": [{"header": "Độ mật", "field": "level"}]},
        {"words": {"level": {f"Tối mật {MARK}": "province"}}},
    ):
        url = f"{hub.url}/v1/mappings/document"
        answers.append(loopback.request("PUT", url, json=more, headers=headers, timeout=SLOW))
        assert answers[-1].status_code == 422
        assert answers[-1].json()["faults"][0]["rule"] == "state_secret"
    return answers


def dropped(folder: Path, drop: Path) -> None:
    """Let the connector take the same files from its folder."""
    drop.mkdir()
    for name, data in tables():
        (drop / name).write_bytes(data)
    connector = registry.connectors()["documents"]
    with open_hub(Settings(data_dir=folder, breaker_share_max=1), check=False) as hub:
        source, contract = registry.sources()["documents"], registry.contracts()["document"]
        feed = connector.open(
            connector.settings(folder=drop, settle_seconds=0), Context(hub.log, lambda: AT)
        )
        seal = hub.seals().seal
        made = Connection(source, contract, feed, hub.log, lambda: AT, hub.settings, seal)
        for _ in tables():
            made.step(5)
        feed.close()
    beside = [p for p in drop.rglob("*") if p.name.endswith((".loi.csv", ".ghi-chu.txt"))]
    assert beside
    assert [p.name for p in beside if holds_mark(p.read_bytes())] == []
