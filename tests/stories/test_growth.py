"""A group of KPIs, its source, list, command and part of the page are files; none is edited."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts import lists
from tests.parts.reservoir import LIST, PART, Grown, level
from tests.stories.conftest import Served

GROUPS = Path(__file__).parents[2] / "stream_jobs" / "groups"


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    """A grown tree whose hub has two levels, and serves."""
    made = Grown(tmp_path_factory.mktemp("grown"))
    stale = made.hub.run("render", "--check")
    assert (stale.returncode, "reservoir.1.avsc" in stale.stdout) == (1, True)
    assert "wrote: reservoir.1.avsc" in made.hub.run("render").stdout
    assert made.hub.run("render", "--check").returncode == 0
    made.hub.create_key("reservoirs")
    made.hub.start()
    sent = made.hub.post("reservoir", [level(1, "HO.1", 100), level(2, "HO.1", 200)])
    assert (sent.status_code, sent.json()["rejected"]) == (202, [])
    yield made
    made.hub.stop()


def told(hub: Served, kpi: str, **parameters: str) -> dict[str, Any]:
    """Ask the command for a KPI's one figure of 2023."""
    asked = [part for name, value in parameters.items() for part in (f"--{name}", value)]
    done = hub.run("kpi", kpi, "--period", "2023", "--json", *asked)
    assert done.returncode == 0, done.stderr
    figure: dict[str, Any]
    (figure,) = json.loads(done.stdout)["figures"]
    return figure


def test_its_kpi_is_answered_over_http_and_by_the_command(grown: Grown) -> None:
    served = grown.hub.figure("reservoir_level_mean", period="2023")
    for figure in (served, told(grown.hub, "reservoir_level_mean")):
        parts = (figure["numerator"], figure["denominator"], figure["value"])
        assert parts == (300, 2, "150.000000")
    by = told(grown.hub, "reservoir_level_mean", by="reservoir")
    assert by["dims"] == {"reservoir": "HO.1"}
    listed = {k["id"]: k["group"] for k in grown.hub.get("/v1/kpis").json()["kpis"]}
    assert listed["reservoir_level_mean"] == "reservoir"


def test_its_list_is_read_by_a_kpi_and_tried(grown: Grown, tmp_path: Path) -> None:
    figure = grown.hub.figure("reservoirs_reporting_share", period="2023")
    assert (figure["numerator"], figure["denominator"]) == (1, 2)
    (tmp_path / "reservoirs.csv").write_text(LIST.lstrip() + "HO.3,Hồ ba,2022-01-01,,t\n", "utf-8")
    tried = grown.hub.run("try", "reference", str(tmp_path), "--json")
    assert tried.returncode == 0, tried.stderr
    changed = json.loads(tried.stdout)["figures"]
    assert {f["kpi"] for f in changed} == {"reservoirs_reporting_share"}
    assert {f["after"]["denominator"] for f in changed} == {3}
    (tmp_path / "reservoirs.csv").write_text("name_vi\nHồ\n", "utf-8")
    refused = grown.hub.run("try", "reference", str(tmp_path))
    assert refused.returncode == 1
    assert "reservoirs.csv:1: missing_header" in refused.stdout


def test_its_group_and_its_part_are_given_to_the_page(grown: Grown) -> None:
    groups = grown.hub.get("/page/groups.json").json()["groups"]
    assert groups[-1] == {
        "id": "reservoir",
        "title_vi": "Hồ chứa nước",
        "title_en": "Reservoirs",
        "part": "/page/groups/reservoir.js",
    }
    others = {path.name for path in GROUPS.glob("*.py")}
    assert {f"{g['id']}.py" for g in groups[:-1]} == others - {"__init__.py", "source.py"}
    part = grown.hub.get("/page/groups/reservoir.js")
    assert part.headers["content-type"].startswith("text/javascript")
    assert part.text.strip() == PART.strip()


def test_its_command_is_found(grown: Grown) -> None:
    assert "List the reservoirs." in grown.hub.run("--help").stdout
    assert "$ hub reservoirs" in grown.hub.run("reservoirs", "--help").stdout
    assert grown.hub.run("reservoirs").stdout.splitlines() == ["HO.1 Hồ một", "HO.2 Hồ hai"]


def test_figures_that_were_there_have_the_versions_that_they_had(
    grown: Grown, tmp_path: Path
) -> None:
    before = Served(tmp_path / "data")
    assert before.run("reference", "load", str(lists.FOLDER)).returncode == 0
    for kpi in ("procedure_full_online_share", "stations_reporting_share"):
        versions = [told(hub, kpi)["definition_version"] for hub in (before, grown.hub)]
        assert versions[0] == versions[1], kpi


def test_everything_proves_itself_and_nothing_was_edited(grown: Grown) -> None:
    verified = grown.hub.run("verify")
    assert verified.returncode == 0, verified.stdout
    # The registry's index and the description of topics are rendered, never edited.
    assert set(grown.edited()) <= {"schemas/avro/ids.json", "docs/asyncapi.json"}
