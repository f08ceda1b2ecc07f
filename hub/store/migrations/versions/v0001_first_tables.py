"""The first tables: position, definition, cells, ledger, arrivals, quarantine, keys."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "position",
        _key("log", sa.String(64)),
        _key("topic", sa.String(64)),
        _key("partition", sa.Integer()),
        _number("next_offset"),
        _number("committed_at"),
    )
    op.create_table("definition", _key("contract", sa.String(256)), _text("digest"))
    op.create_table(
        "cell",
        _key("cell_set", sa.String(128)),
        _key("period", sa.String(10)),
        _key("dims", sa.Text()),
        _key("shard", sa.Integer()),
        *(_number(n) for n in ("count", "value", "disputed", "d0", "d1", "d2", "d3")),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "ledger",
        *_sender(),
        _key("day", sa.Integer()),
        _key("class", sa.String(16)),
        _key("shard", sa.Integer()),
        _number("count"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "arrival",
        *_sender(),
        _key("day", sa.Integer()),
        _key("shard", sa.Integer()),
        _number("count"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "heard",
        *_sender(),
        _key("shard", sa.Integer()),
        _number("accepted_at"),
        _number("horizon"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quarantine",
        _key("event_id", sa.String(160)),
        _text("sender"),
        _text("contract"),
        _number("rejected_at"),
        _number("index"),
        *(_text(n) for n in ("rule", "field", "value", "message_vi", "message_en", "original")),
    )
    op.create_table(
        "api_key",
        _key("id", sa.String(16)),
        _text("name"),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        _text("units"),
        _text("contracts"),
        _number("created_at"),
        sa.Column("revoked_at", _BIG),
    )


def _key(name: str, kind: Any) -> sa.Column[object]:
    if isinstance(kind, sa.String):
        # Compared byte by byte, whatever the server's language.
        kind = kind.with_variant(sa.String(kind.length, collation="C"), "postgresql")
    return sa.Column(name, kind, primary_key=True)


def _sender() -> list[sa.Column[object]]:
    return [_key("contract", sa.String(256)), _key("sender", sa.String(128))]


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, _BIG, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
