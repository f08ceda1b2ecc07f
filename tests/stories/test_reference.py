"""A province moves in: a hub has none of our lists, says so, and follows the province's own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stream_jobs.worked import paid
from tests.parts import lists, loopback
from tests.parts.asking import Json
from tests.parts.waiting import until
from tests.stories.conftest import Served

LACKS = ["clock_policies", "hours", "procedures", "stations", "units"]


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Served]:
    """Give a hub whose province has not moved in."""
    hub = Served(tmp_path / "hub")
    del hub.env["HUB_REFERENCE_DIR"]
    hub.start()
    yield hub
    if hub.process is not None and hub.process.poll() is None:
        hub.kill()


def figure(served: Served, kpi: str) -> Json:
    found: list[Json] = loopback.get(f"{served.url}/v1/kpis/{kpi}?period=2023").json()["figures"]
    assert len(found) == 1
    return found[0]


def shown(served: Served) -> Any:
    return json.loads(served.run("reference", "show", "--json").stdout)


def test_what_needs_a_list_that_was_not_loaded_says_so_and_gives_no_value(empty: Served) -> None:
    lacking = figure(empty, "procedure_full_online_share")
    assert (lacking["value"], lacking["completeness"], lacking["target"]) == (None, 0.0, None)
    (lack,) = lacking["lacks"]
    assert (lack["list"], lack["message_vi"]) == (
        "procedures",
        "chưa nạp danh mục thủ tục hành chính",
    )
    ready = loopback.get(f"{empty.url}/readyz").json()
    assert ready["status"] == "ready"
    assert [lack["list"] for lack in ready["lacks"]] == LACKS
    everything = loopback.get(f"{empty.url}/v1/kpis?period=2023").text
    assert "synthetic" not in everything.replace('"synthetic":false', "")
    assert "published-2023" not in everything
    # A statistic of an area is not added up until it is known what the area is part of.
    empty.create_key()
    body = paid("cash", "2023", customers=5, amount=100)
    assert empty.post("payment", [body]).status_code == 202
    empty.settle()
    assert "lacks" in figure(empty, "payment_amount")
    assert figure(empty, "payment_amount")["value"] is None


def test_lists_are_in_force_once_loaded_and_the_past_stays_as_it_was_known(
    empty: Served, tmp_path: Path
) -> None:
    before = figure(empty, "procedure_full_online_share")
    done = empty.run("reference", "load", str(lists.FOLDER), "--by", "An")
    assert done.returncode == 0, done.stdout + done.stderr

    def loaded() -> Json:
        return figure(empty, "procedure_full_online_share")

    until(lambda: "lacks" not in loaded(), "the list is in force")
    assert (loaded()["numerator"], loaded()["denominator"]) == (1041, 1774)
    assert loaded()["definition_version"] != before["definition_version"]
    assert "lacks" not in loopback.get(f"{empty.url}/readyz").json()
    assert [s["loaded_by"] for s in shown(empty) if s["state"] == "loaded"] == ["An"] * 6

    again = empty.run("reference", "load", str(lists.FOLDER))
    assert "unchanged" in again.stdout
    fewer = (lists.FOLDER / "procedures.csv").read_text("utf-8").splitlines()[:1001]
    (tmp_path / "procedures.csv").write_text("\n".join(fewer) + "\n", "utf-8")
    known_at = loaded()["at"]
    tried = empty.run("try", "reference", str(tmp_path))
    assert "procedure_full_online_share" in tried.stdout
    assert loaded()["denominator"] == 1774
    assert empty.run("reference", "load", str(tmp_path)).returncode == 0
    until(lambda: loaded()["denominator"] == 1000, "the shorter list is in force")
    url = f"{empty.url}/v1/kpis/procedure_full_online_share"
    then = loopback.get(url, params={"period": "2023", "as_of": known_at}).json()["figures"]
    assert [f["denominator"] for f in then] == [1774]

    verified = empty.run("verify")
    assert verified.returncode == 0, verified.stdout
    empty.stop()
    rebuilt = empty.run("rebuild")
    assert "0 differences" in rebuilt.stdout + rebuilt.stderr


def test_a_list_with_a_fault_is_not_loaded_and_the_fault_is_named(
    empty: Served, tmp_path: Path
) -> None:
    (tmp_path / "units.csv").write_text(
        "Mã đơn vị;Cấp;Thuộc đơn vị;Hiệu lực từ ngày;Hiệu lực đến trước ngày\n"
        "80;tỉnh;;1/1/2021;\n27694;xã;79;1/7/2025;\n",
        "utf-8",
    )
    for command in ("check", "load"):
        refused = empty.run("reference", command, str(tmp_path))
        assert refused.returncode == 1
        assert "units.csv:3: unknown_parent: Thuộc đơn vị 79" in refused.stdout
    assert {s["state"] for s in shown(empty)} == {"installed", "not loaded"}
    empty.stop()
    empty.env["HUB_REFERENCE_DIR"] = str(tmp_path)
    stopped = empty.run("serve")
    assert stopped.returncode == 2
    assert "units.csv:3: unknown_parent" in stopped.stderr
