"""The spool: while the log is away nothing is refused, lost, put out of order or counted twice."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from hub import registry
from hub.access.keys import Sender
from hub.gateway.gateway import Answer, Gateway
from hub.log import spool
from hub.log.log import (
    Acknowledgement,
    IdempotencyConflictError,
    LogUnavailableError,
    Submission,
)
from hub.log.spool import Spool
from hub.log.sqlite import SqliteLog
from stream_jobs.worked import received
from tests.conftest import Hub
from tests.parts.waiting import until

DOSSIER = registry.contracts()["dossier"]


class Fickle(SqliteLog):
    """A log that is away when told so; `is_torn`: what it takes is there, but not acknowledged."""

    is_away = False
    is_torn = False

    def append(self, submissions: Sequence[Submission]) -> None:
        if self.is_away:
            raise LogUnavailableError("away")
        super().append(submissions)
        if self.is_torn:
            raise LogUnavailableError("torn")


@pytest.fixture
def live(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Fickle:
    monkeypatch.setattr(spool, "RETRY_SECONDS", 0.02)
    return Fickle(hub.folder / "log.sqlite3")


@pytest.fixture
def gateway(hub: Hub, live: Fickle) -> Iterator[Gateway]:
    opened = open_gateway(hub, live)
    yield opened
    opened.close()


def open_gateway(hub: Hub, live: Fickle) -> Gateway:
    kept = Spool(live, hub.folder / "spool" / "spool.sqlite3")
    return Gateway(live, hub.store, lambda: hub.now, hub.signer, hub.seals.seal, kept)


def send(gateway: Gateway, code: str, key: str | None = None) -> Answer:
    body = json.dumps(received(code, "2023-05-02") | {"event_id": code}).encode()
    return gateway.accept(DOSSIER, Sender("tester"), body, key)


def entities(live: Fickle) -> list[str]:
    return [
        datum.split(b"C-")[1][:2].decode()
        for one in live.read(DOSSIER.topic, 0)
        for datum in one.datums()
    ]


def is_drained(gateway: Gateway) -> bool:
    assert gateway.spool is not None
    return not gateway.spool.waiting


def test_what_comes_while_the_log_is_away_is_in_it_in_order_when_it_is_back(
    hub: Hub, live: Fickle, gateway: Gateway
) -> None:
    send(gateway, "C-00")
    live.is_away = True
    answers = [send(gateway, f"C-{i:02}") for i in range(1, 5)]
    assert {a.status for a in answers} == {202}
    assert gateway.spool is not None
    assert gateway.spool.waiting == 4
    assert gateway.spool.find(answers[0].body["receipt"]) is not None
    assert len(live.receipts()) == 1
    live.is_away = False
    until(lambda: is_drained(gateway), "it is drained")
    send(gateway, "C-05")
    assert entities(live) == [f"{i:02}" for i in range(6)]
    assert gateway.spool.find(answers[0].body["receipt"]) is None
    assert live.receipt(answers[0].body["receipt"]) is not None
    assert sum(live.acknowledged().values()) == 6


def test_whatever_goes_wrong_the_spool_is_tried_again(
    live: Fickle, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        tried.append(1)
        raise RuntimeError("no connection is free")

    tried: list[int] = []
    live.is_away = True
    monkeypatch.setattr(live, "acknowledgements", broken)
    assert send(gateway, "C-01").status == 202
    live.is_away = False
    until(lambda: len(tried) > 2, "it was tried again")
    assert REGISTRY.get_sample_value("hub_spool_waiting") == 1
    monkeypatch.undo()
    until(lambda: is_drained(gateway), "it is drained")
    assert entities(live) == ["01"]
    assert REGISTRY.get_sample_value("hub_spool_waiting") == 0


def test_what_waits_survives_the_process(hub: Hub, live: Fickle) -> None:
    first = open_gateway(hub, live)
    live.is_away = True
    send(first, "C-01")
    first.close()
    live.is_away = False
    second = open_gateway(hub, live)
    until(lambda: is_drained(second), "it is drained")
    second.close()
    assert entities(live) == ["01"]


def test_what_was_appended_before_a_crash_is_not_appended_twice(
    hub: Hub, live: Fickle, gateway: Gateway
) -> None:
    live.is_torn = True  # everything is appended, and nobody knows
    send(gateway, "C-01")
    assert gateway.spool is not None
    until(lambda: len(live.receipts()) == 1, "it was appended")
    live.is_torn = False
    until(lambda: is_drained(gateway), "it is drained")
    assert entities(live) == ["01"]


def test_idempotency_keys_hold_across_the_spool(hub: Hub, live: Fickle, gateway: Gateway) -> None:
    before = send(gateway, "C-01", "k1")
    send(gateway, "C-02", "k2")
    live.is_away = True
    spooled = send(gateway, "C-03", "k3")
    assert send(gateway, "C-03", "k3").body == spooled.body
    with pytest.raises(IdempotencyConflictError):
        send(gateway, "C-04", "k3")
    # What the log knows cannot be asked now: a repeat is one in the end, another body is kept.
    again = send(gateway, "C-01", "k1")
    assert again.status == send(gateway, "C-05", "k2").status == 202
    live.is_away = False
    until(lambda: is_drained(gateway), "it is drained")
    assert send(gateway, "C-01", "k1").body == before.body
    # It was given a receipt of its own, which stands for a repeat in the log.
    assert again.body["receipt"] != before.body["receipt"]
    assert hub.log.receipt(again.body["receipt"]) is not None
    assert entities(live) == ["01", "02", "03", "01", "05"]


def test_a_full_disk_is_no_acknowledgement(
    hub: Hub, live: Fickle, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.is_away = True
    assert gateway.spool is not None

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(gateway.spool, "_keep_one", full)
        with pytest.raises(LogUnavailableError, match="full"):
            send(gateway, "C-01")
    send(gateway, "C-02")
    live.is_away = False
    until(lambda: is_drained(gateway), "it is drained")
    assert entities(live) == ["02"]


def test_what_waits_is_appended_by_the_batch_in_order_and_once(
    hub: Hub, live: Fickle, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hold that what waits costs a look-up and a commit for each batch, and not for each request.

    One at a time, it took several times as long as it took to come.
    """
    asked: list[int] = []
    appended: list[int] = []
    known, append = live.acknowledgements, live.append

    def counting_known(names: Sequence[str]) -> list[Acknowledgement]:
        asked.append(len(names))
        return known(names)

    def counting_append(submissions: Sequence[Submission]) -> None:
        append(submissions)
        appended.append(len(submissions))

    monkeypatch.setattr(spool, "DRAIN_RECORDS_MAX", 50)
    monkeypatch.setattr(live, "acknowledgements", counting_known)
    monkeypatch.setattr(live, "append", counting_append)
    live.is_away = True
    codes = [f"C-{i:02}" for i in range(99)]
    answers = [send(gateway, code, code) for code in codes]
    assert {send(gateway, c, c).body["receipt"] for c in codes[:9]} == {
        a.body["receipt"] for a in answers[:9]
    }
    assert gateway.spool is not None
    assert gateway.spool.waiting == 99
    asked.clear()
    live.is_away = False
    until(lambda: is_drained(gateway), "it is drained")
    assert appended == [50, 49], "so many records at a time"
    assert asked[-2:] == [50, 49], "whose receipts are looked up together"
    assert entities(live) == [f"{i:02}" for i in range(99)]
    assert all(live.receipt(a.body["receipt"]) is not None for a in answers)


def test_what_waits_is_given_more_time_than_who_sends(hub: Hub, live: Fickle) -> None:
    """Hold that a log which is slow for senders is not sent the same again and again."""
    patient = Fickle(hub.folder / "log.sqlite3")
    patient.is_away = live.is_away = True
    kept = Spool(live, hub.folder / "spool" / "spool.sqlite3", patient)
    gateway = Gateway(live, hub.store, lambda: hub.now, hub.signer, hub.seals.seal, kept)
    send(gateway, "C-01")
    patient.is_away = False
    until(lambda: is_drained(gateway), "it is drained, though senders would not be heard")
    assert entities(live) == ["01"]
    gateway.close()


def test_the_file_is_made_where_it_is_wanted(tmp_path: Path, live: Fickle) -> None:
    Spool(live, tmp_path / "a" / "b" / "spool.sqlite3").close()
    assert (tmp_path / "a" / "b" / "spool.sqlite3").exists()
