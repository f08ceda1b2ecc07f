"""Groups of KPIs are found by the page: the hub lists them, and each brings its part along."""

from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.test_page import DATA_MS_MAX, Show, figure_of, get, row, wait_for_all

MODULE = """
import { GroupPart } from "/page/board/group-part.js";
import { el } from "/page/el.js";
import { page } from "/page/page.js";

export const units = { cm: { vi: "phân", en: "centimetres", isLevel: true } };
export const names = {
  vi: { "reservoir=H1": "Hồ Một" },
  en: { "reservoir=H1": "Lake One" },
};

class ReservoirLevels extends GroupPart {
  async read() {
    return page.now.period;
  }
  draw() {
    this.replaceChildren(el("p", { id: "levels" }, `${page.now.lang} ${this.answer}`));
  }
}
customElements.define("reservoir-levels", ReservoirLevels);
export const part = ReservoirLevels;
"""
GROUP = {
    "id": "reservoir",
    "title_vi": "Hồ chứa",
    "title_en": "Reservoirs",
    "part": "/page/groups/reservoir.js",
}


def bring(page: Page, hub_url: str) -> None:
    """Have the hub's answers tell of one more group, before the others, with a KPI and a figure."""
    dossier = next(k for k in get(hub_url, "/v1/kpis")["kpis"] if k["id"] == "dossier_received")
    kpi = {**dossier, "id": "reservoir_level", "group": "reservoir", "measure_unit": "cm"}
    kpi |= {"title_vi": "Mực nước", "title_en": "Level", "dimensions": []}
    dims = {"reservoir": "H1"}
    figure = {**figure_of(hub_url, "dossier_received"), "kpi": "reservoir_level", "dims": dims}
    figure |= {"value": "12.5", "numerator": 25, "denominator": 2, "measure_unit": "cm"}

    def add(route: Route) -> None:
        body: dict[str, Any] = route.fetch().json()
        if "groups" in body:
            body["groups"].insert(0, GROUP)
        if "kpis" in body:
            body["kpis"].append(kpi)
        if "figures" in body:
            body["figures"].append(figure)
        route.fulfill(json=body)

    for path in ("**/page/groups.json", "**/v1/kpis", "**/v1/kpis?period=*"):
        page.route(path, add)


def test_a_group_brings_its_titles_units_names_and_part(hub_url: str, show: Show) -> None:
    page = show("")
    bring(page, hub_url)
    page.route(
        "**/page/groups/reservoir.js",
        lambda route: route.fulfill(body=MODULE, content_type="text/javascript"),
    )
    page.goto(f"{hub_url}/?period=2023&lang=vi")
    wait_for_all(page)
    level = page.locator('#kpi-table tr[data-kpi="reservoir_level"]')
    expect(level.locator("th")).to_have_text("Mực nước · Hồ Một")
    expect(level.locator("td.figure")).to_have_text("12,50 phân")
    expect(page.locator("#kpi-table tr.group").first).to_have_text("Hồ chứa")
    expect(page.locator("#levels")).to_have_text("vi 2023", timeout=DATA_MS_MAX)
    parts = page.locator("group-parts > *").evaluate_all("parts => parts.map((p) => p.localName)")
    assert parts == ["reservoir-levels", "salinity-stations"]

    page.locator('#periods button[data-period="2022"]').click()
    expect(page.locator("#levels")).to_have_text("vi 2022", timeout=DATA_MS_MAX)
    page.locator('button[data-lang="en"]').click()
    expect(page.locator("#levels")).to_have_text("en 2022")
    expect(level.locator("th")).to_have_text("Level · Lake One")
    expect(level.locator("td.figure")).to_have_text("12.50 centimetres")
    expect(page.locator("#kpi-table tr.group").first).to_have_text("Reservoirs")


def test_a_part_that_cannot_be_loaded_takes_nothing_else_away(
    hub_url: str, show: Show, forgiven: list[str]
) -> None:
    forgiven.append("404")
    page = show("")
    bring(page, hub_url)
    page.goto(f"{hub_url}/?period=2023&lang=vi")
    expect(page.locator(".notice")).to_contain_text("reservoir.js", timeout=DATA_MS_MAX)
    wait_for_all(page)
    expect(row(page, "reservoir_level|reservoir=H1").locator("th")).to_have_text("Mực nước · H1")

    page.route(
        "**/page/groups/reservoir.js*",
        lambda route: route.fulfill(body=MODULE, content_type="text/javascript"),
    )
    page.get_by_role("button", name="Thử lại").click()
    expect(page.locator("#levels")).to_have_text("vi 2023", timeout=DATA_MS_MAX)
    expect(page.locator(".notice")).to_have_count(0)
