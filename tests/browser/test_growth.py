"""A group that was added by files alone is on the page: its title, its KPIs, its part."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.parts.reservoir import Grown, level

SHOWN_MS_MAX = 30_000


def test_an_added_group_is_on_the_board_with_its_part(chromium: Browser, tmp_path: Path) -> None:
    grown = Grown(tmp_path)
    assert grown.hub.run("render").returncode == 0
    grown.hub.create_key("reservoirs")
    grown.hub.start()
    context = chromium.new_context()
    try:
        sent = grown.hub.post("reservoir", [level(1, "HO.1", 100), level(2, "HO.2", 250)])
        assert sent.status_code == 202
        grown.hub.settle()
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{grown.hub.url}/?period=2023&lang=vi")
        heading = page.locator("#kpi-table tr.group").last
        expect(heading).to_have_text("Hồ chứa nước", timeout=SHOWN_MS_MAX)
        mean = page.locator('#kpi-table tr[data-kpi="reservoir_level_mean"] td.figure')
        expect(mean).to_have_text("175 xen-ti-mét", timeout=SHOWN_MS_MAX)
        levels = page.locator("#reservoirs li")
        expect(levels).to_have_text(["HO.1: 100 xen-ti-mét", "HO.2: 250 xen-ti-mét"])
        page.locator('button[data-lang="en"]').click()
        expect(heading).to_have_text("Reservoirs")
        expect(levels.first).to_have_text("HO.1: 100 centimetres")
        assert complaints == []
        assert grown.edited() in ([], ["schemas/avro/ids.json"])
    finally:
        context.close()
        grown.hub.stop()
