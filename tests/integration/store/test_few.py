"""Few rows go to PostgreSQL by another way than many: both write the same."""

from typing import Any

import polars as pl
import pytest

from deploy.local.services.postgres import Postgres
from hub import registry
from hub.store import postgres as by_postgres
from hub.store.store import Store
from hub.store.tables import cell, notice
from tests.integration.conftest import new_schema

ODD = 'Bà Rịa "\\n" \\u0041, {x} \x1f\t\n'
COLUMNS: dict[str, Any] = {
    "entity": [ODD, "b"], "version": [1, 1], "events": [1, 2], "is_disputed": [0, 1],
    "held": [0, 0], "d0": [2**63 - 1, -(2**63)], "d1": [2**53 + 1, 1], "d2": [0, 0], "d3": [0, 0],
    "log_partition": [0, 1], "log_offset": [5, 6], "received_by": [None, ODD],
    "state": [b"\x00\xff\\x", b""],
}  # fmt: skip


def written(store: Store) -> list[Any]:
    table = store.fact_tables["dossier"]
    facts = pl.DataFrame(COLUMNS)
    later = facts.with_columns(pl.lit("later").alias("channel"), pl.col("version") + 1)
    cells = {"cell_set": "s", "period": ["1", "2"], "dims": ODD, "shard": 0, "count": 2}
    sums = ("value", "disputed", "d0", "d1", "d2", "d3")
    rows = pl.DataFrame(cells).with_columns(pl.lit(0, pl.Int64).alias(n) for n in sums)
    database = store.database
    with store.administering() as c:
        database.insert(c, table, facts)
        assert database.update(c, table, later.head(1)) == 1
        assert database.update(c, table, later.head(1)) == 0, "that version is gone"
        for _ in range(2):
            database.merge(c, cell, rows, {"count": "+"})
            database.merge(c, notice, pl.DataFrame({"event_id": ODD, "datum": [b"\x00\x01"]}), {})
    with store.reading() as reading:
        names = ",".join([*COLUMNS, "channel"])
        facts_now = reading.rows(f"SELECT {names} FROM {table.name} ORDER BY entity")
        return [facts_now, reading.cells("s"), reading.table("notice")]


def test_few_rows_are_written_as_many_are(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for few in (0, by_postgres.FEW):
        monkeypatch.setattr(by_postgres, "FEW", few)
        store = Store(new_schema(postgres), registry.definitions())
        found.append(written(store))
        store.close()
    assert found[0] == found[1]
    assert {row[0] for row in found[0][0]} == {ODD, "b"}
    assert found[0][1] == {(p, ODD): (4, 0, 0, 0, 0, 0, 0) for p in ("1", "2")}
    assert [bytes(datum) for _, datum in found[0][2]] == [b"\x00\x01"]
