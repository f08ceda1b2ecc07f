"""A department keeps what it was told, proves it offline, and follows what became of it."""

import json
import subprocess
import sys
from pathlib import Path

from stream_jobs.worked import received
from tests.parts.waiting import until
from tests.stories.conftest import Served

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "verify_receipt.py"


def verify(
    folder: Path, answer: object, keys: object, body: bytes
) -> "subprocess.CompletedProcess[str]":
    files = {"answer.json": json.dumps(answer).encode(), "jwks.json": json.dumps(keys).encode()}
    for name, content in (files | {"body.json": body}).items():
        (folder / name).write_bytes(content)
    command = [sys.executable, str(EXAMPLE), "answer.json", "jwks.json", "body.json"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_receipt_is_verified_offline_by_the_example(served: Served, tmp_path: Path) -> None:
    body = json.dumps([received("A", "2023-05-02"), {"kind": "pigeon"}]).encode()
    answer = served.post("dossier", body).json()
    keys = served.get("/.well-known/jwks.json").json()
    done = verify(tmp_path, answer, keys, body)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["receipt"], said["sender"]) == (answer["receipt"], "tester")
    assert (said["accepted"], said["rejected"], said["contract"]) == (1, 1, "dossier")
    assert "other bytes" in verify(tmp_path, answer, keys, body + b" ").stderr

    kid = served.run("receipts", "rotate").stdout.strip()
    later = served.post("dossier", [received("B", "2023-05-02")]).json()
    keys = served.get("/.well-known/jwks.json").json()
    assert keys["keys"][0]["kid"] == kid
    assert verify(tmp_path, answer, keys, body).returncode == 0
    forged = later | {"signed": answer["signed"].rpartition(".")[0] + ".AAAA"}
    assert "InvalidSignature" in verify(tmp_path, forged, keys, body).stderr


def test_a_receipt_is_followed(served: Served) -> None:
    item = received("A", "2023-05-02")
    receipt = served.post("dossier", [item, item, {"kind": "pigeon"}]).json()["receipt"]

    def states() -> dict[str, int]:
        return dict(served.get(f"/v1/receipts/{receipt}").json()["states"])

    until(lambda: "waiting" not in states(), "all is applied")
    assert states() == {"applied": 1, "duplicate": 1, "quarantined": 1}
    assert json.loads(served.run("receipts", "show", receipt).stdout)["states"] == states()
    assert served.get("/v1/receipts/none").status_code == 404
    assert served.run("receipts", "show", "none").returncode == 1


def test_uses_refusals_and_administration_are_in_the_audit_log(served: Served) -> None:
    receipt = served.post("dossier", [received("A", "2023-05-02")]).json()["receipt"]
    head = served.run("audit", "verify").stdout.split()[-1]
    right = served.key
    served.key = "hub_wrong"
    for _ in range(3):
        assert served.post("dossier", [received("B", "2023-05-02")]).status_code == 401
    served.key = right

    def listed() -> str:
        return served.run("audit", "list").stdout

    until(lambda: "unauthorized" in listed(), "the refusals are written")
    said = listed()
    assert "key_created  ok" in said
    assert receipt in said
    refused = sum(
        json.loads(line.split("unauthorized  ")[1])["times"]
        for line in said.splitlines()
        if "unauthorized" in line
    )
    assert refused == 3
    assert served.key not in said
    done = served.run("audit", "verify", "--head", head)
    assert (done.returncode, "entries hold" in done.stdout) == (0, True)
    assert served.run("audit", "verify", "--head", "999:x").returncode == 1
