"""Completeness follows the province's list of duties: who owes what, from when until when."""

from datetime import date

import pytest

from hub.clock import to_us
from hub.figures.arrived import Arrived
from hub.figures.book import Ask
from hub.figures.duties import propose
from hub.figures.official import silent
from hub.figures.quality import is_known
from hub.reference.form import Row
from hub.reference.periods import parse_period
from stream_jobs.worked import paid, received, salinity
from tests.conftest import Hub


def duty(sender: str, contract: str, cadence: str, begin: str = "2023-01-01", **more: str) -> Row:
    row = {"sender": sender, "contract": contract, "cadence": cadence, "events_per_due": "1"}
    return row | {"valid_from": begin, "valid_to": "", "source": ""} | more


def owe(hub: Hub, *rows: Row) -> None:
    hub.reference = hub.reference.with_tables({"duties": list(rows)})


def completeness(hub: Hub, kpi: str, period: str) -> float:
    (figure,) = hub.kpi(kpi, period=period)
    found: float = figure["completeness"]
    return found


def test_a_department_that_pushes_its_own_dossiers_is_complete_by_its_own_duty(hub: Hub) -> None:
    """March 2023 has 23 working days and no holiday; on 20 of them it sent something."""
    days = [date(2023, 3, d) for d in range(1, 32) if date(2023, 3, d).weekday() < 5]
    assert len(days) == 23
    for i, day in enumerate(days[:20]):
        hub.send("dossier", received(f"A{i}", day.isoformat()), sender="so-tu-phap")
    assert (
        completeness(hub, "dossier_received_new", "2023-03") == 0.0
    )  # one_stop owes, not this one
    owe(hub, duty("so-tu-phap", "dossier", "working_day"))
    assert completeness(hub, "dossier_received_new", "2023-03") == round(20 / 23, 6)


def test_one_banks_report_does_not_complete_a_month(hub: Hub) -> None:
    owe(hub, *(duty(bank, "payment", "monthly") for bank in ("bank-a", "bank-b", "bank-c")))
    report = paid("cash", "2023-05", customers=1, amount=5)
    hub.send("payment", report | {"reporter": "A"}, sender="bank-a")
    assert completeness(hub, "payment_amount", "2023-05") == round(1 / 3, 6)
    hub.send("payment", report | {"reporter": "B", "event_id": "b"}, sender="bank-b")
    assert completeness(hub, "payment_amount", "2023-05") == round(2 / 3, 6)
    with hub.store.reading() as reading:
        book = hub.book(reading)
        named = silent(book, parse_period("2023-05"), to_us(hub.now))
        assert is_known(book, "bank-c")
    assert named == {"bank-c": ["2023-05-01"]}


def test_one_sender_owes_for_each_bank_that_it_passes_on(hub: Hub) -> None:
    owe(hub, *(duty("hub-of-banks", "payment", "monthly", party=b) for b in ("NH01", "NH02")))
    report = paid("cash", "2023-05", customers=1, amount=5)
    hub.send("payment", report | {"reporter": "NH01"}, sender="hub-of-banks")
    assert completeness(hub, "payment_amount", "2023-05") == 0.5
    with hub.store.reading() as reading:
        named = silent(hub.book(reading), parse_period("2023-05"), to_us(hub.now))
    assert named == {"hub-of-banks/NH02": ["2023-05-01"]}
    # Asked about one bank, what the other owes is beside the point.
    (asked,) = hub.kpi("payment_amount", period="2023-05", reporter="NH01")
    assert asked["completeness"] == 1.0


def test_a_station_owes_whoever_passes_it_on(hub: Hub) -> None:
    owe(hub, *(duty("", "reading", "daily", party=s) for s in ("ST01", "ST02")))
    for day in range(1, 6):
        sent = salinity("ST01", f"2023-03-0{day}T05:00", 1) | {"event_id": f"a{day}"}
        hub.send("reading", sent, sender=f"gateway-{day % 2}")
    sent = salinity("ST02", "2023-03-02T05:00", 1) | {"event_id": "b"}
    hub.send("reading", sent, sender="gateway-0")
    # 31 days of March of two stations; five and one of them came.
    assert completeness(hub, "salinity_max", "2023-03") == round(6 / 62, 6)
    (figure,) = hub.kpi("source_complete_share", period="2023-03", source="ST02")
    assert (figure["numerator"], figure["denominator"]) == (1, 31)


@pytest.mark.parametrize(
    ("periods", "met"),
    [
        (["2023-02"], 1.0),
        (["2023-02-17"], 0.0),  # a day's statistic does not meet a monthly duty
        (["2023"], 0.0),  # nor does a year's
        ([f"2023-02-{d:02}" for d in range(1, 29)], 1.0),  # those of all its days do
        ([f"2023-02-{d:02}" for d in range(1, 28)], 0.0),
    ],
)
def test_what_meets_a_monthly_duty(hub: Hub, periods: list[str], met: float) -> None:
    owe(hub, duty("bank", "payment", "monthly"))
    for number, period in enumerate(periods):
        report = paid("cash", period, customers=1, amount=5) | {"event_id": str(number)}
        hub.send("payment", report, sender="bank")
    with hub.store.reading() as reading:
        book = hub.book(reading)
        (source,) = book.sources.values()
        (step,) = book.due(source, Ask(parse_period("2023-02"), to_us(hub.now)))
    assert min(step.received, step.due) / step.due == met


def test_a_duty_is_owed_from_its_first_day_until_before_its_last(hub: Hub) -> None:
    owe(
        hub,
        duty("old", "payment", "monthly", "2023-01-01", valid_to="2023-04-01"),
        duty("new", "payment", "monthly", "2023-04-01"),
    )
    for month in ("2023-03", "2023-04"):
        report = paid("cash", month, customers=1, amount=5)
        hub.send("payment", report, sender="old" if month == "2023-03" else "new")
        assert completeness(hub, "payment_amount", month) == 1.0


def test_a_sender_may_owe_under_several_contracts(hub: Hub) -> None:
    owe(hub, duty("s", "payment", "monthly"), duty("s", "dossier", "monthly"))
    hub.send("payment", paid("cash", "2023-05", customers=1, amount=5), sender="s")
    assert completeness(hub, "payment_amount", "2023-05") == 1.0
    hub.send("dossier", received("A", "2023-06-05"), sender="s")
    assert completeness(hub, "dossier_received_new", "2023-06") == 1.0
    (figure,) = hub.kpi("source_complete_share", period="2023-05", source="s")
    assert (figure["numerator"], figure["denominator"]) == (1, 2)


def days(*names: str) -> dict[int, int]:
    return {(date.fromisoformat(n) - date(1970, 1, 1)).days: 3 for n in names}


@pytest.mark.parametrize(
    ("kept", "cadence", "events"),
    [
        (days(*(f"2023-05-{d:02}" for d in range(1, 29))), "daily", "3"),
        (
            days(*(f"2023-05-{d:02}" for d in (8, 9, 10, 11, 12, 15, 16, 17, 18, 19))),
            "working_day",
            "3",
        ),
        (days(*(f"2023-{m:02}-03" for m in range(1, 8))), "monthly", "3"),
        (days("2021-02-03", "2022-02-03"), "yearly", "3"),
        (days("2023-05-17"), "yearly", "3"),
    ],
)
def test_a_draft_takes_the_finest_cadence_that_was_kept(
    kept: dict[int, int], cadence: str, events: str
) -> None:
    (row,) = propose([(Arrived("payment", "s", "", ""), kept)], {})
    assert (row["cadence"], row["events_per_due"]) == (cadence, events)
    assert row["sender"] == "s"
