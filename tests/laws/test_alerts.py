"""Every rule's worked example, done by hand in its file, fires and does not fire as it says.

And the same log has the same list, however it was read.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from hub import registry
from hub.alerts.course import courses, listed
from hub.alerts.episodes import episodes
from hub.alerts.rule import SERIES, Example, Rule
from hub.alerts.telling import Teller, as_of
from hub.clock import VIETNAM, iso, to_us
from hub.log.submitting import append_columns
from tests.conftest import Hub
from tests.parts.replay import readings

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


def replayed(folder: Path, step: timedelta, rows: int) -> str:
    """Replay some days of the dry season on a clock of its own; give the list, as JSON text."""
    span = datetime(2023, 3, 1, tzinfo=VIETNAM), datetime(2023, 3, 6, tzinfo=VIETNAM)
    frame, hub = readings(span), Hub(folder)
    rules = registry.alert_rules()
    at, clock = span[0], lambda: hub.now
    teller = Teller(hub.log, hub.store, hub.book, rules, clock)
    while at < span[1]:
        at, before = at + step, at
        hub.now = at
        came = frame.filter(pl.col("~came").is_between(to_us(before), to_us(at) - 1)).drop("~came")
        for part in came.iter_slices(rows):
            append_columns(hub.log, registry.contracts()["reading"], "salinity", part, clock)
        hub.runner.catch_up()
        while teller.round() != 0:
            hub.runner.catch_up()
        teller = Teller(hub.log, hub.store, hub.book, rules, clock)  # as after a restart
    with hub.store.reading() as reading:
        alerts = courses(reading.alert_events())
        alone = as_of(rules.values(), hub.book(reading), to_us(at))
    hub.close()
    shown = [a.public(rules) for a in listed(alerts) if a.state != "withdrawn"]
    assert shown == [a.public(rules) for a in listed(alone)]
    return json.dumps(shown)


def test_the_list_is_the_same_at_any_pace_and_of_any_batches(tmp_path: Path) -> None:
    lists = {
        replayed(tmp_path / str(n), timedelta(hours=hours), rows)
        for n, (hours, rows) in enumerate([(120, 10_000), (24, 100), (6, 7)])
    }
    assert len(lists) == 1
    assert len(json.loads(lists.pop())) > 10


def test_each_rule_has_an_example_that_fires_and_one_that_does_not() -> None:
    for rule in registry.alert_rules().values():
        assert {bool(example.raised) for example in rule.examples} == {True, False}, rule.id
        assert rule.question.vi.endswith("?")
        assert rule.question.en.endswith("?")
        assert rule.owner
