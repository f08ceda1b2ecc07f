"""Which scheduled reports were given to whom."""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big, Key

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "report_run",
        sa.Column("id", Key(64), primary_key=True),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("report", sa.String(16), nullable=False),
        sa.Column("period", sa.String(32), nullable=False),
        sa.Column("unit", sa.String(128), nullable=False),
        sa.Column("outlet", sa.String(64), nullable=False),
        sa.Column("address", sa.String(256), nullable=False),
        sa.Column("due_at", Big, nullable=False, index=True),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("decided_at", Big, nullable=False),
        sa.Column("try_at", Big, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("cut", sa.Text),
        sa.Column("at", Big, nullable=False),
    )
