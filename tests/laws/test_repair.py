"""The repair loop: what was wrong is corrected, tried and replayed, and counts once."""

import json
from dataclasses import replace
from typing import Annotated, Any, Literal

import pytest
from pydantic import create_model

from hub import registry
from hub.access.keys import Sender
from hub.access.scope import Scope
from hub.definitions.contract import Contract, Doc
from hub.definitions.own.rejection import REJECTION
from hub.repair import items as rejected
from hub.repair.items import Item, Wanted
from hub.repair.repair import Repair, RepairError
from schemas.contracts.dossier import Dossier
from stream_jobs.worked import received
from tests.conftest import Hub
from tests.parts import lists

DOSSIER = registry.contracts()["dossier"]
GOOD = received("A", "2023-05-02")
BAD = received("B", "2023-05-03") | {"channel": "pigeon"}


@pytest.fixture
def repairs(hub: Hub) -> Repair:
    return Repair(hub.store, hub.log, lists.installed(), lambda: hub.now, hub.seals)


def post(hub: Hub, *items: Any, sender: str = "tester") -> None:
    hub.gateway.accept(DOSSIER, Sender(sender), json.dumps(items).encode())
    hub.runner.catch_up()


def items(hub: Hub, **wanted: Any) -> list[Item]:
    with hub.store.reading() as reading:
        return list(rejected.all_items(reading, hub.seals.opener(), Wanted(**wanted)))


def groups(hub: Hub, **wanted: Any) -> list[dict[str, Any]]:
    with hub.store.reading() as reading:
        return rejected.groups(reading, Wanted(**wanted))


def said(hub: Hub) -> list[Any]:
    """Everything that readers see: ledger, cells, what was heard of the dossiers."""
    with hub.store.reading() as reading:
        book = lists.installed().book(reading)
        cells = reading.rows("SELECT cell_set, period, dims, count, value FROM cell WHERE count<>0")
        return [sorted(cells), sorted(book.ledger)]


def test_an_item_is_corrected_tried_and_replayed_and_counts_once(hub: Hub, repairs: Repair) -> None:
    post(hub, GOOD, BAD)
    (item,) = items(hub)
    assert (item.state, item.rule, item.field) == ("open", "unknown_value", "channel")
    assert json.loads(item.original or b"") == BAD
    assert item.verdict() is not None
    fixed = repairs.fix(item, {"channel": "online"}, "an")
    assert (fixed.state, fixed.verdict()) == ("fixed", None)
    (again,) = items(hub, state="fixed")
    assert json.loads(again.content or b"") == BAD | {"channel": "online"}
    ((contract, sender, trial),) = repairs.try_out([again])
    assert (contract, sender) == ("dossier", "tester")
    predicted = {(f["period"], f["kpi"]): f["after"] for f in trial.figures}
    assert predicted["2023", "dossier_received_new"]["numerator"] == 2

    receipts = repairs.replay([again], "an", hub.gateway)
    hub.runner.catch_up()
    assert list(receipts) == [item.event_id]
    (done,) = items(hub)
    assert (done.state, done.acts[-1].receipt) == ("replayed", receipts[item.event_id])
    assert [a.action for a in done.acts] == ["fixed", "replayed"]
    after = said(hub)
    for _ in range(3):
        assert repairs.replay(items(hub), "an", hub.gateway) == receipts
        hub.runner.catch_up()
    assert said(hub) == after
    # The item as it was sent stays what it was; what was sent again is another, which counts.
    classes = {(r[0], r[3]): r[5] for r in after[1] if r[0] == "dossier"}
    assert classes == {("dossier", "applied"): 2, ("dossier", "quarantined"): 1}


def test_what_does_not_keep_the_contract_is_not_kept_and_not_sent(
    hub: Hub, repairs: Repair
) -> None:
    post(hub, BAD)
    (item,) = items(hub)
    with pytest.raises(RepairError, match="not one of"):
        repairs.fix(item, {"channel": "raven"}, "an")
    with pytest.raises(RepairError, match="requires"):
        repairs.fix(item, {"channel": "online", "procedure_code": None}, "an")
    assert repairs.replay([item], "an", hub.gateway) == {}
    assert items(hub)[0].acts == ()
    assert repairs.try_out([item]) == []


def test_an_item_may_be_replaced_whole_where_it_is_no_object(hub: Hub, repairs: Repair) -> None:
    hub.gateway.accept(DOSSIER, Sender("tester"), b'{"a":1}\n"text"\n')
    hub.runner.catch_up()
    (item,) = [i for i in items(hub) if i.original == b'"text"']
    with pytest.raises(RepairError, match="replace it as a whole"):
        repairs.fix(item, {"channel": "online"}, "an")
    repairs.fix(item, json.dumps(GOOD).encode(), "an")
    assert len(repairs.replay(items(hub, state="fixed"), "an", hub.gateway)) == 1


def test_two_who_correct_at_once_do_not_both_win(hub: Hub, repairs: Repair) -> None:
    post(hub, BAD)
    (item,) = items(hub)
    repairs.fix(item, {"channel": "online"}, "an")
    with pytest.raises(RepairError, match="somebody else"):
        repairs.fix(item, {"channel": "post"}, "bình")


def test_discarded_items_are_not_sent(hub: Hub, repairs: Repair) -> None:
    post(hub, BAD)
    (item,) = items(hub)
    repairs.discard([item], "an", "thử máy")
    (gone,) = items(hub)
    assert (gone.state, gone.acts[0].reason) == ("discarded", "thử máy")
    with pytest.raises(RepairError, match="discarded"):
        repairs.fix(gone, {"channel": "online"}, "an")
    with pytest.raises(RepairError, match="discarded"):
        repairs.discard([gone], "an", "")
    assert repairs.replay([gone], "an", hub.gateway) == {}


def test_four_eyes_ask_for_two_people(hub: Hub) -> None:
    repairs = Repair(
        hub.store, hub.log, lists.installed(), lambda: hub.now, hub.seals, four_eyes=True
    )
    post(hub, BAD)
    repairs.fix(items(hub)[0], {"channel": "online"}, "an")
    with pytest.raises(RepairError, match="may not replay"):
        repairs.replay(items(hub), "an", hub.gateway)
    assert len(repairs.replay(items(hub), "bình", hub.gateway)) == 1


def test_a_department_replays_within_its_units_only(hub: Hub, repairs: Repair) -> None:
    post(hub, BAD)
    repairs.fix(items(hub)[0], {"channel": "online"}, "an")
    other = Sender("tester", Scope(units=frozenset({"H99"})))
    for _ in range(2):
        with pytest.raises(RepairError, match="H57") as refused:
            repairs.replay(items(hub), "an", hub.gateway, other)
        assert refused.value.rule == "unit_not_allowed"
    hub.runner.catch_up()
    assert len(items(hub)) == len(items(hub, state="fixed")) == 1  # nothing came to it
    own = Sender("tester", Scope(units=frozenset({"H57.1"})))
    assert len(repairs.replay(items(hub), "bình", hub.gateway, own)) == 1


def test_what_was_done_meanwhile_does_not_hide_that_an_item_was_sent(
    hub: Hub, repairs: Repair, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(hub, BAD)
    fixed = repairs.fix(items(hub)[0], {"channel": "online"}, "an")
    accept = hub.gateway.accept

    def slowly(*given: Any) -> Any:
        repairs.discard([fixed], "bình", "thừa")
        return accept(*given)

    monkeypatch.setattr(hub.gateway, "accept", slowly)
    receipts = repairs.replay([fixed], "an", hub.gateway)
    (item,) = items(hub)
    assert [a.action for a in item.acts] == ["fixed", "discarded", "replayed"]
    assert receipts == {item.event_id: item.acts[-1].receipt}


def test_items_are_grouped_by_cause(hub: Hub, repairs: Repair) -> None:
    post(hub, BAD, BAD | {"event_id": "other"}, {"kind": "received"})
    post(hub, BAD, sender="another")
    repairs.discard(items(hub, sender="another"), "an", "")
    found = groups(hub)
    first = found[0]
    assert (first["sender"], first["field"], first["count"]) == ("tester", "channel", 2)
    assert sum(g["open"] for g in found) == 3
    assert [g["discarded"] for g in found if g["sender"] == "another"] == [1]
    assert {g["sender"] for g in groups(hub, sender="another")} == {"another"}
    assert found[0]["example"] in {i.event_id for i in items(hub, field="channel")}
    assert len(items(hub, ids=[found[0]["example"]])) == 1


def test_what_waited_for_a_code_is_offered_once_the_code_is_known(
    hub: Hub, repairs: Repair, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Annotated[
        Literal["counter", "online", "post", "pigeon"] | None, Doc("Kênh", "Channel")
    ]
    revised = create_model("Wider", __base__=Dossier, channel=(channel, None))
    wider = {**registry.contracts(), "dossier": Contract(revised)}
    post(hub, BAD, BAD | {"event_id": "n", "channel": "raven"}, {"kind": "received"})
    assert [i for i in items(hub) if i.verdict() is None] == []
    monkeypatch.setattr(hub.store, "definitions", replace(hub.store.definitions, contracts=wider))
    offered = [i for i in items(hub) if i.verdict() is None]
    assert [json.loads(i.original or b"")["channel"] for i in offered] == ["pigeon"]


def test_a_crash_between_sending_and_noting_it_sends_nothing_twice(
    hub: Hub, repairs: Repair, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(hub, BAD)
    repairs.fix(items(hub)[0], {"channel": "online"}, "an")

    def fail(*_: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(repairs, "_keep", fail)
        with pytest.raises(OSError, match="power cut"):
            repairs.replay(items(hub), "an", hub.gateway)
    hub.runner.catch_up()
    before = said(hub)
    assert len(repairs.replay(items(hub), "an", hub.gateway)) == 1
    hub.runner.catch_up()
    assert said(hub) == before
    assert hub.log.ends(REJECTION.topic) == {0: 1}
