"""Questions that hang on the day on which they are asked, put to the page of a small province.

It is Tuesday, 16 September 2025, 08:30 in Vietnam, for the hub as for the browser. Communes An and
Binh were merged on 1 July, and the new one has the code of An; Cao was renamed. What must be seen
is worked out by hand from the few dossiers below.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.access import keys
from hub.access.scope import WHOLE
from hub.http import serving
from hub.opening import open_hub, running
from hub.settings import Settings
from stream_jobs.worked import received
from tests.parts import lists, loopback
from tests.stories.conftest import free_port

pytestmark = pytest.mark.pictured

Keep = Callable[[Page, str], None]
Look = Callable[[str], Page]
MONDAY, TUESDAY = "2025-09-15T07:30:00+07:00", "2025-09-16T08:30:00+07:00"
UNITS = """\
code,name_vi,level,parent,valid_from,valid_to,source
H57,Tỉnh Mẫu,province,,2021-01-01,,
H57.1,Sở Nội vụ,department,H57,2021-01-01,,
H57.41,Xã An,commune,H57,2021-01-01,2025-07-01,
H57.42,Xã Bình,commune,H57,2021-01-01,2025-07-01,
H57.43,Xã Cao,commune,H57,2021-01-01,2025-07-01,
H57.41,Xã An Bình,commune,H57,2025-07-01,,
H57.43,Xã Cao Thượng,commune,H57,2025-07-01,,
"""
LINEAGE = """\
from_code,to_code,date,kind,weight,source
H57.41,H57.41,2025-07-01,merge,,
H57.42,H57.41,2025-07-01,merge,,
H57.43,H57.43,2025-07-01,rename,,
"""
TARGETS = """\
kpi,level,unit,valid_from,valid_to,op,value,pace,source
dossier_received_new,province,,2025-01-01,2026-01-01,>=,60,working_days,test
dossier_online_share_new,province,,2025-01-01,2026-01-01,>=,0.5,,test
"""
# How many dossiers each received in 2024, and this year by the last day on which it sent any.
LAST_YEAR = {"H57.41": 12, "H57.42": 8, "H57.43": 10, "H57.1": 20}
THIS_YEAR = {"H57.41": (6, "2025-09-10"), "H57.43": (9, "2025-09-15"), "H57.1": (15, "2025-09-12")}


def dossiers(unit: str, n: int, day: str) -> Iterator[dict[str, Any]]:
    """Write `n` dossiers of a unit, of which every third one, or one more, is online."""
    number = unit.rpartition(".")[2]
    for i in range(n):
        code = f"{unit}-{day[2:].replace('-', '')}-{number.zfill(2)}{i:02}"
        channel = "online" if i % 3 == 0 else "counter"
        yield received(code, day, channel) | {"received_by": unit, "resolved_by": unit}


class Day:
    """A hub on a clock of its own, which goes on from whatever instant it is set to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.comes(MONDAY)

    def comes(self, instant: str) -> None:
        """Let it be an instant."""
        self._set_to, self._set_at = datetime.fromisoformat(instant), time.monotonic()

    def clock(self) -> datetime:
        """Give the instant that it is."""
        return self._set_to + timedelta(seconds=time.monotonic() - self._set_at)

    def send(self, *events: dict[str, Any]) -> None:
        """Send events, and wait until they are applied."""
        key = {"Authorization": "Bearer hub_one_stop"}
        sent = loopback.post(f"{self.url}/v1/events/dossier", json=list(events), headers=key)
        assert sent.status_code == 202, sent.text
        while any(loopback.get(f"{self.url}/readyz").json()["lag_events"].values()):
            time.sleep(0.02)


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The province: loaded on Monday at 07:30; on Tuesday at 08:30 two dossiers more come."""
    folder = tmp_path_factory.mktemp("province")
    reference = folder / "lists"
    shutil.copytree(lists.FOLDER, reference)
    for name, text in (("units", UNITS), ("lineage", LINEAGE), ("targets", TARGETS)):
        (reference / f"{name}.csv").write_text(text, "utf-8")
    listen = f"127.0.0.1:{free_port()}"
    day = Day(f"http://{listen}")
    settings = Settings(data_dir=folder / "hub", listen=listen, reference_dir=reference)
    with open_hub(settings, day.clock) as hub, running(hub):
        made = keys.Made("id-one_stop", "hub_one_stop")
        keys.create(hub.store, hub.clock, "one_stop", WHOLE, made=made)
        server = serving.make_server(hub)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            _fill(day)
            yield day
        finally:
            server.should_exit = True
            thread.join()


def _fill(day: Day) -> None:
    day.send(*(e for unit, n in LAST_YEAR.items() for e in dossiers(unit, n, "2024-05-06")))
    late = {"due_at": "2025-09-15T17:00:00+07:00"}  # of one of them, on Monday
    some = [e for unit, (n, on) in THIS_YEAR.items() for e in dossiers(unit, n, on)]
    # What is sent on Monday at half past seven was received by then.
    some = [e | {"occurred_at": e["occurred_at"].replace("T08:", "T07:")} for e in some]
    day.send(some[0] | late, *some[1:])
    day.comes(TUESDAY)
    new = [received(f"H57.43-250916-430{i}", "2025-09-16", "online") for i in (1, 2)]
    named = {"received_by": "H57.43", "resolved_by": "H57.43"}
    day.send(*(e | named | {"event_id": f"tuesday-{i}"} for i, e in enumerate(new, 1)))


@pytest.fixture
def look(chromium: Browser, province: Day) -> Iterator[Look]:
    """Opens a page on that Tuesday, and waits until what it asks is answered."""
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, timezone_id="Asia/Ho_Chi_Minh"
    )
    complaints: list[str] = []

    def opened(path: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.clock.set_fixed_time("2025-09-16T08:30:00+07:00")
        page.goto(f"{province.url}/{path}")
        if "kpi=" in path:
            expect(page.locator("#whole")).not_to_contain_text("Đang tính")
            expect(page.locator("#whole")).not_to_be_empty()
        return page

    yield opened
    context.close()
    assert complaints == []


def cells(page: Page, column: str) -> dict[str, str]:
    """Give what each row of the answer says in a column, by its code."""
    rows = page.locator("#answer tbody tr").all()
    said = {str(r.get_attribute("data-code")): r for r in rows}
    return {code: r.locator(f'[data-column="{column}"]').inner_text() for code, r in said.items()}


def test_who_sent_nothing_for_three_working_days(look: Look, keep: Keep) -> None:
    """An Binh sent last on Wednesday: Thursday, Friday and Monday passed, and a weekend."""
    page = look("ask?kpi=dossier_received_new&period=2025&by=unit&sort=-silent_days")
    said = cells(page, "silent_days")
    assert list(said) == ["H57.41", "H57.1", "H57.43"]
    assert "đến 10/09/2025" in said["H57.41"]
    assert "3 ngày làm việc không gửi gì" in said["H57.41"]
    assert "1 ngày làm việc không gửi gì" in said["H57.1"]
    assert "không gửi gì" not in said["H57.43"]
    keep(page, "09-who-sent-nothing")


def test_plan_to_date_of_each_target(look: Look, keep: Keep) -> None:
    """Of 250 working days 173 are over: of a plan of 60 dossiers 41.52 are due, 32 are there.

    Online are 2 of 6, 3 of 9 and 5 of 15, and both new ones: 12 of 32, 37.5 %.
    """
    page = look("overview?period=2025")
    received_new = page.locator('.otile[data-kpi="dossier_received_new"]')
    expect(received_new.locator(".obig")).to_have_text("32 hồ sơ")
    expect(received_new.locator(".ogoal")).to_contain_text("kế hoạch đến nay 41,5")
    expect(received_new.locator(".mark")).to_have_text("!Chậm tiến độ")
    online = page.locator('.otile[data-kpi="dossier_online_share_new"]')
    expect(online.locator(".obig")).to_have_text("37,50\u00a0%")
    expect(online.locator(".ogoal")).to_contain_text("50\u00a0%")
    expect(online.locator(".owhy")).to_contain_text("Thiếu 12,50\u00a0điểm")
    keep(page, "13-plan-to-date")
    page = look("?period=2025")
    plan = page.locator("[data-kpi='dossier_received_new'] .plan")
    expect(plan).to_contain_text("Kế hoạch đến nay: 41,5, theo 173/250 ngày làm việc đã qua")


def test_what_changed_since_eight_o_clock_and_why(look: Look, keep: Keep) -> None:
    """Two online dossiers came on Tuesday; one of Monday fell due with nobody's doing."""
    page = look("ask?show=changes&period=2025")
    form = page.locator("#changes-asked")
    assert form.locator('[name="since"]').input_value() == "2025-09-15T08:00"
    form.locator('[type="submit"]').click()
    expect(page.locator("#changes-count")).to_contain_text("kỳ 2025")
    new = page.locator('#changes article[data-kpi="dossier_received_new"]')
    expect(new).to_contain_text("30")
    expect(new).to_contain_text("do dữ liệu đến: +2 ở tử số")
    share = page.locator('#changes article[data-kpi="dossier_online_share_new"]')
    expect(share).to_contain_text("33,33\u00a0% (10 / 30) → 37,50\u00a0% (12 / 32)")
    share.locator("summary").click()
    for i in (1, 2):
        row = share.locator("tbody tr", has_text=f"H57.43-250916-430{i}")
        expect(row).to_contain_text(f"tuesday-{i} (one_stop)")
    overdue = page.locator('#changes article[data-kpi="dossier_overdue"]')
    expect(overdue).to_contain_text("do thời gian trôi qua: +1 ở tử số")
    keep(page, "04-what-changed")


def test_the_same_figure_by_last_years_units_and_todays(look: Look, keep: Keep) -> None:
    """An 12 and Binh 8 are 20 of An Binh, whose code is that of An; Cao's 10 are Cao Thuong's."""
    page = look("ask?kpi=dossier_received_new&period=2024&by=unit&compare=view:as_is")
    then = cells(page, "value")
    assert then == {
        "H57.1": "20 hồ sơ",
        "H57.41": "12 hồ sơ",
        "H57.42": "8 hồ sơ",
        "H57.43": "10 hồ sơ",
    }
    # Today's unit of An's code is another one: what it has is not held against An.
    beside = {"H57.1": "20", "H57.41": "–", "H57.42": "–", "H57.43": "10"}
    assert cells(page, "beside") == beside
    expect(page.locator("#whole")).to_contain_text("50 hồ sơ")
    expect(page.locator("#beside")).to_contain_text("hiện nay")
    expect(page.locator("#beside")).to_contain_text("50")
    keep(page, "15-units-of-then")
    page.locator('#question [name="view"]').select_option("as_is")
    page.locator('#question [name="compare"]').select_option("")
    page.locator('#question [type="submit"]').click()
    expect(page.locator("#answer tbody tr")).to_have_count(3)
    now = cells(page, "value")
    assert now == {"H57.1": "20 hồ sơ", "H57.41": "20 hồ sơ", "H57.43": "10 hồ sơ"}
    expect(page.locator('#answer tr[data-code="H57.41"] th')).to_contain_text("Xã An Bình")
    expect(page.locator("#whole")).to_contain_text("50 hồ sơ")
    keep(page, "15-units-of-today")
