"""The page of the catalogue in a real browser: all KPIs, found by what people type."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from hub import registry

Show = Callable[..., Page]


def test_a_kpi_is_found_without_tone_marks_and_in_both_languages(show: Show) -> None:
    page = show("", path="catalogue")
    cards = page.locator("#kpis article")
    expect(cards).to_have_count(len(registry.kpis()))
    page.locator('input[name="q"]').fill("dung han xxx")
    expect(page.locator("#count")).to_have_text("Không có chỉ số nào như vậy.")
    page.locator('input[name="q"]').fill("ty le dung han")
    shown = page.locator('#kpis article:visible[data-kpi="dossier_on_time_share"]')
    expect(shown).to_contain_text("dossier.resolved")
    expect(shown).to_contain_text("Văn phòng UBND tỉnh")
    assert "q=ty+le+dung+han" in page.url
    page = show("?lang=en&q=on-time", path="catalogue")
    shown = page.locator('#kpis article:visible[data-kpi="dossier_on_time_share"]')
    expect(shown).to_contain_text("On-time share")
    expect(page.locator('#kpis article[data-kpi="salinity_max"]')).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
