"""A province moves in, on both profiles: nothing of ours is there, its divisions are its own.

The divisions are the real ones of Cần Thơ, Hậu Giang and Sóc Trăng, which are one since 1/7/2025.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.services.kafka import Kafka
from hub import places
from stream_jobs.worked import received
from tests.parts import lists
from tests.parts.province import Province
from tests.parts.waiting import until
from tests.stories.conftest import Served

DIVISIONS = Path(str(places.reference_folder() / "divisions" / "can-tho"))
TODAY, BEFORE = "92", ("92", "93", "94")
KPI = "/v1/kpis/dossier_received_new"
VALUES = {"period": "2023", "contract": "dossier", "source": "one_stop", "quality": "valid"}


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path / "hub")
    del served.env["HUB_REFERENCE_DIR"]
    served.create_key()
    served.start()
    yield served
    served.kill()


@pytest.fixture
def production(kafka: Kafka, topics: None, database_url: str, tmp_path: Path) -> Iterator[Served]:
    province = Province(kafka, database_url, tmp_path)
    del province.served.env["HUB_REFERENCE_DIR"]
    province.served.create_key()
    province.served.start()
    for _ in range(2):
        province.workers.start()
    yield province.served
    province.close()


@pytest.fixture(params=["embedded", "production"])
def empty(request: pytest.FixtureRequest) -> Served:
    """Give a hub into which no province has moved, of one profile and the other."""
    served: Served = request.getfixturevalue(request.param)
    return served


def everything(served: Served) -> str:
    """Give all that a hub answers to whoever reads: each route, the pages, the metrics."""
    paths = served.get("/openapi.json").json()["paths"]
    kpis = [k["id"] for k in served.get("/v1/kpis").json()["kpis"]]
    asked = [p for p, ways in paths.items() if "get" in ways and "stream" not in p]
    said = [served.get(path).text for path in ("/", "/repair", "/sources", "/metrics")]
    for path in asked:
        for kpi in kpis if "{kpi" in path else [""]:
            url = path
            for name in [part.split("}")[0] for part in path.split("{")[1:]]:
                url = url.replace(f"{{{name}}}", VALUES.get(name, kpi or "none"))
            said.append(served.get(url).text)
            said.append(served.get(url, period="2023").text)
    return "\n".join(said)


def made_up() -> set[str]:
    """Give what the demo's lists say that no province says of itself: names, marks and shares."""
    said = {'"synthetic": true', '"synthetic":true', "published-2023", "58.68", '"1774"', ":1774"}
    for path in lists.FOLDER.glob("*.csv"):
        with path.open(encoding="utf-8") as file:
            said |= {row["name_vi"] for row in csv.DictReader(file) if row.get("name_vi")}
    return said


def old_communes() -> list[str]:
    """Give the codes of the communes that ended on 30/6/2025."""
    with (DIVISIONS / "units.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [r["code"] for r in rows if r["level"] == "commune" and r["valid_to"] == "2025-07-01"]


def by_unit(served: Served, view: str) -> dict[str, Any]:
    figures = served.get(KPI, period="2023", by="unit", view=view).json()["figures"]
    return {f["dims"]["unit"]: f for f in figures}


def whole(served: Served, **asked: str) -> int:
    return sum(f["numerator"] for f in served.get(KPI, period="2023", **asked).json()["figures"])


def test_a_province_moves_in(empty: Served) -> None:
    said = everything(empty)
    assert len(made_up()) > 100
    assert sorted(word for word in made_up() if word in said) == []

    loaded = empty.run("reference", "load", str(DIVISIONS), "--by", "An")
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    communes = old_communes()
    assert len(communes) > 200
    # The first has one dossier, the next two, then three, then one again.
    counts = {code: number % 3 + 1 for number, code in enumerate(communes)}
    events = [
        received(f"{code}-{n}", "2023-05-17") | {"received_by": code, "resolved_by": code}
        for code, of_it in counts.items()
        for n in range(of_it)
    ]
    assert empty.post("dossier", events).status_code == 202
    everywhere = sum(counts.values())
    until(lambda: whole(empty) == everywhere, "all are counted")

    def total(view: str) -> int:
        return sum(f["numerator"] for f in by_unit(empty, view).values())

    until(lambda: len(by_unit(empty, "as_was")) == len(communes), "the divisions are in force")
    assert [total(view) for view in ("as_was", "as_is", "rebased")] == [everywhere] * 3
    assert sum(whole(empty, unit=code, view="as_was") for code in BEFORE) == everywhere
    assert [whole(empty, unit=TODAY, view=v) for v in ("as_is", "rebased")] == [everywhere] * 2

    # 31507 was Phường 6, which went whole into Phường Sóc Trăng, of the same code.
    was = by_unit(empty, "as_was")["31507"]["unit"]
    assert (was["name"], was["valid_to"]) == ("Phường 6", "2025-07-01")
    assert [(b["name"], b["kind"]) for b in was["became"]] == [("Phường Sóc Trăng", "merge")]
    # 31178 was split, nobody says how: it stays by itself, and says why.
    split = by_unit(empty, "rebased")["31178@2021-01-01"]
    assert split["numerator"] == counts["31178"]
    assert [(b["kind"], b["weight"]) for b in split["unit"]["became"]] == [("split", None)] * 2
    verified = empty.run("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(empty.get("/readyz").text)["status"] == "ready"
