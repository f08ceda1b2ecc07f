"""Verify knows what the hub does on purpose, and calls none of it a difference."""

from hub.proof.verify import verify
from stream_jobs.worked import dossier, paid, received
from tests.conftest import Hub
from tests.parts import lists
from tests.parts.small import in_this_process


def differences(hub: Hub) -> list[str]:
    with in_this_process():
        return verify(hub.log, hub.store, lists.installed()).differences


def test_verify_knows_of_the_limit_of_an_entity(hub: Hub) -> None:
    hub.send("dossier", *[dossier("A", "processing", "2023-05-01") for _ in range(1_002)])
    assert differences(hub) == []


def test_verify_does_not_hold_receipts_against_a_topic_not_applied_yet(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-06-10T08:00"))
    hub.post("payment", paid("cash", "2023", customers=1, amount=1))
    assert differences(hub) == []


def test_what_is_acknowledged_while_verify_reads_is_no_difference(hub: Hub) -> None:
    """Its records stand behind what was read of their topic, its receipt is there already."""
    hub.send("dossier", received("A", "2023-06-10T08:00"))
    came: list[str] = []

    def send_once(read: str, *_: int) -> None:
        if read == "dossier" and not came:
            came.append("B")
            hub.post("dossier", received("B", "2023-06-10T09:00"))

    with in_this_process():
        found = verify(hub.log, hub.store, lists.installed(), send_once)
    assert (came, found.differences) == (["B"], [])
    hub.runner.catch_up()
    assert differences(hub) == []
