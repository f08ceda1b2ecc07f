"""Scheduled reports in a real browser: what was given can be saved, what was not says why."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from stream_jobs.worked import received
from tests.browser.axe import grave
from tests.parts.waiting import until
from tests.stories.conftest import Served

Show = Callable[..., Page]
SCHEDULES = """name,report,every,days_after,at_hour,unit,outlet,address,valid_from,valid_to
Biểu tháng,06a,month,1,00:00,,folder,,2000-01-01,
Biểu thư,06b,month,1,00:00,H57.1,mail,an@tinh.gov.vn,2000-01-01,
Biểu cũ,06a,year,1,00:00,,folder,,2000-01-01,2001-01-01
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A hub that laid reports into a folder, and whose mail server is not there."""
    folder = tmp_path_factory.mktemp("runs")
    served = Served(folder / "hub")
    served.env |= {
        "HUB_REPORTS_DIR": str(folder / "laid"),
        "HUB_OUTLET_MAIL_SERVER": "127.0.0.1:1",
        "HUB_OUTLET_MAIL_TLS": "none",
    }
    served.create_key()
    (folder / "lists").mkdir()
    (folder / "lists" / "report_schedules.csv").write_text(SCHEDULES, "utf-8")
    try:
        served.start()
        assert served.post("dossier", [received("A", "2023-05-17")]).status_code == 202
        served.settle()
        done = served.run("reference", "load", str(folder / "lists"))
        assert done.returncode == 0, done.stdout + done.stderr

        def is_done() -> bool:
            found = runs(served)
            tried = all(r["tries"] for r in found if r["outlet"] == "mail")
            laid = [r["state"] for r in found if r["outlet"] == "folder"]
            return bool(found) and tried and bool(laid) and set(laid) == {"sent"}

        until(is_done, "what is due was given, or tried")
        yield served
    finally:
        if served.process is not None:
            served.kill()


def runs(hub: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = hub.get("/v1/report-runs").json()["runs"]
    return found


@pytest.mark.parametrize(
    ("lang", "none", "ended", "given", "waits", "province"),
    [
        ("vi", "chưa có", "đã hết hiệu lực", "đã gửi", "đang chờ", "toàn tỉnh"),
        ("en", "none yet", "no longer in force", "given", "waiting", "the province"),
    ],
)
def test_schedules_and_what_became_of_them_are_shown(
    show: Show, hub: Served, lang: str, none: str, ended: str, given: str, waits: str, province: str
) -> None:
    page = show(path="sources")
    page.goto(f"{hub.url}/reports?period=2023-05&lang={lang}")
    schedules = page.locator("#schedules tbody tr")
    expect(schedules).to_have_count(3)
    by_name = {
        one.locator("th").inner_text(): one.locator("td").all_inner_texts()
        for one in schedules.all()
    }
    latest = runs(hub)[0]["period"]
    assert by_name["Biểu tháng"][2] == province
    assert by_name["Biểu tháng"][5].startswith(f"{latest}: {given}")
    assert by_name["Biểu thư"][2] == "H57.1"
    assert by_name["Biểu thư"][5].startswith(f"{latest}: {waits}")
    assert by_name["Biểu cũ"][4:] == [ended, none]
    said = runs(hub)
    rows = page.locator("#runs tbody tr")
    expect(rows).to_have_count(len(said))
    for row, run in zip(rows.all(), said, strict=True):
        assert row.locator(".col-name").inner_text() == run["name"]
        assert row.locator(".col-period").inner_text() == run["period"]
        is_sent = run["state"] == "sent"
        mark = row.locator(".col-state span")
        assert mark.get_attribute("class") == ("good" if is_sent else "watch")
        assert mark.inner_text().startswith(given if is_sent else waits)
        expect(row.locator(".col-files button")).to_have_count(len(run["files"]))
        if not is_sent:
            expect(row.locator(".col-why")).to_contain_text("không gửi được")
    assert grave(page) == []


def test_what_was_given_is_saved_again(show: Show, hub: Served) -> None:
    page = show(path="sources")
    page.goto(f"{hub.url}/reports?period=2023-05")
    run = next(r for r in runs(hub) if r["files"])
    button = page.get_by_role("button", name=f"PDF 06a-{run['period']}").first
    with page.expect_download() as started:
        button.click()
    assert started.value.suggested_filename == f"06a-{run['period']}.pdf"
    assert started.value.path().read_bytes().startswith(b"%PDF")


def test_on_a_phone_nothing_is_cut_off(show: Show, hub: Served) -> None:
    page = show("", 390, 844, "sources")
    page.goto(f"{hub.url}/reports?period=2023-05")
    expect(page.locator("#runs tbody tr")).to_have_count(len(runs(hub)))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert grave(page) == []


def test_without_a_schedule_it_says_which_list_is_to_be_loaded(show: Show) -> None:
    page = show("?period=2023-05", path="reports")
    expect(page.locator("#no-runs")).to_contain_text("report_schedules")
    expect(page.locator("#schedules")).to_be_hidden()
    expect(page.locator("#runs")).to_be_hidden()
