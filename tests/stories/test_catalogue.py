"""What each KPI is, and each topic, can be read without a look into the code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest

from hub.figures.kpi import Kpi
from hub.kafka.topics import wanted
from stream_jobs.worked import received
from tests.parts.asking import close_period
from tests.parts.pushed import Pushed, pushed

Json = dict[str, Any]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Pushed]:
    with pushed(tmp_path / "hub") as opened:
        opened.send("dossier", received("A", "2023-05-02"))
        yield opened


def described(hub: Pushed) -> dict[str, Json]:
    return {kpi["id"]: kpi for kpi in hub.ask("/v1/catalogue").json()["kpis"]}


def test_every_kpi_is_described(hub: Pushed) -> None:
    listed = described(hub)
    assert listed.keys() == hub.hub.kpis.keys()
    share = listed["dossier_online_share"]
    assert share["formula"] == (
        "[count of dossier.received in the period, channel = online] / [count of dossier.received"
        " in the period + (count of dossier.received before the start of the period − count of"
        " dossier.left before the start of the period)]"
    )
    assert share["owner"] == "Văn phòng UBND tỉnh"
    assert share["legal_basis"] == hub.hub.contracts["dossier"].spec.legal_basis
    dims = {d["name"]: d for d in share["dimensions"]}
    assert dims["unit"]["roles"] == ["citizen", "received_by", "resolved_by"]
    assert dims["channel"]["values"] == ["counter", "online", "post"]
    assert share["examples"][0]["denominator"] > 0
    assert listed["salinity_mean"]["formula"].endswith("× 1000)")
    assert listed["dossier_overdue"]["used_by"]["worklists"] == ["overdue"]
    assert listed["source_valid_share"]["used_by"]["is_on_board"] is False
    assert listed["stations_reporting_share"]["lists"] == ["stations"]


def test_versions_stand_beside_the_periods_that_went_by_them(
    hub: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_period(hub.hub, "2023-05")
    (first,) = described(hub)["dossier_received_new"]["versions"]
    assert (first["is_in_force"], first["periods"]) == (True, ["2023-05"])
    (figure,) = hub.ask("/v1/kpis/dossier_received_new?period=2023-05").json()["figures"]
    assert figure["definition_version"] == first["version"]
    own = hub.hub.kpis["dossier_received_new"]
    other: Kpi = hub.hub.kpis["dossier_resolved"]
    monkeypatch.setitem(own.__dict__, "numerator", other.numerator)
    before, now = described(hub)["dossier_received_new"]["versions"]
    assert before == first | {"is_in_force": False}
    assert now["is_in_force"]
    assert (now["version"] != before["version"], now["periods"]) == (True, [])


def test_every_topic_is_described_with_a_schema_that_reads_it(hub: Pushed) -> None:
    said = hub.ask("/asyncapi.json").json()
    topics = {topic.name for topic in wanted(hub.hub.contracts.values())}
    assert said["channels"].keys() == topics
    for topic, channel in said["channels"].items():
        ((name, link),) = channel["messages"].items()
        message = _followed(said, link["$ref"])
        assert (channel["address"], message["name"]) == (topic, name)
        assert is_a_record(message["payload"]["schema"])
        assert _followed(said, message["headers"]["$ref"])["type"] == "object"
    for operation in said["operations"].values():
        assert _followed(said, operation["channel"]["$ref"])["address"] in topics


def is_a_record(schema: Json) -> bool:
    parsed = fastavro.parse_schema(schema)
    return isinstance(parsed, dict) and parsed["type"] == "record"


def _followed(said: Json, link: str) -> Json:
    found: Json = said
    for part in link.removeprefix("#/").split("/"):
        found = found[part]
    return found
