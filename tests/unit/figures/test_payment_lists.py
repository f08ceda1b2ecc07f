"""Who owes which payment report by when, and which statistics were told anew: by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub import registry
from hub.clock import to_us
from hub.figures.compute import QuestionError
from hub.figures.worklist import find, page
from stream_jobs.worked import paid
from tests.conftest import Hub

LISTS = registry.worklists()


def ask(hub: Hub, name: str, **asked: str) -> list[dict[str, Any]]:
    listed = LISTS[name]
    with hub.store.reading() as reading:
        book = hub.book(reading)
        question = listed.asked({"period": "2023", **asked}, to_us(hub.now), 0)
        rows: list[dict[str, Any]] = page(
            listed, question, book, find(listed, question, book), 0, 1_000
        )["rows"]
        return rows


def duty(party: str, cadence: str, **more: str) -> dict[str, str]:
    row = {"sender": "", "contract": "payment", "party": party, "cadence": cadence, "name_vi": ""}
    row |= {"events_per_due": "1", "owner": "", "valid_from": "2023-01-01", "valid_to": ""}
    return row | more


def tell(hub: Hub, day: str, reporter: str, period: str, amount: int, **more: Any) -> None:
    """Send a statistic at noon of a day."""
    hub.now = datetime.fromisoformat(f"{day}T12:00:00+07:00").astimezone(UTC)
    told = paid("cashless", period, customers=amount // 10, amount=amount, **more)
    hub.send("payment", told | {"reporter": reporter}, sender="bank")


@pytest.fixture
def quarter(hub: Hub) -> Hub:
    """Two banks owe each month within five days, a third one two days of March, by no day."""
    rows = [
        duty("NH01", "monthly", due_days="5"),
        duty("NH02", "monthly", due_days="5", events_per_due="2"),
        duty("VI01", "daily", valid_from="2023-03-30", valid_to="2023-04-01"),
    ]
    hub.reference = hub.reference.with_tables({"duties": rows})
    tell(hub, "2023-02-05", "NH01", "2023-01", 100)  # the last day on which it is not late
    tell(hub, "2023-02-05", "NH02", "2023-01", 100)  # one of two
    tell(hub, "2023-02-06", "NH02", "2023-01", 50, service="water")  # the other, a day late
    tell(hub, "2023-03-01", "NH02", "2023-02", 70)
    tell(hub, "2023-03-02", "NH02", "2023-02", 80, revision=2)  # no other statistic
    tell(hub, "2023-03-30", "VI01", "2023-03-30", 9)
    hub.now = datetime(2023, 4, 3, 3, tzinfo=UTC)
    return hub


def test_each_period_that_is_owed_has_a_day_and_what_became_of_it(quarter: Hub) -> None:
    """On 3 April: February was due on 5 March, 29 days ago; March is due on 5 April."""
    rows = ask(quarter, "payment_calendar", period="2023-Q1")
    shown = [
        (r["unit"], r["period"], r["due_on"], r["state"].split(" | ")[1], r["days_late"])
        for r in rows
    ]
    assert shown == [
        ("NH01", "2023-02", "2023-03-05", "Missing, past due", 29),
        ("NH02", "2023-02", "2023-03-05", "Missing, past due", 29),
        ("VI01", "2023-03-31", None, "Missing, past due", 3),
        ("NH02", "2023-01", "2023-02-05", "Came late", 1),
        ("NH01", "2023-03", "2023-04-05", "Not due yet", 0),
        ("NH02", "2023-03", "2023-04-05", "Not due yet", 0),
        ("NH01", "2023-01", "2023-02-05", "On time", 0),
        ("VI01", "2023-03-30", None, "Came; no day is set", 0),
    ]
    half = rows[1]
    assert (half["received"], half["owed"], half["came_on"]) == (1, 2, None)
    assert rows[3]["came_on"] == "2023-02-06"
    one = ask(quarter, "payment_calendar", period="2023-Q1", reporter="NH01")
    assert [r["period"] for r in one] == ["2023-02", "2023-03", "2023-01"]


def test_the_calendar_is_as_it_was_at_an_instant(quarter: Hub) -> None:
    at = "2023-02-05T23:00:00+07:00"
    rows = ask(quarter, "payment_calendar", period="2023-01", at=at)
    assert [(r["unit"], r["state"].split(" | ")[1]) for r in rows] == [
        ("NH02", "Not due yet"),
        ("NH01", "On time"),
    ]
    with pytest.raises(QuestionError):
        ask(quarter, "payment_calendar", reporter="NH03")


def test_figures_are_incomplete_until_what_is_owed_has_come(quarter: Hub) -> None:
    """Of February one of two banks reported, of three statistics that January had one came.

    VI01 owes nothing of it. When NH01 has reported, NH02's of water is still missing.
    """
    (figure,) = quarter.kpi("payment_amount", period="2023-02")
    assert figure["completeness"] == round(1 / 2 * 1 / 3, 6)
    tell(quarter, "2023-04-04", "NH01", "2023-02", 100)
    (figure,) = quarter.kpi("payment_amount", period="2023-02")
    assert (figure["completeness"], figure["numerator"]) == (round(2 / 3, 6), 180)
    rows = ask(quarter, "payment_calendar", period="2023-02", reporter="NH01")
    assert [(r["came_on"], r["days_late"]) for r in rows] == [("2023-04-04", 30)]


def test_all_days_of_a_month_are_as_good_as_the_month(hub: Hub) -> None:
    """The last day of February came on 1 March: not late; of one day fewer the month is missing."""
    hub.reference = hub.reference.with_tables({"duties": [duty("NH01", "monthly", due_days="1")]})
    for day in range(1, 28):
        tell(hub, "2023-02-28", "NH01", f"2023-02-{day:02}", 10)
    hub.now = datetime(2023, 3, 2, 3, tzinfo=UTC)
    (row,) = ask(hub, "payment_calendar", period="2023-02")
    assert (row["state"].split(" | ")[1], row["received"]) == ("Missing, past due", 0)
    tell(hub, "2023-03-01", "NH01", "2023-02-28", 10)
    (row,) = ask(hub, "payment_calendar", period="2023-02")
    assert (row["state"].split(" | ")[1], row["came_on"]) == ("On time", "2023-03-01")


def test_who_owes_and_never_sent_anything_is_known_and_missing(quarter: Hub) -> None:
    rows = [duty("NH09", "monthly", due_days="5"), duty("", "yearly", sender="bank-a")]
    quarter.reference = quarter.reference.with_tables({"duties": rows})
    shown = ask(quarter, "payment_calendar", period="2023-01", reporter="NH09")
    assert [(r["code"], r["days_late"]) for r in shown] == [("NH09|2023-01", 57)]
    # Nobody said by when the year of a sender is due: until it is over it is waited for.
    year = next(r for r in ask(quarter, "payment_calendar") if r["unit"] == "bank-a")
    assert (year["due_on"], year["days_late"], year["owed"]) == (None, 0, 1)
    assert quarter.kpi("payment_amount", period="2023-01", reporter="NH09") == []


def test_without_a_list_of_duties_the_source_itself_owes(hub: Hub) -> None:
    """The source called `payments` owes; what a bank sends by itself is not its."""
    tell(hub, "2023-02-01", "NH01", "2023-01", 100)
    told = paid("cash", "2023-02", customers=1, amount=5)
    hub.send("payment", told, sender="payments")
    hub.now = datetime(2023, 3, 1, 3, tzinfo=UTC)
    rows = ask(hub, "payment_calendar", period="2023-Q1")
    assert [(r["unit"], r["period"], r["state"].split(" | ")[1]) for r in rows] == [
        ("payments", "2023-01", "Missing, past due"),
        ("payments", "2023-03", "Not due yet"),
        ("payments", "2023-02", "Came; no day is set"),
    ]


def test_revisions_say_who_when_and_by_how_much(hub: Hub) -> None:
    """100, then 130, then 90, the second telling last: 130 was never less than 90 by 40."""
    tell(hub, "2023-02-01", "NH01", "2023-01", 100)
    tell(hub, "2023-02-20", "NH01", "2023-01", 90, revision=3)
    late = {"recorded_at": "2023-02-10T08:00:00+07:00"}
    tell(hub, "2023-03-01", "NH01", "2023-01", 130, revision=2, **late)
    tell(hub, "2023-03-01", "NH02", "2023-01", 500)  # told once: no revision
    rows = ask(hub, "payment_revisions")
    shown = [
        (r["revision_before"], r["revision"], r["amount_vnd"], r["amount_vnd_difference"])
        for r in rows
    ]
    assert shown == [(1, 2, 130, 30), (2, 3, 90, -40)]
    assert [r["accepted_on"] for r in rows] == ["2023-03-01", "2023-02-20"]
    assert [(r["customers_difference"], r["transactions_difference"]) for r in rows] == [
        (3, 6),
        (-4, -8),
    ]
    assert rows[0]["recorded_at"] == "2023-02-10T08:00:00+07:00"
    assert {r["sender"] for r in rows} == {"bank"}
    assert [r["revision"] for r in ask(hub, "payment_revisions", reporter="NH02")] == []
    assert ask(hub, "payment_revisions", at="2023-02-21T08:00:00+07:00")[0]["revision_before"] == 1
    (figure,) = hub.kpi("payment_amount", period="2023-01", reporter="NH01")
    assert figure["numerator"] == 90
