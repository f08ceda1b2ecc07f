"""The overview in a real browser, as a leader sees it: on a desk, a phone, a wall, on paper."""

import json
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast
from urllib.request import urlopen

import pypdfium2
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.axe import grave
from tests.browser.conftest import Elsewhere
from tests.browser.test_page import DATA_MS_MAX
from tests.browser.test_repair import use_key

Show = Callable[..., Page]
WALL_PX_MIN = 48  # the smallest text that matters, at 3840 × 2160 from five metres
# The sizes of the texts that are shown, by what they say.
SIZES = """[...document.querySelectorAll('body *')]
  .filter((e) => e.checkVisibility() && [...e.childNodes].some(
    (c) => c.nodeType === Node.TEXT_NODE && c.textContent.trim()))
  .map((e) => [e.textContent.trim(), parseFloat(getComputedStyle(e).fontSize)])"""
# What is cut off: a text that ends below or right of what holds it.
CUT = """[...document.querySelectorAll('.otile, .oline')].filter((e) => e.checkVisibility())
  .filter((e) => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1
    || e.getBoundingClientRect().bottom > innerHeight + 1).map((e) => e.textContent)"""


def overview(hub_url: str) -> dict[str, Any]:
    with urlopen(f"{hub_url}/v1/overview?period=2023", timeout=30) as answer:
        return cast(dict[str, Any], json.load(answer))


def round_up(number: Decimal) -> str:
    """Round half-up to two decimals, as the page does."""
    return str(number.quantize(Decimal("0.01"), ROUND_HALF_UP))


def online_share(hub_url: str) -> tuple[str, str]:
    """Give the share of dossiers online, and how many points it lacks to 50 %, both in percent.

    They are worked out of numerator and denominator: other tests may have sent to this hub.
    """
    (item,) = (i for i in overview(hub_url)["items"] if i["kpi"] == "dossier_online_share")
    figure = item["figure"]
    share = 100 * Decimal(figure["numerator"]) / Decimal(figure["denominator"])
    return round_up(share), round_up(50 - share)


def wait(page: Page) -> None:
    expect(page.locator(".otile").first).to_be_visible(timeout=DATA_MS_MAX)
    expect(page.locator("#link")).to_have_class("link live", timeout=DATA_MS_MAX)


def test_tiles_say_what_the_hub_says_in_its_order(hub_url: str, show: Show) -> None:
    items = overview(hub_url)["items"]
    page = show("?period=2023", path="overview")
    wait(page)
    tiles = page.locator(".otile")
    expect(tiles).to_have_count(len(items))
    assert [t.get_attribute("data-kpi") for t in tiles.all()] == [i["kpi"] for i in items]
    assert [t.get_attribute("href") for t in tiles.all()] == [i["link"] for i in items]
    first = page.locator('.otile[data-kpi="dossier_online_share"]')
    item = next(i for i in items if i["kpi"] == "dossier_online_share")
    shown, missing = online_share(hub_url)
    expect(first.locator(".obig")).to_have_text(f"{shown.replace('.', ',')}\u00a0%")
    expect(first.locator(".ogoal")).to_have_text("mục tiêu ≥ 50\u00a0%")
    why = f"Thiếu {missing.replace('.', ',')}\u00a0điểm. Ba đơn vị kéo xuống: "
    expect(first.locator(".owhy")).to_contain_text(why)
    expect(first.locator(".owhy")).to_have_text(item["why_vi"])
    expect(first.locator(".mark")).to_have_text("✗Không đạt")
    expect(first.locator(".status")).to_have_text("tạm tính")
    expect(first.locator("svg.spark")).to_be_visible()
    page.locator('[data-lang="en"]').click()
    expect(first.locator(".obig")).to_have_text(f"{shown}%")
    expect(first.locator(".owhy")).to_have_text(item["why_en"])
    expect(page.locator("h1")).to_have_text("Overview")


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("width", [390, 1440, 3840])
def test_every_size_fits_and_keeps_nobody_out(show: Show, width: int, lang: str) -> None:
    page = show(f"?period=2023&lang={lang}", width, 2160 if width == 3840 else 900, "overview")
    wait(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert grave(page) == [], scheme
    if width == 3840:
        small = {text: px for text, px in page.evaluate(SIZES) if px < WALL_PX_MIN * 0.75}
        assert small == {}


def test_a_wall_turns_by_itself_until_it_is_touched(show: Show) -> None:
    page = show("?period=2023&wall=1&seconds=3", 3840, 2160, "overview")
    wait(page)
    place, held = page.locator("#slide"), page.locator("#held")
    count = int(place.inner_text().split("/")[1])
    assert count > 1
    expect(page.locator("#clock")).to_be_visible()
    before = place.inner_text()
    expect(place).not_to_have_text(before, timeout=DATA_MS_MAX)  # nobody touched it
    page.keyboard.press("a")
    expect(held).to_be_visible()
    page.keyboard.press("ArrowRight")  # by hand, from where it was held
    for _ in range(count):
        small = {text: px for text, px in page.evaluate(SIZES) if px < WALL_PX_MIN}
        assert small == {}, place.inner_text()
        assert page.evaluate(CUT) == [], place.inner_text()
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert grave(page) == [], place.inner_text()
        page.keyboard.press("ArrowRight")
    assert page.locator("a:visible").count() == page.locator("a:visible:not([href])").count()
    page.mouse.click(100, 900)
    expect(held).to_be_hidden()
    going = place.inner_text()
    expect(place).not_to_have_text(going, timeout=DATA_MS_MAX)


def test_it_is_printed_on_two_sheets(hub_url: str, show: Show) -> None:
    online, _ = online_share(hub_url)
    page = show("?period=2023", path="overview")
    wait(page)
    for paper in ({"format": "A4"}, {"format": "A4", "landscape": True}):
        printed = pypdfium2.PdfDocument(page.pdf(**paper))
        texts = [sheet.get_textpage().get_text_bounded() for sheet in printed]
        assert len(texts) == 2, paper
        assert online.replace(".", ",") in texts[0]
        assert "Cảnh báo" in texts[1]
        assert "Nguồn trễ hoặc thiếu" in texts[1]


def test_while_it_is_read_it_says_so(show: Show) -> None:
    page = show("?period=2023", path="sources")
    routes: list[Route] = []
    is_held = True

    def hold(route: Route) -> None:
        if is_held:
            routes.append(route)
        else:
            route.continue_()

    page.route("**/v1/overview*", hold)
    page.goto(page.url.replace("/sources", "/overview"))
    state = page.locator("#page-state")
    expect(state).to_have_attribute("data-state", "loading", timeout=DATA_MS_MAX)
    expect(state).to_have_attribute("aria-busy", "true")
    expect(state).to_contain_text("Đang đọc số liệu")
    is_held = False
    for route in routes:
        route.continue_()
    wait(page)
    expect(state).to_be_hidden()


def test_without_a_key_without_lists_and_without_a_hub_it_says_so(
    elsewhere: Elsewhere, show: Show, forgiven: list[str]
) -> None:
    forgiven += ["401", "ERR_"]
    page = show(path="overview")
    page.goto(f"{elsewhere.url}/overview?period=2023")
    state = page.locator("#page-state")
    expect(state).to_have_attribute("data-state", "key", timeout=DATA_MS_MAX)
    expect(state).to_contain_text("Cần khóa để xem")
    assert grave(page) == []
    use_key(page, elsewhere.key)
    # No list is loaded: there is no target, and the page says which list is lacking.
    expect(state).to_have_attribute("data-state", "empty", timeout=DATA_MS_MAX)
    expect(state).to_contain_text("hub reference load")
    expect(state.locator("li")).to_have_count(1)
    expect(page.locator("#link")).to_have_text("Sống", timeout=DATA_MS_MAX)
    elsewhere.kill()
    expect(page.locator("#link")).to_contain_text("Mất kết nối từ", timeout=DATA_MS_MAX)
    expect(page.locator("#stale")).to_contain_text("trang tự nối lại")
    expect(page.locator("body")).to_have_class("overview stale")
    expect(page.locator("#headline")).to_have_css("opacity", "0.55")
    elsewhere.start()
    expect(page.locator("#link")).to_have_text("Sống", timeout=DATA_MS_MAX)
    expect(page.locator("#stale")).to_be_hidden()
