"""A month's report is filled, closed, corrected and proven, by commands and over HTTP."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.commands.report import NAMES
from stream_jobs.worked import dossier, received
from tests.parts.waiting import until
from tests.stories.conftest import Served

MAY = "/v1/reports/06a?period=2023-05"


@pytest.fixture
def month(served: Served) -> Served:
    """A served hub with a month's dossiers."""
    served.create_key("one_stop")
    events = [
        received("A", "2023-05-02", due="2023-05-10"),
        dossier("A", "resolved", "2023-05-09"),
        received("B", "2023-05-03", channel="online", due="2023-05-20"),
    ]
    send(served, events, applied=2)
    return served


def send(served: Served, events: list[dict[str, Any]], applied: int) -> None:
    assert served.post("dossier", events).status_code == 202
    until(lambda: total(served)["c1"] == applied, f"{applied} are counted")


def total(served: Served, query: str = MAY) -> dict[str, int]:
    return dict(served.get(query).json()["total"])


def test_every_report_has_a_command() -> None:
    assert tuple(registry.reports()) == NAMES


def test_a_month_is_filled_frozen_restated_and_proven(month: Served, tmp_path: Path) -> None:
    body = month.get(MAY).json()
    assert (body["status"], body["broken"]) == ("provisional", [])
    assert [body["total"][f"c{i}"] for i in range(1, 12)] == [2, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1]
    drilled = month.get("/v1/reports/06a/facts?period=2023-05&column=c11").json()
    assert (drilled["facts"], drilled["total"]) == (["B"], 1)
    printed = month.run("report", "06a", "2023-05", "--unit", "H57.2", "--format", "json")
    assert json.loads(printed.stdout)["total"] == body["total"], printed.stderr
    assert "Quá hạn" not in month.run("report", "06b", "2023-05").stderr

    assert month.run("period", "close", "2023-05", "--by", "An").returncode == 0
    until(lambda: month.get(MAY).json()["status"] == "official", "the month is closed")
    send(month, [received("C", "2023-05-20", due="2023-05-30")], applied=3)
    assert month.get(MAY).json()["status"] == "restated"
    assert total(month, f"{MAY}&edition=1")["c1"] == 2
    assert month.run("period", "close", "2023-05", "--by", "Bình").returncode == 0
    until(lambda: month.get(f"{MAY}&edition=2").status_code == 200, "there is a second edition")
    listed = month.run("report", "editions", "06a", "2023-05").stdout.splitlines()
    assert [line.split()[:2] for line in listed] == [["1", "official"], ["2", "restated"]]

    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps(month.get("/.well-known/jwks.json").json()), "utf-8")
    for form in ("json", "xlsx", "pdf"):
        file = tmp_path / f"06a.{form}"
        made = month.run(
            *("report", "06a", "2023-05", "--edition", "2"),
            *("--format", form, "--output", str(file)),
        )
        assert made.returncode == 0, made.stderr
        verified = month.run("report", "verify", str(file), "--keys", str(keys))
        assert (verified.returncode, "hợp lệ, biểu 06a" in verified.stdout) == (0, True)
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        edited = month.run("report", "verify", str(file), "--keys", str(keys))
        assert (edited.returncode, "KHÔNG hợp lệ" in edited.stderr) == (1, True)

    downloaded = month.get(f"{MAY}&edition=2&format=pdf")
    assert downloaded.content.startswith(b"%PDF")
    file = tmp_path / "downloaded.pdf"
    file.write_bytes(downloaded.content)
    signature = tmp_path / "signature"
    signature.write_text(downloaded.headers["Hub-Signature"], "ascii")
    options = ("--signature", str(signature), "--keys", str(keys))
    assert month.run("report", "verify", str(file), *options).returncode == 0
    gone = month.run("report", "verify", str(tmp_path / "none.pdf"), "--keys", str(keys))
    assert (gone.returncode, "không đọc được" in gone.stderr) == (2, True)
    signature.unlink()
    alone = month.run("report", "verify", str(file), *options)
    assert (alone.returncode, "KHÔNG hợp lệ" in alone.stderr) == (2, False)


def test_due_dates_are_held_against_working_time_and_a_day_off_lists_what_flips(
    month: Served, tmp_path: Path
) -> None:
    """Two working days after 2 May are 4 and 5 May; A was sent with 10 May and ended on the 9th."""
    folder = tmp_path / "lists"
    folder.mkdir()
    policies = "procedure,counts,amount,before,due_hour,on_supplement,on_payment,valid_from\n"
    policies += "1.005129,ngày làm việc,2,,,tạm dừng,tạm dừng,2020-01-01\n"
    (folder / "clock_policies.csv").write_text(policies, "utf-8")
    loaded = month.run("reference", "load", str(folder))
    assert loaded.returncode == 0, loaded.stderr

    def found() -> dict[str, Any]:
        done = month.run("report", "deadlines", "2023-05", "--json")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    until(lambda: "no_policy" not in found()["counts"], "the policies are in force")
    body = found()
    listed = {d["entity"]: (d["computed"][:10], d["working_days"]) for d in body["differences"]}
    # From 5 May there are three working days to the 10th, and ten to Saturday the 20th.
    assert listed == {"A": ("2023-05-05", 3), "B": ("2023-05-05", 10)}
    assert "ngày làm việc" in month.run("report", "deadlines", "2023-05").stdout
    late = month.run("report", "06a", "2023-05", "--due", "computed", "--format", "json")
    assert json.loads(late.stdout)["total"]["c8"] == 1

    calendar = (Path(registry.__file__).parents[1] / "reference" / "calendar.csv").read_text(
        "utf-8"
    )
    days = "".join(f"2023-05-{day:02},holiday,,thử,thử\n" for day in (4, 5, 8))
    other = tmp_path / "other"
    other.mkdir()
    (other / "calendar.csv").write_text(calendar + days, "utf-8")
    tried = month.run("try", "reference", str(other), "--json")
    assert tried.returncode == 0, tried.stderr
    (flip,) = json.loads(tried.stdout)["flips"]
    assert (flip["entity"], flip["before"]["state"], flip["after"]["state"]) == (
        "A",
        "late",
        "early",
    )
    assert "A: late" in month.run("try", "reference", str(other)).stdout


def test_units_are_scored_by_the_indices_of_766(month: Served) -> None:
    """A is resolved on time and not synced, B came online: of 20 points all, of 12 a half."""
    path = "/v1/reports/766?period=2023-05"
    body = month.get(path).json()
    scores = body["total"]["scores"]
    assert scores["progress"]["resolved"] == {"numerator": 1, "denominator": 1, "score": "20.00"}
    assert scores["online"]["offered"]["score"] == "6.00"
    assert scores["progress"]["portal"]["score"] is None
    assert scores["digitised"] == {}
    printed = month.run("report", "766", "2023-05", "--json")
    assert json.loads(printed.stdout)["total"] == body["total"], printed.stderr
    shown = month.run("report", "766", "2023-05").stdout
    assert "theo nguồn thứ cấp" in shown
    assert "thiếu" in shown
    behind = month.get("/v1/reports/766/facts?period=2023-05&column=rule.unsynced").json()
    assert behind["facts"] == ["A"]
    assert month.get(f"{path}&due=computed").status_code == 400
