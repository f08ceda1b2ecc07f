"""What came in the place of a rejected item closes it, and nothing else does."""

import json
from datetime import timedelta
from typing import Any

import pytest

from hub import registry
from hub.access.keys import Sender
from hub.apply.applier import Applier
from hub.proof.verify import verify
from hub.repair import items as rejected
from hub.repair.items import Item, Wanted
from hub.repair.mending import close_mended
from hub.sheets.files import admit_file
from stream_jobs.worked import received
from tests.conftest import Hub
from tests.parts import lists

DOSSIER = registry.contracts()["dossier"]
READING = registry.contracts()["reading"]
GOOD = received("H57.1-230502-0001", "2023-05-02") | {"event_id": "1"}
BAD = received("H57.1-230503-0002", "2023-05-03") | {"event_id": "2", "channel": "pigeon"}


def later(hub: Hub) -> None:
    hub.now += timedelta(seconds=1)


def post(hub: Hub, *items: Any, sender: str = "tester", contract: Any = DOSSIER) -> str:
    later(hub)
    answer = hub.gateway.accept(contract, Sender(sender), json.dumps(items).encode())
    hub.runner.catch_up()
    return str(answer.body["receipt"])


def mend(hub: Hub) -> int:
    return close_mended(hub.store, hub.log, hub.seals.opener(), lambda: hub.now)


def items(hub: Hub) -> list[Item]:
    with hub.store.reading() as reading:
        return list(rejected.all_items(reading, hub.seals.opener(), Wanted()))


def states(hub: Hub) -> list[str]:
    return [i.state for i in items(hub)]


def test_a_later_good_record_of_the_same_id_closes_an_item_and_is_named(hub: Hub) -> None:
    post(hub, GOOD, BAD)
    assert mend(hub) == 0
    receipt = post(hub, GOOD, BAD | {"channel": "post"})
    assert (mend(hub), mend(hub)) == (1, 0)
    (item,) = items(hub)
    assert (item.state, item.acts[-1].receipt) == ("superseded", receipt)
    assert item.acts[-1].reason == "H57.1-230503-0002 2"
    assert verify(hub.log, hub.store, installed=lists.installed()).differences == []


@pytest.mark.parametrize(
    ("other", "sender"),
    [
        ({"channel": "post"}, "another"),  # another sender's
        ({"channel": "post", "dossier_code": "H57.1-230503-0003"}, "tester"),  # another dossier
        ({"channel": "post", "kind": "processing", "event_id": "2"}, "tester"),  # another kind
    ],
)
def test_what_is_another_record_closes_nothing(hub: Hub, other: Any, sender: str) -> None:
    post(hub, BAD)
    # Both senders have something open.
    post(hub, BAD | {"event_id": "9", "dossier_code": "H57.1-230503-0009"}, sender="another")
    post(hub, BAD | other, sender=sender)
    assert mend(hub) == 0
    assert states(hub) == ["open", "open"]


def test_a_repeat_of_what_was_there_before_closes_nothing(hub: Hub) -> None:
    good = BAD | {"channel": "post"}
    post(hub, good)
    post(hub, BAD)
    post(hub, good)
    assert mend(hub) == 0
    # What is new under that id does.
    post(hub, BAD | {"channel": "counter"})
    assert mend(hub) == 1


def test_one_of_the_same_file_closes_nothing(hub: Hub) -> None:
    post(hub, BAD, BAD | {"channel": "post"})
    assert mend(hub) == 0


def test_a_wrong_code_is_found_by_its_id_alone(hub: Hub) -> None:
    post(hub, BAD | {"channel": "post", "dossier_code": "hồ sơ 2"})
    post(hub, BAD | {"channel": "post"})
    assert mend(hub) == 1


def test_an_item_that_is_rejected_after_a_look_is_found_by_the_next(hub: Hub) -> None:
    post(hub, GOOD)
    mend(hub)
    post(hub, BAD)
    mend(hub)
    post(hub, BAD | {"channel": "post"})
    assert mend(hub) == 1


def test_while_rejected_items_are_to_be_applied_nothing_is_looked_at(hub: Hub) -> None:
    for item in (BAD, BAD | {"channel": "post"}):
        later(hub)
        hub.gateway.accept(DOSSIER, Sender("tester"), json.dumps([item]).encode())
    # The events are applied before what was rejected, as two workers may do it.
    applier = Applier(hub.store, hub.log.identity, lambda: hub.now)
    applier.apply(DOSSIER, hub.log.read(DOSSIER.topic, 0))
    assert mend(hub) == 0
    hub.runner.catch_up()
    assert mend(hub) == 1


ROW = "{id};ST05;salinity;{at};{value};mg/L\n"
HEAD = "event_id;station_code;quantity;measured_at;value;unit\n"


def test_a_corrected_whole_file_closes_what_it_mends_and_leaves_the_rest(hub: Hub) -> None:
    def push(*rows: tuple[str, str, str]) -> str:
        later(hub)
        body = (HEAD + "".join(ROW.format(id=i, at=a, value=v) for i, a, v in rows)).encode()
        answer = hub.gateway.accept(READING, Sender("tester"), body, judge=admit_file)
        hub.runner.catch_up()
        return str(answer.body["receipt"])

    day = "2023-05-17T0{}:00:00+07:00".format
    push(("a", day(1), "12.5"), ("b", day(2), "không"), ("c", day(3), "-9999"), ("d", "?", "1.5"))
    assert states(hub) == ["open"] * 3
    # The second row has another id now, and is the same reading; the third is still wrong.
    receipt = push(("a", day(1), "12.5"), ("b2", day(2), "13.5"), ("c", day(3), "-9999"),
                   ("d", day(4), "1.5"))  # fmt: skip
    assert mend(hub) == 2
    ended = {i.index: (i.state, i.acts[-1].receipt if i.acts else None) for i in items(hub)[:3]}
    assert ended == {
        2: ("superseded", receipt),
        3: ("open", None),
        4: ("superseded", receipt),
    }
    assert states(hub)[3:] == ["open"]  # the third row, as the new file says it


def test_a_lower_revision_closes_nothing(hub: Hub) -> None:
    said = {
        "station_code": "ST05",
        "quantity": "salinity",
        "measured_at": "2023-05-17T01:00:00+07:00",
        "unit": "mg/L",
    }
    revised = {"revised_at": "2023-05-17T05:00:00+07:00"}
    post(hub, said | revised | {"event_id": "r1", "value": "?"}, contract=READING)
    post(hub, said | {"event_id": "r0", "value": 1.5}, contract=READING)
    assert mend(hub) == 0
    post(hub, said | revised | {"event_id": "r2", "value": 1.5}, contract=READING)
    assert mend(hub) == 1


def test_what_is_closed_can_neither_be_sent_again_nor_closed_by_others(hub: Hub) -> None:
    post(hub, BAD)
    post(hub, BAD | {"channel": "post"})
    mend(hub)
    (item,) = items(hub)
    assert not rejected.is_ready(item)
    with hub.store.reading() as reading:
        (group,) = rejected.groups(reading, Wanted())
        assert (group["open"], group["superseded"]) == (0, 1)
        assert rejected.waiting(reading) == []
