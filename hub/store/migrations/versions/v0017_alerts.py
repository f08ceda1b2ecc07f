"""What became of alerts."""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big, Key

revision = "0017"
down_revision = "0010"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "alert_event",
        sa.Column("event_id", Key(128), primary_key=True),
        sa.Column("sender", sa.String(128), nullable=False),
        sa.Column("alert", Key(256), nullable=False, index=True),
        *(
            sa.Column(name, sa.String(256), nullable=False)
            for name in ("kind", "rule", "level", "owner", "subject_kind", "subject", "state")
        ),
        sa.Column("unit", sa.String(256)),
        sa.Column("at", Big, nullable=False),
        sa.Column("raised_at", Big, nullable=False),
        *(sa.Column(name, Big) for name in ("cleared_at", "value", "threshold")),
        sa.Column("measure_unit", sa.String(256), nullable=False),
        sa.Column("text_vi", sa.Text, nullable=False),
        sa.Column("text_en", sa.Text, nullable=False),
        sa.Column("link", sa.String(256), nullable=False),
        sa.Column("replayed", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("amends", "was", "by", "comment")),
        sa.Column("log_offset", Big, nullable=False),
    )
