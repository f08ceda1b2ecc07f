"""Every list of reference data is a form and a file, and a new one changes no other's figures."""

import csv
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from hub import places, registry
from hub.figures.kpi import Kpi
from hub.figures.terms import Listed
from hub.figures.versions import definition_version
from hub.reference.form import Column, Form, FormError
from hub.reference.lists import Reference
from tests.conftest import Hub

FORMS = registry.forms()
READ = [pytest.param(k, id=k.id) for k in registry.kpis().values() if k.lists]


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_said_in_both_languages(name: str) -> None:
    form = FORMS[name]
    assert form.title_vi
    assert form.title_en
    assert all(c.title_vi and c.title_en for c in form.columns)
    names = [c.name for c in form.columns]
    assert len(names) == len(set(names))


FILES = sorted(Path(str(places.reference_folder())).rglob("*.csv"))


@pytest.mark.parametrize("path", [p for p in FILES if p.stem in FORMS], ids=lambda p: p.stem)
def test_a_list_has_the_columns_of_its_form(path: Path) -> None:
    with path.open("r", encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert header == [c.name for c in FORMS[path.stem].columns]


def test_nothing_that_is_made_up_is_installed_but_for_the_demo() -> None:
    made_up = set()
    for path in FILES:
        with path.open("r", encoding="utf-8", newline="") as file:
            sources = {row["source"] for row in csv.DictReader(file)}
        if sources & {"synthetic", "published-2023"}:
            made_up.add(path.parent)
    assert made_up == {Path(str(places.demo_reference_folder()))}
    assert set(registry.installed().lists.installed.tables) == {"calendar"}


@pytest.mark.parametrize("kpi", READ)
def test_what_a_kpi_reads_is_a_list(kpi: Kpi) -> None:
    assert kpi.lists <= set(FORMS)


@pytest.mark.parametrize("contract", registry.facts())
def test_what_is_part_of_what_is_in_a_list(contract: str) -> None:
    fact = registry.facts()[contract]
    for column, table in fact.parents.items():
        assert column in fact.types
        assert {"code", "parent", "level"} <= {c.name for c in FORMS[table].columns}
        assert FORMS[table].is_effective_dated
    # A statistic is about one place.
    entity = registry.contracts()[contract].spec.entity
    assert len([c for c in entity if c in fact.parents]) <= 1


def test_a_file_of_another_form_is_refused() -> None:
    form = Form("Hồ", "Reservoirs", (Column("code", "Mã", "Code"), Column("a", "A", "A", False)))
    assert form.read("code,more\nHO.1,2\n") == [{"code": "HO.1", "more": "2"}]
    with pytest.raises(FormError, match="no column code; there are a, more"):
        form.read("a,more\n1,2\n")
    with pytest.raises(FormError, match="no column code"):
        form.read("")


def test_the_digest_is_over_the_placed_lists_in_their_order_then_over_what_else_is_read() -> None:
    rows = {name: [{"code": name}] for name in "abcd"}
    places_of = {"a": 2, "b": 1, "c": None, "d": None}
    forms = {n: Form(n, n, (), digest_place=place) for n, place in places_of.items()}
    reference = Reference(rows, forms)

    def over(*names: str) -> str:
        text = repr([(n, rows[n]) for n in names])
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    assert reference.digest() == reference.digest(["a"]) == over("b", "a")
    assert reference.digest(["d", "a", "c"]) == over("b", "a", "c", "d")


def test_a_new_list_changes_the_version_of_what_reads_it_alone(hub: Hub) -> None:
    kpi = next(k for k in registry.kpis().values() if isinstance(k.denominator, Listed))
    reading = replace(kpi, id="reservoirs", numerator=Listed("reservoirs", {}))
    reference = hub.reference
    forms = {**reference.forms, "reservoirs": Form("Hồ", "Reservoirs", ())}
    versions = set()
    for rows in ([], [{"code": "HO.1"}]):
        hub.reference = Reference({**reference.tables, "reservoirs": rows}, forms)
        with hub.store.reading() as snapshot:
            book = hub.book(snapshot)
            versions.add((definition_version(kpi, book), definition_version(reading, book)))
    assert len({whole for whole, _ in versions}) == 1
    assert len({of_list for _, of_list in versions}) == 2
