"""The page of reports in a real browser: what it shows is what `/v1/reports` says."""

import json
from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import Page, expect

Show = Callable[..., Page]


def get(hub_url: str, path: str) -> Any:
    with urlopen(hub_url + path, timeout=30) as answer:
        return json.loads(answer.read())


def written(n: int) -> str:
    return f"{n:,}".replace(",", ".")


def test_every_number_is_shown_and_opens_the_dossiers_behind_it(hub_url: str, show: Show) -> None:
    body = get(hub_url, "/v1/reports/06a?period=2023-05")
    page = show("?period=2023-05", path="reports")
    total = page.locator('#report tr[data-code=""] td')
    columns = [f"c{i}" for i in range(1, 12)]
    expect(total).to_have_text([written(body["total"][c]) for c in columns])
    # Three columns are called “Tổng số”: each stands under what it is the total of.
    above = page.locator('#report th[scope="colgroup"]')
    expect(above).to_have_text(
        ["Số hồ sơ tiếp nhận", "Số hồ sơ đã giải quyết", "Số hồ sơ đang giải quyết"]
    )
    assert [above.nth(i).get_attribute("colspan") for i in range(3)] == ["4", "4", "3"]
    expect(page.locator("synthetic-mark")).to_contain_text("mô phỏng")
    assert page.locator("#report tbody tr").count() == len(body["rows"]) + 1
    row = next(r for r in body["rows"] if r["c8"])
    page.locator(f'#report tr[data-code="{row["code"]}"] td[data-column="c8"] button').click()
    expect(page.locator("#drilled li")).to_have_count(min(row["c8"], 1_000))
    listed = get(hub_url, f"/v1/reports/06a/facts?period=2023-05&unit={row['code']}&column=c8")
    assert page.locator("#drilled li").all_inner_texts() == listed["facts"]


def test_another_report_period_and_file_can_be_asked_for(
    hub_url: str, show: Show, forgiven: list[str]
) -> None:
    forgiven.append("status of 400")  # of what is asked for wrongly in the end
    page = show("?period=2023-05&lang=en", path="reports")
    form = page.locator("#asked")
    expect(form.get_by_text("Save XLSX")).to_be_visible()
    form.locator('[name="report"]').select_option("06b")
    form.locator('[name="period"]').fill("2023-Q2")
    form.locator('[type="submit"]').click()
    body = get(hub_url, "/v1/reports/06b?period=2023-Q2")
    expect(page.locator("#note")).to_contain_text(body["title_en"])
    expect(page.locator("#report tbody tr")).to_have_count(len(body["rows"]) + 1)
    assert "report=06b" in page.url
    with page.expect_download() as started:
        form.locator('[data-format="pdf"]').click()
    assert started.value.suggested_filename == "06b-2023-Q2.pdf"
    form.locator('[name="period"]').fill("2023-13")
    form.locator('[type="submit"]').click()
    expect(page.get_by_text("not a period: 2023-13")).to_be_visible()


def test_what_does_not_look_true_is_shown_when_asked_for(hub_url: str, show: Show) -> None:
    body = get(hub_url, "/v1/findings?period=2023-05")
    page = show("?period=2023-05", path="reports")
    page.locator("#find").click()
    expect(page.locator("#found")).not_to_have_text("")
    expect(page.locator("#findings li")).to_have_count(min(body["total"], 1_000))
    named = [row["entities"][0] for row in body["findings"]]
    lines = page.locator("#findings li").all_inner_texts()
    assert all(name in line for name, line in zip(named, lines, strict=True))


def test_scores_stand_side_by_side_and_open_their_dossiers(hub_url: str, show: Show) -> None:
    body = get(hub_url, "/v1/reports/766?period=2023-05")
    page = show("?period=2023-05&report=766", path="reports")
    readings = [(c["id"], r["id"]) for c in body["components"] for r in c["readings"]]
    expect(page.locator("#readings tr[data-reading]")).to_have_count(len(readings))
    missing = [c["id"] for c in body["components"] if c["lacking_vi"]]
    expect(page.locator("#readings tr[data-lacking]")).to_have_count(len(missing))
    expect(page.locator("#index-note")).to_contain_text("nguồn thứ cấp")
    row = page.locator('#readings tr[data-reading="progress.resolved"]')
    said = body["total"]["scores"]["progress"]["resolved"]
    for n in (said["numerator"], said["denominator"]):
        expect(row).to_contain_text(written(n))
    expect(page.locator("#index-units tbody tr")).to_have_count(len(body["rows"]) + 1)
    expect(page.locator("#report")).to_be_hidden()
    page.locator('#differences li[data-rule="unsynced"] button').click()
    path = "/v1/reports/766/facts?period=2023-05&column=rule.unsynced"
    listed = get(hub_url, path)
    expect(page.locator("#drilled li")).to_have_count(len(listed["facts"]))
    page.locator('#asked [name="report"]').select_option("06a")
    page.locator('#asked [type="submit"]').click()
    expect(page.locator("#report")).to_be_visible()
    expect(page.locator("#readings")).to_be_hidden()
