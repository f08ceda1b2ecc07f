"""The page of water in a real browser: it alone answers what a sluice operator asks."""

import csv
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from hub.clock import from_us
from hub.water.stations import Series
from stream_jobs.worked import salinity
from tests.browser.conftest import Elsewhere
from tests.parts import lists
from tests.parts.sea import instant, sea
from tests.parts.waiting import SECONDS_MAX
from tests.stories.conftest import Served

Show = Callable[..., Page]
MS_MAX = SECONDS_MAX * 1_000
NOW = instant("2023-03-20T06:00")
AT = "at=2023-03-20T06:00"
SALT = 0.25  # of the tests' sea: a station where water of less than 1 g/L comes each day

STATIONS = """\
code,name_vi,branch,chainage_km,owner,limit_drinking,limit_orchard,limit_rice,valid_from,valid_to,source
ST01,Cống một,Tiền,5,,,1,4,2021-01-01,,
ST02,Trạm hai,Tiền,20,Chi cục Thủy lợi,0.5,1,,2021-01-01,,
ST03,Trạm ba,Tiền,12,,,,,2021-01-01,,
"""
THRESHOLDS = """\
quantity,station,test,threshold,hours,valid_from,valid_to,source
salinity,,spike,3,2,2021-01-01,,
"""
# ST02, up to 20/3 6:00. This week, 168 hours from 13/3 7:00 on: 1.2 in eight hours, then 0.6, but
# for a spike of 9 g/L on 19/3 at 20:00. The week before, by the clock: 1.5 in four hours, then 0.4.
WEEKS = [*[1.5] * 4, *[0.4] * 164, *[1.2] * 8, *[0.6] * 160]
SPIKE = datetime.fromisoformat("2023-03-19T20:00+07:00")
TEXTS = {
    "vi": {
        "next": "Lần tới dưới 1 g/L",
        "short": "Không công bố giờ lấy nước: cần nửa năm số đo",
        "line": "Ranh 1 g/L: trong khoảng km 5 đến km 20",
        "gap": "ST03 (km 12) thiếu số đo",
        "point": ",",
    },
    "en": {
        "next": "Next below 1 g/L",
        "short": "No window is told: half a year of values",
        "line": "Line of 1 g/L: between km 5 and km 20",
        "gap": "ST03 (km 12) misses values",
        "point": ".",
    },
}


@pytest.fixture(scope="module")
def salt() -> Series:
    """The water at ST01: up to `NOW` it is measured, and what came of it is known after that."""
    series = sea(instant("2022-02-15T00:00"), NOW + timedelta(days=8), seed=7)
    return Series(series.at, (series.grams * SALT).round(3))


def readings(salt: Series) -> Iterator[dict[str, Any]]:
    """Write what the stations sent; ST03 ended two days before."""
    until = salt.at <= int(NOW.timestamp() * 1_000_000)
    for at, grams in zip(salt.at[until].tolist(), salt.grams[until].tolist(), strict=True):
        yield salinity("ST01", f"{from_us(at):%Y-%m-%dT%H:%M}", grams)
    first = NOW - timedelta(hours=len(WEEKS) - 1)
    for hour, grams in enumerate(WEEKS):
        at = first + timedelta(hours=hour)
        yield salinity("ST02", f"{at:%Y-%m-%dT%H:%M}", 9.0 if at == SPIKE else grams)
        if at < NOW - timedelta(days=2):
            yield salinity("ST03", f"{at:%Y-%m-%dT%H:%M}", 0.9)


@pytest.fixture(scope="module")
def river(tmp_path_factory: pytest.TempPathFactory, salt: Series) -> Iterator[Served]:
    """A hub with three stations on one branch."""
    folder = tmp_path_factory.mktemp("river")
    shutil.copytree(lists.FOLDER, folder / "lists")
    (folder / "lists" / "stations.csv").write_text(STATIONS, "utf-8")
    (folder / "lists" / "thresholds.csv").write_text(THRESHOLDS, "utf-8")
    served = Served(folder / "hub")
    served.env["HUB_REFERENCE_DIR"] = str(folder / "lists")
    served.create_key()
    served.start()
    try:
        sent = list(readings(salt))
        for start in range(0, len(sent), 2_000):
            assert served.post("reading", sent[start : start + 2_000]).status_code == 202
        served.settle()
        yield served
    finally:
        served.kill()


@pytest.fixture
def look(show: Show, river: Served) -> Callable[..., Page]:
    """Opens the page of the river, and waits until all of it is read."""

    def open_page(query: str = AT, width: int = 1440, height: int = 900) -> Page:
        page = show(width=width, height=height, path="water")
        page.goto(f"{river.url}/water?{query}")
        settled(page)
        return page

    return open_page


def settled(page: Page) -> None:
    expect(page.locator("#branches .branch").first).to_be_visible(timeout=MS_MAX)
    expect(page.locator('main [aria-busy="true"]:visible')).to_have_count(0, timeout=MS_MAX)


def sums(page: Page, name: str) -> list[str]:
    return page.locator(f'#week-sums tr[data-sum="{name}"] td').all_inner_texts()


def drawn(page: Page, station: str) -> Locator:
    return page.locator(f'svg.river [data-station="{station}"]')


@pytest.mark.pictured
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_this_week_against_the_last_and_the_next_window_are_answered_by_the_page(
    look: Callable[..., Page], river: Served, salt: Series, keep: Callable[..., None], lang: str
) -> None:
    words = TEXTS[lang]
    page = look(f"{AT}&station=ST02&by=clock&lang={lang}")
    comma = words["point"]

    def written(*numbers: str) -> list[str]:
        return [n.replace(".", comma) for n in numbers]

    # By hand, of `WEEKS`; the spike is in neither.
    assert sums(page, "max") == written("1.2", "1.5", "−0.3")
    assert sums(page, "min") == written("0.6", "0.4", "+0.2")
    assert sums(page, "over-0.5") == ["167", "4", "+163"]
    assert sums(page, "over-1") == ["8", "4", "+4"]
    assert sums(page, "hours") == ["167", "168", "−1"]
    # Two weeks of values foretell nothing: the reason stands where the window would.
    expect(page.locator("#next-window")).to_contain_text(words["short"])

    drawn(page, "ST01").click()
    settled(page)
    told = river.get("/v1/stations/ST01", at="2023-03-20T06:00+07:00").json()
    window = next(w for w in told["windows"] if w["limit"] == 1)
    begin, end = (datetime.fromisoformat(window[name]) for name in ("from", "until"))
    said = page.locator("#next-window")
    expect(said).to_contain_text(words["next"])
    expect(said).to_contain_text(f"{begin:%d/%m %H:%M}")
    expect(said).to_contain_text(f"{end:%d/%m %H:%M}")
    expect(said).to_contain_text(f"{window['at_most']:g}".replace(".", comma))
    if lang == "vi":
        keep(page, "03-this-week-and-the-next-window", "#station-title")
    # What came of it: in that window the sea was indeed below 1 g/L.
    inside = salt.within(int(begin.timestamp() * 1e6), int(end.timestamp() * 1e6) + 1)
    assert len(inside.grams) >= 2
    assert inside.grams.max() < 1
    # The naive forecast's error stands beside ours.
    for name in ("mean_error", "naive_mean_error"):
        error = f"{told['trial'][name]:g}".replace(".", comma)
        expect(page.locator("#trial")).to_contain_text(error)
    count = sum(w["limit"] == 1 for w in told["windows"])
    expect(page.locator("#window-table tbody tr")).to_have_count(count)
    expect(page.locator("#forecast-plot rect.window")).to_have_count(count)
    expect(page.locator("#forecast-table tbody tr")).to_have_count(168)


def test_another_threshold_has_other_windows_and_is_kept_in_the_address(
    look: Callable[..., Page], river: Served
) -> None:
    page = look(f"{AT}&station=ST01&limit=4")
    windows = river.get("/v1/stations/ST01", at="2023-03-20T06:00+07:00").json()["windows"]
    below_4 = [w for w in windows if w["limit"] == 4]
    expect(page.locator("#window-table tbody tr")).to_have_count(len(below_4))
    expect(page.locator('[data-limit="4"]')).to_contain_text("lúa")
    page.locator('[data-limit="1"]').click()
    expect(page.locator("#next-window")).to_contain_text("Lần tới dưới 1 g/L")
    expect(page.locator('[data-limit="1"]')).to_be_focused()
    assert "limit=1" in page.url
    # A station without the limit that is asked for is told below 1 g/L, and says so.
    drawn(page, "ST02").click()
    settled(page)
    page.locator('[data-limit="0.5"]').click()
    drawn(page, "ST01").click()
    settled(page)
    expect(page.locator('[data-limit][aria-pressed="true"]')).to_have_text("1 g/L (cây ăn trái)")
    expect(page.locator("#next-window")).to_contain_text("Lần tới dưới 1 g/L")


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_silent_station_widens_the_line_and_is_named(
    look: Callable[..., Page], lang: str
) -> None:
    # The last tidal day's peak of ST01 (km 5) is over 1 g/L, that of ST02 (km 20) is 0.6; ST03
    # (km 12), which measured 0.9, has been silent for two days: it would have ended the interval.
    page = look(f"{AT}&lang={lang}")
    branch = page.locator('[data-branch="Tiền"]')
    expect(branch.locator('[data-line="1"]')).to_have_text(TEXTS[lang]["line"])
    expect(branch).to_contain_text(TEXTS[lang]["gap"])
    expect(branch.locator("svg .may-0")).to_have_count(1)
    expect(drawn(page, "ST03")).to_have_class("station stale")
    expect(drawn(page, "ST01")).to_have_class("station good")
    # A day later there is nothing at all: no end is known, and nothing is called fresh.
    page.goto(page.url.replace("2023-03-20", "2023-03-22"))
    settled(page)
    for grams in (1, 4):
        line = branch.locator(f'[data-line="{grams}"]')
        expect(line).to_contain_text("không rõ đến đâu" if lang == "vi" else "no end known")


def test_flagged_values_are_marked_told_and_in_the_file(
    look: Callable[..., Page], tmp_path: Path
) -> None:
    page = look(f"{AT}&station=ST02&by=clock")
    expect(page.locator("#unchecked")).to_be_hidden()
    expect(page.locator("#week-plot .flagged")).to_have_count(1)
    expect(page.locator("#week-flags")).to_contain_text("1 số đo bị gắn cờ")
    page.locator("details", has=page.locator("#week-hours")).locator("summary").click()
    row = page.locator("#week-hours tbody tr", has_text="19/03 20:00")
    expect(row).to_contain_text("9 (đột biến)")
    expect(page.locator("#week-hours tbody tr")).to_have_count(168)
    with page.expect_download() as started:
        page.locator('.files [data-format="csv"]').click()
    assert started.value.suggested_filename == "do-man-ST02-2023-03-20.csv"
    started.value.save_as(tmp_path / "weeks.csv")
    text = (tmp_path / "weeks.csv").read_text("utf-8-sig")
    rows = list(csv.reader(text.splitlines(), delimiter=";"))
    assert len(rows) == 1 + 168
    assert rows[1] == ["13/03/2023 07:00", "1.2", "1.2", "1.5", "1.5", ""]
    (flagged,) = [row for row in rows if row[0] == "19/03/2023 20:00"]
    assert flagged == ["19/03/2023 20:00", "", "", "0.4", "0.4", "9 (spike)"]
    with page.expect_download() as started:
        page.locator('.files [data-format="xlsx"]').click()
    assert started.value.suggested_filename.endswith(".xlsx")


def test_the_week_before_is_laid_by_the_tide_or_by_the_clock_and_that_is_said(
    look: Callable[..., Page],
) -> None:
    page = look(f"{AT}&station=ST02")
    expect(page.locator("#by-said")).to_contain_text("7 ngày 5 giờ 50 phút")
    # By the tide the week before began 5 h 50 min earlier, when nothing was measured yet: on 6/3
    # at 7:00, which stands on 13/3 12:50. Its last is 13/3 0:10; so five hours at its begin, from
    # 13/3 7:00 on, have none, and 1.5 g/L still is in four.
    assert sums(page, "over-1") == ["8", "4", "+4"]
    page.locator('[data-by="clock"]').click()
    settled(page)
    expect(page.locator("#by-said")).to_contain_text("cùng giờ trên đồng hồ")
    assert sums(page, "hours")[1] == "168"
    assert "by=clock" in page.url


def test_an_hour_is_read_with_the_keyboard(look: Callable[..., Page]) -> None:
    page = look(f"{AT}&station=ST02&by=clock")
    page.locator("#week-plot svg").focus()
    for key in ("Home", "ArrowRight"):
        page.keyboard.press(key)
    read = page.locator("week-chart .readout")
    expect(read).to_have_text("13/03 08:00: tuần này 1,2, tuần trước 1,5 g/L")
    page.keyboard.press("Escape")
    expect(read).to_contain_text("phím mũi tên")
    drawn(page, "ST01").focus()
    page.keyboard.press("Enter")
    settled(page)
    expect(page.locator("#station-title")).to_have_text("Trạm ST01")
    expect(drawn(page, "ST01")).to_be_focused()


def test_the_page_says_at_which_instant_it_stands_and_moves(look: Callable[..., Page]) -> None:
    page = look(f"{AT}&station=ST02")
    expect(page.locator("#stands-at")).to_have_text("20/03/2023 06:00:00")
    expect(page.locator("#link")).to_have_text("Số liệu đã qua")
    page.get_by_role("button", name="← 7 ngày").click()
    settled(page)
    expect(page.locator("#stands-at")).to_have_text("13/03/2023 06:00:00")
    assert sums(page, "max")[0] == "1,5"  # what was the week before
    # Before the list has any station, it says how to load one.
    page.locator("#at").fill("2020-05-01T08:00")
    expect(page.locator("#nothing")).to_contain_text("hub reference load", timeout=MS_MAX)
    expect(page.locator("#branches")).to_be_hidden()
    # Now, years after the last value, every station is old and nothing is told.
    page.locator("#at-now").click()
    expect(page.locator("#nothing")).to_contain_text("Không trạm nào", timeout=MS_MAX)
    expect(page.locator("#link")).to_have_text("Sống", timeout=MS_MAX)


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900), (3840, 2160)])
def test_it_fits_its_screen_in_the_dark_and_on_paper(
    look: Callable[..., Page], lang: str, width: int, height: int
) -> None:
    page = look(f"{AT}&station=ST01&lang={lang}", width, height)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        overflow = page.evaluate_handle("document.documentElement").evaluate(
            "node => node.scrollWidth - innerWidth"
        )
        assert overflow <= 0, scheme
    # Texts of drawings keep their size: a unit is a sixteenth of the page's font size.
    tick = page.locator("#week-plot svg text").first.bounding_box()
    assert tick is not None
    assert 8 < tick["height"] < 30
    page.emulate_media(media="print")
    expect(page.locator("#instant")).to_be_hidden()
    expect(page.locator("#week-plot svg")).to_be_visible()
    expect(page.locator("#next-window")).to_be_visible()


def test_every_drawing_has_a_name_and_its_numbers_as_a_table(look: Callable[..., Page]) -> None:
    page = look(f"{AT}&station=ST01")
    for drawing in page.locator("main svg[role]").all():
        assert drawing.get_attribute("aria-label")
    for station in ("ST01", "ST02", "ST03"):
        label = drawn(page, station).get_attribute("aria-label") or ""
        assert label.startswith(station)
        expect(page.locator(f'#station-list tr[data-station="{station}"]')).to_be_visible()
    for table in ("#week-hours", "#forecast-table", "#window-table", "#days table"):
        assert page.locator(f"{table} th[scope]").count() > 3
        assert page.locator(f"{table} tbody tr").count() > 0


def test_a_lost_hub_is_said_and_what_was_read_stays(
    look: Callable[..., Page], forgiven: list[str]
) -> None:
    forgiven += ["ERR_INTERNET_DISCONNECTED", "net::ERR"]
    page = look(f"{AT}&station=ST02&by=clock")
    page.route("**/v1/**", lambda route: route.abort())
    page.get_by_role("button", name="cùng pha triều").click()
    expect(page.locator(".notice")).to_contain_text("Không liên lạc được với máy chủ")
    assert page.locator("svg.river").count() == 1


def test_without_a_key_it_asks_for_one_and_an_empty_hub_says_how_to_begin(
    show: Show, elsewhere: Elsewhere, forgiven: list[str]
) -> None:
    forgiven.append("status of 401")
    page = show(path="water")
    page.goto(f"{elsewhere.url}/water?lang=en")
    expect(page.locator("#key")).to_be_visible()
    expect(page.locator("#nothing")).to_be_hidden()
    page.locator("#key").fill(elsewhere.key)
    page.locator("#key-form button").click()
    expect(page.locator("#nothing")).to_contain_text("hub reference load", timeout=MS_MAX)
    expect(page.locator("#link")).to_have_text("Live", timeout=MS_MAX)
    forgiven.append("net::ERR")
    elsewhere.kill()
    expect(page.locator("#link")).to_have_text("Disconnected", timeout=MS_MAX)
    elsewhere.start()
    expect(page.locator("#link")).to_have_text("Live", timeout=MS_MAX)
    page.goto("about:blank")  # the stream ends in order


def test_the_demo_opens_where_it_has_figures_and_leads_to_its_saltiest_day(
    show: Show, hub_url: str
) -> None:
    page = show()
    page.locator('.pages [data-page="water"]').click()
    # At a hundredth the demo has the first days of January alone: that is said, with where to go.
    expect(page.locator("#stands-at")).to_have_text("31/12/2023 23:59:00", timeout=30_000)
    expect(page.locator("#synthetic")).to_be_visible()
    page.locator("#nothing button", has_text="ngày mặn nhất").click()
    settled(page)
    expect(page.locator("svg.river")).to_have_count(2)
    expect(page.locator("svg.river .station")).to_have_count(12)
    # That day is the last that was sent, and no whole one: by its end the values are old.
    expect(page.locator("#station-list tbody tr", has_text="số đo cũ")).to_have_count(12)
    expect(page.locator("#unchecked")).to_be_visible()
    body = page.request.get(f"{hub_url}/v1/kpis/salinity_max?period=2023&by=day").json()
    peak = max(body["figures"], key=lambda f: f["numerator"])
    assert f"at={peak['dims']['day']}" in page.url
