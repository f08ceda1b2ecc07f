"""A run with faults ends as a calm one; with any one guard taken away, verify says what differs.

The faults: events in disorder, repeated, corrected, withdrawn and in conflict; a crash after each
statement of apply; a writer that was frozen and goes on with what it had in hand.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from hub import registry
from hub.apply import entities, fold, rows
from hub.definitions.contract import Contract
from hub.store.tables import LANES, position
from hub.store.troubles import FencedError
from hub.store.writing import Writing
from stream_jobs.worked import dossier, received, salinity
from tests.parts.small import Json, Sent, Small

DOSSIER = registry.contracts()["dossier"]
READING = registry.contracts()["reading"]
STATEMENTS = ("swap_positions", "write_facts", "write_cells", "add_ledger", "quarantine")
Patch = pytest.MonkeyPatch


def deliveries(seed: int) -> dict[str, list[Sent]]:
    """Make deliveries with everything that may happen to an event."""
    chance = random.Random(seed)
    dossiers: list[Json] = []
    for code in "ABCDEFGHIJ":
        dossiers += [
            received(code, "2023-05-08"),
            dossier(code, "resolved", "2023-05-10"),
        ]
    resolved = next(e for e in dossiers if e["kind"] == "resolved")
    doubtful = next(e for e in dossiers if e["dossier_code"] == "C")
    dossiers += [
        # Withdrawn, and with it a figure goes back.
        dossier("A", "retracted", "2023-05-12", retracts=resolved["event_id"]),
        # Corrected: another channel, recorded later.
        received("B", "2023-05-08")
        | {"event_id": "b2", "channel": "post", "recorded_at": "2023-06-01T00:00:00Z"},
        # In conflict: one identity, two contents.
        doubtful | {"channel": "post"},
    ]
    readings = [salinity("ST01", f"2023-03-0{d}T05:00", 0.5 + d) for d in range(1, 6)]
    readings.append(
        readings[0] | {"event_id": "r", "value": 9, "revised_at": "2023-04-01T00:00:00Z"}
    )
    out = {}
    for name, events in (("dossier", dossiers), ("reading", readings)):
        repeated = [*events, *chance.sample(events, len(events) // 2)]
        chance.shuffle(repeated)
        out[name] = [Sent("s", 20_400 + i // 5, e) for i, e in enumerate(repeated)]
    return out


@contextmanager
def crash_after(monkeypatch: Patch, statement: str) -> Iterator[list[str]]:
    """Let the power be cut after a statement of apply, once."""
    written = getattr(Writing, statement)
    crashes: list[str] = []

    def crash(self: Writing, *given: Any) -> None:
        written(self, *given)
        if not crashes:
            crashes.append(statement)
            raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(Writing, statement, crash)
        yield crashes


def run(small: Small, given: dict[str, list[Sent]], monkeypatch: Patch) -> list[str]:
    """Apply everything with faults; give what verify finds."""
    for name, sent in given.items():
        contract = registry.contracts()[name]
        cuts = [len(sent) * i // 6 for i in range(7)]
        for number, (first, following) in enumerate(pairwise(cuts)):
            small.append(contract, sent[first:following])
            statement = STATEMENTS[number % len(STATEMENTS)]
            in_hand = _not_applied(small, contract)
            with crash_after(monkeypatch, statement) as crashes, suppress(RuntimeError):
                small.apply(contract, 20)
            assert crashes == [statement]
            with suppress(FencedError):
                small.apply(contract, 20)
            # The one that was frozen wakes up with what it had read before.
            with suppress(FencedError):
                small.applier().apply(contract, in_hand)
    return small.verify().differences


def _not_applied(small: Small, contract: Contract) -> Any:
    with small.store.reading() as reading:
        identity = small.log.identity(contract.topic)
        at = reading.positions(identity, contract.topic).get(0, 0)
    return small.log.read(contract.topic, at)


def position_in_another_transaction(monkeypatch: Patch) -> None:
    """Commit the position before what it stands for."""
    swap = Writing.swap_positions

    def swapped(self: Writing, *given: Any) -> None:
        swap(self, *given)
        self._c.exec_driver_sql("COMMIT")
        self._c.exec_driver_sql("BEGIN")

    monkeypatch.setattr(Writing, "swap_positions", swapped)


def fence_off(monkeypatch: Patch) -> None:
    """Move the position wherever it stands."""
    swap = Writing.swap_positions

    def forced(self: Writing, log: str, topic: str, spans: Any, at: int) -> None:
        for partition, (expected, _) in spans.items():
            self._c.execute(
                position.update()
                .where(
                    position.c.log == log,
                    position.c.topic == topic,
                    position.c.partition == partition,
                )
                .values(next_offset=expected)
            )
        swap(self, log, topic, spans, at)

    monkeypatch.setattr(Writing, "swap_positions", forced)


def repeats_not_found(monkeypatch: Patch) -> None:
    """Take every event for a new one."""
    monkeypatch.setattr(fold, "find_repeats", lambda _, e, __: pl.repeat(False, len(e), eager=True))


def _settled(monkeypatch: Patch, was: str, **now: pl.Expr) -> None:
    settle = fold.settle

    def changed(*given: Any) -> pl.DataFrame:
        is_it = pl.col("class") == was
        return settle(*given).with_columns(
            pl.when(is_it).then(e).otherwise(pl.col(n)).alias(n) for n, e in now.items()
        )

    monkeypatch.setattr(fold, "settle", changed)


def retraction_ignored(monkeypatch: Patch) -> None:
    """Let what was withdrawn count."""
    _settled(monkeypatch, "retracted", **{"class": pl.lit("applied"), "is_live": pl.lit(True)})


def conflict_not_marked(monkeypatch: Patch) -> None:
    """Say nothing of two contents under one identity."""
    _settled(monkeypatch, "conflict", is_disputed=pl.lit(False))


def conflict_decided_by_the_greater(monkeypatch: Patch) -> None:
    """Let both contents count."""
    _settled(monkeypatch, "conflict", **{"class": pl.lit("applied"), "is_live": pl.lit(True)})


def digest_of_another_fact(monkeypatch: Patch) -> None:
    """Give each fact the digest of its neighbour."""
    digest = fold.digest_facts

    def rolled(*given: Any) -> pl.DataFrame:
        facts = digest(*given)
        lanes = [pl.col(lane).shift(1).fill_null(pl.col(lane).last()) for lane in LANES]
        return facts.with_columns(lanes)

    monkeypatch.setattr(fold, "digest_facts", rolled)


def nothing_taken_back(monkeypatch: Patch) -> None:
    """Add what a fact is, without taking back what it was."""
    cell_rows = rows.cell_rows

    def added(fact: Any, facts: pl.DataFrame, shard: int) -> pl.DataFrame:
        return cell_rows(fact, facts.filter(fold.IS_PRESENT), shard)

    monkeypatch.setattr(entities, "cell_rows", added)


def order_of_arrival(monkeypatch: Patch) -> None:
    """Fold events as they came."""
    monkeypatch.setattr(fold, "order", lambda _, events, group: events.sort(group))


GUARDS: list[Callable[[Patch], None]] = [
    position_in_another_transaction,
    fence_off,
    repeats_not_found,
    retraction_ignored,
    conflict_not_marked,
    conflict_decided_by_the_greater,
    digest_of_another_fact,
    nothing_taken_back,
    order_of_arrival,
]


def test_with_all_guards_a_run_with_faults_ends_as_a_calm_one(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    with Small(tmp_path / "struck") as struck, Small(tmp_path / "calm") as calm:
        given = deliveries(7)
        assert run(struck, given, monkeypatch) == []
        for name, sent in given.items():
            calm.append(registry.contracts()[name], sent)
            calm.apply(registry.contracts()[name], 1_000)
        assert struck.said(by_day=True) == calm.said(by_day=True)
        assert struck.negative_cells() == []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda g: g.__name__)
def test_without_a_guard_it_is_seen(
    tmp_path: Path, monkeypatch: Patch, guard: Callable[[Patch], None]
) -> None:
    guard(monkeypatch)
    with Small(tmp_path / "struck") as struck:
        try:
            differences = run(struck, deliveries(7), monkeypatch)
        except sa.exc.SQLAlchemyError as error:
            pytest.fail(f"the guard's removal does not work: {error}")
    assert differences, "nobody would have noticed"
