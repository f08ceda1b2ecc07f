"""Receipts in the database: put back from an archive, taken back where their records are lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub import registry
from hub.log.log import Acknowledgement
from hub.store.receipts import Receipts
from hub.store.store import Store
from tests.parts.stores import store_url

TOPIC = registry.contracts()["dossier"].topic
ONE = Acknowledgement({TOPIC: [(1, 0, 5)]}, "a", "s", "dossier", 1_000, 5, 0, "key", "d", "{}")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(store_url(tmp_path), registry.definitions())
    yield opened
    opened.close()


def test_a_receipt_that_is_put_back_is_the_one_that_it_was(store: Store) -> None:
    receipts = Receipts(store)
    receipts.put_back([ONE, replace(ONE, id="b", sender="t")])
    receipts.put_back([replace(ONE, answer="another")])  # what is there stays as it is
    assert receipts.acknowledgements(["b", "a", "none"]) == [ONE, replace(ONE, id="b", sender="t")]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_key_is_the_latest_receipts_in_whatever_order_they_come(
    store: Store, order: tuple[int, ...]
) -> None:
    used = [replace(ONE, id=f"r{i}", accepted_at=i) for i in range(3)]
    receipts = Receipts(store)
    receipts.put_back([used[i] for i in order[:1]])
    receipts.put_back([used[i] for i in order[1:]])
    kept = receipts.acknowledgements(["r0", "r1", "r2"])
    assert [k.idempotency_key for k in kept] == [None, None, "key"]


def test_a_receipt_of_lost_records_is_taken_back_and_named(store: Store) -> None:
    receipts = Receipts(store)
    receipts.put_back(
        [ONE, replace(ONE, id="b", idempotency_key=None, places={TOPIC: [(2, 3, 4)]})]
    )
    receipts.put_back([replace(ONE, id="old", idempotency_key=None, places={})])
    lost = receipts.take_back({TOPIC: {1: 5, 2: 3}})
    assert [(r.id, r.accepted) for r in lost] == [("b", 5)]
    assert [k.id for k in receipts.acknowledgements(["a", "b", "old"])] == ["a", "old"]
    assert [r.id for r in receipts.take_back({})] == ["a"]
