"""While a state is the same, so are the figures: what is told without computing them is true."""

import json
from typing import Any

from hub import registry
from hub.clock import to_us
from hub.figures.compute import Question
from hub.figures.figure import AS_TOLD
from hub.figures.official import figures
from hub.figures.unchanged import State, States
from hub.reference.periods import parse_period
from stream_jobs.worked import dossier, paid, received, salinity
from tests.conftest import Hub
from tests.laws.test_closing import BEFORE, LATE

KPIS = registry.kpis()
PERIODS = ["2022", "2023", "2023-Q2", "2023-05", "2023-05-03", "2023-W18", "2026", "2026-01"]
TODAY = "2026-01-15"


def asked(hub: Hub) -> dict[tuple[str, str], tuple[State, str]]:
    """Give each KPI's state of each period, and what its figures say."""
    now = to_us(hub.now)
    out = {}
    with hub.store.reading() as reading:
        book = hub.book(reading)
        for text in PERIODS:
            states = States(book, parse_period(text), now)
            for kpi in KPIS.values():
                found = figures(kpi, Question(parse_period(text), now), book)
                told = json.dumps([f.public(AS_TOLD) for f in found], default=str)
                out[kpi.id, text] = states.of(kpi), told
    return out


def test_figures_change_with_their_state_alone(hub: Hub) -> None:
    """Every event by itself, of an open and of a closed past, of every contract."""
    before = asked(hub)
    changed = 0
    today: list[tuple[str, dict[str, Any]]] = [
        ("dossier", received("T", TODAY)),
        ("dossier", dossier("B", "supplemented", TODAY)),
        ("reading", salinity("ST01", f"{TODAY}T05:00", 1)),
        ("payment", paid("cash", "2026-01", customers=1, amount=1)),
    ]
    listed = [(n, e) for events in (BEFORE, LATE) for n, many in events.items() for e in many]
    for name, event in [*listed, *today]:
        hub.send(name, event, sender="one_stop")
        after = asked(hub)
        for key, (state, told) in after.items():
            was = before[key]
            # What is about sources is looked at by the clock where the period is over.
            if KPIS[key[0]].numerator.is_of_sources:
                continue
            assert told == was[1] or state != was[0], (key, event)
            changed += told != was[1]
        before = after
    assert changed > 50


def test_what_happens_today_leaves_the_past_as_it_is(hub: Hub) -> None:
    for name, events in BEFORE.items():
        hub.send(name, *events, sender="one_stop")
    before = asked(hub)
    hub.send("dossier", received("T", TODAY), sender="one_stop")
    hub.send("reading", salinity("ST01", f"{TODAY}T05:00", 9), sender="one_stop")
    after = asked(hub)
    past = [key for key in before if not key[1].startswith("2026")]
    assert [key for key in past if before[key] != after[key]] == []
    moved = {key for key in before if before[key][0].data != after[key][0].data}
    assert ("salinity_max", "2026") in moved
    assert ("dossier_received_new", "2026-01") in moved
    assert ("payment_amount", "2026") not in moved


def test_a_late_event_changes_the_periods_from_its_month_on(hub: Hub) -> None:
    for name, events in BEFORE.items():
        hub.send(name, *events, sender="one_stop")
    before = asked(hub)
    hub.send("dossier", dossier("C", "resolved", "2023-06-04"), sender="one_stop")
    after = asked(hub)
    moved = {p for k, p in before if before[k, p][0].data != after[k, p][0].data if k == ASKED}
    assert moved == {"2023", "2023-Q2", "2026", "2026-01"}


ASKED = "dossier_resolved"
