"""Evidence: each rule names what its worked examples name, and nothing else; figures stay."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.clock import to_us
from hub.reports.evidence import Rule, Shown, find_evidence
from hub.reports.filled import read_report_question
from stream_jobs.worked import dossier, received
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
    hub.send("dossier", *shown.events)
    body = found(hub, period=shown.period)
    rows = [row for row in body["findings"] if row["rule"] == rule.id]
    assert sorted(e for row in rows for e in row["entities"]) == sorted(shown.named)
    assert {e["dossier_code"] for e in shown.events} > set(shown.named)
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
        seen = find_evidence(RULES, FORM, question, two.book(reading), lambda codes: {"B"})
    assert [row["entities"] for row in seen["findings"]] == [["B"]]
