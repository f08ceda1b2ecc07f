"""Indexes of facts that nobody asks by are dropped; SQLite, which no other tool asks, keeps few."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
DROPPED = (
    "ix_fact_dossier_ended_at",
    "ix_fact_document_begun_at",
    "ix_fact_feedback_left_at",
    "ix_fact_payment_period",
)
KEPT_IN_POSTGRESQL = (
    "ix_fact_dossier_overdue_at",
    "ix_fact_feedback_overdue_at",
    "ix_fact_fee_match_changed_at",
    "ix_fact_reading_station_code_measured_at",
)


def upgrade() -> None:
    """Drop them where they are: a table is made with those that are in force."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name in (*DROPPED, *(KEPT_IN_POSTGRESQL if is_sqlite else ())):
        op.execute(sa.text(f"DROP INDEX IF EXISTS {name}"))
