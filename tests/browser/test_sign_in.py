"""People sign in at the province's sign-on in a real browser, see their role, and sign out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_page import DATA_MS_MAX, Show
from tests.parts.sign_on import CLIENT, person, sign_on
from tests.stories.conftest import Served

PEOPLE = """who,role,unit,sender,valid_from,valid_to
lanh-dao,lãnh đạo,,,2020-01-01,
so-tu-phap,đơn vị,H57.1,H57.1,2020-01-01,
"""
SIGNED_IN = "#signed-in"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A hub that nobody may read on without a key or a sign-in, and a sign-on beside it."""
    folder = tmp_path_factory.mktemp("sign-in")
    known = (
        person("lan", "lanh-dao", name="Trần Thị Lan"),
        person("hoa", "so-tu-phap", name="Lê Văn Hoà"),
        person("khach", name="Khách"),
    )
    with sign_on(*known) as provider:
        served = Served(folder / "hub")
        (folder / "secret").write_text("a-secret-of-the-client")
        (folder / "lists").mkdir()
        (folder / "lists" / "people.csv").write_text(PEOPLE, "utf-8")
        served.env |= {
            "HUB_PUBLIC_URL": served.url,
            "HUB_OIDC_ISSUER": provider.url,
            "HUB_OIDC_CLIENT_ID": CLIENT,
            "HUB_OIDC_CLIENT_SECRET_FILE": str(folder / "secret"),
        }
        loaded = served.run("reference", "load", str(folder / "lists"))
        assert loaded.returncode == 0, loaded.stdout + loaded.stderr
        served.start()
        yield served
        served.stop()


def come_to(page: Page, served: Served, name: str, path: str) -> None:
    """Open a page of the hub and sign in at the provider."""
    page.goto(f"{served.url}{path}")
    page.locator(SIGNED_IN).get_by_role("link", name="Đăng nhập").click()
    page.get_by_role("button", name=f"id-{name}").click()


def test_a_leader_signs_in_sees_figures_and_signs_out(
    served: Served, show: Show, forgiven: list[str]
) -> None:
    forgiven += [
        "401",
        "ERR_",
    ]  # before the sign-in; the provider's page has a style from elsewhere
    page = show()
    come_to(page, served, "lan", "/reports?period=2023")
    expect(page.locator(SIGNED_IN)).to_contain_text("Trần Thị Lan", timeout=DATA_MS_MAX)
    expect(page.locator(SIGNED_IN)).to_contain_text("Lãnh đạo")
    assert page.url.startswith(f"{served.url}/reports?period=2023")
    expect(page.locator("#key-form")).to_be_hidden()
    page.get_by_role("button", name="EN").click()
    expect(page.locator(SIGNED_IN)).to_contain_text("Leader")
    page.goto(f"{served.url}/?period=2023&lang=vi")
    expect(page.locator("#link")).to_have_text("Sống", timeout=DATA_MS_MAX)
    page.locator(SIGNED_IN).get_by_role("button", name="Đăng xuất").click()
    expect(page).not_to_have_url(f"{served.url}/?period=2023&lang=vi")
    page.goto(f"{served.url}/?period=2023&lang=vi")
    expect(page.locator(SIGNED_IN).get_by_role("link")).to_have_text("Đăng nhập")
    expect(page.locator("#key-form")).to_be_visible(timeout=DATA_MS_MAX)


def test_a_department_sees_its_unit_and_is_told_what_is_not_for_it(
    served: Served, show: Show, forgiven: list[str]
) -> None:
    forgiven += ["401", "ERR_"]
    page = show()
    come_to(page, served, "hoa", "/repair")
    expect(page.locator(SIGNED_IN)).to_contain_text("Đơn vị · đơn vị H57.1", timeout=DATA_MS_MAX)
    # It repairs what its own key sent.
    expect(page.locator("#key-form")).to_be_visible()
    expect(page.locator(".notice")).to_have_count(0)
    answer = page.request.get(
        f"{served.url}/v1/kpis/dossier_received_new/facts?period=2023&unit=H57.2"
    )
    assert (answer.status, answer.json()["title"]) == (403, "unit_not_allowed")


def test_who_has_no_role_is_told_why(served: Served, show: Show, forgiven: list[str]) -> None:
    forgiven += ["401", "ERR_"]
    page = show()
    come_to(page, served, "khach", "/")
    expect(page.locator("#not-signed-in")).to_contain_text("chưa được cấp vai trò")
    assert "sign_in" not in page.url
    expect(page.locator(SIGNED_IN).get_by_role("link")).to_have_text("Đăng nhập")
    page.get_by_role("button", name="EN").click()
    expect(page.locator("#not-signed-in")).to_contain_text("has no role here")
