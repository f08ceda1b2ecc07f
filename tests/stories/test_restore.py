"""A disk is lost, and a hub made again from its archive by commands; the drill does it all."""

import re
from pathlib import Path

import pytest

from stream_jobs.worked import received
from tests.parts import drill
from tests.stories.conftest import Served

SCALE = 0.0005


def test_a_hub_on_an_empty_disk_answers_as_before(served: Served, tmp_path: Path) -> None:
    events = [received(f"A{i}", "2026-01-04") for i in range(50)]
    receipt = served.post("dossier", events).json()["receipt"]
    before = served.figure("dossier_received_new", period="2026")
    served.env["HUB_ARCHIVE_DIR"] = str(tmp_path / "archive")
    assert served.run("archive").returncode == 0
    served.kill()
    served.env["HUB_DATA_DIR"] = str(tmp_path / "new")

    # The empty disk is not taken for a hub that agrees with everything.
    for command in ("rebuild", "verify", "serve"):
        refused = served.run(command)
        assert (refused.returncode, "hub restore" in refused.stderr) == (2, True), refused
    done = served.run("restore", str(tmp_path / "archive"))
    assert done.returncode == 0, done.stderr
    assert "records and 2 receipts restored" in done.stdout  # one of them loaded lists
    assert "Traceback" not in done.stderr
    served.start()
    figure = served.figure("dossier_received_new", period="2026")
    assert {**figure, "fresh_at": None, "at": None} == {**before, "fresh_at": None, "at": None}
    served.stop()
    assert served.run("receipts", "show", receipt).returncode == 0
    assert served.run("verify").returncode == 0
    again = served.run("restore", str(tmp_path / "archive"))
    assert (again.returncode, "holds events" in again.stderr) == (2, True)


def run_drill(tmp_path: Path, seen: list[str], *, is_removed: bool) -> list[str]:
    return drill.drill("embedded", tmp_path, SCALE, seen, is_removed=is_removed, say=print)


def test_the_drill_prints_equality_and_what_it_cost(tmp_path: Path) -> None:
    seen: list[str] = []
    assert run_drill(tmp_path, seen, is_removed=False) == []
    said = "\n".join(seen)
    for name in ("fact dossier", "receipts", "closing", "quarantine", "ledger", "api_key"):
        assert f"embedded  equal  {name}  " in said
    assert "RPO  20 events acknowledged after the archive were lost" in said
    assert re.search(r"RTO  \d+\.\d s until figures answered", said)


def test_the_drill_fails_without_one_file_of_the_archive(tmp_path: Path) -> None:
    with pytest.raises(drill.DrillError, match=r"(?s)restore.*exit 1.*is missing"):
        run_drill(tmp_path, [], is_removed=True)
