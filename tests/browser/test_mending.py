"""The loop to its end: a file with faults, a connector's record, and a corrected whole file."""

import csv
import io
import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect

from connectors.one_stop.simulator import Simulator
from tests.browser.test_page import DATA_MS_MAX, Show, a_dossier, figure_of
from tests.parts.starting import run_hub, start_hub
from tests.parts.waiting import SECONDS_MAX, until

KPI = "dossier_received_new"


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def count(url: str) -> int:
    return int(figure_of(url, KPI)["numerator"])


@contextmanager
def connected(env: dict[str, str], record: dict[str, Any]) -> Iterator[None]:
    """Let the one-stop connector read a record of 2023 from an upstream."""
    simulator = Simulator(1, datetime(2023, 5, 17, tzinfo=UTC))
    simulator.put(record)
    own = {"HUB_ONE_STOP_URL": simulator.start(0), "HUB_ONE_STOP_POLL_SECONDS": "0.2"}
    command = ("connect", "one_stop", "--since", "2023-05-01")
    without = {k: v for k, v in env.items() if k != "HUB_LISTEN"}
    process = start_hub(*command, env=without | own, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(SECONDS_MAX)
        simulator.stop()


def explained(env: dict[str, str], name: str) -> dict[str, Any]:
    done = run_hub("explain", name, env=env, timeout=SECONDS_MAX)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@dataclass
class Walk:
    """Who walks: a hub, a department's key, the rows of its file, and what was counted before."""

    env: dict[str, str]
    url: str
    key: str
    show: Show
    mark: str
    before: int
    rows: list[dict[str, Any]]

    def send(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}"}
        path = f"{self.url}/v1/files/dossier"
        sent: dict[str, Any] = httpx.post(path, content=as_csv(rows), headers=headers).json()
        return sent

    def states(self, receipt: str) -> dict[str, int]:
        found: dict[str, int] = httpx.get(f"{self.url}/v1/receipts/{receipt}").json()["states"]
        return found

    def becomes(self, receipt: str, states: dict[str, int]) -> None:
        """Wait until items are so: topics are applied one by one, the rejected after the events."""
        until(lambda: self.states(receipt) == states, f"the file is {states}")

    def counts(self, more: int) -> None:
        until(lambda: count(self.url) == self.before + more, f"{more} more count")

    def item(self, name: str, cause: str, key: str, query: str = "") -> Locator:
        """Open the page, and in it a rejected item by its cause."""
        page = self.show(query, path="repair")
        # Read once, with the key from the start: what is read again closes what was opened.
        page.evaluate("key => sessionStorage.setItem('key', key)", key)
        page.reload()
        group = page.locator(f'[data-group="dossier|{cause}"]')
        group.get_by_role("button", name="Xem từng bản ghi").click(timeout=DATA_MS_MAX)
        found = page.locator(f'[data-item="{name}"]')
        expect(found).to_be_visible(timeout=DATA_MS_MAX)
        return found

    def correct(self, item: Locator, field: str, value: str) -> None:
        """Correct a field; see which figures change before anything does; send it again."""
        counted = count(self.url)
        cell = item.get_by_label(field, exact=True)
        is_chosen = cell.evaluate("cell => cell.tagName") == "SELECT"
        (cell.select_option if is_chosen else cell.fill)(value)
        item.get_by_role("button", name="Lưu sửa đổi").click()
        expect(item.locator(".said")).to_contain_text("Hồ sơ tiếp nhận mới", timeout=DATA_MS_MAX)
        assert count(self.url) == counted
        item.get_by_role("button", name="Gửi lại").click()
        expect(item.locator(".said")).to_contain_text("Đã gửi lại, biên nhận", timeout=DATA_MS_MAX)


@pytest.fixture
def walk(hub_env: dict[str, str], hub_url: str, hub_key: str, show: Show) -> Walk:
    mark = uuid.uuid4().hex[:6]
    rows = [a_dossier("2023-05-17") | {"event_id": f"{mark}-{n}"} for n in range(4)]
    return Walk(hub_env, hub_url, hub_key, show, mark, count(hub_url), rows)


def test_the_loop_is_walked_to_its_end(walk: Walk) -> None:
    # A file with faults is pushed: one row counts, three wait, each with its cause.
    faults = [{}, {"channel": walk.mark}, {"due_at": "ngày mai"}, {"service_level": walk.mark}]
    sent = walk.send([row | fault for row, fault in zip(walk.rows, faults, strict=True)])
    receipt = sent["receipt"]
    assert (sent["accepted"], len(sent["rejected"])) == (1, 3)
    walk.counts(1)
    walk.becomes(receipt, {"applied": 1, "quarantined": 3})

    # One is corrected in the page: it is closed, and figure and receipt follow.
    first = f"{receipt}:2"
    item = walk.item(first, "TEST|unknown_value|channel", walk.key)
    expect(item).to_contain_text("ngoài danh sách")
    walk.correct(item, "Kênh thực hiện", "Trực tuyến")
    walk.counts(2)
    walk.becomes(receipt, {"applied": 1, "replayed": 1, "quarantined": 2})
    where = explained(walk.env, first)
    assert where["where_vi"] == f"đã gửi lại, biên nhận {where['acts'][-1]['receipt']}"

    correct_what_a_connector_rejected(walk)

    # A corrected whole file closes what is left of the old one, and says by which receipt.
    walk.rows[1] |= {"channel": "online"}
    whole = walk.send(walk.rows)
    assert (whole["accepted"], whole["duplicates"], whole["rejected"]) == (2, 2, [])
    walk.counts(5)
    ended = {"applied": 1, "replayed": 1, "superseded": 2}
    walk.becomes(receipt, ended)
    last, cause = f"{receipt}:4", "TEST|unknown_value|service_level"
    item = walk.item(last, cause, walk.key, "?state=superseded")
    expect(item).to_contain_text("Đã được thay thế")
    expect(item).to_contain_text(whole["receipt"])
    said = f"đã được thay thế: {whole['receipt']}"
    assert explained(walk.env, last)["where_vi"].startswith(said)


def correct_what_a_connector_rejected(walk: Walk) -> None:
    """An officer corrects it by the upstream's own field names."""
    code = f"H57.1-230517-{uuid.uuid4().int % 10**8:08}"
    record = {
        **{"MaHoSo": code, "MaTTHC": "1.005129", "KenhThucHien": "99", "MucDo": "toanTrinh"},
        **{"NgayNopHoSo": "20230517080000", "NgayTiepNhan": "20230517090000"},
        **{"NgayHenTra": "20230524170000", "TrangThaiHoSo": "2", "DonViTiepNhan": "H57.1"},
        "NgayCapNhat": "20230517090001",
    }
    words = ("keys", "create", f"CB{walk.mark}", "--all", "--officer")
    made = run_hub(*words, env=walk.env, timeout=SECONDS_MAX)
    officer = made.stdout.strip().splitlines()[-1]
    wanted = {"sender": "one_stop", "field": "KenhThucHien", "state": "open"}

    def unread() -> list[str]:
        said = httpx.get(f"{walk.url}/v1/quarantine", params=wanted).json()
        return [i["event_id"] for i in said["items"] if i["value"] == "99"]

    with connected(walk.env, record):
        until(lambda: len(unread()) == 1, "the connector's record is rejected")
        item = walk.item(unread()[0], "one_stop|unmapped_code|KenhThucHien", officer)
        expect(item.get_by_label("MaHoSo")).to_have_value(code)
        walk.correct(item, "KenhThucHien", "2")
        walk.counts(3)
    assert explained(walk.env, code)["fact"]["channel"] == "online"
