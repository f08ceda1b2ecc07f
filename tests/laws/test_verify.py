"""Whatever is wrong in log or store, verify names it: cell, entity, receipt; on a sample too."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import registry
from hub.proof import recount
from hub.proof.sample import Sample, parse_share
from hub.proof.verify import verify
from stream_jobs.worked import dossier, received
from tests.parts import lists
from tests.parts.small import Prepared, Sent, Small, in_this_process

DOSSIER = registry.contracts()["dossier"]
CODES = [f"D{i:03}" for i in range(60)]
EVENTS = [
    e
    for i, code in enumerate(CODES)
    for e in (
        received(code, f"2023-05-{1 + i % 28:02}"),
        dossier(code, "resolved", f"2023-06-{1 + i % 28:02}"),
    )
]


def fill(small: Small) -> None:
    for at in range(0, len(EVENTS), 20):
        small.append(DOSSIER, [Sent("s", 20_400, e) for e in EVENTS[at : at + 20]])
    small.apply(DOSSIER, 2)


FILLED = Prepared(fill)


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Small]:
    with FILLED.open(tmp_path / "small") as opened:
        yield opened


def differences(filled: Small, sample: Sample | None = None) -> list[str]:
    with in_this_process():
        return verify(filled.log, filled.store, lists.installed(), sample=sample).differences


@pytest.mark.slow
def test_of_a_large_log_processes_of_their_own_say_the_same(
    filled: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper(filled, "UPDATE fact_dossier SET events = events + 1 WHERE entity = 'D001'")
    tamper(filled, "DELETE FROM fact_dossier WHERE entity = 'D002'")
    in_one = verify(filled.log, filled.store, lists.installed())
    monkeypatch.setattr(recount, "BYTES_WORTH_PROCESSES", 0)
    assert verify(filled.log, filled.store, lists.installed()) == in_one
    assert any(d.startswith("fact dossier/D002") for d in in_one.differences), in_one


def tamper(filled: Small, *statements: str) -> None:
    with filled.store.administering() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def test_a_flipped_bit_in_the_log_is_named_with_its_dossier_and_cells(
    filled: Small, tmp_path: Path
) -> None:
    connection = sqlite3.connect(tmp_path / "small" / "log.sqlite3")
    with connection:
        offset, payload = connection.execute(
            "SELECT base_offset, payload FROM batch ORDER BY base_offset LIMIT 1"
        ).fetchone()
        at = payload.index(b"D001") + 3  # D001 becomes D000, of which there is one already
        flipped = payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1 :]
        connection.execute("UPDATE batch SET payload = ? WHERE base_offset = ?", (flipped, offset))
    connection.close()
    found = differences(filled)
    assert any(d.startswith("fact dossier/D001") for d in found), found
    assert any(d.startswith("cell dossier.") for d in found), found


def test_an_event_that_was_skipped_is_named(filled: Small) -> None:
    filled.append(DOSSIER, [Sent("s", 20_400, received("LATE", "2023-05-01"))])
    tamper(filled, f"UPDATE position SET next_offset = {len(EVENTS) + 1}")
    found = differences(filled)
    assert any(d.startswith("fact dossier/LATE: stored nothing") for d in found), found
    assert any(d.startswith("cell dossier.received/") for d in found), found
    assert any(d.startswith("received s/") for d in found), found


def test_an_event_that_counts_twice_is_named(filled: Small) -> None:
    tamper(
        filled,
        "UPDATE cell SET count = count + 1, value = value + 1, d0 = d0 + 5"
        " WHERE cell_set LIKE 'dossier.received/r%' AND period = '2023-05-09'",
        "UPDATE ledger SET count = count + 1 WHERE class = 'applied'",
    )
    found = differences(filled)
    assert any(d.startswith("cell dossier.received/r") and "2023-05-09" in d for d in found)
    assert any(d.startswith("ledger dossier/s/") for d in found), found


def test_a_whole_sample_finds_in_facts_and_cells_what_a_full_run_finds(filled: Small) -> None:
    assert differences(filled, Sample(1, 1)) == []
    tamper(
        filled,
        "UPDATE fact_dossier SET channel = 'post' WHERE entity = 'D007'",
        "DELETE FROM cell WHERE cell_set LIKE 'dossier.resolved/r%' AND period = '2023-06-09'",
        "UPDATE cell SET d1 = d1 + 1 WHERE cell_set LIKE 'dossier.received/c%'"
        " AND period = '2023-05-09'",
    )
    full = differences(filled)
    found = differences(filled, Sample(1, 1))
    for name in ("fact dossier/D007", "cell dossier.resolved/r", "cell dossier.received/c"):
        assert any(d.startswith(name) for d in full), name
        assert any(d.startswith(name) for d in found), name


@pytest.mark.parametrize("seed", range(6))
def test_a_sample_looks_at_what_is_in_it_and_at_nothing_else(filled: Small, seed: int) -> None:
    sample = Sample(0.3, seed)
    inside = [c for c in CODES if sample.has(c.encode())]
    assert 0 < len(inside) < len(CODES)
    for code in (inside[0], next(c for c in CODES if c not in inside)):
        tamper(filled, f"UPDATE fact_dossier SET d0 = d0 + 1 WHERE entity = '{code}'")
    named = {d.split(":")[0] for d in differences(filled, sample) if d.startswith("fact")}
    assert named == {f"fact dossier/{inside[0]}"}


def test_every_entity_turns_up_in_some_sample() -> None:
    looked_at = {c for seed in range(60) for c in CODES if Sample(0.1, seed).has(c.encode())}
    assert looked_at == set(CODES)


@pytest.mark.parametrize(
    ("text", "share"), [("1%", 0.01), ("0.01", 0.01), ("100%", 1), ("12.5%", 0.125)]
)
def test_a_share_is_read(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["0", "0%", "101%", "2", "-1%", "một", "1 %", "1e-2", ""])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"share|above"):
        parse_share(text)
