"""Where the hub can be reached from elsewhere, its pages ask for a key and go on with it."""

from playwright.sync_api import expect

from tests.browser.conftest import Elsewhere
from tests.browser.test_page import DATA_MS_MAX, Show, a_dossier, post, shown
from tests.browser.test_repair import use_key

NAME_PX_MIN = 250
EDGES = """all => all.map(one => {
  const box = one.getBoundingClientRect()
  return [box.top, box.bottom]
})"""


def test_the_pages_ask_for_a_key_and_follow_with_it(
    elsewhere: Elsewhere, show: Show, forgiven: list[str]
) -> None:
    forgiven.append("401")
    page = show()
    expect(page.locator("#key-form")).to_be_hidden()
    page.goto(f"{elsewhere.url}/?period=2023")
    expect(page.locator(".notice").first).to_contain_text("cần khóa", timeout=DATA_MS_MAX)
    use_key(page, "another")
    expect(page.locator("#key-form")).to_be_visible(timeout=DATA_MS_MAX)
    use_key(page, elsewhere.key)
    expect(page.locator("#link")).to_have_text("Sống", timeout=DATA_MS_MAX)
    expect(page.locator("#key-form")).to_be_hidden()
    expect(page.locator(".notice")).to_have_count(0)
    page.evaluate("window.stayed = true")
    sent = [a_dossier("2023-05-17")]
    assert post(elsewhere.url, "/v1/events/dossier", elsewhere.key, sent) == 202
    expect(shown(page, "dossier_received_new")).to_have_text("1", timeout=DATA_MS_MAX)
    assert page.evaluate("window.stayed")

    # No list is loaded: what a figure lacks stands in lines, and leaves names their room.
    lacks = page.locator('#kpi-table tr[data-kpi="dossier_handling_median"] .lacks')
    expect(lacks).to_have_count(2, timeout=DATA_MS_MAX)
    # Both are measured at one time: a row of the table moves while others are drawn.
    (_, bottom), (top, _) = lacks.evaluate_all(EDGES)
    assert bottom <= top
    name = page.locator('tr[data-kpi="dossier_handling_median"] th').bounding_box()
    assert name is not None
    assert name["width"] > NAME_PX_MIN

    # A link to an answer is followed with the key, too.
    row = page.locator('#kpi-table tr[data-key="dossier_received_new"]')
    row.locator("button.opener").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Xem nguyên văn (JSON)").click()
    expect(opened.value.locator("body")).to_contain_text("dossier_received_new")
    opened.value.close()

    page.goto(f"{elsewhere.url}/sources")
    expect(page.locator(".source").first).to_be_visible(timeout=DATA_MS_MAX)
    expect(page.locator("#key-form")).to_be_hidden()


def test_a_page_follows_again_when_the_hub_is_back(
    elsewhere: Elsewhere, show: Show, forgiven: list[str]
) -> None:
    forgiven += ["401", "ERR_"]
    page = show()
    page.goto(f"{elsewhere.url}/?period=2023")
    use_key(page, elsewhere.key)
    expect(page.locator("#link")).to_have_text("Sống", timeout=DATA_MS_MAX)
    page.evaluate("window.stayed = true")
    elsewhere.kill()
    expect(page.locator("#link")).to_have_text("Mất kết nối", timeout=DATA_MS_MAX)
    elsewhere.start()
    expect(page.locator("#link")).to_have_text("Sống", timeout=DATA_MS_MAX)
    sent = [a_dossier("2023-05-17")]
    assert post(elsewhere.url, "/v1/events/dossier", elsewhere.key, sent) == 202
    expect(shown(page, "dossier_received_new")).to_have_text("1", timeout=DATA_MS_MAX)
    assert page.evaluate("window.stayed")
