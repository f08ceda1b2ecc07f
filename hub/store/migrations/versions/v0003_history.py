"""What was known when: cuts of commits, what they cannot be folded from, closed periods."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

    def key(name: str, kind: Any) -> sa.Column[object]:
        return sa.Column(name, kind, primary_key=True)

    def text(name: str, length: int) -> sa.Column[object]:
        kind = sa.String(length)
        return key(name, kind.with_variant(sa.String(length, collation="C"), "postgresql"))

    def number(name: str) -> sa.Column[int]:
        return sa.Column(name, big, nullable=False)

    def place() -> list[sa.Column[object]]:
        return [
            text("log", 64),
            key("topic", sa.String(64)),
            key("partition", sa.Integer()),
            key("next_offset", big),
        ]

    op.create_table("cut", *place(), number("at"), sqlite_with_rowid=False)
    op.create_index("ix_cut_at", "cut", ["at"])
    op.create_table(
        "cut_aside",
        *place(),
        text("contract", 256),
        key("sender", sa.String(128)),
        key("day", sa.Integer()),
        key("class", sa.String(16)),
        number("count"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cut_heard",
        *place(),
        text("contract", 256),
        key("sender", sa.String(128)),
        number("accepted_at"),
        number("horizon"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "closing",
        text("event_id", 128),
        sa.Column("sender", sa.String(128), nullable=False),
        sa.Column(
            "period", sa.String(10).with_variant(sa.String(10, "C"), "postgresql"), nullable=False
        ),
        number("closed_at"),
        *(
            sa.Column(n, sa.Text, nullable=False)
            for n in ("closed_by", "cut", "figures", "silent", "digest")
        ),
        number("log_offset"),
    )
    op.create_table(
        "lateness",
        text("contract", 256),
        key("sender", sa.String(128)),
        key("day", sa.Integer()),
        key("bucket", sa.Integer()),
        key("shard", sa.Integer()),
        number("count"),
        sqlite_with_rowid=False,
    )
