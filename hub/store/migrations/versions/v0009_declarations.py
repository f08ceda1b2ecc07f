"""What senders declared to have sent."""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big, Key

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "declaration",
        sa.Column("event_id", Key(128), primary_key=True),
        sa.Column("sender", sa.String(128), nullable=False),
        sa.Column("contract", Key(256), nullable=False),
        sa.Column("declared_at", Big, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("log_offset", Big, nullable=False),
    )
