"""An append that failed is no acknowledgement, and does not end the gateway."""

from unittest import mock

import pytest

from hub import registry
from hub.access.keys import Sender
from hub.log.log import LogUnavailableError
from stream_jobs.worked import received
from tests.conftest import Hub


def test_an_append_that_failed_is_no_duplicate_when_sent_again(hub: Hub) -> None:
    def full(_: object) -> None:
        raise LogUnavailableError("full")

    event = received("A", "2023-06-10")
    with (
        mock.patch.object(hub.log, "append", full),
        pytest.raises(LogUnavailableError, match="full"),
    ):
        hub.post("dossier", event)
    body = hub.post("dossier", event).body
    assert (body["accepted"], body["duplicates"]) == (1, 0)


def test_the_appender_survives_the_unexpected(hub: Hub) -> None:
    def broken(_: object) -> None:
        raise OverflowError("int too large")

    with (
        mock.patch.object(hub.log, "append", broken),
        pytest.raises(LogUnavailableError, match="int too large"),
    ):
        hub.post("dossier", received("A", "2023-06-10"))
    body = hub.post("dossier", received("B", "2023-06-10")).body
    assert body["accepted"] == 1


@pytest.mark.parametrize("is_applied", [False, True])
def test_an_answer_names_what_its_receipt_calls_a_conflict(hub: Hub, is_applied: bool) -> None:
    """Which content counts, the receipt says; that there is another one, the answer does."""
    event = received("A", "2023-06-10")
    other = event | {"channel": "post"}
    elsewhere = event | {"dossier_code": "B"}
    hub.post("dossier", event)
    if is_applied:
        hub.runner.catch_up()
    body = hub.post("dossier", received("C", "2023-06-10"), other, event, elsewhere).body
    assert (body["accepted"], body["duplicates"], body["rejected"]) == (3, 1, [])
    (conflict,) = body["conflicts"]
    said = {n: conflict[n] for n in ("index", "rule", "field", "value")}
    wanted = {"index": 1, "rule": "conflict", "field": "event_id", "value": event["event_id"]}
    assert said == wanted
    assert "cả hai được giữ" in conflict["message_vi"]
    # Sent again it is a repeat, and no other sender's.
    again = hub.post("dossier", other).body
    assert (again["duplicates"], again["conflicts"]) == (1, [])
    assert hub.post("dossier", other, sender="another").body["conflicts"] == []
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        classes = {r[3]: r[5] for r in reading.table("ledger") if r[1] == "tester"}
    assert classes["conflict"] == 1


def test_two_contents_of_one_body_conflict(hub: Hub) -> None:
    event = received("A", "2023-06-10")
    body = hub.post("dossier", event, event, event | {"channel": "post"}).body
    assert (body["accepted"], body["duplicates"]) == (2, 1)
    assert [c["index"] for c in body["conflicts"]] == [2]


@pytest.mark.parametrize(
    ("key", "sender", "body", "items"),
    [
        ("k", "tester", b'[{"kind": "pigeon"}, {"kind": "pigeon"}]', 2),  # the same request
        ("l", "tester", b'[{"kind": "pigeon"}, {"kind": "pigeon"}]', 4),
        ("k", "another", b'[{"kind": "pigeon"}, {"kind": "pigeon"}]', 4),
        ("k", "tester", b'[{"kind": "pigeon"}, {"kind": "dodo"}]', 4),
        (None, "tester", b'[{"kind": "pigeon"}, {"kind": "pigeon"}]', 4),
    ],
)
def test_of_a_request_whose_receipt_was_not_kept_rejected_items_are_kept_once(
    hub: Hub, key: str | None, sender: str, body: bytes, items: int
) -> None:
    dossier = registry.contracts()["dossier"]
    first = b'[{"kind": "pigeon"}, {"kind": "pigeon"}]'
    hub.gateway.accept(dossier, Sender("tester"), first, key and "k")
    # As where a gateway ends before its receipt: only a log in Kafka is without one then.
    hub.log._connection.execute("DELETE FROM receipt")
    answer = hub.gateway.accept(dossier, Sender(sender), body, key)
    assert (answer.is_replay, len(answer.body["rejected"])) == (False, 2)
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        ledger = {r[3]: r[5] for r in reading.table("ledger") if r[1] == "tester"}
        assert len(reading.table("quarantine")) == items
    assert ledger.get("duplicate", 0) == 4 - items
