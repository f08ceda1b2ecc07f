"""What a person sees on the live page, in a real browser against a real hub."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.parts.starting import run_hub
from tests.parts.waiting import SECONDS_MAX

Show = Callable[..., Page]
DATA_MS_MAX = SECONDS_MAX * 1_000
PACE_SECONDS = 16  # a part of the page asks at most every 15 s


def get(hub_url: str, path: str) -> dict[str, Any]:
    with urlopen(hub_url + path, timeout=30) as answer:
        return cast(dict[str, Any], json.load(answer))


def post(hub_url: str, path: str, key: str, body: object) -> int:
    request = Request(
        hub_url + path,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=30) as answer:
        return cast(int, answer.status)


def as_percent(figure: dict[str, Any], point: str = ",", gap: str = "\u00a0") -> str:
    """A share as the page must print it, worked out here from the two integers."""
    exact = Decimal(figure["numerator"]) * 100 / Decimal(figure["denominator"])
    shown = exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return str(shown).replace(".", point) + gap + "%"


def as_count(number: int, mark: str = ".") -> str:
    return f"{number:,}".replace(",", mark)


def figure_of(hub_url: str, kpi: str) -> dict[str, Any]:
    (figure,) = get(hub_url, f"/v1/kpis/{kpi}?period=2023")["figures"]
    assert isinstance(figure, dict)
    return figure


def row(page: Page, kpi: str) -> Locator:
    return page.locator(f'#kpi-table tr[data-key="{kpi}"]')


def shown(page: Page, kpi: str) -> Locator:
    return row(page, kpi).locator("td.figure b")


def wait_for_all(page: Page) -> None:
    """The table has figures, the stations are drawn, the sources are there."""
    expect(shown(page, "dossier_received")).to_be_visible(timeout=DATA_MS_MAX)
    expect(page.locator("#stations svg")).to_have_count(12, timeout=DATA_MS_MAX)
    expect(page.locator("#sources .source").first).to_be_visible(timeout=DATA_MS_MAX)
    expect(page.locator("#progress")).to_be_hidden(timeout=DATA_MS_MAX)


def a_dossier(day: str) -> dict[str, str]:
    return {
        "event_id": uuid.uuid4().hex,
        "dossier_code": f"H57.132-230517-{uuid.uuid4().int % 10**9:09d}",
        "occurred_at": f"{day}T09:30:00+07:00",
        "kind": "received",
        "received_by": "H57.132",
        "procedure_code": "1.005129",
        "service_level": "full",
        "channel": "online",
        "due_at": "2023-06-24T17:00:00+07:00",
    }


def test_figures_are_those_of_the_api(hub_url: str, show: Show) -> None:
    page = show()
    online = figure_of(hub_url, "dossier_online_share")
    received = figure_of(hub_url, "dossier_received")
    expect(shown(page, "dossier_online_share")).to_have_text(
        as_percent(online), timeout=DATA_MS_MAX
    )
    expect(row(page, "dossier_online_share").locator("td.fraction")).to_have_text(
        f"{as_count(online['numerator'])} / {as_count(online['denominator'])}"
    )
    expect(shown(page, "dossier_received")).to_have_text(as_count(received["numerator"]))
    verdict = {True: "Đạt", False: "Không đạt"}[online["met"]]
    expect(row(page, "dossier_online_share").locator("td.met")).to_contain_text(verdict)


def test_every_kpi_of_the_four_groups_has_its_row(hub_url: str, show: Show) -> None:
    page = show()
    wait_for_all(page)
    kpis = get(hub_url, "/v1/kpis")["kpis"]
    wanted = {kpi["id"] for kpi in kpis if kpi["group"] != "source"}
    drawn = page.locator("#kpi-table tr[data-kpi]").evaluate_all(
        "rows => rows.map((row) => row.dataset.kpi)"
    )
    assert set(drawn) == wanted


def test_language_switches_and_is_kept(show: Show) -> None:
    page = show()
    wait_for_all(page)
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(page.locator("#kpis-title")).to_have_text("Bảng chỉ tiêu")

    page.locator('button[data-lang="en"]').click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#kpis-title")).to_have_text("KPIs")
    expect(shown(page, "dossier_online_share")).to_have_text(re.compile(r"^\d+\.\d\d%$"))

    page.goto(page.url.split("?", maxsplit=1)[0])
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_language_may_be_asked_for_in_the_address(show: Show) -> None:
    page = show("?lang=en&period=2023")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#link")).to_have_text("Live", timeout=DATA_MS_MAX)


def test_period_is_chosen_by_a_chip(show: Show) -> None:
    page = show("")
    chip = page.locator('#periods button[data-period="2023"]')
    chip.click(timeout=DATA_MS_MAX)
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(page.locator('#periods button[aria-pressed="true"]')).to_have_count(1)
    expect(page).to_have_url(re.compile(r"period=2023"))
    expect(shown(page, "dossier_received")).to_be_visible(timeout=DATA_MS_MAX)


def test_synthetic_data_say_so_on_the_screen(show: Show) -> None:
    for width in (1440, 390):
        page = show(width=width)
        wait_for_all(page)
        expect(page.locator("#synthetic")).to_contain_text("Dữ liệu tổng hợp (mô phỏng)")
        page.locator("#quality").scroll_into_view_if_needed()
        expect(page.locator("#synthetic strong")).to_be_in_viewport()


def test_each_station_has_a_chart_with_its_two_lines(show: Show) -> None:
    page = show()
    wait_for_all(page)
    expect(page.locator("#stations svg path.daily")).to_have_count(12)
    for path in page.locator("#stations svg path.daily").all():
        assert re.match(r"M[\d.]+ [\d.]+", path.get_attribute("d") or "")
    expect(page.locator("#stations svg line.limit")).to_have_count(24)


def test_missing_days_are_gaps(hub_url: str, show: Show) -> None:
    """A path has as many pen-downs as there are runs of neighbouring days in the answer."""
    page = show()
    wait_for_all(page)
    measured: dict[str, list[date]] = {}
    for figure in get(hub_url, "/v1/kpis/salinity_max?period=2023&by=station,day")["figures"]:
        if figure["value"] is not None:
            dims = figure["dims"]
            measured.setdefault(dims["station"], []).append(date.fromisoformat(dims["day"]))
    for card in page.locator("#stations .station").all():
        days = set(measured[card.get_attribute("data-station") or ""])
        runs = sum(day - timedelta(days=1) not in days for day in days)
        drawn = card.locator("path.daily").get_attribute("d") or ""
        assert drawn.count("M") == runs


def test_a_day_can_be_read_with_the_keyboard(show: Show) -> None:
    page = show()
    wait_for_all(page)
    card = page.locator("#stations .station").first
    card.locator("svg").focus()
    page.keyboard.press("Home")
    expect(card.locator(".tip")).to_have_text(re.compile(r"^\d\d/\d\d/2023 "))
    first = card.locator(".tip").inner_text()
    page.keyboard.press("ArrowRight")
    expect(card.locator(".tip")).not_to_have_text(first)
    page.keyboard.press("Escape")
    expect(card.locator(".tip")).to_be_hidden()


def test_each_source_has_a_card_with_four_values(hub_url: str, show: Show) -> None:
    page = show()
    wait_for_all(page)
    sources = {
        figure["dims"]["source"]
        for figure in get(hub_url, "/v1/kpis/source_valid_share?by=source")["figures"]
    }
    cards = page.locator("#sources .source").all()
    assert sources
    assert sources <= {card.get_attribute("data-source") for card in cards}
    for card in cards:
        assert card.locator("dt").all_inner_texts() == ["Đúng", "Đủ", "Sạch", "Sống"]
        for mark in card.locator(".mark").all():
            assert re.search(r"\w", mark.inner_text()), "a level is a word, not only a colour"


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_body_never_scrolls_sideways(show: Show, lang: str, width: int, height: int) -> None:
    page = show(f"?period=2023&lang={lang}", width, height)
    wait_for_all(page)
    row(page, "dossier_received").locator(".opener").press("Enter")
    expect(page.locator("svg.months")).to_be_visible(timeout=DATA_MS_MAX)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_row_opens_and_closes_with_the_keyboard(hub_url: str, show: Show) -> None:
    page = show()
    wait_for_all(page)
    opener = row(page, "dossier_online_share").locator(".opener")
    below = page.locator(f"#{opener.get_attribute('aria-controls')}")
    expect(opener).to_have_attribute("aria-expanded", "false")
    expect(below).to_be_hidden()

    opener.focus()
    page.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")
    figure = figure_of(hub_url, "dossier_online_share")
    expect(below).to_contain_text(figure["definition_version"])
    expect(below.locator("svg.months circle.dot").first).to_be_visible(timeout=DATA_MS_MAX)

    page.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "false")
    expect(below).to_be_hidden()


def test_a_posted_event_changes_the_figure_without_reload(
    hub_url: str, hub_key: str, show: Show
) -> None:
    page = show()
    wait_for_all(page)
    expect(page.locator("#link")).to_have_text("Sống", timeout=DATA_MS_MAX)
    page.evaluate("window.isSamePage = true")
    before = figure_of(hub_url, "dossier_received")["numerator"]
    expect(shown(page, "dossier_received")).to_have_text(as_count(before))

    assert post(hub_url, "/v1/events/dossier", hub_key, a_dossier("2023-05-17")) == 202

    expect(shown(page, "dossier_received")).to_have_text(as_count(before + 1), timeout=DATA_MS_MAX)
    assert page.evaluate("window.isSamePage") is True
    online = figure_of(hub_url, "dossier_online_share")
    expect(shown(page, "dossier_online_share")).to_have_text(as_percent(online))


def test_a_closed_month_stays_and_says_what_it_would_be(
    hub_url: str, hub_key: str, hub_env: dict[str, str], show: Show
) -> None:
    close = ("period", "close", "2023-02", "--by", "An")
    run_hub(*close, env=hub_env, timeout=SECONDS_MAX).check_returncode()
    (before,) = get(hub_url, "/v1/kpis/dossier_received_new?period=2023-02")["figures"]
    kpi = "dossier_received_new"
    page = show("?period=2023-02")
    status = row(page, kpi).locator("td.status")
    expect(status).to_have_text("Chính thức", timeout=DATA_MS_MAX)

    assert post(hub_url, "/v1/events/dossier", hub_key, a_dossier("2023-02-17")) == 202

    count = as_count(before["numerator"] + 1)
    expect(status).to_have_text(f"Điều chỉnhnay là {count}", timeout=DATA_MS_MAX)
    expect(shown(page, kpi)).to_have_text(as_count(before["numerator"]))
    row(page, kpi).get_by_role("button").click()
    panel = page.locator(f'#kpi-table tr[data-key="{kpi}"] + tr .facts')
    expect(panel).to_contain_text("Chốt lúc")
    expect(panel).to_contain_text(f"Nếu tính bây giờ{count}")
    why = panel.get_by_role("link", name="Vì những sự kiện nào").get_attribute("href")
    said = get(hub_url, str(why))["restatements"]
    assert {"numerator": 1, "denominator": 0} in [r["difference"] for r in said]


def test_the_page_is_shown_as_it_was(hub_url: str, hub_key: str, show: Show) -> None:
    page = show()
    wait_for_all(page)
    expect(page.locator("#link")).to_have_text("Sống", timeout=DATA_MS_MAX)
    before = figure_of(hub_url, "dossier_received")["numerator"]
    then = datetime.fromisoformat(figure_of(hub_url, "dossier_received")["at"])
    then = then.replace(microsecond=0) + timedelta(seconds=1)
    while datetime.now(then.tzinfo) <= then:
        page.wait_for_timeout(100)
    assert post(hub_url, "/v1/events/dossier", hub_key, a_dossier("2023-05-17")) == 202
    expect(shown(page, "dossier_received")).to_have_text(as_count(before + 1), timeout=DATA_MS_MAX)

    local = then.astimezone(timezone(timedelta(hours=7))).strftime("%Y-%m-%dT%H:%M:%S")
    page.locator("#as-of").fill(local)
    page.locator("#as-of").dispatch_event("change")
    expect(shown(page, "dossier_received")).to_have_text(as_count(before), timeout=DATA_MS_MAX)
    expect(page.locator("#link")).to_have_text("Số liệu tại thời điểm đã chọn")
    expect(page.locator("#quality")).to_be_hidden()
    page.reload()
    expect(shown(page, "dossier_received")).to_have_text(as_count(before), timeout=DATA_MS_MAX)
    expect(page.locator("#as-of")).to_have_value(local)

    page.get_by_role("button", name="Về hiện tại").click()
    expect(shown(page, "dossier_received")).to_have_text(as_count(before + 1), timeout=DATA_MS_MAX)
    expect(page.locator("#link")).to_have_text("Sống", timeout=DATA_MS_MAX)
    expect(page.locator("#quality")).to_be_visible()


def test_api_trouble_is_told_in_the_reader_s_language(show: Show, forgiven: list[str]) -> None:
    forgiven.append("503")
    page = show("?period=2023&lang=vi")
    wait_for_all(page)
    page.route(
        "**/v1/kpis?period=*",
        lambda route: route.fulfill(
            status=503,
            content_type="application/problem+json",
            body='{"status": 503, "message_vi": "Kho đang bận", "message_en": "The store is busy"}',
        ),
    )
    page.reload()
    expect(page.locator(".notice")).to_contain_text("Kho đang bận", timeout=DATA_MS_MAX)
    page.locator('button[data-lang="en"]').click()
    expect(page.locator(".notice")).to_contain_text("The store is busy")
    page.unroute("**/v1/kpis?period=*")
    page.locator(".notice button").first.click()
    expect(page.locator(".notice")).to_have_count(0)


def test_a_moment_that_is_not_kept_leaves_no_row_waiting(show: Show, forgiven: list[str]) -> None:
    forgiven.append("400")
    page = show("?period=2023&lang=vi&as_of=1999-01-01T00:00:00")
    expect(page.locator(".notice")).to_contain_text("không còn giữ số liệu", timeout=DATA_MS_MAX)
    expect(row(page, "dossier_received").locator("td.figure")).to_have_text("chưa có số liệu")
    expect(page.locator("#kpi-table")).not_to_contain_text("đang đọc")


def test_a_published_figure_that_differs_is_marked(hub_url: str, show: Show) -> None:
    """At a hundredth of its size the demo has other counts, and the same shares."""
    page = show()
    wait_for_all(page)
    counted = row(page, "dossier_received").locator("td.published")
    expect(counted).to_have_text("605.859 ≠ khác số tính được")
    board = get(hub_url, "/v1/kpis?period=2023")["figures"]
    (share,) = [f for f in board if f["kpi"] == "dossier_online_share"]
    is_same = as_percent(share, gap=" ") == share["published"]["printed"]
    mark = "✓ khớp" if is_same else "≠ khác số tính được"
    printed = row(page, "dossier_online_share").locator("td.published")
    expect(printed).to_have_text(f"35,32 % {mark}")
    # Printed without decimals, it is the same.
    rounded = row(page, "document_online_share_province").locator("td.published")
    expect(rounded).to_have_text("89 % ✓ khớp")


def test_an_empty_hub_says_how_to_begin(show: Show) -> None:
    page = show("?lang=vi")
    wait_for_all(page)
    page.route(
        "**/v1/kpis",
        lambda route: route.fulfill(
            json={"kpis": [], "periods": [], "default_period": "2023", "synthetic": False}
        ),
    )
    page.route(
        "**/v1/kpis?period=*",
        lambda route: route.fulfill(
            json={"period": "2023", "as_of": "2026-01-01T00:00:00+07:00", "figures": []}
        ),
    )
    page.reload()
    expect(page.locator("#empty")).to_be_visible(timeout=DATA_MS_MAX)
    expect(page.locator("#empty")).to_contain_text("/v1/events/dossier")
    expect(page.locator("#synthetic")).to_be_hidden()


@pytest.mark.parametrize(
    ("numerator", "denominator", "vi", "en"),
    [
        (213_995, 605_859, "35,32\u00a0%", "35.32%"),
        (1, 8_000, "0,01\u00a0%", "0.01%"),  # 0.0125 %
        (1, 20_000, "0,01\u00a0%", "0.01%"),  # 0.005 % exactly: half goes up
        (2_675, 100_000, "2,68\u00a0%", "2.68%"),  # 2.675 as a float rounds down
        (999_999, 1_000_000, "100,00\u00a0%", "100.00%"),
    ],
)
def test_shares_round_half_up_from_integers(
    show: Show, numerator: int, denominator: int, vi: str, en: str
) -> None:
    page = show()
    figure = {
        "numerator": numerator,
        "denominator": denominator,
        "scale": 1,
        "measure_unit": "share",
        "value": "0",
    }
    written = page.evaluate(
        "figure => import('/page/strings.js').then(({ figureText }) =>"
        " ['vi', 'en'].map((lang) => figureText(figure, lang).text))",
        figure,
    )
    assert written == [vi, en]


def test_the_page_needs_nothing_from_outside(hub_url: str, show: Show) -> None:
    with urlopen(hub_url + "/", timeout=30) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    page = show()
    wait_for_all(page)
    fetched = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [name for name in fetched if not name.startswith(hub_url)] == []


def test_a_page_open_on_a_past_year_asks_for_nothing_again(
    hub_url: str, hub_key: str, show: Show
) -> None:
    """The demo's live events are of the present year: 2023 has nothing new to show."""
    page = show()
    wait_for_all(page)
    expect(page.locator("#link")).to_have_text("Sống", timeout=DATA_MS_MAX)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # All that it asks for at first was asked: for longer than its parts pace themselves by nothing
    # more was, however slow the answers are.
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < PACE_SECONDS:
        seen = len(asked)
        page.wait_for_timeout(250)
        if len(asked) > seen:
            quiet_since = time.monotonic()
    asked.clear()
    before = page.locator("#cut").inner_text()
    today = datetime.now(timezone(timedelta(hours=7))).strftime("%Y-%m-%d")
    event = a_dossier(today) | {"due_at": f"{today}T23:00:00+07:00"}
    event["occurred_at"] = f"{today}T00:00:00+07:00"
    assert post(hub_url, "/v1/events/dossier", hub_key, event) == 202
    # The stream says every fifteen seconds how far the hub is.
    expect(page.locator("#cut")).not_to_have_text(before, timeout=DATA_MS_MAX)
    assert [url for url in asked if "/v1/kpis" in url] == []
