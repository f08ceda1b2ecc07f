"""The warehouse's catalogue stands in the store's PostgreSQL, and fences commits there."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from pyiceberg.expressions import AlwaysTrue

from hub.warehouse.laying import NAMESPACE, StaleError, Warehouse, committing, to_arrow
from tests.unit.warehouse.test_warehouse import AT, CONTENT, ROWS, by_duckdb, frame, table


def test_commits_are_fenced_by_the_catalogue_in_postgresql(
    database_url: str, tmp_path: Path
) -> None:
    one, other = (Warehouse(database_url, tmp_path / "kho") for _ in range(2))
    one.lay(CONTENT, frame(ROWS), "fee=1", AT)
    stale = table(other)
    one.lay(CONTENT, frame(ROWS[:2]), "fee=2", AT)
    with pytest.raises(StaleError), committing("made"):
        stale.overwrite(to_arrow(frame(ROWS)), overwrite_filter=AlwaysTrue())
    assert by_duckdb(table(other)) == frame(ROWS[:2]).rows()
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        asked = sa.text("SELECT table_namespace, table_name FROM iceberg_tables")
        assert [tuple(r) for r in connection.execute(asked)] == [(NAMESPACE, "made")]
    engine.dispose()
    one.close()
    other.close()
