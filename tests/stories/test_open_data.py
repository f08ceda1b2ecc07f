"""Open data of a served hub: released by a command, taken by anybody, changed, released again."""

import io
import json

import httpx
import polars as pl
import pytest
from rdflib import DCAT, RDF, Graph

from hub.locks import held
from stream_jobs.worked import received
from tests.parts.waiting import until
from tests.stories.conftest import Served

ROOT = "/v1/open-data"


@pytest.fixture
def year(served: Served) -> Served:
    """A served hub with dossiers of two units, which nobody reads without a key."""
    served.stop()
    served.env["HUB_PUBLIC_URL"] = "https://hub.tinh.gov.vn"
    served.start()
    served.create_key("one_stop")
    events = [
        received(f"{unit}-{n}", f"2023-{month:02}-02") | {"received_by": unit}
        for unit, month, many in (
            ("H57.1", 1, 9),
            ("H57.1", 2, 8),
            ("H57.2", 1, 3),
            ("H57.2", 2, 9),
        )
        for n in range(100 * month, 100 * month + many)
    ]
    assert served.post("dossier", events).status_code == 202
    return served


def table(answer: httpx.Response) -> pl.DataFrame:
    return pl.read_csv(io.BytesIO(answer.content), infer_schema=False)


def test_what_is_open_is_released_and_taken_without_a_key_and_nothing_else(year: Served) -> None:
    assert year.get(ROOT).json() == {"release": None, "datasets": []}
    assert year.get("/v1/kpis").status_code == 401
    assert year.run("open-data", "show").returncode == 1
    year.settle()

    tried = year.run("open-data", "release", "2023", "--dry-run")
    assert (tried.returncode, year.get(ROOT).json()["release"]) == (0, None), tried.stderr
    made = year.run("open-data", "release", "2023")
    assert made.returncode == 0, made.stderr
    body = year.get(ROOT).json()
    assert (body["release"]["number"], body["release"]["least"]) == (1, 5)
    (about,) = (d for d in body["datasets"] if d["id"] == "dossier_received_new")
    assert about["withheld"] > 0
    (url,) = (f["url"] for f in about["files"] if f["url"].endswith(".csv"))
    answer = year.get(url)
    found = table(answer).filter(pl.col("channel") == "_T", pl.col("service_level") == "_T")
    small = found.filter(pl.col("period") == "2023-01", pl.col("unit") == "H57.2")
    assert small["numerator"].to_list() == [None]
    assert small["withheld"].to_list() == ["c"]
    tag = answer.headers["ETag"]
    asked = httpx.get(f"{year.url}{url}", headers={"If-None-Match": tag}, trust_env=False)
    assert asked.status_code == 304
    graph = Graph().parse(data=year.get(f"{ROOT}/files/catalogue.ttl").text, format="turtle")
    assert list(graph.subjects(RDF.type, DCAT.Catalog))
    assert {str(o).partition("/v1")[0] for o in graph.objects(None, DCAT.downloadURL)} == {
        "https://hub.tinh.gov.vn"
    }
    linked = json.loads(year.get(f"{ROOT}/files/catalogue.jsonld").content)
    assert linked
    for name in ("release.json", "0001", "..%2Frelease.json", "dossier_overdue.csv"):
        assert year.get(f"{ROOT}/files/{name}").status_code == 404, name

    again = year.run("open-data", "release", "2023")
    assert "không có gì mới" in again.stdout
    late = [received(f"L{n}", "2023-02-20") | {"received_by": "H57.1"} for n in range(6)]
    assert year.post("dossier", late).status_code == 202
    year.settle()
    assert year.run("open-data", "release", "2023").returncode == 0
    until(lambda: year.get(ROOT).json()["release"]["number"] == 2, "the second release is given")
    revised = table(year.get(f"{ROOT}/files/revisions.csv"))
    whole = revised.filter(
        pl.col("dataset") == "dossier_received_new",
        pl.col("period") == "2023-02",
        pl.col("dims") == "channel=_T service_level=_T unit=_T",
    )
    assert whole.select("before", "after").rows() == [("17", "23")]
    assert "17 → 23" in year.run("open-data", "show").stdout


def test_a_release_whose_folder_is_away_is_not_made_again(year: Served) -> None:
    """Else its number would be there twice, and what it withheld be told by the next one."""
    year.settle()
    folder = year.folder / "open-data"
    assert year.run("open-data", "release", "2023").returncode == 0
    gone = folder.rename(folder.with_name("gone"))
    for instead in (folder.mkdir, folder.touch):
        instead()
        refused = year.run("open-data", "release", "2023")
        assert refused.returncode == 2
        assert "release 1 was made and is not there" in refused.stderr
        folder.rmdir() if folder.is_dir() else folder.unlink()
    assert year.run("open-data", "release", "2023", "--anew").returncode == 0
    assert [p.name for p in folder.iterdir()] == ["0002"], "no number is there twice"
    (gone / "0001").rename(folder / "0001")
    again = year.run("open-data", "release", "2023")
    assert again.returncode == 0
    assert "nothing new" in again.stdout


def test_of_two_releases_at_once_one_says_that_there_is_another(year: Served) -> None:
    year.settle()
    with held(year.folder / "store.sqlite3.open_data.lock"):
        refused = year.run("open-data", "release", "2023")
    assert refused.returncode == 2
    assert "another one is releasing" in refused.stderr
    assert not (year.folder / "open-data").exists()
