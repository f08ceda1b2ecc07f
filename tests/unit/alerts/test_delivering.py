"""Who is told what and when: escalation, the night, storms, receivers that do not take it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from hub.alerts.course import courses
from hub.alerts.delivering import MESSAGES_AN_HOUR_MAX, Deliverer
from hub.alerts.outlet import Message, NotToldError, Outlet, Written
from hub.alerts.quota import UNLIMITED, Quota
from hub.alerts.telling import append, said
from hub.clock import iso, to_us
from hub.definitions.contract import Doc
from hub.figures.loading import load_lists
from hub.store import deliveries
from tests.conftest import Hub

NOON = datetime(2023, 3, 1, 5, tzinfo=UTC)  # 12:00 in Vietnam
NIGHT = datetime(2023, 3, 1, 16, tzinfo=UTC)  # 23:00 in Vietnam


def recipient(name: str, **more: str) -> dict[str, str]:
    row = dict.fromkeys(("unit", "from_hour", "until_hour", "otherwise", "escalate_minutes"), "")
    own = {"name": name, "role": "duty", "level_from": "notice", "address": name}
    ends = {"escalate_to": "", "outlet": "drum", "valid_from": "2020-01-01", "valid_to": ""}
    return {**row, **own, **ends, "source": "", **more}


def event(number: int, at: datetime, **more: Any) -> dict[str, Any]:
    """Write what became of an alert: a salinity of 4.5 g/L, raised."""
    return {
        "event_id": f"e{number}",
        "alert": f"a{number}",
        "kind": "raised",
        "rule": "salinity_over_4",
        "level": "critical",
        "owner": "Sở Nông nghiệp và Môi trường",
        "subject_kind": "station",
        "subject": f"ST{number:02}",
        "unit": None,
        "state": "open",
        "at": to_us(at),
        "raised_at": to_us(at),
        "cleared_at": None,
        "value": 4500,
        "threshold": 4000,
        "measure_unit": "g/L",
        "text_vi": f"Trạm ST{number:02}: độ mặn 4,5 g/L",
        "text_en": f"Station ST{number:02}: 4.5 g/L",
        "link": "/?group=salinity",
        "replayed": False,
        "amends": None,
        "was": None,
        "by": None,
        "comment": None,
        **more,
    }


class Drum:
    """An outlet that keeps what it was given; who is `refusing` does not take it."""

    def __init__(self) -> None:
        self.refusing: set[str] = set()
        self.tried: list[tuple[str, Message]] = []
        self.taken: list[tuple[str, Message]] = []
        self._messages: dict[str, Message] = {}

    def write(self, message: Message, address: str) -> Written:
        self._messages[message.id] = message
        return {"to": address, "id": message.id}

    def send(self, written: Written, _: BaseSettings) -> None:
        told = written["to"], self._messages[written["id"]]
        self.tried.append(told)
        if written["to"] in self.refusing:
            raise NotToldError("đang bận | busy")
        self.taken.append(told)

    @property
    def titles(self) -> list[tuple[str, str]]:
        return [(to, message.title) for to, message in self.taken]


class Centre:
    """A hub and who it tells."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.drum = Drum()
        self.quota = UNLIMITED

    def lists(self, *rows: dict[str, str]) -> None:
        load_lists(self.hub.log, {"recipients": rows}, to_us(self.hub.now), "tester")
        self.hub.runner.catch_up()

    def came(self, *events: dict[str, Any]) -> None:
        append(self.hub.log, events, to_us(self.hub.now))
        self.hub.runner.catch_up()

    def round(self, **later: float) -> int:
        """Let the clock run, and tell; each time as after a restart."""
        self.hub.now += timedelta(**later)
        doc, own = Doc("Trống", "Drum"), (self.drum.write, self.drum.send)
        outlet = Outlet(doc, BaseSettings, *own, lambda _: self.quota)
        outlets = {"drum": (outlet, BaseSettings())}
        clock = lambda: self.hub.now  # noqa: E731
        return Deliverer(self.hub.store, outlets, "http://hub", clock).round()

    def kept(self) -> list[dict[str, Any]]:
        with self.hub.store.reading() as reading:
            return deliveries.listed(reading.connection, None, 1_000, 0)


@pytest.fixture
def centre(hub: Hub) -> Centre:
    hub.now = NOON
    return Centre(hub)


def test_each_is_told_what_is_theirs_once(centre: Centre) -> None:
    centre.lists(
        recipient("An"),
        recipient("Bình", level_from="critical"),
        recipient("Chi", unit="Sở Nông nghiệp và Môi trường"),
        recipient("Dũng", unit="H57.1"),
        recipient("Giang", level_from="escalated"),
        recipient("Hà", valid_to="2023-03-01"),
    )
    centre.came(
        event(1, NOON), event(2, NOON, level="warning", owner="Khác", subject="ST02", unit="H57.1")
    )
    assert centre.round() == 5
    assert centre.round(minutes=5) == 0
    critical, warning = "[nghiêm trọng] CẢNH BÁO: ST01", "[cảnh báo] CẢNH BÁO: ST02"
    assert sorted(centre.drum.titles) == [
        ("An", warning),
        ("An", critical),
        ("Bình", critical),
        ("Chi", critical),
        ("Dũng", warning),
    ]
    message = next(m for to, m in centre.drum.taken if to == "Bình")
    assert message.lines == (
        "Trạm ST01: độ mặn 4,5 g/L",
        "Giá trị: 4,5 g/L; ngưỡng: 4 g/L",
        "Phụ trách: Sở Nông nghiệp và Môi trường",
        "Xem: http://hub/?group=salinity",
    )
    assert {d["state"] for d in centre.kept()} == {"sent"}


def test_a_replayed_event_is_told_to_nobody_and_one_without_recipients_is_seen(
    centre: Centre,
) -> None:
    centre.lists(recipient("An", level_from="critical"))
    centre.came(event(1, NOON, replayed=True), event(2, NOON, level="notice"))
    assert centre.round() == 0
    assert [(d["event_id"], d["state"], d["recipient"]) for d in centre.kept()] == [
        ("e2", "nobody", "")
    ]
    # Who is put on the list later is not told of what was decided before.
    centre.lists(recipient("An"))
    assert centre.round() == 0


def test_of_what_is_a_day_old_that_alone_is_told_which_goes_on(centre: Centre) -> None:
    centre.lists(recipient("An"))
    old = NOON - timedelta(days=2)
    over = {"alert": "a1", "kind": "cleared", "state": "cleared", "cleared_at": to_us(old) + 60}
    centre.came(event(1, old), event(3, old, **over), event(2, old))
    centre.round()
    assert centre.drum.titles == [("An", "[nghiêm trọng] CẢNH BÁO: ST02")]


def test_who_refuses_is_tried_again_under_the_same_id_and_holds_up_nobody(centre: Centre) -> None:
    centre.lists(recipient("An"), recipient("Bình"))
    centre.came(event(1, NOON), event(2, NOON))
    centre.drum.refusing = {"An"}
    assert centre.round() == 2
    assert [to for to, _ in centre.drum.tried].count("An") == 1  # not once for each message
    waiting = [d for d in centre.kept() if d["state"] == "waiting"]
    assert {d["recipient"] for d in waiting} == {"An"}
    assert {d["last_error"] for d in waiting} == {"đang bận | busy", None}
    assert centre.round(seconds=4) == 0
    assert len(centre.drum.tried) == 3  # five seconds, then ten
    centre.round(seconds=2)
    assert len(centre.drum.tried) == 4
    centre.drum.refusing = set()
    centre.round(seconds=4)
    assert centre.round(minutes=1) in (1, 2)
    centre.round(minutes=1)
    tried = [m.id for to, m in centre.drum.tried if to == "An"]
    taken = [m.id for to, m in centre.drum.taken if to == "An"]
    assert len(taken) == len(set(taken)) == 2
    assert set(tried) == set(taken)


def test_after_three_days_it_is_given_up_and_seen(centre: Centre) -> None:
    centre.lists(recipient("An"))
    centre.came(event(1, NOON))
    centre.drum.refusing = {"An"}
    centre.round()
    centre.round(days=3)
    (delivery,) = centre.kept()
    assert (delivery["state"], delivery["tries"]) == ("failed", 2)
    centre.drum.refusing = set()
    assert centre.round(days=1) == 0


def test_at_night_the_grave_is_told_at_once_and_the_rest_together_in_the_morning(
    centre: Centre,
) -> None:
    hours = {"from_hour": "06:30", "until_hour": "21:00"}
    centre.lists(
        recipient("An", **hours),
        recipient("Bình", otherwise="at_once", **hours),
        recipient("Chi", otherwise="nothing", **hours),
        recipient("Ca đêm", from_hour="21:00", until_hour="06:30", otherwise="nothing"),
    )
    centre.hub.now = NIGHT
    centre.came(event(1, NIGHT), event(2, NIGHT, level="notice"), event(3, NIGHT, level="warning"))
    centre.round()
    told = centre.drum.titles
    assert [title for to, title in told if to == "An"] == ["[nghiêm trọng] CẢNH BÁO: ST01"]
    assert [to for to, _ in told].count("Bình") == 3
    assert [to for to, _ in told].count("Ca đêm") == 3
    assert "Chi" not in [to for to, _ in told]
    assert centre.round(hours=7) == 0  # 06:00
    centre.drum.refusing = {"An"}
    centre.round(minutes=30)
    centre.came(event(4, centre.hub.now, level="notice"))
    centre.drum.refusing = set()
    centre.round(minutes=1)
    digest = [m for to, m in centre.drum.tried if to == "An"][1:]
    # What came meanwhile does not go into what was begun: the same id says the same.
    assert [m.title for m in digest].count("2 tin cảnh báo") == 2
    assert len({(m.id, m.lines) for m in digest if m.title == "2 tin cảnh báo"}) == 1
    assert digest[0].lines[0] == "- 01/03 23:00 [thông tin] CẢNH BÁO: Trạm ST02: độ mặn 4,5 g/L"
    assert iso(digest[0].written_at) == "2023-03-01T23:00:00+07:00"


def test_a_storm_is_joined(centre: Centre) -> None:
    centre.lists(recipient("An"))
    centre.came(*(event(n, NOON) for n in range(100)))
    centre.round()
    titles = [title for _, title in centre.drum.titles]
    assert len(titles) == MESSAGES_AN_HOUR_MAX
    assert titles.count(f"{100 - MESSAGES_AN_HOUR_MAX + 1} tin cảnh báo") == 1
    centre.came(event(100, NOON))
    assert centre.round(minutes=59) == 0
    assert centre.round(minutes=2) == 1  # it waited for its turn and is not lost
    told = [e["event_id"] for _, m in centre.drum.taken for e in m.events]
    assert sorted(told) == sorted(f"e{n}" for n in range(101))


def test_what_nobody_acknowledges_goes_up_step_by_step(centre: Centre) -> None:
    centre.lists(
        recipient("An", escalate_minutes="10", escalate_to="head"),
        recipient("Bình", escalate_minutes="10", escalate_to="head"),
        recipient(
            "Trưởng", role="head", level_from="escalated",
            escalate_minutes="20", escalate_to="chair",
        ),
    )  # fmt: skip
    centre.came(event(1, NOON), event(2, NOON))
    centre.round()
    with centre.hub.store.reading() as reading:
        (known,) = [a for n, a in courses(reading.alert_events()).items() if n == "a2"]
    centre.came(said(known, "acknowledged", "An", None, to_us(centre.hub.now)))
    assert centre.round(minutes=9) == 0
    assert centre.round(minutes=1) == 1  # once, though two wait for it
    assert centre.drum.titles[-1] == ("Trưởng", "[nghiêm trọng] CHƯA AI XÁC NHẬN: ST01")
    assert centre.round(minutes=19) == 0
    assert centre.round(minutes=1) == 0
    (unseen,) = [d for d in centre.kept() if d["escalated_to"] == "chair"]
    assert (unseen["state"], unseen["event_id"]) == ("nobody", "e1")


def test_officers_wait_for_room_in_an_outlet_s_quota_which_is_kept_over_restarts(
    centre: Centre,
) -> None:
    centre.quota = Quota(per_minute=2)
    centre.lists(recipient("An"), recipient("Bình"))
    centre.came(event(1, NOON), event(2, NOON))
    assert centre.round() == 2
    assert {d["last_error"] for d in centre.kept() if d["state"] == "waiting"} == {
        "hết hạn mức của kênh, chờ lượt | the outlet's quota is used up: it waits"
    }
    assert {d["tries"] for d in centre.kept() if d["state"] == "waiting"} == {0}
    assert centre.round(seconds=59) == 0
    assert centre.round(seconds=1) == 2


def test_two_processes_do_not_tell_at_the_same_time(centre: Centre) -> None:
    centre.lists(recipient("An"))
    centre.came(event(1, NOON))
    with centre.hub.store.database.alone("deliveries") as is_mine:
        assert is_mine
        assert centre.round() == 0
    assert centre.round() == 1


def test_who_is_taken_off_the_list_and_an_outlet_that_is_not_there_are_named(
    centre: Centre,
) -> None:
    centre.lists(recipient("An"), recipient("Bình", outlet="pigeon"))
    centre.drum.refusing = {"An"}
    centre.came(event(1, NOON))
    centre.round()
    centre.lists(recipient("Bình", outlet="pigeon"))
    centre.round(minutes=1)
    errors = {d["recipient"]: d["last_error"] for d in centre.kept()}
    assert "not in the list of recipients" in errors["An"]
    assert "pigeon" in errors["Bình"]
