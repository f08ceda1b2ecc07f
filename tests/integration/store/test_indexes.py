"""Indexes in PostgreSQL: those by which the hub asks, and those by which others ask its views."""

from deploy.local.services.postgres import Postgres
from hub import registry
from hub.store.store import Store
from tests.integration.conftest import new_schema

INDEXES = (
    "SELECT indexname FROM pg_indexes"
    " WHERE schemaname = current_schema() AND starts_with(indexname, 'ix_fact')"
)


def test_an_older_store_loses_those_that_nobody_asks_by(postgres: Postgres) -> None:
    url = new_schema(postgres)
    opened = Store(url, registry.definitions())
    with opened.administering() as c:
        before = set(c.exec_driver_sql(INDEXES).scalars())
        c.exec_driver_sql("UPDATE alembic_version SET version_num = '0025'")
        c.exec_driver_sql("CREATE INDEX ix_fact_dossier_ended_at ON fact_dossier (ended_at)")
    opened.close()
    opened = Store(url, registry.definitions())
    with opened.administering() as c:
        assert set(c.exec_driver_sql(INDEXES).scalars()) == before
    opened.close()
    assert {n for n in before if not n.endswith(("_log", "_held"))} == {
        "ix_fact_dossier_overdue_at",
        "ix_fact_dossier_same_as",
        "ix_fact_fee_match_changed_at",
        "ix_fact_feedback_overdue_at",
        "ix_fact_reading_measured_at",
        "ix_fact_reading_station_code_measured_at",
    }
