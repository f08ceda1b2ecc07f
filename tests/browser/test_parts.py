"""Parts of the page: what is shown, typed or open in one is not lost by what happens in others."""

import uuid

from playwright.sync_api import Page, expect

from tests.browser.test_page import DATA_MS_MAX, Show, a_dossier, row, wait_for_all
from tests.browser.test_repair import reject, use_key


def open_row(page: Page, kpi: str) -> None:
    row(page, kpi).get_by_role("button").click()
    expect(page.locator("svg.months")).to_be_visible(timeout=DATA_MS_MAX)


def test_a_fault_in_one_part_does_not_stop_the_others(show: Show, forgiven: list[str]) -> None:
    forgiven.append("on purpose")
    page = show(path="sources")
    heard = page.evaluate(
        """() => import('/page/store.js').then(({ Store }) => {
          const store = new Store({ a: 1, b: 1 });
          const heard = [];
          store.changes('a')(() => { throw new Error('on purpose'); });
          const end = store.changes('a', 'b')(() => heard.push(`a ${store.now.a}`));
          store.changes('b')(() => heard.push('b'));
          store.set({ a: 2 });
          store.set({ a: 2 });
          end();
          store.set({ a: 3 });
          return heard;
        })"""
    )
    assert heard == ["a 2"]


def test_another_language_asks_the_hub_nothing(show: Show) -> None:
    page = show()
    wait_for_all(page)
    expect(page.locator("#link")).to_have_text("Sống", timeout=DATA_MS_MAX)
    open_row(page, "dossier_online_share")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator('button[data-lang="en"]').click()
    expect(page.locator(".by-month h4")).to_contain_text("By month")
    expect(row(page, "dossier_online_share").locator("th")).to_have_text("Online share of dossiers")
    assert [url for url in asked if "by=month" in url] == []


def test_an_open_row_shows_the_months_of_the_period_that_is_shown(show: Show) -> None:
    page = show()
    wait_for_all(page)
    open_row(page, "dossier_received_new")
    marks = page.locator("svg.months title")
    expect(marks.first).to_contain_text("2023-", timeout=DATA_MS_MAX)
    page.locator('#periods button[data-period="2022"]').click()
    expect(marks.first).to_contain_text("2022-", timeout=DATA_MS_MAX)
    expect(row(page, "dossier_received_new").locator("td.figure b")).to_be_visible()


def test_what_is_typed_stays_while_another_item_is_corrected(
    hub_url: str, hub_key: str, show: Show
) -> None:
    mark = f"dove-{uuid.uuid4().hex[:6]}"
    bad = [{**a_dossier("2023-07-17"), "service_level": mark} for _ in range(2)]
    receipt = reject(hub_url, hub_key, *bad)
    page = show("", path="repair")
    use_key(page, hub_key)
    group = page.locator('[data-group="dossier|TEST|unknown_value|service_level"]')
    group.get_by_role("button", name="Xem từng bản ghi").click(timeout=DATA_MS_MAX)
    first, second = (page.locator(f'[data-item="{receipt}:{i}"]') for i in range(2))
    first.get_by_label("Mã TTHC").fill("typed")
    second.get_by_label("Mức độ dịch vụ công", exact=True).select_option("Toàn trình")
    second.get_by_role("button", name="Lưu sửa đổi").click()
    expect(second).to_contain_text("có thể gửi lại", timeout=DATA_MS_MAX)
    expect(first.get_by_label("Mã TTHC")).to_have_value("typed")
