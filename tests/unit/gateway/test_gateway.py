"""An append that failed is no acknowledgement, and does not end the gateway."""

from unittest import mock

import pytest

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
