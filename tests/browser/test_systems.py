"""The page of connected systems in a real browser: what it shows is what `/v1/systems` says."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import grave
from tests.stories.conftest import Served

Show = Callable[..., Page]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A hub of its own, with a sender that is well, one whose key ends, and one never heard."""
    served = Served(tmp_path_factory.mktemp("systems") / "hub")
    said = ("--owner", "Văn phòng Sở", "--purpose", "đồng bộ hồ sơ")
    served.create_key("so-moi", "--contracts", "dossier", "--units", "H57.2", "--days", "0")
    limits = ("--contracts", "dossier", "--units", "H57.1", "--days", "20")
    served.create_key("so-tu-phap", *limits, *said, "--legal-basis", "NĐ 278/2025/NĐ-CP")
    try:
        served.start()
        taken = {
            "dossier_code": "A",
            "kind": "received",
            "occurred_at": "2023-05-17T08:00:00+07:00",
            "received_by": "H57.1",
            "procedure_code": "1.005129",
            "service_level": "full",
            "channel": "online",
            "due_at": "2023-05-24T17:00:00+07:00",
        }
        good = [taken | {"event_id": f"e{n}", "dossier_code": f"H57.1-{n}"} for n in range(3)]
        assert served.post("dossier", [*good, {"kind": "received"}]).status_code == 202
        served.settle()
        yield served
    finally:
        if served.process is not None:
            served.kill()


def get(hub: Served, path: str) -> Any:
    with urlopen(hub.url + path, timeout=30) as answer:
        return json.loads(answer.read())


@pytest.fixture
def page(show: Show, hub: Served) -> Page:
    found = show(path="sources")
    found.goto(f"{hub.url}/systems")
    expect(found.locator("#systems tbody tr").first).to_be_visible(timeout=30_000)
    return found


def test_each_system_has_a_row_with_what_is_to_be_seen_to(page: Page, hub: Served) -> None:
    listed = get(hub, "/v1/systems")["systems"]
    rows = page.locator("#systems tbody tr")
    expect(rows).to_have_count(len(listed))
    assert [r.get_attribute("data-system") for r in rows.all()] == [s["id"] for s in listed]
    ours = page.locator('[data-system="so-tu-phap"]')
    expect(ours.locator('[data-column="owner"]')).to_have_text("Văn phòng Sở")
    expect(ours.locator('[data-column="findings"]')).to_contain_text("Nhiều bản ghi bị từ chối")
    expect(ours.locator('[data-column="findings"]')).to_contain_text("Hết hạn trong 30 ngày")
    expect(ours.locator('[data-column="volume"]')).to_contain_text("1 bị từ chối")
    expect(ours.locator('[data-column="grounds"]')).to_contain_text("Mục đích: đồng bộ hồ sơ")
    new = page.locator('[data-system="so-moi"]')
    expect(new.locator('[data-column="owner"]')).to_have_text("chưa ghi")
    for text in ("Chưa từng gửi", "Chưa ghi ai chịu trách nhiệm", "Chưa ghi mục đích, căn cứ"):
        expect(new.locator('[data-column="findings"]')).to_contain_text(text)
    expect(new.locator('[data-column="keys"]')).to_contain_text("không thời hạn")


def test_findings_narrow_the_table_by_the_keyboard_and_stay_in_the_address(page: Page) -> None:
    chip = page.locator('[data-finding="ends_soon"]')
    chip.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#systems tbody tr")).to_have_count(1)
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(chip).to_be_focused()
    page.reload()
    expect(page.locator("#systems tbody tr")).to_have_count(1)
    page.locator('[data-finding=""]').click()
    page.locator("#asked input").fill("SO-TU")
    expect(page.locator("#systems tbody tr")).to_have_count(1)
    page.locator("#asked input").fill("không có")
    expect(page.locator("#systems-note")).to_have_text("Không có hệ thống nào như vậy.")


def test_the_file_holds_every_system(page: Page, hub: Served) -> None:
    with page.expect_download() as begun:
        page.locator('#asked [data-format="csv"]').click()
    text = Path(begun.value.path()).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [r["Mã hệ thống"] for r in rows] == [s["id"] for s in get(hub, "/v1/systems")["systems"]]
    (ours,) = [r for r in rows if r["Mã hệ thống"] == "so-tu-phap"]
    assert (ours["Đã nhận"], ours["Bị từ chối"], ours["Tỷ lệ lỗi"]) == ("4", "1", "0,25")
    assert ours["Căn cứ pháp lý"] == "NĐ 278/2025/NĐ-CP"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_nothing_is_cut_off(page: Page, width: int, height: int, scheme: Any) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)
    page.locator('[data-lang="en"]').click()
    expect(page.locator("h1")).to_have_text("Connected systems")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert grave(page) == []
