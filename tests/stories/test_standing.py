"""Who stands in a dossier, worked out by hand: what departments send of it, in every order.

Departments H57.1, H57.2 and H57.3 have keys of their own; `province` has one of whole scope.
"""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from hub.access import keys
from hub.proof.verify import verify
from hub.repair.items import Wanted, all_items
from hub.repair.repair import Repair
from stream_jobs.worked import dossier, received
from tests.parts import lists
from tests.parts.pushed import Json, Pushed, limited, pushed, verdicts

OWN, OTHER, THIRD = "H57.1", "H57.2", "H57.3"
CODE = "H57.1-230502-0001"
Said = tuple[str, Json]  # sender, event
MORE = {unit: limited("dossier", units=unit) for unit in (OTHER, THIRD)}


def reception(code: str = CODE, unit: str = OWN, to: str | None = None, **more: Any) -> Json:
    event = received(code, "2023-05-02", due="2023-05-20")
    return event | {"received_by": unit, "resolved_by": to, "event_id": f"r-{unit}"} | more


def resolution(code: str = CODE, unit: str | None = None, **more: Any) -> Json:
    event = dossier(code, "resolved", "2023-05-09", resolved_by=unit)
    return event | {"event_id": f"e-{unit}"} | more


# What is sent, who received and who resolved it by the figures of the year, how many are held.
CASES: dict[str, tuple[list[Said], list[str], list[str], int]] = {
    "who received it resolves it": (
        [(OWN, reception()), (OWN, resolution(unit=OWN))],
        [OWN],
        [OWN],
        0,
    ),
    "who was named to resolve it does": (
        [(OWN, reception(to=OTHER)), (OTHER, resolution(unit=OTHER))],
        [OWN],
        [OTHER],
        0,
    ),
    "who was not named does not": (
        [(OWN, reception()), (OTHER, resolution(unit=OTHER))],
        [OWN],
        [],
        1,
    ),
    "nor by an event that names no unit": (
        [(OWN, reception()), (OTHER, resolution())],
        [OWN],
        [],
        1,
    ),
    "a transfer by who received it names another": (
        [
            (OWN, reception()),
            (OTHER, resolution(unit=OTHER)),
            (OWN, dossier(CODE, "processing", "2023-05-04", received_by=OWN, resolved_by=OTHER)),
        ],
        [OWN],
        [OTHER],
        0,
    ),
    "the province's own system names whom it will": (
        [
            ("province", reception(to=OTHER)),
            (OTHER, resolution(unit=OTHER)),
            (THIRD, resolution(unit=THIRD)),
        ],
        [OWN],
        [OTHER],
        1,
    ),
    "whose code it is owns it, not who claims it": (
        [(OWN, reception()), (OTHER, reception(unit=OTHER)), (OTHER, resolution(unit=OTHER))],
        [OWN],
        [],
        2,
    ),
    "what the province says of the receiver outranks the code": (
        [(OWN, reception()), ("province", reception(unit=OTHER)), (OTHER, resolution(unit=OTHER))],
        [OTHER],
        [OTHER],
        1,
    ),
    "a retraction is its sender's own and never held": (
        [
            (OWN, reception()),
            (OTHER, resolution(unit=OTHER)),
            (OTHER, dossier(CODE, "retracted", "2023-05-10", retracts=f"e-{OTHER}")),
        ],
        [OWN],
        [],
        0,
    ),
    "what nobody received waits": (
        [(OTHER, resolution(unit=OTHER))],
        [],
        [],
        1,
    ),
}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Pushed]:
    with pushed(tmp_path / "hub", MORE) as opened:
        yield opened


def units(hub: Pushed, kpi: str, role: str) -> list[str]:
    """Give the units that have dossiers in a KPI's figures of the year."""
    figures = hub.figures(kpi, "2023", "unit", role=role)
    return [unit for unit, n in figures.items() if n]


def held(hub: Pushed, sender: str = "") -> list[Json]:
    listed: list[Json] = hub.ask("/v1/held", sender).json()["held"]
    return listed


@pytest.mark.parametrize("name", CASES)
def test_who_stands_whatever_comes_first(tmp_path: Path, name: str) -> None:
    sent, receivers, resolvers, count = CASES[name]
    for number, order in enumerate(permutations(sent)):
        with pushed(tmp_path / str(number), MORE) as hub:
            for sender, event in order:
                answer = hub.post("/v1/events/dossier", event, sender)
                assert answer.status_code == 202, answer.text
            assert units(hub, "dossier_received_new", "received_by") == receivers
            assert units(hub, "dossier_resolved", "resolved_by") == resolvers
            assert len(held(hub)) == count
            parts = hub.hub
            assert verify(parts.log, parts.store, lists.installed()).differences == []


def test_of_two_claims_that_no_code_decides_the_first_accepted_has_it(hub: Pushed) -> None:
    hub.post("/v1/events/dossier", reception("X-1", OTHER), OTHER)
    hub.post("/v1/events/dossier", reception("X-1", OWN, recorded_at="2020-01-01T00:00:00Z"), OWN)
    assert units(hub, "dossier_received_new", "received_by") == [OTHER]


def test_both_sides_see_what_is_held_and_nobody_else(hub: Pushed) -> None:
    receipt = hub.post("/v1/events/dossier", reception(), OWN).json()["receipt"]
    late = hub.post("/v1/events/dossier", resolution(unit=OTHER), OTHER).json()["receipt"]
    (seen,) = held(hub, OTHER)
    assert held(hub, OWN) == held(hub, "officer") == held(hub) == [seen]
    assert held(hub, THIRD) == held(hub, "province") == []
    assert (seen["entity"], seen["sender"], seen["standing"]) == (CODE, OTHER, [OWN])
    assert seen["event"]["resolved_by"] == OTHER
    assert seen["message_vi"] == f"{CODE} là của {OWN}; được tính khi họ nêu {OTHER}"
    states = hub.ask(f"/v1/receipts/{late}", OTHER).json()["states"]
    assert states == {"held": 1}
    # Then its owner hands it on.
    hand_on = dossier(CODE, "processing", "2023-05-04", received_by=OWN, resolved_by=OTHER)
    hub.post("/v1/events/dossier", hand_on, OWN)
    assert held(hub) == []
    assert hub.ask(f"/v1/receipts/{late}", OTHER).json()["states"] == {"applied": 1}
    assert hub.ask(f"/v1/receipts/{receipt}", OWN).json()["states"] == {"applied": 1}


def test_nobody_writes_who_it_speaks_for(hub: Pushed) -> None:
    for sender, unit in ((OTHER, OTHER), ("province", OWN)):
        sent = reception("X-1", unit, sent_for=OWN)
        answer = hub.post("/v1/events/dossier", sent, sender)
        assert verdicts(answer) == [("unknown_field", "sent_for", "[đã che: 5 ký tự]")]
    table = f"{','.join(sent)}\n{','.join(str(v or '') for v in sent.values())}\n".encode()
    answer = hub.post("/v1/files/dossier", table, "province")
    assert answer.json()["accepted"] == 1
    assert "sent_for" in str(answer.json()["understood"])  # as a column that is passed over


def test_sent_again_by_a_wider_key_it_counts_and_the_first_is_its_repeat(hub: Pushed) -> None:
    hub.post("/v1/events/dossier", reception("X-1", OTHER), OTHER)
    late = resolution("X-1", unit=None)
    hub.post("/v1/events/dossier", late, THIRD)
    assert len(held(hub)) == 1
    made = keys.Made("id-wider", "hub_wider")
    scope = limited("dossier", units=f"{OTHER},{THIRD}")
    keys.create(hub.hub.store, hub.hub.clock, THIRD, scope, made=made)
    hub.post("/v1/events/dossier", late, "wider")
    assert held(hub) == []
    with hub.hub.store.reading() as reading:
        ledger = [(kind, n) for c, s, _, kind, _, n in reading.table("ledger") if s == THIRD and n]
    assert sorted(ledger) == [("applied", 1), ("duplicate", 1)]
    assert verify(hub.hub.log, hub.hub.store, lists.installed()).differences == []


def test_what_an_officer_sends_again_speaks_for_its_sender_alone(hub: Pushed) -> None:
    hub.post("/v1/events/dossier", reception(), OWN)
    wrong = resolution(unit=None, kind="solved")
    hub.post("/v1/events/dossier", wrong, OTHER)
    parts = hub.hub
    repairs = Repair(parts.store, parts.log, parts.installed, parts.clock, parts.seals())
    with parts.store.reading() as reading:
        (item,) = all_items(reading, parts.seals().opener(), Wanted())
    fixed = repairs.fix(item, {"kind": "resolved"}, "an")
    repairs.replay([fixed], "binh", parts.gateway())
    parts.runner.catch_up()
    assert [e["sender"] for e in held(hub)] == [OTHER]


def test_a_dry_run_says_that_it_would_be_held(hub: Pushed) -> None:
    hub.post("/v1/events/dossier", reception(), OWN)
    tried = hub.post("/v1/events/dossier?dry_run=1", resolution(unit=OTHER), OTHER).json()
    assert tried["would_change"]["classes"] == {"held": 1}
    assert tried["would_change"]["figures"] == []
