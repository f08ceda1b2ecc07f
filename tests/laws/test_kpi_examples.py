"""Every KPI's worked example, done by hand in its file, is what the hub answers."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from hub import registry
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Both, Term
from tests.conftest import Hub

CASES = [
    pytest.param(kpi.of_version(version), example, id=f"{name}-{version}-{i}")
    for name, kpi in registry.kpis().items()
    for version in kpi.version_names
    for i, example in enumerate(kpi.of_version(version).examples)
]


@pytest.mark.parametrize(("kpi", "example"), CASES)
def test_the_worked_example_holds(hub: Hub, kpi: Kpi, example: Example) -> None:
    hub.reference = hub.reference.with_tables(example.reference)
    if example.accepted_at:
        hub.now = datetime.fromisoformat(example.accepted_at)
    contract = example.contract or kpi.contract
    if example.events:
        assert contract is not None
        of_contract = (s.name for s in registry.sources().values() if s.contract == contract)
        sender = example.sender or next(of_contract)
        refused = hub.post(contract, *example.events, sender=sender).body["rejected"]
        # What is not about a contract's events may be about what was refused.
        assert refused == [] or kpi.contract is None, (
            f"{kpi.id}: of its example's events some are refused, as of {hub.now.isoformat()}"
            f" (`accepted_at` of the example, else CLOCK of tests/conftest.py): {refused}"
        )
        hub.runner.catch_up()
    asked = {"version": kpi.version} if kpi.versions else {}
    figures = hub.kpi(kpi.id, example.at, period=example.period, **asked, **example.where)
    assert [(f["numerator"], f["denominator"]) for f in figures] == [
        (example.numerator, example.denominator)
    ]
    assert figures[0]["dims"] == {}
    assert example.value in (None, figures[0]["value"])


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub to which nothing came."""
    hub = Hub(tmp_path_factory.mktemp("empty"))
    yield hub
    hub.close()


@pytest.mark.parametrize("name", registry.kpis())
def test_every_kpi_answers_by_each_of_its_dimensions(empty: Hub, name: str) -> None:
    for by in registry.kpis()[name].dims:
        for figure in empty.kpi(name, period="2023", by=by):
            assert figure["dims"].keys() == {by}


def test_every_kpi_has_an_example_and_both_languages() -> None:
    for kpi in registry.kpis().values():
        assert kpi.examples, kpi.id
        assert kpi.title.vi
        assert kpi.title.en
        assert kpi.question.vi.endswith("?")
        assert kpi.question.en.endswith("?")
        assert kpi.owner
        # What people read must be said where it is not the pair itself.
        assert kpi.scale == 1 or any(e.value is not None for e in kpi.examples), kpi.id


def made_of(term: Term | None) -> Iterator[str]:
    """Name the terms that a term is made of, each as the hub's rooms call it."""
    if term is None:
        return
    if not isinstance(term, Both):
        kinds = type(term).__mro__
        yield next(k.__name__ for k in kinds if k.__module__.startswith("hub.figures."))
    for part in vars(term).values():
        if isinstance(part, Term):
            yield from made_of(part)


def test_the_readme_lists_every_term_that_kpis_are_made_of() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    section = readme.partition("\n## Adding a KPI\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| .+ \| `(\w+)\.py` \|$", section, re.MULTILINE)
    listed = {name for terms, _ in rows for name in re.findall(r"`([A-Z]\w+)", terms)}
    kpis = [kpi.of_version(v) for kpi in registry.kpis().values() for v in kpi.version_names]
    used = {name for kpi in kpis for t in (kpi.numerator, kpi.denominator) for name in made_of(t)}
    # A term of somebody's own, in `stream_jobs`, is a `Term` here, and needs no row.
    assert used - {"Term"} == listed
    assert {example for _, example in rows} <= registry.kpis().keys()


def test_no_definition_says_where_something_lies_in_memory() -> None:
    """A definition's version is made of its words: another process must find the same one."""
    said = [repr((kpi.id, kpi.numerator, kpi.denominator)) for kpi in registry.kpis().values()]
    assert [words for words in said if " at 0x" in words] == []
