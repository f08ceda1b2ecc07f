"""Every group of KPIs that is installed can be shown, and every KPI is of one."""

import pytest

from hub import registry
from hub.definitions.contract import Doc
from hub.figures.group import Group
from hub.figures.handling import BY_LIST
from hub.figures.kpi import Kpi

GROUPS = registry.groups()


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_has_a_title_in_both_languages_and_kpis(name: str) -> None:
    group = GROUPS[name]
    assert group.id == name
    assert group.title.vi
    assert group.title.en
    assert any(kpi.group == name for kpi in registry.kpis().values())


def test_no_two_groups_have_one_place() -> None:
    places = [g.place for g in GROUPS.values() if g.place is not None]
    assert len(places) == len(set(places))


def test_a_kpi_of_no_group_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "groups", lambda: {"other": Group(Doc("Khác", "Other"), 1)})
    registry.kpis.cache_clear()
    try:
        with pytest.raises(TypeError, match="must be of a group"):
            registry.kpis()
    finally:
        registry.kpis.cache_clear()


@pytest.mark.parametrize("kpi", [pytest.param(k, id=k.id) for k in registry.kpis().values()])
def test_each_dimension_is_a_column_of_what_is_counted(kpi: Kpi) -> None:
    """A dimension is the fact's column, in each role, or what a list says of one."""
    assert not kpi.roles or kpi.role in kpi.roles
    if kpi.contract is not None:
        fact = registry.facts()[kpi.contract]
        for role in kpi.roles or (None,):
            assert set(kpi.columns(role).values()) - {BY_LIST} <= set(fact.types)
