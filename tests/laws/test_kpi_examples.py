"""Every KPI's worked example, done by hand in its file, is what the hub answers."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from hub import registry
from hub.figures.kpi import Example, Kpi
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


def test_no_definition_says_where_something_lies_in_memory() -> None:
    """A definition's version is made of its words: another process must find the same one."""
    said = [repr((kpi.id, kpi.numerator, kpi.denominator)) for kpi in registry.kpis().values()]
    assert [words for words in said if " at 0x" in words] == []
