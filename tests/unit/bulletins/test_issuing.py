"""Which people are told, when, in which words; quotas, quiet hours, what ended meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from hub.alerts.delivering import Deliverer
from hub.alerts.outlet import NeverToldError, NotToldError, ShutError
from hub.alerts.quota import Quota
from hub.clock import to_us
from hub.store import deliveries
from tests.conftest import Hub
from tests.parts.centre import ENDED, Commune, Outpost, occasion, wording
from tests.unit.alerts.test_delivering import event, recipient

NOON = datetime(2023, 3, 1, 5, tzinfo=UTC)  # 12:00 in Vietnam
NIGHT = datetime(2023, 3, 1, 16, tzinfo=UTC)  # 23:00 in Vietnam
QUIET = {"quiet_from": "21:00", "quiet_until": "05:30"}


@pytest.fixture
def commune(hub: Hub, tmp_path: Path) -> Commune:
    hub.now = NOON
    opened = Commune(hub, tmp_path)
    opened.lists(
        bulletins=[occasion(), occasion("cleared", "het")],
        wordings=[wording(), wording("het", ENDED)],
        units=[unit("28567", "Tân Phong", "H57")],
        stations=[
            {"code": "ST01", "name_vi": "Cống Đôi", "valid_from": "2020-01-01", "valid_to": ""}
        ],
    )
    opened.approve()
    opened.approve("het")
    return opened


def unit(code: str, name: str, parent: str) -> dict[str, str]:
    row = {"code": code, "name_vi": name, "parent": parent, "level": "commune"}
    return {**row, "valid_from": "2020-01-01", "valid_to": ""}


def cleared(number: int, at: datetime) -> dict[str, Any]:
    over = {"kind": "cleared", "state": "cleared", "cleared_at": to_us(at)}
    return event(number, at, **over) | {"event_id": f"c{number}"}


def test_people_of_the_commune_are_told_in_the_approved_words_once(commune: Commune) -> None:
    commune.people("nd-1", "nd-2")
    with commune.file.open("a", encoding="utf-8") as file:
        file.write("nd-3,28570,drum,nd-3,2023-01-01\n")
    commune.came(event(1, NOON), event(2, NOON, rule="salinity_over_1"))
    assert commune.round() == 2
    assert commune.round(minutes=5) == 0
    text = "Độ mặn tại Cống Đôi là 4,5 g/L, vượt 4 g/L từ 12:00 01/03/2023. Xã Tân Phong."
    assert sorted(commune.drum.texts) == [("nd-1", text), ("nd-2", text)]
    with commune.hub.store.reading() as reading:
        row = deliveries.bulletin_of(reading.connection, commune.kept()[0]["bulletin"])
    assert (row["wording"], row["area"], row["approved_by"]) == ("man", "28567", "Giám đốc Sở")


def test_officers_are_told_while_an_outlet_of_people_hangs(commune: Commune) -> None:
    """In the end people are told, too: nothing of the round was broken off."""
    beating = Outpost()
    outlets = {"beat": (beating.outlet(), BaseSettings())}
    commune.lists(recipients=[recipient("Trực ban", outlet="beat")])
    commune.came(event(1, NOON))
    commune.drum.holds = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        people = pool.submit(commune.round)
        try:
            assert commune.drum.held.wait(30)
            officers = Deliverer(commune.hub.store, outlets, "http://hub", lambda: commune.hub.now)
            assert officers.round() == 1
            assert not people.done()
        finally:
            commune.drum.holds.set()
        assert people.result(30) == 1
    assert [to for to, _ in beating.taken] == ["Trực ban"]


def test_officers_and_people_are_decided_on_apart(commune: Commune) -> None:
    commune.came(event(1, NOON))
    with commune.hub.store.reading() as reading:
        assert len(deliveries.undecided(reading.connection, ("raised",))) == 1
    commune.round()
    with commune.hub.store.reading() as reading:
        c = reading.connection
        assert len(deliveries.undecided(c, ("raised",))) == 1
        assert deliveries.unissued(c, ["salinity_over_4"], ["raised"]) == []
        assert deliveries.waiting(c, 2**62) == []


def test_an_event_of_which_nobody_is_to_be_told_is_seen_and_old_ones_tell_nobody(
    commune: Commune,
) -> None:
    commune.people("nd-9", area="28570")
    commune.came(event(1, NOON))
    assert commune.round() == 0
    assert [(d["state"], d["wording"]) for d in commune.kept()] == [("nobody", "man")]
    commune.people("nd-1")
    commune.came(event(2, NOON, replayed=True))
    old = NOON - timedelta(days=2)
    commune.came(event(3, old), cleared(3, old + timedelta(hours=1)))
    assert commune.round() == 0
    assert {d["state"] for d in commune.kept()} == {"nobody"}


def test_a_district_s_plan_tells_those_below_it(commune: Commune) -> None:
    commune.lists(
        bulletins=[occasion(area="H57")],
        units=[unit("H57", "Tỉnh", ""), unit("28567", "Tân Phong", "H57")],
    )
    commune.came(event(1, NOON))
    assert commune.round() == 1


def test_nothing_goes_out_in_words_that_nobody_approved(commune: Commune) -> None:
    commune.approve(withdrawn=True)
    commune.came(event(1, NOON))
    assert commune.round() == 0
    (waiting,) = commune.kept()
    assert waiting["state"] == "waiting"
    assert "chưa được duyệt" in waiting["last_error"]
    commune.approve()
    assert commune.round(minutes=1) == 1


def test_changed_words_need_another_approval(commune: Commune) -> None:
    commune.lists(wordings=[wording(text="Đóng cống {station} ngay."), wording("het", ENDED)])
    commune.came(event(1, NOON))
    assert commune.round() == 0
    commune.approve()
    assert commune.round(minutes=1) == 1
    assert commune.drum.texts == [("nd-1", "Đóng cống Cống Đôi ngay.")]


def test_who_waits_too_long_for_an_approval_is_failed_and_says_why(commune: Commune) -> None:
    commune.approve(withdrawn=True)
    commune.came(event(1, NOON))
    commune.round()
    commune.round(days=3)
    (failed,) = commune.kept()
    assert (failed["state"], "not approved" in failed["last_error"]) == ("failed", True)


def test_a_repeat_is_the_same_words_under_the_same_id_though_other_words_are_approved(
    commune: Commune,
) -> None:
    commune.drum.raising = {"": NotToldError("đang bận | busy")}
    commune.came(event(1, NOON))
    assert commune.round() == 0
    commune.lists(wordings=[wording(text="Khác: {station}."), wording("het", ENDED)])
    commune.approve()
    commune.drum.raising = {}
    assert commune.round(minutes=1) == 1
    (first, again) = commune.drum.tried
    assert first == again


@pytest.mark.parametrize(("passes", "told"), [("", 0), ("critical", 1), ("notice", 1)])
def test_in_quiet_hours_those_are_told_alone_whose_plan_lets_it_pass(
    commune: Commune, passes: str, told: int
) -> None:
    commune.lists(bulletins=[occasion(**QUIET, passes=passes)])
    commune.hub.now = NIGHT
    commune.came(event(1, NIGHT))
    assert commune.round() == told


def test_what_is_held_over_is_told_at_the_end_of_the_quiet_hours(commune: Commune) -> None:
    commune.lists(bulletins=[occasion(**QUIET, passes="critical")])
    commune.hub.now = NIGHT
    commune.came(event(1, NIGHT, level="warning"))
    assert commune.round() == 0
    assert commune.kept()[0]["last_error"].startswith("giờ yên lặng")
    assert commune.round(hours=6, minutes=29) == 0
    assert commune.round(minutes=1) == 1


def test_what_ended_in_the_night_is_told_to_nobody_nor_that_it_ended(commune: Commune) -> None:
    commune.lists(bulletins=[occasion(**QUIET), occasion("cleared", "het", **QUIET)])
    commune.hub.now = NIGHT
    commune.came(event(1, NIGHT))
    commune.round()
    commune.came(cleared(1, NIGHT + timedelta(hours=2)))
    commune.round(hours=2)
    assert commune.round(hours=8) == 0
    assert commune.states() == {"nd-1 raised": "dropped", "nd-1 cleared": "dropped"}
    assert commune.drum.tried == []


def test_that_it_ended_is_told_to_those_who_may_have_heard_that_it_began(commune: Commune) -> None:
    commune.people("nd-1", "nd-2", "nd-3")
    commune.drum.raising = {
        "nd-2": NotToldError("trả lời mất | the answer was lost"),
        "nd-3": NeverToldError("không có số này | no such number"),
    }
    commune.came(event(1, NOON))
    assert commune.round() == 1
    commune.drum.raising = {}
    commune.came(cleared(1, NOON + timedelta(hours=1)))
    assert commune.round(hours=1) == 2
    assert sorted(to for to, text in commune.drum.texts if "đã dưới" in text) == ["nd-1", "nd-2"]
    states = commune.states()
    assert states["nd-2 raised"] == "dropped"
    assert (states["nd-3 raised"], states["nd-3 cleared"]) == ("failed", "dropped")


def test_a_quota_of_the_minute_is_kept_over_restarts(commune: Commune) -> None:
    commune.people(*(f"nd-{n}" for n in range(5)))
    commune.drum.quota = Quota(per_minute=2)
    commune.came(event(1, NOON))
    assert commune.round() == 2
    assert commune.round(seconds=59) == 0
    assert commune.round(seconds=1) == 2
    assert commune.round(minutes=1) == 1
    assert sorted({to for to, _ in commune.drum.texts}) == [f"nd-{n}" for n in range(5)]


def test_a_quota_of_the_day_begins_anew_at_midnight_and_within_hours(commune: Commune) -> None:
    commune.people("nd-1", "nd-2")
    commune.drum.quota = Quota(per_day=1, hours=(6 * 60, 22 * 60))
    commune.came(event(1, NOON))
    assert commune.round() == 1
    assert commune.round(hours=17, minutes=59) == 0
    assert commune.round(minutes=1) == 1  # 06:00 of the next day


def test_what_is_gravest_goes_first_where_a_quota_is_short(commune: Commune) -> None:
    commune.lists(bulletins=[occasion(), occasion(rule="salinity_over_1")])
    commune.drum.quota = Quota(per_minute=1)
    commune.came(event(1, NOON, rule="salinity_over_1", level="notice"), event(2, NOON))
    commune.round()
    assert "ST02" in commune.drum.texts[0][1]


def test_a_shut_outlet_is_asked_once_and_opens_with_the_day(commune: Commune) -> None:
    commune.people("nd-1", "nd-2", "nd-3")
    commune.drum.raising = {"": ShutError("hết hạn mức ngày | used up", "day")}
    commune.came(event(1, NOON))
    assert commune.round() == 0
    assert len(commune.drum.tried) == 1
    commune.drum.raising = {}
    assert commune.round(hours=11, minutes=59) == 0
    assert commune.round(minutes=1) == 3


def test_a_shut_outlet_is_asked_ever_later_by_whoever_is_next(commune: Commune) -> None:
    commune.people("nd-1", "nd-2", "nd-3", "nd-4")
    commune.drum.raising = {"": ShutError("vắng | away")}
    commune.came(event(1, NOON))
    issuer, tried = commune.issuer(), []
    for seconds in (0, 5, 9, 1, 19, 1):
        commune.hub.now += timedelta(seconds=seconds)
        issuer.round()
        tried.append(len(commune.drum.tried))
    assert tried == [1, 2, 2, 3, 3, 4]
    assert len({to for to, _ in commune.drum.tried}) == 4


def test_who_refuses_holds_up_nobody_and_three_in_a_row_are_the_outlet(commune: Commune) -> None:
    commune.people(*(f"nd-{n}" for n in range(6)))
    commune.drum.raising = {"nd-0": NotToldError("bận | busy")}
    commune.came(event(1, NOON))
    assert commune.round() == 5
    commune.drum.tried.clear()
    commune.drum.raising = {"": NotToldError("bận | busy")}
    commune.came(event(2, NOON))
    assert commune.round() == 0
    assert len(commune.drum.tried) == 3


def test_whose_line_is_taken_out_is_told_nothing_more(commune: Commune) -> None:
    commune.drum.raising = {"": NotToldError("bận | busy")}
    commune.came(event(1, NOON))
    commune.round()
    commune.people("nd-2")
    commune.drum.raising = {}
    assert commune.round(minutes=1) == 0
    assert commune.states() == {"nd-1 raised": "dropped"}


def test_half_a_file_of_subscribers_tells_and_drops_nobody(commune: Commune) -> None:
    whole = commune.file.read_text("utf-8")
    commune.came(event(1, NOON))
    commune.file.write_text(whole + "x y,,drum,1,\n", "utf-8")
    assert commune.round() == 0
    assert commune.kept() == []
    commune.file.write_text(whole, "utf-8")
    assert commune.round() == 1
