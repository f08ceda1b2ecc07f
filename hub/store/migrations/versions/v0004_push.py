"""Who may send until when; where the records of a receipt stand; repair of rejected items."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("api_key", sa.Column("expires_at", big))
    officer = sa.Column("is_officer", sa.Integer, nullable=False, server_default="0")
    op.add_column("api_key", officer)
    certificate = sa.Column("certificate", sa.String(64), nullable=False, server_default="")
    op.add_column("api_key", certificate)
    op.create_table(
        "repair",
        sa.Column(
            "event_id",
            sa.String(160).with_variant(sa.String(160, collation="C"), "postgresql"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", big, nullable=False),
        sa.Column("content", sa.Text),
        sa.Column("receipt", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.add_column("receipt", sa.Column("places", sa.Text, nullable=False, server_default="{}"))
