"""The page of open data: for anybody, before and after a release, and its files as they are."""

import hashlib
import json
from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import expect

from stream_jobs.worked import received
from tests.browser.axe import grave
from tests.browser.conftest import Elsewhere
from tests.browser.test_page import DATA_MS_MAX, Show, post
from tests.browser.test_repair import use_key
from tests.parts.waiting import until


def counted(elsewhere: Elsewhere) -> int:
    """Give how many dossiers of the year the hub has counted."""
    url = f"{elsewhere.url}/v1/kpis/dossier_received_new?period=2023"
    asked = Request(url, headers={"Authorization": f"Bearer {elsewhere.key}"})
    with urlopen(asked, timeout=30) as answer:
        figures = json.load(answer)["figures"]
    return int(figures[0]["numerator"]) if figures else 0


def test_anybody_reads_what_is_open_and_takes_its_files(elsewhere: Elsewhere, show: Show) -> None:
    page = show()
    page.goto(f"{elsewhere.url}/open-data")
    expect(page.locator("#release h2")).to_have_text("Chưa phát hành bản nào")
    expect(page.locator("#release pre")).to_have_text("hub open-data release 2023")
    expect(page.locator("#datasets article")).to_have_count(0)
    events = [
        received(f"{unit}-{n}", "2023-01-02") | {"received_by": unit}
        for unit, many in (("H57.1", 9), ("H57.2", 3), ("H57.3", 8))
        for n in range(many)
    ]
    assert post(elsewhere.url, "/v1/events/dossier", elsewhere.key, events) == 202
    until(lambda: counted(elsewhere) == len(events), "what was taken is counted")
    elsewhere.run("open-data", "release", "2023")

    with urlopen(f"{elsewhere.url}/v1/open-data", timeout=30) as answer:
        body = json.loads(answer.read())
    page.goto(f"{elsewhere.url}/open-data?lang=vi#dataset-dossier_received_new")
    expect(page.locator("#release h2")).to_have_text("Bản 1", timeout=DATA_MS_MAX)
    expect(page.locator("#datasets article")).to_have_count(len(body["datasets"]))
    about = next(d for d in body["datasets"] if d["id"] == "dossier_received_new")
    card = page.locator("#dataset-dossier_received_new")
    assert about["withheld"] > 0
    expect(card).to_contain_text(f"{about['withheld']} trên {about['rows']}")
    expect(card).to_be_in_viewport()
    expect(page.locator("#dataset-salinity_max")).to_contain_text("không đếm người")
    expect(page.locator("#release")).to_contain_text("Số đếm từ 1 đến 4")
    expect(page.locator('a[rel="license"]')).to_have_attribute("href", body["licence"])
    expect(page.get_by_role("link", name="catalogue.ttl")).to_be_visible()
    expect(page.locator("#releases tbody tr")).to_have_count(1)
    expect(page.locator("#key-form")).to_have_count(0)
    assert grave(page) == []

    file = next(f for f in about["files"] if f["url"].endswith(".csv"))
    with page.expect_download() as started:
        card.get_by_role("link", name="dossier_received_new.csv").click()
    assert started.value.suggested_filename == "dossier_received_new.csv"
    content = Path(started.value.path()).read_bytes()
    assert hashlib.sha256(content).hexdigest() == file["sha256"]
    page.get_by_role("button", name="EN").click()
    expect(page.locator("#release h2")).to_have_text("Release 1")
    expect(card).to_contain_text("Rows with a number withheld")


def test_a_file_is_saved_as_it_is_by_a_reader_who_has_a_key(
    elsewhere: Elsewhere, show: Show, forgiven: list[str]
) -> None:
    forgiven.append("401")
    elsewhere.run("open-data", "release", "2023")
    page = show()
    page.goto(f"{elsewhere.url}/catalogue")
    use_key(page, elsewhere.key)
    card = page.locator('#kpis article[data-kpi="dossier_received_new"]')
    card.get_by_role("link", name="dữ liệu mở").click(timeout=DATA_MS_MAX)
    expect(page.locator("#dataset-dossier_received_new")).to_be_in_viewport()
    with page.expect_download() as started:
        page.get_by_role("link", name="catalogue.ttl").click()
    assert b"dcat:Catalog" in Path(started.value.path()).read_bytes()
