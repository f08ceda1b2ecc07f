"""The repair page: a bad row is seen, corrected, tried and sent again."""

import json
import uuid
from typing import Any

import httpx
from playwright.sync_api import Page, Route, expect

from tests.browser.test_page import DATA_MS_MAX, Show, a_dossier, figure_of
from tests.parts import loopback
from tests.parts.starting import run_hub
from tests.parts.waiting import SECONDS_MAX, until


def use_key(page: Page, key: str) -> None:
    page.locator("#key").fill(key)
    page.locator("#key-form button").click()


def reject(hub_url: str, hub_key: str, *items: dict[str, Any]) -> str:
    """Send items that are rejected; give their receipt.

    The page reads the list once: they must be in it by then.
    """
    headers = {"Authorization": f"Bearer {hub_key}"}
    sent = httpx.post(f"{hub_url}/v1/events/dossier", headers=headers, content=json.dumps(items))
    assert sent.status_code == 422
    receipt: str = sent.json()["receipt"]
    last = f"{receipt}:{len(items) - 1}"
    listed = f"{hub_url}/v1/quarantine?id={last}"
    until(lambda: f'"{last}"' in loopback.get(listed, headers=headers).text, "it is listed")
    return receipt


def received_new(hub_url: str) -> int:
    """Give the figure that what is repaired adds to."""
    numerator: int = figure_of(hub_url, "dossier_received_new")["numerator"]
    return numerator


def test_a_bad_row_is_repaired_and_counts_once(
    hub_url: str, hub_key: str, show: Show, forgiven: list[str]
) -> None:
    forgiven.append("422")
    before = received_new(hub_url)
    value = f"pigeon-{uuid.uuid4().hex[:6]}"
    bad = {**a_dossier("2023-05-17"), "channel": value}
    receipt = reject(hub_url, hub_key, bad)
    page = show("", path="repair")
    use_key(page, hub_key)
    group = page.locator('[data-group="dossier|TEST|unknown_value|channel"]')
    group.get_by_role("button", name="Xem từng bản ghi").click(timeout=DATA_MS_MAX)
    item = page.locator(f'[data-item="{receipt}:0"]')
    expect(item).to_contain_text("ngoài danh sách")
    expect(item.get_by_role("button", name="Gửi lại")).to_be_disabled()
    expect(group.get_by_role("heading")).to_have_text(
        "Kênh thực hiện: ngoài danh sách · Hồ sơ một cửa"
    )
    item.get_by_label("Ngày hẹn trả").fill("mai")
    item.get_by_role("button", name="Lưu sửa đổi").click()
    expect(item.locator(".said")).to_contain_text(
        "Ngày hẹn trả: “mai” không phải ngày giờ", timeout=DATA_MS_MAX
    )
    item.get_by_label("Ngày hẹn trả").fill("24-5-2023 16h30")
    page.reload()  # the cause is open again, and what was typed is there
    expect(item.get_by_label("Ngày hẹn trả")).to_have_value("24-5-2023 16h30", timeout=DATA_MS_MAX)
    item.get_by_label("Kênh thực hiện", exact=True).select_option("Trực tuyến")
    item.get_by_role("button", name="Lưu sửa đổi").click()
    expect(item.locator(".said")).to_contain_text("Hồ sơ tiếp nhận mới", timeout=DATA_MS_MAX)
    assert received_new(hub_url) == before
    asked: list[Route] = []

    def keep(route: Route) -> None:  # a builtin method is not taken for a handler
        asked.append(route)

    page.route("**/v1/quarantine/try", keep)
    item.get_by_role("button", name="Xem thử").click()
    # Until that is answered nothing else is asked: its answer would be taken for the other's.
    for other in ("Lưu sửa đổi", "Xem thử", "Gửi lại", "Loại bỏ"):
        expect(item.get_by_role("button", name=other)).to_be_disabled()
    asked.pop().continue_()
    item.get_by_role("button", name="Gửi lại").click(timeout=DATA_MS_MAX)
    expect(item.locator(".said")).to_contain_text("Đã gửi lại, biên nhận", timeout=DATA_MS_MAX)

    until(lambda: received_new(hub_url) != before, "what was repaired counts")
    assert received_new(hub_url) == before + 1
    body = loopback.get(f"{hub_url}/v1/receipts/{receipt}").json()
    assert body["states"] == {"replayed": 1}
    again = loopback.get(f"{hub_url}/v1/receipts/{body['items'][0]['replayed_as']}").json()
    assert again["states"] == {"applied": 1}
    headers = {"Authorization": f"Bearer {hub_key}"}
    sent = httpx.get(f"{hub_url}/v1/quarantine?id={receipt}:0", headers=headers)
    content = json.loads(sent.json()["items"][0]["content"])
    assert (content["due_at"], content["channel"]) == ("2023-05-24T16:30:00+07:00", "online")


def test_a_department_sees_its_own_items_only(hub_url: str, hub_key: str, show: Show) -> None:
    everything = loopback.get(f"{hub_url}/v1/quarantine").json()["groups"]
    assert {g["sender"] for g in everything} > {"TEST"} or len(everything) == 0
    headers = {"Authorization": f"Bearer {hub_key}"}
    mine = loopback.get(f"{hub_url}/v1/quarantine", headers=headers).json()["groups"]
    assert {g["sender"] for g in mine} <= {"TEST"}


def test_the_page_speaks_english_and_fits_a_phone(show: Show, forgiven: list[str]) -> None:
    page = show("?lang=en", 390, 844, path="repair")
    expect(page.get_by_role("heading", level=1)).to_have_text("Repair rejected items")
    expect(page.locator("#groups .panel").first).to_be_visible(timeout=DATA_MS_MAX)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    forgiven.append("401")
    use_key(page, "hub_wrong")
    expect(page.locator("#notices")).to_contain_text("a valid key is needed")


def test_what_is_held_fits_a_phone(
    hub_env: dict[str, str], hub_url: str, show: Show, forgiven: list[str]
) -> None:
    forgiven.append("401")
    scope = ("--contracts", "dossier", "--units", "H57.12")
    made = run_hub("keys", "create", "Sở mẫu 12", *scope, env=hub_env, timeout=SECONDS_MAX)
    key = made.stdout.strip().splitlines()[-1]
    code = f"H57.1-230517-{uuid.uuid4().int % 10**9:09d}"
    event = {"event_id": "an-event-with-a-long-name-of-its-own", "dossier_code": code}
    event |= {"kind": "resolved", "occurred_at": "2023-05-17T08:00:00+07:00"}
    headers = {"Authorization": f"Bearer {key}"}
    sent = httpx.post(f"{hub_url}/v1/events/dossier", headers=headers, content=json.dumps(event))
    assert sent.status_code == 202
    # The page reads the list once: what is sent must have been applied by then.
    held = f"{hub_url}/v1/held"
    until(lambda: code in loopback.get(held, headers=headers).text, "it is held")
    page = show("", 390, 844, path="repair")
    use_key(page, key)
    expect(page.locator("#held")).to_contain_text(code, timeout=DATA_MS_MAX)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_rows_are_corrected_in_a_file(
    hub_url: str, hub_key: str, show: Show, forgiven: list[str]
) -> None:
    forgiven.append("422")
    before = received_new(hub_url)
    mark = f"owl-{uuid.uuid4().hex[:6]}"
    bad = [{**a_dossier("2023-06-17"), "channel": mark} for _ in range(3)]
    reject(hub_url, hub_key, *bad)
    page = show("", path="repair")
    use_key(page, hub_key)
    group = page.locator('[data-group="dossier|TEST|unknown_value|channel"]')
    expect(group).to_be_visible(timeout=DATA_MS_MAX)
    with page.expect_download() as got:
        group.get_by_role("button", name="Tải các dòng (CSV)").click()
    text = got.value.path().read_text("utf-8-sig")
    header, *rows = [line for line in text.splitlines() if mark in line or "Mã bản ghi" in line]
    assert len(rows) == 3
    corrected = [r.replace(f",{mark},", ",online,") for r in rows[:2]]
    file = "\n".join([header, *corrected, rows[2]]).encode()
    outcome = group.locator(".rows .said")
    named = {"name": "sửa.csv", "mimeType": "text/csv", "buffer": file}
    group.get_by_label("Nạp tệp đã sửa").set_input_files(named)  # type: ignore[arg-type]
    expect(outcome).to_contain_text("Đã sửa 2 dòng, còn sai 1.", timeout=DATA_MS_MAX)
    expect(outcome).to_contain_text("Hồ sơ tiếp nhận mới")
    assert received_new(hub_url) == before
    group.get_by_role("button", name="Gửi lại 2 dòng đã sửa").click()
    expect(outcome).to_contain_text("Đã gửi lại 2 dòng.", timeout=DATA_MS_MAX)
    until(lambda: received_new(hub_url) != before, "what was repaired counts")
    assert received_new(hub_url) == before + 2
