"""What holds of every page: nobody is kept out, nothing is cut off, all others are a step away."""

from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import grave

Show = Callable[..., Page]
Scheme = Literal["light", "dark"]
# A page's path and query, and what is there once it has its figures.
PAGES = {
    "board": ("?period=2023", "#kpis [data-kpi]"),
    "overview": ("?period=2023", ".otile"),
    "ask": ("?kpi=dossier_on_time_share&period=2023&by=unit", "#answer tbody tr"),
    "alerts": ("", "main p, main h2"),
    "water": ("?at=2023-01-04T12:00", ".branch"),
    "money": ("?period=2023", "#shares tbody tr"),
    "reports": ("?period=2023-05", "main table tbody tr"),
    "sources": ("?period=2023", ".source"),
    "systems": ("", "#systems tbody tr"),
    "upload": ("", "main"),
    "repair": ("", "main"),
    "catalogue": ("", "main article, main section"),
    "open-data": ("", "#release h2"),
}
SIZES: tuple[tuple[int, int, Scheme], ...] = ((1440, 900, "light"), (390, 844, "dark"))


@pytest.mark.parametrize(("width", "height", "scheme"), SIZES, ids=["desk", "phone in the dark"])
@pytest.mark.parametrize("name", PAGES)
def test_nobody_is_kept_out_and_nothing_is_cut_off(
    show: Show, name: str, width: int, height: int, scheme: Scheme
) -> None:
    query, there = PAGES[name]
    path = "" if name == "board" else name
    lang = "vi" if scheme == "light" else "en"
    page = show(f"{query}{'&' if query else '?'}lang={lang}", width, height, path)
    page.emulate_media(color_scheme=scheme)
    expect(page.locator(there).first).to_be_visible(timeout=60_000)
    shown = page.locator(".pages a[aria-current='page']")
    expect(shown).to_have_attribute("data-page", name)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert grave(page) == []


def test_every_page_leads_to_all_others(show: Show) -> None:
    page = show()
    for name in PAGES:
        page.locator(f".pages a[data-page='{name}']").click()
        expect(page.locator(".pages a[aria-current='page']")).to_have_attribute("data-page", name)
        expect(page.locator(".pages a")).to_have_count(len(PAGES))


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_links_to_all_pages_stand_in_one_line(show: Show, lang: str) -> None:
    page = show(f"?period=2023&lang={lang}", 1366, 768)
    expect(page.locator(".pages a")).to_have_count(len(PAGES))
    tops = page.evaluate("[...document.querySelectorAll('.pages a')].map((a) => a.offsetTop)")
    assert len(set(tops)) == 1, tops
