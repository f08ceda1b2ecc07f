"""When the months of a contract were last changed, so that who asks again need not have all anew.

What changed before is not known: it counts as never changed, and the next change says so.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big, Key

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "touched",
        sa.Column("contract", Key(256), primary_key=True),
        sa.Column("month", Key(7), primary_key=True),
        sa.Column("shard", sa.Integer, primary_key=True),
        sa.Column("at", Big, nullable=False),
        sqlite_with_rowid=False,
    )
