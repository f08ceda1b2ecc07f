"""The first tables: position, definition, cells, ledger, arrivals, quarantine, keys."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

    def key(name: str, kind: Any) -> sa.Column[object]:
        if isinstance(kind, sa.String):
            # Compared byte by byte, whatever the server's language.
            kind = kind.with_variant(sa.String(kind.length, collation="C"), "postgresql")
        return sa.Column(name, kind, primary_key=True)

    def number(name: str) -> sa.Column[int]:
        return sa.Column(name, big, nullable=False)

    def text(name: str) -> sa.Column[str]:
        return sa.Column(name, sa.Text, nullable=False)

    op.create_table(
        "position",
        key("log", sa.String(64)),
        key("topic", sa.String(64)),
        key("partition", sa.Integer()),
        number("next_offset"),
        number("committed_at"),
    )
    op.create_table("definition", key("contract", sa.String(256)), text("digest"))
    op.create_table(
        "cell",
        key("cell_set", sa.String(128)),
        key("period", sa.String(10)),
        key("dims", sa.Text()),
        key("shard", sa.Integer()),
        *(number(n) for n in ("count", "value", "disputed", "d0", "d1", "d2", "d3")),
        sqlite_with_rowid=False,
    )

    def sender() -> list[sa.Column[object]]:
        return [key("contract", sa.String(256)), key("sender", sa.String(128))]

    op.create_table(
        "ledger",
        *sender(),
        key("day", sa.Integer()),
        key("class", sa.String(16)),
        key("shard", sa.Integer()),
        number("count"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "arrival",
        *sender(),
        key("day", sa.Integer()),
        key("shard", sa.Integer()),
        number("count"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "heard",
        *sender(),
        key("shard", sa.Integer()),
        number("accepted_at"),
        number("horizon"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quarantine",
        key("event_id", sa.String(160)),
        text("sender"),
        text("contract"),
        number("rejected_at"),
        number("index"),
        *(text(n) for n in ("rule", "field", "value", "message_vi", "message_en", "original")),
    )
    op.create_table(
        "api_key",
        key("id", sa.String(16)),
        text("name"),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        text("units"),
        text("contracts"),
        number("created_at"),
        sa.Column("revoked_at", big),
    )
