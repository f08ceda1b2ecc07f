"""Who was told what of alerts."""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big, Key

revision = "0019"
down_revision = "0017"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "delivery",
        sa.Column("id", Key(64), primary_key=True),
        sa.Column("event_id", Key(128), nullable=False, index=True),
        sa.Column("alert", Key(256), nullable=False, index=True),
        sa.Column("recipient", sa.String(256), nullable=False),
        sa.Column("outlet", sa.String(64), nullable=False),
        sa.Column("escalated_to", Key(256), nullable=False),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("decided_at", Big, nullable=False),
        sa.Column("due_at", Big, nullable=False),
        sa.Column("try_at", Big, nullable=False),
        sa.Column("message", Key(64)),
        sa.Column("begun_at", Big),
        sa.Column("is_joined", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("at", Big, nullable=False),
    )
