"""What keeps people out of a page, by axe-core (WCAG 2.2, levels A and AA)."""

from pathlib import Path

from playwright.sync_api import Page

AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


def grave(page: Page) -> list[str]:
    """Name what is serious or critical, each with the first element that has it."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{v['id']}: {v['nodes'][0]['html']}"
        for v in found["violations"]
        if v["impact"] in ("serious", "critical")
    ]
