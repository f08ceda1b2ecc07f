"""What the production profile keeps: receipts, checkpoints, notices, figures as published."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

    def text(name: str) -> sa.Column[str]:
        return sa.Column(name, sa.Text, nullable=False)

    def number(name: str) -> sa.Column[int]:
        return sa.Column(name, big, nullable=False)

    op.create_table(
        "receipt",
        sa.Column("id", sa.String(40), primary_key=True),
        text("sender"),
        text("contract"),
        number("accepted_at"),
        number("accepted"),
        number("rejected"),
        sa.Column("idempotency_key", sa.Text),
        text("body_digest"),
        text("answer"),
        sa.UniqueConstraint("sender", "idempotency_key"),
    )
    op.create_table("checkpoint", sa.Column("name", sa.Text, primary_key=True), text("value"))
    op.create_table(
        "notice",
        sa.Column("event_id", sa.String(160), primary_key=True),
        sa.Column("datum", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "figure",
        sa.Column("key", sa.Text, primary_key=True),
        number("revision"),
        sa.Column("datum", sa.LargeBinary, nullable=False),
        text("said"),
        sa.Column("is_published", sa.Integer, nullable=False),
    )
