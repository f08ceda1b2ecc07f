"""`hub doctor` beside a hub that serves: it looks, changes nothing, and its exit code says."""

import json

from stream_jobs.worked import received
from tests.stories.conftest import Served


def test_a_hub_is_examined_while_it_serves(served: Served) -> None:
    served.post("dossier", [received("A", "2023-05-02")])
    served.settle()
    before = sorted(path.name for path in served.folder.iterdir())
    well = served.run("doctor")
    assert well.returncode == 0, well.stdout + well.stderr
    assert "ok     apply: mọi sự kiện đã tính | all events are applied" in well.stdout
    assert "→ chạy `hub verify` mỗi đêm | run `hub verify` each night" in well.stdout
    # What serves makes files of its own when it comes to it.
    made = {"columns", "store.sqlite3.alerts.lock", "store.sqlite3.deliveries.lock"}
    assert {path.name for path in served.folder.iterdir()} - made == set(before) - made
    (key,) = (p for p in (served.folder / "signing").iterdir() if "PRIVATE" in p.read_text())
    key.chmod(0o644)
    ill = served.run("doctor", "--json")
    assert ill.returncode == 1
    faults = [f for f in json.loads(ill.stdout) if f["level"] == "fault"]
    assert [f["what"] for f in faults] == [str(key)]


def test_where_there_is_no_hub_there_is_none_to_examine(served: Served) -> None:
    served.env["HUB_DATA_DIR"] = str(served.folder / "none")
    missing = served.run("doctor")
    assert missing.returncode == 2
    assert "HUB_DATA_DIR" in missing.stderr
