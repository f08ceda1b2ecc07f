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
