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
