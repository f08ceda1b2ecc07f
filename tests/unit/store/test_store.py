"""What a store knows of the definitions that its tables were made by."""

import dataclasses

from hub import registry
from hub.store import store


def test_definitions_name_what_orders_events() -> None:
    """Reordering kinds or `order_first` changes figures, so it must ask for a rebuild."""
    fact = registry.facts()["payment"]
    contract = registry.contracts()["payment"]
    before = store.definition_digest(fact, contract)
    old = contract.spec
    try:
        changed = dataclasses.replace(old, order_first=())
        type.__setattr__(contract.model, "spec", changed)
        contract.spec = changed
        assert store.definition_digest(fact, contract) != before
    finally:
        type.__setattr__(contract.model, "spec", old)
        contract.spec = old
