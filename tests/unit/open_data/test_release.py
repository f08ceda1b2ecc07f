"""Releases of a quarter worked by hand: what is told, withheld, kept so, revised and described."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pyshacl import validate
from rdflib import DCAT, DCTERMS, RDF, Graph, URIRef

from hub import registry
from hub.clock import to_us
from hub.figures.kpi import Opened
from hub.figures.terms import Total
from hub.open_data.dcat import Publishing, catalogue_of, write_catalogues, write_dictionary
from hub.open_data.opened import WHOLE, OpenDataError, check_opened
from hub.open_data.release import (
    SAID,
    Release,
    latest,
    make,
    opened,
    read_release,
    write,
)
from hub.reference.periods import parse_period
from stream_jobs.worked import Json
from tests.conftest import Hub
from tests.unit.open_data.test_disclosure import LEAST
from tests.unit.reports.test_editions import close_month
from tests.unit.reports.test_filled import handed_in, listed

KPIS = opened(registry.kpis())
SHAPES = Path(__file__).with_name("shapes.ttl")
BASE = "https://du-lieu.tinh.gov.vn"
BY = Publishing(
    BASE, "UBND tỉnh", "https://creativecommons.org/licenses/by/4.0/", "", "Tỉnh", "H57"
)
# Received in 2023, by unit and month: so many, of which so many online.
RECEIVED = {
    ("H57.1", 1): (30, 10),
    ("H57.1", 2): (28, 20),
    ("H57.2", 1): (3, 2),
    ("H57.2", 2): (9, 3),
    ("H57.2.1", 1): (22, 7),
    ("H57.2.1", 2): (12, 6),
    ("H57.2.1", 3): (20, 18),
}


@pytest.fixture
def quarter(hub: Hub) -> Hub:
    hub.reference = hub.reference.with_tables(listed())
    hub.send("dossier", *events())
    return hub


def events() -> list[Json]:
    return [
        handed_in(
            f"{unit}-{month}-{number}",
            f"2023-{month:02}-10",
            "2023-05-10",
            channel="online" if number < online else "counter",
        )
        | {"received_by": unit}
        for (unit, month), (many, online) in RECEIVED.items()
        for number in range(many)
    ]


def released(hub: Hub, before: Release | None = None, least: int = LEAST) -> Release:
    with hub.store.reading() as reading:
        years, now = [parse_period("2023")], to_us(hub.now)
        return make(KPIS, hub.book(reading), years, now, least, before, is_synthetic=False)


def rows(release: Release, dataset: str, **dims: str) -> dict[tuple[str, str], Any]:
    """Give a dataset's rows by period and unit, of the table where all else is whole."""
    return {
        (row.period, dict(row.dims)["unit"]): row
        for row in release.rows[dataset]
        if all(dict(row.dims)[n] == dims.get(n, WHOLE) for n, _ in row.dims if n != "unit")
    }


def more(said: Mapping[str, Any]) -> dict[str, bytes]:
    return write_catalogues(catalogue_of(said, {n: k.group for n, k in KPIS.items()}, BY)) | {
        "dictionary.csv": write_dictionary(said)
    }


def test_a_unit_of_three_is_withheld_with_what_gives_it_back_and_all_else_is_as_asked(
    quarter: Hub,
) -> None:
    """3 of H57.2 in January: neither the month's 55 less the others, nor 12 of the quarter less 9.

    Of the nine in February three came online, and of the twelve of the quarter five. Of the twenty
    in March two did not.
    """
    release = released(quarter)
    received = rows(release, "dossier_received_new")
    assert received["2023-01", WHOLE].numerator == 55
    assert received["2023-01", "H57.1"].numerator == 30 or received["2023-01", "H57.1"].is_withheld
    assert received["2023-01", "H57.2"].numerator is None
    others = [received["2023-01", u] for u in ("H57.1", "H57.2.1")]
    assert any(row.is_withheld for row in others)
    quarterly = [received[p, "H57.2"] for p in ("2023-02", "2023-Q1")]
    assert any(row.is_withheld for row in quarterly)
    online = rows(release, "dossier_online_share_new")
    assert online["2023-03", "H57.2.1"].value is None
    for key, share in online.items():
        # A share and what it is of are one with the number that another table has of the same.
        assert share.denominator == received[key].numerator, key
        assert (share.value is None) == (None in (share.numerator, share.denominator))
    for dataset, found in release.rows.items():
        for row in (r for r in found if not r.is_withheld):
            asked = {n: v for n, v in row.dims if v != WHOLE}
            listed_by = quarter.kpi(dataset, period=row.period, by=",".join(asked))
            (figure,) = (f for f in listed_by if f["dims"] == asked)
            assert (row.value, row.numerator) == (figure["value"], figure["numerator"])
    assert set(release.rows) == set(KPIS)
    assert not [r for found in release.rows.values() for r in found if r.period > "2023-Q2"]


def test_what_is_told_stays_told_and_what_is_withheld_stays_withheld(
    quarter: Hub, tmp_path: Path
) -> None:
    """June comes in later: its quarter may not be paid for by what the first release told."""
    first = released(quarter)
    write(tmp_path, first, KPIS, asdict(BY), more)
    assert read_release(tmp_path) == first
    quarter.send("dossier", *(handed_in(f"J{n}", "2023-06-10", "2023-07-10") for n in range(2)))
    quarter.send("dossier", handed_in("K", "2023-01-20", "2023-05-10"))
    second = released(quarter, read_release(tmp_path))
    before = {r.key: r for found in first.rows.values() for r in found}
    for row in (r for found in second.rows.values() for r in found if r.key in before):
        for (old, _), (new, _) in zip(
            before[row.key].sides().values(), row.sides().values(), strict=True
        ):
            assert new is None or old is not None, row
    assert rows(second, "dossier_received_new")["2023-06", "H57.1"].is_withheld
    revised = rows(second, "dossier_received_new")["2023-01", WHOLE]
    assert (revised.numerator, revised.revision, revised.revised_on) == (56, 1, "2026-01-15")
    listed_of = {(r.dataset, r.period, r.before, r.after) for r in second.revisions}
    assert ("dossier_received_new", "2023-01", "55", "56") in listed_of
    write(tmp_path, second, KPIS, asdict(BY), more)
    assert latest(tmp_path) == tmp_path / "0002"
    csv = pl.read_csv(tmp_path / "0002" / "revisions.csv", infer_schema=False)
    assert len(csv) == len(second.revisions)
    with pytest.raises(OpenDataError, match="there already"):
        write(tmp_path, second, KPIS, asdict(BY), more)


def test_a_closed_month_says_what_was_official_and_what_it_is_restated_to(quarter: Hub) -> None:
    close_month(quarter, "2023-01")
    quarter.now += timedelta(hours=1)
    quarter.send("dossier", *(handed_in(f"L{n}", "2023-01-20", "2023-05-10") for n in range(7)))
    received = rows(released(quarter), "dossier_received_new")
    whole = received["2023-01", WHOLE]
    own = (whole.status, whole.numerator, whole.restated_numerator, whole.restated_value)
    assert own == ("restated", 55, 62, "62")
    three = received["2023-01", "H57.2"]
    assert (three.numerator, three.restated_numerator, three.is_withheld) == (None, None, True)


def test_a_file_that_was_changed_since_is_not_taken_for_a_release(
    quarter: Hub, tmp_path: Path
) -> None:
    where = write(tmp_path, released(quarter), KPIS, asdict(BY), more)
    file = where / "dossier_resolved.parquet"
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(OpenDataError, match="changed since its release"):
        read_release(tmp_path)


def test_only_what_can_be_protected_may_be_marked() -> None:
    stock = replace(KPIS["dossier_resolved"], numerator=Total("dossier.received", "end"))
    with pytest.raises(OpenDataError, match="only as sums of what happened"):
        check_opened(stock)
    wrong = replace(KPIS["dossier_resolved"], opened=Opened(tables=(("station",),)))
    with pytest.raises(OpenDataError, match="station"):
        check_opened(wrong)
    with pytest.raises(OpenDataError, match="not marked as open"):
        check_opened(registry.kpis()["dossier_overdue"])


def test_the_catalogue_has_what_a_portal_asks_for(quarter: Hub, tmp_path: Path) -> None:
    release = released(quarter)
    where = write(tmp_path, release, KPIS, asdict(BY), more)
    shapes = Graph().parse(SHAPES)
    turtle = Graph().parse(where / "catalogue.ttl")
    linked = Graph().parse(where / "catalogue.jsonld")
    assert set(turtle) == set(linked)
    holds, _, said = validate(turtle, shacl_graph=shapes, advanced=True)
    assert holds, said
    (catalogue,) = turtle.subjects(RDF.type, DCAT.Catalog)
    assert len(list(turtle.objects(catalogue, DCAT.dataset))) == len(KPIS)
    received = URIRef(f"{BASE}/v1/open-data/dossier_received_new")
    assert {str(o) for o in turtle.objects(received, DCTERMS.title)} == {
        "Hồ sơ tiếp nhận mới",
        "Dossiers newly received",
    }
    addresses = {str(o) for o in turtle.objects(None, DCAT.downloadURL)}
    files = {a.rpartition("/")[2] for a in addresses}
    assert {(where / f).is_file() for f in files} == {True}
    assert len(files) == 2 * len(KPIS)
    # Of each dataset that has rows a portal is told the days; without them it does not hold.
    turtle.remove((received, DCTERMS.license, None))
    assert not validate(turtle, shacl_graph=shapes, advanced=True)[0]


def test_the_dictionary_says_what_each_column_of_each_file_means(
    quarter: Hub, tmp_path: Path
) -> None:
    where = write(tmp_path, released(quarter), KPIS, asdict(BY), more)
    words = pl.read_csv(where / "dictionary.csv", infer_schema=False)
    for name in KPIS:
        columns = words.filter(pl.col("dataset") == name)["column"].to_list()
        table = pl.read_parquet(where / f"{name}.parquet")
        if len(table):
            assert table.columns == columns
            assert pl.read_csv(where / f"{name}.csv", infer_schema=False).columns == columns
    assert words.null_count()["meaning_vi"].item() == 0
    assert (where / SAID).is_file()
