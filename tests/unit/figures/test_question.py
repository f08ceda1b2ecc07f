"""A question that cannot be answered names what is wrong with it."""

from datetime import datetime

import pytest

from hub import registry
from hub.clock import VIETNAM
from hub.figures.compute import QuestionError, read_question
from stream_jobs.worked import received
from tests.conftest import Hub
from tests.parts.asked import keyed

KPIS = registry.kpis()


@pytest.mark.parametrize(
    ("kpi", "asked", "parameter"),
    [
        ("dossier_received", {"by": "colour"}, "by"),
        ("dossier_received", {"by": "unit,station"}, "by"),
        ("dossier_received", {"station": "ST01"}, "station"),
        ("dossier_received", {"perid": "2023"}, "perid"),
        ("dossier_received", {"period": "2023-13"}, "period"),
        ("dossier_received", {"period": "bao giờ"}, "period"),
        ("dossier_received", {"role": "mayor"}, "role"),
        ("salinity_max", {"role": "received_by"}, "role"),
        ("dossier_received", {"at": "2023-05-01T00:00:00"}, "at"),
        ("dossier_received", {"at": "yesterday"}, "at"),
        ("dossier_received", {"at": "2023-05-01"}, "at"),
        ("dossier_received", {"at": ""}, "at"),
        ("dossier_received", {"from": "2023-05-17"}, "from"),
        ("dossier_received", {"from": "2023-05-17", "to": "2023-05-16"}, "from"),
        ("dossier_received", {"by": "unit,level"}, "by"),
        ("dossier_received", {"level": "village"}, "level"),
        ("salinity_max", {"by": "level"}, "by"),
    ],
)
def test_a_question_that_cannot_be_answered_names_what_is_wrong(
    kpi: str, asked: dict[str, str], parameter: str
) -> None:
    with pytest.raises(QuestionError) as caught:
        read_question(KPIS[kpi], asked, 0)
    assert caught.value.field == parameter
    assert caught.value.vi != caught.value.en


def test_the_default_is_the_current_year_in_vietnam(hub: Hub) -> None:
    kpi = KPIS["dossier_received"]
    hub.now = datetime(2025, 12, 31, 23, 59, tzinfo=VIETNAM)
    before = int(hub.now.timestamp()) * 1_000_000
    assert read_question(kpi, {}, before).period.text == "2025"
    assert read_question(kpi, {}, before + 60_000_000).period.text == "2026"
    asked = read_question(kpi, {"at": "2024-12-31T17:00:00Z"}, before)
    assert asked.period.text == "2025"
    # A plus sign that came through a query as a blank is the same instant.
    texts = ("2024-05-01T00:00:00+07:00", "2024-05-01T00:00:00 07:00")
    assert len({read_question(kpi, {"at": t}, before).at for t in texts}) == 1


def test_months_of_a_week_cannot_be_asked_for(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-02-13"))
    with pytest.raises(QuestionError) as caught:
        hub.kpi("dossier_received", period="2023-W07", by="month")
    assert caught.value.field == "by"
    assert keyed(hub.kpi("dossier_received_new", period="2023-W07", by="day"))[("2023-02-13",)] == 1


def test_the_days_between_two_are_a_period_and_weeks_are_whole(hub: Hub) -> None:
    days = ("2022-12-31", "2023-01-01", "2023-01-02", "2023-03-31", "2023-04-01")
    hub.send("dossier", *(received(f"D{i}", day) for i, day in enumerate(days)))
    name = "dossier_received_new"
    (between,) = hub.kpi(name, **{"from": "2023-01-01", "to": "2023-03-31"})
    assert between["numerator"] == 3
    # 1/1/2023 was a Sunday: of the last week of 2022, though of the year 2023.
    weeks = keyed(hub.kpi(name, period="2023", by="week"))
    assert (weeks["2023-W01",], weeks["2023-W13",], sum(weeks.values())) == (1, 2, 3)
    assert keyed(hub.kpi(name, period="2022", by="week"))["2022-W52",] == 2
    quarters = keyed(hub.kpi(name, period="2023", by="quarter"))
    assert (quarters["2023-Q1",], quarters["2023-Q2",]) == (3, 1)
    with pytest.raises(QuestionError, match="whole quarters"):
        hub.kpi(name, period="2023-02", by="quarter")
    with pytest.raises(QuestionError, match="two months"):
        hub.kpi(name, period="2023", by="week,month")


@pytest.mark.parametrize("at", ["9999-12-31T23:00:00-05:00", "0001-01-01T00:00:00+14:00"])
def test_an_instant_off_the_calendar_is_a_question_error(at: str) -> None:
    with pytest.raises(QuestionError):
        read_question(registry.kpis()["dossier_received"], {"at": at}, 0)
