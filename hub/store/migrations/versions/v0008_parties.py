"""Arrivals by who or what events report of, and by the length of their periods.

What was kept cannot be told apart afterwards: `hub rebuild` fills the table anew.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big, Key

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table anew."""
    op.drop_table("arrival")
    op.create_table(
        "arrival",
        sa.Column("contract", Key(256), primary_key=True),
        sa.Column("sender", sa.String(128), primary_key=True),
        sa.Column("party", Key(256), primary_key=True),
        sa.Column("span", sa.String(8), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("shard", sa.Integer, primary_key=True),
        sa.Column("count", Big, nullable=False),
        sqlite_with_rowid=False,
    )
