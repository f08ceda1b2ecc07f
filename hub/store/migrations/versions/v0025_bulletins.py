"""Bulletins: what people were told, by which wording, and what was tried by which outlet."""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big, Key

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Make the tables, and let a delivery name what it tells."""
    op.create_table(
        "bulletin",
        sa.Column("id", Key(64), primary_key=True),
        sa.Column("wording", sa.String(256), nullable=False),
        sa.Column("outlet", sa.String(64), nullable=False),
        sa.Column("wording_digest", Key(64), nullable=False),
        sa.Column("approved_by", sa.String(256), nullable=False),
        sa.Column("area", sa.String(128), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("at", Big, nullable=False),
    )
    op.create_table(
        "attempt",
        sa.Column("number", Big, primary_key=True, autoincrement=True),
        sa.Column("outlet", Key(64), nullable=False),
        sa.Column("message", Key(64), nullable=False),
        sa.Column("at", Big, nullable=False),
    )
    op.create_index("ix_attempt_outlet_at", "attempt", ["outlet", "at"])
    op.add_column("delivery", sa.Column("wording", sa.String(256)))
    op.add_column("delivery", sa.Column("area", sa.String(128)))
    op.add_column("delivery", sa.Column("bulletin", Key(64)))
