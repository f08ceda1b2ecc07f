"""For whom and where a key may send: reporters, areas and stations beside units.

A key that was made before is limited as it was: its units held for areas, too, and where it had
none it stays whole.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns."""
    for name in ("reporters", "areas", "stations"):
        op.add_column("api_key", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE api_key SET areas = units")
