"""While PostgreSQL is away, a gateway with a spool takes what senders whom it knows send."""

import json
from pathlib import Path

from deploy.local.services.postgres import Postgres
from hub.opening import open_hub
from hub.proof.verify import verify
from stream_jobs.worked import received
from tests.parts import lists, loopback
from tests.parts.province import Province
from tests.parts.small import in_this_process
from tests.parts.waiting import until

QUESTION = "/v1/kpis/dossier_received_new?period=2023"


def _counted(province: Province) -> int:
    answer = province.served.get(QUESTION)
    figures = answer.json()["figures"] if answer.status_code == 200 else []
    return int(figures[0]["numerator"]) if figures else 0


def test_with_a_spool_postgres_may_be_away(
    province: Province, postgres: Postgres, tmp_path: Path
) -> None:
    served = province.served
    served.env["HUB_SPOOL_DIR"] = str(tmp_path / "spool")
    served.create_key()
    served.start()
    wrong = {"kind": "pigeon"}  # of which the sender's key of the day is made, and known from then
    assert served.post("dossier", [received("A", "2023-05-17"), wrong]).status_code == 202
    with open_hub(province.settings) as hub:
        hub.runner.catch_up()
        until(lambda: _counted(province) == 1, "the first is counted")
        postgres.kill()
        try:
            receipts = []
            for code in "BCD":
                answer = served.post("dossier", [received(code, "2023-05-17"), wrong])
                assert answer.status_code == 202, answer.text
                receipts.append(answer.json()["receipt"])
            keyed = {"Idempotency-Key": "once"}
            sent = [received("E", "2023-05-17")]
            twice = [served.post("dossier", sent, **keyed).json() for _ in range(2)]
            assert twice[0] == twice[1]
            read = served.get(QUESTION)
            assert (read.status_code, read.headers["retry-after"]) == (503, "5")
            ready = served.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (200, "spooling")
            assert b'hub_away{part="store"} 1.0' in served.get("/metrics").content
            unknown = loopback.post(
                f"{served.url}/v1/events/dossier",
                content=json.dumps([received("F", "2023-05-17")]),
                headers={"Authorization": "Bearer hub_of-nobody-known"},
                timeout=60,
            )
            assert unknown.status_code == 503, "whose key nobody can look up is not taken"
            later = served.get(f"/v1/receipts/{receipts[0]}")
            assert later.status_code == 503, "what became of it is told when the database is back"
        finally:
            postgres.start()
        for receipt in receipts:
            until(
                lambda receipt=receipt: (  # type: ignore[misc]
                    served.get(f"/v1/receipts/{receipt}").status_code == 200
                ),
                "its receipt is kept",
            )
        until(lambda: _is_empty(province), "the spool is empty")
        hub.runner.catch_up()
        until(lambda: _counted(province) == 5, "all are counted")
        told = served.get(f"/v1/receipts/{receipts[0]}").json()
        assert told["states"] == {"applied": 1, "quarantined": 1}
        with in_this_process():
            assert verify(hub.log, hub.store, lists.installed()).differences == []

    def written() -> set[str]:
        rows = province.rows("SELECT detail FROM audit WHERE action = 'send dossier'")
        said = [json.loads(detail) for (detail,) in rows]
        return {d["receipt"] for d in said if "done_at" in d}

    # All that was sent meanwhile is in the audit log, with the instant at which it was.
    until(lambda: written() == {*receipts, twice[0]["receipt"]}, "the audit log has them")


def test_a_key_that_was_found_too_long_ago_is_not_taken(
    province: Province, postgres: Postgres, tmp_path: Path
) -> None:
    served = province.served
    served.env |= {"HUB_SPOOL_DIR": str(tmp_path / "spool"), "HUB_KEYS_SECONDS_MAX": "0"}
    served.create_key()
    served.start()
    assert served.post("dossier", [received("A", "2023-05-17")]).status_code == 202
    postgres.kill()
    try:
        # For ten seconds it is asked for nobody anyhow, as ever.
        until(
            lambda: served.post("dossier", [received("B", "2023-05-17")]).status_code == 503,
            "the gateway asks for the key again",
        )
    finally:
        postgres.start()
    until(
        lambda: served.post("dossier", [received("B", "2023-05-17")]).status_code == 202,
        "the sender is known again",
    )


def _is_empty(province: Province) -> bool:
    shown = province.served.get("/metrics").text
    return "hub_spool_waiting 0.0" in shown
