"""While Kafka is away, a gateway acknowledges nothing, or keeps it in its spool."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.local.services.kafka import Kafka
from hub.kafka.log import KafkaLog, Record
from hub.log.log import LogUnavailableError
from hub.opening import open_hub
from hub.proof.verify import verify
from stream_jobs.worked import received
from tests.parts import lists, loopback
from tests.parts.province import DOSSIER, TESTER, Province
from tests.parts.small import in_this_process
from tests.parts.waiting import until


def test_without_kafka_nothing_is_acknowledged_and_the_server_says_so(
    province: Province, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.kafka.log.DELIVERY_SECONDS_MAX", 1)
    with open_hub(province.settings) as hub:
        gateway = hub.gateway()
        kafka.stop()
        try:
            with pytest.raises(LogUnavailableError):
                gateway.accept(DOSSIER, TESTER, json.dumps(received("A", "2023-05-17")).encode())
            # Figures need the store alone.
            province.served.start(is_ready=503)
            told = loopback.get(f"{province.served.url}/v1/kpis/dossier_received_new?period=2023")
            assert (told.status_code, told.json()["figures"]) == (200, [])
            ready = loopback.get(f"{province.served.url}/readyz", timeout=60)
            assert ready.json()["type"].endswith("log_unavailable"), ready.json()
            assert loopback.get(f"{province.served.url}/healthz").status_code == 200
            shown = loopback.get(f"{province.served.url}/metrics", timeout=60)
            assert b"hub_lag_events{" not in shown.content
            assert b'hub_away{part="log"} 1.0' in shown.content
        finally:
            kafka.start()
        assert province.rows("SELECT * FROM receipt") == []

        def is_accepted() -> bool:
            event = received("A", "2023-05-17")
            try:
                gateway.accept(DOSSIER, TESTER, json.dumps(event).encode())
            except LogUnavailableError:
                return False
            return True

        until(is_accepted, "it is accepted again")
        hub.runner.catch_up()
        (count,) = province.rows("SELECT SUM(accepted) FROM receipt")
        assert count == (1,)
        done = province.served.run("verify")
        assert done.returncode == 0, done.stdout + done.stderr


def test_with_a_spool_kafka_may_be_away(province: Province, kafka: Kafka, tmp_path: Path) -> None:
    province.served.env["HUB_SPOOL_DIR"] = str(tmp_path / "spool")
    province.served.create_key()
    province.served.start()
    province.workers.start()
    post = province.served.post
    assert post("dossier", [received("A", "2023-05-17")]).status_code == 202

    def counted() -> int:
        found = province.served.get("/v1/kpis/dossier_received_new?period=2023").json()["figures"]
        return int(found[0]["numerator"]) if found else 0

    until(lambda: counted() == 1, "the first is counted")  # a worker starts only with Kafka
    kafka.kill()
    try:
        receipts = []
        for code in "BCD":
            answer = post("dossier", [received(code, "2023-05-17"), {"kind": "pigeon"}])
            assert answer.status_code == 202, answer.text
            receipts.append(answer.json()["receipt"])
        waiting = province.served.get(f"/v1/receipts/{receipts[0]}").json()
        assert (waiting["states"], waiting["answer"]["accepted"]) == ({"waiting": 2}, 1)
    finally:
        kafka.start()

    until(lambda: counted() == 4, "all four are counted")
    for receipt in receipts:
        until(
            lambda receipt=receipt: (
                province.served.get(f"/v1/receipts/{receipt}").json()["states"]  # type: ignore[misc]
                == {"applied": 1, "quarantined": 1}
            ),
            "each has become what it should",
        )
    with open_hub(province.settings) as hub, in_this_process():
        assert verify(hub.log, hub.store, lists.installed()).differences == []


def test_what_a_spool_appends_twice_is_no_difference(
    province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    produce, tries = KafkaLog.produce, []

    def produce_and_fail_once(self: KafkaLog, records: list[Record], *more: Any) -> None:
        produce(self, records, *more)
        tries.append(len(records))
        if len(tries) == 1:
            raise LogUnavailableError("the broker went before it acknowledged")

    monkeypatch.setattr(KafkaLog, "produce", produce_and_fail_once)
    settings = province.settings.model_copy(update={"spool_dir": tmp_path / "spool"})
    with open_hub(settings) as hub, in_this_process():
        gateway = hub.gateway()
        body = json.dumps([received("A", "2023-05-17"), {"kind": "pigeon"}]).encode()
        receipt = gateway.accept(DOSSIER, TESTER, body).body["receipt"]
        until(lambda: hub.log.receipt(receipt) is not None, "it is appended again")
        gateway.close()
        assert tries == [2, 2]
        hub.runner.catch_up()
        assert verify(hub.log, hub.store, lists.installed()).differences == []
    assert province.rows("SELECT COUNT(*) FROM quarantine") == [(1,)]
    assert sorted(province.rows("SELECT class, count FROM ledger")) == [
        ("applied", 1),
        ("duplicate", 2),
        ("quarantined", 1),
    ]
