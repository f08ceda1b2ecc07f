"""A second version of a KPI is one file: asked beside the first, previewed, put in force by an act.

By hand: C came in May and stays open; A, online, and B came in June to H57.1, D to H57.2; E,
online, came in July to H57.2 and F to H57.1. The first version divides by what was received with
what was carried over, the second one by what was newly received.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from stream_jobs.worked import received
from tests.parts.reservoir import Grown

KPI = "dossier_online_share"
SECOND = """

from dataclasses import replace

from hub.figures.kpi import Version

KPI = replace(
    KPI,
    versions=(
        Version(
            "2",
            why=Doc("Chỉ tính trên số mới", "Only what is newly received"),
            numerator=NEW.where(channel="online"),
            denominator=NEW,
            examples=(replace(KPI.examples[0], denominator=2, why="C is old. One of two."),),
            legal_basis="Kế hoạch số 1",
        ),
    ),
)
"""
DOSSIERS = [
    received("C", "2023-05-10", "online"),
    received("A", "2023-06-05", "online"),
    received("B", "2023-06-06"),
    received("D", "2023-06-07") | {"received_by": "H57.2"},
    received("E", "2023-07-03", "online") | {"received_by": "H57.2"},
    received("F", "2023-07-04"),
]


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    """A tree in which one file has a second version of its KPI; its hub serves the dossiers."""
    made = Grown(tmp_path_factory.mktemp("versions"))
    file = made.tree / "stream_jobs" / "kpis" / f"{KPI}.py"
    file.write_text(file.read_text("utf-8") + SECOND, "utf-8")
    assert made.hub.run("render").returncode == 0
    made.hub.create_key()
    made.hub.start()
    assert made.hub.post("dossier", DOSSIERS).status_code == 202
    made.hub.settle()
    yield made
    made.hub.stop()


def told(grown: Grown, **asked: str) -> list[tuple[int, int, str, str | None]]:
    """Give of each figure both integers, its version, and from when on there is another."""
    listed: list[dict[str, Any]] = grown.hub.get(f"/v1/kpis/{KPI}", **asked).json()["figures"]
    names = ("numerator", "denominator", "version", "version_until")
    return [tuple(figure.get(name) for name in names) for figure in listed]  # type: ignore[misc]


def test_a_version_is_previewed_enacted_and_leaves_what_was_before(grown: Grown) -> None:
    hub = grown.hub
    # Not in force, it is asked by its name.
    assert told(grown, period="2023-06") == [(1, 4, "1", None)]
    assert told(grown, period="2023-06", version="2") == [(1, 3, "2", None)]
    asked = ("kpi", KPI, "--period", "2023-06", "--json", "--version")
    (figure,) = json.loads(hub.run(*asked, "2").stdout)["figures"]
    assert (figure["numerator"], figure["denominator"], figure["version"]) == (1, 3, "2")
    wrong = hub.run(*asked, "3")
    assert (wrong.returncode != 0, "version 1, 2" in wrong.stderr) == (True, True), wrong.stderr
    assert "--version" in hub.run("kpi", "--version", "2").stderr
    refused = hub.get(f"/v1/kpis/{KPI}", period="2023", version="3")
    assert (refused.status_code, "version 1, 2" in refused.text) == (400, True)
    # Who gains: H57.1 had 1 of 3 and would have 1 of 2; H57.2 has 0 of 1 by both.
    said = hub.run("definitions", "preview", KPI, "2", "--period", "2023-06")
    assert said.returncode == 0, said.stderr
    assert "H57.1" in said.stdout
    assert "0.333333 → 0.500000\t+0.166667" in said.stdout
    assert "H57.2\t" not in said.stdout
    assert "1 không đổi" in said.stdout
    assert "toàn bộ | whole: 0.250000 → 0.333333" in said.stdout
    rows = hub.get(f"/v1/kpis/{KPI}/ranking", period="2023-06", by="unit", compare="version:2")
    gained = {row["dims"]["unit"]: row["difference"] for row in rows.json()["rows"]}
    assert gained == {"H57.1": "-0.166667", "H57.2": "0.000000"}

    assert hub.run("period", "close", "2023-06", "--by", "An").returncode == 0
    as_of = hub.get("/v1/kpis", period="2023").json()["as_of"]
    for day in ("2023-06-01", "2023-05-01"):
        late = hub.run("definitions", "enact", KPI, "2", "--from", day)
        assert (late.returncode, "2023-06" in late.stderr) == (1, True)
    done = hub.run("definitions", "enact", KPI, "2", "--from", "2023-07-01", "--by", "An")
    assert done.returncode == 0, done.stderr
    _holds(grown, as_of)
    assert hub.run("verify").returncode == 0
    # Nothing follows but by a later day.
    again = hub.run("definitions", "enact", KPI, "1", "--from", "2023-07-01")
    assert (again.returncode, "2023-07-01" in again.stderr) == (1, True)
    # Made anew from the log, it is the same.
    hub.stop()
    anew = hub.run("rebuild")
    assert anew.returncode == 0, anew.stdout + anew.stderr
    hub.start()
    _holds(grown, as_of)


def _holds(grown: Grown, as_of: str) -> None:
    """Each period goes by the version of its first day; what was known before stays so."""
    assert told(grown, period="2023", by="month") == [
        (1, 1, "1", None),
        (1, 4, "1", None),  # closed: the official figure, as it was
        (1, 2, "2", None),
    ]
    (june,) = grown.hub.get(f"/v1/kpis/{KPI}", period="2023-06").json()["figures"]
    assert (june["status"], june["numerator"], june["denominator"]) == ("official", 1, 4)
    assert told(grown, period="2023-Q3") == [(1, 2, "2", None)]
    # A year that straddles is counted as it began, and says so.
    assert told(grown, period="2023") == [(3, 6, "1", "2023-07-01")]
    assert told(grown, period="2023-07", as_of=as_of) == [(1, 6, "1", None)]
    # What a figure counts is by its version: of three in the first, of two in the second.
    facts = grown.hub.get(f"/v1/kpis/{KPI}/facts", period="2023-07").json()
    assert facts["total"] == 2


def test_the_catalogue_has_both_with_their_days(grown: Grown) -> None:
    listed = {k["id"]: k for k in grown.hub.get("/v1/catalogue").json()["kpis"]}
    first, second = listed[KPI]["definitions"]
    assert first["in_force"] == [{"from": None, "to": "2023-07-01"}]
    assert second["in_force"] == [{"from": "2023-07-01", "to": None}]
    assert second["legal_basis"] == "Kế hoạch số 1"
    assert second["why_en"] == "Only what is newly received"
    assert first["formula"] != second["formula"]
    assert grown.hub.run("definitions", "list").stdout.count(KPI + "\t") == 2


def test_one_file_was_all(grown: Grown) -> None:
    edited = {name for name in grown.edited() if not name.startswith("schemas/avro/")}
    assert edited == {f"stream_jobs/kpis/{KPI}.py"}
