"""Which lists of reference data were loaded."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    key = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
    op.create_table(
        "reference_list",
        sa.Column("event_id", key, primary_key=True),
        sa.Column("sender", sa.String(128), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("loaded_at", big, nullable=False),
        sa.Column("loaded_by", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("log_offset", big, nullable=False),
    )
