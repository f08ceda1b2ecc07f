"""A data officer walks the repair loop by commands, while the hub serves."""

import json

import httpx

from stream_jobs.worked import received
from tests.parts import loopback
from tests.parts.waiting import until
from tests.stories.conftest import Served


def test_a_bad_row_is_seen_corrected_tried_and_sent_again(served: Served) -> None:
    bad = received("B", "2023-05-03") | {"channel": "pigeon"}
    served.post("dossier", [received("A", "2023-05-02"), bad, {"kind": "received"}])
    served.settle()
    until(lambda: "unknown_value" in served.run("quarantine", "list").stdout, "it is listed")
    said = served.run("quarantine", "list", "--field", "channel")
    name = said.stdout.split("such as ")[1].strip()
    shown = json.loads(served.run("quarantine", "show", name).stdout)
    assert json.loads(shown["original"]) == bad
    assert "ngoài danh sách" in shown["verdict"]["message_vi"]
    assert served.run("quarantine", "fix", name, "channel=raven").returncode == 2
    fixed = served.run("quarantine", "fix", name, "channel=online")
    assert fixed.returncode == 0, fixed.stderr
    assert "dossier_received_new" in fixed.stdout
    assert served.figure("dossier_received_new", period="2023")["numerator"] == 1
    assert "dossier_received_new" in served.run("quarantine", "replay", name, "--dry-run").stdout
    sent = served.run("quarantine", "replay", name)
    assert sent.returncode == 0, sent.stderr
    receipt = sent.stdout.split()[1]
    assert served.figure("dossier_received_new", period="2023")["numerator"] == 2
    for _ in range(2):
        again = served.run("quarantine", "replay", name)
        assert (again.returncode, again.stdout.split()[1]) == (0, receipt)
    until(
        lambda: served.get(f"/v1/receipts/{receipt}").json()["states"] == {"applied": 1},
        "it is applied",
    )
    assert served.figure("dossier_received_new", period="2023")["numerator"] == 2
    other = served.run("quarantine", "list", "--items", "--state", "open").stdout.split()[0]
    done = served.run("quarantine", "discard", other, "--reason", "thử máy")
    assert done.returncode == 0, done.stderr
    assert served.run("quarantine", "list", "--items", "--state", "open").stdout == ""
    assert served.run("quarantine", "show", "none").returncode == 2
    assert served.run("verify").returncode == 0
    for word in ("item_fixed", "items_replayed", "items_discarded"):
        assert word in served.run("audit", "list").stdout


def test_a_key_sees_and_repairs_what_its_contracts_allow(served: Served) -> None:
    good = received("A", "2023-05-02")
    answer = served.post("dossier", [{"kind": "pigeon"}]).json()
    name = f"{answer['receipt']}:0"
    reserved = served.post(
        "dossier", received("A", "2023-05-02"), **{"Idempotency-Key": "replay:x"}
    )
    assert (reserved.status_code, reserved.json()["title"]) == (400, "idempotency_key_reserved")

    def ask(method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {served.key}"}
        return loopback.request(method, served.url + path, headers=headers, json=body, timeout=30)

    def total() -> int:
        return sum(g["count"] for g in ask("GET", "/v1/quarantine").json()["groups"])

    until(lambda: total() == 1, "it is in quarantine")
    served.create_key("tester", "--contracts", "payment", "--all")
    assert total() == 0
    for path in ("fix", "replay", "discard", "try"):
        more: dict[str, object] = {"ids": [name]}
        if path == "fix":
            more = {"id": name, "item": good}
        if path == "discard":
            more["reason"] = "x"
        assert ask("POST", f"/v1/quarantine/{path}", more).status_code == 404, path

    def noted(*words: str) -> bool:
        listed = served.run("audit", "list").stdout.splitlines()
        return any(all(w in line.split("  ") for w in words) for line in listed)

    until(lambda: noted("GET /v1/quarantine", "ok"), "that it was read is written")
    until(lambda: noted("POST /v1/quarantine/try", "unknown_item"), "that it was refused too")
    assert noted("quarantine replay", "begun")
    assert not noted("quarantine replay", "ok")
