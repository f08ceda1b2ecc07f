"""The page of questions in a real browser: an analyst's questions, each answered by it alone."""

import io
import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import polars as pl
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.browser.test_page import a_dossier, post
from tests.parts.starting import run_hub
from tests.parts.waiting import SECONDS_MAX

Show = Callable[..., Page]
Keep = Callable[[Page, str], None]
Json = dict[str, Any]


def get(hub_url: str, path: str) -> Any:
    with urlopen(hub_url + quote(path, safe="/?&=%:,"), timeout=60) as answer:
        return json.loads(answer.read())


def ask(show: Show, query: str, **size: int) -> Page:
    """Open a question, and wait until it is answered."""
    page = show(query, path="ask", **size)
    expect(page.locator("#whole")).not_to_contain_text("Đang tính", timeout=60_000)
    expect(page.locator("#whole")).not_to_be_empty()
    return page


def rows(page: Page) -> list[str]:
    """The codes of the rows, from the top."""
    return [str(row.get_attribute("data-code")) for row in page.locator("#answer tbody tr").all()]


def written(n: int) -> str:
    return f"{n:,}".replace(",", ".")


def save(page: Page, form: str) -> bytes:
    with page.expect_download() as started:
        page.locator(f'[data-format="{form}"]').click()
    return Path(started.value.path()).read_bytes()


@pytest.mark.pictured
def test_which_communes_pulled_the_online_share_down_in_march_and_did_all_report(
    hub_url: str, show: Show, keep: Keep
) -> None:
    asked = "period=2023-03&by=unit&level=commune"
    page = ask(show, f"?kpi=dossier_online_share&{asked}")
    body = get(hub_url, f"/v1/kpis/dossier_online_share/ranking?{asked}")
    expect(page.locator("#whole")).to_contain_text("chỉ tiêu ≥ 50 %")
    assert rows(page) == [row["dims"]["unit"] for row in body["rows"]]
    pulls = [float(row["pull"]) for row in body["rows"]]
    assert pulls == sorted(pulls, reverse=True)
    keep(page, "01-who-pulled-it-down")
    whole = body["whole"]
    # By how much: rows add up to the gap against the target.
    assert sum(pulls) == pytest.approx(0.5 - whole["numerator"] / whole["denominator"], abs=1e-4)
    first, row = page.locator("#answer tbody tr").first, body["rows"][0]
    expect(first.locator('[data-column="pull"]')).to_contain_text("điểm %")
    reported = row["reported"]
    sent = first.locator('[data-column="silent_days"]')
    expect(sent).to_contain_text(f"{reported['days']}/{reported['of']} ngày")
    # Silent or not is a column to sort by: who sent nothing for longest stands first.
    page.locator('#answer th[data-column="silent_days"] button').click()
    expect(page.locator('#answer th[data-column="silent_days"]')).to_have_attribute(
        "aria-sort", "descending"
    )
    assert "sort=-silent_days" in page.url


def test_from_the_province_to_a_dossier_each_step_one_click_and_one_address(
    hub_url: str, show: Show
) -> None:
    page = ask(show, "?kpi=dossier_on_time_share&period=2023&by=level")
    seen = [page.url]
    for dim in ("level", "unit", "field", "procedure"):
        before = page.url
        page.locator("#answer tbody th a").first.click()
        page.wait_for_function("before => location.href !== before", arg=before)
        shown = "#facts" if dim == "procedure" else "#answer"
        expect(page.locator(shown)).to_be_visible(timeout=60_000)
        expect(page.locator("#trail li")).to_have_count(len(seen) + 1)
        assert f"{dim}=" in page.url
        seen.append(page.url)
    page.locator("#facts tbody a").first.click()
    expect(page.locator("#proof")).to_contain_text("tiếp nhận")
    expect(page.locator("#definition")).to_contain_text("đúng hạn")
    code = page.locator("#facts tbody a").first.inner_text()
    proof = get(hub_url, f"/v1/kpis/dossier_on_time_share/explain?entity={code}")
    expect(page.locator("#proof tbody tr")).to_have_count(len(proof["events"]))
    # The address alone shows the same, and going back is the step before.
    again = ask(show, page.url.split("/ask")[1])
    expect(again.locator("#proof tbody tr")).to_have_count(len(proof["events"]))
    page.go_back()
    page.go_back()
    expect(page.locator("#answer")).to_be_visible(timeout=60_000)
    assert page.url == seen[3]


@pytest.mark.pictured
def test_the_most_overdue_procedures_and_their_dossiers_by_days_late(
    hub_url: str, show: Show, keep: Keep
) -> None:
    page = ask(show, "?kpi=dossier_overdue&period=2023-12&by=procedure&sort=-value&top=5")
    figures = get(hub_url, "/v1/kpis/dossier_overdue?period=2023-12&by=procedure")["figures"]
    most = max(f["numerator"] for f in figures)
    expect(page.locator("#answer tbody tr")).to_have_count(5)
    expect(page.locator('#answer [data-column="value"] b').first).to_have_text(written(most))
    keep(page, "02-most-overdue-procedures")
    page.locator("#answer tbody th a").first.click()
    expect(page.locator("#facts tbody tr")).to_have_count(min(most, 50), timeout=60_000)
    keep(page, "02-their-dossiers")
    late = [
        float(cell.inner_text().replace(".", "").replace(",", "."))
        for cell in page.locator("#facts tbody tr td:nth-child(2)").all()
    ]
    assert late == sorted(late, reverse=True)


@pytest.mark.pictured
def test_the_overdue_dossiers_of_one_commune(hub_url: str, show: Show, keep: Keep) -> None:
    figures = get(hub_url, "/v1/kpis/dossier_overdue?period=2023-06&by=unit&level=commune")
    one = max(figures["figures"], key=lambda f: f["numerator"])
    code, n = one["dims"]["unit"], one["numerator"]
    page = ask(show, f"?kpi=dossier_overdue&period=2023-06&unit={code}")
    page.locator("#to-facts").click()
    expect(page.locator("#facts tbody tr")).to_have_count(min(n, 50), timeout=60_000)
    keep(page, "10-overdue-of-a-commune")
    sheet = load_workbook(io.BytesIO(save(page, "xlsx"))).active
    assert sheet is not None
    head, *lines = sheet.iter_rows(values_only=True)
    assert (head[0], head[3]) == ("Mã", "Quá hạn, đến khi xong hoặc đến nay (ngày)")
    assert len(lines) == n
    codes = page.locator("#facts tbody a").all_inner_texts()
    assert [line[0] for line in lines][: len(codes)] == codes


@pytest.mark.pictured
def test_units_by_months_go_to_excel(hub_url: str, show: Show, keep: Keep) -> None:
    page = ask(show, "?kpi=dossier_received_new&period=2023&by=unit,month")
    figures = get(hub_url, "/v1/kpis/dossier_received_new?period=2023&by=unit,month")["figures"]
    sheet = load_workbook(io.BytesIO(save(page, "xlsx"))).active
    assert sheet is not None
    head, *lines = sheet.iter_rows(values_only=True)
    assert head[:3] == ("Đơn vị (mã)", "Đơn vị", "2023-01")
    cells = {
        (str(line[0]), str(month)): value
        for line in lines
        for month, value in zip(head[2:], line[2:], strict=True)
        if value is not None
    }
    assert cells == {(f["dims"]["unit"], f["dims"]["month"]): f["numerator"] for f in figures}
    expect(page.locator("#answer tbody tr")).to_have_count(len(lines))
    keep(page, "05-units-by-months")
    csv = save(page, "csv").decode("utf-8-sig")
    assert csv.splitlines()[0].startswith("Đơn vị (mã);Đơn vị;2023-01;2023-02")
    # Analysts are given a row for each figure, in columns, whatever is shown.
    expect(page.locator('[data-format="parquet"]')).to_have_text("Tải Parquet")
    frames = (
        pl.read_parquet(io.BytesIO(save(page, "parquet"))),
        pl.read_ipc_stream(io.BytesIO(save(page, "arrow"))),
    )
    for frame in frames:
        assert frame.height == len(figures)
        assert frame["numerator"].sum() == sum(f["numerator"] for f in figures)


@pytest.mark.pictured
def test_a_quarter_against_that_of_last_year(hub_url: str, show: Show, keep: Keep) -> None:
    page = ask(show, "?kpi=dossier_received_new&period=2023-Q1&by=level&compare=last_year")
    then = get(hub_url, "/v1/kpis/dossier_received_new?period=2022-Q1")["figures"][0]["numerator"]
    expect(page.locator("#beside")).to_contain_text(f"So với 2022-Q1: {written(then)}")
    keep(page, "06-a-quarter-against-last-year")
    now = get(hub_url, "/v1/kpis/dossier_received_new?period=2023-Q1&by=level")["figures"]
    expect(page.locator('#answer [data-column="difference"]')).to_have_count(len(now) + 1)


@pytest.mark.pictured
def test_the_median_of_departments_and_the_worst_procedures_of_one(
    hub_url: str, show: Show, keep: Keep
) -> None:
    page = ask(
        show,
        "?kpi=dossier_handling_median&period=2023-Q2&by=unit&level=department&sort=-value",
    )
    path = "/v1/kpis/dossier_handling_median?period=2023-Q2&by=unit&level=department"
    figures = get(hub_url, path)["figures"]
    longest = max(figures, key=lambda f: f["numerator"])
    expect(page.locator("#answer tbody tr")).to_have_count(len(figures))
    assert rows(page)[0] == longest["dims"]["unit"]
    keep(page, "07-median-days-by-department")
    unit = longest["dims"]["unit"]
    query = f"?kpi=dossier_on_time_share&period=2023-Q2&by=procedure&unit={unit}&sort=value&top=5"
    page = ask(show, query)
    keep(page, "08-worst-procedures-of-one")
    shares = get(hub_url, f"/v1/kpis/dossier_on_time_share?period=2023-Q2&by=procedure&unit={unit}")
    worst = sorted(float(f["value"]) for f in shares["figures"])[:5]
    values = page.locator('#answer tbody [data-column="value"] b').all_inner_texts()
    shown = [float(text.replace("%", "").replace(",", ".")) for text in values]
    assert shown == [pytest.approx(100 * value, abs=0.01) for value in worst]


@pytest.mark.pictured
@pytest.mark.parametrize("by", ["level", "field", "quarter", "week"])
def test_by_level_field_quarter_and_week(hub_url: str, show: Show, keep: Keep, by: str) -> None:
    page = ask(show, "?kpi=dossier_received_new&period=2023")
    page.locator('#question [name="by"]').select_option(by)
    page.locator('#question [type="submit"]').click()
    figures = get(hub_url, f"/v1/kpis/dossier_received_new?period=2023&by={by}")["figures"]
    expect(page.locator("#answer tbody tr")).to_have_count(len(figures), timeout=60_000)
    assert f"by={by}" in page.url
    keep(page, f"11-by-{by}")


@pytest.mark.pictured
def test_received_by_day_of_a_year_as_a_picture(show: Show, keep: Keep) -> None:
    page = ask(show, "?kpi=dossier_received_new&period=2023&by=day&show=chart&compare=last_year")
    expect(page.locator("#chart svg path.daily")).to_have_count(2)
    keep(page, "12-by-day-of-a-year")
    svg = save(page, "svg").decode()
    assert svg.startswith("<svg")
    assert "Hồ sơ tiếp nhận mới · 2023" in svg
    assert "stroke=" in svg
    assert save(page, "png")[:4] == b"\x89PNG"


def test_the_same_figure_by_the_units_of_then_and_of_today(hub_url: str, show: Show) -> None:
    page = ask(show, "?kpi=dossier_received_new&period=2023&by=level&compare=view:as_is")
    whole = get(hub_url, "/v1/kpis/dossier_received_new?period=2023")["figures"][0]["numerator"]
    # One total, whichever units it is told by.
    expect(page.locator("#beside")).to_contain_text(written(whole))
    expect(page.locator("#beside")).to_contain_text("hiện nay")


def test_what_changed_since_then_and_why(hub_url: str, show: Show) -> None:
    page = show("?show=changes&period=2023", path="ask")
    form = page.locator("#changes-asked")
    expect(form.locator('[name="since"]')).not_to_have_value("")
    assert form.locator('[name="since"]').input_value().endswith("T08:00")
    cut = get(hub_url, "/v1/kpis?period=2023")["as_of"]
    form.locator('[name="since"]').fill(cut[:19])
    form.locator('[type="submit"]').click()
    expect(page.locator("#changes-count")).to_contain_text("kỳ 2023", timeout=120_000)
    assert f"since={cut[:13]}" in page.url


@pytest.mark.pictured
def test_what_a_restated_month_was_and_who_caused_it(
    hub_url: str, hub_key: str, hub_env: dict[str, str], show: Show, keep: Keep
) -> None:
    close = ("period", "close", "2022-11", "--by", "An")
    run_hub(*close, env=hub_env, timeout=SECONDS_MAX).check_returncode()
    (before,) = get(hub_url, "/v1/kpis/dossier_received_new?period=2022-11")["figures"]
    since = get(hub_url, "/v1/kpis?period=2022-11")["as_of"]
    late = a_dossier("2022-11-17")
    assert post(hub_url, "/v1/events/dossier", hub_key, late) == 202
    # Accepted is durable, applied a moment later.
    while get(hub_url, "/v1/kpis?period=2022-11")["as_of"] == since:
        time.sleep(0.05)
    page = ask(show, "?kpi=dossier_received_new&period=2022-11")
    restated = page.locator("#restated")
    n = before["numerator"]
    expect(restated).to_contain_text("bởi An: " + written(n), timeout=60_000)
    expect(restated).to_contain_text(f"Bây giờ sẽ là: {written(n + 1)}")
    cause = restated.locator("tbody tr", has_text=late["dossier_code"])
    expect(cause).to_contain_text(f"{late['event_id']} (TEST)")
    keep(page, "14-what-a-month-was-before")
    # The same, as what changed since then.
    local = datetime.fromisoformat(since).replace(tzinfo=None).isoformat(timespec="seconds")
    page = show(f"?show=changes&period=2022-11&since={local}", path="ask")
    changed = page.locator('#changes article[data-kpi="dossier_received_new"]')
    expect(changed).to_contain_text("do dữ liệu đến: +1 ở tử số", timeout=120_000)
    changed.locator("summary").click()
    expect(changed).to_contain_text(late["event_id"])


def test_a_view_is_kept_under_a_name_in_this_browser(show: Show) -> None:
    page = ask(show, "?kpi=dossier_received_new&period=2023-05&by=level")
    saved = page.locator("#saved")
    saved.locator("summary").click()
    expect(saved).to_contain_text("chỉ giữ trong trình duyệt này")
    saved.locator('[name="name"]').fill("Đầu tháng")
    saved.locator('[type="submit"]').click()
    page.locator("#trail a").first.click()
    page.goto(page.url.replace("2023-05", "2023-06"))
    page.locator("#saved summary").click()
    page.locator("#views a").click()
    expect(page.locator("#answer-title")).to_contain_text("2023-05", timeout=60_000)
    assert "period=2023-05" in page.url
    assert "by=level" in page.url
    page.locator('#views button[aria-label="Xóa “Đầu tháng”"]').click()
    expect(page.locator("#views li")).to_have_count(0)


def test_what_is_asked_wrongly_is_said_in_both_languages(show: Show, forgiven: list[str]) -> None:
    forgiven.append("status of 400")
    page = show("?kpi=dossier_received_new&period=2023&unit=H57.9999", path="ask")
    expect(page.locator("#notices")).to_contain_text("không có trong danh mục", timeout=60_000)
    page = show("?kpi=dossier_received_new&period=2023&unit=H57.9999&lang=en", path="ask")
    expect(page.locator("#notices")).to_contain_text("neither the lists", timeout=60_000)


@pytest.mark.parametrize("width", [390, 1440, 3840])
def test_it_fits_every_screen(show: Show, width: int) -> None:
    query = "?kpi=dossier_online_share&period=2023&by=level&compare=last_year"
    page = ask(show, query, width=width)
    expect(page.locator("#answer tbody tr")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
