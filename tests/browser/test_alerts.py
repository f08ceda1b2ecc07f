"""The page of alerts in a real browser: it follows what happens, and people say what they do."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.parts import lists
from tests.stories.conftest import Served
from tests.stories.test_bulletins import subscribers, tables

Show = Callable[..., Page]


def reading(number: int, grams: float, hours_ago: float) -> dict[str, object]:
    """Write a reading of some hours ago."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=hours_ago)
    return {
        "event_id": f"r{number}",
        "station_code": "ST01",
        "measured_at": at.isoformat(),
        "quantity": "salinity",
        "value": grams,
        "unit": "g/L",
    }


def test_an_alert_comes_by_itself_and_is_acknowledged_with_a_comment(
    show: Show, tmp_path: Path
) -> None:
    served = Served(tmp_path / "hub")
    try:
        served.create_key()
        served.start()
        sender = served.key
        officer = served.create_key("Nguyễn Văn A", "--all", "--officer")
        served.key = sender
        page = show(path="alerts")
        page.goto(f"{served.url}/alerts")
        mine = page.locator("#alerts .alert", has_text="4 g/L trở lên")
        expect(page.locator("#note")).not_to_be_empty()
        expect(mine).to_have_count(0)

        assert served.post("reading", [reading(1, 5.2, 0.6)]).status_code == 202
        expect(mine).to_have_count(1, timeout=60_000)  # nobody reloads the page
        expect(mine).to_contain_text("Khẩn")
        expect(mine).to_contain_text("5,2 g/L")
        # No list of recipients is loaded: that nobody is told is to be seen.
        expect(mine.locator(".alert-told")).to_have_text("Báo cho: không ai", timeout=30_000)

        page.locator("#key").fill(officer)
        page.locator("#key-form button").click()
        mine.locator("input").fill("Đã cho đóng cống")
        mine.get_by_role("button", name="Xác nhận đã biết").click()
        expect(mine).to_have_count(0, timeout=30_000)
        page.locator('[data-state="acknowledged"]').click()
        expect(mine).to_have_count(1)
        expect(mine).to_contain_text("Nguyễn Văn A xác nhận đã biết")
        expect(mine.locator(".alert-comments")).to_contain_text("Đã cho đóng cống")

        page.set_viewport_size({"width": 390, "height": 844})
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, "the phone would scroll sideways"
        page.goto("about:blank")  # the stream ends in order
    finally:
        if served.process is not None:
            served.kill()


def test_how_many_people_were_told_stands_with_the_alert(show: Show, tmp_path: Path) -> None:
    served = Served(tmp_path / "hub")
    shutil.copytree(lists.FOLDER, tmp_path / "lists")
    tables(tmp_path / "lists")
    (tmp_path / "subscribers.csv").write_text(subscribers(), "utf-8")
    served.env["HUB_REFERENCE_DIR"] = str(tmp_path / "lists")
    served.env["HUB_SUBSCRIBERS_FILE"] = str(tmp_path / "subscribers.csv")
    try:
        served.create_key()
        served.start()
        assert served.post("reading", [reading(1, 5.2, 0.6)]).status_code == 202
        page = show(path="alerts")
        page.goto(f"{served.url}/alerts")
        told = page.locator("#alerts .alert", has_text="4 g/L trở lên").locator(".alert-told")
        # The words are not approved: all wait, and no list of officers is loaded.
        expect(told).to_contain_text("Báo cho: không cán bộ nào; người dân", timeout=60_000)
        expect(told).to_contain_text("người dân (sms): 7 chờ báo")
        expect(told).to_contain_text("người dân (loudspeaker): 2 chờ báo")
        expect(told).not_to_contain_text("nd-28567")
        page.set_viewport_size({"width": 390, "height": 844})
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, "the phone would scroll sideways"
        page.goto("about:blank")  # the stream ends in order
    finally:
        if served.process is not None:
            served.kill()
