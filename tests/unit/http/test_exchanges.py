"""The ledger of exchanges as people and auditors see it, and why a dossier is not synced."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.store.exchanges import Exchanges
from stream_jobs.worked import received
from tests.parts.pushed import Pushed, pushed

AT = 1_700_000_000_000_000
OURS, THEIRS = "H57.1-230502-0001", "H57.2-230502-0001"


def row(code: str, name: str, **more: Any) -> dict[str, Any]:
    own = {
        "id": name,
        "source": "national",
        "entity": code,
        "service": "DongBoHoSoMC",
        "sender": "H57",
        "receiver": "truc.example",
        "purpose": "Đồng bộ",
        "legal_basis": "NĐ 278/2025/NĐ-CP",
        "digest": f"d-{name}",
        "trace_id": f"t-{name}",
        "taken_at": AT,
        "try_at": AT,
        "at": AT,
    }
    return own | more


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Pushed]:
    with pushed(tmp_path / "hub") as opened:
        opened.send("dossier", received(OURS, "2023-05-02"))
        theirs = {"received_by": "H57.2", "resolved_by": "H57.2"}
        opened.send("dossier", received(THEIRS, "2023-05-02") | theirs)
        ledger = Exchanges(opened.hub.store)
        ledger.take([row(OURS, "a"), row(THEIRS, "b"), row(THEIRS, "c")])
        refused = {"state": "refused", "answer_code": "-1", "answer": "Thiếu trường MaLinhVuc"}
        ledger.act("a", "sent", AT + 1, state="sending", tries=1, sent_at=AT + 1)
        ledger.act("a", "refused", AT + 2, answered_at=AT + 2, **refused)
        ledger.act("b", "put_off", AT + 3, tries=1, last_error="POST /mapi/g: HTTP 503")
        yield opened


def ids(hub: Pushed, query: str = "", sender: str = "province") -> list[str]:
    body = hub.ask(f"/v1/exchanges?{query}", sender).json()
    return [e["id"] for e in body["exchanges"]]


def test_an_auditor_sees_who_sent_what_to_whom_when_and_why(hub: Pushed) -> None:
    body = hub.ask("/v1/exchanges", "province").json()
    assert {(c["state"], c["count"]) for c in body["counts"]} == {("refused", 1), ("waiting", 2)}
    reason = {"source": "national", "code": "-1", "answer": "Thiếu trường MaLinhVuc", "count": 1}
    assert body["refusals"] == [reason]
    (refused,) = [e for e in body["exchanges"] if e["id"] == "a"]
    assert (refused["sender"], refused["receiver"]) == ("H57", "truc.example")
    assert refused["legal_basis"] == "NĐ 278/2025/NĐ-CP"
    assert [a["act"] for a in refused["acts"]] == ["taken_in", "sent", "refused"]
    assert refused["why_en"] == "the receiver refused it (-1: Thiếu trường MaLinhVuc)"


def test_the_ledger_is_asked_by_dossier_state_and_trace(hub: Pushed) -> None:
    assert ids(hub, f"entity={THEIRS}") == ["b", "c"]
    assert ids(hub, "state=refused") == ids(hub, "trace_id=t-a") == ["a"]
    assert ids(hub, "offset=1") == ["b", "c"]
    assert hub.ask("/v1/exchanges?state=lost", "province").status_code == 400


def test_a_limited_key_sees_what_is_about_its_own_dossiers(hub: Pushed) -> None:
    assert ids(hub, sender="H57.1") == ["a"]
    assert ids(hub, sender="NH01") == []
    body = hub.ask("/v1/exchanges", "H57.1").json()
    assert (body["counts"], body["refusals"]) == ([], [])


def test_the_ledger_is_saved_as_one_file(hub: Pushed) -> None:
    answer = hub.ask("/v1/exchanges?format=csv", "province")
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";" if ";" in text[:40] else ","))
    assert len(rows) == 4
    assert "Căn cứ / Legal basis" in rows[0]


def test_a_dossier_says_why_it_is_not_synced(hub: Pushed) -> None:
    listed = hub.ask("/v1/lists/not_synced?period=2023", "province").json()
    said = {r["code"]: (r["message"], r["trace_id"]) for r in listed["rows"]}
    why = "bên nhận từ chối (-1: Thiếu trường MaLinhVuc)"
    assert said[OURS][0].startswith(f"{why} | the receiver refused it")
    assert said[OURS][1] == "t-a"
    # Of several the first that is not finished: the others wait for it.
    assert said[THEIRS][0].startswith("chờ gửi (POST /mapi/g: HTTP 503) | waits to be sent")
    assert said[THEIRS][1] == "t-b"
    path = f"/v1/kpis/dossier_sync_backlog/explain?entity={OURS}"
    (message,) = hub.ask(path, "province").json()["exchanges"]
    assert (message["state"], message["why_vi"]) == ("refused", why)
    assert "exchanges" not in hub.ask(path.replace(OURS, "H57.1-230502-0009"), "province").json()


def test_what_was_never_sent_is_dropped_and_what_was_is_not(hub: Pushed) -> None:
    ledger = Exchanges(hub.hub.store)
    ledger.drop(["a", "b", "c"])
    assert ids(hub) == ["a", "b"]
    assert ledger.states(["a", "b", "c"]) == {"a": "refused", "b": "waiting"}


def test_who_runs_it_sees_how_many_messages_stand_how(hub: Pushed) -> None:
    scraped = hub.ask("/metrics").text
    for state, count in (("refused", 1), ("waiting", 2), ("taken", 0)):
        assert f'hub_exchanges{{source="national",state="{state}"}} {count}.0' in scraped
