"""What became of what was sent: each item of a receipt, in the state that the ledger gives it."""

import json
from dataclasses import replace
from typing import Any

from hub import registry
from hub.access.keys import Sender
from hub.clock import to_us
from hub.definitions.admission import admit
from hub.figures.loading import load_lists
from hub.gateway.gateway import Offer
from hub.repair.following import ITEMS_MAX, follow
from stream_jobs.worked import dossier, received
from tests.conftest import Hub
from tests.parts import lists

DOSSIER = registry.contracts()["dossier"]


def send(hub: Hub, *items: object, sender: str = "tester") -> str:
    answer = hub.gateway.accept(DOSSIER, Sender(sender), json.dumps(items).encode())
    return str(answer.body["receipt"])


def followed(hub: Hub, receipt: str, offset: int = 0) -> dict[str, Any]:
    kept = hub.log.receipt(receipt)
    assert kept is not None
    with hub.store.reading() as reading:
        return follow(hub.log, reading, hub.seals.opener(), receipt, kept, offset)


def states(hub: Hub, receipt: str) -> list[str]:
    return [item["state"] for item in followed(hub, receipt)["items"]]


def test_items_wait_until_they_are_applied(hub: Hub) -> None:
    first = send(hub, received("A", "2023-05-02"), {"kind": "pigeon"})
    assert followed(hub, first)["states"] == {"waiting": 2}
    hub.runner.catch_up()
    body = followed(hub, first)
    assert body["states"] == {"applied": 1, "quarantined": 1}
    assert (body["sender"], body["contract"]) == ("tester", "dossier")
    assert body["answer"]["receipt"] == first
    (bad,) = [i for i in body["items"] if i["state"] == "quarantined"]
    assert (bad["index"], bad["event_id"]) == (1, f"{first}:1")
    assert bad["message_vi"]


def test_a_repeat_a_conflict_and_a_withdrawn_item_are_told_apart(hub: Hub) -> None:
    event = received("A", "2023-05-02")
    other = dossier("A", "processing", "2023-05-03")
    one = send(hub, event, other)
    two = send(hub, event)
    three = send(hub, event | {"channel": "post"}, event | {"channel": "online"})
    four = send(hub, event, sender="another")
    hub.runner.catch_up()
    assert states(hub, two) == ["duplicate"]
    assert states(hub, four) == ["applied"]
    contents = [states(hub, one)[0], *states(hub, three)]
    # One content of the three under this identity counts; which one, their digests say.
    assert sorted(contents) == ["applied", "conflict", "conflict"]
    send(hub, dossier("A", "retracted", "2023-05-04", retracts=other["event_id"]))
    hub.runner.catch_up()
    assert states(hub, one)[1] == "retracted"


def test_receipts_do_not_mix_and_long_ones_are_paged(hub: Hub) -> None:
    many = send(hub, *(received(f"D{i}", "2023-05-02") for i in range(ITEMS_MAX + 5)))
    send(hub, received("OTHER", "2023-05-02"))
    hub.runner.catch_up()
    first = followed(hub, many)
    assert (len(first["items"]), first["next_offset"]) == (ITEMS_MAX, ITEMS_MAX)
    rest = followed(hub, many, ITEMS_MAX)
    assert (len(rest["items"]), rest["next_offset"]) == (5, None)
    assert first["states"] == rest["states"] == {"applied": ITEMS_MAX + 5}
    assert hub.log.receipt("nothing") is None


def test_an_append_that_broke_off_and_came_again_is_no_repeat(hub: Hub) -> None:
    event = received("A", "2023-05-02")
    body = json.dumps([event, event, received("B", "2023-05-02")]).encode()
    offer = Offer(DOSSIER, Sender("tester"), body, None, admit(DOSSIER, body))
    hub.gateway.prepare([offer])
    assert offer.submission is not None
    # A part is in the log, and nobody was told so: the whole comes again, and has its receipt.
    hub.log.append([replace(offer.submission, receipt="broken off")])
    hub.gateway.commit([offer])
    hub.runner.catch_up()
    receipt = offer.submission.receipt
    kept = hub.log.receipt(receipt)
    assert kept is not None
    kept = replace(kept, places={DOSSIER.topic: [(0, 3, 6)]})
    with hub.store.reading() as reading:
        items = follow(hub.log, reading, hub.seals.opener(), receipt, kept, 0)["items"]
    assert [i["state"] for i in items] == ["applied", "duplicate", "applied"]
    again = send(hub, *json.loads(body))
    hub.runner.catch_up()
    assert states(hub, again) == ["duplicate"] * 3


def test_the_hubs_own_acts_have_receipts_that_can_be_followed(hub: Hub) -> None:
    load_lists(hub.log, lists.reference().tables, to_us(hub.now), "An")
    (receipt,) = hub.log.receipts()
    assert followed(hub, receipt.id)["states"] == {"waiting": receipt.accepted}
    hub.runner.catch_up()
    assert followed(hub, receipt.id)["states"] == {"applied": receipt.accepted}
    assert load_lists(hub.log, lists.reference().tables, to_us(hub.now), "An") == {}
