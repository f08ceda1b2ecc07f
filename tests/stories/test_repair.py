"""A data officer walks the repair loop by commands, while the hub serves."""

import json

from stream_jobs.worked import received
from tests.stories.conftest import Served
from tests.waiting import until


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
