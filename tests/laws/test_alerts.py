"""Every rule's worked example, done by hand in its file, fires and does not fire as it says."""

from datetime import datetime

import polars as pl
import pytest

from hub import registry
from hub.alerts.episodes import episodes
from hub.alerts.rule import SERIES, Example, Rule
from hub.clock import iso, to_us
from tests.conftest import Hub

CASES = [
    pytest.param(rule, example, id=f"{name}-{i}")
    for name, rule in registry.alert_rules().items()
    for i, example in enumerate(rule.examples)
]


def us(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_the_worked_example_holds(hub: Hub, rule: Rule, example: Example) -> None:
    hub.reference = hub.reference.with_tables(example.reference)
    if example.accepted_at:
        hub.now = datetime.fromisoformat(example.accepted_at)
    if example.events:
        sender = example.sender or "tester"
        hub.post(example.contract, *example.events, sender=sender)
        hub.runner.catch_up()
    until = us(example.at)
    if example.points:
        rows = [(s, us(at), value, None, state) for s, at, value, state in example.points]
        points = pl.DataFrame(rows, schema=SERIES, orient="row")
    else:
        with hub.store.reading() as reading:
            points = rule.series.read(hub.book(reading), until)
    found = episodes(points, rule.limits, until)
    told = [(e.subject, iso(e.raised_at), iso(e.cleared_at)) for e in found]
    assert told == list(example.raised)
