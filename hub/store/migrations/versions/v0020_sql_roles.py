"""Roles of PostgreSQL that read the SQL views."""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big, Key

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "sql_role",
        sa.Column("role", Key(63), primary_key=True),
        sa.Column("units", sa.Text, nullable=False),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("expires_at", Big),
    )
