"""The sources page in a real browser: what it shows is what `/v1/sources` says."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from stream_jobs.worked import paid, received, salinity
from tests.parts import lists
from tests.stories import test_a_month
from tests.stories.conftest import Served

Show = Callable[..., Page]
QUALITIES = ("valid", "complete", "clean", "live")


def get(hub_url: str, path: str) -> Any:
    with urlopen(hub_url + path, timeout=30) as answer:
        return json.loads(answer.read())


def quality(page: Page, source: str, name: str) -> Locator:
    return page.locator(f'[data-source="{source}"] [data-quality="{name}"]')


@pytest.fixture
def page(show: Show) -> Page:
    found = show(path="sources")
    expect(found.locator(".source.whole").first).to_be_visible(timeout=30_000)
    return found


def test_every_source_has_four_numbers_each_with_its_formula(hub_url: str, page: Page) -> None:
    body = get(hub_url, "/v1/sources?period=2023")
    for source in body["sources"]:
        for name in QUALITIES:
            box = quality(page, source["source"], name)
            assert body["formulas"][name]["vi"] in box.locator(".formula").inner_text()
            assert box.locator(".value").inner_text().strip()


def test_how_late_events_come_is_shown(hub_url: str, page: Page) -> None:
    body = get(hub_url, "/v1/sources?period=2023")
    for source in body["sources"]:
        shown = page.locator(f'[data-source="{source["source"]}"] .facts').inner_text()
        assert ("p95 ≤" in shown) == (source["lateness_seconds"] is not None)


def test_the_list_behind_a_number_opens_with_the_keyboard(hub_url: str, page: Page) -> None:
    listed = get(hub_url, "/v1/sources/one_stop/valid")
    figure = listed["figure"]
    assert listed["total"] == figure["denominator"] - figure["numerator"] > 0
    box = quality(page, "one_stop", "valid")
    opener = box.get_by_role("button")
    opener.focus()
    page.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")
    rows = box.locator("tbody tr")
    expect(rows).to_have_count(listed["total"])
    rules = {row["rule"] for row in listed["rows"]}
    assert {c.inner_text() for c in rows.locator(".col-rule").all()} == rules
    page.keyboard.press("Enter")
    expect(rows).to_have_count(0)


def test_a_long_list_goes_on(hub_url: str, page: Page) -> None:
    total = get(hub_url, "/v1/sources/one_stop/complete?period=2023")["total"]
    assert total > 200
    box = quality(page, "one_stop", "complete")
    box.locator("button.opener").click()
    rows = box.locator("tbody tr")
    for shown in (100, 200, total):
        expect(rows).to_have_count(shown)
        if shown < total:
            box.locator("button.more").click()
    expect(box.locator("button.more")).to_have_count(0)


def test_a_source_without_a_connector_says_so(hub_url: str, page: Page) -> None:
    """Another test's connector may have read `one_stop` on this hub; none reads them all."""
    body = get(hub_url, "/v1/sources?period=2023")
    silent = [s["source"] for s in body["sources"] if s["heartbeat"] is None]
    assert silent
    for source in silent:
        said = page.locator(f'[data-source="{source}"] .facts').inner_text()
        assert "chưa có kết nối nào báo nhịp" in said


def test_language_and_the_way_back(page: Page) -> None:
    page.locator('[data-lang="en"]').click()
    expect(page.locator("h1")).to_have_text("Data sources")
    expect(page.locator('[data-source="one_stop"] .facts')).to_contain_text(
        "each working day, at least 1 event"
    )
    page.locator('.pages [data-page="board"]').click()
    expect(page.locator("h1")).to_have_text("Provincial data hub")
    expect(page.locator("#sources .source").first).to_be_visible(timeout=30_000)
    page.locator("#sources-link").click()
    expect(page.locator("h1")).to_have_text("Data sources")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_body_never_scrolls_sideways(show: Show, width: int, height: int) -> None:
    page = show(width=width, height=height, path="sources")
    quality(page, "one_stop", "valid").get_by_role("button").click()
    expect(quality(page, "one_stop", "valid").locator("table")).to_be_visible(timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_trouble_is_told_and_goes_by_itself(page: Page, forgiven: list[str]) -> None:
    forgiven += ["503", "ERR_FAILED"]
    page.route("**/v1/sources?*", lambda route: route.abort())
    page.locator("#periods button").first.click()
    expect(page.locator(".notice")).to_be_visible()
    page.unroute("**/v1/sources?*")
    expect(page.locator(".notice")).to_have_count(0, timeout=30_000)


def test_a_station_that_was_silent_for_a_week_is_named_with_its_days(
    show: Show, tmp_path: Path
) -> None:
    """Two departments, a bank and a station owe for June 2023; the station missed 12 to 18 June."""
    served = Served(tmp_path / "hub")
    folder = tmp_path / "lists"
    shutil.copytree(lists.FOLDER, folder)
    (folder / "duties.csv").write_text(test_a_month.DUTIES, "utf-8")
    served.env["HUB_REFERENCE_DIR"] = str(folder)
    days = [d for d in test_a_month.DAYS if d not in test_a_month.SILENT]
    readings = [salinity("ST01", f"{day}T14:00", 0.5) for day in days]
    try:
        served.start()
        for sender, contract, events in (
            ("gateway", "reading", readings),
            ("so-a", "dossier", [received("A", "2023-06-01")]),
            ("so-b", "dossier", [received("B", "2023-06-01")]),
            ("NH01", "payment", [paid("cash", "2023-06", customers=5, amount=100)]),
        ):
            served.create_key(sender)
            assert served.post(contract, events).status_code == 202
        served.settle()
        page = show(path="sources")
        page.goto(f"{served.url}/sources?period=2023-06")
        card = page.locator('[data-source="ST01"]')
        expect(card.locator(".facts")).to_contain_text("Có số liệu đến")
        expect(card.locator(".facts .mark.bad")).to_have_count(1)
        for sender in ("so-a", "so-b", "NH01"):  # they sent just now
            expect(page.locator(f'[data-source="{sender}"] .facts .mark.bad')).to_have_count(0)
        box = quality(page, "ST01", "complete")
        box.get_by_role("button").click()
        expect(box.locator("tbody tr")).to_have_count(30)
        missing = box.locator("tbody tr").all_inner_texts()[: len(test_a_month.SILENT)]
        assert all(f"{d}/06/2023" in text for d, text in zip(range(12, 19), missing, strict=True))
    finally:
        served.kill()
