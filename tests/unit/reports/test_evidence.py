"""Evidence: each rule names what its worked examples name, and nothing else; figures stay."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.clock import to_us
from hub.figures.compute import QuestionError
from hub.reports.evidence import Rule, Shown, find_evidence, rules_of
from hub.reports.filled import read_report_question
from stream_jobs.worked import dossier, fee, paid, received
from tests.conftest import Hub

FORM = registry.reports()["06a"]
RULES = registry.evidence()
CASES = [
    pytest.param(rule, shown, id=f"{name}-{i}")
    for name, rule in RULES.items()
    for i, shown in enumerate(rule.examples)
]


def found(hub: Hub, **asked: str) -> dict[str, Any]:
    with hub.store.reading() as reading:
        question = read_report_question(FORM, asked, to_us(hub.now))
        return find_evidence(RULES, FORM, question, hub.book(reading))


@pytest.mark.parametrize(("rule", "shown"), CASES)
def test_the_worked_example_fires_and_what_is_beside_it_does_not(
    hub: Hub, rule: Rule, shown: Shown
) -> None:
    contract = registry.contracts()[rule.contract]
    hub.send(rule.contract, *shown.events)
    body = found(hub, period=shown.period)
    rows = [row for row in body["findings"] if row["rule"] == rule.id]
    assert sorted(e for row in rows for e in row["entities"]) == sorted(shown.named)
    assert {contract.entity_of(e) for e in shown.events} > set(shown.named)
    assert body["counts"].get(rule.id) == len(rows) >= 1
    assert found(hub, period="2025-07")["findings"] == []


def test_every_rule_has_an_example_and_both_languages() -> None:
    for rule in RULES.values():
        assert rule.examples, rule.id
        assert all((rule.title.vi, rule.title.en, rule.meaning.vi, rule.meaning.en)), rule.id


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Hub]:
    """A hub with something to find in May, of one unit, and in June."""
    opened = Hub(tmp_path)
    opened.send(
        "dossier",
        received("A", "2025-05-06T09:00", due="2025-05-05"),
        dossier("A", "resolved", "2025-05-06T08:00"),
        received("B", "2025-06-06", due="2025-06-05"),
    )
    yield opened
    opened.close()


def test_what_is_found_says_what_shows_it_by_unit_and_period(two: Hub) -> None:
    body = found(two, period="2025-05")
    assert body["counts"] == {"due_before_reception": 1, "end_before_reception": 1}
    ended = next(r for r in body["findings"] if r["rule"] == "end_before_reception")
    assert ended == {
        "rule": "end_before_reception",
        "unit": "H57.2",
        "at": "2025-05-06T09:00:00+07:00",
        "count": 1,
        "entities": ["A"],
        "evidence": {
            "received_at": "2025-05-06T09:00:00+07:00",
            "ended_at": "2025-05-06T08:00:00+07:00",
        },
    }
    assert [row["entities"] for row in found(two, period="2025-06")["findings"]] == [["B"]]
    assert found(two, period="2025")["total"] == 3
    assert found(two, period="2025-05", unit="H57.1")["total"] == 0
    assert found(two, period="2025-05", unit="H57.2")["total"] == 2
    with two.store.reading() as reading:
        question = read_report_question(FORM, {"period": "2025"}, to_us(two.now))
        book = two.book(reading)
        seen = find_evidence(RULES, FORM, question, book, lambda _, codes: {"B"} & set(codes))
    assert [row["entities"] for row in seen["findings"]] == [["B"]]


def test_a_province_that_is_not_its_districts_together_is_named_with_both_sums(hub: Hub) -> None:
    """Eleven districts of 10 đồng, 2 customers and 4 payments: 110, 22 and 44. H57 says 100."""
    districts = [f"H57.{number}" for number in range(21, 32)]
    hub.send(
        "payment",
        *(paid("cashless", "2025-03", customers=2, amount=10, area=area) for area in districts),
        paid("cashless", "2025-03", customers=22, amount=100, area="H57"),
        paid("cash", "2025-03", customers=1, amount=1, area="H57"),  # its parts were not told
    )
    body = found(hub, period="2025-03")
    assert [(row["entities"], row["evidence"]) for row in body["findings"]] == [
        (
            ["DIENLUC|electricity|cashless|H57|2025-03"],
            {
                "parts": "H57.21 – H57.31",
                "transactions": None,
                "transactions_of_parts": None,
                "amount_vnd": 100,
                "amount_vnd_of_parts": 110,
                "customers": None,
                "customers_of_parts": None,
            },
        )
    ]
    assert found(hub, period="2025", unit="H57.21")["total"] == 0
    assert found(hub, period="2025", unit="H57")["total"] == 1


def test_a_year_is_held_against_its_months_customers_apart(hub: Hub) -> None:
    """Twelve months of 10 đồng are 120; customers of a year are not those of its months."""
    months = [f"2025-{number:02}" for number in range(1, 13)]
    hub.send("payment", *(paid("cashless", m, customers=1, amount=10) for m in months[:11]))
    hub.send("payment", paid("cashless", "2025", customers=1, amount=130, transactions=24))
    assert found(hub, period="2025")["total"] == 0  # December is not there
    hub.send("payment", paid("cashless", months[11], customers=1, amount=10))
    (row,) = found(hub, period="2025")["findings"]
    assert (row["evidence"]["amount_vnd"], row["evidence"]["amount_vnd_of_parts"]) == (130, 120)
    assert row["evidence"]["transactions"] is None  # 24 are 24
    hub.send("payment", paid("cashless", "2025", customers=1, amount=120, revision=2))
    hub.send(
        "payment", paid("cashless", "2025", customers=1, amount=120, revision=3, transactions=24)
    )
    assert found(hub, period="2025")["total"] == 0


def test_rules_of_one_contract_can_be_asked_for(hub: Hub) -> None:
    assert rules_of(RULES, None) == RULES
    assert rules_of(RULES, "fee").keys() == {"fee_document_shared"}
    with pytest.raises(QuestionError, match="only dossier, fee, payment"):
        rules_of(RULES, "reading")


def test_of_one_document_two_units_see_nothing_of_each_other(hub: Hub) -> None:
    """What is looked at is what whoever asks sees: one of two fees shares with nobody."""
    own = fee("A", "paid", "2025-05-06", 10, transaction_id="T1", channel="online")
    hub.send("fee", own, {**own, "event_id": "other", "dossier_code": "B", "unit": "H57.2"})
    (row,) = found(hub, period="2025-05")["findings"]
    assert row["entities"] == ["A|LP01", "B|LP01"]
    assert row["evidence"] == {
        "side": "transaction",
        "document": "T1",
        "fees": 2,
        "dossiers": 2,
        "amount_vnd": 10,
        "claimed_vnd": 20,
    }
    with hub.store.reading() as reading:
        question = read_report_question(FORM, {"period": "2025"}, to_us(hub.now))
        book = hub.book(reading)
        seen = find_evidence(RULES, FORM, question, book, lambda _, codes: {"A|LP01"} & set(codes))
    assert seen["findings"] == []
