"""The ledger of messages exchanged with other services."""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big, Key

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "exchange",
        sa.Column("id", Key(64), primary_key=True),
        sa.Column("source", Key(64), nullable=False),
        sa.Column("entity", Key(128), nullable=False, index=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("sender", sa.String(128), nullable=False),
        sa.Column("receiver", sa.String(256), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("legal_basis", sa.Text, nullable=False),
        sa.Column("digest", Key(64), nullable=False),
        sa.Column("trace_id", Key(32), nullable=False, index=True),
        sa.Column("state", Key(16), nullable=False),
        sa.Column("taken_at", Big, nullable=False, index=True),
        sa.Column("sent_at", Big),
        sa.Column("answered_at", Big),
        sa.Column("try_at", Big, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("answer_code", sa.String(64)),
        sa.Column("answer", sa.Text),
        sa.Column("last_error", sa.Text),
        sa.Column("corrected_by", Key(64)),
        sa.Column("is_told", sa.Integer, nullable=False),
        sa.Column("at", Big, nullable=False),
    )
    op.create_index("ix_exchange_state_source", "exchange", ["state", "source"])
    op.create_index("ix_exchange_is_told_at", "exchange", ["is_told", "at"])
    op.create_table(
        "exchange_act",
        sa.Column("id", Key(80), primary_key=True),
        sa.Column("exchange", Key(64), nullable=False, index=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("code", sa.String(64)),
        sa.Column("detail", sa.Text),
    )
