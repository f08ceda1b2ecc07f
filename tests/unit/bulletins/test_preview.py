"""A dry run: who, when and in which words, or why not; and nothing is kept."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from hub.alerts.quota import Quota
from hub.bulletins.issuing import read_lists
from hub.bulletins.preview import Foreseen, counted, foresee
from hub.bulletins.subscriber import SubscribersError, read_subscribers
from hub.clock import to_us
from tests.conftest import Hub
from tests.parts.centre import Commune, occasion, wording
from tests.unit.alerts.test_delivering import event

NIGHT = datetime(2023, 3, 1, 16, tzinfo=UTC)  # 23:00 in Vietnam


@pytest.fixture
def commune(hub: Hub, tmp_path: Path) -> Commune:
    hub.now = NIGHT
    opened = Commune(hub, tmp_path)
    quiet = {"quiet_from": "21:00", "quiet_until": "05:30"}
    opened.lists(bulletins=[occasion(**quiet, passes="critical")], wordings=[wording()])
    opened.approve()
    return opened


def foreseen(commune: Commune, **more: Any) -> list[Foreseen]:
    now = to_us(commune.hub.now)
    lists = read_lists(commune.hub.store, read_subscribers(commune.file), now)
    outlets = {"drum": (commune.drum.outlet(), BaseSettings())}
    return foresee(event(1, NIGHT, **more), lists, outlets, now)


def test_it_says_who_when_and_in_which_words_and_keeps_nothing(commune: Commune) -> None:
    commune.people("nd-1", "nd-2", "nd-3")
    commune.drum.quota = Quota(per_minute=2)
    told = foreseen(commune)
    assert [(f.recipient, f.at) for f in told] == [
        ("nd-1", "2023-03-01T23:00:00+07:00"),
        ("nd-2", "2023-03-01T23:00:00+07:00"),
        ("nd-3", "2023-03-01T23:01:00+07:00"),
    ]
    assert "4,5 g/L, vượt 4 g/L từ 23:00 01/03/2023" in told[0].text
    assert told[0].address == "…d-1"
    assert list(counted(told)) == [("drum", 3, 0)]
    assert commune.kept() == []
    assert commune.drum.tried == []


def test_it_says_until_when_the_quiet_hours_hold_what_is_not_grave(commune: Commune) -> None:
    (one,) = foreseen(commune, level="warning")
    assert (one.at, one.held_for[:14]) == ("2023-03-02T05:30:00+07:00", "giờ yên lặng |")
    commune.people(*(f"nd-{n}" for n in range(3)))
    commune.drum.quota = Quota(per_day=1)
    days = [f.at for f in foreseen(commune, level="warning")]
    assert days == [
        "2023-03-02T05:30:00+07:00",
        "2023-03-03T05:30:00+07:00",
        "2023-03-04T05:30:00+07:00",
    ]


def test_it_says_why_one_would_not_be_told(commune: Commune) -> None:
    commune.lists(wordings=[wording(text="Khác {ended}")])
    (one,) = foreseen(commune)
    assert one.at is None
    assert "chưa được duyệt" in one.why_not
    assert "kết thúc lúc" in one.why_not


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ng ười,1,sms,09,2023-01-01", "code"),
        ("a,,sms,09,2023-01-01", "area"),
        ("a,1,,09,2023-01-01", "outlet"),
        ("a,1,sms,,2023-01-01", "address"),
        ("a,1,sms,09,", "agreed_on"),
        ("b,1,sms,0901234567,2023-01-01", "nd-1"),
        ("nd-1,2,sms,0901234568,2023-01-01", "another one"),
    ],
)
def test_a_wrong_line_of_the_file_is_named_without_its_address(
    tmp_path: Path, line: str, said: str
) -> None:
    file = tmp_path / "nguoi-nhan.csv"
    head = "code,area,outlet,address,agreed_on\nnd-1,1,sms,0901234567,2023-01-01\n"
    file.write_text(f"{head}{line}\n", "utf-8")
    with pytest.raises(SubscribersError) as refused:
        read_subscribers(file)
    assert "nguoi-nhan.csv:3" in str(refused.value)
    assert said in str(refused.value)
    assert "0901234567" not in str(refused.value)


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(SubscribersError, match="HUB_SUBSCRIBERS_FILE"):
        read_subscribers(tmp_path / "none.csv")
    (tmp_path / "odd.csv").write_text("code,phone\n")
    with pytest.raises(SubscribersError, match="area, outlet, address, agreed_on"):
        read_subscribers(tmp_path / "odd.csv")
    assert read_subscribers(None) == []
