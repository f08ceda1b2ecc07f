"""What a store knows of the definitions that its tables were made by."""

import dataclasses
from pathlib import Path

import pytest

from hub import registry
from hub.store import store


def test_definitions_name_what_orders_events() -> None:
    """Reordering kinds or `order_first` changes figures, so it must ask for a rebuild."""
    fact = registry.facts()["payment"]
    contract = registry.contracts()["payment"]
    digest_anew = store.definition_digest.__wrapped__  # a process keeps what is installed
    before = digest_anew(fact, contract)
    old = contract.spec
    try:
        changed = dataclasses.replace(old, order_first=())
        type.__setattr__(contract.model, "spec", changed)
        contract.spec = changed
        assert digest_anew(fact, contract) != before
    finally:
        type.__setattr__(contract.model, "spec", old)
        contract.spec = old


def test_only_what_is_out_of_date_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    store.Store(url, registry.definitions()).close()
    upgraded: list[object] = []
    monkeypatch.setattr(store, "_upgrade", upgraded.append)
    opened = store.Store(url, registry.definitions())
    assert upgraded == []
    with opened.administering() as c:
        c.exec_driver_sql("UPDATE alembic_version SET version_num = '0005'")
    opened.close()
    store.Store(url, registry.definitions()).close()
    assert len(upgraded) == 1


def test_indexes_that_nobody_asks_by_are_dropped(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'ix_fact%'"
    opened = store.Store(url, registry.definitions())
    with opened.administering() as c:
        before = set(c.exec_driver_sql(indexes).scalars())
        c.exec_driver_sql("UPDATE alembic_version SET version_num = '0025'")
        for fact, column in (("dossier", "ended_at"), ("dossier", "overdue_at"), ("fee", "match")):
            name = {"match": "match_changed_at"}.get(column, column)
            c.exec_driver_sql(f"CREATE INDEX ix_fact_{fact}_{name} ON fact_{fact} ({column})")
        assert len(set(c.exec_driver_sql(indexes).scalars())) == len(before) + 3
    opened.close()
    opened = store.Store(url, registry.definitions())
    with opened.administering() as c:
        assert set(c.exec_driver_sql(indexes).scalars()) == before
    opened.close()
    asked_by_the_hub = {"ix_fact_dossier_same_as", "ix_fact_reading_measured_at"}
    assert {n for n in before if not n.endswith(("_log", "_held"))} == asked_by_the_hub
