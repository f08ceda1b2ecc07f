"""Packed events come back as they were, and in little room."""

import random
from pathlib import Path

import pytest
import zstandard

from hub import places, registry
from hub.apply.stored import settle_stored
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact
from hub.store import store
from hub.store.packing import pack, unpack
from stream_jobs.worked import dossier, received
from tests.parts.small import Sent, Small


@pytest.mark.parametrize("contract", [*registry.facts(), "none"])
def test_what_is_packed_comes_back(contract: str) -> None:
    rng = random.Random(1)
    states = [b"", b"\x00", rng.randbytes(100_000), b"received" * 10_000]
    assert unpack(contract, pack(contract, states)) == states


def test_stored_events_take_two_thirds_of_their_room_at_most(tmp_path: Path) -> None:
    events = [received("D0001", "2023-05-01"), dossier("D0001", "resolved", "2023-05-09")]
    fact, contract = registry.facts()["dossier"], registry.contracts()["dossier"]
    with Small(tmp_path / "hub") as small:
        small.append(contract, [Sent("s", 20_400, e) for e in events])
        small.apply(contract, 10)
        _compare(small, fact, contract)


def _compare(small: Small, fact: Fact, contract: Contract) -> None:
    with small.store.reading() as reading:
        ((packed,),) = reading.rows(f"SELECT state FROM {fact.table}")
        rows = list(reading.stored(fact, ""))
        assert rows == reading.states(fact, ["D0001"])
    assert len(packed) < len(rows[0][3]) * 2 / 3
    settled = settle_stored(contract, rows)
    assert sorted(settled["kind"]) == ["received", "resolved"]


def test_another_dictionary_asks_for_a_rebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    fact, contract = registry.facts()["dossier"], registry.contracts()["dossier"]
    digest_anew = store.definition_digest.__wrapped__  # a process keeps what is installed
    before = digest_anew(fact, contract)
    monkeypatch.setattr(store, "dictionary", lambda _: b"another")
    assert digest_anew(fact, contract) != before


def test_what_is_damaged_is_not_taken_for_events() -> None:
    (packed,) = pack("dossier", [b"received" * 10])
    with pytest.raises(zstandard.ZstdError):
        unpack("dossier", [packed[:-3]])


def test_each_dictionary_is_of_a_contract() -> None:
    names = {file.name for file in places.dictionaries_folder().iterdir()}
    assert names <= {f"{contract}.zdict" for contract in registry.facts()}
    assert "dossier.zdict" in names
