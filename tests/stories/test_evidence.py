"""A figure goes to an auditor as one signed file, which is checked without the hub."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hub.gateway.signing import SignatureError
from hub.proof.bundle import Asker
from hub.proof.bundle_file import UnevenError, check, seal
from stream_jobs.worked import dossier, received, salinity
from tests.parts.asking import close_period
from tests.parts.pushed import Pushed, pushed
from tests.stories.conftest import Served

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "verify_evidence.py"
THEIRS = {"received_by": "H57.2", "resolved_by": "H57.2"}
ON_TIME = "/v1/evidence/dossier_on_time_share?period=2023-05"
Json = dict[str, Any]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Pushed]:
    """Open a hub in which three dossiers were resolved in May, two of them on time."""
    with pushed(tmp_path / "hub") as opened:
        for code, more, day in (
            ("OURS", {}, "2023-05-10"),
            ("OURS-LATE", {}, "2023-05-12"),
            ("THEIRS", THEIRS, "2023-05-10"),
        ):
            sent = received(code, "2023-05-02", due="2023-05-10") | more
            opened.send("dossier", sent, dossier(code, "resolved", day))
        yield opened


def run(folder: Path, file: Json, keys: Json) -> "subprocess.CompletedProcess[str]":
    """Check a file by the example, in a process that has nothing of the hub."""
    for name, content in {"bundle.json": file, "jwks.json": keys}.items():
        (folder / name).write_text(json.dumps(content), "utf-8")
    command = [sys.executable, "-I", str(EXAMPLE), "bundle.json", "jwks.json"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_bundle_proves_its_figure(hub: Pushed, tmp_path: Path) -> None:
    file, keys = hub.ask(ON_TIME).json(), hub.ask("/.well-known/jwks.json").json()
    bundle = check(file, keys)
    figure = bundle["figure"]
    assert (figure["numerator"], figure["denominator"]) == (2, 3)
    assert figure["value"] == "0.666667"
    (asked,) = hub.ask("/v1/kpis/dossier_on_time_share?period=2023-05").json()["figures"]
    assert figure["cut"] == asked["cut"]
    assert bundle["definition"]["version"] == asked["definition_version"]
    assert "dossier.resolved" in bundle["definition"]["formula"]
    assert {f["entity"] for f in bundle["facts"]} == {"OURS", "OURS-LATE", "THEIRS"}
    (below,) = bundle["denominator"]
    assert all(cell["is_as_stored"] for cell in below["cells"])
    assert sum(cell["count"] for cell in below["cells"]) == 3
    events = [e for f in bundle["facts"] for e in f["events"]]
    assert len(events) == 6
    assert {e["receipt"] for e in events} == {r["receipt"] for r in bundle["receipts"]}
    assert len(bundle["receipts"]) == 3
    done = run(tmp_path, file, keys)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0.666667, of 3 facts" in done.stdout


def test_the_example_is_short_and_knows_nothing_of_the_hub() -> None:
    text = EXAMPLE.read_text("utf-8")
    assert len(text.splitlines()) <= 60
    imported = {line.split()[1].split(".")[0] for line in text.splitlines() if "import " in line}
    assert imported <= {*sys.stdlib_module_names, "cryptography"}


def _value(bundle: Json) -> None:
    bundle["figure"]["value"] = "0.666668"


def _numerator(bundle: Json) -> None:
    bundle["figure"] |= {"numerator": 3, "value": "1"}


def _both(bundle: Json) -> None:
    bundle["figure"] |= {"numerator": 4, "denominator": 6}


def _cell(bundle: Json) -> None:
    bundle["denominator"][0]["cells"][0]["count"] += 1


def _part(bundle: Json) -> None:
    cell = bundle["numerator"][0]["cells"][0]
    cell["facts"][0][1] += 1
    cell["adds"] += 1


def _lane(bundle: Json) -> None:
    bundle["facts"][0]["digest"][3] ^= 1


def _column(bundle: Json) -> None:
    at = next(i for i, v in enumerate(bundle["facts"][0]["columns"]) if isinstance(v, int))
    bundle["facts"][0]["columns"][at] += 1


def _receipt(bundle: Json) -> None:
    bundle["receipts"][0]["receipt"] += "1"


EDITS = [_value, _numerator, _both, _cell, _part, _lane, _column, _receipt]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__.strip("_"))
def test_one_digit_changed_is_found(
    hub: Pushed, tmp_path: Path, edit: Callable[[Json], None]
) -> None:
    file, keys = hub.ask(ON_TIME).json(), hub.ask("/.well-known/jwks.json").json()
    edit(file["bundle"])
    with pytest.raises(SignatureError):
        check(file, keys)
    done = run(tmp_path, file, keys)
    assert (done.returncode, "not the one that was signed" in done.stderr) == (1, True)
    # Who has the key and signs what does not add up is found out, too.
    signed = seal(file["bundle"], hub.hub.signer().sign)
    with pytest.raises(UnevenError):
        check(signed, keys)
    done = run(tmp_path, signed, keys)
    assert done.returncode == 1
    assert "NOT VALID" in done.stderr
    assert "not the one that was signed" not in done.stderr


def test_other_keys_did_not_sign_it(hub: Pushed, tmp_path: Path) -> None:
    file = hub.ask(ON_TIME).json()
    assert "not signed by these keys" in run(tmp_path, file, {"keys": []}).stderr
    with pytest.raises(SignatureError):
        check(file, {"keys": []})


def test_a_limited_key_gets_facts_and_receipts_of_its_own(hub: Pushed, tmp_path: Path) -> None:
    sent = received("SENT", "2023-05-03", due="2023-05-10")
    hub.send("dossier", sent, dossier("SENT", "resolved", "2023-05-09"), sender="H57.1")
    keys = hub.ask("/.well-known/jwks.json").json()
    file = hub.ask(ON_TIME, "H57.1").json()
    bundle = check(file, keys)
    assert bundle["figure"]["denominator"] == 4
    named = {f.get("entity") for f in bundle["facts"]}
    assert named == {"OURS", "OURS-LATE", "SENT", None}
    assert "THEIRS" not in json.dumps(file)
    assert {r["sender"] for r in bundle["receipts"]} == {"H57.1"}
    assert len(bundle["receipts"]) == 1
    assert run(tmp_path, file, keys).returncode == 0
    assert len(check(hub.ask(ON_TIME, "officer").json(), keys)["receipts"]) == 4
    refused = hub.ask(ON_TIME, "NH01")
    assert (refused.status_code, refused.json()["title"]) == (403, "contract_not_allowed")


@pytest.mark.parametrize(
    ("kpi", "query", "figure"),
    [
        ("dossier_in_progress", "period=2023-05&at=2023-05-11T12:00:00%2B07:00", (1, 1)),
        ("dossier_received", "period=2023-06", (0, 1)),
        ("dossier_on_time_share", "period=2023-05&unit=H57.1&role=received_by", (1, 2)),
        ("dossier_online_share", "period=2023-05&unit=H57.1&channel=counter", (0, 2)),
        ("salinity_mean", "period=2023-05-03", (4500, 1)),
    ],
)
def test_stocks_filters_units_and_readings(
    hub: Pushed, tmp_path: Path, kpi: str, query: str, figure: tuple[int, int]
) -> None:
    hub.send("reading", salinity("ST01", "2023-05-03", 4.5))
    file, keys = hub.ask(f"/v1/evidence/{kpi}?{query}").json(), hub.ask("/.well-known/jwks.json")
    bundle = check(file, keys.json())
    assert (bundle["figure"]["numerator"], bundle["figure"]["denominator"]) == figure
    (asked,) = hub.ask(f"/v1/kpis/{kpi}?{query}").json()["figures"]
    assert asked["value"] == bundle["figure"]["value"]
    assert run(tmp_path, file, keys.json()).returncode == 0


def test_a_closed_period_is_proven_as_it_was_closed(hub: Pushed, tmp_path: Path) -> None:
    close_period(hub.hub, "2023-05")
    late = received("LATE", "2023-05-03", due="2023-05-04")
    hub.send("dossier", late, dossier("LATE", "resolved", "2023-05-09"))
    file, keys = hub.ask(ON_TIME).json(), hub.ask("/.well-known/jwks.json").json()
    bundle = check(file, keys)
    figure = bundle["figure"]
    assert (figure["status"], figure["numerator"], figure["denominator"]) == ("restated", 2, 3)
    assert (figure["restatement"]["numerator"], figure["restatement"]["denominator"]) == (2, 4)
    assert "LATE" not in {f["entity"] for f in bundle["facts"]}
    (closing,) = bundle["closings"]
    assert closing["figures"][0]["numerator"] == 2
    (restated,) = bundle["restatements"]
    assert [e["event_id"] for c in restated["causes"] for e in c["events"]] != []
    assert restated["difference"] == {"numerator": 0, "denominator": 1}
    assert run(tmp_path, file, keys).returncode == 0


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("salinity_max?period=2023-05", "bad_question"),
        ("dossier_on_time_share?period=2001", "no_figure"),
        ("dossier_received_new?period=2023-05&view=rebased&unit=H57.1", "bad_question"),
        ("dossier_received_new?period=2023-05&by=unit", "bad_question"),
    ],
)
def test_what_has_no_bundle_is_refused(hub: Pushed, path: str, rule: str) -> None:
    answer = hub.ask(f"/v1/evidence/{path}")
    assert (answer.status_code, answer.json()["title"]) == (400, rule)


def test_too_many_facts_are_refused(hub: Pushed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.http.bundles.Asker", partial(Asker, facts_max=2))
    answer = hub.ask(ON_TIME)
    assert (answer.status_code, answer.json()["title"]) == (400, "too_many_facts")
    assert "3" in answer.json()["message_en"]


def test_the_commands_write_and_verify_a_file(served: Served, tmp_path: Path) -> None:
    sent = [received("A", "2023-05-02"), received("B", "2023-05-03", channel="online")]
    served.post("dossier", sent)
    served.settle()
    asked = ("dossier_received_new", "2023-05", "--where", "channel=online")
    path, keys = tmp_path / "bundle.json", tmp_path / "jwks.json"
    made = served.run("evidence", "make", *asked, "--output", str(path))
    assert made.returncode == 0, made.stderr
    keys.write_text(served.get("/.well-known/jwks.json").text, "utf-8")
    done = served.run("evidence", "verify", str(path), "--keys", str(keys))
    assert done.returncode == 0, done.stderr
    assert "dossier_received_new 2023-05 = 1 (1/1), 1 " in done.stdout
    assert served.run("evidence", "verify", str(path)).returncode == 0
    path.write_text(path.read_text("utf-8").replace('"numerator": 1', '"numerator": 2'), "utf-8")
    done = served.run("evidence", "verify", str(path), "--keys", str(keys))
    assert (done.returncode, "not valid" in done.stderr) == (1, True)
    missing = served.run("evidence", "verify", str(tmp_path / "none.json"), "--keys", str(keys))
    assert missing.returncode == 2
