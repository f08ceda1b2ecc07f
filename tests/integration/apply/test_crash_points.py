"""Apply may end at any statement: after another has gone on, the tables are those of a calm run.

The points are all statements that a transaction of apply sends to the database, bulk copies, and
the commit: before it, and after it but before the caller knows.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection
from sqlalchemy.engine.default import DefaultDialect

from deploy.local.services.postgres import Postgres as PostgresServer
from hub import registry
from hub.apply.applier import Applier
from hub.definitions.admission import admit
from hub.definitions.contract import Contract
from hub.definitions.own.rejection import REJECTION
from hub.log.log import Submission
from hub.log.submitting import make_batches
from hub.store.postgres import FEW, Postgres
from hub.store.reading import Row
from hub.store.store import Store
from stream_jobs.worked import dossier, received, salinity
from tests.integration.conftest import new_schema
from tests.parts import stores
from tests.parts.crash_points import Points, Touched, carried, every_point
from tests.parts.small import NOW, Json, Sent, Small

Patch = pytest.MonkeyPatch
DOSSIER = registry.contracts()["dossier"]
READING = registry.contracts()["reading"]
TOUCHED: Touched = [
    (Connection, "execute"),
    (Connection, "exec_driver_sql"),
    (Postgres, "_copy"),
    (DefaultDialect, "do_commit"),
]
ACCEPTED_AT = 20_400 * 86_400_000_000
# More than are written row by row, so that PostgreSQL takes them as a copy.
MANY = FEW + 6


def fill(small: Small) -> None:
    """Two batches a topic: the second restates, repeats, withdraws and contradicts the first."""
    new = [received(f"D{i}", "2023-05-08") for i in range(MANY)]
    ended = [dossier(f"D{i}", "resolved", "2023-05-10") for i in range(MANY)]
    again = [
        *new[:3],
        new[3] | {"channel": "online"},
        dossier("D4", "retracted", "2023-05-12", retracts=new[4]["event_id"]),
    ]
    readings = [salinity("ST01", f"2023-03-01T0{h}:00", h) for h in range(1, 5)]
    revised = readings[-1] | {"event_id": "r", "value": 1, "revised_at": "2023-03-02T00:00:00Z"}
    for contract, events in (
        (DOSSIER, new),
        (DOSSIER, [*ended, *again]),
        (READING, readings),
        (READING, [revised, *readings[:2]]),
    ):
        small.append(contract, sent(events))
    admitted = admit(DOSSIER, json.dumps([{"kind": "pigeon"}, {"kind": "x"}]).encode())
    batches = list(make_batches(DOSSIER, "s", admitted, "bad", ACCEPTED_AT, lambda *_: "seal1:k:x"))
    small.log.append([Submission("bad", "s", DOSSIER.name, ACCEPTED_AT, 0, 2, batches)])


def sent(events: list[Json]) -> list[Sent]:
    return [Sent("s", 20_400, e) for e in events]


@contextmanager
def another(store: Store) -> Iterator[Store]:
    """The store as another process has it: with no connection of this one, nor anything known."""
    try:
        yield store
    finally:
        store.close()


def apply_all(small: Small, store: Store, contract: Contract) -> None:
    """Go on from where the store stands, a batch a transaction."""
    applier = Applier(store, small.log.identity, lambda: NOW, has_listeners=True)
    with store.reading() as reading:
        known = reading.positions(small.log.identity(contract.topic), contract.topic)
    for batch in small.log.read(contract.topic, known.get(0, 0)):
        applier.apply(contract, [batch])


# By contract: which statements there are at least, and the tables that a batch fills.
STEPS = {
    "dossier": ({"execute": 4, "exec_driver_sql": 12, "do_commit": 2}, "fact_dossier cell notice"),
    "reading": ({"execute": 8, "exec_driver_sql": 12, "do_commit": 2}, "fact_reading cell arrival"),
    "quarantine": ({"execute": 1, "exec_driver_sql": 3, "do_commit": 1}, "quarantine ledger"),
}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_apply(tmp_path: Path, monkeypatch: Patch, database: str, postgres: PostgresServer) -> None:
    if database == "postgresql":
        monkeypatch.setattr(stores, "store_url", lambda _: new_schema(postgres))
    with Small(tmp_path / "hub") as small:
        fill(small)
        points = Points(monkeypatch, TOUCHED)
        points.drops(small.store.database.writer)
        # Of a process that ends while it reads, the database sees nothing.
        points.skip(monkeypatch, Store, "reading")
        for name, (at_least, filled) in STEPS.items():
            points.called.clear()
            strike(small, points, name, at_least, filled.split())


def strike(
    small: Small, points: Points, name: str, at_least: dict[str, int], filled: list[str]
) -> None:
    """Apply one topic, struck at every point."""
    contract = REJECTION if name == REJECTION.name else registry.contracts()[name]
    calm: dict[str, list[Row]] = {}

    def run(point: str) -> None:
        def carry() -> None:
            with another(small.store) as store:
                apply_all(small, store, contract)

        carried(points, carry)
        assert points.cut_at is None, f"no power cut at {point}"
        if not calm:
            calm.update(small.raw())
            assert small.verify().differences == []
            assert all(calm[table] for table in filled)
        # To the last column: what verify says of the calm run it says of each.
        assert small.raw() == calm, f"{name} {point}"
        with points.paused():
            forget(small)

    every_point(points, run, at_least, sides=["before"])


def forget(small: Small) -> None:
    """Begin again with an empty store; the log stays."""
    with small.store.administering() as store:
        for table in small.raw_tables():
            store.exec_driver_sql(f"DELETE FROM {table}")
