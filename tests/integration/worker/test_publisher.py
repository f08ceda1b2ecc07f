"""The publisher tells figures again after a crash, and tells when one is gone."""

import json
from typing import Any

import pytest

from hub.clock import system_clock
from hub.kafka.log import KafkaLog
from hub.opening import open_hub
from hub.worker.publisher import Publisher
from stream_jobs.worked import dossier, received
from tests.parts import lists
from tests.parts.foreign import everything
from tests.parts.province import DOSSIER, TESTER, Province, plain_read


class _BrokenError(Exception):
    pass


def test_what_was_noted_is_told_again_after_a_crash_with_the_same_revision(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = system_clock()  # stands still: figures change with the clock too
    with open_hub(province.settings) as hub:
        assert isinstance(hub.log, KafkaLog)
        hub.gateway().accept(DOSSIER, TESTER, json.dumps(received("A", "2023-05-17")).encode())
        hub.runner.catch_up()
        publisher = Publisher(hub.store, hub.log, lists.installed(), lambda: now)

        def crash(*_: Any) -> None:
            raise _BrokenError

        with monkeypatch.context() as patched, publisher.leading() as c:
            assert c is not None
            patched.setattr(KafkaLog, "produce", crash)
            with pytest.raises(_BrokenError):
                publisher.round(c)
        noted = province.rows("SELECT key, revision FROM figure ORDER BY 1")
        assert noted
        assert province.rows("SELECT * FROM figure WHERE is_published = 1") == []
        again = Publisher(hub.store, hub.log, lists.installed(), lambda: now)
        with again.leading() as c:
            assert c is not None
            assert again.round(c) == len(noted)
            with Publisher(hub.store, hub.log, lists.installed(), lambda: now).leading() as second:
                assert second is None  # one publishes at a time
            assert again.round(c) == 0
        told = [plain_read(m.value() or b"") for m in everything(hub.log._bootstrap, "lgsp.kpi.v1")]
        assert sorted((f"{v['kpi']}|{v['period']}|{v['dims']}", v["revision"]) for v in told) == [
            tuple(row) for row in noted
        ]


def test_a_figure_that_is_gone_is_told_to_be_gone(province: Province) -> None:
    with open_hub(province.settings) as hub:
        assert isinstance(hub.log, KafkaLog)
        gateway = hub.gateway()
        event = received("A", "2023-05-17")
        gateway.accept(DOSSIER, TESTER, json.dumps(event).encode())
        hub.runner.catch_up()
        publisher = Publisher(hub.store, hub.log, lists.installed(), system_clock)
        with publisher.leading() as c:
            assert c is not None
            publisher.round(c)
            taken_back = dossier("A", "retracted", "2023-05-18", retracts=event["event_id"])
            gateway.accept(DOSSIER, TESTER, json.dumps(taken_back).encode())
            hub.runner.catch_up()
            publisher.round(c)
        values = [
            plain_read(m.value() or b"") for m in everything(hub.log._bootstrap, "lgsp.kpi.v1")
        ]
    mine = [v for v in values if (v["kpi"], v["period"]) == ("dossier_received_new", "2023")]
    latest = max(mine, key=lambda v: v["revision"])
    assert (mine[0]["numerator"], latest["numerator"]) == (1, 0)
